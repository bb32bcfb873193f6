"""Chords: what the plan, the cadence or a repeated bar prescribes, and between them what the network writes.

Eight candidates are written for each phrase. One is drawn in proportion to how strongly it leads into the chords
that were prescribed, so that a phrase approaches its cadence although the cadence was decided before it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from aimusic.composer.chart import TONIC, Changes, Chart
from aimusic.composer.checkpoint import Checkpoint
from aimusic.composer.features import Features, before_length
from aimusic.composer.inference import ChordStep
from aimusic.composer.sampling import CANDIDATES, draw, log_softmax
from aimusic.composer.vocabulary import (
    CHORD_GRID,
    CHORD_LENGTHS,
    CHORDS,
    QUALITY_NAMES,
    ChordEvent,
    chord_class,
    chord_of,
)
from aimusic.errors import InvalidStyle
from aimusic.music.chance import choose, stream
from aimusic.music.harmony import Chord, roman
from aimusic.music.request import Plan
from aimusic.music.rhythm import Metre
from aimusic.music.score import ChordSpan
from aimusic.style import Style

TUNE_WEIGHT = 8.0  # nats between a chord that holds all of a given tune and one that holds nothing of it
_CHORD_TONES = np.array(
    [[pitch in chord_of(k).pitch_classes for pitch in range(12)] for k in range(CHORDS)], float
)


@dataclass(frozen=True, slots=True, eq=False)
class ChordBrain:
    """A style's chord network, ready to write."""

    step: ChordStep
    features: Features
    checkpoint: Checkpoint

    @classmethod
    def of(cls, checkpoint: Checkpoint) -> "ChordBrain":
        return cls(ChordStep(checkpoint.weights), Features(checkpoint.card.styles), checkpoint)


def divide(metre: Metre, count: int) -> list[int]:
    """Where `count` chords that share a bar begin, and the bar's end: on beats as far as there are enough."""
    unit = metre.beat_ticks if count <= metre.beats else CHORD_GRID
    units = metre.bar_ticks // unit
    return [round(k * units / count) * unit for k in range(count + 1)]


def prescribed(plan: Plan, style: Style) -> list[tuple[Chord, ...]]:
    """The chords that each bar must have, in the network's view; empty where the bar is open.

    A bar's own numerals come first; then the style's cadence, whose bars end with the phrase; the last bar is
    the last chord of its cadence. Raises InvalidStyle for a cadence that the style does not have.
    """
    tonic = TONIC[plan.key.mode]
    bars: list[tuple[Chord, ...]] = [tuple(roman(numeral, tonic) for numeral in bar.harmony) for bar in plan.bars]
    for place, bar in enumerate(plan.bars):
        if not bar.cadence:
            continue
        groups = cadence(style, plan.key.mode, bar.cadence)[-(bar.index + 1) :]
        for at, group in zip(range(place - len(groups) + 1, place + 1), groups, strict=True):
            if not bars[at]:
                bars[at] = tuple(roman(numeral, tonic) for numeral in group)
    if not bars[-1]:
        bars[-1] = (roman(cadence(style, plan.key.mode, "authentic")[-1][-1], tonic),)
    bars[-1] = bars[-1][-1:]
    return bars


def cadence(style: Style, mode: str, name: str) -> list[list[str]]:
    """The Roman numerals of a cadence, bar by bar."""
    line = style.harmony.cadences.get(f"{mode}.{name}")
    if line is None:
        raise InvalidStyle(f"{style.name}/style.toml: harmony.cadences: {mode + '.' + name!r} is missing")
    return [bar.split() for bar in line.split("|")]


def harmonise(plan: Plan, style: Style, chart: Chart, brain: ChordBrain) -> tuple[ChordSpan, ...]:
    """Chords for the whole plan, from tick 0 to `plan.end_ticks`, in the network's view.

    Args:
        chart: of the plan; its chords are not read.
    """
    pen = _Pen(plan, style, chart, brain)
    start = 0
    for number, bars in enumerate(phrase_lengths(plan)):
        pen.write(start, start + bars, stream(plan.seed, "chords", plan.bars[start].letter, number))
        start += bars
    return _spans(pen.chosen)


def phrase_lengths(plan: Plan) -> list[int]:
    """The number of bars of each phrase, in order; together all bars of the plan."""
    starts = [place for place, bar in enumerate(plan.bars) if bar.index == 0]
    return list(np.diff([*starts, len(plan.bars)]))


