"""Songs -> integer rows -> batches. Every row is computed once, by the functions that composing uses.

A `Lesson` is one song as the rows of its network: inputs and targets, one entry per event. Batches are windows of
lessons, drawn from named streams, with parts of the plan hidden at random so that the networks can do without.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from aimusic.composer.chart import CENTRE, UNKNOWN, Changes, Chart, Tune, density_class, phrases_of
from aimusic.composer.features import (
    CHORD_INPUT,
    DENSITIES,
    DURATION_INPUT,
    LENGTH_INPUT,
    MELODY_INPUT,
    PHRASE_PLACES,
    PITCH_INPUT,
    Features,
    before_duration,
    before_length,
    before_pitch,
)
from aimusic.composer.vocabulary import (
    CHORD_GRID,
    MAX_DURATION,
    PITCH_LOW,
    PITCHES,
    QUALITY_NAMES,
    REST,
    encode_chords,
    encode_melody,
)
from aimusic.music.chance import stream
from aimusic.music.rhythm import METRES, TICKS_PER_QUARTER
from aimusic.music.score import ChordSpan, Note
from aimusic.training.corpus import Song

IGNORE = -100  # target of a head that has nothing to learn at a step
TABLES = {"melody": (MELODY_INPUT, PITCH_INPUT, DURATION_INPUT), "chords": (CHORD_INPUT, LENGTH_INPUT)}


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """A song as integers.

    Attributes:
        inputs: for each table of the part its rows, (events, columns), int16.
        targets: (events, heads), int16, IGNORE where a head has nothing to learn.
        styles: names of the styles it teaches.
    """

    id: str
    styles: tuple[str, ...]
    inputs: tuple[np.ndarray, ...]
    targets: np.ndarray

    def __len__(self) -> int:
        return len(self.targets)


@dataclass(frozen=True, slots=True)
class Hiding:
    """How often a window loses its style, its references, its phrases, its density, its chord qualities."""

    style: float = 0.1
    reference: float = 0.15
    phrase: float = 0.15
    density: float = 0.3
    quality: float = 0.15


def fit_melody(melody: Sequence[Note]) -> tuple[Note, ...]:
    """The melody in the vocabulary's register: moved by octaves, long notes cut, stray pitches left out."""
    if not melody:
        return ()
    octaves = round((CENTRE - float(np.mean([note.pitch for note in melody]))) / 12)
    return tuple(
        Note(note.onset_ticks, note.pitch + 12 * octaves, min(note.length_ticks, MAX_DURATION))
        for note in melody
        if 0 <= note.pitch + 12 * octaves - PITCH_LOW < PITCHES
    )


