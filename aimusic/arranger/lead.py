"""Lead players: the melody as composed, in the octave that the instrument has."""

from collections.abc import Callable
from dataclasses import replace

from aimusic.arranger.chart import ACCENT, HIT, Chart
from aimusic.music.score import Note
from aimusic.style import Player

LONGEST_RING_BARS = 2


def melody(chart: Chart, player: Player) -> list[Note]:
    """The melody as it is written; the last note is held to the end."""
    notes = _own_notes(chart, player)
    if notes and notes[-1].onset_ticks >= chart.ending.start_ticks:
        last = notes[-1]
        notes[-1] = replace(last, length_ticks=chart.plan.end_ticks - last.onset_ticks, velocity=ACCENT - 6)
    return notes


def sparse(chart: Chart, player: Player) -> list[Note]:
    """The melody with each note ringing into the next, for at most two bars."""
    notes = melody(chart, player)
    longest = LONGEST_RING_BARS * chart.plan.metre.bar_ticks
    untils = [note.onset_ticks for note in notes[1:]] + [chart.plan.end_ticks]
    return [
        replace(note, length_ticks=max(note.length_ticks, min(longest, until - note.onset_ticks)))
        for note, until in zip(notes, untils, strict=True)
    ]


PATTERNS: dict[str, Callable[[Chart, Player], list[Note]]] = {"melody": melody, "sparse": sparse}


def _own_notes(chart: Chart, player: Player) -> list[Note]:
    """The notes of the bars that this player leads, in the octave of the instrument."""
    notes = [n for measure in (*chart.measures, chart.ending) if measure.leader == player for n in measure.melody]
    shift = _octave(notes, player)
    return [replace(n, pitch=_fit(n.pitch + shift, player), velocity=_weight(n, chart)) for n in notes]


def _octave(notes: list[Note], player: Player) -> int:
    """The shift in whole octaves that leaves the fewest notes outside the range; the smallest such."""

    def outside(shift: int) -> int:
        return sum(not player.low <= note.pitch + shift <= player.high for note in notes)

    return min((0, 12, -12, 24, -24), key=lambda shift: (outside(shift), abs(shift)))


def _fit(pitch: int, player: Player) -> int:
    """A single note beyond the range comes back by an octave."""
    while pitch > player.high:
        pitch -= 12
    while pitch < player.low:
        pitch += 12
    return pitch


def _weight(note: Note, chart: Chart) -> int:
    """Longer notes are stressed, short ones off the beat are not."""
    beat = chart.plan.metre.beat_ticks
    if note.length_ticks >= 2 * beat:
        return HIT + 10
    return HIT + 2 if note.onset_ticks % beat == 0 else HIT - 6
