"""Keys, chords and Roman numerals follow the textbook."""

import pytest

from aimusic.music.harmony import QUALITIES, SCALES, Chord, Key, parse_chord, parse_key, roman, scale


@pytest.mark.parametrize(
    ("name", "sharps"),
    [
        ("C major", 0),
        ("G major", 1),
        ("E major", 4),
        ("B major", 5),
        ("F major", -1),
        ("Db major", -5),
        ("A minor", 0),
        ("E minor", 1),
        ("C minor", -3),
        ("F minor", -4),
        ("G# minor", 5),
    ],
)
def test_key_signatures(name, sharps):
    key = parse_key(name)
    assert key.signature == sharps
    assert key.name == name


@pytest.mark.parametrize(("text", "name"), [("F#m", "F# minor"), ("bb", "Bb major"), ("c minor", "C minor")])
def test_keys_are_read_in_common_spellings(text, name):
    assert parse_key(text).name == name


@pytest.mark.parametrize("text", ["", "H major", "C dur", "A#b minor", "minor"])
def test_unknown_keys_are_refused(text):
    with pytest.raises(ValueError, match="must be a key such as"):
        parse_key(text)


def test_every_key_reads_its_own_name():
    for tonic in range(12):
        for mode in ("major", "minor"):
            assert parse_key(Key(tonic, mode).name) == Key(tonic, mode)


@pytest.mark.parametrize("mode", ["major", "minor"])
@pytest.mark.parametrize("tonic", range(12))
def test_every_chord_reads_its_own_symbol_in_every_key(tonic, mode):
    for root in range(12):
        for quality in QUALITIES:
            for bass in (None, (root + 4) % 12):
                chord = Chord(root, quality, bass)
                assert parse_chord(chord.symbol(Key(tonic, mode))) == chord


@pytest.mark.parametrize(
    ("key", "names"),
    [
        ("C major", "C Db D Eb E F F# G Ab A Bb B"),
        ("A minor", "C C# D Eb E F F# G G# A Bb B"),
        ("E major", "C C# D D# E F F# G G# A A# B"),
        ("Eb major", "C Db D Eb Fb F Gb G Ab A Bb Cb"),
        ("D minor", "C C# D Eb E F F# G Ab A Bb B"),
    ],
)
def test_keys_spell_their_notes(key, names):
    assert " ".join(parse_key(key).spell(pitch_class) for pitch_class in range(12)) == names


@pytest.mark.parametrize("symbol", ["", "X7", "Cfoo", "C/H", "c"])
def test_unknown_chords_are_refused(symbol):
    with pytest.raises(ValueError, match="not a chord symbol"):
        parse_chord(symbol)


@pytest.mark.parametrize(
    ("numeral", "symbol"),
    [
        ("I", "C"),
        ("ii7", "Dm7"),
        ("iim7b5", "Dm7b5"),
        ("V7", "G7"),
        ("bVII", "Bb"),
        ("vi", "Am"),
        ("Imaj7", "Cmaj7"),
        ("#ivdim7", "F#dim7"),
        ("V7b9", "G7alt"),
        ("im6", "Cm6"),
        ("II/1", "D/C"),
        ("i5", "C"),
        ("ivm7", "Fm7"),
    ],
)
def test_roman_numerals_in_c(numeral, symbol):
    assert roman(numeral, 0).symbol() == symbol


def test_roman_numerals_move_with_the_tonic():
    for tonic in range(12):
        assert roman("V7/7", tonic) == roman("V7/7", 0).transposed(tonic)


@pytest.mark.parametrize("numeral", ["", "VIII", "Ifoo", "H", "I/9"])
def test_unknown_numerals_are_refused(numeral):
    with pytest.raises(ValueError, match="not a"):
        roman(numeral, 0)


def test_chord_tones_begin_with_the_root():
    assert Chord(9, "m7").pitch_classes == (9, 0, 4, 7)
    assert Chord(9, "m7").bass_pitch_class == 9
    assert Chord(9, "m7", 0).bass_pitch_class == 0


def test_transposing_by_an_octave_changes_nothing():
    chord = Chord(2, "7", 6)
    assert chord.transposed(12) == chord == chord.transposed(5).transposed(7)


def test_scales_are_ascending_and_begin_on_the_tonic():
    for name, steps in SCALES.items():
        assert steps[0] == 0 and list(steps) == sorted(set(steps)) and steps[-1] < 12
        assert scale(7, name)[0] == 7
    assert Key(9, "minor").scale == (9, 11, 0, 2, 4, 5, 7)
