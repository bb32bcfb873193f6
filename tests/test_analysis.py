"""Keys, chords and form are found again in music whose key, chords and form are known."""

import numpy as np
import pytest

from aimusic.music.harmony import Chord, Key, roman
from aimusic.music.score import ChordSpan, Note
from aimusic.training.analysis import (
    TEMPLATE_QUALITIES,
    chord_weights,
    find_key,
    find_references,
    labelled_references,
    phrase_starts,
    pitch_weights,
    read_chords,
)

BAR = 48


def spans(numerals: str, tonic: int, length: int = BAR) -> tuple[ChordSpan, ...]:
    """One chord a bar from Roman numerals."""
    return tuple(
        ChordSpan(number * length, length, roman(text, tonic)) for number, text in enumerate(numerals.split())
    )


def texture(chords: tuple[ChordSpan, ...]) -> np.ndarray:
    """Block chords in quarters over a held bass, (n, 3)."""
    notes = []
    for span in chords:
        notes.append((span.onset_ticks, span.length_ticks, 36 + span.chord.bass_pitch_class))
        for onset in range(span.onset_ticks, span.end_ticks, 12):
            notes += [(onset, 12, 60 + pitch_class) for pitch_class in span.chord.pitch_classes]
    return np.array(notes)


def test_pitch_weights_are_ticks_by_pitch_class():
    weights = pitch_weights((Note(0, 60, 12), Note(12, 72, 6), Note(18, 67, 30)))
    assert weights[[0, 7]].tolist() == [18, 30] and weights.sum() == 48


def test_chord_weights_are_ticks_of_chord_tones():
    weights = chord_weights((ChordSpan(0, 24, Chord(9, "min")),))
    assert np.flatnonzero(weights).tolist() == [0, 4, 9] and weights.max() == 24


@pytest.mark.parametrize("tonic", range(12))
@pytest.mark.parametrize(
    ("mode", "numerals"),
    [("major", "I IV ii V7 I vi V7 I"), ("minor", "i iv V7 i bVI iv V7 i")],
)
def test_a_cadencing_progression_shows_its_key(tonic, mode, numerals):
    chords = spans(numerals, tonic)
    assert find_key(chord_weights(chords), chords) == Key(tonic, mode)


def test_a_key_signature_decides_where_the_notes_do_not():
    even = np.ones(12)
    for signature in range(-6, 6):
        assert find_key(even, (), signature).signature == signature


def test_clear_notes_overrule_a_key_signature():
    chords = spans("I IV V7 I IV V7 I", 2)
    assert find_key(chord_weights(chords), chords, signature=-5) == Key(2, "major")


def test_first_and_last_chord_part_relative_keys():
    """The same chords in another order: on C they are major, on A minor."""
    c_major = spans("I vi I vi IV ii I", 0)
    a_minor = tuple(
        ChordSpan(n * BAR, BAR, span.chord)
        for n, span in enumerate(
            [c_major[1], c_major[0], c_major[1], c_major[2], c_major[4], c_major[5], c_major[1]]
        )
    )
    assert find_key(chord_weights(c_major), c_major).mode == "major"
    assert find_key(chord_weights(a_minor), a_minor) == Key(9, "minor")


@pytest.mark.parametrize("quality", TEMPLATE_QUALITIES)
@pytest.mark.parametrize("root", [0, 3, 7, 10])
def test_block_chords_are_read_as_they_were_written(quality, root):
    written = (ChordSpan(0, 2 * BAR, Chord(root, quality)),)
    assert read_chords(texture(written), 2, BAR, 24) == written


def test_a_progression_is_read_with_its_changes():
    written = spans("I IV ii7 V7 vi iv I", 5)
    assert read_chords(texture(written), 7, BAR, 24) == written


def test_a_passing_note_does_not_change_the_chord():
    written = spans("I I", 0)
    notes = np.vstack([texture(written), [[30, 6, 74], [36, 6, 77]]])
    assert [span.chord for span in read_chords(notes, 2, BAR, 24)] == [Chord(0, "maj")]


def test_silence_holds_the_chord_and_chords_have_no_gaps():
    notes = texture(spans("I", 0))
    read = read_chords(notes, 4, BAR, 24)
    assert read == (ChordSpan(0, 4 * BAR, Chord(0, "maj")),)


def test_no_sound_gives_no_chords():
    assert read_chords(np.zeros((0, 3), dtype=int), 4, BAR, 24) == ()


def tune(pattern: str) -> list[tuple[int, int]]:
    """One bar of four quarters for each letter; equal letters are equal bars, `.` is silent."""
    return [
        (bar * BAR + beat * 12, 12 * ord(letter) + beat)
        for bar, letter in enumerate(pattern)
        if letter != "."
        for beat in range(4)
    ]


@pytest.mark.parametrize(
    ("pattern", "references"),
    [
        ("abcdabcd", (None, None, None, None, 0, 1, 2, 3)),
        ("abcdefgh", (None,) * 8),
        ("abab", (None, None, 0, 1)),
        ("abxyabzw", (None, None, None, None, 0, 1, 2, 3)),
        ("abcd....", (None,) * 8),
    ],
)
def test_a_repeated_block_refers_to_its_first_occurrence(pattern, references):
    assert find_references(tune(pattern), len(pattern), BAR) == references


def test_aaba_refers_to_the_first_a():
    references = find_references(tune("abcdefgh" * 2 + "ijklmnop" + "abcdefgh"), 32, BAR)
    assert references[8:16] == tuple(range(8))
    assert references[16:24] == (None,) * 8
    assert references[24:] == tuple(range(8))


def test_a_reference_is_always_earlier():
    rng = np.random.Generator(np.random.PCG64(3))
    pattern = "".join(rng.choice(list("abc."), 64))
    references = find_references(tune(pattern), 64, BAR)
    assert all(reference is None or reference < bar for bar, reference in enumerate(references))
    assert sum(reference is not None for reference in references) > 32


def test_half_of_the_notes_make_a_repeat_and_less_do_not():
    first = [(beat * 12, beat) for beat in range(8)]
    for shared, found in ((4, True), (3, False)):
        second = [(2 * BAR + beat * 12, beat if beat < shared else 100 + beat) for beat in range(8)]
        assert (find_references(first + second, 4, BAR)[2] == 0) is found


def test_labels_refer_to_the_first_section_of_their_name():
    sections = ((0, "A"), (4, "B"), (6, "A"), (11, "B"))
    expected = (None,) * 6 + (0, 1, 2, 3, None, 4)
    assert labelled_references(sections, 12) == expected
    assert labelled_references((), 2) == (None, None)


def test_phrases_begin_at_labels_and_every_four_bars_between():
    assert phrase_starts((None,) * 20, ((0, "A"), (8, "B"), (14, "A"))) == (0, 4, 8, 12, 14, 18)


def test_phrases_begin_where_repeats_begin():
    references = (None,) * 6 + tuple(range(6))
    assert phrase_starts(references, ()) == (0, 4, 6, 10)


def test_an_upbeat_bar_is_a_phrase_of_its_own():
    """The repeat is found with the bar of its upbeat, so the phrase begins one bar later."""
    references = (None,) * 8 + tuple(range(8)) + (None,)
    assert phrase_starts(references, (), upbeat=True) == (0, 1, 5, 9, 13)
