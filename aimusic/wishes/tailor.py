"""The style as one caller wants it: each wish alters the tables that it concerns, and nothing else.

Wishes that contradict each other, or that the style cannot meet, are refused here, before any music is made.
This module loads no numeric library: the web process asks it too.
"""

from collections.abc import Callable
from dataclasses import replace

from aimusic.errors import FieldError, InvalidRequest
from aimusic.music.harmony import SCALES, parse_key
from aimusic.music.progression import chord_of, is_name, likely_key, likely_mode, parse_progression
from aimusic.music.request import Request
from aimusic.music.rhythm import METRES, Tempo
from aimusic.music.tune import key_of, notes_of
from aimusic.style import Style
from aimusic.wishes.band import with_the_band_asked
from aimusic.wishes.mood import keys_in_mood
from aimusic.wishes.refusals import refusal

LONGEST_S = 300.0
LENGTHS = ("duration", "bars", "sections", "melody")  # one of them says how long the piece is
STRAIGHT = 0.5
STAB_S = 0.2
NEW_SECTION_ENERGY = 0.5
COMMON_TIME = "4/4"
THIRDS = {"major": 4, "minor": 3}  # a scale fits a mode where it has the mode's third


def tailored(request: Request, style: Style) -> Style:
    """The style with the caller's wishes in its tables; `style` itself where nothing of that kind is wished.

    `request` has been through `in_mood`.

    Raises InvalidRequest that names every wish that cannot be met.
    """
    errors: list[FieldError] = []
    for alter in ALTERATIONS:
        try:
            style = alter(request, style)
        except InvalidRequest as refusal:
            errors += refusal.errors
    if errors:
        raise InvalidRequest(*errors)
    return style


def bars_s(bars: int, tempo: Tempo, style: Style) -> float:
    """Length of a piece of so many full bars with the style's ending after them, in seconds."""
    return bars * tempo.seconds(tempo.metre.bar_ticks) + style.ending_s


def _in_metre(request: Request, style: Style) -> Style:
    metre = request.time_signature
    if metre is None:
        return style
    if metre not in style.playable_metres:
        raise refusal("time_signature", f"{style.name} plays {', '.join(style.playable_metres)}, got {metre}")
    return replace(style, metres={metre: 1.0})


def _in_scale(request: Request, style: Style) -> Style:
    """The scale for the modes that it fits, and only keys of those modes."""
    if request.scale is None:
        return style
    fitting = {mode for mode, third in THIRDS.items() if third in SCALES[request.scale]}
    if request.key is not None and (mode := parse_key(request.key).mode) not in fitting:
        names = ", ".join(name for name, steps in SCALES.items() if THIRDS[mode] in steps)
        raise refusal("scale", f"{request.key} takes one of {names}, got {request.scale}")
    keys = {key: weight for key, weight in style.keys.items() if parse_key(key).mode in fitting}
    if not keys and request.key is None:
        raise refusal("scale", f"{style.name} draws no key that {request.scale} fits; name a key")
    scales = style.melody.scales | dict.fromkeys(fitting, request.scale)
    return replace(style, keys=keys or style.keys, melody=replace(style.melody, scales=scales))


def _on_chords(request: Request, style: Style) -> Style:
    """Keys that suit the given chords, where no key is asked, and metres whose bars have room for them."""
    given = [section.chords for section in request.sections or () if section.chords]
    given += [request.chords] if request.chords else []
    if not given:
        return style
    progression = tuple(bar for text in given for bar in parse_progression(text))
    most = max(map(len, progression))
    metres = {metre: weight for metre, weight in style.metres.items() if METRES[metre].beats >= most}
    if not metres:
        room = ", ".join(f"{METRES[metre].beats} in {metre}" for metre in style.metres)
        raise refusal("chords", f"a bar has room for one chord on each beat, {room}; got {most}")
    style = replace(style, metres=metres)
    if request.key is not None:
        return style
    if any(is_name(symbol) for bar in progression for symbol in bar):
        named = [chord_of(symbol, 0) for bar in progression for symbol in bar if is_name(symbol)]
        return replace(style, keys={likely_key(named).name: 1.0})
    mode = likely_mode([chord_of(symbol, 0) for bar in progression for symbol in bar], 0)
    keys = {key: weight for key, weight in style.keys.items() if parse_key(key).mode == mode}
    if not keys:
        raise refusal("chords", f"{style.name} draws no {mode} key for these numerals; name a key")
    return replace(style, keys=keys)


