"""The tune: notes drawn from the melody network, bar by bar as the plan directs, within the rules.

Each phrase is written by CANDIDATES takes in one batch. In a *free* bar the network decides everything; in a
*rhythm* bar the referred bar gives onsets and lengths, in a *copy* bar also the pitches, fitted to the present
chord. The critic then vetoes takes, and the first that stands is kept.
"""

from dataclasses import dataclass

import numpy as np

from aimusic.composer import rules
from aimusic.composer.chart import Chart, Tune
from aimusic.composer.checkpoint import Checkpoint
from aimusic.composer.critic import MEASURES, PHRASE_BARS, measure, objections
from aimusic.composer.features import Features, before_duration, before_pitch
from aimusic.composer.harmonise import phrase_lengths
from aimusic.composer.inference import MelodyStep
from aimusic.composer.rules import Moment, Palette
from aimusic.composer.sampling import CANDIDATES, draw
from aimusic.composer.vocabulary import (
    DURATIONS,
    MAX_DURATION,
    MAX_STEP,
    PITCHES,
    REST,
    STEPS,
    WAIT,
    NoteEvent,
    chord_of,
)
from aimusic.music.chance import stream
from aimusic.music.request import Plan
from aimusic.style import Style

LONGEST_SILENCE_BARS = 1.25  # in a bar that the melody does not leave to the band


@dataclass(frozen=True, slots=True, eq=False)
class MelodyBrain:
    """A style's melody network, ready to sing."""

    step: MelodyStep
    features: Features
    checkpoint: Checkpoint

    @classmethod
    def of(cls, checkpoint: Checkpoint) -> "MelodyBrain":
        return cls(MelodyStep(checkpoint.weights), Features(checkpoint.card.styles), checkpoint)


@dataclass(frozen=True, slots=True)
class Order:
    """A note that must come: onset and length in ticks; the pitch class of the network, or None if free."""

    onset: int
    length: int
    pitch: int | None
    was_chord_tone: bool = False


@dataclass(frozen=True, slots=True)
class Frame:
    """The stretch that a phrase may fill, in ticks.

    Attributes:
        start, end: onsets lie in [start, end). silent_from: where its last note ends at the latest.
        resolves: it ends in the chord, because no final note follows.
    """

    start: int
    end: int
    silent_from: int
    resolves: bool


def melodise(plan: Plan, style: Style, chart: Chart, palette: Palette, brain: MelodyBrain) -> Tune:
    """The melody of the whole plan in the network's view; its last note is the ending's.

    Args:
        chart: of the plan, with its chords.
    """
    singer = _Singer(plan, style, chart, palette, brain)
    start = 0
    for number, bars in enumerate(phrase_lengths(plan)):
        singer.sing(start, start + bars, stream(plan.seed, "melody", plan.bars[start].letter, number))
        start += bars
    return singer.tune


def resting_bars(plan: Plan, style: Style) -> frozenset[int]:
    """Bars that the melody leaves to the band: tacet sections, and its share of the others.

    A phrase never begins with such a bar; a copied bar rests where the bar that it copies does.
    """
    resting: set[int] = set()
    for place, bar in enumerate(plan.bars[:-1]):
        if plan.sections[bar.section].name in style.melody.tacet:
            resting.add(place)
        elif bar.reference is not None and bar.directive == "copy":
            resting |= {place} & {place if bar.reference in resting else -1}
        elif bar.index > 0 and place - 1 not in resting:
            share = style.melody.rests * bar.phrase_bars / max(1, bar.phrase_bars - 1)
            if stream(plan.seed, "melody", "rests", place).random() < share:
                resting.add(place)
    return frozenset(resting)


