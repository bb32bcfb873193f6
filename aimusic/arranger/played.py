"""The drummer's memory: bars that people played (`grooves.json` of a style), chosen by tempo, energy and place.

A phrase keeps to one family of takes; a neighbour of the groove comes in its fourth and eighth bar.
"""

from dataclasses import dataclass

from aimusic.arranger.chart import GHOST, Chart, Measure
from aimusic.music.chance import choose
from aimusic.music.grooves import BAR_TICKS, GrooveFamily, Take
from aimusic.music.rhythm import TICKS_PER_QUARTER

METRE = "4/4"
VARIED_HALFWAY = 0.5  # share of the phrases whose third and fourth bar are varied; the seventh and eighth always
LOUD_SHARE = 0.9  # the velocity that this share of a take's strokes stays under becomes
LOUD = 92  # this one, between a written hit and a written accent
SCALES = (0.75, 1.6)  # so much softer or louder a take may become by that


@dataclass(frozen=True, slots=True)
class Stroke:
    """One stroke to play: tick of the piece, drum, velocity, and seconds later than the (swung) tick."""

    tick: int
    drum: str
    velocity: int
    shift_s: float


def played_bar(chart: Chart, measure: Measure) -> tuple[Stroke, ...] | None:
    """A bar of somebody's beat, or None where the style has none for this metre, tempo and energy."""
    families = _fitting(chart, measure, fill=False)
    return _strokes(_take(chart, measure, families), measure) if families else None


def played_fill(chart: Chart, measure: Measure, beat: tuple[Stroke, ...]) -> tuple[Stroke, ...] | None:
    """The beat up to where somebody's fill begins, then the fill; None where no fill suits."""
    families = _fitting(chart, measure, fill=True)
    if not families:
        return None
    rng = chart.rng("groove", "fill", measure.phrase)
    family = families[choose(rng, {k: family.count for k, family in enumerate(families)})]
    fill = _strokes(family.takes[0], measure)
    begin = min(stroke.tick for stroke in fill) // TICKS_PER_QUARTER * TICKS_PER_QUARTER
    return tuple(stroke for stroke in beat if stroke.tick < begin) + fill


def _fitting(chart: Chart, measure: Measure, *, fill: bool) -> list[GrooveFamily]:
    """Families for the tempo, and for the energy with which the phrase begins, so that it keeps its groove."""
    grooves = chart.style.human_grooves
    if grooves is None or chart.plan.metre.name != METRE:
        return []
    bpm = chart.plan.tempo.bpm
    energy = measure.bar.energy if fill or not measure.bar.index else _first(chart, measure).bar.energy
    return [
        family
        for family in grooves.families
        if family.fill == fill
        and family.tempo[0] <= bpm <= family.tempo[1]
        and family.energy[0] <= energy <= family.energy[1]
    ]


def _first(chart: Chart, measure: Measure) -> Measure:
    return chart.measures[measure.number - measure.bar.index]


def _take(chart: Chart, measure: Measure, families: list[GrooveFamily]) -> Take:
    """One choice of family for each phrase letter and energy; a loose drummer leaves it for two bars at a time."""
    weights = {k: family.count for k, family in enumerate(families)}
    bar, pair = measure.bar, measure.bar.index // 2
    energy = _first(chart, measure).bar.energy
    family = families[choose(chart.rng("groove", bar.letter, energy), weights)]
    rng = chart.rng("groove", "loose", measure.phrase, pair)
    if rng.random() < chart.style.feel.looseness:
        family = families[choose(rng, weights)]
        return family.takes[int(rng.integers(len(family.takes)))]
    varied = pair % 4 == 3 or (pair % 4 == 1 and rng.random() < VARIED_HALFWAY)
    neighbours = family.takes[1:]
    return neighbours[int(rng.integers(len(neighbours)))] if varied and neighbours else family.takes[0]


def _strokes(take: Take, measure: Measure) -> tuple[Stroke, ...]:
    """The strokes of a take that fall into a measure, as loud as a written groove."""
    start = measure.bar.index % take.bars * BAR_TICKS
    scales = _scales(take)
    found = [
        Stroke(measure.start_ticks + tick - start, drum, _velocity(velocity * scales[drum]), shift_ms / 1000)
        for drum, strokes in take.strokes.items()
        for tick, velocity, shift_ms in strokes
        if start <= tick < start + BAR_TICKS
    ]
    return tuple(sorted(found, key=lambda stroke: (stroke.tick, stroke.drum)))


def _velocity(velocity: float) -> int:
    return min(127, max(1, round(velocity)))


def _scales(take: Take) -> dict[str, float]:
    """What makes the loud strokes of a take as loud as written ones; soft strokes of a drum keep their proportion.

    One factor for the take; of what a drum still lacks, half (in logarithms), since pads answer differently. A
    drum that only whispers, as a feathered kick does, stays behind the others.
    """
    whole = _bounded(LOUD / _loud([v for strokes in take.strokes.values() for _, v, _ in strokes]))
    scales = {}
    for drum, strokes in take.strokes.items():
        loud = whole * _loud([velocity for _, velocity, _ in strokes])
        scales[drum] = whole if loud < GHOST else whole * _bounded((LOUD / loud) ** 0.5)
    return scales


def _loud(velocities: list[int]) -> int:
    return sorted(velocities)[int(LOUD_SHARE * (len(velocities) - 1))]


def _bounded(scale: float) -> float:
    return min(SCALES[1], max(SCALES[0], scale))
