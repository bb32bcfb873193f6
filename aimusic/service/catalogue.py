"""What can be asked for: instruments and limits, read from the tables without loading the synthesiser."""

import tomllib
from functools import cache
from pathlib import Path

from aimusic import __version__
from aimusic.music.request import Request
from aimusic.service.answers import (
    AUDIO,
    Capabilities,
    InstrumentAnswer,
    InstrumentList,
    Limits,
    Span,
    StyleAnswer,
    StyleList,
)
from aimusic.service.schemas import style_answer
from aimusic.settings import Settings
from aimusic.style import load_styles

INSTRUMENTS = Path(__file__).parents[1] / "synth" / "instruments.toml"
SAMPLE_RATE = 44_100


def styles() -> StyleList:
    """Every style, in alphabetical order."""
    return StyleList(items=tuple(StyleAnswer(**style_answer(style)) for style in load_styles().values()))


@cache
def instruments() -> InstrumentList:
    """Every instrument, in the order of its table, with the styles in which it plays."""
    told = ("family", "program", "low", "high")
    tables = tomllib.loads(INSTRUMENTS.read_text(encoding="utf-8"))
    return InstrumentList(
        items=tuple(
            InstrumentAnswer(
                name=name,
                is_drum=table.get("is_drum", False),
                styles=tuple(style.name for style in load_styles().values() if _plays(style, name)),
                **{key: table[key] for key in told},
            )
            for name, table in tables.items()
        )
    )


def _plays(style, instrument: str) -> bool:
    return any(part.instrument == instrument for part in style.parts)


def capabilities(settings: Settings) -> Capabilities:
    """What this installation takes and gives."""
    return Capabilities(
        version=__version__,
        styles=tuple(load_styles()),
        audio_formats=AUDIO,
        sample_rate=SAMPLE_RATE,
        duration=_span("duration"),
        tempo=_span("tempo"),
        limits=Limits(**{name: getattr(settings, name) for name in Limits.model_fields}),
    )


def _span(name: str) -> Span:
    """The limits of a field of the request."""
    schema = Request.model_json_schema()["properties"][name]
    schema |= schema.get("anyOf", [{}])[0]
    return Span(minimum=schema["minimum"], maximum=schema["maximum"])
