"""A tape gives back what was put on it, any piece of it, with or without the finishing gain."""

import os

import numpy as np
import pytest

from aimusic.synth.effects.dynamics import apply_gain, hops
from aimusic.synth.tape import Finished, Tape

N = 63 * 100 + 17


def sound(seed=1):
    return np.random.default_rng(seed).standard_normal((2, N)).astype(np.float32)


def taped(block=1000):
    tape = Tape(N)
    for start in range(0, N, block):
        tape.write(sound()[:, start : start + block])
    return tape


@pytest.mark.parametrize("block", [63, 999, N])
def test_any_piece_is_as_it_was_written(block):
    tape = taped(block)
    assert tape.shape == (2, N)
    assert np.array_equal(np.asarray(tape), sound())
    for start, stop in ((0, 10), (63, 64), (500, 2500), (N - 5, N + 100), (40, 40)):
        assert np.array_equal(tape[:, start:stop], sound()[:, start:stop])
    assert np.array_equal(tape[..., 7:], sound()[..., 7:])


def test_what_is_not_written_is_silent_and_what_is_too_long_refused():
    tape = Tape(100)
    tape.write(np.ones((2, 60), np.float32))
    assert np.array_equal(np.asarray(tape), np.pad(np.ones((2, 60)), ((0, 0), (0, 40))))
    with pytest.raises(ValueError, match="no room for 41 more"):
        tape.write(np.ones((2, 41), np.float32))


def test_a_finished_sound_has_its_gain_wherever_it_is_read():
    gain = np.random.default_rng(2).uniform(0.1, 1.0, hops(N) + 1)
    finished, whole = Finished(taped(), gain), apply_gain(sound(), gain)
    assert np.array_equal(np.asarray(finished), whole)
    for start, stop in ((0, 10), (62, 64), (63, 126), (500, 2500), (N - 5, N)):
        assert np.array_equal(finished[:, start:stop], whole[:, start:stop])


@pytest.mark.parametrize("key", [np.s_[0], np.s_[0, 1:2], np.s_[:, 5], np.s_[:, ::2]])
def test_other_ways_to_read_are_refused(key):
    with pytest.raises(TypeError):
        taped()[key]


def test_a_tape_that_is_forgotten_frees_its_file():
    before = len(os.listdir("/proc/self/fd"))
    tapes = [Tape(1000) for _ in range(5)]
    assert len(os.listdir("/proc/self/fd")) == before + 5
    del tapes
    assert len(os.listdir("/proc/self/fd")) == before
