"""The drummer: grooves of the style chosen by energy and section, fills at phrase ends, builds, and the ending.

The grooves themselves are data: bars that people played (`grooves.json` of a style) and, where those do not suit,
written ones (`[[grooves]]`). Pitches are General MIDI drum numbers.
"""

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from aimusic.arranger.chart import ACCENT, GHOST, HIT, MARKS, Chart, Measure
from aimusic.arranger.ending import second_gesture
from aimusic.arranger.played import Stroke, played_bar, played_fill
from aimusic.errors import InvalidStyle
from aimusic.music.chance import choose
from aimusic.music.rhythm import METRES, Metre, steps
from aimusic.music.score import Note
from aimusic.style import Groove, Player

DRUMS = {
    "kick": 36,
    "rim": 37,
    "snare": 38,
    "clap": 39,
    "closed_hat": 42,
    "pedal_hat": 44,
    "low_tom": 45,
    "open_hat": 46,
    "mid_tom": 47,
    "crash": 49,
    "high_tom": 50,
    "ride": 51,
    "ride_bell": 53,
    "tambourine": 54,
    "cowbell": 56,
}
# Share of phrases that end with a fill, by energy level; the last phrase before the ending always does.
FILL_SHARE = (0.2, 0.45, 0.7, 0.8, 0.9)
CRASH_FROM_ENERGY = 2
# Velocity steps by which a hit on the beat, on the half beat and between is stressed: half of the differences of
# the mean velocities measured there in the 4/4 rock and jazz beats of the Groove MIDI Dataset (CC BY 4.0); the
# marks of a groove make the other half.
PLACE_ACCENTS = {
    "closed_hat": (8, -4, -9),
    "open_hat": (6, -4, -8),
    "ride": (6, -4, -8),
    "pedal_hat": (0, 0, -8),
    "kick": (3, -2, -7),
    "snare": (0, -2, -6),
}
# How often a bar leaves out or adds ghost strokes, so that no two bars are quite alike.
DROP_GHOST, ADD_GHOST = 0.25, 0.3


def groove(chart: Chart, player: Player) -> list[Note]:
    """Grooves and fills bar by bar, crashes where a section begins, and the last stroke."""
    notes: list[Note] = []
    previous_section = -1
    for measure in chart.played_by(player):
        human = human_bar(chart, measure)
        if human is not None:
            strokes = [Note(s.tick, DRUMS[s.drum], 3, s.velocity, s.shift_s) for s in human]
        else:
            rng = chart.rng(player.name, "strokes", measure.number)
            strokes = _strokes(bar_groove(chart, measure), measure, rng)
        arrives = measure.bar.section != previous_section and measure.bar.index == 0
        if arrives and measure.number and measure.bar.energy >= CRASH_FROM_ENERGY:
            strokes = _with_crash(strokes, measure)
        previous_section = measure.bar.section
        notes += strokes
    return notes + _last_stroke(chart)


PATTERNS: dict[str, Callable[[Chart, Player], list[Note]]] = {"groove": groove}


def human_bar(chart: Chart, measure: Measure) -> tuple[Stroke, ...] | None:
    """The bar as somebody played it, fills at phrase ends; None where a written groove is needed.

    It depends on the plan and the style alone, so that the bass can lock to it.
    """
    beat = played_bar(chart, measure)
    if beat is None or not ends_with_fill(chart, measure):
        return beat
    filled = played_fill(chart, measure, beat)
    return filled if filled is not None or _fitting(chart, measure, fill=True) else beat


