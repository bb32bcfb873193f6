"""What moves during a sustained note: swells, releases, vibrato and the unsteadiness of living players.

All contours are sampled at the block borders of the additive kernel, every 256 samples.
"""

import numpy as np
from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from aimusic.synth.kernels import BLOCK, SAMPLE_RATE, blocks

recipe = dataclass(frozen=True, kw_only=True, config=ConfigDict(extra="forbid", strict=True, allow_inf_nan=False))
"""Decorator of a group of settings in `instruments.toml`: keys and types are checked when it is read."""


@recipe
class Vibrato:
    """Periodic motion of pitch and loudness.

    Attributes:
        rate_hz, depth_cents, depth_db: of the full vibrato.
        delay_s: when it begins; it is full after as long again.
    """

    rate_hz: float
    depth_cents: float
    depth_db: float = 0.0
    delay_s: float = 0.3


def block_times(n: int) -> np.ndarray:
    """Times in seconds of the block borders of n samples, shape (blocks(n) + 1,)."""
    return np.arange(blocks(n) + 1) * (BLOCK / SAMPLE_RATE)


def per_sample(contour: np.ndarray, n: int) -> np.ndarray:
    """A contour at block borders as n samples joined by straight lines, float32."""
    ramp = np.arange(BLOCK, dtype=np.float32) / BLOCK
    start, step = contour[:-1].astype(np.float32), np.diff(contour).astype(np.float32)
    return (start[:, None] + step[:, None] * ramp).reshape(-1)[:n]


def swell(t: np.ndarray, attack_s: float) -> np.ndarray:
    """0 to 1 over `attack_s`, without corners: sin^2."""
    return np.sin(np.pi / 2 * np.clip(t / attack_s, 0.0, 1.0)) ** 2


def release(t: np.ndarray, hold_s: float, t60_s: float) -> np.ndarray:
    """1 until `hold_s`, then exponential: -60 dB after `t60_s` more. The first 20 ms bend without a corner."""
    late = np.maximum(t - hold_s, 0.0)
    soft = late - 0.01 * (1.0 - np.exp(-late / 0.01))
    return 10.0 ** (-3.0 * soft / t60_s)


def wander(rng: np.random.Generator, t: np.ndarray, rate_hz: float, count: int = 1) -> np.ndarray:
    """Smooth random motion with RMS about 1 and no mean: five slow sines with rates around `rate_hz`.

    Returns:
        Shape (len(t),), or (len(t), count) for several independent motions.
    """
    rates = rate_hz * rng.uniform(0.35, 1.7, (5, count))
    turns = rng.random((5, count))
    motion = np.zeros((len(t), count))
    for rate, turn in zip(rates, turns, strict=True):
        motion += np.sin(2 * np.pi * (t[:, None] * rate + turn))
    motion *= (2 / 5) ** 0.5
    return motion[:, 0] if count == 1 else motion


def vibrato_wave(rng: np.random.Generator, t: np.ndarray, vibrato: Vibrato) -> np.ndarray:
    """The vibrato between -1 and 1: delayed, its rate and depth never quite steady."""
    depth = swell(t - vibrato.delay_s, vibrato.delay_s) * (1 + 0.12 * wander(rng, t, 1.0))
    rate_hz = vibrato.rate_hz * rng.uniform(0.95, 1.05) * (1 + 0.03 * wander(rng, t, 0.8))
    turns = np.concatenate([[0.0], np.cumsum(rate_hz[:-1] * np.diff(t))])
    return depth * np.sin(2 * np.pi * turns)
