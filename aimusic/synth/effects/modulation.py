"""Effects that move: tremolo, chorus, rotating speaker, and the tempo's echo.

Each is an `Effect`: it takes a track block by block. Its movement is a function of the time since the piece began,
so it may come in anywhere: `start`, a whole number of hops, is the sample at which its first block lies.
"""

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

LEAST_DELAY = 2  # samples that a cubic read needs after the place it reads
ECHO_FLOOR = 0.003  # echoes that are quieter are left out


class Tremolo:
    """Loudness that swings, as a vibraphone's motor or a valve amplifier does it.

    Args:
        depth: share of the amplitude lost at the trough, 0..1.
        spread: phase between the sides in turns; .5 throws the sound from side to side.
    """

    latency, saturates = 0, False

    def __init__(self, rate_hz: float, depth: float, spread: float, start: int = 0):
        self._rate_hz, self._depth, self._at = rate_hz, depth, start
        self._turns = (0.0, spread)

    def process(self, block: np.ndarray) -> np.ndarray:
        for channel, turn in zip(block, self._turns, strict=True):
            swing = _wave(self._rate_hz, self._at, len(channel), turn)
            apply_gain(channel, 1.0 - self._depth * (0.5 - 0.5 * swing))
        self._at += block.shape[1]
        return block


class Chorus:
    """Each side joined by a copy of itself 9 to 13 ms late whose delay drifts, sides at different rates."""

    latency, saturates = 0, False

    def __init__(self, wet: float, start: int = 0):
        self._wet, self._at = np.float32(wet), start
        self._copies = [DelayLine(CHORUS_DELAY_S + CHORUS_DEPTH_S) for _ in CHORUS_RATES_HZ]

    def process(self, block: np.ndarray) -> np.ndarray:
        for side, rate_hz in enumerate(CHORUS_RATES_HZ):
            drift = _wave(rate_hz, self._at, block.shape[1], 0.25 * side)
            block[side] += self._wet * self._copies[side].read(
                block[side], CHORUS_DELAY_S + CHORUS_DEPTH_S * drift
            )
        self._at += block.shape[1]
        block *= np.float32(1.0 / np.sqrt(1.0 + self._wet * self._wet))
        return block


class Ensemble:
    """Three slow voices around the sound, as string machines had: two drifts and a faint vibrato each."""

    latency, saturates = 0, False
    turns = (0.0, 1 / 3, 2 / 3)

    def __init__(self, start: int = 0):
        self._at = start
        self._voices = [DelayLine(CHORUS_DELAY_S + sum(ENSEMBLE_DEPTHS_S)) for _ in self.turns]

    def process(self, block: np.ndarray) -> np.ndarray:
        mono, heard = block.mean(axis=0), []
        for voice, turn in zip(self._voices, self.turns, strict=True):
            swings = zip(ENSEMBLE_RATES_HZ, ENSEMBLE_DEPTHS_S, strict=True)
            delay = CHORUS_DELAY_S + sum(
                depth * _wave(rate_hz, self._at, len(mono), turn) for rate_hz, depth in swings
            )
            heard.append(voice.read(mono, delay))
        left, middle, right = heard
        self._at += len(mono)
        block += np.stack((left + np.float32(0.7) * middle, right + np.float32(0.7) * middle))
        block *= np.float32(0.6)
        return block