def bar_groove(chart: Chart, measure: Measure) -> Groove:
    """The written groove of a bar: one for each phrase letter and energy level, fills at phrase ends.

    A loose drummer takes another groove now and then, for two bars at a time.

    It depends on the plan and the style alone, so that the bass can lock to it.
    """
    bar = measure.bar
    if ends_with_fill(chart, measure):
        fills = _fitting(chart, measure, fill=True)
        if fills:
            return fills[choose(chart.rng("groove", "fill", measure.phrase), _weights(fills))]
    mains = _fitting(chart, measure, fill=False)
    if not mains:
        raise InvalidStyle(
            f"{chart.style.name}/style.toml: grooves: none for {chart.plan.metre.name} at "
            f"{chart.plan.tempo.bpm:g} beats per minute and energy {bar.energy} in {measure.section}"
        )
    loose = chart.rng("groove", "loose", measure.phrase, bar.index // 2)
    if loose.random() < chart.style.feel.looseness:
        return mains[choose(loose, _weights(mains))]
    return mains[choose(chart.rng("groove", bar.letter, bar.energy), _weights(mains))]


def kicks(chart: Chart, measure: Measure) -> list[int]:
    """The ticks at which the kick drum of a bar falls."""
    human = human_bar(chart, measure)
    if human is not None:
        return [stroke.tick for stroke in human if stroke.drum == "kick"]
    chosen = bar_groove(chart, measure)
    pattern = chosen.patterns.get("kick")
    return [] if pattern is None else [tick for tick, _ in _placed(pattern, chosen, measure)]


def ends_with_fill(chart: Chart, measure: Measure) -> bool:
    """Whether a bar ends its phrase with a fill; the bar before the ending always does."""
    if measure.bar.phrase_bars < 2:
        return False
    if measure.number == len(chart.measures) - 1:
        return True
    if measure.number + 1 < len(chart.measures) and chart.measures[measure.number + 1].bar.index:
        return False
    return bool(chart.rng("groove", "has fill", measure.phrase).random() < FILL_SHARE[measure.bar.energy])


def _fitting(chart: Chart, measure: Measure, *, fill: bool) -> list[Groove]:
    """Grooves that suit the metre, tempo, section and energy; those that name the section come first."""
    bpm = chart.plan.tempo.bpm
    suited = [
        g
        for g in chart.style.grooves
        if g.fill == fill
        and g.metre == chart.plan.metre.name
        and g.energy[0] <= measure.bar.energy <= g.energy[1]
        and g.tempo[0] <= bpm <= g.tempo[1]
        and (not g.sections or measure.section in g.sections)
    ]
    return [g for g in suited if g.sections] or suited


def _weights(grooves: list[Groove]) -> dict[int, float]:
    return {k: g.weight for k, g in enumerate(grooves)}


@lru_cache(maxsize=1024)
def _marks(pattern: str) -> tuple[tuple[int, str], ...]:
    return tuple(steps(pattern))


def _placed(pattern: str, chosen: Groove, measure: Measure) -> list[tuple[int, str]]:
    """The strokes of a pattern that fall into a measure, as (tick, mark)."""
    count = len(pattern.replace(" ", ""))
    per_bar = count // chosen.bars
    step_ticks = measure.length_ticks // per_bar
    first = measure.bar.index % chosen.bars * per_bar
    return [
        (measure.start_ticks + (step - first) * step_ticks, mark)
        for step, mark in _marks(pattern)
        if first <= step < first + per_bar
    ]


def _strokes(chosen: Groove, measure: Measure, rng: np.random.Generator) -> list[Note]:
    """The groove as notes; in a main groove ghost strokes come and go."""
    notes = []
    taken = set()
    for drum, pattern in chosen.patterns.items():
        if drum not in DRUMS:
            raise InvalidStyle(f"grooves: {drum!r} is no drum we know, use one of {', '.join(DRUMS)}")
        for tick, mark in _placed(pattern, chosen, measure):
            taken.add((drum, tick))
            if mark == "o" and not chosen.fill and rng.random() < DROP_GHOST:
                continue
            notes.append(Note(tick, DRUMS[drum], 3, MARKS[mark] + _place_accent(drum, tick, METRES[chosen.metre])))
    if "snare" in chosen.patterns and not chosen.fill and rng.random() < ADD_GHOST:
        notes += _extra_ghost(chosen, measure, taken, rng)
    return notes


def _place_accent(drum: str, tick: int, metre: Metre) -> int:
    on_beat, half, between = PLACE_ACCENTS.get(drum, (0, 0, 0))
    if tick % metre.beat_ticks == 0:
        return on_beat
    return half if tick % metre.division_ticks == 0 else between


def _extra_ghost(chosen: Groove, measure: Measure, taken: set, rng: np.random.Generator) -> list[Note]:
    """One soft snare stroke just before or after a beat, where the snare is silent."""
    per_bar = len(chosen.patterns["snare"].replace(" ", "")) // chosen.bars
    step_ticks = measure.length_ticks // per_bar
    places = [
        tick
        for tick in range(measure.start_ticks + step_ticks, measure.end_ticks, step_ticks)
        if not {("snare", tick - step_ticks), ("snare", tick), ("snare", tick + step_ticks)} & taken
    ]
    return [Note(places[int(rng.integers(len(places)))], DRUMS["snare"], 3, GHOST)] if places else []


def _with_crash(strokes: list[Note], measure: Measure) -> list[Note]:
    """A crash and a kick on the downbeat, in place of the cymbal there."""
    cymbals = {DRUMS["ride"], DRUMS["closed_hat"], DRUMS["open_hat"], DRUMS["crash"], DRUMS["kick"]}
    start = measure.start_ticks
    others = [n for n in strokes if n.onset_ticks != start or n.pitch not in cymbals]
    return [*others, Note(start, DRUMS["crash"], 12, ACCENT), Note(start, DRUMS["kick"], 3, ACCENT)]


def _last_stroke(chart: Chart) -> list[Note]:
    """Kick and crash on the last chord; a soft cymbal answers in the middle of a long hold."""
    start, end = chart.ending.start_ticks, chart.plan.end_ticks
    strokes = [Note(start, DRUMS["kick"], 3, ACCENT), Note(start, DRUMS["crash"], end - start, ACCENT)]
    middle = second_gesture(chart)
    if middle:
        strokes += [Note(middle, DRUMS["kick"], 3, HIT - 20), Note(middle, DRUMS["ride"], end - middle, HIT - 20)]
    return strokes
