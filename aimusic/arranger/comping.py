"""Comping players: chords in rhythm under the tune.

Rhythms are strings, one character for each step of a 4/4 bar: `X` accent, `x` hit, `-` holds the chord, `.` is
silence, `>` is an early hit of the next bar's chord. Shorter bars take as many steps as they have room for.
Choices depend on the pattern, the phrase letter and the energy, not on the player's name: two guitars with the
same pattern play the same thing, as double-tracked guitars do.
"""

from collections.abc import Callable

from aimusic.arranger.chart import ACCENT, GHOST, HIT, Chart, Measure
from aimusic.arranger.ending import roll, strike
from aimusic.arranger.voicing import lead_voices
from aimusic.music.rhythm import TICKS_PER_QUARTER
from aimusic.music.score import Note
from aimusic.style import Player

EIGHTH = TICKS_PER_QUARTER // 2
SIXTEENTH = TICKS_PER_QUARTER // 4

# Jazz piano, eighths: Charleston and its shifts, anticipations, stabs. By energy: calm, middle, busy.
JAZZ = (
    ("x---....", "....x---", "x-------", "..x-....", "........"),
    ("x--x....", "...x-...", "...x..x-", "..x-..x.", "x..x--..", ".x..x--.", "......x>"),
    ("x--x..x>", ".x.x..x-", "x..x.x..", "..xx..x>", ".x-x-.x>", "x.x..x.>"),
)
# Rock guitars, eighths: chugs and open chords.
POWER = (
    ("x-------", "x---x---"),
    ("x.x.x.x.", "x-x.x-x.", "x---..x-", "xxx.xxx."),
    ("XxxXxxXx", "X-xxX-xx", "X--X--X-", "X-xXx-x-"),
    ("X---X---", "X--X--x-", "X-xx-xx-", "XxXxXxXx"),
)
# Electronic chord stabs, sixteenths.
STABS = (
    ("X-------........",),
    ("..x...x...x...x.", "x.....x...x....."),
    ("X--x--x---x--x--", "..X-..X-..X-..X-", "x..x..x.x..x..x."),
    ("X--X--X-X--X--X-", "X-..X-.X-..X-.X-", "..X-..X-..X-.XX-"),
)
# Classical figuration: which voice of the chord sounds on each step, per beat; None rests. Calm to lively.
FIGURES = (
    ((0,), (1, 2), (1, 2), (2,)),
    ((0, 2), (1, 2), (0, 2), (1, 2)),
    ((0, 1), (2, 3), (2, 1), (2, 1)),
    ((0, 2, 1, 2), (0, 2, 1, 2), (0, 2, 1, 2), (0, 2, 1, 2)),
    ((0, 1, 2, 3), (2, 1, 2, 1), (0, 1, 2, 3), (2, 1, 2, 1)),
)
SHUFFLE_DEGREES = ((7, 7, 9, 9), (7, 7, 9, 9, 10, 10, 9, 9), (7, 7, 9, 7))
SHUFFLE_CHOPS = ("..x...x.", ".x.x.x.x", "..x..x.>", "...x..x.")
JAZZ_VOICES, PIANO_VOICES, CHOP_VOICES, STAB_VOICES = 4, 4, 3, 4
STRUM_S = 0.006
HAND_S = 0.002


def jazz(chart: Chart, player: Player) -> list[Note]:
    """Rootless voicings in ever new rhythms, fewer where the melody is busy."""
    spans = chart.lead.chords
    wander = chart.rng("comping", "jazz", "register").normal(0.0, 2.0, len(spans))
    voiced = lead_voices(spans, player, JAZZ_VOICES, "rootless", wander)
    notes: list[Note] = []
    before = ""
    for measure in chart.played_by(player):
        rng = chart.rng("comping", "jazz", measure.number)
        bank = [r for r in JAZZ[_busyness(measure)] if r != before]
        before = bank[int(rng.integers(len(bank)))]
        notes += _rhythm(before, EIGHTH, measure, chart, voiced)
    return notes + strike(chart, voiced[-1], again=True, spread_s=HAND_S)


