"""The one guarded place where a request's body is read and parsed.

Python's `json` accepts more than JSON and may recurse too deep, and reading from a socket may fail or never
end. Whatever is sent, the caller gets either one JSON object or an error that says what is wrong.
"""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from socket import SHUT_RD

from flask import Request

from aimusic.errors import MalformedBody, UnsupportedMediaType

MAX_DEPTH = 32
MAX_FIELDS = 200
MAX_DIGITS = 400  # longer than any double; int() takes quadratic time

# The closing quote is optional, so that each character is visited once even in broken text.
_STRING = re.compile(r'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
_CUT_OFF = "the body did not arrive whole and in time"
_BRACKETS = re.compile(r"[\[{]|[\]}]")


def read_object(request: Request, limit_s: float) -> dict:
    """The body as a JSON object; an empty body is an empty object.

    Raises MalformedBody and UnsupportedMediaType. A body that is too large raises Werkzeug's
    RequestEntityTooLarge, because Flask knows the limit.
    """
    body = _read(request, limit_s)
    if not body.strip():
        return {}
    if not request.is_json:
        given = request.mimetype or "no Content-Type"
        raise UnsupportedMediaType(f"send the body as 'Content-Type: application/json', got {given[:100]!r}")
    return parse_object(body)


def parse_object(body: bytes) -> dict:
    """Parse bytes that must be one JSON object. Numbers may be infinite or NaN; their field refuses them."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise MalformedBody(f"the body is not UTF-8 text: wrong byte at position {error.start}") from error
    if depth(text) > MAX_DEPTH:
        raise MalformedBody(f"the body is nested deeper than {MAX_DEPTH} levels")
    try:
        value = json.loads(text, object_pairs_hook=_object, parse_int=_whole_number)
        json.dumps(value, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise MalformedBody(f"the body is not JSON: {error.msg} at {where}") from error
    except UnicodeEncodeError as error:
        raise MalformedBody("a text in the body holds half of a surrogate pair") from error
    if not isinstance(value, dict):
        raise MalformedBody('the body must be a JSON object such as {"duration": 30}')
    return value


def depth(text: str) -> int:
    """Deepest nesting of brackets outside of strings, found without recursion."""
    level = deepest = 0
    for bracket in _BRACKETS.findall(_STRING.sub("", text)):
        level += 1 if bracket in "[{" else -1
        deepest = max(deepest, level)
    return deepest


def _object(pairs: list[tuple[str, object]]) -> dict:
    fields = dict(pairs)
    if len(fields) > MAX_FIELDS or len(pairs) > MAX_FIELDS:
        raise MalformedBody(f"the body has more than {MAX_FIELDS} fields in one object")
    if len(fields) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise MalformedBody(f"the field {twice[:40]!a} is given twice")
    return fields


def _whole_number(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise MalformedBody(f"a number in the body has more than {MAX_DIGITS} digits")
    return int(digits)


def _read(request: Request, limit_s: float) -> bytes:
    """All bytes of the body.

    A server's errors about its framing are OSErrors, and a body that ends too soon may be no error at all.
    """
    try:
        with _time_limit(request.environ.get("gunicorn.socket"), limit_s):
            body = request.get_data(cache=False)
    except OSError as error:
        raise MalformedBody(_CUT_OFF) from error
    if request.content_length is not None and len(body) != request.content_length:
        raise MalformedBody(_CUT_OFF)
    return body


@contextmanager
def _time_limit(socket, limit_s: float) -> Iterator[None]:
    """Stop reading from a client that sends its body by the spoonful, so that its thread is free again."""
    if socket is None:
        yield
        return
    timer = threading.Timer(limit_s, socket.shutdown, [SHUT_RD])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
