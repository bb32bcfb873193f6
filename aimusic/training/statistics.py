"""What the critic and the planner's levels mean in a style: counted from its real phrases."""

from collections.abc import Sequence

import numpy as np

from aimusic.composer.critic import PHRASE_BARS, learn_ranges, measure
from aimusic.composer.vocabulary import PITCH_LOW
from aimusic.music.rhythm import METRES
from aimusic.training.batches import chart_of, fit_melody
from aimusic.training.corpus import Song

DENSITY_QUANTILES = (0.1, 0.3, 0.5, 0.7, 0.9)


def phrase_measures(song: Song) -> list[dict[str, float]]:
    """The critic's measures of every four bars of a song that hold a melody."""
    chart = chart_of(song, "")
    length = PHRASE_BARS * METRES[song.metre].bar_ticks
    notes = fit_melody(song.melody)
    found = []
    for start in range(0, song.bars * METRES[song.metre].bar_ticks - length + 1, length):
        own = [note for note in notes if start <= note.onset_ticks < start + length]
        rows = zip(*((n.onset_ticks, n.pitch - PITCH_LOW, n.length_ticks) for n in own), strict=True)
        values = measure(chart, start, start + length, *rows) if len(own) >= 3 else {}
        if values:
            found.append(values)
    return found


def style_statistics(songs: Sequence[Song]) -> dict[str, tuple[float, ...]]:
    """Ranges of the critic's measures, and the notes per quarter that the density levels 0 to 4 stand for."""
    phrases = [values for song in songs for values in phrase_measures(song)]
    density = np.quantile([values["notes"] for values in phrases], DENSITY_QUANTILES)
    return {**learn_ranges(phrases), "density": tuple(round(float(value), 3) for value in density)}
