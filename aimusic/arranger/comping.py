"""Comping players: chords in rhythm under the tune.

Rhythms are strings, one character for each step of a 4/4 bar: `X` accent, `x` hit, `-` holds the chord, `.` is
silence, `>` is an early hit of the next bar's chord. Other metres take what `metres.fitted` leaves.
Choices depend on the pattern, the phrase letter and the energy, not on the player's name: two guitars with the
same pattern play the same thing, as double-tracked guitars do.
"""

from collections.abc import Callable

from aimusic.arranger.chart import ACCENT, GHOST, HIT, Chart, Measure
from aimusic.arranger.ending import roll, strike
from aimusic.arranger.metres import fitted
from aimusic.arranger.voicing import Hands, hands
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
# Classical figuration, by energy: for each beat what sounds in its equal parts, a voice of the chord or several
# at once. Held chords and rocking eighths when calm; Alberti, waltz and broken chords; sixteenths when lively.
FIGURES = (
    (((0,), ((1, 2, 3),), (), ()), ((0, 2), (3,), (1, 2), (3,))),
    (((0, 2), (1, 3), (2, 1), (3, 2)), ((0,), ((1, 2, 3),), (0,), ((1, 2, 3),)), ((0, 1), (2, 3), (2, 1), (2, 1))),
    (((0, 2), (1, 2), (3, 2), (1, 2)), ((0, 1), (2, 3), (3, 2), (2, 1)), ((0,), ((1, 2, 3),), ((1, 2, 3),), (2,))),
    (((0, 2, 1, 2), (3, 2, 1, 2)), ((0, (1, 2)), (3, (1, 2)), (0, (1, 2)), (3, (1, 2)))),
    (((0, 1, 2, 3), (2, 1, 2, 1)), ((0, 2, 1, 2), (3, 2, 1, 2)), ((0, 1, 2, 3), (3, 2, 1, 2))),
)
SHUFFLE_DEGREES = ((7, 7, 9, 9), (7, 7, 9, 9, 10, 10, 9, 9), (7, 7, 9, 7))
SHUFFLE_CHOPS = ("..x...x.", ".x.x.x.x", "..x..x.>", "...x..x.")
ROOTLESS_WANDER, PIANO_WANDER = 3.0, 2.0  # semitones
ROOTLESS_VOICES, PIANO_VOICES, CHOP_VOICES, STAB_VOICES = 4, 4, 3, 4
STRUM_S = 0.006
HAND_S = 0.002


def rootless(chart: Chart, player: Player) -> list[Note]:
    """Rootless voicings in ever new rhythms, fewer where the melody is busy."""
    voiced = hands(chart, player, ROOTLESS_VOICES, "rootless", ROOTLESS_WANDER)
    notes: list[Note] = []
    before = ""
    for measure in chart.played_by(player):
        rng = chart.rng("comping", "rootless", measure.number)
        bank = [r for r in JAZZ[_busyness(measure)] if r != before]
        before = bank[int(rng.integers(len(bank)))]
        notes += _rhythm(before, EIGHTH, measure, chart, voiced)
    return notes + strike(chart, voiced.last, again=True, spread_s=HAND_S)


