"""The critic: refuses tunes that no musician of the style would write, and leaves the rest alone.

It compares a phrase with ranges that were measured on the style's real phrases. It vetoes, it never ranks:
picking the most typical candidate would make every tune the same.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from aimusic.composer.chart import Chart
from aimusic.composer.vocabulary import NO_CHORD, chord_of

PHRASE_BARS = 4  # what is measured at a time: shares and counts of longer stretches differ
STEPWISE = 2  # semitones
MEASURES = ("range", "steps", "leaps", "repeats", "variety", "notes", "rhythm", "rests", "chord_tones")


def measure(
    chart: Chart, start: int, end: int, onsets: Sequence[int], pitches: Sequence[int], durations: Sequence[int]
) -> dict[str, float]:
    """Describe a few bars, the notes with onsets in [start, end); empty where it has fewer than three notes.

    range: semitones; steps, leaps (more than a fifth), repeats: shares of the intervals; variety: different
    pitches per note; notes: per quarter; rhythm: different steps per note; rests: share of the time that is
    silent; chord_tones: share on the beats.
    """
    if len(onsets) < 3:
        return {}
    moves = abs(np.diff(pitches))
    on_beat = [
        pitch % 12 in chord_of(chord).pitch_classes
        for onset, pitch in zip(onsets, pitches, strict=True)
        if onset % chart.metre.beat_ticks == 0 and (chord := chart.chord(onset)) != NO_CHORD
    ]
    values = {
        "range": float(max(pitches) - min(pitches)),
        "steps": float(((moves > 0) & (moves <= STEPWISE)).mean()),
        "leaps": float((moves > 7).mean()),
        "repeats": float((moves == 0).mean()),
        "variety": len(set(pitches)) / len(pitches),
        "notes": len(onsets) * 12 / (end - start),
        "rhythm": len(set(np.diff(onsets).tolist())) / len(onsets),
        "rests": 1 - sum(min(d, end - o) for o, d in zip(onsets, durations, strict=True)) / (end - start),
    }
    return values | ({"chord_tones": float(np.mean(on_beat))} if on_beat else {})


def objections(values: Mapping[str, float], ranges: Mapping[str, tuple[float, ...]]) -> tuple[str, ...]:
    """The measures that fall outside the style's ranges."""
    return tuple(
        name
        for name, value in values.items()
        if name in ranges and not ranges[name][0] <= value <= ranges[name][1]
    )


def learn_ranges(phrases: Sequence[Mapping[str, float]], share: float = 0.8) -> dict[str, tuple[float, float]]:
    """For each measure the central `share` of the real phrases."""
    ranges = {}
    for name in MEASURES:
        values = [phrase[name] for phrase in phrases if name in phrase]
        if values:
            low, high = np.quantile(values, [(1 - share) / 2, (1 + share) / 2])
            ranges[name] = (round(float(low), 4), round(float(high), 4))
    return ranges
