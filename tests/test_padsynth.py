"""PADsynth tables: equal energy per harmonic whatever its width, no seam, and reads that wrap around."""

import numpy as np
import pytest

from aimusic.music.chance import stream
from aimusic.synth import padsynth

SAMPLE_RATE = 44100
LENGTH = 1 << 15


@pytest.mark.parametrize("width_hz", [0.1, 2.0, 20.0, 150.0])
def test_a_band_holds_the_energy_of_its_partial_whatever_its_width(width_hz):
    energy = padsynth.band_energy(np.array([3000.3]), np.array([0.7]), np.array([width_hz]), LENGTH)
    assert energy.sum() == pytest.approx(0.49, rel=1e-6)


@pytest.mark.parametrize("width_hz", [12.0, 80.0])
def test_a_band_lies_around_its_partial_and_is_as_wide_as_asked(width_hz):
    energy = padsynth.band_energy(np.array([3000.3]), np.array([1.0]), np.array([width_hz]), LENGTH)
    f = np.arange(len(energy)) * SAMPLE_RATE / LENGTH
    middle = (energy * f).sum()
    assert middle == pytest.approx(3000.3, abs=0.05)
    assert 4 * np.sqrt((energy * (f - middle) ** 2).sum()) == pytest.approx(width_hz, rel=0.03)


def test_the_sound_has_the_energy_per_harmonic_that_was_specified():
    f = padsynth.harmonics(440.0)[:10]
    amp = 1.0 / np.arange(1, 11)
    width_hz = padsynth.bandwidths_hz(f, 440.0, 30.0)
    sound = padsynth.from_energy(padsynth.band_energy(f, amp, width_hz, LENGTH), stream(1, "table"))
    power = np.abs(np.fft.rfft(sound.astype(np.float64))) ** 2
    hz = np.arange(len(power)) * SAMPLE_RATE / LENGTH
    found = np.array([power[np.abs(hz - centre) < 220].sum() for centre in f])
    np.testing.assert_allclose(found / found.sum(), amp**2 / (amp**2).sum(), rtol=1e-3)


def test_bandwidth_grows_with_frequency_to_the_scale():
    width_hz = padsynth.bandwidths_hz(np.array([100.0, 800.0]), 100.0, 24.0, scale=0.5)
    assert width_hz[0] == pytest.approx(100 * (2 ** (24 / 1200) - 1))
    assert width_hz[1] / width_hz[0] == pytest.approx(8**0.5)


@pytest.mark.parametrize("f0_hz", [41.2, 110.0, 261.63, 987.77])
def test_loop_length_is_even_and_puts_the_note_near_a_bin(f0_hz):
    length = padsynth.loop_length(f0_hz, 130000)
    bins = f0_hz * length / SAMPLE_RATE
    assert length % 2 == 0
    assert 130000 <= length <= 1.08 * 130000
    assert abs(bins - round(bins)) < 0.1


def test_the_loop_has_no_seam():
    """The step from the last sample to the first is as smooth as any other: third differences stay small."""
    f = padsynth.harmonics(220.0, 4000.0)
    energy = padsynth.band_energy(f, 1.0 / f, padsynth.bandwidths_hz(f, 220.0, 25.0), LENGTH)
    table = padsynth.from_energy(energy, stream(2, "table")).astype(np.float64)
    rough = np.abs(np.diff(np.tile(table, 2), n=3))
    assert rough[LENGTH - 3 : LENGTH].max() < np.percentile(rough, 99.9)


def test_rows_of_one_table_have_equal_phases():
    energy = np.zeros((2, 513))
    energy[:, 5:60:5] = stream(3, "rows").random((2, 11)) + 0.1
    spectrum = np.fft.rfft(padsynth.from_energy(energy, stream(4, "table")).astype(np.float64))
    np.testing.assert_allclose(np.angle(spectrum[0, 5:60:5]), np.angle(spectrum[1, 5:60:5]), atol=1e-4)


def test_tables_have_unit_rms():
    energy = np.zeros((2, 513))
    energy[0, 7], energy[1, 9] = 1e-2, 1e2
    np.testing.assert_allclose((padsynth.from_energy(energy, stream(5)) ** 2).mean(axis=1), 1.0, rtol=1e-5)


def test_one_saw_in_tune_is_the_textbook_saw():
    """Harmonic k has amplitude 1/k, and there is nothing between the harmonics."""
    f0_hz = SAMPLE_RATE / LENGTH * 100
    table = padsynth.detuned_saws(f0_hz, [0.0], [1.0], np.ones(LENGTH // 2 + 1), stream(6, "saw"))
    line = np.abs(np.fft.rfft(table.astype(np.float64)))
    k = np.arange(1, 100)
    np.testing.assert_allclose(line[100 * k] / line[100], 1 / k, rtol=1e-3)
    line[::100] = 0
    assert line.max() < 1e-5 * LENGTH


def test_detuned_saws_lie_where_they_are_asked():
    table = padsynth.detuned_saws(440.0, [-20.0, 20.0], [1.0, 1.0], np.ones(65537), stream(7, "saw"))
    line = np.abs(np.fft.rfft(table.astype(np.float64)))
    loudest = np.sort(np.argsort(line)[-2:]) * SAMPLE_RATE / 131072
    np.testing.assert_allclose(1200 * np.log2(loudest / 440.0), [-20.0, 20.0], atol=1.0)


@pytest.mark.parametrize(("start", "samples"), [(0, 10), (95, 10), (250, 470), (-3, 7)])
def test_a_loop_is_read_around_its_end(start, samples):
    table = np.arange(100, dtype=np.float32)
    np.testing.assert_array_equal(padsynth.loop(table, start, samples), table[(start + np.arange(samples)) % 100])


@pytest.mark.parametrize("bleed", [0.0, 0.2, 0.5])
def test_stereo_correlation_is_set_by_the_bleed(bleed):
    noise = stream(8, "noise").standard_normal(200000).astype(np.float32)
    sides = padsynth.stereo_loop(noise, 17, 100000, 440.0, bleed)
    assert np.corrcoef(sides)[0, 1] == pytest.approx(2 * bleed / (1 + bleed**2), abs=0.02)
    assert (sides**2).mean() == pytest.approx(1.0, abs=0.02)


def test_what_is_steady_stays_in_the_middle():
    """A harmonic sound is the same on both sides, also where the note falls on an odd bin."""
    energy = np.zeros(LENGTH // 2 + 1)
    energy[101 * np.arange(1, 20)] = 1.0
    table = padsynth.from_energy(energy, stream(9, "steady"))
    left, right = padsynth.stereo_loop(table, 5, 20000, 101 * SAMPLE_RATE / LENGTH)
    assert np.corrcoef(left, right)[0, 1] > 0.98
