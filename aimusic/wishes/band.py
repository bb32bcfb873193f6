"""Who plays: the style's band with players sent home and guests invited, as the caller wants."""

import tomllib
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from aimusic.music.request import Request
from aimusic.style import Player, Style
from aimusic.wishes.refusals import refusal

GUESTS_TOML = Path(__file__).with_name("guests.toml")
ONE_OF_A_KIND = ("lead", "bass", "drums")
GUEST_PAN = 0.3  # guests sit to the right and to the left in turn


@dataclass(frozen=True, slots=True)
class Seat:
    """What a guest can play in one role: range in MIDI pitches; `pattern` is "" where the style's will do."""

    low: int
    high: int
    pattern: str = ""


@dataclass(frozen=True, slots=True)
class GuestBook:
    """`places`: (gain in dB, skill) of each role; `guests`: the seats of each instrument, the usual one first."""

    places: dict[str, tuple[float, str]]
    guests: dict[str, dict[str, Seat]]


@cache
def guest_book() -> GuestBook:
    """`guests.toml` as values."""
    table = tomllib.loads(GUESTS_TOML.read_text(encoding="utf-8"))
    places = {role: (row["gain_db"], row["pattern"]) for role, row in table["places"].items()}
    guests = {
        name: {role: Seat(**seat) for role, seat in roles.items()} for name, roles in table["guests"].items()
    }
    return GuestBook(places, guests)


def with_the_band_asked(request: Request, style: Style) -> Style:
    """The style with the players that the caller wants.

    Players are named by part, role or instrument. Raises InvalidRequest for names that nobody answers to, for a
    guest who has no place, and for an empty stage.
    """
    wish = request.instruments
    if wish is None:
        return style
    if "only" in wish and "remove" in wish:
        raise refusal("instruments", "give either only or remove, not both")
    kept = style.parts
    if "only" in wish:
        named = _named(wish["only"], style)
        kept = tuple(part for part in style.parts if part in named)
    if "remove" in wish:
        named = _named(wish["remove"], style)
        kept = tuple(part for part in style.parts if part not in named)
    for number, text in enumerate(wish.get("add", ())):
        guest = _guest(text, number, kept, style)
        kept = (guest, *kept) if guest.role == "lead" else (*kept, guest)
    if not kept:
        raise refusal("instruments", "somebody must play; nobody is left")
    return replace(style, parts=kept)


def _named(names: tuple[str, ...], style: Style) -> list[Player]:
    """Every player of the style who answers to one of the names."""
    found: list[Player] = []
    for name in names:
        wanted = name.lower()
        players = [p for p in style.parts if wanted in (p.name.lower(), p.role, p.instrument)]
        if not players:
            known = dict.fromkeys(word for p in style.parts for word in (p.name, p.role, p.instrument))
            raise refusal(
                "instruments", f"{style.name} has nobody called {name!r}; its band is {', '.join(known)}"
            )
        found += players
    return found


def _guest(text: str, number: int, band: tuple[Player, ...], style: Style) -> Player:
    """A guest such as `flute` or `flute:lead`."""
    book = guest_book()
    instrument, _, role = text.lower().partition(":")
    if instrument not in book.guests:
        raise refusal("instruments", f"there is no instrument {instrument!r}; use one of {', '.join(book.guests)}")
    seats = book.guests[instrument]
    role = role or next(iter(seats))
    if role not in seats:
        raise refusal("instruments", f"{instrument} can play {', '.join(seats)}, got {role!r}")
    if role in ONE_OF_A_KIND and any(p.role == role for p in band):
        raise refusal(
            "instruments", f"the band has its {role}; remove it first, or give {instrument} another role"
        )
    if role == "drums" and not style.grooves:
        raise refusal("instruments", f"{style.name} has no grooves that a drummer could play")
    name = _free_name(f"{instrument.replace('_', ' ').capitalize()} ({role})", band)
    return _seated(name, role, instrument, seats[role], number, style)


def _free_name(name: str, band: tuple[Player, ...]) -> str:
    if any(player.name == name for player in band):
        raise refusal("instruments", f"{name} is asked for twice")
    return name


def _seated(name: str, role: str, instrument: str, seat: Seat, number: int, style: Style) -> Player:
    """The guest's place: the style's skill for the role if it has one, and as much room as the others have."""
    gain_db, skill = guest_book().places[role]
    own = next((player.pattern for player in style.parts if player.role == role), "")
    around = [player.reverb_db for player in style.parts if player.role not in ("bass", "drums")]
    dry = [player.reverb_db for player in style.parts if player.role == role]
    sends = dry or around
    return Player(
        name=name,
        role=role,
        instrument=instrument,
        pattern=seat.pattern or own or skill,
        low=seat.low,
        high=seat.high,
        gain_db=gain_db,
        pan=0.0 if role in ONE_OF_A_KIND else GUEST_PAN * (-1) ** number,
        reverb_db=round(sum(sends) / len(sends), 1),
    )
