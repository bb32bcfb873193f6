"""The kernels of the synthesiser: damped and enveloped sinusoids, filters by response, noise, sinc warp.

Time is on the last axis: (samples,) or (2, samples), float32, at `SAMPLE_RATE`. Sums are made in float64, so
that a note has the same bytes whatever the number of threads of the linear algebra.
"""

from collections.abc import Callable
from functools import cache

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft, rfftfreq

from aimusic.music.chance import stream

SAMPLE_RATE = 44100
BLOCK = 256  # samples of a row of the matrix products; also the control rate of `additive`
AUDIBLE_HZ = 20000.0  # partials above are left out, so nothing can alias
SILENCE_DB = -81.0  # where a damped partial is cut off
LIFE_GROUPS = 4  # partials are summed in this many groups of similar decay

MEZZO_FORTE = 80 / 127  # the velocity, 0..1, at which the settings of voices are given
LEVEL_EXPONENT = 1.6  # amplitude is velocity^1.6: 15 dB from velocity 40 to 120


def hertz(pitch: float | np.ndarray) -> float | np.ndarray:
    """Frequency of a MIDI pitch in equal temperament, A4 = 440 Hz."""
    return 440.0 * 2.0 ** ((pitch - 69.0) / 12.0)


def samples(seconds: float) -> int:
    """The nearest whole number of samples."""
    return round(seconds * SAMPLE_RATE)


