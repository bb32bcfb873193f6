"""Chord symbols of several dialects as chords: `Bb7(b9)/D` (lead sheets), `Cj7911#` (jazz), `A:min7/b3` (Harte).

What `music.harmony.QUALITIES` has no name for becomes the nearest quality it has.
"""

import re
from functools import cache

from aimusic.music.harmony import LETTERS, Chord

_SYMBOL = re.compile(r"([A-G])([b#]*):?([^/]*)(?:/(.+))?")
_LETTER = re.compile(r"([A-G])([b#]*)")
_DEGREE = re.compile(r"([b#]*)(\d+)")
_MAJOR_DEGREES = {1: 0, 2: 2, 3: 4, 4: 5, 5: 7, 6: 9, 7: 11}

# Read from top to bottom; the first pattern that matches the text after the root gives the quality.
_QUALITIES = tuple(
    (re.compile(pattern), quality)
    for pattern, quality in (
        (r"h|m(in)?7?\(?b5|-7b5|ø", "m7b5"),
        (r"dim|o", "dim"),
        (r".*sus", "sus"),
        (r"(aug|\+)(?!.*7)|\+j", "aug"),
        (r"aug|\+", "alt"),
        (r"(m(?!aj)|min|-)(maj|j|Maj)", "min"),
        (r"(m(?!aj)|min|-)(7|9|11|13)|1\(b3", "m7"),
        (r"(m(?!aj)|min|-)6", "m6"),
        (r"(m(?!aj)|min|-)", "min"),
        (r"(maj|M|j)(7|9|11|13)|j", "maj7"),
        (r"(maj|M)?6", "6"),
        (r"(7|9|11|13).*([b#](5|9|13)|alt|\+|(?<!1)[59][b#]|13b)", "alt"),
        (r"11$", "sus"),  # an eleventh is played without its third
        (r"9|11|13|7(9|13)|7911", "9"),
        (r"7|[15]\(.*b7", "7"),
        (r"maj|M$|1|5|\(|$", "maj"),
    )
)


class UnknownSymbol(ValueError):
    """No rule knows this chord symbol or numeral; the message quotes it."""


@cache
def read_symbol(text: str) -> Chord | None:
    """The chord that a symbol names, or None for "no chord" (`N`, `NC`).

    Raises UnknownSymbol for a symbol that no rule knows.
    """
    if text in ("N", "NC"):
        return None
    match = _SYMBOL.fullmatch(text)
    quality = match and quality_of(match[3])
    if not quality:
        raise UnknownSymbol(f"not a chord symbol we know: {text!r}")
    root = _shifted(LETTERS[match[1]], match[2])
    bass = _bass(match[4], root) if match[4] else root
    return Chord(root, quality, None if bass == root else bass)


def quality_of(suffix: str) -> str | None:
    """The quality that the text after a root means, a key of `music.harmony.QUALITIES`, or None."""
    return next((quality for pattern, quality in _QUALITIES if pattern.match(suffix)), None)


def _bass(text: str, root: int) -> int:
    """Pitch class of a bass written as a letter (`Bb`) or, after Harte, as a degree above the root (`b3`)."""
    if letter := _LETTER.fullmatch(text):
        return _shifted(LETTERS[letter[1]], letter[2])
    if degree := _DEGREE.fullmatch(text):
        return _shifted(root + _MAJOR_DEGREES[(int(degree[2]) - 1) % 7 + 1], degree[1])
    raise UnknownSymbol(f"not a bass note: {text!r}")


def _shifted(pitch_class: int, accidentals: str) -> int:
    return (pitch_class + accidentals.count("#") - accidentals.count("b")) % 12
