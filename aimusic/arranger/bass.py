"""Bass players: one note at a time, the root where the chord changes, and a way into the next one."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from aimusic.arranger.chart import ACCENT, GHOST, HIT, Chart, Measure
from aimusic.arranger.drums import kicks
from aimusic.arranger.ending import strike
from aimusic.music.harmony import QUALITIES, Chord
from aimusic.music.rhythm import TICKS_PER_QUARTER
from aimusic.music.score import ChordSpan, Note
from aimusic.style import Player

EIGHTH = TICKS_PER_QUARTER // 2
SIXTEENTH = TICKS_PER_QUARTER // 4

# Figures in chord degrees, one token for each eighth (boogie, rock) or sixteenth (synth) of a 4/4 bar; shorter
# bars take as many tokens as they have room for. `.` lets the note before ring, `-` is silence. Lists run over
# consecutive bars. Written for this project after common practice.
BOOGIE = {
    "low": (["1 . 3 . 5 . 6 ."], ["1 . 5 . 6 . 5 ."], ["1 . . 1 5 . 6 5"]),
    "high": (
        ["1 1 3 3 5 5 6 5", "b7 b7 6 6 5 5 3 3"],
        ["1 . 3 . 5 . 6 .", "b7 . 6 . 5 . 3 ."],
        ["1 1 5 5 6 6 5 5"],
        ["8 . 1 3 5 . 6 5"],
    ),
}
ROCK = {
    "low": (["1 . . . . . 5 ."], ["1 . . . 1 . . ."], ["1 . . 1 . . 5 ."]),
    "high": (
        ["1 1 1 1 1 1 1 1"],
        ["1 1 1 1 1 1 8 1"],
        ["1 . 1 1 . 1 1 ."],
        ["1 1 1 1 1 1 1 1", "1 1 1 1 5 5 8 8"],
        ["1 . 1 1 5 . 8 ."],
    ),
}
SYNTH = {
    "low": (["1 . . . . . . . . . . . . . . ."], ["- - 1 . - - 1 . - - 1 . - - 1 ."]),
    "high": (
        ["- - 1 . - - 1 . - - 1 . - - 8 ."],
        ["- - 1 1 - - 1 1 - - 1 1 - - 1 8"],
        ["1 . 1 1 - 1 1 . - 1 1 1 - 1 8 ."],
        ["- 1 1 1 - 1 1 1 - 1 1 1 - 1 8 1"],
        ["1 . - 1 . - 1 . - - 1 . 5 . 8 ."],
    ),
}
HIGH_FROM_ENERGY = 2
APPROACH_SHARE = 0.5  # of the chord changes into which the last note of a figure leads by a semitone
SKIP_SHARE = 0.15  # of the walking bars that have a skipped note off the beat


def degree(chord: Chord, name: str) -> int:
    """Semitones of a chord degree above the root, as the chord's quality has it."""
    intervals = QUALITIES[chord.quality][1]
    third = next((i for i in (3, 4, 5) if i in intervals), 4)
    fifth = next((i for i in (7, 6, 8) if i in intervals), 7)
    return {"1": 0, "3": third, "5": fifth, "6": 9, "b7": 10, "8": 12}[name]


def nearest(pitch_class: int, around: float, player: Player) -> int:
    """The pitch of a class within the player's range that is closest to `around`."""
    fitting = [p for p in range(player.low, player.high + 1) if p % 12 == pitch_class]
    return min(fitting, key=lambda p: (abs(p - around), p))


def home(player: Player) -> float:
    """Where a bass player is comfortable: the lower third of the range."""
    return player.low + (player.high - player.low) / 3


def walking(chart: Chart, player: Player) -> list[Note]:
    """A walking bass: the cheapest path over the beats, with roots on changes and approaches before them."""
    beats = _beats(chart, player)
    if not beats:
        return _last_note(chart, player, home(player))
    line = _walk(beats, chart, player)
    notes = []
    for beat, pitch in zip(beats, line, strict=True):
        notes.append(Note(beat.tick, pitch, beat.length_ticks - 1, HIT if beat.strong else HIT - 4))
    return _with_skips(notes, chart, player) + _last_note(chart, player, line[-1])


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
    in_scale = np.isin(classes, chart.plan.key.scale)
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
        if note.length_ticks == TICKS_PER_QUARTER - 1 and inside == beat and rng.random() < SKIP_SHARE * 2:
            skipped.append(Note(note.onset_ticks, note.pitch, EIGHTH, note.velocity))
            skipped.append(Note(note.onset_ticks + EIGHTH, note.pitch, EIGHTH - 1, GHOST + 12))
        else:
            skipped.append(note)
    return skipped