def blocks(n: int) -> int:
    """How many rows of `BLOCK` samples hold n samples."""
    return -(-n // BLOCK)


def powers(z: np.ndarray, count: int) -> np.ndarray:
    """z⁰, z¹ ... z^(count-1) by doubling, shape (count, K): few exponentials, many multiplications."""
    out = np.empty((count, len(z)), dtype=np.complex128)
    out[0] = 1.0
    have, step = 1, z
    while have < count:
        take = min(have, count - have)
        np.multiply(out[:take], step, out=out[have : have + take])
        have, step = have + take, step * step
    return out


def modal(f: np.ndarray, t60: np.ndarray, amp: np.ndarray, phase: np.ndarray, n: int) -> np.ndarray:
    """A sum of damped cosines, as one real matrix product for each group of similar decay.

        y(i) = Σ a cos(2π f i/R + φ) 10^(-3 i / (R T60))

    With z = exp((-ln 1000/T60 + 2πjf)/R) and i = 256 a + b, z^i is z^(256 a) z^b: a (rows, K) table times
    a (K, 256) table, instead of one exponential for every sample and partial.

    Args:
        f: frequencies in hertz, (K,); partials above 20 kHz are left out.
        t60: seconds to fall by 60 dB, (K,); a partial is cut off at -81 dB of its own start.
        amp, phase: amplitude and phase in radians, (K,) for mono or (2, K) for stereo.
        n: length in samples.

    Returns:
        (n,) or (2, n), float32.
    """
    c = amp * np.exp(1j * np.asarray(phase))
    stereo = c.ndim == 2
    c = np.atleast_2d(c)
    order = np.argsort(-t60, kind="stable")
    order = order[f[order] < AUDIBLE_HZ]
    out = np.zeros((len(c), blocks(n), BLOCK))
    for group in np.array_split(order, LIFE_GROUPS):
        if len(group):
            life = samples(t60[group[0]] * SILENCE_DB / -60.0)
            rows = min(blocks(n), blocks(life) or 1)
            out[:, :rows] += _damped(f[group], t60[group], c[:, group], rows)
    sound = out.reshape(len(c), -1)[:, :n].astype(np.float32)
    return sound if stereo else sound[0]


def _damped(f: np.ndarray, t60: np.ndarray, c: np.ndarray, rows: int) -> np.ndarray:
    """`rows` blocks of Σ Re(c z^i); c is (channels, K). Shape (channels, rows, BLOCK)."""
    s = (-np.log(1000.0) / t60 + 2j * np.pi * f) / SAMPLE_RATE
    u = powers(np.exp(s * BLOCK), rows)  # (rows, K)
    v = (powers(np.exp(s), BLOCK)[:, None] * c).transpose(2, 1, 0)  # (K, channels, BLOCK)
    v = v.reshape(len(f), -1)
    y = np.hstack((u.real, -u.imag)) @ np.vstack((v.real, v.imag))
    return y.reshape(rows, len(c), BLOCK).transpose(1, 0, 2)


def additive(f: np.ndarray, env: np.ndarray, phase: np.ndarray, n: int) -> np.ndarray:
    """A sum of cosines whose amplitudes move in straight lines from block to block.

    Args:
        f: frequencies in hertz, (K,); partials above 20 kHz are left out.
        env: amplitudes at the block borders, (blocks(n) + 1, K).
        phase: radians, (K,) for mono or (2, K) for stereo.

    Returns:
        (n,) or (2, n), float32.
    """
    heard = f < AUDIBLE_HZ
    f, env, phase = f[heard], env[:, heard], np.asarray(phase)[..., heard]
    c = np.atleast_2d(np.exp(1j * phase))
    rows = blocks(n)
    s = 2j * np.pi * f / SAMPLE_RATE
    u = powers(np.exp(s * BLOCK), rows)
    v = (powers(np.exp(s), BLOCK)[:, None] * c).transpose(2, 1, 0).reshape(len(f), -1)
    w = np.tile(np.arange(BLOCK) / BLOCK, len(c))
    start, end, fall, rise = u * env[:rows], u * env[1 : rows + 1], v * (1.0 - w), v * w
    y = np.hstack((start.real, -start.imag, end.real, -end.imag)) @ np.vstack(
        (fall.real, fall.imag, rise.real, rise.imag)
    )
    sound = y.reshape(rows, len(c), BLOCK).transpose(1, 0, 2).reshape(len(c), -1)[:, :n].astype(np.float32)
    return sound if phase.ndim == 2 else sound[0]


# "Filter the partials": the magnitude of an analogue second-order section at each partial's frequency costs
# nothing, where filtering the samples would cost a pass over the note.


def low_pass(f: np.ndarray, cutoff_hz: float, q: float = 0.7071) -> np.ndarray:
    """|H| of a resonant low-pass: 12 dB an octave, gain q at the cutoff."""
    r = f / cutoff_hz
    return 1.0 / np.sqrt((1.0 - r * r) ** 2 + (r / q) ** 2)


def high_pass(f: np.ndarray, cutoff_hz: float, q: float = 0.7071) -> np.ndarray:
    """|H| of a resonant high-pass: 12 dB an octave, gain q at the cutoff."""
    r = f / cutoff_hz
    return r * r / np.sqrt((1.0 - r * r) ** 2 + (r / q) ** 2)


def band_pass(f: np.ndarray, centre_hz: float, q: float) -> np.ndarray:
    """|H| of a band-pass with gain 1 at its centre, -3 dB at the edges of a band centre/q wide."""
    r = f / centre_hz
    return (r / q) / np.sqrt((1.0 - r * r) ** 2 + (r / q) ** 2)


def peaks(f: np.ndarray, table: tuple[tuple[float, float, float], ...]) -> np.ndarray:
    """Product of peaking equalisers, each (centre_hz, gain_db, q): a body's formants or dips."""
    gain = np.ones_like(f, dtype=np.float64)
    for centre_hz, gain_db, q in table:
        r = f / centre_hz
        g = 10.0 ** (gain_db / 40.0)
        gain *= np.sqrt(((1 - r * r) ** 2 + (g * r / q) ** 2) / ((1 - r * r) ** 2 + (r / (g * q)) ** 2))
    return gain


def decibels(db: float | np.ndarray) -> float | np.ndarray:
    """Amplitude ratio of a level in decibels."""
    return 10.0 ** (np.asarray(db) / 20.0) if np.ndim(db) else 10.0 ** (db / 20.0)


def noise(rng: np.random.Generator, gain: Callable[[np.ndarray], np.ndarray], n: int) -> np.ndarray:
    """Gaussian noise whose amplitude spectrum is gain(f), by one FFT; rms 1 where the gain is 1. (n,)"""
    length = next_fast_len(max(n, 64), real=True)
    spectrum = rfft(rng.standard_normal(length)) * gain(rfftfreq(length, 1.0 / SAMPLE_RATE))
    return irfft(spectrum, length)[:n].astype(np.float32)


def burst(
    rng: np.random.Generator, gain: Callable[[np.ndarray], np.ndarray], t60_s: float, attack_s: float = 0.001
) -> np.ndarray:
    """A burst of shaped noise: raised-cosine attack, then exponential decay to -60 dB, where it ends."""
    n = samples(attack_s + t60_s)
    t = np.arange(n) / SAMPLE_RATE
    envelope = 10.0 ** (-3.0 * np.maximum(t - attack_s, 0.0) / t60_s)
    return edges(noise(rng, gain, n) * envelope.astype(np.float32), attack_s, 0.1 * t60_s)


def overlay(sound: np.ndarray, part: np.ndarray) -> None:
    """Add a part to the beginning of a sound, in place; what reaches beyond its end is lost."""
    n = min(sound.shape[-1], part.shape[-1])
    sound[..., :n] += part[..., :n]


HISS_SAMPLES = 1 << 16


@cache
def _hiss_table(cutoff_hz: float) -> np.ndarray:
    """A seamless loop of noise with 3 dB less in each octave above 100 Hz; rms 1."""
    f = rfftfreq(HISS_SAMPLES, 1.0 / SAMPLE_RATE)
    colour = low_pass(f, cutoff_hz) * f / (f + 60.0) / np.sqrt(f + 100.0)
    loop = irfft(rfft(stream(0, "hiss").standard_normal(HISS_SAMPLES)) * colour, HISS_SAMPLES)
    return (loop / np.sqrt(np.mean(loop**2))).astype(np.float32)


def hiss(rng: np.random.Generator, cutoff_hz: float, n: int) -> np.ndarray:
    """Steady pinkish noise below a cutoff, rms 1, (n,): bow, breath and string under a note, at no cost."""
    start = int(rng.integers(HISS_SAMPLES))
    return np.resize(np.roll(_hiss_table(cutoff_hz), -start), n)


def edges(sound: np.ndarray, fade_in_s: float, fade_out_s: float) -> np.ndarray:
    """The sound with a raised-cosine fade at each end; both ends are exactly zero."""
    out = np.array(sound, dtype=np.float32)
    n_in, n_out = (min(samples(s), out.shape[-1]) for s in (fade_in_s, fade_out_s))
    if n_in:
        out[..., :n_in] *= _rise(n_in)
    if n_out:
        out[..., -n_out:] *= _rise(n_out)[::-1]
    return out


@cache
def _rise(n: int) -> np.ndarray:
    return (0.5 - 0.5 * np.cos(np.pi * np.arange(n) / n)).astype(np.float32)


def damp(sound: np.ndarray, hold_s: float, t60_s: float) -> np.ndarray:
    """The sound with an exponential damper on it from `hold_s`; changes the array it is given.

    The damper comes down over 10 ms, as felt does, so the envelope has no corner.
    """
    start = min(samples(hold_s), sound.shape[-1])
    t = np.arange(sound.shape[-1] - start) / SAMPLE_RATE
    soft = t - 0.01 * (1.0 - np.exp(-t / 0.01))  # slope 0 at the start, 1 after some 20 ms
    sound[..., start:] *= np.exp(-np.log(1000.0) / t60_s * soft).astype(np.float32)
    return sound


TAPS = 16
PHASES = 8192
KAISER_BETA = 7.8


@cache
def _sinc_table() -> np.ndarray:
    """Windowed sinc at PHASES + 1 fractional delays, (PHASES + 1, TAPS), each row summing to 1."""
    x = np.arange(TAPS) - (TAPS // 2 - 1) - np.arange(PHASES + 1)[:, None] / PHASES
    window = np.i0(KAISER_BETA * np.sqrt(np.maximum(0.0, 1.0 - (x / (TAPS / 2)) ** 2)))
    table = np.sinc(x) * window
    return (table / table.sum(axis=1, keepdims=True)).astype(np.float32)


def warp(sound: np.ndarray, position: np.ndarray) -> np.ndarray:
    """Read a sound at fractional positions: vibrato, bends, glides.

    A 16-tap Kaiser-windowed sinc leaves -79 dB of residue up to 15 kHz; linear reads leave -37 dB.

    Args:
        sound: (n,) or (2, n).
        position: where to read, in samples of `sound`, (m,); outside of it there is silence.

    Returns:
        (m,) or (2, m), float32.
    """
    whole = np.floor(position).astype(np.int64)
    phase = np.rint((position - whole) * PHASES).astype(np.int64)
    half = TAPS // 2
    pad = [(0, 0)] * (sound.ndim - 1) + [(TAPS, TAPS)]
    padded = np.pad(np.asarray(sound, dtype=np.float32), pad)
    first = np.clip(whole + TAPS - (half - 1), 0, padded.shape[-1] - TAPS)
    taps = np.lib.stride_tricks.sliding_window_view(padded, TAPS, axis=-1)[..., first, :]
    return np.einsum("...mt,mt->...m", taps, _sinc_table()[phase])


def vibrato(sound: np.ndarray, cents: np.ndarray) -> np.ndarray:
    """The sound with its pitch moved by `cents` (n,) at each moment; the same length, silent where it runs out."""
    speed = 2.0 ** (cents / 1200.0)
    position = np.concatenate(([0.0], np.cumsum(speed[:-1])))
    return warp(sound, position)
