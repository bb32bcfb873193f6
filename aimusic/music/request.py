"""The request (what the caller wishes) and the plan (what the planner decided).

`Request` is the one table of options: the JSON check, the command line and the documentation read it.
"""

from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from aimusic.music.harmony import Key, parse_key
from aimusic.music.rhythm import Metre, Tempo

MAX_SEED = 2**53 - 1  # the largest integer that JavaScript clients read back exactly


def _key_name(text: str) -> str:
    return parse_key(text).name


class Request(BaseModel):
    """What a caller may ask for. Everything is optional; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    style: str = Field("classical", max_length=64, description="Name of a style, as listed by /api/styles.")
    duration: float = Field(30.0, ge=1, le=300, description="Length in seconds; the file is exactly this long.")
    tempo: float | None = Field(
        None, ge=60, le=200, description="Beats per minute, kept exactly; the style's own where absent."
    )
    key: Annotated[str, Field(max_length=16), AfterValidator(_key_name)] | None = Field(
        None, description="Such as 'A minor' or 'Bb major'; drawn from the style where absent."
    )
    seed: int | None = Field(
        None,
        ge=0,
        le=MAX_SEED,
        description="The same seed gives the same music; drawn at random where absent.",
    )


@dataclass(frozen=True, slots=True)
class Section:
    """A stretch of the form: `name` is its role (intro, A, chorus), `energy` 0..1."""

    name: str
    start_bar: int
    bars: int
    energy: float


@dataclass(frozen=True, slots=True)
class Bar:
    """What is decided about one bar before a note is written.

    Attributes:
        section: index into `Plan.sections`.
        letter: the phrase's letter; equal letters share material.
        index: place of the bar in its phrase, from 0.
        phrase_bars: length of the phrase.
        reference: the earlier bar that this one repeats, or None.
        directive: what the melody does with the reference: "copy", "rhythm" or "free".
        energy, density: 0 to 4.
        cadence: "" or the cadence that ends the phrase here: half, authentic, plagal, modal, turnaround.
        harmony: Roman numerals the bar must use, sharing it equally; empty where the composer chooses.
    """

    section: int
    letter: str
    index: int
    phrase_bars: int
    reference: int | None = None
    directive: str = "free"
    energy: int = 2
    density: int = 2
    cadence: str = ""
    harmony: tuple[str, ...] = ()

    @property
    def ends_phrase(self) -> bool:
        return self.index == self.phrase_bars - 1


@dataclass(frozen=True, slots=True)
class Plan:
    """Every decision that is not a note.

    The last bar is the ending: its chord enters on the downbeat and is held for `final_ticks`, which may
    be shorter or longer than a bar. What follows until `duration_s` is ring-out.
    """

    style: str
    seed: int
    duration_s: float
    tempo: Tempo
    key: Key
    swing: float
    sections: tuple[Section, ...]
    bars: tuple[Bar, ...]
    final_ticks: int

    @property
    def metre(self) -> Metre:
        return self.tempo.metre

    @property
    def end_ticks(self) -> int:
        """The tick at which the last chord is released."""
        return (len(self.bars) - 1) * self.metre.bar_ticks + self.final_ticks

    def bar_at(self, tick: int) -> Bar:
        return self.bars[min(tick // self.metre.bar_ticks, len(self.bars) - 1)]
