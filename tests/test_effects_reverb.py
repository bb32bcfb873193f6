"""Rooms last as long as their tables say, and convolution with them is exact."""

import numpy as np
import pytest
from scipy.signal import butter, fftconvolve, sosfilt, sosfiltfilt

from aimusic.style import load_styles
from aimusic.synth.effects.reverb import BANDS_HZ, ROOMS, Reverb, impulse_response
from aimusic.synth.kernels import SAMPLE_RATE


def t60_s(response, centre_hz):
    """Schroeder's backward integral of one octave band, from -5 to -35 dB."""
    band = butter(4, (centre_hz / 2**0.5, centre_hz * 2**0.5), "bandpass", fs=SAMPLE_RATE, output="sos")
    left = np.cumsum(sosfiltfilt(band, response.astype(np.float64))[::-1] ** 2)[::-1]
    level_db = 10 * np.log10(left / left[0] + 1e-20)
    span = slice(np.argmax(level_db < -5), np.argmax(level_db < -35))
    slope_db = np.polyfit(np.arange(span.start, span.stop), level_db[span], 1)[0]
    return -60 / slope_db / SAMPLE_RATE


@pytest.mark.parametrize("name", ROOMS)
def test_every_octave_decays_as_specified(name):
    """Within 10 %, except 125 Hz in the shortest room, where one period is a fiftieth of the decay."""
    room = ROOMS[name]
    for centre_hz, ratio in zip(BANDS_HZ, room.t60_ratio, strict=True):
        if 100 < centre_hz < 10000 and centre_hz * room.t60_s > 50:
            for side in impulse_response(name):
                assert t60_s(side, centre_hz) == pytest.approx(room.t60_s * ratio, rel=0.1), centre_hz


@pytest.mark.parametrize("name", ROOMS)
def test_a_room_neither_adds_nor_takes_energy(name):
    assert (impulse_response(name).astype(np.float64) ** 2).sum(axis=1) == pytest.approx([1.0, 1.0], abs=1e-3)


@pytest.mark.parametrize("name", ["plate", "hall", "cathedral"])
def test_sides_agree_in_the_bass_and_differ_above(name):
    low = sosfilt(butter(6, 110, fs=SAMPLE_RATE, output="sos"), impulse_response(name))
    high = sosfilt(butter(6, 300, "high", fs=SAMPLE_RATE, output="sos"), impulse_response(name))
    assert np.corrcoef(low)[0, 1] > 0.85
    assert abs(np.corrcoef(high)[0, 1]) < 0.1


def test_predelay_is_silent():
    hall = impulse_response("hall")
    first = round(ROOMS["hall"].predelay_s * SAMPLE_RATE)
    assert not hall[:, : first - 1].any()
    assert np.abs(hall[:, first : first + 400]).max() > 0


@pytest.mark.parametrize("name", ["studio", "plate"])
@pytest.mark.parametrize("block", [5_000, 30_000, 200_000])
def test_blocks_equal_plain_convolution(name, block):
    """Rooms that are shorter, longer and much longer than a block; silent blocks between; a short last block."""
    rng = np.random.default_rng(2)
    send = rng.standard_normal(100_001).astype(np.float32)
    send[20_000:80_000] = 0.0
    room = Reverb(name, block)
    wet = np.concatenate([room.process(send[i : i + block]) for i in range(0, len(send), block)], axis=1)
    plain = fftconvolve(send[None, :], impulse_response(name), axes=1)[:, : len(send)]
    assert np.abs(wet - plain).max() < 1e-4


def test_every_style_has_a_room():
    assert {style.mix.room for style in load_styles().values()} <= set(ROOMS)
