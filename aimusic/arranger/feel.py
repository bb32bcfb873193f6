"""From written notes to played ones: swing, accents, phrase dynamics and human timing.

Patterns write notes on the grid with a plain dynamic; this module alone decides velocity and `shift_s`.
"""

from dataclasses import replace

import numpy as np

from aimusic.arranger.chart import Chart, Measure
from aimusic.music.rhythm import TICKS_PER_QUARTER, swing_shift
from aimusic.music.score import Note
from aimusic.style import Player

MOST_SHIFT_S = 0.012
MOST_DRUM_SHIFT_S = 0.003  # drawn at random, on top of what is the habit of a groove
MOST_ON_BEAT_S = 0.004  # with the habit, for the strokes on beats that everybody hears as the beat
DRUM_SHARE = 0.25  # drummers keep the time: their spread is this share of the band's
CHORD_SPREAD_S = 0.0015  # between the fingers of one hand
ARCH = 7.0  # velocity steps from the ends of a phrase to its peak, two thirds in
PEAK = 0.66
ONE_VOICE = ("lead", "bass")


def tidy(notes: list[Note], end_ticks: int, *, one_voice: bool) -> list[Note]:
    """Sorted notes that end by `end_ticks`; a pitch (with `one_voice` any) is released before it is struck again.

    Of two notes struck at once on one pitch the longer stays; with `one_voice`, of two notes at once the lower.
    """
    kept: list[Note] = []
    last: dict[int, int] = {}  # where the latest note of a pitch (or of the voice) lies in `kept`
    for note in sorted(notes, key=lambda n: (n.onset_ticks, n.pitch, -n.length_ticks)):
        if note.onset_ticks >= end_ticks:
            continue
        if note.end_ticks > end_ticks:
            note = replace(note, length_ticks=end_ticks - note.onset_ticks)
        voice = 0 if one_voice else note.pitch
        before = last.get(voice)
        if before is not None:
            old = kept[before]
            if old.onset_ticks == note.onset_ticks:
                continue
            if old.end_ticks > note.onset_ticks:
                kept[before] = replace(old, length_ticks=note.onset_ticks - old.onset_ticks)
        last[voice] = len(kept)
        kept.append(note)
    return kept


def perform(notes: list[Note], chart: Chart, player: Player) -> tuple[Note, ...]:
    """Play what is written: one velocity and one shift in seconds for each note.

    Each section has its own stream, so that changing the notes of one leaves the feel of the others.
    """
    played: list[Note] = []
    by_section: dict[int, list[Note]] = {}
    measures = (*chart.measures, chart.ending)
    bar_ticks = chart.plan.metre.bar_ticks
    for note in notes:
        measure = measures[min(note.onset_ticks // bar_ticks, len(measures) - 1)]
        by_section.setdefault(measure.bar.section, []).append(note)
    for section, group in by_section.items():
        rng = chart.rng(player.name, "feel", section)
        played += _perform_section(group, chart, player, measures, rng)
    return tuple(sorted(played))


def _perform_section(
    notes: list[Note], chart: Chart, player: Player, measures: tuple[Measure, ...], rng: np.random.Generator
) -> list[Note]:
    is_drum = player.role == "drums"
    onsets = sorted({note.onset_ticks for note in notes})
    human = chart.plan.humanize
    timing = dict(zip(onsets, human * _timing(len(onsets), chart, is_drum, rng), strict=True))
    has_fingers = chart.style.feel.timing_ms > 0 and not is_drum
    spread = np.abs(rng.normal(0.0, CHORD_SPREAD_S, len(notes))) if has_fingers else np.zeros(len(notes))
    noise = human * rng.normal(0.0, chart.style.feel.velocity, len(notes))
    shapes = {}
    played = []
    for k, note in enumerate(notes):
        tick = note.onset_ticks
        if tick not in shapes:
            measure = measures[min(tick // chart.plan.metre.bar_ticks, len(measures) - 1)]
            shapes[tick] = _shape(tick, measure, chart, is_drum), *_swing(tick, note.length_ticks, chart)
        shape, swung_s, shortening = shapes[tick]
        if is_drum:
            human_s = _drum_shift(tick, timing[tick], human * note.shift_s, chart)
        else:
            human_s = min(timing[tick] + human * spread[k], MOST_SHIFT_S) + human * note.shift_s
        shift_s = max(swung_s + human_s, -chart.seconds(tick))
        velocity = int(min(127, max(1, round(note.velocity + shape + noise[k]))))
        length = max(1, note.length_ticks - shortening)
        played.append(Note(tick, note.pitch, length, velocity, round(float(shift_s), 6)))
    return played


def _timing(count: int, chart: Chart, is_drum: bool, rng: np.random.Generator) -> np.ndarray:
    """How far from the grid each onset falls, in seconds, cut so that nobody stumbles."""
    share, most = (DRUM_SHARE, MOST_DRUM_SHIFT_S) if is_drum else (1.0, MOST_SHIFT_S)
    return np.clip(rng.normal(0.0, 1.0, count) * chart.style.feel.timing_ms * share / 1000, -most, most)


def _drum_shift(tick: int, drawn_s: float, habit_s: float, chart: Chart) -> float:
    """A drummer's deviation: chance and the habit of the groove; a band without human timing has neither."""
    if chart.style.feel.timing_ms == 0:
        return 0.0
    most = MOST_ON_BEAT_S if tick % TICKS_PER_QUARTER == 0 else MOST_SHIFT_S
    return min(most, max(-most, drawn_s + habit_s))


def _swing(tick: int, length_ticks: int, chart: Chart) -> tuple[float, int]:
    """The swing in seconds, and how many ticks shorter a late note is, so that it ends where it should."""
    ratio = chart.plan.swing
    if ratio == 0.5:
        return 0.0, 0
    late = swing_shift(tick, ratio)
    ends_late = swing_shift(tick + length_ticks, ratio)
    return chart.seconds(late), round(max(0.0, late - ends_late)) if length_ticks <= TICKS_PER_QUARTER else 0


def _shape(tick: int, measure: Measure, chart: Chart, is_drum: bool) -> float:
    """Velocity steps that the place in the piece adds: energy, arch of the phrase, metric accent."""
    feel, bar, metre = chart.style.feel, measure.bar, chart.plan.metre
    inside = tick - measure.start_ticks
    through = (bar.index + inside / metre.bar_ticks) / bar.phrase_bars
    arch = 1 - abs(through - PEAK) / (PEAK if through < PEAK else 1 - PEAK)
    shape = feel.dynamics * (bar.energy / 4 - 0.5) + ARCH * (arch - 0.5)
    if is_drum:
        return shape
    accent = 6.0 * (metre.strength(tick) - 0.5)
    on_beat = inside % metre.beat_ticks == 0
    if on_beat and metre.beats % 2 == 0:
        is_backbeat = inside // metre.beat_ticks % 2 == 1
        accent += feel.backbeat / 2 if is_backbeat else -feel.backbeat / 2
    return shape + accent