class Leslie:
    """A rotating horn above 800 Hz, with Doppler and loudness, over a rotating drum, with loudness alone.

    Two microphones stand a quarter turn apart. The bands are split by one filter and its complement, so at
    rest they would add up to the input.
    """

    latency, saturates = 0, False
    turns = (0.0, 0.25)

    def __init__(self, start: int = 0):
        self._at = start
        self._crossover = filters.Filter(filters.low_pass(LESLIE_CROSSOVER_HZ, 0.5))
        self._paths = [DelayLine(2.0 * HORN_DEPTH_S + LEAST_DELAY / SAMPLE_RATE) for _ in self.turns]

    def process(self, block: np.ndarray) -> np.ndarray:
        mono = block.mean(axis=0)
        low = self._crossover.process(mono.copy())
        high = mono - low
        for side, turn in enumerate(self.turns):
            horn_turns, drum_turns = (_wave(rate_hz, self._at, len(mono), turn) for rate_hz in (HORN_HZ, DRUM_HZ))
            path_s = LEAST_DELAY / SAMPLE_RATE + HORN_DEPTH_S * (1.0 + horn_turns)
            horn = apply_gain(self._paths[side].read(high, path_s), 1.0 - HORN_AM * (0.5 + 0.5 * horn_turns))
            block[side] = apply_gain(low.copy(), 1.0 - DRUM_AM * (0.5 + 0.5 * drum_turns))
            block[side] += horn
        self._at += len(mono)
        return block


class Echo:
    """Echoes that jump from side to side, each a little darker than the last."""

    latency, saturates = 0, False

    def __init__(self, delay_s: float, feedback: float, wet: float):
        self._step = samples(delay_s)
        self._gains = [np.float32(wet)]
        while self._gains[-1] * feedback > ECHO_FLOOR:
            self._gains.append(np.float32(self._gains[-1] * feedback))
        self._tone = filters.Filter(filters.low_pass(4500.0, 0.5))
        self._past = np.zeros(self._step * len(self._gains), np.float32)

    def process(self, block: np.ndarray) -> np.ndarray:
        n = block.shape[1]
        known = np.concatenate((self._past, self._tone.process(block.mean(axis=0))))
        for number, gain in enumerate(self._gains):
            at = len(self._past) - (number + 1) * self._step
            block[number % 2] += gain * known[at : at + n]
        self._past = known[n:]
        return block


class DelayLine:
    """A delay that changes: four-point cubic (Catmull-Rom) reads between the samples of what has passed.

    Args:
        longest_s: the longest delay that will be asked for.
    """

    def __init__(self, longest_s: float):
        self._past = np.zeros(int(np.ceil(longest_s * SAMPLE_RATE)) + 3, np.float32)

    def read(self, sound: np.ndarray, delay_s: np.ndarray) -> np.ndarray:
        """The next samples of the sound, late.

        Args:
            sound: (samples,).
            delay_s: seconds, from 2 samples to the longest, at the hop borders, (hops + 1,).

        Returns:
            (samples,), float32; silence where the delay reaches before the start.
        """
        n, reach = len(sound), len(self._past)
        known = np.concatenate((self._past, sound))
        border = np.arange(len(delay_s)) * float(HOP)
        out = np.empty(n, dtype=np.float32)
        for start in range(0, n, BLOCK):
            i = np.arange(start, min(n, start + BLOCK), dtype=np.float64)
            position = i + reach - np.interp(i, border, delay_s) * SAMPLE_RATE
            out[start : start + BLOCK] = _between(known, position)
        self._past = known[n:]
        return out


def _between(sound: np.ndarray, position: np.ndarray) -> np.ndarray:
    """The sound's values at fractional positions."""
    whole = position.astype(np.int64)
    x = (position - whole).astype(np.float32)
    a, b, c, d = (sound[whole + k] for k in (-1, 0, 1, 2))
    half = np.float32(0.5)
    slope, bend = half * (c - a), half * (d - b)
    e = c - b
    return b + x * (slope + x * (3 * e - 2 * slope - bend + x * (slope + bend - 2 * e)))


def _wave(rate_hz: float, start: int, n: int, turn: float) -> np.ndarray:
    """A sine at the hop borders of n samples from `start` on, `turn` ahead at time 0; (hops + 1,)."""
    t = (start // HOP + np.arange(hops(n) + 1)) * (HOP / SAMPLE_RATE)
    return np.sin(2.0 * np.pi * (rate_hz * t + turn))
