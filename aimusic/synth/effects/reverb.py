"""Rooms: synthetic impulse responses, and convolution with them.

A response is noise in octave bands, each with its own decay, after a scatter of early reflections; left and
right are independent above 200 Hz and equal below. A spring is a pair of dispersive echoes instead.
"""

from collections import deque
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft, rfftfreq

from aimusic.music.chance import stream
from aimusic.synth.effects import filters
from aimusic.synth.kernels import SAMPLE_RATE, samples

BANDS_HZ = (62.5, 125.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0, 16000.0)
COMMON_BELOW_HZ = 200.0
CROSSFADE_OCTAVES = 0.3
SEED = 11  # of the rooms; measured among 1-19, this one keeps every octave closest to its decay time


@dataclass(frozen=True, slots=True)
class Room:
    """What a reverb sounds like.

    Attributes:
        t60_s: decay time at 1 kHz.
        t60_ratio: decay time of each band of BANDS_HZ over that at 1 kHz.
        predelay_s: silence before the first reflection.
        early_s, early_taps, early_share: the early reflections: how long, how many, their share of the energy.
        build_s: how long the diffuse part takes to grow dense.
        low_cut_hz, high_cut_hz: what the return leaves out, 12 dB an octave.
        spring_s: round trips of the springs, left and right; empty for a room.
    """

    t60_s: float
    t60_ratio: tuple[float, ...]
    predelay_s: float
    early_s: float
    early_taps: int
    early_share: float
    build_s: float
    low_cut_hz: float
    high_cut_hz: float
    spring_s: tuple[float, ...] = ()


_AIR = (1.15, 1.1, 1.05, 1.0, 1.0, 0.92, 0.78, 0.55, 0.4)  # walls and air absorb the highs
_STEEL = (0.8, 0.9, 1.0, 1.05, 1.0, 0.95, 0.8, 0.6, 0.45)
_DRY = (1.0, 1.0, 1.0, 1.0, 1.0, 0.95, 0.9, 0.8, 0.7)

ROOMS = {
    "studio": Room(0.35, _DRY, 0.002, 0.025, 14, 0.35, 0.004, 120.0, 9000.0),
    "room": Room(0.6, _DRY, 0.004, 0.035, 16, 0.3, 0.006, 110.0, 8500.0),
    "plate": Room(1.7, _STEEL, 0.012, 0.02, 8, 0.05, 0.002, 160.0, 9000.0),
    "hall": Room(2.4, _AIR, 0.022, 0.08, 20, 0.15, 0.02, 90.0, 8000.0),
    "spring": Room(1.8, _STEEL, 0.004, 0.02, 4, 0.05, 0.01, 180.0, 4200.0, (0.037, 0.043)),
    "cathedral": Room(5.5, _AIR, 0.035, 0.12, 24, 0.08, 0.05, 100.0, 7000.0),
}
SPRING_SHARE = 0.6  # of a spring's energy in its echoes; the rest is diffuse
SPRING_DISPERSION_S = 0.018  # how much later 4 kHz leaves a spring than the lows, on every passage


@cache
def impulse_response(name: str) -> np.ndarray:
    """The response of a room of ROOMS: (2, samples), float32, energy 1 in each channel."""
    room = ROOMS[name]
    n = next_fast_len(samples(room.predelay_s + 1.15 * room.t60_s * max(room.t60_ratio)), real=True)
    late = _diffuse(name, room, n)
    early = _early(name, room, n)
    parts = [(late, 1.0 - room.early_share), (early, room.early_share)]
    if room.spring_s:
        parts = [(p, share * (1.0 - SPRING_SHARE)) for p, share in parts]
        parts.append((_springs(room, n), SPRING_SHARE))
    response = sum(_unit_energy(part) * share**0.5 for part, share in parts)
    cuts = np.concatenate((filters.high_pass(room.low_cut_hz), filters.low_pass(room.high_cut_hz)))
    return _unit_energy(filters.filter_in_place(cuts, response)).astype(np.float32)


class Reverb:
    """A room into which a mono send is played block by block: partitioned overlap-add with kept spectra.

    A response that is longer than a block is cut into parts of a block; part k is convolved with the send of k
    blocks ago. The parts are added as spectra, so every block costs one transform in and two out, whatever the
    length of the room, and the memory is that of the response.

    Source: T. Stockham, "High-speed convolution and correlation", AFIPS 1966.

    Args:
        name: of a room of ROOMS.
        block: samples of every block but the last, which may be shorter.
    """

    def __init__(self, name: str, block: int):
        self._parts, self._size = _spectra(name, block)
        self._block = block
        self._sends: deque[np.ndarray | None] = deque(maxlen=len(self._parts))  # spectra, the newest first
        self._tail = np.zeros((2, self._size - block), np.float32)

    def process(self, send: np.ndarray) -> np.ndarray:
        """The room's answer to the next block of the send, (samples,) float32: (2, samples)."""
        self._sends.appendleft(rfft(send, self._size) if send.any() else None)
        heard = [part * past for part, past in zip(self._parts, self._sends, strict=False) if past is not None]
        wet = irfft(sum(heard), self._size) if heard else np.zeros((2, self._size), np.float32)
        wet[:, : self._tail.shape[1]] += self._tail
        self._tail = wet[:, self._block :].copy()
        return wet[:, : len(send)]


