"""Roman numerals of several dialects as chords on a tonic of C.

The same text means different chords in different collections: `I7` is a dominant seventh to one author and
the seventh chord of the scale to another; `V6` is a first inversion or an added sixth.
"""

import re
from dataclasses import dataclass
from functools import cache

from aimusic.music.harmony import QUALITIES, SCALES, Chord
from aimusic.training.readers.chord_symbols import UnknownSymbol, quality_of

_NUMERAL = re.compile(r"([b#]*)(VII|VI|V|IV|III|II|I|vii|vi|v|iv|iii|ii|i)([^/]*)(?:/(.+))?")
_DEGREES = ("I", "II", "III", "IV", "V", "VI", "VII")
_MAJOR_SEVENTHS = (0, 5, 1, 3, 8)  # roots of I, IV, bII, bIII, bVI: their seventh in the scale is major
_INVERSIONS = {"6": 1, "65": 1, "64": 2, "43": 2, "42": 3}  # figured bass: which chord tone is lowest
_FIGURES = re.compile(r"(?!m6$)(.*?)(65|64|43|42|6)")
_KINDS = {"x": "dim", "o": "dim", "h": "m7b5", "a": "aug"}


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a collection writes numerals.

    Attributes:
        figured: `6`, `64`, `65`, `43`, `42` are inversions; otherwise `6` is an added sixth.
        diatonic: a bare `7` or `9` is the seventh of the scale; otherwise it is a dominant.
        minor_degrees: in a minor key degrees count on the minor scale (`VI` is A flat in C).
    """

    figured: bool = False
    diatonic: bool = False
    minor_degrees: bool = False


@cache
def read_numeral(text: str, dialect: Dialect, mode: str = "major") -> Chord:
    """The chord on a tonic of C. Raises UnknownSymbol for a numeral that no rule knows."""
    match = _NUMERAL.fullmatch(text)
    if match is None:
        raise UnknownSymbol(f"not a Roman numeral we know: {text!r}")
    accidentals, degree, suffix, target = match.groups()
    if target and not target.isdigit():
        tonic = read_numeral(target, dialect, mode).root
        return read_numeral(text.removesuffix(f"/{target}"), dialect).transposed(tonic)
    inversion = 0
    if dialect.figured and (figure := _FIGURES.fullmatch(suffix)):
        inversion = _INVERSIONS[figure[2]]
        suffix = figure[1] + ("7" if figure[2] in ("65", "43", "42") else "")
    root = _root(accidentals, degree.upper(), dialect.minor_degrees and mode == "minor")
    quality = _quality(degree, root, suffix, dialect)
    if quality is None:
        raise UnknownSymbol(f"not a chord quality we know: {text!r}")
    intervals = QUALITIES[quality][1]
    bass = SCALES["major"][int(target) - 1] if target else (root + intervals[inversion % len(intervals)]) % 12
    return Chord(root, quality, None if bass == root else bass)


def _root(accidentals: str, degree: str, minor: bool) -> int:
    steps = SCALES["minor" if minor and not accidentals else "major"]
    return (steps[_DEGREES.index(degree)] + accidentals.count("#") - accidentals.count("b")) % 12


def _quality(degree: str, root: int, suffix: str, dialect: Dialect) -> str | None:
    """Lower case is minor; a letter before the figures (`x`, `h`, `d`, `o`, `a`) overrules it."""
    if suffix[:1] in _KINDS and not suffix.startswith("add"):
        return _KINDS[suffix[0]]
    if suffix.startswith("s4") or suffix.endswith("s4"):
        return "sus"
    if suffix.startswith("dom") or re.match(r"d\d", suffix):
        return quality_of(suffix.removeprefix("dom").removeprefix("d"))
    if suffix.startswith(("add", "+", "#")):
        suffix = ""
    minor = degree.islower()
    if suffix == "b5":
        return "dim" if minor else "alt"
    if minor and not suffix.startswith(("m", "dim", "sus", "M")):
        return quality_of("m" + ("" if suffix == "5" else suffix))
    if dialect.diatonic and suffix in ("7", "9") and root in _MAJOR_SEVENTHS:
        return "maj7"
    return quality_of(suffix.removesuffix("-5") if suffix == "M-5" else suffix)
