"""From performed or engraved notes to a written melody: on the grid, one note at a time."""

import numpy as np

from aimusic.music.rhythm import TICKS_PER_QUARTER
from aimusic.music.score import Note
from aimusic.training.corpus import MELODY_VELOCITY

_SIXTEENTHS = np.array([0, 3, 6, 9, 12])
_SEXTUPLETS = np.array([0, 2, 4, 6, 8, 10, 12])
_LEGATO = 0.6  # a performed note longer than this share of the way to the next is written legato


def monophonic(notes: list[tuple[int, int, int]]) -> tuple[Note, ...]:
    """Notes from (onset, length, pitch): the highest of those that start together, each cut at the next onset."""
    tops = {}
    for onset, length, pitch in sorted(notes, key=lambda note: (note[0], note[2])):
        if length > 0:
            tops[int(onset)] = (int(length), int(pitch))
    onsets = sorted(tops)
    ends = [*onsets[1:], onsets[-1] + tops[onsets[-1]][0]] if onsets else []
    return tuple(
        Note(onset, tops[onset][1], min(tops[onset][0], end - onset), MELODY_VELOCITY)
        for onset, end in zip(onsets, ends, strict=True)
    )


def off_grid_share(onsets_quarters: np.ndarray, tolerance_ticks: float = 0.35) -> float:
    """Share of onsets farther from every tick than the tolerance."""
    ticks = np.asarray(onsets_quarters, dtype=float) * TICKS_PER_QUARTER
    return float(np.mean(np.abs(ticks - np.round(ticks)) > tolerance_ticks)) if len(ticks) else 0.0


def quantise_beat(offsets: np.ndarray) -> np.ndarray:
    """Ticks (0-12) for the onsets within one performed beat, offsets from 0 to 1.

    A lone off-beat at .6 to .7 of the beat, with or without a note on the beat, is a swung eighth and is
    written straight; .667 with .833 are swung sixteenths. Otherwise the whole beat goes to sixteenths or to
    sextuplets: whichever keeps more notes apart, then whichever is nearer.
    """
    off_beat = offsets[offsets > 0.05]
    if len(off_beat) and 0.6 <= off_beat[0] <= 0.7 and np.all(off_beat[1:] > 0.8) and len(off_beat) <= 2:
        return np.where(offsets <= 0.05, 0, np.where(offsets <= 0.7, 6, 9))
    fits = []
    for grid in (_SIXTEENTHS, _SEXTUPLETS):
        ticks = grid[np.argmin(np.abs(offsets[:, None] * TICKS_PER_QUARTER - grid), axis=1)]
        error = np.abs(offsets * TICKS_PER_QUARTER - ticks).sum()
        fits.append((-len(np.unique(ticks)), error, len(fits), ticks))
    return min(fits, key=lambda fit: fit[:3])[3]


def written_lengths(onsets: np.ndarray, performed_ticks: np.ndarray, end_ticks: int) -> np.ndarray:
    """Lengths as one would write them: up to the next onset where nearly legato, else in sixteenths."""
    room = np.diff(np.append(onsets, end_ticks))
    short = np.maximum(2, 3 * np.ceil(performed_ticks / 3 - 1e-9)).astype(int)
    return np.where(performed_ticks >= _LEGATO * room, np.minimum(room, 4 * 48), np.minimum(short, room))
