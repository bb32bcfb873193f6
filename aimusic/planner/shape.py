"""What a caller wishes of a plan that is already made: chords, energy and density, bar by bar.

The plan is drawn first and shaped afterwards, so that a wish changes what it names and nothing else.
"""

from dataclasses import replace

import numpy as np

from aimusic.music.harmony import Chord, Key, numeral
from aimusic.music.progression import chords_of, is_tonic, parse_progression
from aimusic.music.request import Bar, Plan, Request, Section
from aimusic.music.tune import notes_of


def shaped(plan: Plan, request: Request) -> Plan:
    """The plan with the caller's chords, energy and density; as it is where none is wished."""
    if request.melody is not None:
        plan = replace(plan, melody=notes_of(request.melody), bars=tuple(map(_open, plan.bars)))
    bars, sections = _on_chords(plan.bars, request, plan.key), plan.sections
    if request.density is not None:
        bars = _as_dense(bars, sections, request.density)
    curve = _curve(plan, request)
    if curve is not None:
        bars = tuple(replace(bar, energy=level(e)) for bar, e in zip(bars, curve, strict=True))
        sections = tuple(_of_energy(section, curve) for section in sections)
    return replace(plan, bars=bars, sections=sections)


def _open(bar: Bar) -> Bar:
    """A bar over which a given tune goes its own way: it repeats nothing, and no cadence is imposed on it."""
    return replace(bar, reference=None, directive="free", cadence="", harmony=bar.harmony if bar.cadence else ())


def level(energy: float) -> int:
    """Energy 0..1 as one of five levels."""
    return min(4, max(0, round(4 * energy)))


def _on_chords(bars: tuple[Bar, ...], request: Request, key: Key) -> tuple[Bar, ...]:
    """The given chords, bar by bar from the beginning of the piece or section, again and again.

    The ending holds the tonic chord among those of the last section, else the first of them.
    """
    wished = [(section.bars, section.chords) for section in request.sections or ()] or [(len(bars), None)]
    given: list[tuple[Chord, ...]] = []
    for count, own in wished:
        text = own or request.chords
        cycle = chords_of(parse_progression(text), key.tonic) if text else [()]
        given += [cycle[k % len(cycle)] for k in range(count)]
    flat = [chord for bar in cycle for chord in bar]
    last = next((chord for chord in flat if is_tonic(chord, key)), flat[0]) if flat else None
    given = [*given[: len(bars) - 1], (last,) if last else ()]
    return tuple(
        replace(bar, harmony=tuple(numeral(chord, key.tonic) for chord in chords)) if chords else bar
        for bar, chords in zip(bars, given, strict=True)
    )


def _as_dense(bars: tuple[Bar, ...], sections: tuple[Section, ...], density: float) -> tuple[Bar, ...]:
    """One density for all sections; what leans to more or fewer notes by phrase, and the breaths, stay."""
    shifts = [level(density) - level(section.energy) for section in sections]
    return tuple(replace(bar, density=min(4, max(0, bar.density + shifts[bar.section]))) for bar in bars)


def _curve(plan: Plan, request: Request) -> list[float] | None:
    """The energy of each bar, 0 to 1, where the caller says something about it.

    Keyframes are followed as drawn: straight lines between them, level outside. A single number v moves the mean
    of the form's own curve there; its contrast shrinks with 4 v (1 - v), because 0 and 1 leave no room for any.
    A section's energy holds for all of its bars; sections without one keep the form's.
    """
    own = [bar.energy / 4 for bar in plan.bars]
    if request.sections is not None and any(section.energy is not None for section in request.sections):
        asked = [section.energy for section in request.sections for _ in range(section.bars)]
        asked.append(asked[-1])
        return [e if wish is None else wish for e, wish in zip(own, asked, strict=True)]
    if isinstance(request.energy, tuple):
        bar_s = plan.tempo.seconds(plan.metre.bar_ticks)
        times, values = zip(*request.energy, strict=True)
        return [float(np.interp(k * bar_s, times, values)) for k in range(len(plan.bars))]
    if request.energy is None:
        return None
    mean, v = sum(own) / len(own), request.energy
    return [min(1.0, max(0.0, v + (e - mean) * 4 * v * (1 - v))) for e in own]


def _of_energy(section: Section, curve: list[float]) -> Section:
    own = curve[section.start_bar : section.start_bar + section.bars]
    return replace(section, energy=round(sum(own) / len(own), 3))