def fit_chords(spans: Sequence[ChordSpan], beat_ticks: int) -> tuple[ChordSpan, ...]:
    """The chords with every change on the nearest beat; chords that vanish by it are left out, equal ones join."""

    def nearest(tick: int) -> int:
        return (tick + beat_ticks // 2) // beat_ticks * beat_ticks

    fitted: list[ChordSpan] = []
    for span in spans:
        start, end = nearest(span.onset_ticks), nearest(span.end_ticks)
        chord = replace(span.chord, bass=None)
        if fitted and fitted[-1].chord == chord:
            fitted[-1] = replace(fitted[-1], length_ticks=end - fitted[-1].onset_ticks)
        elif end > start:
            fitted.append(ChordSpan(start, end - start, chord))
    return tuple(fitted)


def chart_of(song: Song, style: str) -> Chart:
    """What the networks may know of a song before its notes."""
    metre = METRES[song.metre]
    phrase_bar, bars_left = phrases_of(song.phrase_starts, song.bars)
    density = [UNKNOWN] * song.bars
    if song.melody:
        counts = np.bincount([note.onset_ticks // metre.bar_ticks for note in song.melody], minlength=song.bars)
        for start in range(0, song.bars, 4):
            group = counts[start : start + 4]
            per_quarter = float(group.sum()) * TICKS_PER_QUARTER / (len(group) * metre.bar_ticks)
            density[start : start + len(group)] = [density_class(per_quarter)] * len(group)
    chords = fit_chords(song.chords, metre.beat_ticks)
    return Chart(style, song.mode, metre, song.references, phrase_bar, bars_left, tuple(density), chords)


def melody_lesson(song: Song, features: Features) -> Lesson:
    """The rows of a song's melody; the style's column is filled in when a batch is drawn."""
    chart, tune = chart_of(song, ""), Tune()
    events = encode_melody(fit_melody(song.melody))
    inputs, pitches, durations, targets = [], [], [], []
    for event in events:
        inputs.append(features.before_note(chart, tune))
        if event.step == REST:
            pitches.append([0] * len(PITCH_INPUT.sizes))
            durations.append([0] * len(DURATION_INPUT.sizes))
            targets.append((REST, IGNORE, IGNORE))
        else:
            pitches.append(before_pitch(chart, tune, event.step))
            durations.append(before_duration(chart, tune, event.step, event.pitch))
            targets.append(event)
        tune.add(event)
    return _lesson(song, (inputs, pitches, durations), targets)


def chord_lesson(song: Song, features: Features) -> Lesson:
    """The rows of a song's chords."""
    chart, changes = chart_of(song, ""), Changes()
    events = encode_chords(chart.chords, chart.metre.bar_ticks)
    inputs, lengths = [], []
    for event in events:
        inputs.append(features.before_chord(chart, changes))
        lengths.append(before_length(chart, changes, event.chord))
        changes.add(event, (event.length + 1) * CHORD_GRID)
    return _lesson(song, (inputs, lengths), events)


def _lesson(song: Song, inputs: tuple[list, ...], targets: list) -> Lesson:
    arrays = tuple(np.asarray(rows, np.int16) for rows in inputs)
    return Lesson(song.id, song.styles, arrays, np.asarray(targets, np.int16))


def lessons_of(songs: Sequence[Song], part: str, styles: Sequence[str]) -> list[Lesson]:
    """The lessons of all songs that have this part ("melody" or "chords"), in the songs' order."""
    features = Features(styles)
    if part == "melody":
        return [melody_lesson(song, features) for song in songs if len(song.melody) > 1]
    return [chord_lesson(song, features) for song in songs if len(song.chords) > 1]


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Windows side by side: `inputs` (batch, time, columns) per table, `targets` (batch, time, heads), int64."""

    inputs: tuple[np.ndarray, ...]
    targets: np.ndarray


def windows(lessons: Sequence[Lesson], length: int, rng: np.random.Generator | None) -> list[tuple[int, int]]:
    """(lesson, start) of windows that cover every event: once each, or shifted and shuffled by `rng`."""
    found = []
    for index, lesson in enumerate(lessons):
        first = 0 if rng is None else -int(rng.integers(length))
        found += [(index, max(0, start)) for start in range(first, len(lesson), length) if start + length > 0]
    return found if rng is None else [found[place] for place in rng.permutation(len(found))]


def batch_of(part: str, lessons: Sequence[Lesson], chosen: Sequence[tuple[int, int]], length: int) -> Batch:
    """Cut windows out of lessons; what is shorter is padded with rows of zeros and ignored targets."""
    tables = TABLES[part]
    inputs = tuple(np.zeros((len(chosen), length, len(table.sizes)), np.int64) for table in tables)
    heads = lessons[0].targets.shape[1]
    targets = np.full((len(chosen), length, heads), IGNORE, np.int64)
    for place, (index, start) in enumerate(chosen):
        lesson = lessons[index]
        size = min(length, len(lesson) - start)
        for array, rows in zip(inputs, lesson.inputs, strict=True):
            array[place, :size] = rows[start : start + size]
        targets[place, :size] = lesson.targets[start : start + size]
    return Batch(inputs, targets)


def training_batches(
    part: str,
    lessons: Sequence[Lesson],
    styles: Sequence[str],
    *,
    seed: int,
    epoch: int,
    batch: int,
    length: int,
    hiding: Hiding,
) -> Iterator[Batch]:
    """One epoch of batches; the same arguments give the same batches."""
    rng = stream(seed, "batches", part, epoch)
    order = windows(lessons, length, rng)
    for first in range(0, len(order), batch):
        chosen = order[first : first + batch]
        made = batch_of(part, lessons, chosen, length)
        _name_styles(part, made, [lessons[index].styles for index, _ in chosen], styles, rng)
        _hide(part, made, hiding, rng)
        yield made


def style_batches(
    part: str, lessons: Sequence[Lesson], styles: Sequence[str], style: str, *, batch: int, length: int
) -> Iterator[Batch]:
    """Every event once, in order, nothing hidden, all read as one style ("" for none): to measure with."""
    order = windows(lessons, length, None)
    token = 0 if style == "" else 1 + list(styles).index(style)
    for first in range(0, len(order), batch):
        made = batch_of(part, lessons, order[first : first + batch], length)
        made.inputs[0][..., TABLES[part][0].column("style")] = token
        yield made


def _name_styles(part: str, made: Batch, names: list, styles: Sequence[str], rng: np.random.Generator) -> None:
    """Write a style token into every window; a song of several styles teaches one of them at a time."""
    column = TABLES[part][0].column("style")
    for place, own in enumerate(names):
        known = [1 + list(styles).index(name) for name in own if name in styles]
        made.inputs[0][place, :, column] = known[int(rng.integers(len(known)))] if known else 0


def _hide(part: str, made: Batch, hiding: Hiding, rng: np.random.Generator) -> None:
    """Replace columns of some windows by their "not known" values."""
    chosen = {name: rng.random(len(made.targets)) < getattr(hiding, name) for name in Hiding.__slots__}
    hide_references(part, made.inputs, chosen["reference"])
    for table, rows in zip(TABLES[part], made.inputs, strict=True):
        for column, name in enumerate(table.names):
            values = rows[..., column]
            if name == "style":
                values[chosen["style"]] = 0
            elif name in ("phrase_bar", "bars_left"):
                values[chosen["phrase"]] = PHRASE_PLACES - 1
            elif name == "density":
                values[chosen["density"]] = DENSITIES - 1
            elif name.endswith("quality") and part == "melody":
                values[chosen["quality"]] = _TRIADS[values[chosen["quality"]]]


def hide_references(part: str, inputs: Sequence[np.ndarray], where: np.ndarray | slice) -> None:
    """Take away what the referred bars say, in place; `where` selects along the first axis of the rows."""
    for table, rows in zip(TABLES[part], inputs, strict=True):
        for column, (name, size) in enumerate(zip(table.names, table.sizes, strict=True)):
            if name.endswith("_reference"):
                rows[..., column][where] = 0 if name.startswith("state") else size - 1


def _triad(name: str) -> str:
    minor = name.startswith(("min", "m7", "m6", "dim")) and name != "maj7"
    return "min" if minor else "maj"


_TRIADS = np.array([*(QUALITY_NAMES.index(_triad(name)) for name in QUALITY_NAMES), len(QUALITY_NAMES)])


def notes_in(targets: np.ndarray) -> int:
    """How many events of a batch are notes or chords, not rests or padding."""
    return int((targets[..., 1] != IGNORE).sum())
