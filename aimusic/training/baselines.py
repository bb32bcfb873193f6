"""What a network must beat: the style's own Witten-Bell trigrams, one for each head.

Each head gets the two symbols of context that served it best on validation songs (docs/training.md), so
the baseline is a strong one: steps and lengths know the place in the bar or the durations around them.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from aimusic.composer.features import CHORD_INPUT, MELODY_INPUT, PITCH_INPUT
from aimusic.composer.ngram import NGram
from aimusic.composer.vocabulary import CHORD_LENGTHS, CHORDS, DURATIONS, PITCHES, STEPS
from aimusic.training.batches import IGNORE, Lesson

ORDER = 3
SIZES = {"melody": (STEPS, PITCHES, DURATIONS), "chords": (CHORDS, CHORD_LENGTHS)}


def _shifted(symbols: np.ndarray, size: int) -> np.ndarray:
    """The two symbols before each one, oldest first, shape (symbols, 2); `size` before the start."""
    padded = np.concatenate([[size, size], symbols])
    return np.stack([padded[:-2], padded[1:-1]], 1)


def contexts(part: str, lesson: Lesson) -> list[tuple[np.ndarray, np.ndarray]]:
    """For each head the contexts, (events, 2), and the symbols, (events,), of what it has to say."""
    first = lesson.inputs[0]
    if part == "chords":
        place, length = (first[:, CHORD_INPUT.column(name)] for name in ("place", "last_length"))
        chords, lengths = lesson.targets.T
        return [(_shifted(chords, CHORDS), chords), (np.stack([place, length], 1), lengths)]
    step, duration = (first[:, MELODY_INPUT.column(name)] for name in ("last_step", "last_duration"))
    place = lesson.inputs[1][:, PITCH_INPUT.column("place")]
    steps, pitches, durations = lesson.targets.T
    notes = pitches != IGNORE
    return [
        (np.stack([step, duration], 1), steps),
        (_shifted(pitches[notes], PITCHES), pitches[notes]),
        (np.stack([place, duration], 1)[notes], durations[notes]),
    ]


@dataclass(frozen=True, slots=True, eq=False)
class Baseline:
    """The trigrams of a part's heads, learned from a style's training songs."""

    part: str
    heads: tuple[NGram, ...]

    @classmethod
    def learn(cls, part: str, lessons: Iterable[Lesson]) -> "Baseline":
        heads = tuple(NGram(size, ORDER) for size in SIZES[part])
        for lesson in lessons:
            for gram, (rows, symbols) in zip(heads, contexts(part, lesson), strict=True):
                for context, symbol in zip(rows.tolist(), symbols.tolist(), strict=True):
                    gram.learn(context, symbol)
        return cls(part, heads)

    def bits(self, lessons: Sequence[Lesson], order: int = ORDER) -> list[float]:
        """Mean bits per note (or chord) of each head; `order` 1 is the unigram."""
        totals, events = [0.0] * len(self.heads), 0
        for lesson in lessons:
            for head, (rows, symbols) in enumerate(contexts(self.part, lesson)):
                gram = self.heads[head]
                for context, symbol in zip(rows.tolist(), symbols.tolist(), strict=True):
                    totals[head] -= math.log2(gram.probability(context, symbol, order))
            events += int((lesson.targets[:, 1] != IGNORE).sum())
        return [total / events for total in totals]
