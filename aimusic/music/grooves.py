"""Bars that drummers really played: which drum, where, how loud, how early or late, and whose bars they are.

`grooves.json` of a style is this module's `HumanGrooves`. Ticks are written time (12 to a quarter of a 4/4 bar);
swing has been taken out, so an off-beat eighth stands at half of the beat and the player's ratio moves it.
"""

from typing import Annotated

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

BAR_TICKS = 48

_table = dataclass(
    frozen=True, slots=True, kw_only=True, config=ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
)
Tick = Annotated[int, Field(ge=0, lt=2 * BAR_TICKS)]
Velocity = Annotated[int, Field(ge=1, le=127)]
Milliseconds = Annotated[float, Field(ge=-30, le=30)]
Level = Annotated[int, Field(ge=0, le=4)]


@_table
class Take:
    """One or two bars of 4/4 as one drummer played them.

    Attributes:
        file: recording in the data set; bar: the first of its bars, from 0.
        bars: how many bars the strokes fill.
        strokes: for each drum the strokes (tick, velocity, milliseconds later than the tick).
    """

    file: str
    bar: Annotated[int, Field(ge=0)]
    bars: Annotated[int, Field(ge=1, le=2)]
    strokes: Annotated[dict[str, tuple[tuple[Tick, Velocity, Milliseconds], ...]], Field(min_length=1)]


@_table
class GrooveFamily:
    """Takes that are alike: the most typical of a cluster of bars, then neighbours of it.

    Attributes:
        fill: True where the takes end a phrase.
        energy: lowest and highest energy level (0-4) that it suits; tempo: lowest and highest tempo.
        count: how many bars of the data set the family stands for; it is chosen in proportion.
    """

    fill: bool
    energy: tuple[Level, Level]
    tempo: tuple[float, float]
    count: Annotated[int, Field(ge=1)]
    takes: Annotated[tuple[Take, ...], Field(min_length=1)]


@_table
class HumanGrooves:
    """The grooves of a style that drummers played, and where they come from.

    Attributes:
        data_set, licence, attribution: whose drumming it is.
        bars, files: how much of it was compared to find the families.
    """

    data_set: str
    licence: str
    attribution: str
    bars: int
    files: int
    families: Annotated[tuple[GrooveFamily, ...], Field(min_length=1)]