@cache
def _spectra(name: str, block: int) -> tuple[tuple[np.ndarray, ...], int]:
    """Spectra of the response's parts, each (2, size/2 + 1), and the transform's size."""
    response = impulse_response(name)
    part = min(response.shape[1], block)
    size = next_fast_len(block + part - 1, real=True)
    starts = range(0, response.shape[1], part)
    return tuple(rfft(response[:, start : start + part], size) for start in starts), size


def _diffuse(name: str, room: Room, n: int) -> np.ndarray:
    """Decaying noise by octave bands, (2, n)."""
    octave = np.log2(np.maximum(rfftfreq(n, 1.0 / SAMPLE_RATE), 1.0) / BANDS_HZ[0])
    t = np.maximum(0.0, np.arange(n) / SAMPLE_RATE - room.predelay_s)
    dense = (1.0 - np.exp(-t / room.build_s)) * (t > 0)
    out = np.zeros((2, n))
    for band, centre_hz in enumerate(BANDS_HZ):
        weight = _band_weight(octave - band, first=band == 0, last=band == len(BANDS_HZ) - 1)
        decay = dense * 10.0 ** (-3.0 * t / (room.t60_s * room.t60_ratio[band]))
        for channel in range(2):
            side = "both" if centre_hz < COMMON_BELOW_HZ else ("left", "right")[channel]
            noise = stream(SEED, name, band, side).standard_normal(n)
            out[channel] += irfft(rfft(noise) * weight, n) * decay
    return out


def _band_weight(octaves: np.ndarray, first: bool, last: bool) -> np.ndarray:
    """Magnitude of one band around 0; the squares of neighbours add up to 1."""
    up = np.clip((octaves + 0.5) / CROSSFADE_OCTAVES + 0.5, 0.0, 1.0)
    down = np.clip((0.5 - octaves) / CROSSFADE_OCTAVES + 0.5, 0.0, 1.0)
    return np.sin(np.pi / 2 * (1.0 if first else up)) * np.sin(np.pi / 2 * (1.0 if last else down))


def _early(name: str, room: Room, n: int) -> np.ndarray:
    """Single reflections that grow denser and weaker, (2, n)."""
    out = np.zeros((2, n))
    for channel, side in enumerate(("left", "right")):
        rng = stream(SEED, name, "early", side)
        at_s = room.predelay_s + room.early_s * np.sqrt(rng.uniform(0.0, 1.0, room.early_taps))
        gain = rng.choice((-1.0, 1.0), room.early_taps) * 10.0 ** (-(at_s - room.predelay_s) / room.early_s)
        np.add.at(out[channel], np.rint(at_s * SAMPLE_RATE).astype(int), gain)
    return out


def _springs(room: Room, n: int) -> np.ndarray:
    """Two dispersive echo lines, (2, n).

    One passage takes T/2 + D (f/4 kHz)², its integral over 2π df is the phase θ(f). What a round trip loses,
    r = 10^(-3 trip/T60), gives every frequency its decay time, and the echoes are a geometric series:

        Σ (-r)^k e^(-jθ(2k+1)) = e^(-jθ) / (1 + r e^(-2jθ))
    """
    f = rfftfreq(n, 1.0 / SAMPLE_RATE)
    t60_s = room.t60_s * np.interp(f, BANDS_HZ, room.t60_ratio)
    delay = samples(room.predelay_s)
    out = np.zeros((2, n))
    for channel, trip_s in enumerate(room.spring_s):
        theta = 2.0 * np.pi * (f * trip_s / 2.0 + SPRING_DISPERSION_S * f**3 / (3.0 * 4000.0**2))
        loss = 10.0 ** (-3.0 * (trip_s + 2.0 * SPRING_DISPERSION_S * (f / 4000.0) ** 2) / t60_s)
        passage = np.exp(-1j * theta)
        out[channel, delay:] = irfft(passage / (1.0 + loss * passage**2), n)[: n - delay]
    return out


def _unit_energy(response: np.ndarray) -> np.ndarray:
    """Each channel scaled to a sum of squares of 1."""
    return response / np.sqrt((response.astype(np.float64) ** 2).sum(axis=1, keepdims=True))
