"""Forms fill any number of bars as the style weighs them, and progressions and tunes are read as written."""

from collections import Counter
from dataclasses import replace

import pytest

from aimusic.music.chance import stream
from aimusic.music.harmony import QUALITIES, SHARP_NAMES, Chord, Key, parse_chord, parse_key
from aimusic.music.progression import (
    chord_of,
    chords_of,
    is_tonic,
    likely_key,
    likely_mode,
    parse_progression,
    written,
)
from aimusic.music.request import SectionWish
from aimusic.music.rhythm import METRES
from aimusic.music.tune import full_bars, key_of, notes_of
from aimusic.planner.form import lay_out, lay_out_as_asked, letters
from aimusic.planner.plan import ARC, arc
from tests.factories import STYLES, plan_for

EVERY_FORM = pytest.mark.parametrize("form", [style.form for style in STYLES.values()], ids=STYLES)
ROOTS = range(12)


def drawn(form, bars, seed):
    return lay_out(bars, form, stream(seed, "form"))


def inner(phrases):
    return [phrase for phrase in phrases if phrase.name not in ("intro", "outro")]


@EVERY_FORM
def test_a_letter_has_one_length_and_the_length_is_one_of_the_style_s(form):
    """All phrases of a letter, and all that are played over its changes, are equally long without the tag."""
    for bars in (24, 57, 121):
        for seed in range(5):
            lengths = {}
            for phrase in inner(drawn(form, bars, seed)):
                source = form.changes.get(phrase.base, phrase.base)
                lengths.setdefault(source, set()).add(phrase.own_bars)
            assert all(len(of_letter) == 1 for of_letter in lengths.values())
            assert {str(n) for of_letter in lengths.values() for n in of_letter} <= set(form.phrases)


@EVERY_FORM
def test_a_tag_is_one_bar_of_the_end(form):
    for bars in range(2, 80, 3):
        phrases = drawn(form, bars, bars)
        assert all(phrase.tag == 0 for phrase in phrases[:-1])
        assert phrases[-1].tag in (0, 1)


@EVERY_FORM
def test_short_pieces_have_no_frame_and_long_ones_one(form):
    """Below `framed_from_bars` nothing of the outro, above it always an introduction or an outro."""
    for seed in range(6):
        for bars in range(1, form.framed_from_bars, 5):
            assert "outro" not in {phrase.name for phrase in drawn(form, bars, seed)}
        for bars in (form.framed_from_bars + 8, 100):
            names = [phrase.name for phrase in drawn(form, bars, seed)]
            assert names[0] == "intro" or names[-1] == "outro"
            assert not {"intro", "outro"} & set(names[1:-1])


@EVERY_FORM
def test_the_letters_are_those_of_the_count(form):
    """Between the frame the phrases follow `letters`: new music of a later round is numbered."""
    for bars in (12, 40, 90):
        phrases = inner(drawn(form, bars, 3))
        assert [(phrase.base, phrase.turn) for phrase in phrases] == letters(len(phrases), form)
        for phrase in phrases:
            assert phrase.letter in (phrase.base, f"{phrase.base}{phrase.turn}")
            assert phrase.name == form.names[phrase.base]


@EVERY_FORM
def test_every_number_of_phrases_begins_and_closes_as_the_form_does(form):
    for count in range(1, 60):
        sheet = letters(count, form)
        turns = [turn for _, turn in sheet]
        assert len(sheet) == count
        assert turns == sorted(turns) and turns[0] == 0
        if count > max(len(form.short), len(form.cycle)):
            assert "".join(letter for letter, _ in sheet).startswith("".join(form.cycle))
            assert sheet[-1][0] == form.cycle[-1]


def test_a_short_form_is_used_as_it_is_written():
    form = replace(next(iter(STYLES.values())).form, short=("A", "AB", "CAB"))
    assert [letters(count, form) for count in (1, 2, 3)] == [
        [("A", 0)],
        [("A", 0), ("B", 0)],
        [("C", 0), ("A", 0), ("B", 0)],
    ]


def test_lengths_are_drawn_in_proportion_to_their_weights():
    """Sixteen bars of one phrase or of two: a weight that grows is drawn more often."""
    base = next(iter(STYLES.values())).form
    base = replace(base, framed_from_bars=999, short=("A", "AB"), cycle=("A", "B"), middle=())

    def share_of_long(weight):
        form = replace(base, phrases={"8": 1.0, "16": weight})
        counts = Counter(len(drawn(form, 16, seed)) for seed in range(60))
        return counts[1] / 60

    assert share_of_long(0.1) < share_of_long(1.0) < share_of_long(20.0)
    assert share_of_long(0.0) == 0


def test_the_same_stream_lays_out_the_same_form():
    form = next(iter(STYLES.values())).form
    assert drawn(form, 64, 5) == drawn(form, 64, 5)
    assert len({drawn(form, 64, seed) for seed in range(12)}) > 3


def test_asked_sections_are_phrases_of_their_letter():
    form = STYLES["rock"].form
    wishes = [SectionWish(name=name, bars=bars) for name, bars in (("verse", 16), ("chorus", 9), ("rap", 3))]
    phrases = lay_out_as_asked(wishes, form)
    assert sum(phrase.bars for phrase in phrases) == 16 + 9 + 3 + 1
    assert [(phrase.name, phrase.own_bars) for phrase in phrases if phrase.name != "chorus"] == [
        ("verse", 8),
        ("verse", 8),
        ("rap", 3),
    ]
    assert sum(phrase.bars for phrase in phrases if phrase.name == "chorus") == 9
    assert {phrase.letter for phrase in phrases if phrase.name == "verse"} <= {*form.letters}
    assert [phrase.letter for phrase in phrases if phrase.name == "rap"] == ["rap"]
    assert [phrase.tag for phrase in phrases] == [0] * (len(phrases) - 1) + [1]


