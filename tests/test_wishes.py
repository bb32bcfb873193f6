"""What a caller asks for is what is played, in every style, or it is refused with the reason."""

import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from aimusic.arranger.arrange import SKILLS, arrange
from aimusic.composer.compose import Composer
from aimusic.errors import InvalidRequest
from aimusic.music.harmony import SCALES, scale
from aimusic.music.progression import chords_of, parse_progression
from aimusic.music.request import Request
from aimusic.music.rhythm import METRES, swing_shift
from aimusic.pipeline import Recording, record
from aimusic.planner import make_plan
from aimusic.service.maker import facts
from aimusic.service.schemas import parse_request
from aimusic.stems import save_stems
from aimusic.synth.instruments import load_instruments
from aimusic.synth.mastering import fade_s
from aimusic.wishes.band import ONE_OF_A_KIND, guest_book
from aimusic.wishes.mood import in_mood, moods
from aimusic.wishes.tailor import tailored
from tests.factories import STYLES, make_lead, make_request

EVERY_STYLE = pytest.mark.parametrize("name", STYLES)
EVERY_METRE = pytest.mark.parametrize("metre", METRES)


@cache
def composer():
    return Composer()


def play(name, *, composed=False, **wishes):
    """(plan, lead sheet, score) of a request; its tune is a plain one unless `composed`."""
    request = in_mood(make_request(name, **wishes), STYLES[name])
    style = tailored(request, STYLES[name])
    plan = make_plan(request, style)
    lead = (composer() if composed else make_lead)(plan, style)
    return plan, lead, arrange(lead, plan, style)


def refused(name="classical", **wishes):
    with pytest.raises(InvalidRequest) as refusal:
        parse_request({"style": name, **wishes}, STYLES)
    return str(refusal.value)


def written_notes(score, *roles):
    """Onset, pitch and length of every note of the players of these roles, of all where none is named."""
    parts = [part for part in score.parts if not roles or part.role in roles]
    return [[(n.onset_ticks, n.pitch, n.length_ticks) for n in part.notes] for part in parts]


def mean(values):
    values = list(values)
    return sum(values) / len(values)


@EVERY_STYLE
def test_no_wish_leaves_the_style_as_it_is(name):
    assert tailored(make_request(name), STYLES[name]) is STYLES[name]


@EVERY_STYLE
@EVERY_METRE
def test_bars_give_the_exact_length(name, metre):
    """So many full bars, then the ending of the style; the tempo is kept."""
    for bars, tempo in ((1, 60.0), (12, 97.5), (33, 200.0)):
        plan, _, score = play(name, bars=bars, duration=None, tempo=tempo, time_signature=metre)
        assert len(plan.bars) == bars + 1
        bar_s = METRES[metre].beats * 60 / tempo
        assert score.duration_s == pytest.approx(bars * bar_s + STYLES[name].ending_s, abs=1e-9)
        ring_s = plan.duration_s - plan.tempo.seconds(plan.end_ticks)
        assert ring_s == pytest.approx(STYLES[name].ring_s, abs=plan.tempo.seconds(1))


def test_one_length_is_given():
    assert "got duration and bars" in refused(bars=4, duration=10)
    assert "between 1 and 300" in refused(duration=None)
    assert "at most 300 s" in refused(bars=400, tempo=60)
    echoed = Request(bars=4).model_dump(mode="json")
    assert (echoed["bars"], echoed["duration"]) == (4, None) and Request(**echoed) == Request(bars=4)


@EVERY_STYLE
@EVERY_METRE
def test_every_style_plays_in_every_metre(name, metre):
    """The metre is the one asked, and every note of the band lies on its sixteenths or triplets."""
    for seed in range(4):
        plan, _, score = play(name, time_signature=metre, duration=24, seed=seed)
        assert plan.metre == METRES[metre]
        for part in score.parts:
            assert part.notes, part.name
            rolled = plan.end_ticks - plan.final_ticks
            grid = {n.onset_ticks % 12 for n in part.notes if n.onset_ticks < rolled}
            assert grid <= {0, 3, 4, 6, 8, 9}, part.name


