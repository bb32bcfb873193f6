"""Piano, bars and tines against the physics that they state, and against windows measured on real ones."""

from functools import cache

import numpy as np
import pytest

from aimusic.synth.instruments import load_instruments
from aimusic.synth.kernels import SAMPLE_RATE, hertz, samples
from aimusic.synth.voices import piano, tines

INSTRUMENTS = load_instruments()
SIZE = 1 << 18


@cache
def note(name: str, pitch: int, velocity: int = 80, hold_s: float = 3.0) -> np.ndarray:
    return INSTRUMENTS[name].note(pitch, velocity, hold_s)


@cache
def spectrum(name: str, pitch: int, velocity: int = 80, start_s: float = 0.05, end_s: float = 1.5) -> np.ndarray:
    """Amplitude of the left side, SIZE points; both sides together would cancel."""
    part = note(name, pitch, velocity)[0, samples(start_s) : samples(end_s)]
    return np.abs(np.fft.rfft(part * np.blackman(len(part)), SIZE))


def peak_hz(amplitude: np.ndarray, wanted_hz: float, within: float = 0.02) -> float:
    """Frequency of the strongest bin near a frequency, refined by a parabola through its logarithm."""
    low, high = (round(wanted_hz * x * SIZE / SAMPLE_RATE) for x in (1 - within, 1 + within))
    top = low + int(np.argmax(amplitude[low : high + 1]))
    a, b, c = np.log(amplitude[top - 1 : top + 2])
    return (top + (a - c) / (2 * (a - 2 * b + c))) * SAMPLE_RATE / SIZE


def band_t60(sound: np.ndarray, f: float, start_s: float, end_s: float) -> float:
    """T60 of what lies within a semitone of f, from a line through its level in dB."""
    t = np.arange(sound.shape[-1]) / SAMPLE_RATE
    carried = sound[0] * np.exp(-2j * np.pi * f * t)
    width = max(samples(0.02), samples(4 / f))
    level = np.abs(np.convolve(carried, np.hanning(2 * width), "same"))[:: samples(0.01)]
    span = slice(round(start_s * 100), round(end_s * 100))
    slope = np.polyfit(np.arange(len(level))[span] / 100, 20 * np.log10(level[span] + 1e-12), 1)[0]
    return -60 / slope


@pytest.mark.parametrize("pitch", [36, 48, 60, 72, 84])
def test_piano_partials_lie_where_stiffness_puts_them(pitch):
    """B from the eighth partial (the fourth in the treble) is within a factor 1.5 of the curve."""
    k = 8 if pitch < 80 else 4
    b = piano.inharmonicity(pitch)
    first = peak_hz(spectrum("grand_piano", pitch), hertz(pitch))
    wanted = k * first * np.sqrt((1 + b * k * k) / (1 + b))
    ratio = (peak_hz(spectrum("grand_piano", pitch), wanted, 0.01) / (k * first)) ** 2
    measured = (ratio - 1) / (k * k - ratio)
    assert b / 1.5 < measured < 1.5 * b


def test_piano_tuning_is_stretched_to_both_ends():
    stretch = [piano.stretch_cents(pitch) for pitch in range(21, 109)]
    assert stretch == sorted(stretch)
    assert stretch[0] == pytest.approx(-18, abs=2) and stretch[-1] == pytest.approx(16, abs=2)
    assert piano.stretch_cents(62) == 0


@pytest.mark.parametrize(("pitch", "low_s", "high_s"), [(48, 5, 14), (84, 1.5, 6)])
def test_piano_rings_as_long_as_a_piano(pitch, low_s, high_s):
    assert low_s <= band_t60(note("grand_piano", pitch), hertz(pitch), 0.1, 2.5) <= high_s


def test_piano_sounds_twice():
    """The fundamental falls faster in the first half second (prompt sound) than later (aftersound)."""
    sound = note("grand_piano", 67)
    assert band_t60(sound, hertz(67), 0.05, 0.4) < 0.6 * band_t60(sound, hertz(67), 1.8, 2.8)


@pytest.mark.parametrize("pitch", [36, 60, 84])
def test_piano_attack_takes_1_to_15_ms(pitch):
    """From the onset to 70 % of the peak of a 3 ms envelope."""
    envelope = np.sqrt(np.convolve(np.mean(note("grand_piano", pitch) ** 2, axis=0), np.ones(132) / 132, "same"))
    start = np.argmax(envelope > 0.02 * envelope[: samples(0.1)].max())
    attack_s = (np.argmax(envelope > 0.7 * envelope[: samples(0.1)].max()) - start) / SAMPLE_RATE
    assert 0.0005 <= attack_s <= 0.015


def test_piano_keys_above_the_dampers_ring_on():
    damped, free = (INSTRUMENTS["grand_piano"].note(pitch, 80, 0.1) for pitch in (88, 89))
    assert damped.shape[1] < samples(0.5) < samples(1.0) < free.shape[1]


