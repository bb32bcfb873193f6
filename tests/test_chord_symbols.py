"""The chord dialects of the data sets, one by one."""

import pytest

from aimusic.music.harmony import QUALITIES
from aimusic.training.readers.chord_symbols import UnknownSymbol, read_symbol
from aimusic.training.readers.numerals import Dialect, read_numeral

ANALYSIS = Dialect(figured=True, diatonic=True)  # rock corpus
SEEDS = Dialect(figured=True)  # style seeds
MOODS = Dialect(diatonic=True, minor_degrees=True)  # free MIDI chords


@pytest.mark.parametrize(
    ("text", "symbol"),
    [
        # lead sheets
        ("C", "C"),
        ("Bb7", "Bb7"),
        ("Cdim/Cb", "Cdim7/B"),
        ("G7(addb9)", "G7alt"),
        ("Fm(#5)", "Fm"),
        ("FmMaj7", "Fm"),
        ("Dsus4(add7)", "Dsus4"),
        ("Aaug7", "A7alt"),
        ("Aaug", "Aaug"),
        ("E13", "E9"),
        ("E11", "Esus4"),
        ("G9+", "G7alt"),
        ("Em7(b5)", "Em7b5"),
        # jazz
        ("Eb-7", "Ebm7"),
        ("E-7", "Em7"),
        ("C-", "Cm"),
        ("G-69", "Gm6"),
        ("Cj7911#", "Cmaj7"),
        ("F79#", "F7alt"),
        ("F7911#", "F9"),
        ("Bo7", "Bdim7"),
        ("F+7", "F7alt"),
        ("F+j7", "Faug"),
        ("Fsus7913", "Fsus4"),
        ("D-j7", "Dm"),
        ("Gm7b5", "Gm7b5"),
        # Harte
        ("A:min7/b3", "Am7/C"),
        ("A:min7/b7", "Am7/G"),
        ("D:maj/9", "D/E"),
        ("D:maj/5", "D/A"),
        ("D:maj/1", "D"),
        ("G:sus4(b7,9)", "Gsus4"),
        ("B:hdim7", "Bm7b5"),
        ("C:7(#9)", "C7alt"),
        ("C:maj(9)", "C"),
        ("C:maj6(9)", "C6"),
        ("C:5", "C"),
        ("C:5(b7)", "C7"),
        ("C:1(b3,b7)", "Cm7"),
        ("C:9(13,#11)", "C9"),
        ("C:min(11)", "Cm"),
    ],
)
def test_symbols(text, symbol):
    assert read_symbol(text).symbol() == symbol


def test_no_chord_is_none():
    assert read_symbol("N") is None and read_symbol("NC") is None


@pytest.mark.parametrize("text", ["", "H7", "C:b3)", "Cxyz", "C/H", "C7/b"])
def test_unknown_symbols_are_quoted(text):
    with pytest.raises(UnknownSymbol, match="not a"):
        read_symbol(text)


@pytest.mark.parametrize(
    ("text", "dialect", "mode", "symbol"),
    [
        ("I", ANALYSIS, "major", "C"),
        ("bVII", ANALYSIS, "major", "Bb"),
        ("IV6", ANALYSIS, "major", "F/A"),
        ("IV64", ANALYSIS, "major", "F/C"),
        ("V65", ANALYSIS, "major", "G7/B"),
        ("V42/IV", ANALYSIS, "major", "C7/Bb"),
        ("V7/vi", ANALYSIS, "major", "E7"),
        ("ii7", ANALYSIS, "major", "Dm7"),
        ("I7", ANALYSIS, "major", "Cmaj7"),
        ("Id7", ANALYSIS, "major", "C7"),
        ("Id7#9", ANALYSIS, "major", "C7alt"),
        ("iih43", ANALYSIS, "major", "Dm7b5/Ab"),
        ("viix7/V", ANALYSIS, "major", "F#dim7"),
        ("iio6", ANALYSIS, "major", "Ddim7/F"),
        ("Vs4", ANALYSIS, "major", "Gsus4"),
        ("v7s4", ANALYSIS, "major", "Gsus4"),
        ("V11", ANALYSIS, "major", "Gsus4"),
        ("V+11", ANALYSIS, "major", "G"),
        ("Va", ANALYSIS, "major", "Gaug"),
        ("iib5", ANALYSIS, "major", "Ddim7"),
        ("I7", SEEDS, "major", "C7"),
        ("im6", SEEDS, "minor", "Cm6"),
        ("V6", SEEDS, "major", "G/B"),
        ("viidim6", SEEDS, "major", "Bdim7/D"),
        ("II/1", SEEDS, "major", "D/C"),
        ("#ivdim7", SEEDS, "major", "F#dim7"),
        ("V7#5", SEEDS, "major", "G7alt"),
        ("vi7sus4", SEEDS, "major", "Asus4"),
        ("i5", SEEDS, "minor", "Cm"),
        ("bIIImaj7", SEEDS, "minor", "Ebmaj7"),
        ("VI", MOODS, "minor", "Ab"),
        ("VI", MOODS, "major", "A"),
        ("III7", MOODS, "minor", "Ebmaj7"),
        ("VII6", MOODS, "minor", "Bb6"),
        ("Idom7", MOODS, "major", "C7"),
        ("IM-5", MOODS, "major", "C"),
        ("bviim", MOODS, "major", "Bbm"),
        ("bIIIM6", MOODS, "major", "Eb6"),
        ("VIadd9", MOODS, "minor", "Ab"),
        ("ivmadd9", MOODS, "major", "Fm"),
    ],
)
def test_numerals(text, dialect, mode, symbol):
    assert read_numeral(text, dialect, mode).symbol() == symbol


@pytest.mark.parametrize("text", ["", "R", "VIII", "Iqq"])
def test_unknown_numerals_are_quoted(text):
    with pytest.raises(UnknownSymbol, match="not a"):
        read_numeral(text, SEEDS)


def test_every_inversion_is_a_tone_of_its_chord():
    for degree in ("I", "ii", "V", "vi"):
        for figure in ("6", "64", "65", "43", "42"):
            chord = read_numeral(degree + figure, ANALYSIS)
            assert chord.bass in chord.pitch_classes and chord.bass != chord.root
            assert chord.quality in QUALITIES
