"""What the networks see at each step, as rows of integers.

A table names its columns; each column holds values 0 .. size-1 and has its own rows in the network's
embedding. The same functions walk a finished song in training and a growing one in composing, so the network
meets in composing what it learned from. "Nothing there" is always a column's last value.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from aimusic.composer.chart import UNKNOWN, Changes, Chart, Tune
from aimusic.composer.vocabulary import (
    CHORD_GRID,
    CHORD_LENGTHS,
    CHORDS,
    DURATIONS,
    MAX_STEP,
    NO_CHORD,
    NO_DURATION,
    NO_LENGTH,
    NO_PITCH,
    PITCHES,
    QUALITY_NAMES,
    ROOTS,
    STEPS,
)
from aimusic.music.rhythm import METRES

MAX_STYLES = 16  # style tokens a network has room for; 0 is "any style"
LOOK_BACKS = (1, 2, 4, 8)  # bars
SOURCES = (*(f"back{bars}" for bars in LOOK_BACKS), "reference")
PLACES = 48
PHRASE_PLACES = 17  # 0..15, and 16 where the phrase is not known
BARS_TO_END = 9
BEATS_TO_CHORD = 9
DENSITIES = 6
WIDEST = 24  # semitones; wider melodic intervals look the same
INTERVALS = 2 * WIDEST + 1
NO_INTERVAL = INTERVALS
NO_STEP = STEPS
NO_DEGREE = 12

_METRE_INDEX = {metre: index for index, metre in enumerate(METRES.values())}
_MODE_INDEX = {"major": 0, "minor": 1}


@dataclass(frozen=True)
class Table:
    """Named columns and their sizes; `offsets` is where each column's rows begin in the embedding."""

    names: tuple[str, ...]
    sizes: tuple[int, ...]

    @classmethod
    def of(cls, **columns: int) -> "Table":
        return cls(tuple(columns), tuple(columns.values()))

    @property
    def rows(self) -> int:
        return sum(self.sizes)

    @property
    def offsets(self) -> tuple[int, ...]:
        return tuple(sum(self.sizes[:column]) for column in range(len(self.sizes)))

    def column(self, name: str) -> int:
        return self.names.index(name)

    def columns(self, prefix: str) -> slice:
        """The neighbouring columns whose names begin with `prefix`."""
        found = [column for column, name in enumerate(self.names) if name.startswith(prefix)]
        assert found == list(range(found[0], found[-1] + 1))
        return slice(found[0], found[-1] + 1)


def _per_source(name: str, size: int) -> dict[str, int]:
    return {f"{name}_{source}": size for source in SOURCES}


PLAN_COLUMNS = {
    "style": MAX_STYLES,
    "mode": len(_MODE_INDEX),
    "metre": len(_METRE_INDEX),
    "phrase_bar": PHRASE_PLACES,
    "bars_left": PHRASE_PLACES,
    "to_end": BARS_TO_END,
}
HARMONY_COLUMNS = {
    "root": ROOTS + 1,
    "quality": len(QUALITY_NAMES) + 1,
    "next_root": ROOTS + 1,
    "next_quality": len(QUALITY_NAMES) + 1,
    "next_in": BEATS_TO_CHORD,
}

# Before a note: what was, and the step that followed the same place elsewhere.
MELODY_INPUT = Table.of(
    **PLAN_COLUMNS,
    density=DENSITIES,
    place=PLACES,
    last_step=STEPS + 1,
    last_pitch=PITCHES + 1,
    last_degree=NO_DEGREE + 1,
    last_duration=DURATIONS + 1,
    last_interval=INTERVALS + 1,
    **HARMONY_COLUMNS,
    **_per_source("step", STEPS + 1),
)
# Once the note's onset is known: where it falls, and what sounds at the same place elsewhere.
PITCH_INPUT = Table.of(
    place=PLACES,
    step=STEPS + 1,
    bars_left=PHRASE_PLACES,
    to_end=BARS_TO_END,
    last_degree=NO_DEGREE + 1,
    **HARMONY_COLUMNS,
    **_per_source("pitch", PITCHES + 1),
    **_per_source("degree", NO_DEGREE + 1),
    **_per_source("state", 3),  # silent, held, struck
)
# Once its pitch is known: the pitch, and the duration of what is struck at the same place elsewhere.
DURATION_INPUT = Table.of(
    pitch=PITCHES, degree=NO_DEGREE + 1, interval=INTERVALS + 1, **_per_source("duration", DURATIONS + 1)
)
# Before a chord: what was, and the chord at the same place elsewhere.
CHORD_INPUT = Table.of(
    **PLAN_COLUMNS,
    place=PLACES // CHORD_GRID,
    last_root=ROOTS + 1,
    last_quality=len(QUALITY_NAMES) + 1,
    last_length=CHORD_LENGTHS + 1,
    before_root=ROOTS + 1,
    before_quality=len(QUALITY_NAMES) + 1,
    **_per_source("chord", CHORDS + 1),
)
# Once the chord is known: itself, and how long the chord at the same place elsewhere still lasts.
LENGTH_INPUT = Table.of(
    place=PLACES // CHORD_GRID,
    root=ROOTS + 1,
    quality=len(QUALITY_NAMES) + 1,
    **_per_source("length", CHORD_LENGTHS + 1),
)


def interval_class(pitch: int, last: int) -> int:
    """Class of the melodic interval from `last` to `pitch`."""
    return max(-WIDEST, min(WIDEST, pitch - last)) + WIDEST


