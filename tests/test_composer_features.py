"""What the networks see: each column holds what its name says, at the places that the form and the metre give."""

import pytest

from aimusic.composer.chart import UNKNOWN, Changes, Chart, Tune
from aimusic.composer.features import (
    BARS_TO_END,
    BEATS_TO_CHORD,
    CHORD_INPUT,
    DENSITIES,
    DURATION_INPUT,
    INTERVALS,
    LENGTH_INPUT,
    MELODY_INPUT,
    NO_DEGREE,
    NO_INTERVAL,
    NO_STEP,
    PHRASE_PLACES,
    PITCH_INPUT,
    WIDEST,
    Features,
    Table,
    before_duration,
    before_length,
    before_pitch,
    degree,
    interval_class,
)
from aimusic.composer.vocabulary import (
    NO_CHORD,
    NO_DURATION,
    NO_LENGTH,
    NO_PITCH,
    WAIT,
    ChordEvent,
    NoteEvent,
    chord_class,
)
from aimusic.music.harmony import Chord
from aimusic.music.rhythm import METRES
from aimusic.music.score import ChordSpan

C, G7 = Chord(0, "maj"), Chord(7, "7")
FEATURES = Features(("folk", "march"))
TUNE = ((0, 24, 11), (12, 28, 11), (12, 31, 5), (24, 24, 23))  # C4 E4 G4, and C4 in the second bar


def chart(bars=4, references=(None, None, 0, 1), **changes):
    fields = {
        "style": "march",
        "mode": "minor",
        "metre": METRES["4/4"],
        "references": references,
        "phrase_bar": tuple(range(bars)),
        "bars_left": tuple(reversed(range(bars))),
        "density": (3,) * bars,
        "chords": (ChordSpan(0, 72, C), ChordSpan(72, bars * 48 - 72, G7)),
    }
    return Chart(**{**fields, **changes})


def tune(*events):
    made = Tune()
    for event in events or TUNE:
        made.add(NoteEvent(*event))
    return made


def named(table, row):
    assert len(row) == len(table.names)
    assert all(0 <= value < size for value, size in zip(row, table.sizes, strict=True))
    return dict(zip(table.names, row, strict=True))


def test_columns_have_their_own_rows():
    table = Table.of(a=3, b_x=2, b_y=4)
    assert (table.rows, table.offsets, table.column("b_y"), table.columns("b_")) == (9, (0, 3, 5), 2, slice(1, 3))


def test_at_the_start_there_is_nothing_before():
    row = named(MELODY_INPUT, FEATURES.before_note(chart(), Tune()))
    assert (row["last_step"], row["last_pitch"], row["last_duration"]) == (NO_STEP, NO_PITCH, NO_DURATION)
    assert (row["last_degree"], row["last_interval"], row["place"]) == (NO_DEGREE, NO_INTERVAL, 0)


def test_the_plan_is_seen():
    row = named(MELODY_INPUT, FEATURES.before_note(chart(), tune()))
    assert (row["style"], row["mode"], row["metre"]) == (2, 1, 0)
    assert (row["phrase_bar"], row["bars_left"], row["to_end"], row["density"]) == (1, 2, 2, 3)


def test_what_is_not_known_has_its_own_value():
    unknown = chart(
        style="", phrase_bar=(UNKNOWN,) * 4, bars_left=(UNKNOWN,) * 4, density=(UNKNOWN,) * 4, chords=()
    )
    row = named(MELODY_INPUT, FEATURES.before_note(unknown, tune()))
    assert (row["style"], row["phrase_bar"], row["density"]) == (0, PHRASE_PLACES - 1, DENSITIES - 1)
    assert row["root"] == 12 and row["last_degree"] == NO_DEGREE


def test_the_end_is_seen_from_eight_bars_before():
    far = chart(bars=12, references=(None,) * 12)
    assert named(MELODY_INPUT, FEATURES.before_note(far, Tune()))["to_end"] == BARS_TO_END - 1


def test_the_last_note_and_its_chord_are_seen():
    row = named(MELODY_INPUT, FEATURES.before_note(chart(), tune()))
    assert (row["last_step"], row["last_pitch"], row["last_duration"]) == (24, 24, 23)
    assert row["last_degree"] == 0
    assert row["last_interval"] == interval_class(24, 31)


