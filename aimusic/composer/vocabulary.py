"""Lead sheet <-> integers, by arithmetic on named offsets. Knows no PyTorch.

Everything is written in the network's view: transposed to C major or A minor, 12 ticks to a quarter.
A melody is a sequence of events (step, pitch, duration), a harmony one of events (chord, length).
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from aimusic.music.harmony import QUALITIES, Chord
from aimusic.music.score import ChordSpan, Note

VERSION = 1  # raise it whenever an integer below changes its meaning: old weights are then refused

# Melody: the step is the time from the event before, in ticks. REST waits MAX_STEP ticks without a note.
MAX_STEP = 96
REST = MAX_STEP + 1
STEPS = REST + 1
PITCH_LOW = 36
PITCHES = 72
NO_PITCH = PITCHES
MAX_DURATION = 96
DURATIONS = MAX_DURATION  # class 0 is one tick
NO_DURATION = DURATIONS

# Harmony: chord = root * len(QUALITY_NAMES) + quality; NO_CHORD where the chords are not known. An event
# never crosses a bar line; its length counts eighth notes, class 0 is one eighth.
QUALITY_NAMES = tuple(QUALITIES)
ROOTS = 12
CHORDS = ROOTS * len(QUALITY_NAMES)
NO_CHORD = CHORDS
CHORD_GRID = 6
CHORD_LENGTHS = 8
NO_LENGTH = CHORD_LENGTHS

_QUALITY_INDEX = {name: index for index, name in enumerate(QUALITY_NAMES)}


class NoteEvent(NamedTuple):
    """One step of the melody network: three classes. A rest has neither pitch nor duration."""

    step: int
    pitch: int
    duration: int


class ChordEvent(NamedTuple):
    """One step of the chord network: two classes."""

    chord: int
    length: int


WAIT = NoteEvent(REST, NO_PITCH, NO_DURATION)


def encode_melody(notes: Iterable[Note]) -> list[NoteEvent]:
    """Notes of a monophonic, sorted melody as events; a gap of more than MAX_STEP ticks becomes rests.

    Raises ValueError for a pitch, a duration or an order that the vocabulary cannot hold.
    """
    events, now = [], 0
    for note in notes:
        gap = note.onset_ticks - now
        if gap < 0 or not (0 <= note.pitch - PITCH_LOW < PITCHES) or not 1 <= note.length_ticks <= MAX_DURATION:
            raise ValueError(f"the vocabulary cannot hold {note} at tick {now}")
        rests = max(0, (gap - 1) // MAX_STEP)
        events += [WAIT] * rests
        events.append(NoteEvent(gap - rests * MAX_STEP, note.pitch - PITCH_LOW, note.length_ticks - 1))
        now = note.onset_ticks
    return events


def decode_melody(events: Iterable[NoteEvent]) -> tuple[Note, ...]:
    """The notes that the events stand for."""
    notes, now = [], 0
    for event in events:
        now += MAX_STEP if event.step == REST else event.step
        if event.step != REST:
            notes.append(Note(now, event.pitch + PITCH_LOW, event.duration + 1))
    return tuple(notes)


def chord_class(chord: Chord) -> int:
    """The class of a chord; its bass is the arranger's affair and is not kept."""
    return chord.root * len(QUALITY_NAMES) + _QUALITY_INDEX[chord.quality]


def chord_of(index: int) -> Chord:
    """The chord of a class below NO_CHORD."""
    root, quality = divmod(index, len(QUALITY_NAMES))
    return Chord(root, QUALITY_NAMES[quality])


def encode_chords(spans: Sequence[ChordSpan], bar_ticks: int) -> list[ChordEvent]:
    """Chord spans, which begin at tick 0 and follow each other without gaps, as events cut at the bar lines.

    Raises ValueError where a chord does not begin and end on an eighth note.
    """
    events = []
    for span in spans:
        start = span.onset_ticks
        while start < span.end_ticks:
            end = min(span.end_ticks, (start // bar_ticks + 1) * bar_ticks)
            length, rest = divmod(end - start, CHORD_GRID)
            if rest or start % CHORD_GRID:
                raise ValueError(f"chords change on eighth notes, got {span}")
            events.append(ChordEvent(chord_class(span.chord), length - 1))
            start = end
    return events


def decode_chords(events: Iterable[ChordEvent]) -> tuple[ChordSpan, ...]:
    """The spans that the events stand for; neighbours with the same chord become one span."""
    spans: list[ChordSpan] = []
    now = 0
    for event in events:
        ticks = (event.length + 1) * CHORD_GRID
        chord = chord_of(event.chord)
        if spans and spans[-1].chord == chord:
            spans[-1] = ChordSpan(spans[-1].onset_ticks, spans[-1].length_ticks + ticks, chord)
        else:
            spans.append(ChordSpan(now, ticks, chord))
        now += ticks
    return tuple(spans)