def at_home(mode: str) -> np.ndarray:
    """The chord classes that are tonic chords of a mode, shape (CHORDS,)."""
    third = 4 if mode == "major" else 3
    chords = map(chord_of, range(CHORDS))
    return np.array([c.root == TONIC[mode] and (c.root + third) % 12 in c.pitch_classes for c in chords])


def tune_agreement(plan: Plan, now: int) -> np.ndarray:
    """How gladly the given tune goes over each chord from `now` to the bar line, in nats, shape (CHORDS,).

    TUNE_WEIGHT times the share of the tune's time whose pitch is in the chord; the note at `now` counts twice.
    """
    end = (now // plan.metre.bar_ticks + 1) * plan.metre.bar_ticks
    time = np.zeros(12)
    for note in plan.melody:
        inside = min(note.end_ticks, end) - max(note.onset_ticks, now)
        if inside > 0:
            seen = (note.pitch - plan.key.tonic + TONIC[plan.key.mode]) % 12
            time[seen] += inside * (2 if note.onset_ticks <= now else 1)
    return TUNE_WEIGHT * (_CHORD_TONES @ time) / max(1.0, time.sum())


class _Sketch:
    """One candidate: the events so far, and the chords themselves, which may have a bass."""

    __slots__ = ("changes", "chords", "fit")

    def __init__(self) -> None:
        self.changes, self.fit = Changes(), 0.0
        self.chords: list[tuple[int, int, Chord]] = []  # onset, length, chord

    def copy(self) -> "_Sketch":
        twin = _Sketch()
        twin.changes, twin.chords = self.changes.copy(), self.chords[:]
        return twin

    def add(self, chord: Chord, ticks: int) -> None:
        self.chords.append((self.changes.now, ticks, chord))
        length = max(0, min(ticks // CHORD_GRID, CHORD_LENGTHS) - 1)
        self.changes.add(ChordEvent(chord_class(chord), length), ticks)


class _Pen:
    """Writes phrase after phrase with CANDIDATES sketches, and keeps one."""

    def __init__(self, plan: Plan, style: Style, chart: Chart, brain: ChordBrain):
        self.plan, self.style, self.chart, self.brain = plan, style, chart, brain
        self.orders = prescribed(plan, style)
        self.state = brain.step.start(CANDIDATES)
        self.chosen = _Sketch()
        allowed = [QUALITY_NAMES[index % len(QUALITY_NAMES)] in style.harmony.qualities for index in range(CHORDS)]
        self.allowed = np.array(allowed)
        opens_at_home = stream(plan.seed, "chords", "opening").random() < style.harmony.opens_at_home
        self.opening = self.allowed & at_home(plan.key.mode) if opens_at_home else self.allowed

    def write(self, start: int, end: int, rng: np.random.Generator) -> None:
        """Write the bars [start, end)."""
        sketches = [self.chosen.copy() for _ in range(CANDIDATES)]
        end_ticks = min(end * self.chart.metre.bar_ticks, self.plan.end_ticks)
        while any(sketch.changes.now < end_ticks for sketch in sketches):
            self._advance(sketches, end_ticks, rng.random((2, CANDIDATES)))
        fits = np.array([sketch.fit for sketch in sketches])
        weights = np.exp(np.round(fits - fits.max(), 3))
        best = choose(rng, dict(enumerate(weights.tolist())))
        self.chosen = sketches[best]
        self.state = np.repeat(self.state[:, best : best + 1], CANDIDATES, 1)

    def _advance(self, sketches: list[_Sketch], end_ticks: int, uniforms: np.ndarray) -> None:
        """One chord for every sketch that is not done."""
        step, features = self.brain.step, self.brain.features
        rows = np.array([features.before_chord(self.chart, sketch.changes) for sketch in sketches])
        advanced = step.advance(self.state, rows)
        log_p = self._log_probabilities(step.chord(advanced, rows), sketches)
        if self.plan.melody:
            log_p = log_p + np.stack([tune_agreement(self.plan, sketch.changes.now) for sketch in sketches])
        mask = np.stack([self._mask(sketch) for sketch in sketches])
        drawn = draw(
            log_p, mask, uniforms[0], temperature=self.style.harmony.temperature, top_p=self.style.harmony.top_p
        )
        orders = [self._order(sketch) for sketch in sketches]
        classes = [int(drawn[k]) if order is None else chord_class(order[0]) for k, order in enumerate(orders)]
        lengths = self._lengths(sketches, advanced, classes, uniforms[1])
        for k, (sketch, order) in enumerate(zip(sketches, orders, strict=True)):
            if sketch.changes.now >= end_ticks:
                continue
            if order is None:
                sketch.add(chord_of(classes[k]), lengths[k])
            else:
                sketch.fit += float(log_p[k, classes[k]])
                sketch.add(*order)
            self.state[:, k] = advanced[:, k]

    def _mask(self, sketch: _Sketch) -> np.ndarray:
        """The chords of the style, without one that has lasted long enough."""
        changes = sketch.changes
        if not changes.now:
            return self.opening
        mask = self.allowed
        since = next((end for end, own in _backwards(changes) if own != changes.classes[-1]), 0)
        if changes.now - since >= self.style.harmony.longest_bars * self.chart.metre.bar_ticks:
            mask = mask.copy()
            mask[changes.classes[-1]] = False
        return mask

    def _log_probabilities(self, logits: np.ndarray, sketches: list[_Sketch]) -> np.ndarray:
        """The network's view of the next chord, mixed log-linearly with the trigram's."""
        log_p = log_softmax(logits)
        trigram, share = self.brain.checkpoint.trigram, self.brain.checkpoint.card.trigram_weight
        if trigram is None or share == 0:
            return log_p
        contexts = [[CHORDS, CHORDS, *sketch.changes.classes][-2:] for sketch in sketches]
        others = np.log(np.stack([trigram.probabilities(context) for context in contexts]))
        return log_softmax((1 - share) * log_p + share * others)

    def _order(self, sketch: _Sketch) -> tuple[Chord, int] | None:
        """The chord that must come next and its length, or None where the sketch is free."""
        now, bar_ticks = sketch.changes.now, self.chart.metre.bar_ticks
        bar = min(now // bar_ticks, self.chart.bars - 1)
        place = now - bar * bar_ticks
        if bar == self.chart.bars - 1:
            return self.orders[bar][0], self.plan.final_ticks
        if self.orders[bar]:
            bounds = divide(self.chart.metre, len(self.orders[bar]))
            index = bounds.index(place)
            return self.orders[bar][index], bounds[index + 1] - place
        reference = self.chart.references[bar]
        if reference is None:
            return None
        there = reference * bar_ticks + place
        onset, length, chord = next(row for row in sketch.chords if row[0] <= there < row[0] + row[1])
        return chord, min(onset + length - there, bar_ticks - place)

    def _lengths(
        self, sketches: list[_Sketch], advanced: np.ndarray, classes: list[int], uniforms: np.ndarray
    ) -> list[int]:
        """Lengths in ticks: the network's opinion, weighted by how many chords a bar of the style has."""
        rows = [
            before_length(self.chart, sketch.changes, chord)
            for sketch, chord in zip(sketches, classes, strict=True)
        ]
        logits = self.brain.step.length(advanced, np.array(rows))
        weights = np.zeros((CANDIDATES, CHORD_LENGTHS))
        for k, sketch in enumerate(sketches):
            place = sketch.changes.now % self.chart.metre.bar_ticks
            for count, weight in self.style.harmony.chords_per_bar.items():
                bounds = divide(self.chart.metre, int(count))
                if place in bounds[:-1]:
                    weights[k, (bounds[bounds.index(place) + 1] - place) // CHORD_GRID - 1] += weight
            if not weights[k].any():  # inside a bar that copies another's chords: its length is not drawn
                weights[k, 0] = 1.0
        drawn = draw(logits + np.log(np.maximum(weights, 1e-9)), weights > 0, uniforms, temperature=1.0, top_p=1.0)
        return [(int(length) + 1) * CHORD_GRID for length in drawn]


def _backwards(changes: Changes) -> Iterator[tuple[int, int]]:
    """The ends and classes of the chords so far, the last first."""
    return zip(reversed(changes.ends), reversed(changes.classes), strict=True)


def _spans(sketch: _Sketch) -> tuple[ChordSpan, ...]:
    """The chords of a sketch; neighbours that are equal become one span."""
    spans: list[ChordSpan] = []
    for onset, length, chord in sketch.chords:
        if spans and spans[-1].chord == chord:
            spans[-1] = ChordSpan(spans[-1].onset_ticks, spans[-1].length_ticks + length, chord)
        else:
            spans.append(ChordSpan(onset, length, chord))
    return tuple(spans)