@EVERY_STYLE
def test_six_eight_is_felt_in_two(name):
    """In 6/8 drums and bass play more on the two beats than on the other eighths."""
    onsets = [0] * 6
    for seed in range(4):
        plan, _, score = play(name, time_signature="6/8", duration=30, seed=seed)
        for notes in written_notes(score, "drums", "bass"):
            for onset, _, _ in notes:
                if onset % 6 == 0 and onset < plan.end_ticks - plan.final_ticks:
                    onsets[onset % 36 // 6] += 1
    assert mean(onsets[k] for k in (0, 3)) > mean(onsets[k] for k in (1, 2, 4, 5)), onsets


@EVERY_STYLE
@pytest.mark.parametrize("metre", ["3/4", "6/8"])
def test_drummers_have_a_groove_for_every_energy_in_every_metre(name, metre):
    style = STYLES[name]
    if not any(part.role == "drums" for part in style.parts):
        return
    for fill in (False, True):
        grooves = [g for g in style.grooves if g.metre == metre and g.fill == fill and not g.sections]
        assert {e for g in grooves for e in range(g.energy[0], g.energy[1] + 1)} == set(range(5))


def test_a_metre_that_the_drummer_does_not_know_is_refused():
    style = STYLES["rock"]
    style = replace(style, grooves=tuple(g for g in style.grooves if g.metre == "4/4"))
    with pytest.raises(InvalidRequest, match="rock plays 4/4, got 3/4"):
        tailored(make_request("rock", time_signature="3/4"), style)


@pytest.mark.slow
@EVERY_STYLE
@pytest.mark.parametrize("asked", ["lydian", "dorian", "minor_pentatonic"])
def test_the_tune_keeps_to_the_scale(name, asked):
    """Outside the scale lie only chord tones and the style's blue notes; the key fits the scale."""
    plan, lead, _ = play(name, composed=True, scale=asked, duration=20)
    assert (plan.key.mode == "major") == (4 in SCALES[asked])
    names = {*scale(plan.key.tonic, asked), *((plan.key.tonic + c) % 12 for c in STYLES[name].melody.colours)}
    for note in lead.melody:
        assert note.pitch % 12 in names | {*lead.chord_at(note.onset_ticks).pitch_classes}


def test_a_scale_that_does_not_fit_is_refused():
    assert "C major takes one of major, lydian, " in refused(key="C major", scale="dorian")
    assert "must be one of major, minor, " in refused(scale="klingon")


PROGRESSIONS = (
    "| Am | F | C G |",
    "| C | G/B | Am | F |",
    "| Dm7 | G7 | Cmaj7 |",
    "| I | vi | IV | V |",
    "| i | bVI | bVII |",
    "| E7 |",
    "| A7 | D7 | A7 | A7 | D7 | D7 | A7 | A7 | E7 | D7 | A7 | E7 |",
    "| ii7 V7 | Imaj7 | iii7 VI7 |",
    "| F#m | D | A | E |",
    "| Bbmaj7 Gm7 | Cm7 F7 |",
    "| Em7b5 | A7alt | Dm6 |",
    "| C6 | C#dim7 | Dm7 | G9 |",
    "| G | Gaug | Em | Gsus4 |",
    "| Dm | Dm/C | Bb | A7 |",
    "| I | II/1 | IV/1 | I |",
    "| Ab | Db | Eb | Ab |",
    "| i7 | IV7 |",
    "| B | E | F# | D#m |",
    "| Cm | Fm | Ddim7 | G7 |",
    "| I7 IV7 | #IVdim | V7 |",
)


@pytest.mark.parametrize("number", range(len(PROGRESSIONS)))
def test_progressions_come_back_exactly(number):
    """Twenty progressions, each in another style: bar by bar the chords given, then the tonic among them."""
    name = list(STYLES)[number % len(STYLES)]
    given = PROGRESSIONS[number]
    plan, lead, score = play(name, composed=True, chords=given, duration=16, seed=number)
    bars = chords_of(parse_progression(given), plan.key.tonic)
    for place in range(len(plan.bars) - 1):
        start, bar = place * plan.metre.bar_ticks, bars[place % len(bars)]
        beats = [lead.chord_at(start + k * plan.metre.beat_ticks) for k in range(plan.metre.beats)]
        assert tuple(dict.fromkeys(beats)) == tuple(dict.fromkeys(bar))
        assert beats[0] == bar[0]
    assert score.chords == lead.chords
    flat = [chord for bar in bars for chord in bar]
    assert lead.chords[-1].chord in flat
    assert lead.chords[-1].chord.root == plan.key.tonic or all(c.root != plan.key.tonic for c in flat)


@pytest.mark.parametrize(
    ("chords", "key"),
    [
        ("| Am | F | C G |", "A minor"),
        ("| C | G/B | Am | F |", "C major"),
        ("| Dm7 | G7 | Cmaj7 |", "C major"),
        ("| Em | Am | B7 | Em |", "E minor"),
        ("| Bb | Eb | F7 |", "Bb major"),
    ],
)
def test_the_key_is_heard_in_the_chords(chords, key):
    request = make_request("rock", chords=chords)
    assert make_plan(request, tailored(request, STYLES["rock"])).key.name == key
    request = make_request("rock", chords=chords, key="G major")
    assert make_plan(request, tailored(request, STYLES["rock"])).key.name == "G major"


@pytest.mark.parametrize(
    ("chords", "sentence"),
    [
        ("| Am | H |", "'H' is neither"),
        ("| Am | | C |", "a chord in every bar"),
        ("", "a chord in every bar"),
        ("| Cmaj9 |", "Cmaj9 would sound as Cmaj7"),
        ("| C C C C C |", "room for one chord on each beat"),
    ],
)
def test_chords_that_cannot_be_played_are_refused(chords, sentence):
    assert sentence in refused(chords=chords)


def test_chords_choose_a_metre_with_room_for_them():
    """Four chords need a bar of four beats."""
    assert all(play("classical", chords="| C F G C |", seed=s)[0].metre.name == "4/4" for s in range(8))
    assert "2 in 6/8" in refused(chords="| C F G |", time_signature="6/8")


@EVERY_STYLE
def test_energy_moves_the_band_and_leaves_the_tune(name):
    """Higher energy is louder and busier; the composed notes stay the same."""
    calm, driving = (play(name, duration=40, energy=e) for e in (0.1, 0.95))
    assert calm[1] == driving[1]
    velocities = [mean(n.velocity for part in score.parts for n in part.notes) for _, _, score in (calm, driving)]
    assert velocities[1] > velocities[0] + 5
    counts = [sum(len(part.notes) for part in score.parts) for _, _, score in (calm, driving)]
    assert counts[0] < counts[1]
    assert mean(bar.energy for bar in calm[0].bars) < mean(bar.energy for bar in driving[0].bars)


@EVERY_STYLE
def test_energy_follows_its_keyframes(name):
    """Each bar has the level of the line between the keyframes at its beginning."""
    plan, _, _ = play(name, duration=40, energy=[[0, 0.0], [20, 1.0], [40, 0.5]])
    bar_s = plan.tempo.seconds(plan.metre.bar_ticks)
    for k, bar in enumerate(plan.bars):
        t = k * bar_s
        assert bar.energy == pytest.approx(4 * (t / 20 if t < 20 else 1.5 - t / 40), abs=0.5 + 1e-6)


@pytest.mark.slow
@EVERY_STYLE
def test_density_changes_the_number_of_notes_of_the_tune(name):
    few, many = (
        sum(len(play(name, composed=True, density=d, duration=30, seed=s)[1].melody) for s in range(8))
        for d in (0.0, 1.0)
    )
    assert many > 1.1 * few


@EVERY_STYLE
def test_density_moves_every_section_alike(name):
    """Phrases keep their own lean: bars differ from each other as they do without the wish, within the scale."""
    few, many = (play(name, density=d, duration=40)[0].bars for d in (0.25, 0.75))
    assert mean(b.density for b in many) >= mean(b.density for b in few) + 1.5
    assert all(0 <= b.density - a.density <= 2 for a, b in zip(few, many, strict=True))
    assert [replace(bar, density=0) for bar in few] == [replace(bar, density=0) for bar in many]


@EVERY_STYLE
def test_swing_is_played_as_asked(name):
    plan, lead, score = play(name, swing=0.62, time_signature="4/4", humanize=0.0)
    straight = play(name, swing=0.5, time_signature="4/4", humanize=0.0)
    assert plan.swing == 0.62 and straight[0].swing == 0.5
    assert straight[1] == lead and [n[:2] for p in written_notes(score) for n in p] == [
        n[:2] for p in written_notes(straight[2]) for n in p
    ]


@EVERY_STYLE
@EVERY_METRE
def test_without_humans_every_onset_is_on_the_swung_grid(name, metre):
    plan, _, score = play(name, time_signature=metre, humanize=0.0, duration=40)
    for part in score.parts:
        for note in part.notes:
            swung = plan.tempo.seconds(note.onset_ticks + swing_shift(note.onset_ticks, plan.swing))
            assert score.onset_s(note) == pytest.approx(swung, abs=2e-6), (part.name, note)


@EVERY_STYLE
def test_humanize_changes_only_how_notes_are_played(name):
    full, half, none = (play(name, humanize=h)[2] for h in (1.0, 0.5, 0.0))
    assert written_notes(full) == written_notes(half) == written_notes(none)


def test_what_is_wrong_is_said_at_once():
    said = refused(bars=4, duration=10, key="C major", scale="dorian", time_signature="6/8", swing=0.6)
    assert "scale: " in said and "bars: " in said and "swing: " in said


@pytest.mark.parametrize("energy", [[], [[1]], [[0, 2]], [[5, 0.1], [1, 0.2]], "loud", True, [[0, True]], 1.01])
def test_energy_is_a_number_or_rising_keyframes(energy):
    assert "energy: must be a number between 0 and 1, or keyframes" in refused(energy=energy)


WISHES = (
    {},
    {"bars": 6, "duration": None, "time_signature": "6/8", "energy": 0.8},
    {"chords": "| i | bVI | V7 |", "scale": "harmonic_minor", "density": 0.7},
    {"energy": [[0, 0.2], [10, 0.9]], "swing": 0.55, "humanize": 0.3, "time_signature": "3/4"},
    {"instruments": {"remove": ["bass"], "add": ["violin", "organ:bass"]}},
    {"mood": "sad", "ending": "fade"},
    {"mood": "epic", "melody": [[0, 1, 72], [1, 1.5, 74], [4, 2, 72]], "duration": None},
    {"duration": None, "sections": [{"name": "solo", "bars": 3, "energy": 0.9}, {"name": "A", "bars": 4}]},
)


@EVERY_STYLE
@pytest.mark.parametrize("wishes", WISHES, ids=lambda wishes: " ".join(wishes) or "none")
def test_the_resolved_request_gives_the_same_music(name, wishes):
    """What the answer echoes holds every decision that a field can hold, and makes the same notes again."""
    plan, _, score = play(name, **wishes)
    request = in_mood(make_request(name, **wishes), STYLES[name])
    echoed = facts(Recording(STYLES[name], plan, score, np.zeros((2, 1))), request)["request"]
    assert {"tempo", "key", "time_signature", "swing"} <= {k for k, value in echoed.items() if value is not None}
    asked = {k: value for k, value in request.model_dump(mode="json").items() if value is not None}
    assert {k: echoed[k] for k in asked} == asked
    again = play(name, **{k: value for k, value in echoed.items() if k != "style"})
    assert again[2] == score


@EVERY_STYLE
def test_players_go_home_by_name_role_or_instrument(name):
    """Who is named is silent, and the others play note for note what they played."""
    style = STYLES[name]
    whole = play(name)[2]
    for player in style.parts[1:]:
        for word in (player.name.upper(), player.role, player.instrument):
            smaller = play(name, instruments={"remove": [word]})[2]
            gone = [p.name for p in style.parts if word.lower() in (p.name.lower(), p.role, p.instrument)]
            if not any(p.role == "lead" for p in style.parts if p.name in gone):
                assert smaller.parts == tuple(part for part in whole.parts if part.name not in gone)


@EVERY_STYLE
def test_only_the_named_play(name):
    wanted = STYLES[name].parts[-1]
    score = play(name, instruments={"only": [wanted.name]})[2]
    assert [part.name for part in score.parts] == [wanted.name]
    assert score.parts[0].notes


@EVERY_STYLE
def test_every_instrument_can_be_a_guest_in_every_style(name):
    """In each role it knows; where the style has its one lead, bass or drums, that player makes room."""
    loaded, whole = load_instruments(), play(name)[2]
    for instrument, seats in guest_book().guests.items():
        for role, seat in seats.items():
            if role == "drums" and not STYLES[name].grooves:
                continue
            wish = {"add": [f"{instrument}:{role}"]}
            if role in ONE_OF_A_KIND and any(p.role == role for p in STYLES[name].parts):
                wish["remove"] = [role]
            _, _, score = play(name, duration=12, instruments=wish)
            (guest,) = [part for part in score.parts if part.name.endswith(f"({role})")]
            assert (guest.instrument, guest.role) == (instrument, role) and guest.notes
            low, high = (seat.low, seat.high) if role != "drums" else (0, 127)
            assert all(low <= note.pitch <= high for note in guest.notes)
            assert role == "drums" or loaded[instrument].low <= seat.low < seat.high <= loaded[instrument].high
    with_guest = play(name, instruments={"add": ["bell"]})[2]
    assert with_guest.parts[:-1] == whole.parts


def test_the_guest_book_knows_every_instrument():
    assert set(guest_book().guests) == set(load_instruments())
    for seats in guest_book().guests.values():
        for role, seat in seats.items():
            assert (seat.pattern or guest_book().places[role][1]) in SKILLS[role]


@pytest.mark.parametrize(
    ("wish", "sentence"),
    [
        ({"remove": ["tuba"]}, "classical has nobody called 'tuba'; its band is Flute, lead, flute, Piano"),
        ({"add": ["tuba"]}, "there is no instrument 'tuba'; use one of vibraphone"),
        ({"add": ["violin:drums"]}, "violin can play inner, lead, got 'drums'"),
        ({"add": ["violin:lead"]}, "the band has its lead; remove it"),
        ({"add": ["acoustic_kit"]}, "classical has no grooves"),
        ({"add": ["violin", "violin"]}, "asked for twice"),
        ({"only": ["flute"], "remove": ["piano"]}, "either only or remove"),
        ({"remove": ["lead", "comping", "inner", "arpeggio", "bass"]}, "nobody is left"),
        ({"play": ["flute"]}, "must be an object of lists of names"),
        ({"add": []}, "must be an object of lists of names"),
        (["flute"], "must be an object of lists of names"),
        ({"add": "flute"}, "must be an object of lists of names"),
    ],
)
def test_a_band_that_cannot_be_is_refused(wish, sentence):
    assert sentence in refused(instruments=wish)


SECTIONS = [
    {"name": "intro", "bars": 2, "energy": 0.1},
    {"name": "verse", "bars": 8, "chords": "| Am | F | C | G |"},
    {"name": "chorus", "bars": 6, "energy": 1.0, "chords": "| F G | Am |"},
    {"name": "verse", "bars": 8},
    {"name": "verse", "bars": 5, "chords": "| Dm | E7 | Am |"},
]


@EVERY_STYLE
def test_sections_come_as_asked(name):
    """Names and bars in order, the ending added to the last; energy and chords where they were given."""
    plan, lead, score = play(
        name, composed=True, sections=SECTIONS, duration=None, tempo=160, time_signature="4/4"
    )
    assert [s.name for s in plan.sections] == [s["name"] for s in SECTIONS] == [m.text for m in score.markers]
    assert [s.bars for s in plan.sections] == [2, 8, 6, 8, 6]
    assert {bar.energy for bar in plan.bars[:2]} == {0} and {bar.energy for bar in plan.bars[10:16]} == {4}
    symbols = [lead.chord_at(k * plan.metre.bar_ticks).symbol() for k in range(len(plan.bars))]
    assert symbols[2:10] == ["Am", "F", "C", "G"] * 2
    assert symbols[10:16] == ["F", "Am"] * 3
    assert symbols[24:] == ["Dm", "E7", "Am", "Dm", "E7", "Am"]
    assert lead.chord_at(10 * plan.metre.bar_ticks + 24).symbol() == "G"
    assert [b.reference for b in plan.bars[16:24]] == list(range(2, 10)), "the verse returns"


@pytest.mark.parametrize(
    ("wishes", "sentence"),
    [
        ({"sections": []}, "must be a list of"),
        ({"sections": [{"name": "A"}]}, "in section 1 bars is wrong"),
        ({"sections": [SECTIONS[0], {"name": "A", "bars": 0}]}, "in section 2 bars is wrong"),
        ({"sections": [{"name": "A", "bars": 4, "chords": "| H |"}]}, "in section 1 chords is wrong"),
        ({"sections": [{"name": "A", "bars": 4, "colour": "red"}]}, "in section 1 colour is wrong"),
        ({"sections": ["A"]}, "in section 1 it is wrong"),
        ({"sections": SECTIONS, "bars": 4}, "got bars and sections"),
        ({"sections": SECTIONS, "duration": 20}, "got duration and sections"),
        ({"sections": SECTIONS, "energy": 0.4}, "for the piece or for its sections"),
        ({"sections": [{"name": "A", "bars": 128}] * 3, "tempo": 60}, "at most 300 s"),
    ],
)
def test_sections_that_cannot_be_are_refused(wishes, sentence):
    assert sentence in refused(**wishes)


@EVERY_STYLE
@pytest.mark.parametrize("mood", moods())
def test_a_mood_fills_in_what_is_open(name, mood):
    """Energy, density, tempo and mode are the table's; the tempo is one that may be asked for."""
    values, own = moods()[mood], STYLES[name].tempo.default
    resolved = in_mood(make_request(name, mood=mood), STYLES[name])
    assert (resolved.energy, resolved.density) == (values["energy"], values["density"])
    assert 60 <= resolved.tempo == round(own * values["tempo"], 1) <= 200
    assert Request(**resolved.model_dump(mode="json")) == resolved
    plan = make_plan(resolved, tailored(resolved, STYLES[name]))
    assert plan.key.mode == values.get("mode", plan.key.mode)


def test_wishes_win_over_the_mood():
    wishes = {"energy": 0.9, "tempo": 100.0, "key": "C major"}
    plan, _, _ = play("rock", mood="sad", **wishes)
    assert (plan.tempo.bpm, plan.key.name) == (100, "C major")
    assert in_mood(make_request("rock", mood="sad", **wishes), STYLES["rock"]).energy == 0.9
    assert "mood: must be one of calm, happy, sad" in refused(mood="hungry")


@EVERY_STYLE
def test_a_cut_is_short_and_on_the_bar_line(name):
    """After the last full bar comes a chord of a fifth of a second, and nothing but its ring-out."""
    plan, _, score = play(name, bars=8, duration=None, ending="cut", time_signature="4/4")
    start_s = 8 * 4 * 60 / plan.tempo.bpm
    assert score.duration_s == pytest.approx(start_s + 0.2 + STYLES[name].ring_s)
    last = [n for part in score.parts for n in part.notes if n.onset_ticks >= 8 * 48]
    assert last and max(plan.tempo.seconds(n.end_ticks) for n in last) <= start_s + 0.2 + 1e-6
    assert "a cut falls on a bar line" in refused(name, ending="cut", duration=20)


def test_a_fade_falls_through_its_bars_and_keeps_the_notes():
    """Eight bars, at most two fifths of the piece."""
    plan, _, score = play("rock", ending="fade", duration=60, tempo=120)
    assert plan.fade_s == 16 and score.parts == play("rock", duration=60, tempo=120)[2].parts
    assert play("rock", ending="fade", duration=20, tempo=120)[0].fade_s == pytest.approx(8)
    assert fade_s(score) == 16
    assert "must be one of cadence, fade, cut" in refused(ending="loop")


def test_every_mood_is_in_the_documentation():
    page = (Path(__file__).parents[1] / "docs" / "controls.md").read_text(encoding="utf-8")
    for name, mood in moods().items():
        row = f"| `{name}` | {mood['energy']} | {mood['density']} | {mood['tempo']} | {mood.get('mode', 'any')} |"
        assert row in page


def tune(text, transpose=0):
    """A tune from `pitch:quarters` words; `-` is a rest."""
    rows, now = [], 0.0
    for word in text.split():
        pitch, _, length = word.partition(":")
        if pitch != "-":
            rows.append([now, float(length or 1), int(pitch) + transpose])
        now += float(length or 1)
    return rows


TUNES = (
    ("67 67 69 67 72 71:2 67 67 69 67 74 72:2", "C major"),
    ("64 64 65 67 67 65 64 62 60 60 62 64 64:1.5 62:.5 62:2", "C major"),
    ("69 72 76:2 74 72 71:2 69 71 72:2 71 68 69:2", "A minor"),
    ("60 62 64 60 60 62 64 60 64 65 67:2 64 65 67:2 60:4", "C major"),
    ("62 65 69:2 70 69 67 65 64 61 62:2", "D minor"),
    ("67:.5 69:.5 71 74 71 67 69 66 67:2", "G major"),
    ("65 - 69 72 70:1.5 69:.5 67 - 64 65:2", "F major"),
    ("64:.333 66:.333 67:.334 71 - 71 69:.5 67:.5 66 64:2", "E minor"),
    ("70 74 77 74 75 72 70:2 69 72 70:4", "Bb major"),
    ("72:3 71 69:2 76 74 72:.25 74:.25 76:.5 71 69:4", "A minor"),
)


@pytest.mark.parametrize("number", range(len(TUNES)))
def test_tunes_come_back_exactly(number):
    """Ten tunes, in all styles: every onset and pitch is played, and the chords hold most of the tune."""
    name = list(STYLES)[number % len(STYLES)]
    text, key = TUNES[number]
    plan, lead, score = play(name, composed=True, melody=tune(text), duration=None, seed=number)
    given = [(round(12 * onset), pitch, round(12 * length)) for onset, length, pitch in tune(text)]
    (part,) = [part for part in score.parts if part.role == "lead"]
    assert [(n.onset_ticks, n.pitch) for n in part.notes] == [note[:2] for note in given]
    assert [(n.onset_ticks, n.pitch, n.length_ticks) for n in lead.melody] == given
    assert plan.key.name == key
    inside = [n.length_ticks * (n.pitch % 12 in lead.chord_at(n.onset_ticks).pitch_classes) for n in lead.melody]
    assert sum(inside) >= 0.5 * sum(n.length_ticks for n in lead.melody)


def test_a_tune_goes_over_given_chords():
    wishes = {"melody": tune(TUNES[0][0]), "chords": "| C | F | G7 | C |", "duration": None}
    _, lead, score = play("jazz", composed=True, **wishes)
    assert [span.chord.symbol() for span in lead.chords] == ["C", "F", "G7", "C"]
    assert score.chords == lead.chords


@pytest.mark.parametrize(
    ("wishes", "sentence"),
    [
        ({"melody": []}, "must be [[onset, length, pitch], ...]"),
        ({"melody": [[0, 1]]}, "must be [[onset, length, pitch], ...]"),
        ({"melody": [[0, 1, 200]]}, "must be [[onset, length, pitch], ...]"),
        ({"melody": [[0, 2, 60], [1, 1, 62]]}, "notes must follow each other"),
        ({"melody": [[0.07, 1, 72]]}, "twelfths of a quarter note"),
        ({"melody": [[0, 1, 30]]}, "Flute plays the pitches 60 to 91, the tune has 30 to 30"),
        ({"melody": [[0, 1, 72]], "duration": 10}, "got duration and melody"),
        ({"melody": [[0, 1, 72]], "density": 0.5}, "leave one of them out"),
        ({"melody": [[0, 1, 72]], "instruments": {"remove": ["lead"]}}, "nobody is left to play it"),
        ({"melody": [[1999, 1, 72]]}, "at most 300 s"),
    ],
)
def test_tunes_that_cannot_be_played_are_refused(wishes, sentence):
    assert sentence in refused(**wishes)


def test_guests_and_a_fade_are_heard_and_have_stems(tmp_path):
    """A guest is rendered, mixed and written apart like any player; the fade ends in silence."""
    wishes = {"instruments": {"only": ["flute"], "add": ["celesta"]}, "duration": 6.0, "ending": "fade"}
    request, style = make_request("classical", **wishes), STYLES["classical"]
    recording = record(request, style, make_lead)
    paths = save_stems(recording, tmp_path)
    assert [path.name for path in paths] == ["1-flute.wav", "2-celesta-arpeggio.wav", "3-room.wav"]
    sound = np.abs(np.asarray(recording.audio)).max(0)
    assert sound.shape == (6 * 44100,)
    assert sound[-44100 // 4 :].max() < 0.3 * sound[2 * 44100 : 3 * 44100].max()


def test_the_page_asks_for_wishes_that_exist():
    page = (Path(__file__).parents[1] / "aimusic/service/studio/index.html").read_text(encoding="utf-8")
    named = set(re.findall(r'<(?:input|select) name="(\w+)"', page))
    assert {"style", "time_signature", "chords", "energy"} <= named <= set(Request.model_fields)
