"""Who plays when a caller says so: names, guests, their places, and what a wish leaves alone."""

from dataclasses import fields, replace

import pytest

from aimusic.errors import InvalidRequest
from aimusic.music.harmony import parse_key
from aimusic.music.request import Request
from aimusic.synth.instruments import load_instruments
from aimusic.wishes.band import GUEST_PAN, ONE_OF_A_KIND, guest_book, with_the_band_asked
from aimusic.wishes.mood import in_mood, keys_in_mood, moods
from aimusic.wishes.tailor import tailored
from tests.factories import STYLES, make_request

EVERY_STYLE = pytest.mark.parametrize("style", STYLES.values(), ids=STYLES)


def band(style, **wish):
    return with_the_band_asked(make_request(style.name, instruments=wish), style).parts


def alter(style, **wishes):
    return tailored(make_request(style.name, **wishes), style)


def refused(style, **wishes):
    with pytest.raises(InvalidRequest) as caught:
        alter(style, **wishes)
    return {(error.pointer, error.code) for error in caught.value.errors}


@EVERY_STYLE
def test_a_band_wish_changes_the_players_and_no_other_table(style):
    smaller = alter(style, instruments={"remove": [style.parts[-1].name]})
    assert smaller.parts == style.parts[:-1]
    assert replace(smaller, parts=style.parts) == style


@EVERY_STYLE
def test_the_order_of_names_is_not_the_order_of_the_band(style):
    """Players keep the style's order and are named once or more, by part, role or instrument, in any case."""
    names = [player.name.upper() for player in reversed(style.parts)]
    assert band(style, only=names + names) == style.parts
    lead = [player for player in style.parts if player.role == "lead"]
    assert list(band(style, only=["LEAD", lead[0].instrument.title()])) == [
        p for p in style.parts if p.role == "lead" or p.instrument == lead[0].instrument
    ]


@EVERY_STYLE
def test_guests_come_after_the_band_but_a_lead_comes_first(style):
    """The first lead of a band has the tune, so a guest who is to have it must come first."""
    parts = band(style, remove=["lead"], add=["harp:arpeggio", "violin:lead"])
    assert parts[0].name == "Violin (lead)"
    assert parts[-1].name == "Harp (arpeggio)"
    assert parts[1:-1] == tuple(player for player in style.parts if player.role != "lead")


@EVERY_STYLE
def test_guests_sit_right_and_left_in_turn_and_soloists_in_the_middle(style):
    parts = band(style, remove=["lead"], add=["bell", "harp", "flute:lead", "celesta:arpeggio"])
    pans = {player.instrument: player.pan for player in parts if player not in style.parts}
    assert pans == {"bell": GUEST_PAN, "harp": -GUEST_PAN, "flute": 0.0, "celesta": -GUEST_PAN}


@EVERY_STYLE
def test_a_guest_has_as_much_room_as_the_players_of_the_role(style):
    for role in ("comping", "arpeggio", "pad"):
        there = [player for player in style.parts if player.role == role]
        around = there or [player for player in style.parts if player.role not in ("bass", "drums")]
        instrument = next(name for name, seats in guest_book().guests.items() if role in seats)
        guest = band(style, add=[f"{instrument}:{role}"])[-1]
        sends = [player.reverb_db for player in around]
        assert min(sends) - 0.1 <= guest.reverb_db <= max(sends) + 0.1
        seat = guest_book().guests[instrument][role]
        if there and not seat.pattern:
            assert guest.pattern == there[0].pattern
        assert (guest.low, guest.high) == (seat.low, seat.high)


def test_a_guest_without_a_role_takes_the_first_seat_of_the_instrument():
    style = next(iter(STYLES.values()))
    for instrument, seats in guest_book().guests.items():
        usual = next(iter(seats))
        if usual not in ONE_OF_A_KIND:
            assert band(style, add=[instrument])[-1].role == usual


