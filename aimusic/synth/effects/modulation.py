"""Effects that move: tremolo, chorus, rotating speaker, and the tempo's echo."""

import numpy as np

from aimusic.synth.effects import filters
from aimusic.synth.effects.dynamics import HOP, apply_gain, hops
from aimusic.synth.kernels import SAMPLE_RATE, samples

BLOCK = 1 << 15

CHORUS_RATES_HZ = (0.61, 0.83)
CHORUS_DELAY_S = 0.011
CHORUS_DEPTH_S = 0.0016
ENSEMBLE_RATES_HZ = (0.55, 0.74, 5.1)
ENSEMBLE_DEPTHS_S = (0.0024, 0.0019, 0.00012)

LESLIE_CROSSOVER_HZ = 800.0
HORN_HZ, DRUM_HZ = 6.7, 5.7  # fast speed
HORN_DEPTH_S = 0.0004  # a horn on a 14 cm radius, as the path to one microphone changes
HORN_AM, DRUM_AM = 0.35, 0.22


def tremolo(audio: np.ndarray, rate_hz: float, depth: float, spread: float) -> np.ndarray:
    """Loudness that swings, as a vibraphone's motor or a valve amplifier does it.

    Args:
        depth: share of the amplitude lost at the trough, 0..1.
        spread: phase between the sides in turns; .5 throws the sound from side to side.
    """
    return np.stack(
        [
            apply_gain(channel.copy(), 1.0 - depth * (0.5 - 0.5 * _wave(rate_hz, len(channel), turn)))
            for channel, turn in zip(audio, (0.0, spread), strict=True)
        ]
    )


def chorus(audio: np.ndarray, wet: float) -> np.ndarray:
    """Each side joined by a copy of itself 9 to 13 ms late whose delay drifts, sides at different rates."""
    out = np.empty_like(audio)
    for side, rate_hz in enumerate(CHORUS_RATES_HZ):
        delay = CHORUS_DELAY_S + CHORUS_DEPTH_S * _wave(rate_hz, audio.shape[1], 0.25 * side)
        out[side] = audio[side] + np.float32(wet) * read_delayed(audio[side], delay)
    out *= np.float32(1.0 / np.sqrt(1.0 + wet * wet))
    return out


def ensemble(audio: np.ndarray) -> np.ndarray:
    """Three slow voices around the sound, as string machines had: two drifts and a faint vibrato each."""
    mono = audio.mean(axis=0)
    n = len(mono)
    voices = []
    for turn in (0.0, 1 / 3, 2 / 3):
        swings = zip(ENSEMBLE_RATES_HZ, ENSEMBLE_DEPTHS_S, strict=True)
        delay = CHORUS_DELAY_S + sum(depth * _wave(rate_hz, n, turn) for rate_hz, depth in swings)
        voices.append(read_delayed(mono, delay))
    left, middle, right = voices
    wet = np.stack((left + np.float32(0.7) * middle, right + np.float32(0.7) * middle))
    return np.float32(0.6) * (audio + wet)


def leslie(audio: np.ndarray) -> np.ndarray:
    """A rotating horn above 800 Hz, with Doppler and loudness, over a rotating drum, with loudness alone.

    Two microphones stand a quarter turn apart. The bands are split by one filter and its complement, so at
    rest they would add up to the input.
    """
    mono = audio.mean(axis=0)
    low = filters.filter_in_place(filters.low_pass(LESLIE_CROSSOVER_HZ, 0.5), mono.copy())
    high = mono - low
    n = len(mono)
    out = np.empty_like(audio)
    for side, turn in enumerate((0.0, 0.25)):
        delay = HORN_DEPTH_S * (1.0 + _wave(HORN_HZ, n, turn))
        horn = read_delayed(high, delay)
        apply_gain(horn, 1.0 - HORN_AM * (0.5 + 0.5 * _wave(HORN_HZ, n, turn)))
        out[side] = apply_gain(low.copy(), 1.0 - DRUM_AM * (0.5 + 0.5 * _wave(DRUM_HZ, n, turn)))
        out[side] += horn
    return out


def echo(audio: np.ndarray, delay_s: float, feedback: float, wet: float) -> np.ndarray:
    """Echoes that jump from side to side, each a little darker than the last."""
    step = samples(delay_s)
    out = audio.copy()
    tap = filters.filter_in_place(filters.low_pass(4500.0, 0.5), audio.mean(axis=0))
    gain, side, at = wet, 0, step
    while at < audio.shape[1] and gain > 0.003:
        out[side, at:] += np.float32(gain) * tap[: audio.shape[1] - at]
        gain, side, at = gain * feedback, 1 - side, at + step
    return out


def read_delayed(sound: np.ndarray, delay_s: np.ndarray) -> np.ndarray:
    """The sound with a delay that changes: four-point cubic (Catmull-Rom) reads between the samples.

    Args:
        sound: (samples,).
        delay_s: seconds, not negative, at the hop borders, (hops + 1,).

    Returns:
        (samples,), float32; silence where the delay reaches before the start.
    """
    n = len(sound)
    reach = int(np.ceil(delay_s.max() * SAMPLE_RATE)) + 3
    padded = np.concatenate((np.zeros(reach, np.float32), sound, np.zeros(3, np.float32)))
    border = np.arange(len(delay_s)) * float(HOP)
    out = np.empty(n, dtype=np.float32)
    for start in range(0, n, BLOCK):
        i = np.arange(start, min(n, start + BLOCK), dtype=np.float64)
        position = i + reach - np.interp(i, border, delay_s) * SAMPLE_RATE
        whole = position.astype(np.int64)
        x = (position - whole).astype(np.float32)
        a, b, c, d = (padded[whole + k] for k in (-1, 0, 1, 2))
        half = np.float32(0.5)
        slope, bend = half * (c - a), half * (d - b)
        e = c - b
        out[start : start + BLOCK] = b + x * (slope + x * (3 * e - 2 * slope - bend + x * (slope + bend - 2 * e)))
    return out


def _wave(rate_hz: float, n: int, turn: float) -> np.ndarray:
    """A sine at the hop borders of a sound of n samples, starting `turn` into its cycle; (hops + 1,)."""
    t = np.arange(hops(n) + 1) * (HOP / SAMPLE_RATE)
    return np.sin(2.0 * np.pi * (rate_hz * t + turn))