class _Singer:
    """Sings phrase after phrase with CANDIDATES takes, and keeps one."""

    def __init__(self, plan: Plan, style: Style, chart: Chart, palette: Palette, brain: MelodyBrain):
        self.plan, self.style, self.chart, self.palette, self.brain = plan, style, chart, palette, brain
        self.bar_ticks, self.beat_ticks = chart.metre.bar_ticks, chart.metre.beat_ticks
        self.final_onset = (chart.bars - 1) * self.bar_ticks
        self.resting = resting_bars(plan, style)
        self.open_ticks = self._open_ticks()
        self.tune = Tune()
        self.state = brain.step.start(CANDIDATES)

    def _open_ticks(self) -> np.ndarray:
        """Ticks on which the network may begin a note: the grid of free bars, without the breaths."""
        grid = np.tile(rules.on_grid(self.bar_ticks), self.chart.bars)
        for place, bar in enumerate(self.plan.bars):
            start, end = place * self.bar_ticks, (place + 1) * self.bar_ticks
            if place in self.resting or self._is_scripted(place):
                grid[start:end] = False
            elif bar.ends_phrase:
                grid[end - self.beat_ticks : end] = False
        return grid

    def _is_scripted(self, place: int) -> bool:
        bar = self.plan.bars[place]
        return place == self.chart.bars - 1 or (bar.reference is not None and bar.directive != "free")

    def sing(self, start_bar: int, end_bar: int, rng: np.random.Generator) -> None:
        """Write the bars [start_bar, end_bar)."""
        is_last = end_bar == self.chart.bars
        start, end = start_bar * self.bar_ticks, end_bar * self.bar_ticks
        if is_last:
            frame = Frame(start, self.final_onset + 1, self.final_onset, resolves=False)
        else:
            frame = Frame(start, end, end - self.beat_ticks // 2, resolves=True)
        takes = [_Take(self.tune.copy()) for _ in range(CANDIDATES)]
        while not all(take.done for take in takes):
            self._advance(takes, frame, rng.random((3, CANDIDATES)))
        best = self._choose(takes, frame)
        self.tune = takes[best].tune
        self.state = np.repeat(self.state[:, best : best + 1], CANDIDATES, 1)

    def _choose(self, takes: list["_Take"], frame: Frame) -> int:
        """The first take with the fewest objections of the critic, who listens to a few bars at a time."""
        length = PHRASE_BARS * self.bar_ticks
        windows = [(start, min(start + length, frame.end)) for start in range(frame.start, frame.end, length)]

        def faults(tune: Tune) -> int:
            count = sum(len(self._objections(tune, start, end)) for start, end in windows)
            own = tune.between(frame.start, frame.end)
            return count + (frame.resolves and bool(own) and not self._in_chord(tune))

        counts = [faults(take.tune) for take in takes]
        return counts.index(min(counts))

    def _objections(self, tune: Tune, start: int, end: int) -> tuple[str, ...]:
        """What the critic says about [start, end); silence is no fault where the band has a bar to itself."""
        own = tune.between(start, end)
        rows = [[column[k] for k in own] for column in (tune.onsets, tune.pitches, tune.durations)]
        values = measure(self.chart, start, end, *rows)
        leaves_bars = self.resting & set(range(start // self.bar_ticks, -(-end // self.bar_ticks)))
        if not values and not leaves_bars and end - start >= 2 * self.bar_ticks:
            return MEASURES  # too few notes to have any merit
        if leaves_bars:
            values.pop("rests", None)
        return objections(values, self.brain.checkpoint.card.statistics)

    def _advance(self, takes: list["_Take"], frame: Frame, uniforms: np.ndarray) -> None:
        """One event for every take that is not done."""
        step, features = self.brain.step, self.brain.features
        rows = np.array([features.before_note(self.chart, take.tune) for take in takes])
        advanced = step.advance(self.state, rows)
        self._draw_steps(takes, frame, lambda: step.step(advanced, rows), uniforms[0])
        if all(take.done or take.waits for take in takes):
            self._commit(takes, advanced)
            return
        pitch_rows = np.array([before_pitch(self.chart, take.tune, take.step) for take in takes])
        logits, seen = step.pitch(advanced, rows, pitch_rows)
        self._draw_pitches(takes, frame, logits, uniforms[1])
        tails = [before_duration(self.chart, take.tune, take.step, take.pitch) for take in takes]
        self._draw_durations(takes, frame, step.duration(seen, np.array(tails)), uniforms[2])
        self._commit(takes, advanced)

    def _commit(self, takes: list["_Take"], advanced: np.ndarray) -> None:
        for k, take in enumerate(takes):
            if not take.done:
                take.tune.add(WAIT if take.waits else NoteEvent(take.step, take.pitch, take.duration - 1))
                self.state[:, k] = advanced[:, k]

    def _draw_steps(self, takes: list["_Take"], frame: Frame, logits, uniforms: np.ndarray) -> None:
        """Decide when each take's next note enters, or that it waits, or that its phrase is done."""
        masks = np.zeros((CANDIDATES, STEPS), bool)
        for k, take in enumerate(takes):
            take.order, limit = self._order_ahead(take.tune, frame)
            masks[k] = self._step_mask(take, frame, limit)
        counts = masks.sum(1)
        drawn = masks.argmax(1)
        if (counts > 1).any():
            usable = masks | (counts == 0)[:, None]
            temperature, top_p = self.style.melody.temperature_rhythm, self.style.melody.top_p
            free = draw(logits(), usable, uniforms, temperature=temperature, top_p=top_p)
            drawn = np.where(counts > 1, free, drawn)
        for take, count, chosen in zip(takes, counts, drawn, strict=True):
            take.step = int(min(chosen, MAX_STEP))
            take.waits = chosen == REST and take.tune.now + MAX_STEP < frame.end
            leaves = count == 0 or take.tune.now + (MAX_STEP if chosen == REST else int(chosen)) >= frame.end
            take.done = take.done or leaves

    def _step_mask(self, take: "_Take", frame: Frame, limit: int) -> np.ndarray:
        """The steps a take may make; none where its phrase is done."""
        tune, order = take.tune, take.order
        now, mask = tune.now, np.zeros(STEPS, bool)
        if take.done:
            return mask
        held = tune.onsets[-1] + tune.durations[-1] if tune.onsets else 0
        earliest = max(held, frame.start, now + (tune.last is not None))
        longest = max(held, frame.start) + round(LONGEST_SILENCE_BARS * self.bar_ticks)
        mask[: MAX_STEP + 1] = rules.step_mask(now, self.open_ticks, earliest=earliest, latest=limit - 1)
        if order is not None and order.onset - now <= MAX_STEP:
            mask[order.onset - now] = True
        near = mask & (now + np.arange(STEPS) <= longest)
        mask = near if near.any() else mask
        if order is None and self._may_leave(tune, frame, mask):
            mask[max(0, min(REST, frame.end - now)) :] = True
        elif not mask.any() and now + MAX_STEP < (frame.end if order is None else order.onset):
            mask[REST] = order is not None or self.open_ticks[now + MAX_STEP + 1 : limit].any()
        return mask

    def _may_leave(self, tune: Tune, frame: Frame, mask: np.ndarray) -> bool:
        """A phrase is sung to its last bar, and it ends in the chord if it can still go on."""
        if not mask.any():
            return not self.open_ticks[tune.now + 1 : frame.end].any()
        arrived = tune.now >= frame.end - self.bar_ticks - self.beat_ticks and tune.now >= frame.start
        return arrived and bool(tune.onsets) and (not frame.resolves or self._in_chord(tune))

    def _in_chord(self, tune: Tune) -> bool:
        """Whether the last note belongs to its chord."""
        return tune.pitches[-1] % 12 in chord_of(self.chart.chord(tune.onsets[-1])).pitch_classes

    def _order_ahead(self, tune: Tune, frame: Frame) -> tuple[Order | None, int]:
        """`_next_order` of the tune as it stands; where no free note can enter before a bar, that bar is read."""
        is_start = tune.last is None
        order, limit = self._next_order(tune, frame, tune.now, is_start=is_start)
        held = tune.onsets[-1] + tune.durations[-1] if tune.onsets else 0
        earliest = max(held, frame.start, tune.now + (not is_start))
        while order is None and limit < frame.end and not self.open_ticks[earliest:limit].any():
            order, limit = self._next_order(tune, frame, limit, is_start=True)
        return order, limit

    def _next_order(self, tune: Tune, frame: Frame, now: int, *, is_start: bool) -> tuple[Order | None, int]:
        """The next note that must come after `now`, and the tick before which free notes may enter.

        A bar whose reference is not complete yet cannot be read; free notes then stop before it.
        """
        first = max(now, frame.start) // self.bar_ticks
        for place in range(first, -(-frame.end // self.bar_ticks)):
            if place in self.resting or not self._is_scripted(place):
                continue
            reference = self.plan.bars[place].reference
            if place < self.chart.bars - 1 and (reference + 1) * self.bar_ticks > now:
                return None, place * self.bar_ticks
            for order in self._script(tune, place):
                if order.onset > now or (is_start and order.onset == now):
                    return order, order.onset
        return None, frame.end

    def _script(self, tune: Tune, place: int) -> list[Order]:
        """The notes that a bar must have."""
        if place == self.chart.bars - 1:
            return [Order(self.final_onset, min(self.plan.final_ticks, MAX_DURATION), None)]
        bar = self.plan.bars[place]
        shift = (place - bar.reference) * self.bar_ticks
        orders = []
        for k in tune.between(bar.reference * self.bar_ticks, (bar.reference + 1) * self.bar_ticks):
            onset, pitch = tune.onsets[k], tune.pitches[k]
            in_chord = pitch % 12 in chord_of(self.chart.chord(onset)).pitch_classes
            copied = pitch if bar.directive == "copy" else None
            orders.append(Order(onset + shift, tune.durations[k], copied, in_chord))
        return orders

    def _moment(self, tune: Tune, onset: int, frame: Frame) -> Moment:
        chord = chord_of(self.chart.chord(onset))
        rest_on: frozenset[int] = frozenset()
        if onset == self.final_onset:
            rest_on = frozenset(chord.pitch_classes[:3])
        elif frame.resolves and not self.open_ticks[onset + 1 : frame.end].any():
            order, _ = self._next_order(tune, frame, onset, is_start=False)
            rest_on = frozenset(chord.pitch_classes) if order is None else rest_on
        last, before = ([None, None, *tune.pitches][-index] for index in (1, 2))
        return Moment(chord, self.chart.metre.strength(onset), last, before, rest_on)

    def _draw_pitches(self, takes: list["_Take"], frame: Frame, logits: np.ndarray, uniforms: np.ndarray) -> None:
        masks = np.ones((CANDIDATES, PITCHES), bool)
        moments = []
        for k, take in enumerate(takes):
            moments.append(self._moment(take.tune, take.tune.now + take.step, frame))
            masks[k] = rules.pitch_mask(moments[k], self.palette)
        temperature, top_p = self.style.melody.temperature_pitch, self.style.melody.top_p
        drawn = draw(logits, masks, uniforms, temperature=temperature, top_p=top_p)
        for take, moment, pitch in zip(takes, moments, drawn, strict=True):
            order = take.order if take.order and take.order.onset == take.tune.now + take.step else None
            take.pitch = int(pitch)
            if order is not None and order.pitch is not None:
                take.pitch = rules.fit(order.pitch, moment, self.palette, from_chord_tone=order.was_chord_tone)

    def _draw_durations(
        self, takes: list["_Take"], frame: Frame, logits: np.ndarray, uniforms: np.ndarray
    ) -> None:
        masks = np.ones((CANDIDATES, DURATIONS), bool)
        limits = []
        for k, take in enumerate(takes):
            onset = take.tune.now + take.step
            limits.append(self._until(take.tune, onset, frame))
            avoided = rules.avoid_notes(self.palette, chord_of(self.chart.chord(onset)))[take.pitch]
            masks[k] = rules.duration_mask(onset, limits[k], is_avoid_note=bool(avoided))
        temperature, top_p = self.style.melody.temperature_rhythm, self.style.melody.top_p
        drawn = draw(logits, masks, uniforms, temperature=temperature, top_p=top_p)
        for take, limit, chosen in zip(takes, limits, drawn, strict=True):
            onset = take.tune.now + take.step
            take.duration = int(chosen) + 1
            if take.order is not None and take.order.onset == onset:
                take.duration = max(1, min(take.order.length, limit - onset))

    def _until(self, tune: Tune, onset: int, frame: Frame) -> int:
        """The tick by which a note that begins at `onset` must end."""
        if onset == self.final_onset:
            return onset + self.plan.final_ticks
        order, limit = self._next_order(tune, frame, onset, is_start=False)
        end = limit if order is not None or limit < frame.end else frame.silent_from
        return end if end > onset else frame.end


class _Take:
    """One candidate for a phrase: its tune, and what is being decided about the next note."""

    __slots__ = ("done", "duration", "order", "pitch", "step", "tune", "waits")

    def __init__(self, tune: Tune):
        self.tune = tune
        self.done = self.waits = False
        self.order: Order | None = None
        self.step, self.pitch, self.duration = 0, 0, 1
