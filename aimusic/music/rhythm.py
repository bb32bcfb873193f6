"""Ticks, metre, tempo, swing and step patterns.

Written time is whole ticks, 12 to a quarter note, so sixteenths and triplets are both exact. This module
alone turns ticks into seconds.
"""

from dataclasses import dataclass

TICKS_PER_QUARTER = 12


@dataclass(frozen=True, slots=True)
class Metre:
    """A time signature. In compound metres (6/8) the beat is a dotted quarter."""

    numerator: int
    denominator: int

    @property
    def bar_ticks(self) -> int:
        return self.numerator * 4 * TICKS_PER_QUARTER // self.denominator

    @property
    def is_compound(self) -> bool:
        """True where a beat has three parts."""
        return self.denominator == 8 and self.numerator % 3 == 0

    @property
    def beat_ticks(self) -> int:
        return (3 if self.is_compound else 1) * 4 * TICKS_PER_QUARTER // self.denominator

    @property
    def division_ticks(self) -> int:
        """The first division of a beat: a half, in compound metres a third. An eighth in every metre we play."""
        return self.beat_ticks // (3 if self.is_compound else 2)

    @property
    def beats(self) -> int:
        """Beats in a bar, as a conductor counts them: 4, 3, 2."""
        return self.bar_ticks // self.beat_ticks

    @property
    def name(self) -> str:
        return f"{self.numerator}/{self.denominator}"

    def strength(self, tick: int) -> float:
        """Metric weight of a tick in its bar: 1 downbeat, .75 half bar, .5 beat, .25 eighth, 0 else."""
        place = tick % self.bar_ticks
        if place == 0:
            return 1.0
        if place * 2 == self.bar_ticks:
            return 0.75
        if place % self.beat_ticks == 0:
            return 0.5
        return 0.25 if place % self.division_ticks == 0 else 0.0


METRES = {metre.name: metre for metre in (Metre(4, 4), Metre(3, 4), Metre(6, 8))}


@dataclass(frozen=True, slots=True)
class Tempo:
    """A constant tempo: beats (of the metre) per minute."""

    bpm: float
    metre: Metre

    def seconds(self, ticks: float) -> float:
        return ticks * 60.0 / (self.bpm * self.metre.beat_ticks)

    def ticks(self, seconds: float) -> float:
        return seconds * self.bpm * self.metre.beat_ticks / 60.0


def swing_shift(tick: int, ratio: float) -> float:
    """How many ticks later the performer plays a note written at `tick`.

    The off-beat eighth moves from half of the beat to `ratio` of it, and the sixteenths around it keep
    their place inside the two halves. Triplets stay where they are written.
    """
    half = TICKS_PER_QUARTER // 2
    place = tick % TICKS_PER_QUARTER
    offbeat = ratio * TICKS_PER_QUARTER
    target = {half // 2: offbeat / 2, half: offbeat, half + half // 2: (offbeat + TICKS_PER_QUARTER) / 2}
    return target.get(place, place) - place


def steps(pattern: str) -> list[tuple[int, str]]:
    """Read a step pattern such as `x..X..o.` into (step, mark) pairs; `.` is a rest, spaces are ignored."""
    marks = pattern.replace(" ", "")
    return [(step, mark) for step, mark in enumerate(marks) if mark != "."]
