"""Bass players of figures, and the table of all bass skills.

A bass has one note at a time, the root where the chord changes, and a way into the next one.
"""

from collections.abc import Callable, Sequence

import numpy as np

from aimusic.arranger.chart import ACCENT, HIT, Chart, Measure
from aimusic.arranger.drums import kicks
from aimusic.arranger.metres import fitted
from aimusic.arranger.pedal import drone, pedal
from aimusic.arranger.roots import HIGH_FROM_ENERGY, degree, home, last_note, nearest
from aimusic.arranger.walking import walking
from aimusic.music.rhythm import TICKS_PER_QUARTER
from aimusic.music.score import Note
from aimusic.style import Player

EIGHTH = TICKS_PER_QUARTER // 2
SIXTEENTH = TICKS_PER_QUARTER // 4

# Figures in chord degrees for calm, moving and driving bars, one token for each eighth (boogie, rock) or sixteenth
# (synth) of a 4/4 bar; other metres take what `metres.fitted` leaves. `.` lets the note before ring, `-`
# is silence. Lists run over consecutive bars. Written for this project after common practice.
Figures = tuple[tuple[list[str], ...], ...]
BOOGIE: Figures = (
    (["1 . 3 . 5 . 6 ."], ["1 . 5 . 6 . 5 ."], ["1 . . 1 5 . 6 5"]),
    (
        ["1 . 3 . 5 . 6 .", "b7 . 6 . 5 . 3 ."],
        ["1 1 3 3 5 5 6 5", "b7 b7 6 6 5 5 3 3"],
        ["1 1 5 5 6 6 5 5"],
        ["8 . 1 3 5 . 6 5"],
    ),
    (["1 1 3 3 5 5 6 5", "b7 b7 6 6 5 5 3 3"], ["1 1 5 5 6 6 b7 6"], ["1 1 3 5 6 6 5 3"]),
)
ROCK: Figures = (
    (["1 . . . . . 5 ."], ["1 . . . 1 . . ."], ["1 . . 1 . . 5 ."]),
    (["1 1 1 1 1 1 1 1"], ["1 . 1 1 . 1 1 ."], ["1 . 1 1 5 . 8 ."], ["1 . . 1 1 . 5 5"]),
    (["1 1 1 1 1 1 1 1"], ["1 1 1 1 1 1 8 1"], ["1 1 1 1 1 1 1 1", "1 1 1 1 5 5 8 8"], ["1 1 8 1 1 8 1 5"]),
)
SYNTH: Figures = (
    (["1 . . . . . . . . . . . . . . ."], ["1 . . . . . . . - - 1 . . . . ."]),
    (
        ["- - 1 . - - 1 . - - 1 . - - 1 ."],
        ["- - 1 . - - 1 . - - 1 . - - 8 ."],
        ["1 . - 1 . - 1 . - - 1 . 5 . 8 ."],
    ),
    (
        ["- - 1 1 - - 1 1 - - 1 1 - - 1 8"],
        ["1 . 1 1 - 1 1 . - 1 1 1 - 1 8 ."],
        ["- 1 1 1 - 1 1 1 - 1 1 1 - 1 8 1"],
        ["1 - 1 1 - 1 8 1 - 1 1 1 - 8 1 5"],
    ),
)
TIERS = (0, 0, 1, 1, 2)  # which of the three, by energy level
APPROACH_SHARE = 0.5  # of the chord changes into which the last note of a figure leads by a semitone
RUN_SHARE = 0.6  # of the lively phrases that end with a run along the scale


def boogie(chart: Chart, player: Player) -> list[Note]:
    """Shuffle figures in chord degrees, with chromatic ways into the next chord."""
    return _figured(chart, player, BOOGIE, EIGHTH, lock=False)


def eighths(chart: Chart, player: Player) -> list[Note]:
    """Rock bass: driving figures that never miss a kick of the drums, and runs into the next section."""
    return _figured(chart, player, ROCK, EIGHTH, lock=True)


def offbeat(chart: Chart, player: Player) -> list[Note]:
    """Synth bass: an ostinato of sixteenths in the holes that the kick leaves."""
    return _figured(chart, player, SYNTH, SIXTEENTH, lock=False)