def boogie(chart: Chart, player: Player) -> list[Note]:
    """Shuffle figures in chord degrees, with chromatic ways into the next chord."""
    return _figured(chart, player, BOOGIE, EIGHTH, lock=False)


def eighths(chart: Chart, player: Player) -> list[Note]:
    """Rock bass: driving figures that never miss a kick of the drums, and runs into the next section."""
    return _figured(chart, player, ROCK, EIGHTH, lock=True)


def offbeat(chart: Chart, player: Player) -> list[Note]:
    """Synth bass: an ostinato of sixteenths in the holes that the kick leaves."""
    return _figured(chart, player, SYNTH, SIXTEENTH, lock=False)


def _figured(chart: Chart, player: Player, figures: dict, step_ticks: int, *, lock: bool) -> list[Note]:
    """Figures bar by bar: one choice for each phrase letter and energy, so that returning music returns."""
    notes: list[Note] = []
    around = home(player)
    for measure in chart.played_by(player):
        bar = measure.bar
        bank = figures["high" if bar.energy >= HIGH_FROM_ENERGY else "low"]
        choice = bank[int(chart.rng("bass", player.pattern, bar.letter, bar.energy).integers(len(bank)))]
        stays = bool(bar.index) and chart.chord_at(measure.start_ticks - 1) == measure.chords[0].chord
        tokens = choice[bar.index % len(choice) if stays else 0].split()
        hits = _hits(measure, tokens, step_ticks)
        if lock:
            hits = _with_kicks(hits, kicks(chart, measure))
        line = _pitched(hits, measure, chart, player, around)
        rng = chart.rng("bass", "approach", measure.number)
        line = _with_approach(line, measure, player, rng)
        if bar.ends_phrase and bar.energy >= HIGH_FROM_ENERGY and rng.random() < 0.6:
            line = _with_run(line, measure, chart, player)
        notes += line
    return notes + _last_note(chart, player, around)


def _hits(measure: Measure, tokens: list[str], step_ticks: int) -> list[tuple[int, str]]:
    """(tick, degree) for a bar; each chord starts the figure anew, so a change always has its root."""
    hits = []
    for span in measure.chords:
        count = span.length_ticks // step_ticks
        for k, token in enumerate((tokens * 2)[:count]):
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
    scale = [p for p in range(player.low, player.high + 1) if p % 12 in chart.plan.key.scale and p != target]
    below, above = [p for p in scale if p < target][-4:], [p for p in scale if p > target][:4][::-1]
    run = below if (rising and len(below) == 4) or len(above) < 4 else above
    kept = [
        n if n.end_ticks <= start else Note(n.onset_ticks, n.pitch, start - n.onset_ticks, n.velocity)
        for n in line
        if n.onset_ticks < start
    ]
    return kept + [Note(start + k * EIGHTH, p, EIGHTH - 1, HIT + 2 * k) for k, p in enumerate(run)]


def pedal(chart: Chart, player: Player) -> list[Note]:
    """A cello line: long roots when calm, root and fifth or a moving line when the music rises."""
    notes: list[Note] = []
    around = home(player) + 2
    for measure in chart.played_by(player):
        for span in measure.chords:
            root = nearest(span.chord.bass_pitch_class, around, player)
            around = 0.7 * root + 0.3 * (home(player) + 2)
            notes += _cello(span, root, measure, chart, player)
    return notes + _last_note(chart, player, around, again=False)


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
    step = next(target + side * d for d in (1, 2) if d == 2 or (target + side * d) % 12 in chart.plan.key.scale)
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
    return notes + _last_note(chart, player, home(player), again=False)


PATTERNS: dict[str, Callable[[Chart, Player], list[Note]]] = {
    "walking": walking,
    "boogie": boogie,
    "eighths": eighths,
    "offbeat": offbeat,
    "pedal": pedal,
    "drone": drone,
}


def _last_note(chart: Chart, player: Player, around: float, *, again: bool = True) -> list[Note]:
    """The root of the last chord, low and held."""
    chord = chart.ending.chords[0].chord
    pitch = nearest(chord.bass_pitch_class, min(around, home(player) + 3), player)
    return strike(chart, (pitch,), again=again)
