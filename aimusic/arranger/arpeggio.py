"""Arpeggio players: the chord note by note, from a synthesiser's sixteenths to a distant bell."""

from collections.abc import Callable

from aimusic.arranger.chart import GHOST, HIT, Chart, Measure
from aimusic.arranger.ending import roll
from aimusic.arranger.inner import ladder_of
from aimusic.arranger.metres import fitted
from aimusic.music.rhythm import TICKS_PER_QUARTER
from aimusic.music.score import Note
from aimusic.style import Player

SIXTEENTH = TICKS_PER_QUARTER // 4

# Places in the ladder of chord tones, one for each sixteenth of a 4/4 bar; None rests. After the CC0 arpeggios
# of common practice: up, up and down, three-three-two, rising in pairs.
SIXTEENTHS = (
    (0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3),
    (0, 1, 2, 3, 2, 1, 0, 1, 2, 3, 4, 3, 2, 1, 2, 1),
    (0, None, None, 1, None, None, 2, None, 3, None, None, 2, None, None, 1, None),
    (0, 2, 1, 3, 2, 4, 3, 5, 0, 2, 1, 3, 5, 4, 3, 2),
    (0, None, 2, 1, None, 2, 3, None, 0, None, 2, 1, None, 4, 3, None),
    (4, 2, 0, 4, 2, 0, 4, 2, 4, 2, 0, 4, 2, 0, 5, 3),
)
BROKEN = ((0, 1, 2, 3), (0, 2, 3, 4), (0, 1, 2, 4), (0, 2, 1, 3))
BELLS_PER_BAR = (0.5, 0.8, 1.1, 1.5, 1.8)  # by energy level


def sixteenths(chart: Chart, player: Player) -> list[Note]:
    """Sixteenths through the chord; the figure belongs to the phrase letter, calm bars play every other note."""
    notes: list[Note] = []
    for measure in chart.played_by(player):
        rng = chart.rng("arpeggio", player.pattern, measure.bar.letter)
        figure = fitted(SIXTEENTHS[int(rng.integers(len(SIXTEENTHS)))], chart.plan.metre)
        octave = int(rng.integers(2)) if measure.bar.index % 4 >= 2 else 0
        stride = 2 if measure.bar.energy <= 1 else 1
        for k in range(0, measure.length_ticks // SIXTEENTH, stride):
            place = figure[k % len(figure)]
            if place is not None:
                notes.append(_rung(chart, measure, player, k, place + octave, stride))
    return notes + roll(chart, tuple(_last_ladder(chart, player)[:5]), SIXTEENTH)


def _rung(chart: Chart, measure: Measure, player: Player, k: int, place: int, stride: int) -> Note:
    tick = measure.start_ticks + k * SIXTEENTH
    ladder = ladder_of(chart, tick, player)
    velocity = HIT if k % 4 == 0 else HIT - 12
    return Note(tick, ladder[place % len(ladder)], SIXTEENTH * stride, velocity)


def broken(chart: Chart, player: Player) -> list[Note]:
    """Harp: each chord broken upwards over its beats, its notes ringing until the chord changes."""
    notes: list[Note] = []
    for measure in chart.played_by(player):
        rng = chart.rng("arpeggio", player.pattern, measure.bar.letter, measure.bar.index % 4)
        figure = BROKEN[int(rng.integers(len(BROKEN)))]
        metre = chart.plan.metre
        step = metre.division_ticks if measure.bar.energy <= 3 or metre.is_compound else metre.beat_ticks // 3
        for span in measure.chords:
            ladder = ladder_of(chart, span.onset_ticks, player)
            count = span.length_ticks // step
            for k in range(count):
                place = figure[k % len(figure)] + k // len(figure) * 2
                tick = span.onset_ticks + k * step
                notes.append(Note(tick, ladder[place % len(ladder)], span.end_ticks - tick, HIT - 4 * (k % 2)))
    return notes + roll(chart, tuple(_last_ladder(chart, player)[:7]), 2)


def distant(chart: Chart, player: Player) -> list[Note]:
    """Bells: a few high chord tones, off the downbeat, left to ring for two bars."""
    notes: list[Note] = []
    step = chart.plan.metre.division_ticks
    for measure in chart.played_by(player):
        rng = chart.rng("arpeggio", player.pattern, measure.number)
        count = int(rng.poisson(BELLS_PER_BAR[measure.bar.energy]))
        places = rng.permutation(range(1, measure.length_ticks // step))[:count]
        for place in sorted(int(p) for p in places):
            tick = measure.start_ticks + place * step
            ladder = ladder_of(chart, tick, player)
            pitch = ladder[int(rng.integers(len(ladder) // 3, len(ladder)))]
            notes.append(Note(tick, pitch, 2 * chart.plan.metre.bar_ticks, GHOST + int(rng.integers(24))))
    return notes + roll(chart, tuple(_last_ladder(chart, player)[-4:]), step)


def _last_ladder(chart: Chart, player: Player) -> list[int]:
    return ladder_of(chart, chart.ending.start_ticks, player)


PATTERNS: dict[str, Callable[[Chart, Player], list[Note]]] = {
    "sixteenths": sixteenths,
    "broken": broken,
    "distant": distant,
}
