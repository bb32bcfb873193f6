"""What a style holds: one frozen table for each stage that reads it."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from aimusic.music.grooves import HumanGrooves
from aimusic.music.rhythm import METRES

STYLES_DIR = Path(__file__).parents[1] / "styles"

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
class Cadences:
    """Weights of the cadence names that close a phrase, by the phrase's place in the form.

    Attributes:
        antecedent: before a phrase of the same letter; close: before another letter; round: before the form
            goes round again; last: at the end of the piece.
    """

    antecedent: Weights = Field(default_factory=lambda: {"half": 1.0})
    close: Weights = Field(default_factory=lambda: {"authentic": 1.0})
    round: Weights = Field(default_factory=lambda: {"half": 1.0})
    last: Weights = Field(default_factory=lambda: {"authentic": 1.0})


@_table
class Form:
    """How the planner builds the piece.

    Attributes:
        phrases: weight of each phrase length, in bars.
        cycle: phrase letters of one round of the form; longer pieces go round again.
        short: phrase letters ("ABA") of pieces of one, two, three ... phrases, as far as they are special.
        middle: phrase letters of the rounds between the first and the last; as `cycle` where empty. Each
            such round is composed anew.
        changes: letters that play over the chords of another letter: a solo over those of the theme.
        names: section name for each letter.
        intro_bars, outro_bars: lengths used by pieces of at least `framed_from_bars` bars; 0 for none.
        energy: energy (0..1) of each section name, of "intro" and of "outro".
        rise: how much the energy of a section name grows from its first bar to its last.
        directives: how often a bar of a repeated phrase is a "copy", keeps the "rhythm", or is "free".
        cadences: which cadences close the phrases.
        progressions: weight of each bar-by-bar progression in Roman numerals (bars split by `|`) that
            governs a phrase of its length; empty where the composer writes the chords.
    """

    phrases: Annotated[dict[Annotated[str, Field(pattern="^[1-9][0-9]?$")], float], Field(min_length=1)]
    cycle: Annotated[tuple[str, ...], Field(min_length=1)]
    short: tuple[str, ...] = ()
    middle: tuple[str, ...] = ()
    changes: dict[str, str] = Field(default_factory=dict)
    names: dict[str, str]
    intro_bars: Annotated[int, Field(ge=0)]
    outro_bars: Annotated[int, Field(ge=0)]
    framed_from_bars: int
    energy: dict[str, Share]
    rise: dict[str, float] = Field(default_factory=dict)
    directives: Weights
    cadences: Cadences = Field(default_factory=Cadences)
    progressions: dict[str, float] = Field(default_factory=dict)

    @property
    def letters(self) -> tuple[str, ...]:
        """Every phrase letter that the form may use, once, in order of appearance."""
        return tuple(dict.fromkeys((*self.cycle, *"".join(self.short), *self.middle)))


@_table
class Harmony:
    """How the composer chooses chords.

    Attributes:
        qualities: chord qualities the style uses, keys of `music.harmony.QUALITIES`.
        cadences: for each mode and cadence name ("major.authentic") the Roman numerals that close a phrase,
            bars split by `|`, the last bar on the phrase's last.
        temperature, top_p: of sampling.
        opens_at_home: share of pieces whose first chord is the tonic.
        longest_bars: a chord that the composer chooses changes after at most so many bars.
        chords_per_bar: weight of one, two ... chords in a bar.
    """

    qualities: Annotated[tuple[str, ...], Field(min_length=1)]
    cadences: dict[str, str]
    temperature: Annotated[float, Field(gt=0)]
    top_p: Annotated[float, Field(gt=0, le=1)] = 0.95
    opens_at_home: Share = 0.8
    longest_bars: Annotated[int, Field(ge=1)] = 2
    chords_per_bar: Annotated[dict[Annotated[str, Field(pattern="^[1-4]$")], float], Field(min_length=1)]


@_table
class Melody:
    """How the composer writes the tune.

    Attributes:
        low, high: range in MIDI pitches, at least an octave.
        scales: name of the scale (a key of `music.harmony.SCALES`) for each mode.
        colours: intervals above the tonic allowed beside scale and chord (blue notes).
        temperature_rhythm, temperature_pitch, top_p: of sampling.
        rests: share of bars that the melody leaves to the band, on top of the breaths between phrases.
        tacet: names of the sections in which it rests altogether.
    """

    low: Pitch
    high: Pitch
    scales: dict[Literal["major", "minor"], str]
    colours: tuple[int, ...] = ()
    temperature_rhythm: Annotated[float, Field(gt=0)] = 1.0
    temperature_pitch: Annotated[float, Field(gt=0)] = 1.0
    top_p: Annotated[float, Field(gt=0, le=1)] = 0.97
    rests: Share = 0.0
    tacet: tuple[str, ...] = ()


@_table
class Groove:
    """A bar of drums as step patterns by drum name; `X` accent, `x` hit, `o` ghost, `.` rest.

    Attributes:
        patterns: as many steps for each drum; sixteen are sixteenths of a 4/4 bar, twelve its triplets.
        bars: how many bars the patterns fill.
        energy: lowest and highest energy level (0-4) of the bars that it suits.
        tempo: lowest and highest tempo that it suits.
        sections: names of the sections that it suits; empty for all.
        weight: how often it is chosen among those that suit.
        fill: True where it ends a phrase.
    """

    patterns: Annotated[dict[str, Annotated[str, Field(pattern="^[Xxo. ]+$")]], Field(min_length=1)]
    bars: Annotated[int, Field(ge=1, le=4)] = 1
    energy: tuple[int, int] = (0, 4)
    tempo: tuple[float, float] = (0.0, 400.0)
    sections: tuple[str, ...] = ()
    weight: Annotated[float, Field(gt=0)] = 1.0
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
        sections: names of the sections in which it plays; empty for all. Of several lead players the
            first whose sections include the bar has the melody.
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
    sections: tuple[str, ...] = ()
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
        looseness: share of bars in which the drummer leaves the groove of the phrase for another.
        dynamics: velocity steps between the quietest and the loudest energy level.
        backbeat: velocity steps by which beats two and four are stressed, below 0 for one and three.
    """

    swing: tuple[tuple[float, float], ...]
    timing_ms: Annotated[float, Field(ge=0)]
    velocity: Annotated[float, Field(ge=0)]
    looseness: Share = 0.05
    dynamics: float = 28.0
    backbeat: float = -4.0


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
        grooves: written bars of drums; human_grooves: played ones, from `grooves.json` beside `style.toml`.
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
    human_grooves: HumanGrooves | None = None

    @property
    def playable_metres(self) -> tuple[str, ...]:
        """The time signatures that can be asked for: the drummer, where there is one, has a groove in each."""
        if not any(part.role == "drums" for part in self.parts):
            return tuple(METRES)
        return tuple(name for name in METRES if any(g.metre == name and not g.fill for g in self.grooves))

    @property
    def folder(self) -> Path:
        return STYLES_DIR / self.name
