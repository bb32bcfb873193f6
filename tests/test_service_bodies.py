"""Whatever bytes come in, one JSON object comes out, or an error that says what is wrong."""

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aimusic.errors import MalformedBody
from aimusic.service.bodies import MAX_DEPTH, MAX_FIELDS, depth, parse_object

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def plain_depth(value) -> int:
    if isinstance(value, dict):
        return 1 + max(map(plain_depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(plain_depth, value), default=0)
    return 0


@given(st.dictionaries(st.text(), json_values, max_size=6))
@settings(max_examples=80, deadline=None)
def test_what_json_writes_is_read_back(fields):
    assert parse_object(json.dumps(fields).encode()) == json.loads(json.dumps(fields))


@given(json_values)
@settings(max_examples=80, deadline=None)
def test_depth_without_recursion_is_the_depth(value):
    assert depth(json.dumps(value)) == plain_depth(value)


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
@settings(max_examples=150, deadline=None)
def test_any_bytes_give_an_object_or_a_malformed_body(body):
    try:
        assert isinstance(parse_object(body), dict)
    except MalformedBody as error:
        assert 10 < len(str(error)) < 200


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"{", "not JSON: .* line 1, column 2"),
        (b'{"a": 1} x', "not JSON"),
        (b"\xff{}", "not UTF-8 text: wrong byte at position 0"),
        (b"[1]", "must be a JSON object"),
        (b"null", "must be a JSON object"),
        (b'"text"', "must be a JSON object"),
        (b'{"a": 1, "a": 2}', "'a' is given twice"),
        (b'{"a": {"b": 1, "b": 1}}', "'b' is given twice"),
        (b'{"a": "\\ud800"}', "half of a surrogate pair"),
        (b'{"\\udc00": 1}', "half of a surrogate pair"),
        (b'{"a": ' + b"9" * 5000 + b"}", "more than 400 digits"),
        (b'{"a":' + b"[" * 33 + b"]" * 33 + b"}", f"deeper than {MAX_DEPTH} levels"),
        (b"[" * 60_000, f"deeper than {MAX_DEPTH} levels"),
        (json.dumps({str(n): n for n in range(MAX_FIELDS + 1)}).encode(), "more than 200 fields"),
    ],
)
def test_each_fault_has_its_sentence(body, sentence):
    with pytest.raises(MalformedBody, match=sentence):
        parse_object(body)


def test_brackets_in_strings_do_not_count():
    assert depth('{"[[[[": "]]{{\\"[[", "b": [1]}') == 2


@pytest.mark.parametrize("unit", [b'"\\', b'"', b'\\"', b'{"', b'"a":{', b"\\"])
def test_broken_strings_take_linear_time(unit):
    body = b"{" + unit * (65_000 // len(unit))
    started = time.perf_counter()
    with pytest.raises(MalformedBody):
        parse_object(body)
    assert time.perf_counter() - started < 0.25


def test_a_byte_order_mark_is_no_fault():
    assert parse_object(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}
