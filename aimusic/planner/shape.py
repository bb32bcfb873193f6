"""What a caller wishes of a plan that is already made: chords, energy and density, bar by bar.

The plan is drawn first and shaped afterwards, so that a wish changes what it names and nothing else.
"""

from dataclasses import replace

import numpy as np

from aimusic.music.harmony import Key, numeral
from aimusic.music.progression import chords_of, is_tonic, parse_progression
from aimusic.music.request import Bar, Curve, Plan, Request, Section


def shaped(plan: Plan, request: Request) -> Plan:
    """The plan with the caller's chords, energy and density; as it is where none is wished."""
    bars, sections = plan.bars, plan.sections
    if request.chords is not None:
        bars = _on_chords(bars, request.chords, plan.key)
    if request.density is not None:
        bars = _as_dense(bars, sections, request.density)
    if request.energy is not None:
        curve = _curve(plan, request.energy)
        bars = tuple(replace(bar, energy=level(e)) for bar, e in zip(bars, curve, strict=True))
        sections = tuple(_of_energy(section, curve) for section in sections)
    return replace(plan, bars=bars, sections=sections)


def level(energy: float) -> int:
    """Energy 0..1 as one of five levels."""
    return min(4, max(0, round(4 * energy)))


def _on_chords(bars: tuple[Bar, ...], chords: str, key: Key) -> tuple[Bar, ...]:
    """The given bars of chords again and again; the ending holds the tonic chord among them, else the first."""
    given = chords_of(parse_progression(chords), key.tonic)
    flat = [chord for bar in given for chord in bar]
    last = next((chord for chord in flat if is_tonic(chord, key)), flat[0])
    cycle = [given[k % len(given)] for k in range(len(bars) - 1)] + [(last,)]
    return tuple(
        replace(bar, harmony=tuple(numeral(chord, key.tonic) for chord in chords))
        for bar, chords in zip(bars, cycle, strict=True)
    )


def _as_dense(bars: tuple[Bar, ...], sections: tuple[Section, ...], density: float) -> tuple[Bar, ...]:
    """One density for all sections; what leans to more or fewer notes by phrase, and the breaths, stay."""
    shifts = [level(density) - level(section.energy) for section in sections]
    return tuple(replace(bar, density=min(4, max(0, bar.density + shifts[bar.section]))) for bar in bars)


def _curve(plan: Plan, wish: Curve) -> list[float]:
    """The energy of each bar, 0 to 1.

    Keyframes are followed as drawn: straight lines between them, level outside. A single number v moves the mean
    of the form's own curve there; its contrast shrinks with 4 v (1 - v), because 0 and 1 leave no room for any.
    """
    if isinstance(wish, tuple):
        bar_s = plan.tempo.seconds(plan.metre.bar_ticks)
        times, values = zip(*wish, strict=True)
        return [float(np.interp(k * bar_s, times, values)) for k in range(len(plan.bars))]
    own = [bar.energy / 4 for bar in plan.bars]
    mean = sum(own) / len(own)
    return [min(1.0, max(0.0, wish + (e - mean) * 4 * wish * (1 - wish))) for e in own]


def _of_energy(section: Section, curve: list[float]) -> Section:
    own = curve[section.start_bar : section.start_bar + section.bars]
    return replace(section, energy=round(sum(own) / len(own), 3))