def degree(pitch: int, chord: int) -> int:
    """Semitones of a pitch class above the root of a chord; NO_DEGREE where either is missing."""
    if pitch == NO_PITCH or chord == NO_CHORD:
        return NO_DEGREE
    return (pitch - chord // len(QUALITY_NAMES)) % 12  # PITCH_LOW is a C


def _split(chord: int) -> tuple[int, int]:
    """Root and quality, each with its own "none"."""
    return (ROOTS, len(QUALITY_NAMES)) if chord == NO_CHORD else divmod(chord, len(QUALITY_NAMES))


def _phrase(value: int) -> int:
    return PHRASE_PLACES - 1 if value == UNKNOWN else min(value, PHRASE_PLACES - 2)


class Features:
    """Reads charts for networks that know the given style names."""

    def __init__(self, styles: Sequence[str]):
        self._token = {"": 0, **{name: index + 1 for index, name in enumerate(styles)}}

    def _plan(self, chart: Chart, bar: int) -> list[int]:
        return [
            self._token[chart.style],
            _MODE_INDEX[chart.mode],
            _METRE_INDEX[chart.metre],
            _phrase(chart.phrase_bar[bar]),
            _phrase(chart.bars_left[bar]),
            min(chart.bars - 1 - bar, BARS_TO_END - 1),
        ]

    def before_note(self, chart: Chart, tune: Tune) -> list[int]:
        """A row of MELODY_INPUT at the tune's last event."""
        now, last = tune.now, tune.last
        bar = chart.bar(now)
        pitch = NO_PITCH if last is None else last.pitch
        chord = chart.chord(now)
        density = chart.density[bar]
        leap = NO_INTERVAL
        if pitch != NO_PITCH and len(tune.pitches) > 1:
            leap = interval_class(pitch, tune.pitches[-2])
        return [
            *self._plan(chart, bar),
            DENSITIES - 1 if density == UNKNOWN else density,
            now % chart.metre.bar_ticks,
            NO_STEP if last is None else last.step,
            pitch,
            degree(pitch, chord),
            NO_DURATION if last is None else last.duration,
            leap,
            *_harmony(chart, now, chord),
            *(_step_there(chart, tune, there) for there in _places(chart, now)),
        ]

    def before_chord(self, chart: Chart, changes: Changes) -> list[int]:
        """A row of CHORD_INPUT at the end of the chords so far."""
        now = changes.now
        last, before = ([NO_CHORD, NO_CHORD, *changes.classes][-index] for index in (1, 2))
        length = NO_LENGTH
        if changes.onsets:
            length = min((now - changes.onsets[-1]) // CHORD_GRID - 1, CHORD_LENGTHS - 1)
        return [
            *self._plan(chart, chart.bar(now)),
            now % chart.metre.bar_ticks // CHORD_GRID,
            *_split(last),
            length,
            *_split(before),
            *(NO_CHORD if there is None else changes.at(there)[0] for there in _places(chart, now)),
        ]


def _places(chart: Chart, tick: int) -> list[int | None]:
    """The same place one, two, four and eight bars ago and in the referred bar; None before the start."""
    bar_ticks = chart.metre.bar_ticks
    backs = [tick - bars * bar_ticks for bars in LOOK_BACKS]
    return [*(there if there >= 0 else None for there in backs), chart.referred(tick)]


def _harmony(chart: Chart, tick: int, chord: int) -> list[int]:
    coming, ticks = chart.next_chord(tick)
    beats = min(ticks // chart.metre.beat_ticks, BEATS_TO_CHORD - 1)
    return [*_split(chord), *_split(coming), beats]


def _step_there(chart: Chart, tune: Tune, there: int | None) -> int:
    """Time from a place to the next known onset there; NO_STEP where there is none within MAX_STEP."""
    onset = None if there is None else tune.onset_after(there)
    return NO_STEP if onset is None or onset - there > MAX_STEP else onset - there


def before_pitch(chart: Chart, tune: Tune, step: int) -> list[int]:
    """A row of PITCH_INPUT for a note that enters `step` ticks after the tune's last event."""
    onset = tune.now + step
    bar = chart.bar(onset)
    chord = chart.chord(onset)
    last = tune.pitches[-1] if tune.pitches else NO_PITCH
    pitches, states = [], []
    for there in _places(chart, onset):
        index = None if there is None else tune.sounding(there)
        pitches.append(NO_PITCH if index is None else tune.pitches[index])
        states.append(0 if index is None else 1 + (tune.onsets[index] == there))
    return [
        onset % chart.metre.bar_ticks,
        step,
        _phrase(chart.bars_left[bar]),
        min(chart.bars - 1 - bar, BARS_TO_END - 1),
        degree(last, chord),
        *_harmony(chart, onset, chord),
        *pitches,
        *(degree(pitch, chord) for pitch in pitches),
        *states,
    ]


def before_duration(chart: Chart, tune: Tune, step: int, pitch: int) -> list[int]:
    """A row of DURATION_INPUT for a note whose onset and pitch are known."""
    onset = tune.now + step
    durations = []
    for there in _places(chart, onset):
        index = None if there is None else tune.sounding(there)
        struck = index is not None and tune.onsets[index] == there
        durations.append(tune.durations[index] - 1 if struck else NO_DURATION)
    interval = interval_class(pitch, tune.pitches[-1]) if tune.pitches else NO_INTERVAL
    return [pitch, degree(pitch, chart.chord(onset)), interval, *durations]


def before_length(chart: Chart, changes: Changes, chord: int) -> list[int]:
    """A row of LENGTH_INPUT for a chord that follows the chords so far."""
    lengths = []
    for there in _places(chart, changes.now):
        left = 0 if there is None else changes.at(there)[1] // CHORD_GRID
        lengths.append(min(left, CHORD_LENGTHS) - 1 if left else NO_LENGTH)
    return [changes.now % chart.metre.bar_ticks // CHORD_GRID, *_split(chord), *lengths]
