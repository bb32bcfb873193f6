"""Between JSON and values: a request read with our own sentences, and the answers we give."""

import difflib
import json
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from aimusic.errors import FieldError, InvalidRequest
from aimusic.music.request import Request
from aimusic.service.library import Piece
from aimusic.style import Style
from aimusic.wishes.mood import in_mood
from aimusic.wishes.tailor import tailored

MAX_ERRORS = 10
_KINDS = {"string": "text", "number": "a number", "integer": "a whole number", "boolean": "true or false"}


class Notes(BaseModel):
    """What a caller may note about a piece. What is absent stays as it is."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    title: str = Field("", max_length=200, description="A name for people.")
    tags: list[Annotated[str, Field(min_length=1, max_length=40)]] = Field(
        [], max_length=20, description="Words to find the piece by."
    )
    favourite: bool = Field(False, description="Favourites are never removed to make room.")


def parse_request(body: dict, styles: Mapping[str, Style]) -> Request:
    """Read the wishes of a caller. Raises InvalidRequest that names the wrong fields, at most ten.

    Wishes that cannot be met together are wrong too.
    """
    errors = []
    style = body.get("style", Request.model_fields["style"].default)
    if isinstance(style, str) and style not in styles:
        errors.append(_unknown_style(style, styles))
        body = {name: value for name, value in body.items() if name != "style"}
    try:
        request = Request.model_validate(body)
    except ValidationError as error:
        errors += _sentences(error, Request)
    if errors:
        raise InvalidRequest(*errors[:MAX_ERRORS])
    own = styles[request.style]
    tailored(in_mood(request, own), own)
    return request


def parse_notes(body: dict) -> dict:
    """Title, tags and favourite, as far as they are given. Raises InvalidRequest."""
    try:
        return Notes.model_validate(body).model_dump(exclude_unset=True)
    except ValidationError as error:
        raise InvalidRequest(*_sentences(error, Notes)[:MAX_ERRORS]) from error


def _sentences(error: ValidationError, model: type[BaseModel]) -> list[FieldError]:
    return [_sentence(each, _fields(model)) for each in error.errors(include_url=False)]


@cache
def _fields(model: type[BaseModel]) -> dict[str, dict]:
    return model.model_json_schema()["properties"]


def _unknown_style(name: str, styles: Iterable[str]) -> FieldError:
    allowed = ", ".join(styles)
    hint = _did_you_mean(name, styles)
    return FieldError("#/style", f"must be one of {allowed}, got {shorten(name)}{hint}", "unknown_style")


def _sentence(error: dict, fields: Mapping[str, dict]) -> FieldError:
    """One of pydantic's errors in our words: what is allowed, and what was given."""
    name, kind, given = str(error["loc"][0]), error["type"], error["input"]
    steps = (str(step).replace("~", "~0").replace("/", "~1") for step in error["loc"])
    pointer = "#/" + "/".join(steps)
    if kind == "extra_forbidden":
        detail = f"is not a field{_did_you_mean(name, fields)}; the fields are {', '.join(fields)}"
        return FieldError("#/" + shorten(pointer[2:], quotes=False), detail, "unknown_field")
    if kind == "value_error":
        must = str(error["ctx"]["error"]).split(", got ")[0]
        return FieldError(pointer, f"{must}, got {shorten(given)}", "invalid_value")
    codes = {
        "greater_than_equal": "out_of_range",
        "less_than_equal": "out_of_range",
        "finite_number": "not_finite",
    }
    code = codes.get(kind, "too_long" if kind in ("string_too_long", "too_long") else "wrong_type")
    schema = fields[name]
    if len(error["loc"]) > 1 and "items" in schema:
        schema = schema["items"]
    return FieldError(pointer, f"must be {_takes(schema)}, got {shorten(given)}", code)


def allowed(name: str) -> str:
    """What a field of a request takes: "a number between 1 and 300"."""
    return _takes(_fields(Request)[name])


def _takes(schema: dict) -> str:
    """What a field takes, read from its own description."""
    if "takes" in schema:
        return schema["takes"]
    schema = {**schema, **schema.get("anyOf", [{}])[0]}
    if schema["type"] == "array":
        return f"a list of at most {schema['maxItems']} items"
    words = _KINDS[schema["type"]]
    if "maximum" in schema:
        return f"{words} between {schema['minimum']} and {schema['maximum']}"
    if "maxLength" in schema:
        return f"{words} of {'1 to' if 'minLength' in schema else 'at most'} {schema['maxLength']} characters"
    return words


def _did_you_mean(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name.lower()[:64], list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def shorten(value: object, quotes: bool = True) -> str:
    """What a caller sent, as JSON of at most 40 characters."""
    text = json.dumps(value) if quotes else str(value)
    return text if len(text) <= 40 else text[:37] + "..."


def piece_answer(piece: Piece) -> dict:
    """What `POST /api/generate` tells about a finished piece."""
    facts = piece.facts
    return {
        "success": True,
        "message": f"{facts['duration']:g} seconds of {piece.style} in {facts['key']}, {facts['tempo']:g} bpm",
        "filename": piece.audio.name,
        "duration": facts["duration"],
        "style": piece.style,
        "tempo": facts["tempo"],
        "seed": facts["request"]["seed"],
        "key": facts["key"],
        "bars": facts["bars"],
        "time_signature": facts["time_signature"],
        "chords": facts["chords"],
        "sections": facts["sections"],
        "download_url": f"/api/download/{piece.audio.name}",
        "midi_url": f"/api/download/{piece.midi.name}",
        "request": facts["request"],
        "sample_rate": facts["sample_rate"],
        "channels": facts["channels"],
        "size_bytes": piece.audio.size_bytes,
        "sha256": piece.audio.sha256,
        "generation_seconds": piece.generation_s,
    }


def style_answer(style: Style) -> dict:
    """What a client needs to offer a style."""
    return {
        "name": style.name,
        "description": style.description,
        "tempo": {"default": style.tempo.default, "low": style.tempo.low, "high": style.tempo.high},
        "keys": list(style.keys),
        "time_signatures": list(style.playable_metres),
        "instruments": [part.name for part in style.parts],
    }
