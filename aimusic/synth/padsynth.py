"""Loops of many players at once, each made by one inverse FFT.

A table is periodic by construction, so it loops without a seam, and it is made for one exact pitch, so it is
read without interpolation: formants stay where they are, and reading costs a copy. Read the right channel
half a table away and its players are as good as a second, independent recording.

Source: N. Paul, "PADsynth algorithm", ZynAddSubFX documentation, 2004.
"""

from functools import cache

import numpy as np
from scipy import fft

from aimusic.synth.kernels import SAMPLE_RATE

_CEILING_HZ = 17000.0
_PHASES = 4096


def loop_length(f0_hz: float, least: int) -> int:
    """The even, fast FFT length within 8 % above `least` for which f0 falls closest to a bin."""

    def offset(n: int) -> float:
        bins = f0_hz * n / SAMPLE_RATE
        return abs(bins - round(bins))

    return min(_fast_lengths(least), key=offset)


@cache
def _fast_lengths(least: int) -> tuple[int, ...]:
    """Even lengths from `least` to 8 % more that have no prime factor above 11."""
    return tuple(n for n in range(least + least % 2, int(1.08 * least) + 1, 2) if _is_fast(n))


def _is_fast(n: int) -> bool:
    for prime in (2, 3, 5, 7, 11):
        while n % prime == 0:
            n //= prime
    return n == 1


def harmonics(f0_hz: float, ceiling_hz: float = _CEILING_HZ) -> np.ndarray:
    """f0 and its multiples up to the ceiling, in Hz."""
    return f0_hz * np.arange(1, int(ceiling_hz / f0_hz) + 1)


def bandwidths_hz(freq_hz: np.ndarray, f0_hz: float, cents: float, scale: float = 1.0) -> np.ndarray:
    """Width of each partial: (2^(cents/1200) - 1) f0 (f / f0)^scale.

    With scale 1 every partial is `cents` wide, as when many players play slightly apart.
    """
    return (2 ** (cents / 1200) - 1) * f0_hz * (freq_hz / f0_hz) ** scale


def band_energy(freq_hz: np.ndarray, amp: np.ndarray, width_hz: np.ndarray, length: int) -> np.ndarray:
    """Energy per FFT bin of partials spread into Gaussian bands.

    Each band sums to amp^2 whatever its width. `width_hz` is its full width where the energy has fallen to
    exp(-2) of the middle, that is four standard deviations of the energy.

    Returns:
        Shape (length // 2 + 1,), float64.
    """
    energy = np.zeros(length // 2 + 1)
    bins = np.asarray(freq_hz) * length / SAMPLE_RATE
    # Narrower than about a third of a bin the samples of a Gaussian no longer hold its shape.
    sigma = np.maximum(np.asarray(width_hz) * length / SAMPLE_RATE / 4, 0.35)
    first = np.maximum(np.ceil(bins - 5 * sigma).astype(int), 1)
    last = np.minimum(np.floor(bins + 5 * sigma).astype(int), len(energy) - 2)
    for b, s, a, low, high in zip(bins, sigma, amp, first, last, strict=True):
        band = np.exp(-0.5 * ((np.arange(low, high + 1) - b) / s) ** 2)
        energy[low : high + 1] += a * a / band.sum() * band
    return energy


def from_energy(energy: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One period of sound with this energy in each bin and random phases.

    Rows share their phases, so one may be faded into another like a filter that moves.

    Args:
        energy: (bins,) or (rows, bins).

    Returns:
        Shape (..., 2 * (bins - 1)), float32, RMS 1.
    """
    phases = _unit_circle()[rng.integers(_PHASES, size=energy.shape[-1])]
    return _period(np.sqrt(energy) * phases)


@cache
def _unit_circle() -> np.ndarray:
    """Complex numbers of modulus 1: so many phases that nobody hears them, looked up instead of computed."""
    return np.exp(2j * np.pi * np.arange(_PHASES) / _PHASES)


def detuned_saws(
    f0_hz: float, cents: np.ndarray, gains: np.ndarray, tilt: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """One period of several band-limited saw waves, slightly apart in pitch, each with its own phase.

    Every saw is rounded to a whole number of periods per table, so it is a true saw and the loop is
    seamless.

    Args:
        cents, gains: detuning and level of each saw, equal shapes.
        tilt: gain of each FFT bin, the filter after the oscillators, (bins,) or (rows, bins).

    Returns:
        Shape (..., 2 * (bins - 1)), float32, RMS 1.
    """
    bins = tilt.shape[-1]
    length = 2 * (bins - 1)
    spectrum = np.zeros(bins, complex)
    ceiling = int(_CEILING_HZ * length / SAMPLE_RATE)
    for cent, gain in zip(cents, gains, strict=True):
        step = round(f0_hz * 2 ** (cent / 1200) * length / SAMPLE_RATE)
        k = np.arange(1, ceiling // step + 1)
        spectrum[step * k] += gain / k * np.exp(2j * np.pi * k * rng.random())
    return _period(spectrum * tilt)


def loop(table: np.ndarray, start: int, samples: int) -> np.ndarray:
    """`samples` of a loop from any start, shape (samples,)."""
    start %= len(table)
    if start + samples <= len(table):
        return table[start : start + samples]
    return np.resize(np.concatenate([table[start:], table[:start]]), samples)


def stereo_loop(table: np.ndarray, start: int, samples: int, f0_hz: float, bleed: float = 0.2) -> np.ndarray:
    """A loop in stereo, shape (2, samples): the right channel is read about half a table away.

    The distance is a whole number of periods of f0. What is steady then stays in the middle and survives in
    mono; exactly half a table would put every line on an odd bin in opposite phases.

    Args:
        bleed: how much of each side the other one hears; it adds a correlation of 2b / (1 + b^2).
    """
    periods = max(2, round(f0_hz * len(table) / SAMPLE_RATE))
    away = round(periods // 2 * len(table) / periods)
    left, right = loop(table, start, samples), loop(table, start + away, samples)
    direct = np.float32((1 + bleed**2) ** -0.5)
    across = np.float32(bleed) * direct
    return np.stack([direct * left + across * right, direct * right + across * left])


def _period(spectrum: np.ndarray) -> np.ndarray:
    """The sound of a spectrum, float32, RMS 1; rounding in single precision stays 130 dB below it."""
    rms = np.sqrt((np.abs(spectrum) ** 2).sum(axis=-1, keepdims=True) * 2) / (2 * (spectrum.shape[-1] - 1))
    return fft.irfft((spectrum / rms).astype(np.complex64))
