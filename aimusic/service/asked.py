"""What a caller asks beside the body: pages, filters, preferences. Wrong ones are named, never guessed."""

import base64
import binascii
import re
from collections.abc import Mapping
from urllib.parse import urlencode

from flask import Request, Response, jsonify
from pydantic import BaseModel

from aimusic.errors import FieldError, InvalidRequest

MAX_LIMIT = 100
DEFAULT_LIMIT = 20


def limit(arguments: Mapping[str, str]) -> int:
    """How many items a page may have: `?limit=`."""
    text = arguments.get("limit", str(DEFAULT_LIMIT))
    if not (re.fullmatch(r"[0-9]{1,3}", text) and 1 <= int(text) <= MAX_LIMIT):
        raise _wrong("limit", f"must be a whole number between 1 and {MAX_LIMIT}", "out_of_range")
    return int(text)


def choice(arguments: Mapping[str, str], name: str, allowed: Mapping[str, object]) -> object:
    """The value that a word stands for; None where the word is absent."""
    text = arguments.get(name)
    if text is None:
        return None
    if text not in allowed:
        raise _wrong(name, f"must be one of {', '.join(allowed)}", "invalid_value")
    return allowed[text]


def cursor(arguments: Mapping[str, str], pattern: str) -> str | None:
    """What `write_cursor` wrote, if it still looks like it."""
    text = arguments.get("cursor")
    if text is None:
        return None
    try:
        place = base64.urlsafe_b64decode(text.encode("ascii")).decode("ascii")
    except (binascii.Error, UnicodeError) as error:
        raise _wrong("cursor", "must be the next_cursor of an earlier page", "invalid_value") from error
    if not re.fullmatch(pattern, place):
        raise _wrong("cursor", "must be the next_cursor of an earlier page", "invalid_value")
    return place


def write_cursor(place: str) -> str:
    """A place in a list as an opaque word."""
    return base64.urlsafe_b64encode(place.encode("ascii")).decode("ascii")


def wants_async(request: Request) -> bool:
    """True for `Prefer: respond-async` (RFC 7240)."""
    preferences = ",".join(request.headers.getlist("Prefer")).split(",")
    return any(each.split(";")[0].strip().lower() == "respond-async" for each in preferences)


def told(answer: BaseModel, status: int = 200) -> Response:
    """An answer as JSON. What changes is never kept by caches."""
    response = jsonify(answer.model_dump(mode="json"))
    response.status_code = status
    response.headers["Cache-Control"] = "no-cache"
    return response


def link_next(response: Response, request: Request, next_cursor: str | None) -> Response:
    """Add `Link: rel="next"` to a page that is not the last."""
    if next_cursor is not None:
        arguments = urlencode({**request.args.to_dict(), "cursor": next_cursor})
        response.headers["Link"] = f'<{request.path}?{arguments}>; rel="next"'
    return response


def _wrong(name: str, sentence: str, code: str) -> InvalidRequest:
    return InvalidRequest(FieldError(f"?{name}", sentence, code))
