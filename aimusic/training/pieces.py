"""What a reader hands over: a piece in its own key, or why there is none.

Readers know one format each. They do not transpose, label form, drop duplicates or split: `prepare.py` does.
"""

from dataclasses import dataclass

from aimusic.music.harmony import Chord, Key
from aimusic.music.rhythm import METRES
from aimusic.music.score import ChordSpan, Note


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece as it was read; onsets in ticks, bar 0 at tick 0.

    Attributes:
        file: unique within its data set.
        group: pieces of one group go to one split.
        metre: a key of `music.rhythm.METRES`.
        sections: (first bar, label) of the form, ascending; empty where nobody labelled it.
        split: train, validation or test where the collection says; else empty.
        dup_group: pieces of one such group are versions of the same music; only the first is used.
    """

    file: str
    title: str
    styles: tuple[str, ...]
    group: str
    licence: str
    share_alike: bool
    key: Key
    metre: str
    bars: int
    melody: tuple[Note, ...]
    chords: tuple[ChordSpan, ...]
    sections: tuple[tuple[int, str], ...] = ()
    split: str = ""
    dup_group: str = ""


@dataclass(frozen=True, slots=True)
class Rejection:
    """A piece that is not used, and the reason, in words that the report counts."""

    file: str
    reason: str


def chord_spans(events: list[tuple[int, Chord]], end_ticks: int) -> tuple[ChordSpan, ...]:
    """Chords from (onset, chord) events: equal neighbours join, the first reaches back to tick 0."""
    starts: list[tuple[int, Chord]] = []
    for onset, chord in sorted(events, key=lambda event: event[0]):
        if onset >= end_ticks:
            break
        if starts and starts[-1][0] == onset:
            starts.pop()
        if not starts or starts[-1][1] != chord:
            starts.append((onset, chord))
    if not starts:
        return ()
    onsets = [0, *(onset for onset, _ in starts[1:]), end_ticks]
    return tuple(
        ChordSpan(onset, after - onset, chord)
        for onset, after, (_, chord) in zip(onsets, onsets[1:], starts, strict=False)
    )


def group_name(title: str) -> str:
    """A title as letters and digits only, so that `Body And Soul-2` and `body and soul (2)` are one group."""
    return "".join(letter for letter in title.lower() if letter.isalnum())


def bar_ticks(metre: str) -> int:
    return METRES[metre].bar_ticks
