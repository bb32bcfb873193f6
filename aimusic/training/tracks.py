"""Which track sings, and its tune: skylines of staves, and the most melodic track of a band."""

import re
from dataclasses import dataclass

import numpy as np

MIN_LEAD_PITCH = 48
MIN_LEAD_NOTES = 24
MAX_TOGETHER = 0.35
MIN_LEADERSHIP = 0.06
BASS_PROGRAMS = range(32, 40)
EFFECT_PROGRAMS = range(96, 128)


@dataclass(frozen=True, slots=True)
class Track:
    """One track: General MIDI program, and notes (n, 3): onset and length in ticks, pitch; sorted by onset."""

    name: str
    program: int
    is_drum: bool
    notes: np.ndarray


def named_track(tracks: list[Track], pattern: str) -> Track | None:
    """The first pitched track whose name the pattern fits; case does not count."""
    fitting = (track for track in tracks if not track.is_drum and re.search(pattern, track.name, re.IGNORECASE))
    return next(fitting, None)


def skyline(notes: np.ndarray) -> list[tuple[int, int, int]]:
    """The upper line of a staff: notes that begin below one that still sounds belong to the accompaniment.

    Args:
        notes: shape (n, 3), sorted by onset.
    """
    line: list[tuple[int, int, int]] = []
    top_end, top_pitch = 0, -1
    for onset, length, pitch in sorted(map(tuple, notes.tolist()), key=lambda note: (note[0], -note[2])):
        if onset < top_end - 1 and pitch < top_pitch:
            continue
        if line and line[-1][0] == onset:
            continue
        line.append((onset, length, pitch))
        top_end, top_pitch = onset + length, pitch
    return line


def lead_tracks(tracks: list[Track], bar_ticks: int, count: int = 1) -> list[Track]:
    """The most melodic tracks of a band, the best first; none where no track sings.

    A lead plays one note at a time above the bass, moves more than it repeats, mostly by small steps, does
    not play the same bar all the time, and plays for a good part of the piece.
    """
    scored = sorted((-leadership(track, bar_ticks), number) for number, track in enumerate(tracks))
    return [tracks[number] for score, number in scored[:count] if -score >= MIN_LEADERSHIP]


def leadership(track: Track, bar_ticks: int) -> float:
    """How much a track behaves like a lead, 0 to 1.2."""
    notes = track.notes
    if track.is_drum or track.program in BASS_PROGRAMS or track.program in EFFECT_PROGRAMS:
        return 0.0
    if len(notes) < MIN_LEAD_NOTES or notes[:, 2].mean() < MIN_LEAD_PITCH:
        return 0.0
    onsets, counts = np.unique(notes[:, 0], return_counts=True)
    together = float(np.mean(counts > 1))
    if together > MAX_TOGETHER:
        return 0.0
    steps = np.abs(np.diff(np.array([pitch for _, _, pitch in skyline(notes)])))
    if not len(steps):
        return 0.0
    moving = float(np.mean(steps > 0))
    small = float(np.mean(steps[steps > 0] <= 4)) if moving else 0.0
    share = min(1.0, len(onsets) / 96)
    register = min(1.0, max(0.2, (notes[:, 2].mean() - 42) / 18))
    return (1 - together) * moving * (0.2 + small) * _variety(notes, bar_ticks) * share * register


def _variety(notes: np.ndarray, bar_ticks: int) -> float:
    """Share of different bars among those in which the track plays, at least .1."""
    bars: dict[int, list[tuple[int, int]]] = {}
    for onset, _, pitch in notes.tolist():
        bars.setdefault(onset // bar_ticks, []).append((onset % bar_ticks, pitch))
    return max(0.1, len({tuple(sorted(bar)) for bar in bars.values()}) / max(1, len(bars)))


def jumpiness(line: list[tuple[int, int, int]]) -> float:
    """Mean size of the intervals of a line, in semitones; sung lines have about two and a half."""
    pitches = np.array([pitch for _, _, pitch in line])
    return float(np.abs(np.diff(pitches)).mean()) if len(pitches) > 1 else 0.0
