"""The meters read what ITU-R BS.1770-4 says they read."""

import numpy as np
import pyloudnorm
import pytest
from scipy.signal import resample_poly

from aimusic.synth.kernels import SAMPLE_RATE
from aimusic.synth.loudness import gated_loudness, hop_energy, hop_peaks, integrated_loudness, true_peak_db


def tone(seconds, level=1.0, f=997.0):
    return (level * np.sin(2 * np.pi * f * np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE)).astype(
        np.float32
    )


def test_a_full_scale_tone_reads_zero_in_both_channels_and_3_less_in_one():
    both = np.stack([tone(4)] * 2)
    assert integrated_loudness(both) == pytest.approx(0.0, abs=0.02)
    assert integrated_loudness(both * [[1.0], [0.0]]) == pytest.approx(-3.01, abs=0.02)
    assert integrated_loudness(tone(4)) == pytest.approx(-3.01, abs=0.02)


@pytest.mark.parametrize("seed", range(3))
def test_music_like_noise_reads_as_in_pyloudnorm(seed):
    """Same filters ("DeMan" derives them as we do), same gates, over swells and rests."""
    rng = np.random.default_rng(seed)
    n = 12 * SAMPLE_RATE + 123
    swell = np.abs(np.sin(np.arange(n) / 30_000)) ** 4
    sound = (0.3 * rng.standard_normal((2, n)) * swell).astype(np.float32)
    sound[:, 3 * SAMPLE_RATE : 5 * SAMPLE_RATE] = 0
    theirs = pyloudnorm.Meter(SAMPLE_RATE, filter_class="DeMan").integrated_loudness(sound.T.astype(np.float64))
    assert integrated_loudness(sound) == pytest.approx(theirs, abs=0.01)


def test_silence_between_is_gated_out():
    """A tone reads the same when as much silence follows it, but for the blocks across the edge."""
    loud = tone(6, 0.1)
    assert integrated_loudness(np.concatenate((loud, 0 * loud))) == pytest.approx(
        integrated_loudness(loud), abs=0.15
    )


def test_silence_is_minus_infinity():
    assert integrated_loudness(np.zeros((2, SAMPLE_RATE), np.float32)) == float("-inf")


def test_less_than_a_gating_block_is_refused():
    assert gated_loudness(hop_energy(tone(0.4))) == pytest.approx(-3.0, abs=0.2)
    with pytest.raises(ValueError, match=r"at least 0\.4 s"):
        integrated_loudness(tone(0.39))


def test_gain_moves_the_reading_by_its_decibels():
    sound = np.random.default_rng(4).standard_normal((2, 3 * SAMPLE_RATE)).astype(np.float32)
    assert integrated_loudness(sound * 0.1) == pytest.approx(integrated_loudness(sound) - 20, abs=1e-3)


def test_true_peak_finds_the_crest_between_samples():
    """A quarter-rate sine at 45 degrees has samples of .707 and a true peak of 1."""
    n = np.arange(SAMPLE_RATE)
    sine = np.sin(np.pi / 2 * n + np.pi / 4).astype(np.float32)[100:] * np.hanning(SAMPLE_RATE - 100).astype(
        np.float32
    )
    assert np.abs(sine).max() == pytest.approx(0.707, abs=0.001)
    assert true_peak_db(sine) == pytest.approx(0.0, abs=0.05)


def test_true_peak_agrees_with_eightfold_resampling():
    noise = (0.2 * np.random.default_rng(5).standard_normal((2, 40_000))).astype(np.float32)
    resampled = 20 * np.log10(np.abs(resample_poly(noise, 8, 1, axis=1)).max())
    assert true_peak_db(noise) == pytest.approx(resampled, abs=0.2)


def test_leaving_quiet_hops_out_changes_no_loud_one():
    sound = (np.random.default_rng(6).standard_normal((2, 63 * 500)) * np.linspace(0, 1, 63 * 500)).astype(
        np.float32
    )
    exact, quick = hop_peaks(sound), hop_peaks(sound, above=1.0)
    loud = np.abs(sound).reshape(2, -1, 63).max(axis=2).min(axis=0) >= 1.0
    assert loud.any()
    assert np.array_equal(exact[loud], quick[loud])
    assert np.all(quick <= exact)
