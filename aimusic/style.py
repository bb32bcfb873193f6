"""Reads a style folder into frozen values, and refuses what it does not know.

A style is data: `style.toml` names the skills of the planner, the composer, the band and the studio, and
beside it lie the trained weights and their card. No code asks which style it plays.
"""

import json
import tomllib
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from aimusic.errors import InvalidStyle
from aimusic.music.harmony import parse_key, roman
from aimusic.music.rhythm import METRES

STYLES_DIR = Path(__file__).parent / "styles"

_table = dataclass(
    frozen=True, slots=True, kw_only=True, config=ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
)
Share = Annotated[float, Field(ge=0, le=1)]
Pitch = Annotated[int, Field(ge=0, le=127)]
Weights = Annotated[dict[str, Annotated[float, Field(ge=0)]], Field(min_length=1)]


@_table
class TempoRange:
    """Beats per minute: what the style plays when nobody asks, and where it feels at home."""

    default: float
    low: float
    high: float


@_table
class Form:
    """How the planner builds the piece.

    Attributes:
        phrases: weight of each phrase length, in bars.
        cycle: phrase letters of one round of the form; longer pieces go round again.
        names: section name for each letter.
        intro_bars, outro_bars: lengths used by pieces of at least `framed_from_bars` bars; 0 for none.
        energy: energy (0..1) of each section name.
        directives: how often a bar of a repeated phrase is a "copy", keeps the "rhythm", or is "free".
        progressions: weight of each bar-by-bar progression in Roman numerals (bars split by `|`) that
            governs a phrase of its length; empty where the composer writes the chords.
    """

    phrases: Weights
    cycle: tuple[str, ...]
    names: dict[str, str]
    intro_bars: int
    outro_bars: int
    framed_from_bars: int
    energy: dict[str, Share]
    directives: Weights
    progressions: dict[str, float] = Field(default_factory=dict)


@_table
class Harmony:
    """How the composer chooses chords.

    Attributes:
        qualities: chord qualities the style uses, keys of `music.harmony.QUALITIES`.
        cadences: for each mode and cadence name ("major.authentic") the Roman numerals that close a phrase,
            the last on its last bar.
        temperature: of sampling; trigram_weight: share of the style's trigram in the log-linear mixture.
        chords_per_bar: weight of one, two ... chords in a bar.
    """

    qualities: tuple[str, ...]
    cadences: dict[str, str]
    temperature: float
    trigram_weight: Share
    chords_per_bar: Weights


@_table
class Melody:
    """How the composer writes the tune.

    Attributes:
        low, high: range in MIDI pitches.
        scales: name of the scale (a key of `music.harmony.SCALES`) for each mode.
        colours: intervals above the tonic allowed beside scale and chord (blue notes).
        temperature_rhythm, temperature_pitch, top_p: of sampling.
        candidates: tunes sampled for each new phrase, before the critic vetoes.
        rests: share of bars that the melody leaves to the band, on top of the breaths between phrases.
    """

    low: Pitch
    high: Pitch
    scales: dict[str, str]
    colours: tuple[int, ...] = ()
    temperature_rhythm: float = 0.9
    temperature_pitch: float = 0.95
    top_p: Share = 0.96
    candidates: int = 8
    rests: Share = 0.0


@_table
class Groove:
    """One bar of drums as step patterns by drum name; `X` accent, `x` hit, `o` ghost, `.` rest.

    Attributes:
        energy: lowest and highest energy level (0-4) of the bars that it suits.
        weight: how often it is chosen among those that suit.
        fill: True where it ends a phrase.
    """

    patterns: dict[str, str]
    energy: tuple[int, int] = (0, 4)
    weight: float = 1.0
    fill: bool = False
    metre: str = "4/4"


