"""The request (what the caller wishes) and the plan (what the planner decided).

`Request` is the one table of options: the JSON check, the command line and the documentation read it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from aimusic.music.harmony import SCALES, Key, parse_key, scale
from aimusic.music.progression import parse_progression, written
from aimusic.music.rhythm import METRES, Metre, Tempo
from aimusic.music.score import Note
from aimusic.music.tune import TuneRows, full_bars, notes_of

ENDINGS = ("cadence", "fade", "cut")
MAX_SEED = 2**53 - 1  # the largest integer that JavaScript clients read back exactly


def _key_name(text: str) -> str:
    return parse_key(text).name


def _one_of(names: Iterable[str]) -> AfterValidator:
    def check(name: str) -> str:
        if name not in names:
            raise ValueError(f"must be one of {', '.join(names)}")
        return name

    return AfterValidator(check)


def _progression(text: str) -> str:
    return written(parse_progression(text))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _curve(value: Any) -> Any:
    """A level, or keyframes sorted by time, as tuples."""
    if value is None or (_is_number(value) and 0 <= value <= 1):
        return value if value is None else float(value)
    frames = value if isinstance(value, list | tuple) else ()
    pairs = [f for f in frames if isinstance(f, list | tuple) and len(f) == 2 and all(map(_is_number, f))]
    right = pairs and len(pairs) == len(frames) and all(0 <= t <= 300 and 0 <= v <= 1 for t, v in pairs)
    if not right or any(a[0] >= b[0] for a, b in pairwise(pairs)):
        raise ValueError(f"must be {CURVE}")
    return tuple((float(t), float(v)) for t, v in pairs)


def _band(value: Any) -> Any:
    """Lists of names under `add`, `remove` and `only`, as tuples."""
    if value is None:
        return None
    right = isinstance(value, dict) and value and set(value) <= {"add", "remove", "only"}
    lists = list(value.values()) if right else []
    right = right and all(isinstance(names, list | tuple) and 0 < len(names) <= 16 for names in lists)
    if not right or not all(isinstance(name, str) and len(name) <= 64 for names in lists for name in names):
        raise ValueError(f"must be {BAND}")
    return {verb: tuple(value[verb]) for verb in sorted(value)}


BAND = 'an object of lists of names: {"add": [...], "remove": [...]} or {"only": [...]}'
CURVE = "a number between 0 and 1, or keyframes [[seconds, number], ...] in rising time"
Curve = float | tuple[tuple[float, float], ...]


def _tune(value: Any) -> Any:
    """The notes of a tune as tuples of quarter notes, quarter notes and a MIDI pitch."""
    if value is None:
        return None
    rows = value if isinstance(value, list | tuple) and 0 < len(value) <= MOST_NOTES else ()
    fits = [isinstance(row, list | tuple) and len(row) == 3 and all(map(_is_number, row)) for row in rows]
    if not rows or not all(fits):
        raise ValueError(f"must be {TUNE}")
    if not all(0 <= a <= 2000 and 0 < b <= 64 and isinstance(p, int) and 0 <= p <= 127 for a, b, p in rows):
        raise ValueError(f"must be {TUNE}")
    notes_of(rows)
    return tuple((float(onset), float(length), pitch) for onset, length, pitch in rows)


MOST_NOTES = 2000
TUNE = "[[onset, length, pitch], ...] in quarter notes and MIDI pitches, at most 2000, one note at a time"


class SectionWish(BaseModel):
    """A stretch of the form as the caller wants it; what is absent is the style's."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    name: str = Field(min_length=1, max_length=32, pattern=r"^[^\x00-\x1f]+$")
    bars: int = Field(ge=1, le=128)
    energy: float | None = Field(None, ge=0, le=1)
    chords: Annotated[str, AfterValidator(_progression)] | None = Field(None, max_length=4000)


def _sections(value: Any) -> Any:
    if value is None:
        return None
    if not isinstance(value, list | tuple) or not 0 < len(value) <= MOST_SECTIONS:
        raise ValueError(f"must be {SECTIONS}")
    read = []
    for place, section in enumerate(value, 1):
        try:
            read.append(section if isinstance(section, SectionWish) else SectionWish.model_validate(section))
        except ValidationError as error:
            where = ".".join(map(str, error.errors()[0]["loc"])) or "it"
            raise ValueError(f"must be {SECTIONS}; in section {place} {where} is wrong") from error
    return tuple(read)


MOST_SECTIONS = 40
SECTIONS = 'a list of {"name": text, "bars": 1 to 128, "energy": 0 to 1, "chords": text}, the last two if wished'