def _busyness(measure: Measure) -> int:
    """How much the piano plays: with the energy, against the melody."""
    busy = len(measure.melody) >= 6
    return max(0, min(2, (measure.bar.energy + 1) // 2 - busy))


def power_chords(chart: Chart, player: Player) -> list[Note]:
    """Root, fifth and octave in riffs that stay for a phrase; palm-muted chugs are short, accents ring."""
    voiced = lead_voices(chart.lead.chords, player, 3, "power")
    notes: list[Note] = []
    for measure in chart.played_by(player):
        rhythm = _by_letter(chart, player, measure, POWER[min(3, measure.bar.energy)])
        notes += _rhythm(rhythm, EIGHTH, measure, chart, voiced, spread_s=HAND_S)
    return notes + strike(chart, voiced[-1], again=True, spread_s=STRUM_S)


def stabs(chart: Chart, player: Player) -> list[Note]:
    """Chord stabs off the beat, wider and longer as the energy rises."""
    voiced = lead_voices(chart.lead.chords, player, STAB_VOICES, "full")
    notes: list[Note] = []
    for measure in chart.played_by(player):
        rhythm = _by_letter(chart, player, measure, STABS[max(0, min(3, measure.bar.energy - 1))])
        notes += _rhythm(rhythm, SIXTEENTH, measure, chart, voiced)
    return notes + strike(chart, voiced[-1], again=False)


def shuffle(chart: Chart, player: Player) -> list[Note]:
    """Blues guitar: the fifth-sixth shuffle on the low strings, or chops above it, by phrase."""
    voiced = lead_voices(chart.lead.chords, player, CHOP_VOICES, "full")
    notes: list[Note] = []
    for measure in chart.played_by(player):
        rng = chart.rng("comping", "shuffle", measure.bar.letter, measure.bar.index // 4)
        if rng.random() < 0.6:
            notes += _five_six(chart, measure, player, SHUFFLE_DEGREES[int(rng.integers(len(SHUFFLE_DEGREES)))])
        else:
            rhythm = SHUFFLE_CHOPS[int(rng.integers(len(SHUFFLE_CHOPS)))]
            notes += _rhythm(rhythm, EIGHTH, measure, chart, voiced, spread_s=STRUM_S)
    return notes + strike(chart, voiced[-1], again=True, spread_s=STRUM_S)


def _five_six(chart: Chart, measure: Measure, player: Player, tops: tuple[int, ...]) -> list[Note]:
    """Root and fifth, root and sixth, in shuffled eighths."""
    notes = []
    for span in measure.chords:
        roots = [p for p in range(player.low, player.high - 9) if p % 12 == span.chord.root]
        root = roots[0]
        for k in range(span.length_ticks // EIGHTH):
            tick = span.onset_ticks + k * EIGHTH
            on_beat = k % 2 == 0
            velocity = HIT if on_beat else HIT - 14
            top = root + min(tops[k % len(tops)], player.high - root)
            notes += [Note(tick, p, EIGHTH - 1, velocity, j * HAND_S) for j, p in enumerate((root, top))]
    return notes


def figuration(chart: Chart, player: Player) -> list[Note]:
    """Piano figuration: broken chords, Alberti bass or a waltz, one for each phrase letter and energy."""
    voiced = lead_voices(chart.lead.chords, player, PIANO_VOICES, "full")
    notes: list[Note] = []
    for measure in chart.played_by(player):
        energy = measure.bar.energy
        shift = int(chart.rng("comping", "figuration", measure.bar.letter).integers(2))
        figure = FIGURES[min(len(FIGURES) - 1, max(0, energy - 1 + shift))]
        notes += _figure(figure, measure, chart, voiced)
    return notes + roll(chart, voiced[-1], 1)


def _figure(figure, measure: Measure, chart: Chart, voiced: list[tuple[int, ...]]) -> list[Note]:
    """A figure over the beats of a bar; the lowest voice rings through the beat, and begins every chord."""
    beat_ticks = chart.plan.metre.beat_ticks
    notes = []
    for beat in range(measure.length_ticks // beat_ticks):
        start = measure.start_ticks + beat * beat_ticks
        index = chart.span_index(start)
        begins = start == max(measure.start_ticks, chart.chord_onsets[index])
        order = list(figure[beat % len(figure)])
        if beat_ticks % len(order):
            order = [*order[:2], order[-1]]
        if begins:
            order[0] = 0
        step = beat_ticks // len(order)
        for k, voice in enumerate(order):
            pitch = voiced[index][min(voice, len(voiced[index]) - 1)]
            length = beat_ticks if voice == 0 else max(step, beat_ticks - k * step)
            notes.append(Note(start + k * step, pitch, length, HIT if voice == 0 else HIT - 14))
    return notes


PATTERNS: dict[str, Callable[[Chart, Player], list[Note]]] = {
    "jazz": jazz,
    "power_chords": power_chords,
    "stabs": stabs,
    "shuffle": shuffle,
    "figuration": figuration,
}


def _by_letter(chart: Chart, player: Player, measure: Measure, bank: tuple[str, ...]) -> str:
    """One rhythm for each phrase letter and energy; every fourth bar may answer with another."""
    bar = measure.bar
    turn = "answer" if bar.index % 4 == 3 else "call"
    rng = chart.rng("comping", player.pattern, bar.letter, bar.energy, turn)
    return bank[int(rng.integers(len(bank)))]


def _rhythm(
    rhythm: str,
    step_ticks: int,
    measure: Measure,
    chart: Chart,
    voiced: list[tuple[int, ...]],
    spread_s: float = 0.0,
) -> list[Note]:
    """A rhythm string over the chords of a bar. A hit is cut where the chord changes under it."""
    notes = []
    room = measure.length_ticks // step_ticks
    rhythm = rhythm[:room].ljust(room, ".")
    for k, mark in enumerate(rhythm):
        if mark in ".-":
            continue
        tick = measure.start_ticks + k * step_ticks
        held = len(rhythm[k + 1 :]) - len(rhythm[k + 1 :].lstrip("-"))
        index = chart.span_index(measure.end_ticks if mark == ">" else tick)
        length = (1 + held) * step_ticks
        if mark != ">" and index + 1 < len(chart.chord_onsets):
            length = min(length, chart.chord_onsets[index + 1] - tick)
        length -= 1 if held == 0 and length > 2 else 0
        velocity = {"X": ACCENT, "x": HIT, ">": HIT, "o": GHOST}[mark]
        notes += [Note(tick, p, length, velocity - 2 * j, j * spread_s) for j, p in enumerate(voiced[index])]
    return notes
