"""Pads and inner voices: what fills the space between the bass and the tune."""

from collections.abc import Callable

import numpy as np

from aimusic.arranger.chart import HIT, Chart, Measure
from aimusic.arranger.ending import strike
from aimusic.arranger.voicing import lead_voices
from aimusic.music.rhythm import TICKS_PER_QUARTER
from aimusic.music.score import Note
from aimusic.style import Player

EIGHTH = TICKS_PER_QUARTER // 2
PAD_VOICES, INNER_VOICES = 4, 3
LONGEST_TIE_BARS = 4
# An answer needs this much silence in the melody, and comes into this share of such gaps.
GAP_TICKS = 2 * TICKS_PER_QUARTER
ANSWER_SHARE = 0.75
# Answers in steps through the chord's ladder, with lengths in eighths.
ANSWERS = (
    ((0, 1), (1, 1), (2, 2)),
    ((2, 1), (1, 1), (0, 2)),
    ((0, 1), (2, 1), (1, 1), (3, 3)),
    ((3, 2), (2, 1), (1, 3)),
    ((1, 1), (0, 1), (1, 1), (2, 1), (3, 2)),
)


def held(chart: Chart, player: Player) -> list[Note]:
    """Each chord held for as long as it lasts; in calm bars what stays is not struck again."""
    voiced = lead_voices(chart.lead.chords, player, PAD_VOICES, "full")
    notes: list[Note] = []
    for measure in chart.played_by(player):
        for span in measure.chords:
            pitches = voiced[chart.span_index(span.onset_ticks)]
            calm = measure.bar.energy <= 1 and measure.bar.index
            notes = _continue(notes, pitches, span.onset_ticks, span.length_ticks, tie=bool(calm), chart=chart)
    return notes + strike(chart, voiced[-1], again=False)


def sustained(chart: Chart, player: Player) -> list[Note]:
    """Inner voices that keep common tones and move by step; with more energy they swell bar by bar."""
    voiced = lead_voices(chart.lead.chords, player, INNER_VOICES, "full")
    notes: list[Note] = []
    for measure in chart.played_by(player):
        for span in measure.chords:
            pitches = voiced[chart.span_index(span.onset_ticks)]
            tie = bool(measure.bar.index) and measure.bar.energy <= 3
            notes = _continue(notes, pitches, span.onset_ticks, span.length_ticks, tie=tie, chart=chart)
    return notes + strike(chart, voiced[-1], again=False)


def _continue(notes: list[Note], pitches, onset: int, length: int, *, tie: bool, chart: Chart) -> list[Note]:
    """Add a chord; with `tie` the pitches that already sound are prolonged instead of struck again."""
    longest = LONGEST_TIE_BARS * chart.plan.metre.bar_ticks
    prolonged = set()
    if tie:
        for k in range(max(0, len(notes) - 2 * len(pitches)), len(notes)):
            note = notes[k]
            if note.end_ticks == onset and note.pitch in pitches and note.length_ticks + length <= longest:
                notes[k] = Note(note.onset_ticks, note.pitch, note.length_ticks + length, note.velocity)
                prolonged.add(note.pitch)
    return notes + [Note(onset, p, length, HIT) for p in pitches if p not in prolonged]


def answers(chart: Chart, player: Player) -> list[Note]:
    """Short replies where the melody breathes, along the chord tones of the moment."""
    notes: list[Note] = []
    for measure in chart.played_by(player):
        for start, end in _gaps(measure, chart):
            rng = chart.rng("inner", "answers", start)
            if rng.random() < ANSWER_SHARE:
                notes += _answer(start, end, chart, player, rng)
    voiced = lead_voices(chart.lead.chords[-1:], player, INNER_VOICES, "rootless")
    return notes + strike(chart, voiced[0], again=True)


def _gaps(measure: Measure, chart: Chart) -> list[tuple[int, int]]:
    """Silences of the melody inside a bar that are long enough for an answer."""
    sounding = [n for n in chart.melody if n.onset_ticks < measure.end_ticks and n.end_ticks > measure.start_ticks]
    edges = [measure.start_ticks]
    gaps = []
    for note in sounding:
        if note.onset_ticks - edges[-1] >= GAP_TICKS:
            gaps.append((edges[-1], note.onset_ticks))
        edges.append(max(edges[-1], note.end_ticks))
    if measure.end_ticks - edges[-1] >= GAP_TICKS:
        gaps.append((edges[-1], measure.end_ticks))
    return gaps


def _answer(start: int, end: int, chart: Chart, player: Player, rng: np.random.Generator) -> list[Note]:
    """One figure on the next eighth, cut where the gap ends."""
    figure = ANSWERS[int(rng.integers(len(ANSWERS)))]
    tick = -(-start // EIGHTH) * EIGHTH + EIGHTH * int(rng.integers(2))
    middle = (player.low + player.high) / 2 + rng.normal(0, 3)
    notes = []
    for step, eighths in figure:
        if tick >= end:
            break
        ladder = ladder_of(chart, tick, player)
        place = min(range(len(ladder)), key=lambda k: abs(ladder[k] - middle))
        pitch = ladder[min(len(ladder) - 1, place + step)]
        notes.append(Note(tick, pitch, min(eighths * EIGHTH, end - tick), HIT))
        tick += eighths * EIGHTH
    return notes


def ladder_of(chart: Chart, tick: int, player: Player) -> list[int]:
    """Every chord tone of the moment in the player's range, rising."""
    classes = chart.chord_at(tick).pitch_classes
    return [p for p in range(player.low, player.high + 1) if p % 12 in classes]


PAD_PATTERNS: dict[str, Callable[[Chart, Player], list[Note]]] = {"held": held}
INNER_PATTERNS: dict[str, Callable[[Chart, Player], list[Note]]] = {"sustained": sustained, "answers": answers}
