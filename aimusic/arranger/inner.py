"""Pads and inner voices: what fills the space between the bass and the tune."""

from collections.abc import Callable

import numpy as np

from aimusic.arranger.chart import HIT, Chart
from aimusic.arranger.ending import strike
from aimusic.arranger.voicing import hands, lead_voices
from aimusic.music.rhythm import TICKS_PER_QUARTER
from aimusic.music.score import Note
from aimusic.style import Player

EIGHTH = TICKS_PER_QUARTER // 2
PAD_VOICES, INNER_VOICES = 4, 3
PAD_WANDER = 2.0  # semitones by which a pad strays, so that a long chord is inverted now and then
LONGEST_TIE_BARS = 4
PASSING_FROM_ENERGY = 2
# An answer needs this much room in the melody, and comes into this share of such gaps.
GAP_TICKS = 3 * TICKS_PER_QUARTER // 2
LONGEST_ANSWER_TICKS = 6 * TICKS_PER_QUARTER
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
    voiced = hands(chart, player, PAD_VOICES, "full", PAD_WANDER)
    notes: list[Note] = []
    for measure in chart.played_by(player):
        for span in measure.chords:
            pitches = voiced.at(span.onset_ticks)
            calm = measure.bar.energy <= 1 and measure.bar.index
            notes = _continue(notes, pitches, span.onset_ticks, span.length_ticks, tie=bool(calm), chart=chart)
    return notes + strike(chart, voiced.last, again=False)


def sustained(chart: Chart, player: Player) -> list[Note]:
    """Inner voices that keep common tones and move by step; with more energy they swell bar by bar."""
    voiced = hands(chart, player, INNER_VOICES, "full")
    notes: list[Note] = []
    for measure in chart.played_by(player):
        for span in measure.chords:
            pitches = voiced.at(span.onset_ticks)
            tie = bool(measure.bar.index) and measure.bar.energy <= 3
            notes = _continue(notes, pitches, span.onset_ticks, span.length_ticks, tie=tie, chart=chart)
            if measure.bar.energy >= PASSING_FROM_ENERGY:
                notes = _with_passing_tone(
                    notes, span.end_ticks, pitches[-1], voiced.at(span.end_ticks)[-1], chart
                )
    return notes + strike(chart, voiced.last, again=False)


def _with_passing_tone(notes: list[Note], end: int, now: int, then: int, chart: Chart) -> list[Note]:
    """Where the top voice will leap by a third or fourth, its last beat fills the leap with a scale tone."""
    beat = chart.plan.metre.beat_ticks
    between = [p for p in range(min(now, then) + 1, max(now, then)) if p % 12 in chart.plan.scale]
    place = next(
        (k for k in range(len(notes) - 1, -1, -1) if notes[k].pitch == now and notes[k].end_ticks == end), None
    )
    if place is None or not between or abs(now - then) > 5 or notes[place].length_ticks <= beat:
        return notes
    note = notes[place]
    shorter = Note(note.onset_ticks, note.pitch, note.length_ticks - beat, note.velocity)
    passing = Note(end - beat, between[len(between) // 2], beat, note.velocity - 6)
    return [*notes[:place], shorter, *notes[place + 1 :], passing]


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
    """Short replies where the melody breathes or holds a note, along the chord tones of the moment."""
    notes = _answers(chart, player)
    voiced = lead_voices(chart.ending.chords[:1], player, INNER_VOICES, "rootless", chart.plan.scale)
    return notes + strike(chart, voiced[0], again=True)


def replies(chart: Chart, player: Player) -> list[Note]:
    """The answers of an instrument with one voice, which ends on the chord tone nearest to its middle."""
    ladder = ladder_of(chart, chart.ending.start_ticks, player)
    last = min(ladder, key=lambda pitch: abs(pitch - (player.low + player.high) / 2))
    return _answers(chart, player) + strike(chart, (last,), again=False)


def _answers(chart: Chart, player: Player) -> list[Note]:
    notes: list[Note] = []
    playing = {measure.number for measure in chart.played_by(player)}
    for start, end in _gaps(chart):
        rng = chart.rng("inner", "answers", start)
        if start // chart.plan.metre.bar_ticks in playing and rng.random() < ANSWER_SHARE:
            notes += _answer(start, end, chart, player, rng)
    return notes


def _gaps(chart: Chart) -> list[tuple[int, int]]:
    """Where an answer has room: from a breath after each melody note until the next one begins.

    A long note counts as sounding for one beat; the answer plays while it is held.
    """
    onsets = [note.onset_ticks for note in chart.melody] + [chart.ending.start_ticks]
    starts = [0, *(n.onset_ticks + min(n.length_ticks, TICKS_PER_QUARTER) for n in chart.melody)]
    gaps = [(a, min(b, a + LONGEST_ANSWER_TICKS)) for a, b in zip(starts, onsets, strict=False)]
    return [(a, b) for a, b in gaps if b - a >= GAP_TICKS]


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
INNER_PATTERNS: dict[str, Callable[[Chart, Player], list[Note]]] = {
    "sustained": sustained,
    "answers": answers,
    "replies": replies,
}