@_table
class Player:
    """One part of the band.

    Attributes:
        role: which player of `arranger/` reads it: lead, comping, pad, arpeggio, inner, bass or drums.
        instrument: a name in `synth/instruments.toml`.
        pattern: a named skill of that player.
        low, high: range in MIDI pitches.
        energy: lowest and highest energy level (0-4) of the bars in which it plays.
        gain_db, pan (-1 left .. 1 right), reverb_db (send): its place in the mix.
        duck_db: how far the kick drum pushes it down.
    """

    name: str
    role: Literal["lead", "comping", "pad", "arpeggio", "inner", "bass", "drums"]
    instrument: str
    pattern: str
    low: Pitch = 0
    high: Pitch = 127
    energy: tuple[int, int] = (0, 4)
    gain_db: float = 0.0
    pan: Annotated[float, Field(ge=-1, le=1)] = 0.0
    reverb_db: float = -12.0
    duck_db: float = 0.0


@_table
class Feel:
    """How the band plays what is written.

    Attributes:
        swing: (bpm, ratio) points; the ratio between them is interpolated. 0.5 is straight.
        timing_ms: standard deviation of the players' timing; velocity: of their dynamics, in MIDI steps.
    """

    swing: tuple[tuple[float, float], ...]
    timing_ms: float
    velocity: float


@_table
class Mix:
    """The studio's settings.

    Attributes:
        room: name of the reverb.
        loudness_lufs, true_peak_db: targets of the master.
        tilt_db: tilt of the spectrum around 1 kHz, in dB per octave.
        width: stereo width, 1 as mixed.
    """

    room: str
    loudness_lufs: float = -14.0
    true_peak_db: float = -1.2
    tilt_db: float = 0.0
    width: float = 1.0


@_table
class Style:
    """Everything that makes a style.

    Attributes:
        keys: weight of each key, "A minor".
        metres: weight of each time signature, a key of `music.rhythm.METRES`.
        ending_s: the last chord and its ring-out take at least this long; ring_s: of it, the ring-out.
    """

    name: str
    description: str
    tempo: TempoRange
    keys: Weights
    metres: Weights
    ending_s: float
    ring_s: float
    form: Form
    harmony: Harmony
    melody: Melody
    feel: Feel
    mix: Mix
    parts: tuple[Player, ...]
    grooves: tuple[Groove, ...] = ()

    @property
    def folder(self) -> Path:
        return STYLES_DIR / self.name


_STYLE = TypeAdapter(Style)


def load_style(folder: Path) -> Style:
    """Read `folder/style.toml`. Raises InvalidStyle that names the file and the key."""
    path = folder / "style.toml"
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        style = _STYLE.validate_json(json.dumps({"name": folder.name, **table}))
    except (OSError, tomllib.TOMLDecodeError, ValueError) as error:
        if isinstance(error, ValidationError):
            first = error.errors(include_url=False)[0]
            key = ".".join(str(step) for step in first["loc"])
            raise InvalidStyle(f"{path}: {key}: {first['msg']}") from error
        raise InvalidStyle(f"{path}: {error}") from error
    _check_names(style, path)
    return style


def _check_names(style: Style, path: Path) -> None:
    """Names that the types cannot check: keys, metres and Roman numerals."""
    numerals = [*style.harmony.cadences.values(), *style.form.progressions]
    checks = [("keys", key, parse_key) for key in style.keys]
    checks += [("metres", metre, METRES.__getitem__) for metre in style.metres]
    checks += [
        ("progressions or cadences", numeral, lambda text: roman(text, 0))
        for line in numerals
        for numeral in line.replace("|", " ").split()
    ]
    for key, text, read in checks:
        try:
            read(text)
        except (ValueError, KeyError) as error:
            raise InvalidStyle(f"{path}: {key}: {text!r} is not known ({error})") from error


@cache
def load_styles(folder: Path = STYLES_DIR) -> dict[str, Style]:
    """Every style folder, by name, in alphabetical order."""
    return {path.parent.name: load_style(path.parent) for path in sorted(folder.glob("*/style.toml"))}
