"""Filters do what their names promise, whole or in blocks."""

import numpy as np
import pytest
from scipy.signal import sosfilt

from aimusic.synth.effects import filters


def gain_db(sections, *frequencies_hz):
    return 20 * np.log10(np.abs(filters.response(sections, np.array(frequencies_hz))))


@pytest.mark.parametrize("cutoff_hz", [24.0, 120.0, 1000.0, 9000.0])
def test_low_and_high_pass_are_3_db_down_at_the_cutoff(cutoff_hz):
    assert gain_db(filters.low_pass(cutoff_hz), cutoff_hz) == pytest.approx(-3.01, abs=0.01)
    assert gain_db(filters.high_pass(cutoff_hz), cutoff_hz) == pytest.approx(-3.01, abs=0.01)


def test_low_and_high_pass_fall_by_12_db_an_octave():
    assert np.diff(gain_db(filters.high_pass(1000.0), 50.0, 100.0))[0] == pytest.approx(12.0, abs=0.2)
    assert np.diff(gain_db(filters.low_pass(100.0), 800.0, 1600.0))[0] == pytest.approx(-12.0, abs=0.2)


def test_a_peak_has_its_gain_at_the_centre_alone():
    centre, low, high = gain_db(filters.peak(750.0, 6.0, 2.0), 750.0, 20.0, 15000.0)
    assert centre == pytest.approx(6.0, abs=1e-6)
    assert abs(low) < 0.05
    assert abs(high) < 0.05


def test_a_high_shelf_has_half_of_its_gain_at_the_corner():
    levels = gain_db(filters.high_shelf(2000.0, 8.0), 30.0, 2000.0, 20000.0)
    assert levels == pytest.approx([0.0, 4.0, 8.0], abs=0.05)


@pytest.mark.parametrize("slope_db", [-1.5, 0.75])
def test_a_tilt_is_a_straight_line_through_1_khz(slope_db):
    octaves = np.arange(-4, 4)
    levels = gain_db(filters.tilt(slope_db), *(1000.0 * 2.0**octaves))
    assert levels == pytest.approx(slope_db * octaves, abs=0.3 * abs(slope_db))
    assert levels[4] == pytest.approx(0.0, abs=1e-9)


def test_blocks_leave_no_seam():
    """The block-wise path equals one plain pass over the whole sound."""
    sound = np.random.default_rng(1).standard_normal((2, 3 * filters.BLOCK + 77)).astype(np.float32)
    sections = np.concatenate((filters.high_pass(30.0), filters.peak(500.0, 4.0, 1.0)))
    plain = sosfilt(sections, sound.astype(np.float64)).astype(np.float32)
    assert np.array_equal(filters.filter_in_place(sections, sound.copy()), plain)


def test_response_is_what_a_sine_meets():
    n = 1 << 16
    k = 1500
    sine = np.sin(2 * np.pi * k * np.arange(2 * n) / n).astype(np.float32)
    sections = filters.low_pass(800.0)
    out = filters.filter_in_place(sections, sine)[n:]
    measured = 2 * np.abs(np.fft.rfft(out)[k]) / n
    assert measured == pytest.approx(abs(filters.response(sections, np.array([k * 44100 / n]))[0]), rel=1e-4)
