"""Lead sheets survive the way into integers and back, and what cannot be written is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimusic.composer.vocabulary import (
    CHORD_GRID,
    CHORDS,
    MAX_DURATION,
    MAX_STEP,
    PITCH_LOW,
    PITCHES,
    REST,
    WAIT,
    chord_class,
    chord_of,
    decode_chords,
    decode_melody,
    encode_chords,
    encode_melody,
)
from aimusic.music.harmony import Chord
from aimusic.music.score import ChordSpan, Note

rows = st.lists(
    st.tuples(
        st.integers(0, 3 * MAX_STEP), st.integers(PITCH_LOW, PITCH_LOW + PITCHES - 1), st.integers(1, MAX_DURATION)
    ),
    max_size=20,
)


@given(rows)
def test_every_melody_comes_back(rows):
    """Gaps of any length, every pitch and every duration of the vocabulary."""
    notes, now = [], 0
    for place, (gap, pitch, length) in enumerate(rows):
        now += max(gap, 1) if place else gap
        notes.append(Note(now, pitch, length))
    assert decode_melody(encode_melody(notes)) == tuple(notes)


def test_a_long_gap_becomes_rests():
    events = encode_melody([Note(0, 60, 12), Note(2 * MAX_STEP + 5, 60, 12)])
    assert events[1:3] == [WAIT, WAIT] and events[3].step == 5
    assert [event.step == REST for event in events] == [False, True, True, False]


def test_a_gap_of_exactly_the_longest_step_needs_no_rest():
    assert [event.step for event in encode_melody([Note(0, 60, 12), Note(MAX_STEP, 60, 12)])] == [0, MAX_STEP]


@pytest.mark.parametrize(
    "notes",
    [
        [Note(0, PITCH_LOW - 1, 12)],
        [Note(0, PITCH_LOW + PITCHES, 12)],
        [Note(0, 60, MAX_DURATION + 1)],
        [Note(12, 60, 12), Note(0, 60, 12)],
    ],
    ids=["too low", "too high", "too long", "backwards"],
)
def test_what_the_vocabulary_cannot_hold_is_refused(notes):
    with pytest.raises(ValueError, match="the vocabulary cannot hold"):
        encode_melody(notes)


def test_every_chord_comes_back():
    assert [chord_class(chord_of(index)) for index in range(CHORDS)] == list(range(CHORDS))


@given(st.lists(st.tuples(st.integers(0, CHORDS - 1), st.integers(1, 30)), max_size=12), st.sampled_from([48, 36]))
def test_every_harmony_comes_back(rows, bar_ticks):
    """Chords of any length in eighths, across bar lines too; equal neighbours are one chord."""
    spans, now = [], 0
    for index, eighths in rows:
        chord = chord_of(index)
        if spans and spans[-1].chord == chord:
            spans[-1] = ChordSpan(spans[-1].onset_ticks, spans[-1].length_ticks + eighths * CHORD_GRID, chord)
        else:
            spans.append(ChordSpan(now, eighths * CHORD_GRID, chord))
        now += eighths * CHORD_GRID
    assert decode_chords(encode_chords(spans, bar_ticks)) == tuple(spans)


def test_chord_events_stop_at_bar_lines():
    events = encode_chords([ChordSpan(0, 96 + 24, Chord(0, "maj"))], 48)
    assert [event.length + 1 for event in events] == [8, 8, 4]


def test_a_chord_off_the_eighths_is_refused():
    with pytest.raises(ValueError, match="eighth"):
        encode_chords([ChordSpan(0, 16, Chord(0, "maj"))], 48)
