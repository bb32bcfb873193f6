"""Notes are made once and kept: the latest in memory, older ones on disk, none changed by it."""

import numpy as np
import pytest

from aimusic.synth import note_cache, tape
from aimusic.synth.note_cache import NoteCache


class Kitchen:
    """Makes sounds that can be told apart, and remembers which."""

    def __init__(self, cache):
        self.cache, self.made = cache, []

    def ask(self, key):
        return self.cache.get((key,), lambda: self.make(key))

    def make(self, key):
        self.made.append(key)
        return np.full((1, 250), key, np.float32)


def test_memory_keeps_within_its_bytes_and_drops_the_oldest():
    kitchen = Kitchen(NoteCache(4000))
    for key in (1, 2, 3, 4, 1, 5, 1, 2):
        kitchen.ask(key)
    assert kitchen.cache.held_bytes <= 4000
    assert kitchen.made == [1, 2, 3, 4, 5, 2]


def test_what_left_the_memory_comes_back_from_disk_as_it_was():
    kitchen = Kitchen(NoteCache(4000, 1 << 20))
    for key in [*range(40), *range(40)]:
        assert np.array_equal(kitchen.ask(key), np.full((1, 250), key))
    assert kitchen.made == list(range(40))
    assert kitchen.cache.held_bytes <= 4000


def test_a_full_disk_file_starts_anew_and_gives_nobody_the_wrong_sound():
    kitchen = Kitchen(NoteCache(4000, 10_000))
    for key in [*range(40), *range(40)]:
        assert np.array_equal(kitchen.ask(key), np.full((1, 250), key))
    assert 40 < len(kitchen.made) <= 80


def test_a_kept_sound_cannot_be_changed():
    kitchen = Kitchen(NoteCache(4000, 1 << 20))
    for key in (1, 2, 3, 4, 5, 1):
        with pytest.raises(ValueError, match="read-only"):
            kitchen.ask(key)[:] = 0


def test_a_disk_that_cannot_be_written_costs_a_warning_and_nothing_else(monkeypatch, caplog):
    def full():
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(note_cache, "scratch_file", full)
    kitchen = Kitchen(NoteCache(4000, 1 << 20))
    for key in [*range(10), *range(10)]:
        assert np.array_equal(kitchen.ask(key), np.full((1, 250), key))
    assert len(kitchen.made) == 20
    assert len(caplog.records) == 1 and "No space left" in caplog.text


def test_the_file_has_no_name_and_is_closed_with_its_cache(monkeypatch, tmp_path):
    monkeypatch.setattr(tape.tempfile, "tempdir", str(tmp_path))
    kitchen = Kitchen(NoteCache(4000, 1 << 20))
    for key in range(10):
        kitchen.ask(key)
    assert not list(tmp_path.iterdir())