def test_one_instrument_may_play_two_roles_but_not_one_twice():
    style = STYLES["rock"]
    two = band(style, add=["grand_piano:comping", "grand_piano:arpeggio"])
    assert len({player.name for player in two}) == len(style.parts) + 2
    assert refused(style, instruments={"add": ["harp", "HARP"]}) == {("#/instruments", "conflict")}


@EVERY_STYLE
def test_a_band_of_guests_alone_may_play(style):
    parts = band(style, only=[style.parts[0].name], add=["harp", "bell"])
    assert [player.instrument for player in parts[-2:]] == ["harp", "bell"]
    assert {player.instrument for player in parts} <= set(load_instruments())


@pytest.mark.parametrize("name", ["", "lead ", "tub", "piano:comping"])
def test_a_name_must_be_whole(name):
    assert refused(STYLES["jazz"], instruments={"remove": [name]}) == {("#/instruments", "conflict")}


@EVERY_STYLE
@pytest.mark.parametrize(
    ("wishes", "tables"),
    [
        ({"swing": 0.6, "time_signature": "4/4"}, {"feel", "metres"}),
        ({"time_signature": "3/4"}, {"metres"}),
        ({"scale": "dorian", "key": "D minor"}, {"keys", "melody"}),
        ({"chords": "| Am | F | C | G |"}, {"keys", "metres"}),
        ({"ending": "cut", "bars": 4, "duration": None}, {"ending_s", "ring_s"}),
        ({"humanize": 0.0, "density": 0.3, "energy": 0.7, "tempo": 99.0}, set()),
    ],
    ids=lambda value: "-".join(sorted(value)) or "nothing",
)
def test_each_wish_alters_its_own_tables_only(style, wishes, tables):
    altered = alter(style, **wishes)
    for field in (field.name for field in fields(style)):
        assert field in tables or getattr(altered, field) == getattr(style, field), field


@EVERY_STYLE
def test_every_wish_that_cannot_be_met_is_named(style):
    found = refused(style, bars=4, instruments={"add": ["tuba"]}, key="C major", scale="phrygian")
    assert {pointer for pointer, _ in found} == {"#/bars", "#/instruments", "#/scale"}


@EVERY_STYLE
@pytest.mark.parametrize("mood", [name for name, values in moods().items() if "mode" in values])
def test_a_mood_s_mode_gives_way_to_keys_chords_and_scales(style, mood):
    """The mood chooses among the style's keys; a caller who says anything about harmony has all of them."""
    request = make_request(style.name, mood=mood)
    keys = keys_in_mood(request, style)
    assert {parse_key(key).mode for key in keys} == {moods()[mood]["mode"]}
    assert keys.items() <= style.keys.items()
    sections = [{"name": "verse", "bars": 4, "chords": "| Am |"}]
    for wish in ({"key": "C major"}, {"chords": "| C |"}, {"scale": "minor"}, {"sections": sections}):
        assert keys_in_mood(make_request(style.name, mood=mood, duration=None, **wish), style) == style.keys


def test_a_mood_that_no_key_of_the_style_has_is_refused():
    style = replace(STYLES["classical"], keys={"C major": 1.0})
    sad = next(name for name, values in moods().items() if values.get("mode") == "minor")
    with pytest.raises(InvalidRequest, match="draws no minor key; name a key"):
        keys_in_mood(make_request("classical", mood=sad), style)


def test_a_mood_leaves_the_density_of_a_given_tune_and_the_energy_of_given_sections():
    tune = in_mood(make_request(mood="sad", duration=None, melody=[[0, 1, 72]]), STYLES["classical"])
    assert tune.density is None and tune.energy == moods()["sad"]["energy"]
    sections = [{"name": "A", "bars": 4, "energy": 0.9}]
    formed = in_mood(make_request(mood="sad", duration=None, sections=sections), STYLES["classical"])
    assert formed.energy is None and formed.density == moods()["sad"]["density"]
    assert in_mood(Request(seed=1), STYLES["classical"]) == Request(seed=1)