def test_a_section_of_the_same_name_is_a_new_round():
    wish = SectionWish(name="verse", bars=8)
    phrases = lay_out_as_asked([wish, wish], STYLES["rock"].form)
    assert [phrase.turn for phrase in phrases if phrase.bars >= 8] == [0, 1]
    plan = plan_for(STYLES["rock"], duration=None, sections=[{"name": "verse", "bars": 8}] * 2)
    assert [(section.name, section.start_bar) for section in plan.sections] == [("verse", 0), ("verse", 8)]


def test_the_arc_rises_to_its_peak_and_falls_half_way():
    places = [arc(k / 100) for k in range(101)]
    peak = places.index(max(places))
    assert peak == 75
    assert places[:76] == sorted(places[:76]) and places[75:] == sorted(places[75:], reverse=True)
    assert places[75] - places[0] == pytest.approx(ARC)
    assert places[75] - places[100] == pytest.approx(ARC / 2)


@pytest.mark.parametrize("suffix", [suffix for suffix, _ in QUALITIES.values()])
def test_a_progression_of_names_is_read_and_written(suffix):
    text = written(tuple((root + suffix, root) for root in SHARP_NAMES))
    bars = parse_progression(text)
    assert written(bars) == text
    assert [bar[0] for bar in chords_of(bars, 5)] == [parse_chord(root + suffix) for root in SHARP_NAMES]


def test_bars_may_lack_the_outer_lines_but_no_chord():
    assert parse_progression("Am | F G") == parse_progression("  | Am |  F   G |") == (("Am",), ("F", "G"))
    for text in ("", "|", "Am || F", "| Am | |"):
        with pytest.raises(ValueError, match="a chord in every bar"):
            parse_progression(text)


@pytest.mark.parametrize("symbol", ["H", "Q7", "Cfoo", "viii", "VIIIm", "IVxyz", "C/9", "#"])
def test_an_unknown_chord_is_quoted(symbol):
    with pytest.raises(ValueError, match=f"'{symbol}' is neither"):
        parse_progression(f"C | {symbol} | G")


@pytest.mark.parametrize(
    ("asked", "known"), [("C5", "C"), ("Dm9", "Dm7"), ("Bb13", "Bb9"), ("F#7b9/E", "F#7alt/E")]
)
def test_a_chord_that_we_know_only_in_part_is_refused_with_what_would_sound(asked, known):
    with pytest.raises(ValueError, match=f"{asked} would sound as {known}"):
        chord_of(asked, 0)


def test_numerals_move_with_the_key_and_names_do_not():
    bars = parse_progression("ii7 | Dm7")
    for tonic in ROOTS:
        (numeral,), (name,) = chords_of(bars, tonic)
        assert (numeral, name) == (Chord((2 + tonic) % 12, "m7"), Chord(2, "m7"))


@pytest.mark.parametrize("tonic", ROOTS)
@pytest.mark.parametrize("mode", ["major", "minor"])
def test_a_cadence_decides_the_key(tonic, mode):
    numerals = {"major": "I | vi | ii7 | V7 | I", "minor": "i | bVI | iv | V7 | i"}[mode]
    chords = [chord for bar in chords_of(parse_progression(numerals), tonic) for chord in bar]
    assert likely_key(chords) == Key(tonic, mode)
    assert likely_mode(chords, tonic) == mode
    assert is_tonic(chords[0], Key(tonic, mode)) and not is_tonic(chords[2], Key(tonic, mode))
    assert not is_tonic(chords[0], Key(tonic, "major" if mode == "minor" else "minor"))


def rows(pitches, length=1.0):
    return [(k * length, length, pitch) for k, pitch in enumerate(pitches)]


@pytest.mark.parametrize("shift", range(-5, 7))
def test_a_tune_s_key_moves_with_the_tune(shift):
    for pitches, name in (((60, 62, 64, 65, 67, 64, 60), "C major"), ((69, 71, 72, 74, 76, 72, 69), "A minor")):
        key = parse_key(name)
        tune = notes_of(rows([pitch + shift for pitch in pitches]))
        assert key_of(tune) == Key((key.tonic + shift) % 12, key.mode)


@pytest.mark.parametrize("length", [1 / 12, 0.333, 0.25, 1.5, 64])
def test_a_tune_is_read_to_the_twelfth_of_a_quarter(length):
    notes = notes_of(rows((60, 62, 64), round(12 * length) / 12))
    assert [(note.onset_ticks, note.length_ticks) for note in notes] == [
        (k * round(12 * length), round(12 * length)) for k in range(3)
    ]


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ([(0.07, 1, 60)], "twelfths"),
        ([(0, 0.02, 60)], "twelfths"),
        ([(0, 1.04, 60)], "twelfths"),
        ([(1, 1, 60), (0, 1, 62)], "follow each other"),
        ([(0, 1, 60), (0.5, 1, 60)], "one at 0.5 begins"),
        ([(0, 1, 60), (0, 1, 64)], "follow each other"),
    ],
)
def test_a_tune_that_cannot_be_written_is_refused(given, reason):
    with pytest.raises(ValueError, match=reason):
        notes_of(given)


@pytest.mark.parametrize("metre", METRES.values(), ids=METRES)
def test_a_last_note_on_a_downbeat_belongs_to_the_ending(metre):
    quarters = metre.bar_ticks / 12
    through = notes_of([(0, quarters, 60), (quarters, 2 * quarters, 62)])
    assert full_bars(through, metre) == 1
    up_to = notes_of([(0, quarters / 2, 60), (quarters / 2, quarters, 62)])
    assert full_bars(up_to, metre) == 2
    assert full_bars(notes_of([(0, quarters, 60)]), metre) == 1