def _figured(chart: Chart, player: Player, figures: Figures, step_ticks: int, *, lock: bool) -> list[Note]:
    """Figures bar by bar: one choice for each phrase letter and energy, so that returning music returns."""
    notes: list[Note] = []
    around = home(player)
    for measure in chart.played_by(player):
        bar = measure.bar
        bank = figures[TIERS[bar.energy]]
        choice = bank[int(chart.rng("bass", player.pattern, bar.letter, bar.energy).integers(len(bank)))]
        stays = bool(bar.index) and chart.chord_at(measure.start_ticks - 1) == measure.chords[0].chord
        tokens = fitted(choice[bar.index % len(choice) if stays else 0].split(), chart.plan.metre)
        hits = _hits(measure, tokens, step_ticks)
        if lock:
            hits = _with_kicks(hits, kicks(chart, measure))
        line = _pitched(hits, measure, chart, player, around)
        rng = chart.rng("bass", "approach", measure.number)
        line = _with_approach(line, measure, player, rng)
        if bar.ends_phrase and bar.energy >= HIGH_FROM_ENERGY and rng.random() < RUN_SHARE:
            line = _with_run(line, measure, chart, player)
        notes += line
    return notes + last_note(chart, player, around)


def _hits(measure: Measure, tokens: Sequence[str], step_ticks: int) -> list[tuple[int, str]]:
    """(tick, degree) for a bar; each chord starts the figure anew, so a change always has its root."""
    hits = []
    for span in measure.chords:
        count = span.length_ticks // step_ticks
        for k, token in enumerate((*tokens, *tokens)[:count]):
            if token != ".":
                hits.append((span.onset_ticks + k * step_ticks, token))
    return hits


def _with_kicks(hits: list[tuple[int, str]], kick_ticks: list[int]) -> list[tuple[int, str]]:
    taken = {tick for tick, _ in hits}
    return sorted(hits + [(tick, "1") for tick in kick_ticks if tick not in taken])


def _pitched(hits, measure: Measure, chart: Chart, player: Player, around: float) -> list[Note]:
    """Degrees as pitches over the chord's root near `around`; each note lasts until the next."""
    notes = []
    ends = [tick for tick, _ in hits[1:]] + [measure.end_ticks]
    for (tick, name), end in zip(hits, ends, strict=True):
        if name == "-":
            continue
        chord = chart.chord_at(tick)
        root = nearest(chord.bass_pitch_class, around, player)
        pitch = root + (0 if chord.bass is not None and name != "8" else degree(chord, name))
        while pitch > player.high:
            pitch -= 12
        strong = tick == measure.start_ticks
        notes.append(Note(tick, pitch, max(1, end - tick - 1), ACCENT - 6 if strong else HIT))
    return notes


def _with_approach(line: list[Note], measure: Measure, player: Player, rng: np.random.Generator) -> list[Note]:
    """The last note before a new chord leads into its root by a semitone, from the side it comes from."""
    if len(line) < 3 or measure.next_chord == measure.chords[-1].chord or rng.random() > APPROACH_SHARE:
        return line
    last = line[-1]
    if (
        last.onset_ticks < measure.end_ticks - TICKS_PER_QUARTER
        or last.onset_ticks <= measure.chords[-1].onset_ticks
    ):
        return line
    target = nearest(measure.next_chord.bass_pitch_class, home(player), player)
    pitch = target - 1 if last.pitch < target else target + 1
    if not player.low <= pitch <= player.high:
        return line
    return [*line[:-1], Note(last.onset_ticks, pitch, last.length_ticks, last.velocity)]


def _with_run(line: list[Note], measure: Measure, chart: Chart, player: Player) -> list[Note]:
    """The last two beats of a phrase climb or fall along the scale into the next root."""
    start = measure.end_ticks - 4 * EIGHTH
    if start <= measure.chords[-1].onset_ticks:
        return line
    target = nearest(measure.next_chord.bass_pitch_class, home(player), player)
    rising = line[-1].pitch <= target if line else True
    scale = [p for p in range(player.low, player.high + 1) if p % 12 in chart.plan.scale and p != target]
    below, above = [p for p in scale if p < target][-4:], [p for p in scale if p > target][:4][::-1]
    run = below if (rising and len(below) == 4) or len(above) < 4 else above
    kept = [
        n if n.end_ticks <= start else Note(n.onset_ticks, n.pitch, start - n.onset_ticks, n.velocity)
        for n in line
        if n.onset_ticks < start
    ]
    return kept + [Note(start + k * EIGHTH, p, EIGHTH - 1, HIT + 2 * k) for k, p in enumerate(run)]


PATTERNS: dict[str, Callable[[Chart, Player], list[Note]]] = {
    "walking": walking,
    "boogie": boogie,
    "eighths": eighths,
    "offbeat": offbeat,
    "pedal": pedal,
    "drone": drone,
}
