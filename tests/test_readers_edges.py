"""Edges of the readers: a row that cannot be used is refused with a named reason and stops no other row."""

import io
import json
import tarfile
from itertools import pairwise

import numpy as np
import pytest

from aimusic.music.harmony import QUALITIES, SCALES, Chord
from aimusic.music.rhythm import METRES
from aimusic.training.datasets import Source, load_data_sets
from aimusic.training.melody import monophonic, quantise_beat, written_lengths
from aimusic.training.metre import fits, rewrite, written_bar_ticks
from aimusic.training.pieces import Piece, Rejection, chord_spans
from aimusic.training.prepare import read_data_set
from aimusic.training.readers.chord_charts import analyses, chord_charts, progressions
from aimusic.training.readers.chord_symbols import UnknownSymbol, read_symbol
from aimusic.training.readers.lead_sheets import lead_sheets, solos
from aimusic.training.readers.midi import midi_files
from aimusic.training.readers.numerals import Dialect, read_numeral
from tests.training_data import json_lines, lead_sheet, melody, midi, tar, write_data

FILE = "rows.jsonl.gz"
OPTIONS = {
    lead_sheets: {"require": "pd_strict", "styles": ["one"], "tags": [], "title_words": []},
    solos: {"styles": ["one"], "blues_field": "blues", "blues_styles": ["two"]},
    chord_charts: {"styles": ["one"], "blues_styles": ["two"]},
    analyses: {"styles": ["one"], "blues_styles": ["two"], "annotators": ["A"]},
    progressions: {"styles": ["one"], "moods": [], "dialect": {}},
}


def read(reader, folder, *rows) -> list[Piece | Rejection]:
    is_loops = reader is progressions
    content = json.dumps({"progressions": rows}).encode() if is_loops else json_lines(list(rows))
    (folder / FILE).write_bytes(content)
    return list(reader(Source(folder, "CC0-1.0", False, {}), file=FILE, **OPTIONS[reader]))


def solo(**changes) -> dict:
    notes = [[bar, beat, 0.9, 60 + beat, 0.0, 0.1] for bar in range(1, 9) for beat in range(4)]
    beats = [[bar, beat, "C7", None, 0.0, 1] for bar in range(1, 9) for beat in (1, 2, 3, 4)]
    fields = {"id": "row", "performer": "P", "title": "T", "signature": "4/4", "form": [], "blues": False}
    return {**fields, "melody": notes, "beats": beats, **changes}


def chart(**changes) -> dict:
    sections = [{"labels": ["A"], "bars": ["C:maj", "G:7"] * 4}]
    fields = {"id": "row", "artist": "A", "title": "T", "metre": "4/4", "tonic": "C", "sections": sections}
    return {**fields, **changes}


def analysis(**changes) -> dict:
    fields = {"id": "row", "song": "s", "artist": "A", "title": "T", "annotator": "A", "events": [[0, "C"]]}
    return {**fields, "bars": [["I"], ["V"]] * 4, **changes}


def loop(**changes) -> dict:
    return {"id": "row", "mode": "major", "chords": ["I", "V"], **changes}


ROWS = {
    lead_sheets: lambda **changes: lead_sheet("row", **changes),
    solos: solo,
    chord_charts: chart,
    analyses: analysis,
    progressions: loop,
}


@pytest.mark.parametrize("reader", ROWS, ids=lambda reader: reader.__name__)
def test_a_good_row_is_a_piece_in_time(reader, tmp_path):
    (piece,) = read(reader, tmp_path, ROWS[reader]())
    assert isinstance(piece, Piece) and piece.bars >= 8
    length = METRES[piece.metre].bar_ticks * piece.bars
    assert piece.chords[0].onset_ticks == 0 and piece.chords[-1].end_ticks == length
    assert all(note.end_ticks <= length for note in piece.melody)


