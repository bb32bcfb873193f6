"""Bass players of long notes: a cello line under chamber music, a drone under slow chords."""

from aimusic.arranger.chart import HIT, Chart, Measure
from aimusic.arranger.roots import degree, home, last_note, nearest
from aimusic.music.score import ChordSpan, Note
from aimusic.style import Player


def pedal(chart: Chart, player: Player) -> list[Note]:
    """A cello line: long roots when calm, root and fifth or a moving line when the music rises."""
    notes: list[Note] = []
    around = home(player) + 2
    for measure in chart.played_by(player):
        for span in measure.chords:
            root = nearest(span.chord.bass_pitch_class, around, player)
            around = 0.7 * root + 0.3 * (home(player) + 2)
            notes += _cello(span, root, measure, chart, player)
    return notes + last_note(chart, player, around, again=False)


def _cello(span: ChordSpan, root: int, measure: Measure, chart: Chart, player: Player) -> list[Note]:
    """One chord of the cello: held, halved, or in beats with a step into the next root."""
    beat = chart.plan.metre.beat_ticks
    count = span.length_ticks // beat
    energy = measure.bar.energy
    if energy <= 1 or count < 2:
        return [Note(span.onset_ticks, root, span.length_ticks, HIT)]
    fifth = root + degree(span.chord, "5") if span.chord.bass is None else root
    fifth = fifth if fifth <= player.high else fifth - 12
    fifth = fifth if fifth >= player.low else root
    third = root + degree(span.chord, "3") if span.chord.bass is None else root
    third = third if third <= player.high else root
    style = int(chart.rng("bass", "pedal", measure.bar.letter, energy).integers(3))
    if energy == 2 and style == 0:
        return [Note(span.onset_ticks, root, span.length_ticks, HIT)]
    if energy == 2 or style == 1:
        half = (count + 1) // 2 * beat
        parts = [(0, half, root), (half, span.length_ticks - half, fifth if style else root)]
    else:
        parts = [(k * beat, beat, (root, third, fifth, third)[k % 4]) for k in range(count)]
    notes = [Note(span.onset_ticks + at, p, length, HIT) for at, length, p in parts]
    return _step_into(notes, span, measure, chart, player)


def _step_into(notes: list[Note], span: ChordSpan, measure: Measure, chart: Chart, player: Player) -> list[Note]:
    """Where the next root lies a third or more away, the last beat steps towards it within the scale."""
    following = measure.next_chord if span.end_ticks == measure.end_ticks else chart.chord_at(span.end_ticks)
    beat, last = chart.plan.metre.beat_ticks, notes[-1]
    target = nearest(following.bass_pitch_class, last.pitch, player)
    if abs(target - last.pitch) < 3 or last.length_ticks < beat:
        return notes
    side = -1 if last.pitch < target else 1
    step = next(target + side * d for d in (1, 2) if d == 2 or (target + side * d) % 12 in chart.plan.scale)
    if not player.low <= step <= player.high or span.length_ticks <= beat:
        return notes
    at = span.end_ticks - beat
    kept = [] if last.onset_ticks == at else [Note(last.onset_ticks, last.pitch, at - last.onset_ticks, HIT)]
    return [*notes[:-1], *kept, Note(at, step, beat, HIT - 6)]


def drone(chart: Chart, player: Player) -> list[Note]:
    """One long root under each chord; where the root stays, the note stays, up to the end of the phrase."""
    notes: list[Note] = []
    for measure in chart.played_by(player):
        for span in measure.chords:
            root = nearest(span.chord.bass_pitch_class, home(player), player)
            last = notes[-1] if notes else None
            if last and last.pitch == root and last.end_ticks == span.onset_ticks and measure.bar.index:
                notes[-1] = Note(last.onset_ticks, root, last.length_ticks + span.length_ticks, last.velocity)
            else:
                notes.append(Note(span.onset_ticks, root, span.length_ticks, HIT))
    return notes + last_note(chart, player, home(player), again=False)
