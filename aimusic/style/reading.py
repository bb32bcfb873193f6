"""Reads a style folder, and refuses what it does not know: files, keys, and names that refer to each other."""

import json
import tomllib
from dataclasses import replace
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from aimusic.errors import InvalidStyle
from aimusic.music.grooves import BAR_TICKS, HumanGrooves
from aimusic.music.harmony import QUALITIES, SCALES, parse_key, roman
from aimusic.music.rhythm import METRES
from aimusic.style.tables import STYLES_DIR, Style

_STYLE = TypeAdapter(Style)
_GROOVES = TypeAdapter(HumanGrooves)


def load_style(folder: Path) -> Style:
    """Read `folder/style.toml`, and `folder/grooves.json` where there is one.

    Raises InvalidStyle that names the file and the key.
    """
    path = folder / "style.toml"
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        style = _STYLE.validate_json(json.dumps({"name": folder.name, **table}))
    except (OSError, ValueError) as error:
        raise _refusal(path, error) from error
    _check_names(style, path)
    played = folder / "grooves.json"
    return replace(style, human_grooves=load_grooves(played)) if played.exists() else style


def load_grooves(path: Path) -> HumanGrooves:
    """Read a file of played grooves. Raises InvalidStyle that names the file and the key."""
    try:
        grooves = _GROOVES.validate_json(path.read_bytes())
    except (OSError, ValueError) as error:
        raise _refusal(path, error) from error
    for number, family in enumerate(grooves.families):
        for take in family.takes:
            last = max((stroke[0] for strokes in take.strokes.values() for stroke in strokes), default=-1)
            if not 0 <= last < take.bars * BAR_TICKS:
                raise InvalidStyle(f"{path}: families.{number}: tick {last} does not fit into {take.bars} bars")
    return grooves


def _refusal(path: Path, error: Exception) -> InvalidStyle:
    if not isinstance(error, ValidationError):
        return InvalidStyle(f"{path}: {error}")
    first = error.errors(include_url=False)[0]
    key = ".".join(str(step) for step in first["loc"])
    return InvalidStyle(f"{path}: {key}: {first['msg']}")


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
    _check_form(style, path)
    _check_composer(style, path)


def _check_composer(style: Style, path: Path) -> None:
    """Names and ranges that the composer needs: scales, chord qualities, sections, an octave to sing in."""
    melody, harmony = style.melody, style.harmony
    sections = {"intro", "outro", *style.form.names.values()}
    problems = [("melody.scales", mode) for mode in ("major", "minor") if melody.scales.get(mode) not in SCALES]
    problems += [("melody.tacet", name) for name in melody.tacet if name not in sections]
    problems += [("harmony.qualities", name) for name in harmony.qualities if name not in QUALITIES]
    if melody.high - melody.low < 12:
        problems.append(("melody.high", str(melody.high)))
    for key, text in problems:
        raise InvalidStyle(f"{path}: {key}: {text!r} is missing or does not fit")


def _check_form(style: Style, path: Path) -> None:
    """Names inside the style that refer to each other: letters, section names, cadences, steps of a groove."""
    form = style.form
    sections = {"intro", "outro", *form.names.values()}
    cadences = form.cadences
    problems = [("form.names", letter) for letter in form.letters if letter not in form.names]
    problems += [("form.changes", letter) for letter in form.changes.values() if letter not in form.letters]
    problems += [("form.energy", name) for name in sorted(sections) if name not in form.energy]
    for owner in (*style.parts, *style.grooves):
        problems += [("sections", name) for name in owner.sections if name not in sections]
    for mode in ("major", "minor"):
        for weights in (cadences.antecedent, cadences.close, cadences.round, cadences.last):
            if not any(f"{mode}.{name}" in style.harmony.cadences for name in weights):
                problems.append(("harmony.cadences", f"{mode}.{next(iter(weights))}"))
    for groove in style.grooves:
        steps = {len(pattern.replace(" ", "")) for pattern in groove.patterns.values()}
        bar_ticks = METRES[groove.metre].bar_ticks if groove.metre in METRES else 1
        if len(steps) > 1 or bar_ticks * groove.bars % max(steps):
            problems.append(("grooves", str(groove.patterns)))
    for key, text in problems:
        raise InvalidStyle(f"{path}: {key}: {text!r} is missing or does not fit")


@cache
def load_styles(folder: Path = STYLES_DIR) -> dict[str, Style]:
    """Every style folder, by name, in alphabetical order."""
    return {path.parent.name: load_style(path.parent) for path in sorted(folder.glob("*/style.toml"))}