def test_piano_spreads_its_keys_gently():
    """Bass towards the left, treble towards the right, by less than 6 dB; the sides differ, but not wholly."""
    for pitch, sign in ((33, 1), (96, -1)):
        left, right = np.sqrt(np.mean(note("grand_piano", pitch) ** 2, axis=1))
        assert 0.5 < sign * 20 * np.log10(left / right) < 6
    assert 0.2 < np.corrcoef(note("grand_piano", 60))[0, 1] < 0.98


def test_neighbouring_keys_are_equally_loud():
    """The soundboard colours every key, but the technician has evened them: within 2.5 dB of each other."""
    notes = [note("grand_piano", pitch, 80, 0.3)[:, : samples(0.3)] for pitch in range(55, 68)]
    levels = 20 * np.log10([np.sqrt(np.mean(sound**2)) for sound in notes])
    assert np.abs(np.diff(levels)).max() < 2.5
    assert np.std(levels) > 0.1


def test_piano_treble_has_the_noise_of_the_hammer():
    """In the first 60 ms of a high note there is sound between the partials, 15 to 55 dB below them."""
    part = note("grand_piano", 84)[0, : samples(0.06)]
    amplitude = np.abs(np.fft.rfft(part * np.hanning(len(part)), SIZE))
    between = amplitude[np.abs(np.fft.rfftfreq(SIZE, 1 / SAMPLE_RATE) % hertz(84) - hertz(84) / 2) < 100]
    level_db = 20 * np.log10(np.sqrt(np.mean(between**2)) / amplitude.max())
    assert -55 < level_db < -15


@pytest.mark.parametrize("name", ["vibraphone", "marimba", "celesta"])
def test_bars_sound_the_modes_of_their_table(name):
    ratios = INSTRUMENTS[name].settings["ratios"]
    amplitude = spectrum(name, 67, 110, 0.0, 0.15)
    for ratio in ratios[:2]:
        assert peak_hz(amplitude, ratio * hertz(67)) == pytest.approx(ratio * hertz(67), rel=2e-3)


def test_a_bar_rings_for_its_t60():
    settings = INSTRUMENTS["vibraphone"].settings
    assert band_t60(note("vibraphone", 60), hertz(60), 0.2, 2.5) == pytest.approx(settings["t60_s"][0], rel=0.02)


def test_a_tubular_bell_gathers_its_pitch_from_modes_2_3_4():
    amplitude = spectrum("bell", 60)
    for ratio in (2.0, 2.93, 4.02):
        level = amplitude[round(peak_hz(amplitude, ratio * hertz(60)) * SIZE / SAMPLE_RATE)]
        assert 20 * np.log10(level / amplitude.max()) > -20
    assert amplitude[round(hertz(60) * SIZE / SAMPLE_RATE)] < 0.01 * amplitude.max()


@pytest.mark.parametrize("offset", [0.2, 0.5, 0.9])
def test_pickup_harmonics_are_the_derivative_of_the_flux(offset):
    a, theta = 0.7, 2 * np.pi * np.arange(512) / 512
    k = np.arange(1, tines.HARMONICS + 1)[:, None]
    phase = np.tile([0.0, np.pi / 2], tines.HARMONICS // 2)[:, None]
    built = tines.pickup_harmonics(np.array([a]), offset)[0] @ np.cos(k * theta + phase)
    x = a * np.sin(theta) + offset
    assert built == pytest.approx(-2 * x * a * np.cos(theta) / (1 + x**2) ** 2, abs=1e-4)


def test_an_electric_piano_barks_when_hit_hard_and_mellows():
    def second_db(velocity: int, start_s: float) -> float:
        amplitude = spectrum("electric_piano", 60, velocity, start_s, start_s + 0.3)
        bins = [round(k * hertz(60) * SIZE / SAMPLE_RATE) for k in (1, 2)]
        return 20 * np.log10(amplitude[bins[1]] / amplitude[bins[0]])

    assert second_db(120, 0.02) > second_db(40, 0.02) + 10
    assert second_db(120, 2.0) < second_db(120, 0.02) - 6


def test_an_electric_piano_is_free_of_aliases():
    """A high, hard note: nothing stronger than -75 dB off the harmonics of tine and modes, after the attack."""
    part = note("electric_piano", 96, 120)[0, samples(0.4) : samples(1.4)]
    amplitude = np.abs(np.fft.rfft(part * np.blackman(len(part)), SIZE))
    f = np.fft.rfftfreq(SIZE, 1 / SAMPLE_RATE)
    off = np.abs((f / hertz(96) + 0.5) % 1 - 0.5) * hertz(96) > 60
    off &= np.abs(f - 7.11 * hertz(96)) > 60
    off &= np.abs(f - 4.02 * hertz(96)) > 60
    assert 20 * np.log10(amplitude[off].max() / amplitude.max()) <= -75
