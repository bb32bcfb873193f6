"""The walking bass: the cheapest path over the beats, found by dynamic programming."""

from dataclasses import dataclass

import numpy as np

from aimusic.arranger.chart import GHOST, HIT, Chart
from aimusic.arranger.roots import HIGH_FROM_ENERGY, home, last_note
from aimusic.music.harmony import Chord
from aimusic.music.rhythm import TICKS_PER_QUARTER
from aimusic.music.score import Note
from aimusic.style import Player

EIGHTH = TICKS_PER_QUARTER // 2
SKIP_SHARE = 0.3  # how gladly a walked beat becomes two shuffled notes


def walking(chart: Chart, player: Player) -> list[Note]:
    """A walking bass: the cheapest path over the beats, with roots on changes and approaches before them."""
    beats = _beats(chart, player)
    if not beats:
        return last_note(chart, player, home(player))
    line = _walk(beats, chart, player)
    notes = []
    for beat, pitch in zip(beats, line, strict=True):
        notes.append(Note(beat.tick, pitch, beat.length_ticks - 1, HIT if beat.strong else HIT - 4))
    return _with_skips(notes, chart, player) + last_note(chart, player, line[-1])


@dataclass(frozen=True, slots=True)
class _Beat:
    """One step of the walk: the chord over it, and whether the chord is new here."""

    tick: int
    length_ticks: int
    chord: Chord
    is_change: bool
    before_change: bool
    strong: bool
    phrase: int


def _beats(chart: Chart, player: Player) -> list[_Beat]:
    """Every beat that is walked; in calm bars only every second one."""
    beat_ticks, beats = chart.plan.metre.beat_ticks, []
    places = []
    for measure in chart.played_by(player):
        calm = (
            measure.bar.energy < HIGH_FROM_ENERGY and len(measure.chords) == 1 and measure.length_ticks % 24 == 0
        )
        step = 2 * beat_ticks if calm else beat_ticks
        places += [(tick, step, measure) for tick in range(measure.start_ticks, measure.end_ticks, step)]
    for tick, step, measure in places:
        here, after = chart.span_index(tick), chart.span_index(tick + step)
        is_change = not beats or chart.span_index(beats[-1].tick) != here
        strong = chart.plan.metre.strength(tick - measure.start_ticks) >= 0.75
        chord = chart.lead.chords[here].chord
        beats.append(_Beat(tick, step, chord, is_change, after != here, strong, measure.phrase))
    return beats


def _walk(beats: list[_Beat], chart: Chart, player: Player) -> list[int]:
    """Dynamic programming over (beat, pitch): the path of least cost, with seeded whims."""
    pitches = np.arange(player.low, player.high + 1)
    steps = _step_cost(pitches)
    into_change = _approach_cost(pitches)
    whims = {}
    for beat in beats:
        if beat.phrase not in whims:
            whims[beat.phrase] = chart.rng("bass", "walk", beat.phrase)
    cost, back = np.zeros(len(pitches)), []
    for k, beat in enumerate(beats):
        own = _beat_cost(beat, chart, pitches, home(player)) + 0.5 * whims[beat.phrase].random(len(pitches))
        if k:
            total = cost[None, :] + (into_change if beat.is_change else steps)
            back.append(total.argmin(1))
            cost = total.min(1)
        cost = cost + own
    path = [int(cost.argmin())]
    for pointers in reversed(back):
        path.append(int(pointers[path[-1]]))
    return [int(pitches[k]) for k in reversed(path)]


def _beat_cost(beat: _Beat, chart: Chart, pitches: np.ndarray, middle: float) -> np.ndarray:
    """What a pitch costs on a beat: roots on changes, chord tones on strong beats, scale tones elsewhere."""
    classes = pitches % 12
    in_chord = np.isin(classes, beat.chord.pitch_classes)
    in_scale = np.isin(classes, chart.plan.scale)
    is_root = classes == beat.chord.bass_pitch_class
    register = 0.04 * np.abs(pitches - middle)
    if beat.is_change:
        return np.where(is_root, 0.0, np.where(in_chord, 6.0, 20.0)) + register
    colour = np.where(in_chord, 0.0, np.where(in_scale, 0.4, 0.4 if beat.before_change else 1.5))
    return colour * (3.0 if beat.strong else 1.0) + np.where(is_root, 0.5, 0.0) + register


def _step_cost(pitches: np.ndarray) -> np.ndarray:
    """Cost of a melodic interval: steps are free, thirds to fifths fair, repeats and wide leaps dear."""
    by_interval = np.array([2.0, 0.1, 0.0, 0.3, 0.35, 0.4, 1.5, 0.5, 1.5, 1.8, 2.2, 2.5, 0.9])
    distance = np.abs(pitches[:, None] - pitches[None, :])
    return np.where(distance <= 12, by_interval[np.minimum(distance, 12)], 5.0)


def _approach_cost(pitches: np.ndarray) -> np.ndarray:
    """Cost of the interval into a change: a semitone is best, then a tone, then a fourth or fifth."""
    by_interval = np.array([1.8, 0.0, 0.15, 0.9, 0.9, 0.35, 1.5, 0.35, 1.5, 1.8, 2.2, 2.5, 1.2])
    distance = np.abs(pitches[:, None] - pitches[None, :])
    return np.where(distance <= 12, by_interval[np.minimum(distance, 12)], 5.0)


def _with_skips(notes: list[Note], chart: Chart, player: Player) -> list[Note]:
    """Now and then a note is repeated softly on the off-beat eighth before the next."""
    skipped = []
    for note in notes:
        rng = chart.rng("bass", "skips", note.onset_ticks // chart.plan.metre.bar_ticks)
        inside = note.onset_ticks % chart.plan.metre.bar_ticks
        beat = int(rng.integers(chart.plan.metre.beats)) * TICKS_PER_QUARTER
        if note.length_ticks == TICKS_PER_QUARTER - 1 and inside == beat and rng.random() < SKIP_SHARE:
            skipped.append(Note(note.onset_ticks, note.pitch, EIGHTH, note.velocity))
            skipped.append(Note(note.onset_ticks + EIGHTH, note.pitch, EIGHTH - 1, GHOST + 12))
        else:
            skipped.append(note)
    return skipped