class Request(BaseModel):
    """What a caller may ask for. Everything is optional; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    style: str = Field("classical", max_length=64, description="Name of a style, as listed by /api/styles.")
    duration: float | None = Field(
        30.0,
        ge=1,
        le=300,
        description="Length in seconds; the file is exactly this long. Left out where something else says it.",
    )
    bars: int | None = Field(
        None,
        ge=1,
        le=500,
        description="Length in whole bars instead of a duration; the held last chord follows them.",
    )
    tempo: float | None = Field(
        None, ge=60, le=200, description="Beats per minute, kept exactly; the style's own where absent."
    )
    key: Annotated[str, Field(max_length=16), AfterValidator(_key_name)] | None = Field(
        None, description="Such as 'A minor' or 'Bb major'; drawn from the style where absent."
    )
    scale: Annotated[str, _one_of(SCALES)] | None = Field(
        None,
        max_length=32,
        description="Name of the tune's scale; it must fit the key's mode. The style's where absent.",
    )
    time_signature: Annotated[str, _one_of(METRES)] | None = Field(
        None, max_length=8, description="4/4, 3/4 or 6/8; in 6/8 the tempo counts dotted quarters."
    )
    chords: Annotated[str, AfterValidator(_progression)] | None = Field(
        None,
        max_length=4000,
        description="Such as '| Am | F | C G |': names or Roman numerals, bars split by |, repeated to the end.",
    )
    sections: Annotated[tuple[SectionWish, ...] | None, BeforeValidator(_sections)] = Field(
        None,
        description="The form: sections with their bars, energy and chords; instead of a duration or bars.",
        json_schema_extra={"takes": SECTIONS},
    )
    melody: Annotated[TuneRows | None, BeforeValidator(_tune)] = Field(
        None,
        description="A tune to harmonise and accompany; it gives the length, and the key where none is named.",
        json_schema_extra={"takes": TUNE},
    )
    energy: Annotated[Curve | None, BeforeValidator(_curve)] = Field(
        None,
        description="How calm (0) or driving (1) the band plays; the form's own curve where absent.",
        json_schema_extra={"takes": CURVE},
    )
    density: float | None = Field(
        None, ge=0, le=1, description="How few (0) or many (1) notes the tune has; drawn by section where absent."
    )
    swing: float | None = Field(
        None,
        ge=0.5,
        le=0.75,
        description="Where the second eighth of a beat falls, 0.5 is straight; the style's where absent.",
    )
    humanize: float = Field(
        1.0,
        ge=0,
        le=1,
        description="Human timing and dynamics: 1 as the style plays, 0 exactly on the swung grid.",
    )
    instruments: Annotated[dict[str, tuple[str, ...]] | None, BeforeValidator(_band)] = Field(
        None,
        description="Who plays: names of parts, roles or instruments; guests as 'violin' or 'violin:lead'.",
        json_schema_extra={"takes": BAND},
    )
    mood: str | None = Field(
        None,
        max_length=32,
        description="Such as 'calm' or 'epic': fills in energy, density, tempo and mode where they are left open.",
    )
    ending: Annotated[str, _one_of(ENDINGS)] = Field(
        "cadence",
        max_length=16,
        description="How the piece ends: cadence (a held chord), fade, or cut (short, on the bar line).",
    )
    seed: int | None = Field(
        None,
        ge=0,
        le=MAX_SEED,
        description="The same seed gives the same music; drawn at random where absent.",
    )

    @model_validator(mode="before")
    @classmethod
    def _bars_replace_the_default_duration(cls, wishes: Any) -> Any:
        others = ("bars", "sections", "melody")
        is_left_out = isinstance(wishes, dict) and "duration" not in wishes
        if is_left_out and any(wishes.get(name) is not None for name in others):
            return {**wishes, "duration": None}
        return wishes

    def full_bars(self, metre: Metre) -> int | None:
        """The bars before the ending that the caller asks for, or None where a duration decides."""
        if self.melody is not None:
            return full_bars(notes_of(self.melody), metre)
        return self.bars if self.sections is None else sum(section.bars for section in self.sections)


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

    Attributes:
        humanize: share of the human timing and dynamics that is played, 0 to 1.
        fade_s: length of the fade-out that the caller asked for, 0 for none.
        melody: the tune that the caller gave, none where the composer writes it.
        asked_scale: name of the scale that the caller asked for, "" where the style has its way.
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
    asked_scale: str = ""
    humanize: float = 1.0
    fade_s: float = 0.0
    melody: tuple[Note, ...] = ()

    @property
    def metre(self) -> Metre:
        return self.tempo.metre

    @property
    def scale(self) -> tuple[int, ...]:
        """Pitch classes of which the players make passing notes and tensions, tonic first."""
        return scale(self.key.tonic, self.asked_scale) if self.asked_scale else self.key.scale

    @property
    def end_ticks(self) -> int:
        """The tick at which the last chord is released."""
        return (len(self.bars) - 1) * self.metre.bar_ticks + self.final_ticks

    def bar_at(self, tick: int) -> Bar:
        return self.bars[min(tick // self.metre.bar_ticks, len(self.bars) - 1)]
