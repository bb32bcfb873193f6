"""Gains that move: ducking, glue compression and limiting.

Gains are worked out at a control rate of one hop of 63 samples (a tenth of a second is 70 hops) and live on the
borders of the hops, (hops + 1,) for a sound of that many hops. Between two borders they are straight lines, so
a gain that is low enough at both ends of a hop is low enough everywhere in it.
"""

from collections.abc import Iterable

import numpy as np
from scipy.ndimage import convolve1d, minimum_filter1d, uniform_filter1d

from aimusic.synth.kernels import SAMPLE_RATE, decibels

HOP = 63
BLOCK_HOPS = 512

DUCK_ATTACK_S = 0.004
DUCK_RELEASE_S = 0.16
GLUE_WINDOW_S = 0.07
LOOK_AHEAD_HOPS = 3  # 4.3 ms


def hops(samples: int) -> int:
    """How many hops hold this many samples."""
    return -(-samples // HOP)


def apply_gain(audio: np.ndarray, gain: np.ndarray) -> np.ndarray:
    """Multiply a sound, where it lies, by a gain given at the hop borders; returns the sound.

    Args:
        audio: (samples,) or (2, samples).
        gain: linear factors, (hops + 1,).
    """
    rise = (np.arange(HOP) / HOP).astype(np.float32)
    gain = gain.astype(np.float32)
    for first in range(0, len(gain) - 1, BLOCK_HOPS):
        borders = gain[first : first + BLOCK_HOPS + 1, None]
        curve = (borders[:-1] + (borders[1:] - borders[:-1]) * rise).ravel()
        block = audio[..., first * HOP : (first + BLOCK_HOPS) * HOP]
        block *= curve[: block.shape[-1]]
    return audio


def ducking(onsets_s: Iterable[float], depth_db: float, samples: int) -> np.ndarray:
    """Gain that dips by `depth_db` at every onset and comes back along a parabola in 160 ms.

    The dip begins 4 ms early, so it is complete when the onset sounds. Shape (hops + 1,).
    """
    at_s = np.arange(hops(samples) + 1) * (HOP / SAMPLE_RATE)
    dip = np.zeros(len(at_s))
    for onset_s in onsets_s:
        first, last = np.searchsorted(at_s, (onset_s - DUCK_ATTACK_S, onset_s + DUCK_RELEASE_S))
        t = at_s[first:last] - onset_s
        shape = np.where(t < 0, 1.0 + t / DUCK_ATTACK_S, (1.0 - t / DUCK_RELEASE_S) ** 2)
        np.maximum(dip[first:last], shape, out=dip[first:last])
    return decibels(-depth_db * dip)


def glue(level_db: np.ndarray, threshold_db: float, ratio: float) -> np.ndarray:
    """Gain of a bus compressor that leans on loud passages and leaves the beats alone.

    The level is averaged over a triangle of 140 ms around each moment, so there is no lag and no pumping.

    Args:
        level_db: level of every hop, (hops,).
        ratio: above the threshold, the level rises by 1 dB for `ratio` dB of the input.

    Returns:
        (hops + 1,), linear.
    """
    power = 10.0 ** (level_db / 10.0)
    width = round(GLUE_WINDOW_S * SAMPLE_RATE / HOP)
    for _ in range(2):
        power = uniform_filter1d(power, width, mode="constant")
    over_db = np.maximum(0.0, 10.0 * np.log10(np.maximum(power, 1e-12)) - threshold_db)
    gain_db = over_db * (1.0 / ratio - 1.0)
    return decibels(0.5 * (np.append(gain_db, gain_db[-1]) + np.insert(gain_db, 0, gain_db[0])))


def limit(peaks: np.ndarray, ceiling: float, release_db_per_s: float) -> np.ndarray:
    """Gain that keeps every hop's peak at or below the ceiling, with a look-ahead of 4 ms.

    1. The gain that a border needs is the smaller of its two hops'.
    2. Release in straight dB lines, g(k) = min over i <= k of (need(i) + r (k - i)): a running minimum.
    3. A minimum over the look-ahead, then a Hann average of the same width: every averaged value is at most
       the need at its centre, so the ceiling is exact.

    Args:
        peaks: largest magnitude in each hop, (hops,).

    Returns:
        (hops + 1,), linear, at most 1.
    """
    need_db = -20.0 * np.log10(np.maximum(peaks / ceiling, 1.0).astype(np.float64))
    need_db = np.minimum(np.append(need_db, 0.0), np.insert(need_db, 0, 0.0))
    slope_db = release_db_per_s * HOP / SAMPLE_RATE * np.arange(len(need_db))
    need_db -= slope_db  # in place from here on: a long piece has 200,000 borders
    np.minimum.accumulate(need_db, out=need_db)
    need_db += slope_db
    width = 2 * LOOK_AHEAD_HOPS + 1
    lowest = minimum_filter1d(np.minimum(need_db, 0.0, out=need_db), width, mode="constant", cval=0.0)
    hann = np.hanning(width + 2)[1:-1]
    return decibels(convolve1d(lowest, hann / hann.sum(), mode="nearest"))
