"""The kernels of the synthesiser against the plain formulas they stand for."""

import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest

from aimusic.music.chance import stream
from aimusic.synth import kernels
from aimusic.synth.kernels import BLOCK, SAMPLE_RATE, additive, blocks, decibels, hertz, modal, samples


def plain_modal(f, t60, amp, phase, n):
    """Σ a cos(2π f t + φ) 10^(-3 t / T60), one partial at a time."""
    t = np.arange(n) / SAMPLE_RATE
    terms = np.cos(2 * np.pi * f[:, None] * t + phase[:, None]) * 10 ** (-3 * t / t60[:, None])
    return amp @ terms


def partials(count: int = 23):
    rng = stream(5, "partials")
    f = np.sort(rng.uniform(40, 15000, count))
    return f, rng.uniform(0.05, 8, count), rng.uniform(0, 1, count), rng.uniform(-np.pi, np.pi, count)


@pytest.mark.parametrize("n", [1, 255, 256, 30000])
def test_modal_equals_the_plain_sum(n):
    f, t60, amp, phase = partials()
    assert modal(f, t60, amp, phase, n) == pytest.approx(plain_modal(f, t60, amp, phase, n), abs=5e-4)


def test_modal_is_exact_until_a_partial_is_cut_off():
    """Lives longer than the note leave nothing to cut, so only float32 rounding remains."""
    f, _, amp, phase = partials()
    t60 = np.full(len(f), 3.0)
    difference = modal(f, t60, amp, phase, 20000) - plain_modal(f, t60, amp, phase, 20000)
    assert np.abs(difference).max() < 2e-6


def test_modal_sides_are_two_mono_sounds():
    f, t60, amp, phase = partials()
    amps, phases = np.stack((amp, amp[::-1])), np.stack((phase, phase + 1))
    sound = modal(f, t60, amps, phases, 5000)
    assert sound.shape == (2, 5000) and sound.dtype == np.float32
    for side in range(2):
        assert sound[side] == pytest.approx(modal(f, t60, amps[side], phases[side], 5000), abs=1e-6)


