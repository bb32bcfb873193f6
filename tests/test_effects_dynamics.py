"""Moving gains: exact ceilings, dips on the beat, a ratio that is a ratio."""

import numpy as np
import pytest

from aimusic.synth.effects.dynamics import HOP, apply_gain, ducking, glue, hops, limit
from aimusic.synth.kernels import SAMPLE_RATE
from aimusic.synth.loudness import hop_peaks, true_peak_db

N = HOP * 1400


def limited(sound, ceiling):
    return apply_gain(sound.copy(), limit(hop_peaks(sound), ceiling, release_db_per_s=60.0))


def hard_signals():
    rng = np.random.default_rng(6)
    impulses = np.zeros((2, N))
    impulses[:, rng.integers(0, N, 60)] = 4.0
    square = 3.0 * np.sign(np.sin(2 * np.pi * 97.3 * np.arange(N) / SAMPLE_RATE))
    return {
        "noise x12": 12 * rng.standard_normal((2, N)),
        "square": np.stack((square, -square)),
        "impulses": impulses,
    }


@pytest.mark.parametrize("name", hard_signals())
def test_the_limiter_never_passes_its_ceiling(name):
    """Samples never, interpolated peaks by no more than 0.05 dB."""
    out = limited(hard_signals()[name].astype(np.float32), 0.87)
    assert np.abs(out).max() <= 0.87 * (1 + 1e-6)
    assert true_peak_db(out) <= 20 * np.log10(0.87) + 0.05


def test_the_limiter_leaves_quiet_sound_alone():
    sound = (0.1 * np.random.default_rng(7).standard_normal((2, N))).astype(np.float32)
    assert np.array_equal(limited(sound, 0.9), sound)


def test_the_limiter_lets_go_after_a_peak():
    """One loud hop: full gain again when the release, at 60 dB a second, has covered the 12 dB."""
    peaks = np.full(1000, 0.5)
    peaks[300] = 4.0
    gain_db = 20 * np.log10(limit(peaks, 1.0, release_db_per_s=60.0))
    assert gain_db[300] == pytest.approx(-12.04, abs=0.01)
    assert gain_db[301] == pytest.approx(-12.04, abs=0.01)
    assert not gain_db[:294].any()
    back = 301 + round(12.04 / 60.0 * SAMPLE_RATE / HOP) + 8
    assert not gain_db[back:].any()
    assert gain_db[back - 30] < 0


def test_gain_moves_in_straight_lines():
    rng = np.random.default_rng(8)
    n = 10 * HOP + 17
    gain = rng.uniform(0.1, 1.0, hops(n) + 1)
    plain = np.interp(np.arange(n), np.arange(len(gain)) * HOP, gain)
    assert apply_gain(np.ones((2, n), np.float32), gain)[0] == pytest.approx(plain, abs=1e-6)


def test_ducking_is_complete_at_the_onset_and_over_after_its_release():
    gain_db = 20 * np.log10(ducking([0.5], 8.0, SAMPLE_RATE))
    at_s = np.arange(len(gain_db)) * HOP / SAMPLE_RATE
    assert gain_db.min() == pytest.approx(-8.0, abs=0.3)
    assert abs(at_s[np.argmin(gain_db)] - 0.5) < 0.002
    assert not gain_db[(at_s < 0.495) | (at_s > 0.661)].any()
    assert np.all(np.diff(gain_db[(at_s > 0.502) & (at_s < 0.66)]) > 0)


def test_ducks_that_overlap_do_not_add_up():
    once, twice = ducking([0.5], 6.0, SAMPLE_RATE), ducking([0.5, 0.55], 6.0, SAMPLE_RATE)
    assert twice.min() >= once.min() - 0.01


def test_glue_has_its_ratio_above_the_threshold():
    """9 dB over the threshold become 5 at 1.8:1; below it nothing happens."""
    gain_db = 20 * np.log10(glue(np.full(800, -11.0), threshold_db=-20.0, ratio=1.8))
    assert gain_db[60:-60] == pytest.approx(np.full(681, -4.0), abs=1e-6)
    assert glue(np.full(800, -21.0), threshold_db=-20.0, ratio=1.8) == pytest.approx(np.ones(801))


def test_glue_does_not_follow_single_beats():
    level_db = np.full(1400, -30.0)
    level_db[::350] = -2.0  # a hop of 1.4 ms every half second
    assert 20 * np.log10(glue(level_db, threshold_db=-18.0, ratio=1.8).min()) > -1.5