@pytest.mark.parametrize(
    ("reader", "changes", "reason"),
    [
        (lead_sheets, {"pd_strict": False}, "not pd_strict"),
        (lead_sheets, {"metre": "7/8"}, "metre 7/8"),
        (lead_sheets, {"melody": []}, "no melody"),
        (lead_sheets, {"chords": [[0.0, "C/Q"]]}, "unknown chord symbol"),
        (solos, {"signature": "5/4"}, "metre 5/4"),
        (solos, {"melody": []}, "no melody"),
        (solos, {"beats": [[1, 1, "Hmm", None, 0.0, 1]]}, "unknown chord symbol"),
        (chord_charts, {"metre": "5/8"}, "metre 5/8"),
        (chord_charts, {"sections": [{"labels": [], "bars": ["C:maj/x"]}]}, "unknown chord symbol"),
        (analyses, {"bars": [["I"], ["VIII"]]}, "unknown chord symbol"),
        (analyses, {"events": [[0, "5/4"]]}, "metre 5/4"),
        (analyses, {"annotator": "Z"}, "second analysis of a song"),
        (progressions, {"chords": ["I", "Z"]}, "unknown chord symbol"),
        (progressions, {"chords": []}, "no chords"),
    ],
)
def test_a_bad_row_has_its_reason_and_the_next_row_is_read(reader, changes, reason, tmp_path):
    good = ROWS[reader](id="good", song="other") if reader is analyses else ROWS[reader](id="good")
    refused, piece = read(reader, tmp_path, ROWS[reader](**changes), good)
    assert refused == Rejection("row", reason)
    assert piece.file == "good"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"bars": 7, "melody": [list(note) for note in melody(7)]}, "fewer than 8 bars"),
        ({"melody": [[4.0 * n, 4.0, 60 + n] for n in range(15)]}, "fewer than 16 notes"),
    ],
)
def test_pieces_too_short_to_teach_are_refused_after_reading(changes, reason, tmp_path):
    folder = write_data(
        tmp_path, {"openewld": {"openewld-leadsheets.jsonl.gz": json_lines([lead_sheet("a", **changes)])}}
    )
    (data_set,) = load_data_sets(folder)
    assert read_data_set(folder, data_set, {}) == [Rejection("a", reason)]


def test_a_chart_of_silence_has_nothing_to_teach(tmp_path):
    rows = json_lines([chart(sections=[{"labels": ["A"], "bars": ["N"] * 9}])])
    folder = write_data(tmp_path, {"mcgill-billboard": {"mcgill-billboard-chords.jsonl.gz": rows}})
    (data_set,) = load_data_sets(folder)
    (refused,) = read_data_set(folder, data_set, {})
    assert isinstance(refused, Rejection) and refused.reason == "fewer than 8 bars"


# Archives


def archive_with_links() -> bytes:
    stream = io.BytesIO(tar({"midi/a.mid": midi({"Voice": melody(16, 72)})}))
    with tarfile.open(fileobj=stream) as old:
        content = old.extractfile("midi/a.mid").read()
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as new:
        for name, kind in (("midi/soft.mid", tarfile.SYMTYPE), ("midi/hard.mid", tarfile.LNKTYPE)):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            new.addfile(info)
        for name in ("../outside.mid", "midi/a.mid"):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            new.addfile(info, io.BytesIO(content))
    return stream.getvalue()


def test_links_in_an_archive_are_not_followed_and_nothing_is_unpacked(tmp_path):
    folder = tmp_path / "set"
    folder.mkdir()
    (folder / "a.tar.gz").write_bytes(archive_with_links())
    row = {"composer": "", "title": "T", "styles": "one", "split": "train", "dup_group": ""}
    names = ("midi/soft.mid", "midi/hard.mid", "../outside.mid", "midi/a.mid")
    source = Source(folder, "CC0-1.0", False, dict.fromkeys(names, row))
    found = list(midi_files(source, archive="a.tar.gz", styles=["one"], melody=["*"]))
    assert [item.file for item in found] == ["../outside.mid", "midi/a.mid"]
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a.tar.gz", "set"]


# Chord symbols and numerals


@pytest.mark.parametrize("text", ["", "H", "c", "Cq", "C/", "C/Q", "#C"])
def test_what_is_no_chord_symbol_is_quoted(text):
    with pytest.raises(UnknownSymbol, match=f"not a .*{text!r}|not a bass"):
        read_symbol(text)