def _busyness(measure: Measure) -> int:
    """How much the piano plays: with the energy, against the melody."""
    busy = len(measure.melody) >= 6
    return max(0, min(2, (measure.bar.energy + 1) // 2 - busy))


def power_chords(chart: Chart, player: Player) -> list[Note]:
    """Root, fifth and octave in riffs that stay for a phrase; palm-muted chugs are short, accents ring."""
    voiced = hands(chart, player, 3, "power")
    notes: list[Note] = []
    for measure in chart.played_by(player):
        rhythm = _by_letter(chart, player, measure, POWER[min(3, measure.bar.energy)])
        notes += _rhythm(rhythm, EIGHTH, measure, chart, voiced, spread_s=HAND_S)
    return notes + strike(chart, voiced.last, again=True, spread_s=STRUM_S)


def stabs(chart: Chart, player: Player) -> list[Note]:
    """Chord stabs off the beat, wider and longer as the energy rises."""
    voiced = hands(chart, player, STAB_VOICES, "full")
    notes: list[Note] = []
    for measure in chart.played_by(player):
        rhythm = _by_letter(chart, player, measure, STABS[max(0, min(3, measure.bar.energy - 1))])
        notes += _rhythm(rhythm, SIXTEENTH, measure, chart, voiced)
    return notes + strike(chart, voiced.last, again=False)


def shuffle(chart: Chart, player: Player) -> list[Note]:
    """Blues guitar: the fifth-sixth shuffle on the low strings, or chops above it, by phrase."""
    voiced = hands(chart, player, CHOP_VOICES, "full")
    notes: list[Note] = []
    for measure in chart.played_by(player):
        rng = chart.rng("comping", "shuffle", measure.bar.letter, measure.bar.index // 4)
        if rng.random() < 0.6:
            notes += _five_six(chart, measure, player, SHUFFLE_DEGREES[int(rng.integers(len(SHUFFLE_DEGREES)))])
        else:
            rhythm = SHUFFLE_CHOPS[int(rng.integers(len(SHUFFLE_CHOPS)))]
            notes += _rhythm(rhythm, EIGHTH, measure, chart, voiced, spread_s=STRUM_S)
    return notes + strike(chart, voiced.last, again=True, spread_s=STRUM_S)


def _five_six(chart: Chart, measure: Measure, player: Player, tops: tuple[int, ...]) -> list[Note]:
    """Root and fifth, root and sixth, in shuffled eighths."""
    notes = []
    for span in measure.chords:
        roots = [p for p in range(player.low, player.high - 9) if p % 12 == span.chord.root]
        root = roots[0]
        for k in range(span.length_ticks // EIGHTH):
            tick = span.onset_ticks + k * EIGHTH
            on_beat = k * EIGHTH % chart.plan.metre.beat_ticks == 0
            velocity = HIT if on_beat else HIT - 14
            top = root + min(tops[k % len(tops)], player.high - root)
            notes += [Note(tick, p, EIGHTH - 1, velocity, j * HAND_S) for j, p in enumerate((root, top))]
    return notes


def figuration(chart: Chart, player: Player) -> list[Note]:
    """Piano figuration: broken chords, Alberti bass or a waltz, one for each phrase letter and energy."""
    voiced = hands(chart, player, PIANO_VOICES, "full", PIANO_WANDER)
    notes: list[Note] = []
    for measure in chart.played_by(player):
        bank = FIGURES[measure.bar.energy]
        rng = chart.rng("comping", "figuration", measure.bar.letter, measure.bar.energy)
        notes += _figure(bank[int(rng.integers(len(bank)))], measure, chart, voiced)
    return notes + roll(chart, voiced.last, 1)


def _figure(figure, measure: Measure, chart: Chart, voiced: Hands) -> list[Note]:
    """A figure over the beats of a bar; a new chord begins with its lowest voice, which rings through the beat."""
    beat_ticks = chart.plan.metre.beat_ticks
    changes = {span.onset_ticks for span in measure.chords}
    notes = []
    for beat in range(measure.length_ticks // beat_ticks):
        start = measure.start_ticks + beat * beat_ticks
        order = list(figure[beat % len(figure)])
        if start in changes and order[:1] != [0]:
            order[:1] = [0]
        if order and (beat_ticks % len(order) or (chart.plan.metre.is_compound and len(order) > 1)):
            order = [*order[:2], order[-1]]  # three eighths
        for k, sounding in enumerate(order):
            at = start + k * beat_ticks // len(order)
            for voice in (sounding,) if isinstance(sounding, int) else sounding:
                velocity = HIT if voice == 0 else HIT - 14
                length = _until_change(start, chart, measure) if voice == 0 else start + beat_ticks - at
                notes.append(Note(at, voiced.at(at)[voice], length, velocity))
    return notes


def _until_change(tick: int, chart: Chart, measure: Measure) -> int:
    """Two beats at most, but never into the next chord or bar."""
    ends = [span.end_ticks for span in measure.chords if span.onset_ticks <= tick]
    return min(2 * chart.plan.metre.beat_ticks, ends[-1] - tick)


PATTERNS: dict[str, Callable[[Chart, Player], list[Note]]] = {
    "rootless": rootless,
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
    voiced: Hands,
    spread_s: float = 0.0,
) -> list[Note]:
    """A rhythm string over the chords of a bar. A hit is cut where the chord changes under it."""
    notes = []
    rhythm = "".join(fitted(rhythm, chart.plan.metre))
    for k, mark in enumerate(rhythm):
        if mark in ".-":
            continue
        tick = measure.start_ticks + k * step_ticks
        held = len(rhythm[k + 1 :]) - len(rhythm[k + 1 :].lstrip("-"))
        pitches = voiced.at(measure.end_ticks if mark == ">" else tick)
        index = chart.span_index(tick)
        length = (1 + held) * step_ticks
        if mark != ">" and index + 1 < len(chart.chord_onsets):
            length = min(length, chart.chord_onsets[index + 1] - tick)
        length -= 1 if held == 0 and length > 2 else 0
        velocity = {"X": ACCENT, "x": HIT, ">": HIT, "o": GHOST}[mark]
        notes += [Note(tick, p, length, velocity - 2 * j, j * spread_s) for j, p in enumerate(pitches)]
    return notes
