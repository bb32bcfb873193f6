"""What is decided about a piece before its notes: the chart that both networks read.

It is written in the network's view, in C major or A minor. Training makes charts from songs, composing from
plans, and from here on nobody can tell them apart. `Tune` and `Changes` are what has been written so far.
"""

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property

from aimusic.composer.vocabulary import MAX_STEP, NO_CHORD, PITCH_LOW, REST, ChordEvent, NoteEvent, chord_class
from aimusic.music.rhythm import Metre
from aimusic.music.score import ChordSpan, Note

TONIC = {"major": 0, "minor": 9}  # pitch class of the tonic in the network's view
LONGEST_PHRASE = 16  # bars; a longer stretch without a phrase mark says nothing about phrases
UNKNOWN = -1
CENTRE = 72  # tunes are seen around this pitch: training moves its songs there by octaves
DENSITY_STEPS = (0.5, 0.9, 1.4, 2.2)  # notes per quarter that separate the density classes


@dataclass(frozen=True)
class Chart:
    """The frame of a piece, one entry per bar.

    Attributes:
        style: name of the style, "" where it is not known.
        references: the earlier bar that each bar repeats, or None.
        phrase_bar, bars_left: place in the phrase from its start and from its end, or UNKNOWN.
        density: 0 (sparse) to 4 (busy) on one scale for all styles, or UNKNOWN.
        chords: without gaps from tick 0; empty where unknown.
    """

    style: str
    mode: str
    metre: Metre
    references: tuple[int | None, ...]
    phrase_bar: tuple[int, ...]
    bars_left: tuple[int, ...]
    density: tuple[int, ...]
    chords: tuple[ChordSpan, ...] = ()

    @property
    def bars(self) -> int:
        return len(self.references)

    @cached_property
    def _chord_onsets(self) -> list[int]:
        return [span.onset_ticks for span in self.chords]

    @cached_property
    def _chord_classes(self) -> list[int]:
        return [chord_class(span.chord) for span in self.chords]

    def bar(self, tick: int) -> int:
        """The bar that holds a tick; the last bar has no end."""
        return min(tick // self.metre.bar_ticks, self.bars - 1)

    def chord(self, tick: int) -> int:
        """Class of the chord that governs a tick."""
        return self._chord_classes[bisect_right(self._chord_onsets, tick) - 1] if self.chords else NO_CHORD

    def next_chord(self, tick: int) -> tuple[int, int]:
        """Class of the chord after the one that governs a tick, and in how many ticks it enters."""
        index = bisect_right(self._chord_onsets, tick)
        if index >= len(self.chords):
            return NO_CHORD, self.bars * self.metre.bar_ticks
        return self._chord_classes[index], self._chord_onsets[index] - tick

    def referred(self, tick: int) -> int | None:
        """The same place in the bar that this tick's bar repeats, or None."""
        bar = self.bar(tick)
        reference = self.references[bar]
        return None if reference is None else tick + (reference - bar) * self.metre.bar_ticks


def phrases_of(starts: tuple[int, ...], bars: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """`phrase_bar` and `bars_left` of every bar, from the bars in which phrases start."""
    index, left = [], []
    for start, end in zip(starts, (*starts[1:], bars), strict=True):
        known = end - start <= LONGEST_PHRASE
        index += [bar - start if known else UNKNOWN for bar in range(start, end)]
        left += [end - 1 - bar if known else UNKNOWN for bar in range(start, end)]
    return tuple(index), tuple(left)


def density_class(notes_per_quarter: float) -> int:
    """Class of a density, on one scale for all styles."""
    return sum(notes_per_quarter >= step for step in DENSITY_STEPS)


class Tune:
    """The melody so far: sorted, monophonic, with look-ups by time. Pitches are classes (36 is 0).

    Attributes:
        now: tick of the last event. last: that event, or None at the start.
    """

    __slots__ = ("durations", "last", "now", "onsets", "pitches")

    def __init__(self) -> None:
        self.now = 0
        self.last: NoteEvent | None = None
        self.onsets: list[int] = []
        self.pitches: list[int] = []
        self.durations: list[int] = []  # in ticks

    def copy(self) -> "Tune":
        twin = Tune()
        twin.now, twin.last = self.now, self.last
        twin.onsets, twin.pitches, twin.durations = self.onsets[:], self.pitches[:], self.durations[:]
        return twin

    def add(self, event: NoteEvent) -> None:
        """Write the next event."""
        self.last = event
        if event.step == REST:
            self.now += MAX_STEP
            return
        self.now += event.step
        self.onsets.append(self.now)
        self.pitches.append(event.pitch)
        self.durations.append(event.duration + 1)

    def sounding(self, tick: int) -> int | None:
        """Index of the note that sounds at a tick, or None."""
        index = bisect_right(self.onsets, tick) - 1
        return index if index >= 0 and tick < self.onsets[index] + self.durations[index] else None

    def onset_after(self, tick: int) -> int | None:
        """The first onset later than a tick, or None."""
        index = bisect_right(self.onsets, tick)
        return self.onsets[index] if index < len(self.onsets) else None

    def between(self, start: int, end: int) -> range:
        """Indices of the notes that begin in [start, end)."""
        return range(bisect_right(self.onsets, start - 1), bisect_right(self.onsets, end - 1))

    def notes(self) -> tuple[Note, ...]:
        rows = zip(self.onsets, self.pitches, self.durations, strict=True)
        return tuple(Note(onset, pitch + PITCH_LOW, duration) for onset, pitch, duration in rows)


class Changes:
    """The chords so far: classes and onsets of events that follow each other without gaps."""

    __slots__ = ("classes", "ends", "now", "onsets")

    def __init__(self) -> None:
        self.now = 0
        self.classes: list[int] = []
        self.onsets: list[int] = []
        self.ends: list[int] = []

    def copy(self) -> "Changes":
        twin = Changes()
        twin.now, twin.classes, twin.onsets, twin.ends = self.now, self.classes[:], self.onsets[:], self.ends[:]
        return twin

    def add(self, event: ChordEvent, ticks: int) -> None:
        """Write the next chord; `ticks` is its exact length, which an ending may cut short."""
        self.classes.append(event.chord)
        self.onsets.append(self.now)
        self.now += ticks
        self.ends.append(self.now)

    def at(self, tick: int) -> tuple[int, int]:
        """Class of the chord at a tick and the ticks until it ends; NO_CHORD, 0 outside what is written."""
        if not 0 <= tick < self.now:
            return NO_CHORD, 0
        index = bisect_right(self.onsets, tick) - 1
        return self.classes[index], self.ends[index] - tick