@pytest.mark.parametrize("quality", QUALITIES)
@pytest.mark.parametrize("root", [0, 3, 6, 10])
def test_our_own_symbols_are_read_as_what_they_mean(quality, root):
    """A chord that the project prints is the chord that its reader understands."""
    chord = Chord(root, quality)
    assert read_symbol(chord.symbol()) == chord


@pytest.mark.parametrize(
    ("text", "interval"), tuple(zip(("I", "ii", "iii", "IV", "V", "vi"), SCALES["major"][:6], strict=True))
)
def test_numerals_count_on_the_scale(text, interval):
    chord = read_numeral(text, Dialect())
    assert (chord.root, chord.quality) == (interval, "maj" if text.isupper() else "min")
    assert read_numeral(f"b{text}", Dialect()).root == (interval - 1) % 12


@pytest.mark.parametrize(("text", "tone"), [("I6", 4), ("I64", 7), ("V65", 11), ("V43", 2), ("V42", 5)])
def test_figures_name_the_lowest_tone(text, tone):
    assert read_numeral(text, Dialect(figured=True)).bass == tone
    assert read_numeral("I6", Dialect()).quality == "6"


def test_an_applied_chord_is_read_from_the_degree_it_leads_to():
    assert read_numeral("V7/V", Dialect(diatonic=True)) == Chord(2, "7")
    assert read_numeral("V/vi", Dialect()) == Chord(4, "maj")


@pytest.mark.parametrize("text", ["", "VIII", "Q", "V/Q", "1"])
def test_what_is_no_numeral_is_refused(text):
    with pytest.raises(UnknownSymbol):
        read_numeral(text, Dialect())


# Metres, spans, melodies


@pytest.mark.parametrize("metre", ["5/4", "7/8", "9/8", "3/2", "", "C"])
def test_a_metre_that_is_not_ours_is_named(metre):
    assert not fits(metre)
    assert rewrite(metre, 16, 0) == f"metre {metre}"


@pytest.mark.parametrize("metre", ["4/4", "2/2", "2/4", "8/4", "3/4", "6/4", "6/8", "12/8"])
def test_rewriting_keeps_the_length_of_the_music(metre):
    fitted = rewrite(metre, 16, 0)
    assert fitted.bars * METRES[fitted.metre].bar_ticks == 16 * written_bar_ticks(metre)
    assert fitted.shift_ticks == 0


@pytest.mark.parametrize("seed", range(5))
def test_spans_tile_the_piece_and_neighbours_differ(seed):
    rng = np.random.Generator(np.random.PCG64(seed))
    events = [
        (int(tick), Chord(int(root), "maj"))
        for tick, root in zip(rng.integers(0, 480, 20), rng.integers(0, 4, 20), strict=True)
    ]
    spans = chord_spans(events, 384)
    assert spans[0].onset_ticks == 0 and spans[-1].end_ticks == 384
    for one, other in pairwise(spans):
        assert one.end_ticks == other.onset_ticks and one.chord != other.chord


@pytest.mark.parametrize("seed", range(5))
def test_one_voice_is_left_of_any_notes_and_reading_it_again_changes_nothing(seed):
    rng = np.random.Generator(np.random.PCG64(seed))
    notes = [
        tuple(map(int, row))
        for row in np.column_stack([rng.integers(0, 96, 30), rng.integers(0, 20, 30), rng.integers(50, 80, 30)])
    ]
    tune = monophonic(notes)
    assert all(a.end_ticks <= b.onset_ticks for a, b in pairwise(tune))
    assert {note.onset_ticks for note in tune} == {onset for onset, length, _ in notes if length}
    assert monophonic([(note.onset_ticks, note.length_ticks, note.pitch) for note in tune]) == tune


@pytest.mark.parametrize("grid", [(0, 3, 6, 9), (0, 4, 8), (0, 2, 4, 6, 8, 10), (3, 9)])
def test_a_beat_on_the_grid_is_left_where_it_is(grid):
    assert quantise_beat(np.array(grid) / 12).tolist() == list(grid)


def test_no_note_is_written_shorter_than_it_can_be_read():
    onsets = np.array([0, 12, 24])
    lengths = written_lengths(onsets, np.array([0.1, 0.1, 0.1]), 48)
    assert (lengths > 0).all() and (onsets + lengths <= np.append(onsets[1:], 48)).all()
