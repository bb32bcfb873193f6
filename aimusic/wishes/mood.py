"""What a mood means: `moods.toml` fills in the wishes that the caller leaves open. Wishes in words always win."""

import tomllib
from functools import cache
from pathlib import Path

from aimusic.music.harmony import parse_key
from aimusic.music.request import Request
from aimusic.style import Style
from aimusic.wishes.refusals import refusal

MOODS_TOML = Path(__file__).with_name("moods.toml")


@cache
def moods() -> dict[str, dict[str, float | str]]:
    """Each mood's values: energy, density, tempo (a factor), mode."""
    return tomllib.loads(MOODS_TOML.read_text(encoding="utf-8"))


def in_mood(request: Request, style: Style) -> Request:
    """The request with energy, density and tempo filled in by its mood, where the caller left them open.

    Raises InvalidRequest for a mood that is not known.
    """
    if request.mood is None:
        return request
    if request.mood not in moods():
        raise refusal("mood", f"must be one of {', '.join(moods())}, got {request.mood}", "invalid_value")
    mood = moods()[request.mood]
    filled = {"tempo": round(style.tempo.default * mood["tempo"], 1)}
    if request.melody is None:
        filled["density"] = mood["density"]
    if not any(section.energy is not None for section in request.sections or ()):
        filled["energy"] = mood["energy"]
    return request.model_copy(update={k: v for k, v in filled.items() if getattr(request, k) is None})


def keys_in_mood(request: Request, style: Style) -> dict[str, float]:
    """The keys that the style may draw: those of the mood's mode, unless key, scale or chords decide the mode."""
    mode = moods()[request.mood].get("mode") if request.mood else None
    chords = [request.chords, *(section.chords for section in request.sections or ())]
    if mode is None or request.key or request.scale or request.melody or any(chords):
        return style.keys
    keys = {key: weight for key, weight in style.keys.items() if parse_key(key).mode == mode}
    if not keys:
        raise refusal("mood", f"{style.name} draws no {mode} key; name a key")
    return keys
