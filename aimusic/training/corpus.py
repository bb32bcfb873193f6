"""The corpus: every data set as songs of one form, ready to learn from.

A song is transposed to C major or A minor. Onsets and lengths are ticks; bar 0 begins at tick 0.
"""

from dataclasses import dataclass

from aimusic.music.score import ChordSpan, Note


@dataclass(frozen=True, slots=True)
class Song:
    """One piece of training music.

    Attributes:
        id: `data set/file`, unique. styles: names of the styles it teaches. split: train, validation or test.
        mode: "major" (tonic C) or "minor" (tonic A). metre: a key of `music.rhythm.METRES`.
        melody: monophonic and sorted, velocity 80; empty for chord-only data sets.
        chords: without gaps from tick 0 to the end; empty where they could not be read.
        references: for each bar the earlier bar that it repeats, or None (labelled or found automatically).
        phrase_starts: bars in which a phrase or section begins, ascending, first 0.
    """

    id: str
    dataset: str
    title: str
    styles: tuple[str, ...]
    split: str
    licence: str
    share_alike: bool
    mode: str
    metre: str
    bars: int
    melody: tuple[Note, ...]
    chords: tuple[ChordSpan, ...]
    references: tuple[int | None, ...]
    phrase_starts: tuple[int, ...]