def _on_the_tune(request: Request, style: Style) -> Style:
    """The key of a given tune where none is named, and 4/4 where no metre is."""
    if request.melody is None:
        return style
    for name in ("density", "scale"):
        if getattr(request, name) is not None:
            raise refusal(name, "says how the tune is composed, but melody gives the tune; leave one of them out")
    metres = style.metres if request.time_signature else {COMMON_TIME: 1.0}
    keys = style.keys if request.key or request.chords else {key_of(notes_of(request.melody)).name: 1.0}
    return replace(style, metres=metres, keys=keys)


def _with_someone_to_sing(request: Request, style: Style) -> Style:
    """Checks that the lead player has every note of a given tune."""
    if request.melody is None:
        return style
    singer = next((player for player in style.parts if player.role == "lead"), None)
    if singer is None:
        raise refusal("melody", "nobody is left to play it; keep or add a lead")
    low, high = (bound(row[2] for row in request.melody) for bound in (min, max))
    if low < singer.low or high > singer.high:
        room = f"{singer.name} plays the pitches {singer.low} to {singer.high}"
        raise refusal("melody", f"{room}, the tune has {low} to {high}; transpose it or choose another lead")
    return style


def _swung(request: Request, style: Style) -> Style:
    """The swing asked for; compound metres have their triplets written and are not swung."""
    if request.swing is None:
        return style
    simple = {name: weight for name, weight in style.metres.items() if not METRES[name].is_compound}
    if not simple and request.swing != STRAIGHT:
        raise refusal("swing", f"{request.time_signature} is not swung, leave swing out or give {STRAIGHT}")
    feel = replace(style.feel, swing=((style.tempo.default, request.swing),))
    return replace(style, feel=feel, metres=simple or style.metres)


def _of_one_length(request: Request, style: Style) -> Style:
    """Checks that exactly one length is given, and that so many bars are no longer than a piece may be."""
    given = [name for name in LENGTHS if getattr(request, name) is not None]
    if len(given) > 1:
        raise refusal(given[-1], f"give only one of {', '.join(LENGTHS)}; got {' and '.join(given)}")
    if not given:
        raise refusal("duration", f"must be a number between 1 and {LONGEST_S:g}, got null", "wrong_type")
    for metre in style.metres if request.duration is None else ():
        bars = request.full_bars(METRES[metre])
        tempo = Tempo(request.tempo or style.tempo.default, METRES[metre])
        if (length_s := bars_s(bars, tempo, style)) > LONGEST_S:
            what = f"{bars} bars of {metre} at {tempo.bpm:g} bpm and the last chord take {length_s:.1f} s"
            raise refusal(given[0], f"{what}, at most {LONGEST_S:g} s can be made", "out_of_range")
    return style


def _in_mode(request: Request, style: Style) -> Style:
    keys = keys_in_mood(request, style)
    return style if keys == style.keys else replace(style, keys=keys)


def _ended(request: Request, style: Style) -> Style:
    """A cut: the last chord is a stab on the bar line, and what follows is its ring-out."""
    if request.ending != "cut":
        return style
    if request.duration is not None:
        raise refusal("ending", "a cut falls on a bar line; give bars or sections instead of a duration")
    return replace(style, ending_s=style.ring_s + STAB_S)


def _in_sections(request: Request, style: Style) -> Style:
    """Gives energy to section names that the style does not know; energy is of the piece or of its sections."""
    if request.sections is None:
        return style
    if request.energy is not None and any(section.energy is not None for section in request.sections):
        raise refusal("energy", "give energy for the piece or for its sections, not both")
    unknown = {section.name: NEW_SECTION_ENERGY for section in request.sections}
    return replace(style, form=replace(style.form, energy=unknown | style.form.energy))


ALTERATIONS: tuple[Callable[[Request, Style], Style], ...] = (
    _in_mode,
    _in_metre,
    _on_the_tune,
    _on_chords,
    _in_scale,
    _swung,
    _ended,
    _of_one_length,
    _in_sections,
    with_the_band_asked,
    _with_someone_to_sing,
)
