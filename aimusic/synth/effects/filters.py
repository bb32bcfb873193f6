"""Recursive filters as second-order sections, float64 inside, run over blocks that fit the cache.

The designs are analogue prototypes under the bilinear transform with the corner pre-warped, so the gain at the
named frequency is exact. Source: R. Bristow-Johnson, "Cookbook formulae for audio EQ biquad coefficients".
"""

from collections.abc import Iterator

import numpy as np
from scipy.signal import sosfilt

from aimusic.synth.effects.dynamics import HOP, apply_gain
from aimusic.synth.kernels import SAMPLE_RATE

BUTTERWORTH_Q = 0.5**0.5
BLOCK = HOP * 512  # samples; 0.5 MB of float64 for a stereo block
TILT_CORNERS_HZ = (62.5, 250.0, 1000.0, 4000.0, 16000.0)


def low_pass(cutoff_hz: float, q: float = BUTTERWORTH_Q) -> np.ndarray:
    """12 dB an octave above the cutoff, where the gain is q (-3 dB by default); (1, 6)."""
    c, alpha = _angle(cutoff_hz, q)
    return _section(((1 - c) / 2, 1 - c, (1 - c) / 2), (1 + alpha, -2 * c, 1 - alpha))


def high_pass(cutoff_hz: float, q: float = BUTTERWORTH_Q) -> np.ndarray:
    """12 dB an octave below the cutoff, where the gain is q (-3 dB by default); (1, 6)."""
    c, alpha = _angle(cutoff_hz, q)
    return _section(((1 + c) / 2, -1 - c, (1 + c) / 2), (1 + alpha, -2 * c, 1 - alpha))


def peak(centre_hz: float, gain_db: float, q: float) -> np.ndarray:
    """`gain_db` at the centre, 0 dB far from it; (1, 6)."""
    c, alpha = _angle(centre_hz, q)
    a = 10.0 ** (gain_db / 40.0)
    return _section((1 + alpha * a, -2 * c, 1 - alpha * a), (1 + alpha / a, -2 * c, 1 - alpha / a))


def high_shelf(corner_hz: float, gain_db: float, q: float = BUTTERWORTH_Q) -> np.ndarray:
    """0 dB far below the corner, half of `gain_db` at it, `gain_db` far above; (1, 6)."""
    c, alpha = _angle(corner_hz, q)
    a = 10.0 ** (gain_db / 40.0)
    root = 2.0 * np.sqrt(a) * alpha
    return _section(
        (a * (a + 1 + (a - 1) * c + root), -2 * a * (a - 1 + (a + 1) * c), a * (a + 1 + (a - 1) * c - root)),
        (a + 1 - (a - 1) * c + root, 2 * (a - 1 - (a + 1) * c), a + 1 - (a - 1) * c - root),
    )


def tilt(db_per_octave: float) -> np.ndarray:
    """A straight slope in dB per octave through 0 dB at 1 kHz, from 62 Hz to 16 kHz; (5, 6).

    Shelves two octaves apart, each of twice the slope, add up to a line; the sum is turned around 1 kHz.
    """
    shelves = [high_shelf(corner_hz, 2.0 * db_per_octave, 0.5) for corner_hz in TILT_CORNERS_HZ]
    sections = np.concatenate(shelves)
    sections[0, :3] /= abs(response(sections, np.array([1000.0]))[0])
    return sections


def response(sections: np.ndarray, frequency_hz: np.ndarray) -> np.ndarray:
    """Complex gain of the sections at each frequency."""
    z = np.exp(-2j * np.pi * np.asarray(frequency_hz) / SAMPLE_RATE)
    powers = np.stack((np.ones_like(z), z, z * z))
    return np.prod((sections[:, :3] @ powers) / (sections[:, 3:] @ powers), axis=0)


def stream_through(
    sections: np.ndarray, audio: np.ndarray, gain: np.ndarray | None = None
) -> Iterator[tuple[int, np.ndarray]]:
    """Filter a sound block by block, without a copy of the whole.

    Args:
        sections: (sections, 6).
        audio: (samples,) or (2, samples), an array or a tape.
        gain: at the hop borders, (hops + 1,), applied on the way in.

    Yields:
        The first sample of a block, and the filtered block in float64.
    """
    state = np.zeros((len(sections), *audio.shape[:-1], 2))
    for start in range(0, audio.shape[-1], BLOCK):
        block = audio[..., start : start + BLOCK]
        if gain is not None:
            block = apply_gain(block.copy(), gain[start // HOP : (start + BLOCK) // HOP + 1])
        block, state = sosfilt(sections, block, zi=state)
        yield start, block


class Filter:
    """Sections that remember: the blocks that pass through are one long sound.

    Args:
        sections: (sections, 6).
    """

    def __init__(self, sections: np.ndarray):
        self._sections = sections
        self._state: np.ndarray | None = None

    def process(self, block: np.ndarray) -> np.ndarray:
        """Filter the next block, (samples,) or (2, samples) float32, where it lies, and return it."""
        if self._state is None:
            self._state = np.zeros((len(self._sections), *block.shape[:-1], 2))
        for start in range(0, block.shape[-1], BLOCK):
            piece = block[..., start : start + BLOCK]
            piece[...], self._state = sosfilt(self._sections, piece, zi=self._state)
        return block

    def forget(self) -> None:
        """Begin again, as if only silence had come before."""
        self._state = None


def filter_in_place(sections: np.ndarray, audio: np.ndarray) -> np.ndarray:
    """Filter a whole float32 sound where it lies, and return it."""
    return Filter(sections).process(audio)


def _angle(frequency_hz: float, q: float) -> tuple[float, float]:
    """cos ω and the cookbook's alpha = sin ω / 2q."""
    w = 2.0 * np.pi * frequency_hz / SAMPLE_RATE
    return np.cos(w), np.sin(w) / (2.0 * q)


def _section(b: tuple[float, float, float], a: tuple[float, float, float]) -> np.ndarray:
    return np.array([[*b, *a]]) / a[0]