@pytest.mark.parametrize("t60_s", [0.2, 1.0, 5.0])
def test_a_partial_falls_by_60_db_in_its_t60(t60_s):
    n = samples(0.9 * t60_s)
    sound = modal(np.array([1000.0]), np.array([t60_s]), np.array([1.0]), np.array([0.0]), n)
    period = 441  # ten periods of 1 kHz
    rms = np.sqrt(np.mean(sound[: n // period * period].reshape(-1, period) ** 2, axis=1))
    slope = np.polyfit(np.arange(len(rms)) * period / SAMPLE_RATE, 20 * np.log10(rms), 1)[0]
    assert -60 / slope == pytest.approx(t60_s, rel=1e-3)


def test_partials_above_20_khz_are_left_out():
    f = np.array([440.0, 20500.0, 23000.0])
    ones = np.ones(3)
    alone = modal(f[:1], ones[:1], ones[:1], ones[:1], 2000)
    assert np.array_equal(modal(f, ones, ones, ones, 2000), alone)
    env = np.ones((blocks(2000) + 1, 3))
    assert np.array_equal(additive(f, env, ones, 2000), additive(f[:1], env[:, :1], ones[:1], 2000))


def test_additive_equals_the_plain_sum_with_straight_envelopes():
    f, _, _, phase = partials()
    n = 3000
    env = stream(6, "envelope").uniform(0, 1, (blocks(n) + 1, len(f)))
    t = np.arange(n)
    lines = np.stack([np.interp(t / BLOCK, np.arange(len(env)), column) for column in env.T])
    plain = np.sum(lines * np.cos(2 * np.pi * f[:, None] * t / SAMPLE_RATE + phase[:, None]), axis=0)
    assert additive(f, env, phase, n) == pytest.approx(plain, abs=1e-5)
    stereo = additive(f, env, np.stack((phase, phase)), n)
    assert stereo.shape == (2, n) and stereo[1] == pytest.approx(plain, abs=1e-5)


def test_an_additive_tone_has_nothing_between_its_partials():
    """A saw at 2.1 kHz: everything off its harmonics is 75 dB below them."""
    f = 2100.0 * np.arange(1, 10)
    n = SAMPLE_RATE
    spectrum = np.abs(np.fft.rfft(additive(f, np.ones((blocks(n) + 1, 9)) / np.arange(1, 10), np.zeros(9), n)))
    spectrum /= spectrum.max()
    spectrum[2100::2100] = 0
    assert 20 * np.log10(spectrum.max()) < -75


def test_powers_are_powers():
    z = np.exp(np.array([-1e-4 + 0.1j, -1e-3 + 2j]))
    assert kernels.powers(z, 777) == pytest.approx(z ** np.arange(777)[:, None], abs=1e-12)


@pytest.mark.parametrize(
    ("gain", "f", "db"),
    [
        (lambda f: kernels.low_pass(f, 1000.0), 1000, -3.01),
        (lambda f: kernels.low_pass(f, 1000.0), 8000, -36.1),
        (lambda f: kernels.high_pass(f, 1000.0), 1000, -3.01),
        (lambda f: kernels.high_pass(f, 1000.0), 125, -36.1),
        (lambda f: kernels.band_pass(f, 1000.0, 2.0), 1000, 0),
        (lambda f: kernels.band_pass(f, 1000.0, 2.0), 1000 * (np.sqrt(17) + 1) / 4, -3.01),
        (lambda f: kernels.peaks(f, ((1000.0, 6.0, 2.0),)), 1000, 6),
        (lambda f: kernels.peaks(f, ((1000.0, -9.0, 2.0), (3000.0, 4.0, 1.0))), 20, 0),
    ],
)
def test_responses_are_those_of_second_order_sections(gain, f, db):
    assert 20 * np.log10(gain(np.array([float(f)]))[0]) == pytest.approx(db, abs=0.05)


def test_noise_has_the_spectrum_that_is_asked():
    sound = kernels.noise(stream(1, "noise"), lambda f: kernels.low_pass(f, 2000.0), SAMPLE_RATE)
    power = np.abs(np.fft.rfft(sound)) ** 2 / SAMPLE_RATE
    assert np.mean(power[200:800]) == pytest.approx(1, rel=0.15)
    assert np.mean(power[7000:9000]) == pytest.approx(
        kernels.low_pass(np.array([8000.0]), 2000.0)[0] ** 2, rel=0.25
    )


def test_bursts_decay_and_end_in_silence():
    sound = kernels.burst(stream(1, "burst"), np.ones_like, 0.2, 0.01)
    assert sound[0] == 0 and abs(sound[-1]) < 1e-3
    early, late = sound[samples(0.01) : samples(0.03)], sound[samples(0.11) : samples(0.13)]
    assert 20 * np.log10(np.std(early) / np.std(late)) == pytest.approx(30, abs=2)


def test_hiss_is_steady_seamless_and_starts_anywhere():
    one = kernels.hiss(stream(1, "hiss"), 3000.0, 200000)
    other = kernels.hiss(stream(2, "hiss"), 3000.0, 200000)
    assert one.shape == (200000,) and not np.array_equal(one, other)
    levels = [np.std(part) for part in np.split(one, 10)]
    assert levels == pytest.approx([1] * 10, rel=0.25)
    assert np.abs(np.diff(one)).max() < 8 * np.std(np.diff(one))


def test_edges_rise_from_zero_and_fall_to_zero():
    sound = kernels.edges(np.ones((2, 1000)), 100 / SAMPLE_RATE, 200 / SAMPLE_RATE)
    assert (sound[:, 0] == 0).all() and (sound[:, -1] == 0).all()
    assert (
        (np.diff(sound[0, :100]) > 0).all()
        and (sound[:, 100:799] == 1).all()
        and (np.diff(sound[0, 800:]) < 0).all()
    )


def test_a_damper_takes_its_t60_and_leaves_what_was_before():
    sound = kernels.damp(np.ones(SAMPLE_RATE, dtype=np.float32), 0.3, 0.25)
    assert (sound[: samples(0.3)] == 1).all()
    assert 20 * np.log10(sound[samples(0.3 + 0.25 + 0.01)]) == pytest.approx(-60, abs=0.1)
    assert np.abs(np.diff(sound, 2)).max() < 1e-4


def test_overlay_keeps_the_length_of_the_first():
    sound = np.zeros(5, dtype=np.float32)
    kernels.overlay(sound, np.ones(2))
    kernels.overlay(sound, np.ones(9))
    assert sound.tolist() == [2, 2, 1, 1, 1]


@pytest.mark.parametrize("f", [200.0, 3000.0, 12000.0, 15000.0])
def test_warp_leaves_75_db_less_residue_than_sound(f):
    """A sine read at a wandering position is the sine of that position."""
    n = 20000
    position = np.arange(n) * 1.003 + 8 * np.sin(2 * np.pi * 5.5 * np.arange(n) / SAMPLE_RATE) + 40
    sine = np.sin(2 * np.pi * f * np.arange(n + 200) / SAMPLE_RATE)
    error = kernels.warp(sine, position) - np.sin(2 * np.pi * f * position / SAMPLE_RATE)
    assert 20 * np.log10(np.sqrt(2 * np.mean(error[100:-100] ** 2))) <= -75


def test_warp_outside_of_the_sound_is_silence():
    sound = np.ones((2, 100), dtype=np.float32)
    assert np.abs(kernels.warp(sound, np.array([-500.0, -30.0, 130.0, 9000.0]))).max() == 0
    assert kernels.warp(sound, np.array([50.0])) == pytest.approx(1, abs=1e-3)


def test_vibrato_moves_the_pitch_by_its_cents():
    sine = np.sin(2 * np.pi * 1000 * np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE)
    moved = kernels.vibrato(sine, np.full(SAMPLE_RATE, 50.0))
    peak = np.argmax(np.abs(np.fft.rfft(moved * np.hanning(SAMPLE_RATE))))
    assert peak == pytest.approx(1000 * 2 ** (50 / 1200), abs=1)


def test_units():
    assert hertz(69) == 440 and hertz(np.array([57, 81])).tolist() == [220, 880]
    assert samples(0.5) == 22050 and blocks(257) == 2
    assert decibels(20) == pytest.approx(10) and decibels((0, -20)) == pytest.approx([1, 0.1])


HASH_A_NOTE = """
import hashlib
from aimusic.synth.instruments import load_instruments
print(hashlib.sha256(load_instruments()["grand_piano"].note(48, 90, 0.8).tobytes()).hexdigest())
"""


@pytest.mark.slow
@pytest.mark.parametrize("environment", [{"OPENBLAS_NUM_THREADS": "2"}, {"OPENBLAS_CORETYPE": "Nehalem"}])
def test_a_note_has_the_same_bytes_under_other_threads_and_processors(environment):
    from aimusic.synth.instruments import load_instruments

    here = hashlib.sha256(load_instruments()["grand_piano"].note(48, 90, 0.8).tobytes()).hexdigest()
    other = subprocess.run(
        [sys.executable, "-c", HASH_A_NOTE],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    assert other.stdout.strip() == here
