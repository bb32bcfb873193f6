"""Reads `instruments.toml`: named sounds, each a synthesis method and its settings.

A method is a plain function `voice(pitch, velocity, hold_s, rng, *, settings...)` in `voices/`. Its keyword
arguments are the settings that a table may and must give; anything else is an InvalidInstrument.
"""

import inspect
import json
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, is_dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal, get_type_hints

import numpy as np
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as checked

from aimusic.errors import InvalidInstrument
from aimusic.music.chance import stream
from aimusic.synth.kernels import decibels, edges
from aimusic.synth.voices import METHODS

INSTRUMENTS_TOML = Path(__file__).parent / "instruments.toml"
ATTACK_EDGE_S = 0.0005  # shorter edges click, longer ones dull a hammer
RELEASE_EDGE_S = 0.008

Family = Literal["struck", "plucked", "blown", "bowed", "sung", "synth", "organ", "drums"]
Pitch = Annotated[int, Field(ge=0, le=127)]


@dataclass(frozen=True, slots=True)
class Instrument:
    """One named sound.

    Attributes:
        family: how it is excited; the laws that its notes obey depend on it.
        program: General MIDI program number, counted from 0.
        low, high: playable MIDI pitches; for drums General MIDI drum numbers.
        insert: name of the effect that its whole track passes through, "" for none.
        is_drum: True where a pitch names a drum and not a note.
        level_db: brings a mezzo-forte note (velocity 80) in mid range to a peak of .3 to .5.
        release_s: a released note is below -60 dB of its peak after this time.
        tuned_ratio: frequency of the partial that is in tune over that of the note: 1, but 2 for a tubular bell.
        method, settings: the synthesis method and its settings.
    """

    name: str
    family: str
    program: int
    low: int
    high: int
    insert: str
    is_drum: bool
    level_db: float
    release_s: float
    tuned_ratio: float
    method: str
    settings: Mapping[str, object] = field(hash=False)

    def note(self, pitch: int, velocity: int, hold_s: float, variant: int = 0) -> np.ndarray:
        """One note with its release tail: a pure function of its arguments.

        Args:
            pitch: MIDI pitch within the instrument's range.
            velocity: 1 to 127.
            hold_s: time until the key is released, in seconds.
            variant: another take of the same note; repeated notes sound alive when it changes.

        Returns:
            (2, samples), float32; the first and the last sample are zero.

        Raises:
            InvalidInstrument: for a pitch that the instrument does not have.
        """
        if not self.low <= pitch <= self.high:
            raise InvalidInstrument(f"{self.name}: plays pitches {self.low} to {self.high}, got {pitch}")
        rng = stream(variant, self.name, pitch)
        sound = METHODS[self.method](pitch, velocity / 127.0, hold_s, rng, **self.settings)
        stereo = np.broadcast_to(sound, (2, sound.shape[-1])) * np.float32(decibels(self.level_db))
        return edges(stereo, ATTACK_EDGE_S, RELEASE_EDGE_S)


@checked(frozen=True, kw_only=True, config=ConfigDict(extra="forbid", strict=True, allow_inf_nan=False))
class Table:
    """One table of `instruments.toml` as it is written; see `Instrument` for the meaning."""

    family: Family
    program: Pitch
    low: Pitch
    high: Pitch
    method: str
    insert: str = ""
    is_drum: bool = False
    level_db: float = 0.0
    release_s: Annotated[float, Field(gt=0)] = 0.6
    tuned_ratio: Annotated[float, Field(gt=0)] = 1.0
    settings: dict[str, object] = Field(default_factory=dict)


_TABLE = TypeAdapter(Table)


@cache
def load_instruments(path: Path = INSTRUMENTS_TOML) -> Mapping[str, Instrument]:
    """Every instrument by name. Raises InvalidInstrument that names the instrument and the key."""
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise InvalidInstrument(f"{path}: {error}") from error
    return MappingProxyType({name: read_instrument(name, table) for name, table in tables.items()})


def read_instrument(name: str, table: dict) -> Instrument:
    """Check one table. Raises InvalidInstrument that names the instrument and the key."""
    row = _check(_TABLE, table, name)
    if row.method not in METHODS:
        raise InvalidInstrument(f"{name}.method: must be one of {', '.join(sorted(METHODS))}, got {row.method!r}")
    if row.low > row.high:
        raise InvalidInstrument(f"{name}.low: must not be above high, got {row.low} and {row.high}")
    settings = check_settings(METHODS[row.method], row.settings, name)
    return Instrument(**{**vars(row), "name": name, "settings": MappingProxyType(settings)})


def check_settings(voice: Callable, settings: dict, name: str) -> dict[str, object]:
    """The settings in the types of the voice's keyword arguments: all that it needs, and no others."""
    asked = {
        key: parameter
        for key, parameter in inspect.signature(voice).parameters.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    }
    for key in sorted(settings.keys() - asked.keys()):
        raise InvalidInstrument(f"{name}.settings.{key}: {voice.__name__} has no such setting")
    for key, parameter in asked.items():
        if parameter.default is inspect.Parameter.empty and key not in settings:
            raise InvalidInstrument(f"{name}.settings.{key}: {voice.__name__} needs this setting")
    types = get_type_hints(voice)
    strict = ConfigDict(strict=True, allow_inf_nan=False)
    return {
        # A group of settings (a dataclass) is strict by itself, and pydantic refuses to be told twice.
        key: _check(
            TypeAdapter(types[key], config=None if is_dataclass(types[key]) else strict),
            value,
            f"{name}.settings.{key}",
        )
        for key, value in settings.items()
    }


def _check(adapter: TypeAdapter, value: object, where: str) -> object:
    """The value as the adapter reads it; lists become tuples. Raises InvalidInstrument that says where."""
    try:
        return adapter.validate_json(json.dumps(value))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join((where, *(str(step) for step in first["loc"])))
        raise InvalidInstrument(f"{key}: {first['msg']}") from error
