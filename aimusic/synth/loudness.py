"""Loudness and true peak as ITU-R BS.1770-4 measures them, at 44.1 kHz.

Both come first as one number for every hop of 63 samples (a tenth of a second is exactly 70 hops). The master
works on these numbers instead of samples, so trying another gain costs next to nothing.
"""

from functools import cache

import numpy as np

from aimusic.synth.effects import filters
from aimusic.synth.effects.dynamics import HOP, hops
from aimusic.synth.kernels import SAMPLE_RATE

STEP_HOPS = 70  # 100 ms: gating blocks are four steps long and overlap by three quarters
STEPS_PER_BLOCK = 4
ABSOLUTE_GATE_LUFS = -70.0
RELATIVE_GATE_LU = -10.0
OFFSET_LUFS = -0.691  # so that a 997 Hz sine at full scale in one channel reads -3.01

OVERSAMPLING = 4
PEAK_TAPS = 24  # of the interpolator, for each phase
BEFORE, AFTER = PEAK_TAPS // 2 - 1, PEAK_TAPS // 2  # samples that a hop's interpolation needs around it
PEAK_WINDOW_BETA = 6.0
PEAK_ROWS = 1024  # hops interpolated in one matrix product


@cache
def k_weighting() -> np.ndarray:
    """The head's high shelf and the revised low-frequency B curve, (2, 6).

    The standard lists coefficients for 48 kHz only; these come from the analogue filters behind them.
    """
    k = np.tan(np.pi * 1681.974450955533 / SAMPLE_RATE)
    q, gain = 0.7071752369554196, 10.0 ** (3.999843853973347 / 20.0)
    middle = gain**0.4996667741545416
    norm = 1.0 + k / q + k * k
    shelf = np.array([gain + middle * k / q + k * k, 2 * (k * k - gain), gain - middle * k / q + k * k])
    shelf_poles = np.array([norm, 2 * (k * k - 1), 1 - k / q + k * k])
    k, q = np.tan(np.pi * 38.13547087602444 / SAMPLE_RATE), 0.5003270373238773
    norm = 1.0 + k / q + k * k
    low_cut = [1.0, -2.0, 1.0, 1.0, 2 * (k * k - 1) / norm, (1 - k / q + k * k) / norm]
    return np.array([[*(shelf / shelf_poles[0]), *(shelf_poles / shelf_poles[0])], low_cut])


def hop_energy(audio: np.ndarray, gain: np.ndarray | None = None) -> np.ndarray:
    """Sum over the channels of the K-weighted mean square of every hop, (hops,), float64.

    The last hop may be incomplete; what it lacks counts as silence.

    Args:
        audio: (samples,) or (2, samples), an array or a tape.
        gain: measure as if this gain, given at the hop borders, were on the sound.
    """
    energy = np.zeros(hops(audio.shape[-1]))
    for start, block in filters.stream_through(k_weighting(), audio, gain):
        block = block.reshape(-1, block.shape[-1])
        power = np.einsum("cn,cn->n", block, block)
        power = np.pad(power, (0, -len(power) % HOP)).reshape(-1, HOP).mean(axis=1)
        energy[start // HOP : start // HOP + len(power)] = power
    return energy


def gated_loudness(energy: np.ndarray) -> float:
    """Integrated loudness in LUFS from `hop_energy`; -inf where every block is below the absolute gate.

    Raises:
        ValueError: for less than one gating block of 0.4 s, where the standard defines no loudness.
    """
    steps = len(energy) // STEP_HOPS
    if steps < STEPS_PER_BLOCK:
        raise ValueError(f"loudness is defined for at least 0.4 s, got {len(energy) * HOP / SAMPLE_RATE:.3f} s")
    step_means = energy[: steps * STEP_HOPS].reshape(steps, STEP_HOPS).mean(axis=1)
    blocks = np.convolve(step_means, np.full(STEPS_PER_BLOCK, 1.0 / STEPS_PER_BLOCK), mode="valid")
    loud = blocks[blocks > _power(ABSOLUTE_GATE_LUFS)]
    if not len(loud):
        return float("-inf")
    gate = loud.mean() * 10.0 ** (RELATIVE_GATE_LU / 10.0)
    return float(OFFSET_LUFS + 10.0 * np.log10(loud[loud > gate].mean()))


def integrated_loudness(audio: np.ndarray) -> float:
    """Integrated loudness in LUFS of (samples,) or (2, samples); see `gated_loudness`."""
    return gated_loudness(hop_energy(audio))


def hop_peaks(audio: np.ndarray, above: float = 0.0) -> np.ndarray:
    """The largest true peak (4x oversampled) of the channels in every hop, (hops,).

    Args:
        audio: (samples,) or (2, samples), an array or a tape.
        above: hops whose largest sample is lower keep that sample as their peak, which saves most of the work.
    """
    n = audio.shape[-1]
    peaks = np.zeros(hops(n), dtype=np.float32)
    for start in range(0, n, PEAK_ROWS * HOP):
        before, after = min(start, BEFORE), min(n, start + PEAK_ROWS * HOP + AFTER)
        count = min(PEAK_ROWS, hops(n - start))
        for piece in np.atleast_2d(audio[..., start - before : after]):
            near = np.zeros(BEFORE + count * HOP + AFTER, dtype=np.float32)
            near[BEFORE - before : BEFORE - before + len(piece)] = piece
            largest = np.abs(near[BEFORE : BEFORE + count * HOP]).reshape(count, HOP).max(axis=1)
            hot = np.flatnonzero(largest >= above)
            rows = np.lib.stride_tricks.sliding_window_view(near, BEFORE + HOP + AFTER)[::HOP]
            between = rows[hot].astype(np.float64) @ _interpolator()
            largest[hot] = np.maximum(largest[hot], np.abs(between).max(axis=1, initial=0.0))
            first = start // HOP
            np.maximum(peaks[first : first + count], largest, out=peaks[first : first + count])
    return peaks


def true_peak_db(audio: np.ndarray) -> float:
    """True peak in dB relative to full scale (dBTP); -inf for silence."""
    with np.errstate(divide="ignore"):
        return float(20.0 * np.log10(hop_peaks(audio).max()))


@cache
def _interpolator() -> np.ndarray:
    """A hop and its neighbours times this are the values between its samples, (HOP + taps - 1, 3 HOP).

    Column (phase, i) holds a Kaiser-windowed sinc around i + phase/4; float64 because float32 products differ
    between processors.
    """
    table = np.zeros((HOP + PEAK_TAPS - 1, OVERSAMPLING - 1, HOP))
    t = np.arange(PEAK_TAPS) - BEFORE
    for phase in range(1, OVERSAMPLING):
        x = t - phase / OVERSAMPLING
        window = np.i0(PEAK_WINDOW_BETA * np.sqrt(np.maximum(0.0, 1.0 - (2.0 * x / PEAK_TAPS) ** 2)))
        taps = np.sinc(x) * window / np.i0(PEAK_WINDOW_BETA)
        for i in range(HOP):
            table[i : i + PEAK_TAPS, phase - 1, i] = taps
    return table.reshape(len(table), -1)


def _power(lufs: float) -> float:
    return 10.0 ** ((lufs - OFFSET_LUFS) / 10.0)
