"""Guitars, basses and harp against the physics of a plucked string."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from aimusic.music.chance import stream
from aimusic.synth.instruments import load_instruments
from aimusic.synth.kernels import SAMPLE_RATE, hertz, samples
from aimusic.synth.voices.plucked import Body, Noises, Pluck, String, plucked_string, string_partials

INSTRUMENTS = load_instruments()
GUITARS = ["nylon_guitar", "steel_guitar", "clean_guitar", "overdriven_guitar", "distortion_guitar"]
BASSES = ["upright_bass", "finger_bass"]
SIZE = 1 << 18

# A string without body, noise or pickup, so that a test sees one thing at a time.
PLUCK = Pluck(at=0.2, corner_hz=15000.0, tracking=0.0, brightness=0.0, tilt=0.0)
STRING = String(inharmonicity=1e-4, t60_s=4.0, t60_slope=0.0, t60_loss=0.0, damper_s=0.2)
SILENT = Noises(finger_db=-120.0, finger_hz=1000.0, finger_s=0.01, lift_db=-120.0, hiss_db=-120.0)
BARE = {"pluck": PLUCK, "string": STRING, "body": Body(), "noises": SILENT}


def bare(pitch: int = 48, hold_s: float = 2.0, **settings) -> np.ndarray:
    return plucked_string(pitch, 80 / 127, hold_s, stream(0, "bare"), **{**BARE, **settings})


@cache
def note(name: str, pitch: int, velocity: int = 80, hold_s: float = 2.0) -> np.ndarray:
    return INSTRUMENTS[name].note(pitch, velocity, hold_s)[0]


def levels(sound: np.ndarray, f: np.ndarray, start_s: float = 0.0, length_s: float = 0.5) -> np.ndarray:
    """Amplitude in dB of partials at f from a windowed stretch of sound."""
    part = sound[samples(start_s) : samples(start_s + length_s)]
    t = np.arange(len(part)) / SAMPLE_RATE
    lines = np.exp(-2j * np.pi * f[:, None] * t) @ (part * np.hanning(len(part)))
    return 20 * np.log10(np.abs(lines) + 1e-12)


def t60s(sound: np.ndarray, f: np.ndarray) -> np.ndarray:
    return 60 / (levels(sound, f, 0.1) - levels(sound, f, 1.1))


def test_partials_of_a_stiff_string_rise_above_the_harmonics():
    f = string_partials(60, 1e-4)
    k = np.arange(1, len(f) + 1)
    assert f[0] == pytest.approx(hertz(60))
    assert (f / k)[1:] == pytest.approx(f[0] * np.sqrt((1 + 1e-4 * k[1:] ** 2) / (1 + 1e-4)))
    assert f.max() < 20000


@pytest.mark.parametrize(("at", "missing"), [(0.2, 5), (0.25, 4), (0.5, 2)])
def test_a_string_does_not_sound_the_partials_that_have_a_node_under_the_finger(at, missing):
    """The finger wanders by 7 %, so the node is not quite empty: at least 9 dB below its neighbours."""
    level = levels(bare(pluck=replace(PLUCK, at=at)), string_partials(48, 1e-4))
    around = np.mean([level[missing - 2], level[missing]])
    assert level[missing - 1] < around - 9


def test_a_pickup_does_not_hear_the_partials_that_have_a_node_above_it():
    level = levels(bare(body=Body(pickup_at=1 / 3)), string_partials(48, 1e-4)) - levels(
        bare(), string_partials(48, 1e-4)
    )
    assert level[2] < level[1] - 15 and level[5] < level[4] - 15


def test_loss_grows_with_the_square_of_frequency():
    """1 / T60 = 1 / t60_s + loss (f / kHz)², and the second plane lives 1.8 times as long: between."""
    f = string_partials(60, 1e-4)[:6]
    wanted = 1 / (1 / 4.0 + 0.5 * (f / 1000) ** 2)
    ratio = t60s(bare(60, string=replace(STRING, t60_loss=0.5)), f) / wanted
    assert (ratio > 0.97).all() and (ratio < 1.8).all()


def test_a_body_lifts_the_partials_at_its_formant():
    f = string_partials(48, 1e-4)
    plain, boxed = levels(bare(), f), levels(bare(body=Body(formants=((f[3], 12.0, 4.0),))), f)
    assert np.argmax(boxed - plain) == 3


def test_a_width_makes_two_sides_of_equal_level():
    sound = bare(width=1.0)
    assert sound.shape[0] == 2
    assert np.std(sound[0]) == pytest.approx(np.std(sound[1]), rel=0.1)
    assert 0.5 < np.corrcoef(sound)[0, 1] < 0.999


@pytest.mark.parametrize("name", BASSES)
def test_bass_notes_last_between_3_and_15_seconds(name):
    """T60 of the fundamental of the low A string's D, as long as a walking line can need."""
    assert 3 <= t60s(note(name, 38), np.array([hertz(38)]))[0] <= 15


@pytest.mark.parametrize("name", [*GUITARS, *BASSES, "harp"])
def test_high_partials_die_before_low_ones(name):
    pitch = 48 if name not in BASSES else 36
    f = string_partials(pitch, INSTRUMENTS[name].settings["string"].inharmonicity)[[0, 9]]
    low_s, high_s = t60s(note(name, pitch), f)
    assert high_s < low_s


@pytest.mark.parametrize("name", [*GUITARS, *BASSES])
def test_a_pluck_speaks_within_15_ms(name):
    envelope = np.sqrt(np.convolve(note(name, 50) ** 2, np.ones(132) / 132, "same"))
    start = np.argmax(envelope > 0.02 * envelope.max())
    assert (np.argmax(envelope > 0.7 * envelope.max()) - start) / SAMPLE_RATE <= 0.015


@pytest.mark.parametrize("name", ["nylon_guitar", "steel_guitar", "upright_bass"])
def test_fingers_and_wood_are_heard_and_stay_behind_the_string(name):
    """What is not string (with against without the noises) lies 10 to 45 dB below it in the first 50 ms."""
    instrument = INSTRUMENTS[name]
    quiet = {**instrument.settings, "noises": SILENT, "knock": ()}
    pitch = 45
    both, string = (
        plucked_string(pitch, 80 / 127, 0.5, stream(0, "pluck"), **settings)
        for settings in (instrument.settings, quiet)
    )
    head = slice(0, samples(0.05))
    level_db = 20 * np.log10(np.std(both[head] - string[head]) / np.std(string[head]))
    assert -45 <= level_db <= -10


@pytest.mark.parametrize("name", ["overdriven_guitar", "distortion_guitar"])
def test_electric_guitars_leave_the_amplifier_to_their_insert(name):
    """The note itself is linear: nothing between the partials of one string 60 dB below them."""
    assert INSTRUMENTS[name].insert.startswith("amp_")
    f = string_partials(57, INSTRUMENTS[name].settings["string"].inharmonicity)
    part = note(name, 57)[samples(0.3) : samples(1.3)]
    amplitude = np.abs(np.fft.rfft(part * np.blackman(len(part)), SIZE))
    bins = np.fft.rfftfreq(SIZE, 1 / SAMPLE_RATE)
    off = np.min(np.abs(bins[:, None] - f), axis=1) > 20
    assert 20 * np.log10(amplitude[off].max() / amplitude.max()) <= -60