def test_the_next_chord_and_its_distance_are_seen():
    row = named(MELODY_INPUT, FEATURES.before_note(chart(), tune()))
    assert (row["root"], row["next_root"], row["next_in"]) == (0, 7, 2)
    late = named(MELODY_INPUT, FEATURES.before_note(chart(), tune((0, 24, 5), (80, 24, 5))))
    assert late["root"] == 7 and late["next_root"] == 12 and late["next_in"] == BEATS_TO_CHORD - 1


def test_a_rest_has_no_pitch():
    made = tune()
    made.add(WAIT)
    row = named(MELODY_INPUT, FEATURES.before_note(chart(), made))
    assert (row["last_pitch"], row["last_interval"]) == (NO_PITCH, NO_INTERVAL)


def test_the_step_that_followed_elsewhere_is_seen():
    """One bar before the second downbeat a note followed after 12 ticks; nothing is known before the start."""
    row = named(MELODY_INPUT, FEATURES.before_note(chart(), tune()))
    assert row["step_back1"] == 12
    assert row["step_back2"] == row["step_back8"] == NO_STEP


def test_the_referred_bar_is_seen_at_the_same_place():
    made = tune(*TUNE, (48, 24, 5))  # third bar, which refers to the first
    row = named(MELODY_INPUT, FEATURES.before_note(chart(), made))
    assert row["step_reference"] == 12
    pitch = named(PITCH_INPUT, before_pitch(chart(), made, 12))
    assert (pitch["pitch_reference"], pitch["state_reference"], pitch["degree_reference"]) == (
        28,
        2,
        degree(28, 7 * 13),
    )


def test_held_and_silent_places_are_told_apart():
    made = tune(*TUNE, (48, 24, 5))
    held = named(PITCH_INPUT, before_pitch(chart(), made, 6))
    assert (held["pitch_reference"], held["state_reference"]) == (24, 1)
    silent = named(PITCH_INPUT, before_pitch(chart(), made, 36))
    assert (silent["pitch_reference"], silent["state_reference"]) == (NO_PITCH, 0)


def test_only_a_struck_note_lends_its_duration():
    made = tune(*TUNE, (48, 24, 5))
    assert named(DURATION_INPUT, before_duration(chart(), made, 12, 28))["duration_reference"] == 11
    assert named(DURATION_INPUT, before_duration(chart(), made, 6, 28))["duration_reference"] == NO_DURATION


@pytest.mark.parametrize(
    ("pitch", "last", "semitones"), [(30, 24, 6), (24, 30, -6), (70, 0, WIDEST), (0, 70, -WIDEST)]
)
def test_intervals_are_classes(pitch, last, semitones):
    assert interval_class(pitch, last) == semitones + WIDEST
    assert 0 <= interval_class(pitch, last) < INTERVALS


def test_degrees_count_from_the_root():
    assert degree(31, chord_class(G7)) == 0
    assert degree(30, chord_class(G7)) == 11
    assert degree(NO_PITCH, chord_class(G7)) == degree(31, NO_CHORD) == NO_DEGREE


def changes(*chords):
    made = Changes()
    for chord in chords:
        made.add(ChordEvent(chord_class(chord), 7), 48)
    return made


def test_the_chord_network_sees_its_past_and_the_referred_bar():
    row = named(CHORD_INPUT, FEATURES.before_chord(chart(), changes(C, G7)))
    assert (row["last_root"], row["before_root"], row["last_length"], row["place"]) == (7, 0, 7, 0)
    assert row["chord_reference"] == row["chord_back2"] == chord_class(C)
    assert row["chord_back1"] == chord_class(G7) and row["chord_back4"] == NO_CHORD


def test_the_chord_network_begins_with_nothing():
    row = named(CHORD_INPUT, FEATURES.before_chord(chart(), Changes()))
    assert (row["last_root"], row["last_length"], row["chord_reference"]) == (12, NO_LENGTH, NO_CHORD)


def test_a_length_sees_how_long_the_chord_there_still_lasts():
    row = named(LENGTH_INPUT, before_length(chart(), changes(C, G7), chord_class(C)))
    assert (row["root"], row["length_reference"], row["length_back8"]) == (0, 7, NO_LENGTH)


def test_a_place_that_is_not_written_yet_says_nothing():
    """A bar may refer to a bar whose second half is still to come."""
    made = Changes()
    made.add(ChordEvent(5, 3), 24)
    assert made.at(24) == (NO_CHORD, 0)
