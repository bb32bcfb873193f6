"""From a data directory to a corpus: the same bytes every time, no duplicates, and an account of every piece."""

import json

import pytest
from click.testing import CliRunner

from aimusic.cli import main
from aimusic.errors import InvalidData
from aimusic.music.harmony import Chord, Key
from aimusic.music.score import ChordSpan, Note
from aimusic.training.corpus import load_corpus, save_corpus
from aimusic.training.datasets import load_data_sets, read_manifest
from aimusic.training.duplicates import KnownGrams, melody_grams
from aimusic.training.pieces import Piece
from aimusic.training.prepare import SPLITS, hashed_split, prepare, read_data_set, to_song
from aimusic.training.report import report_text, style_table
from tests.training_data import json_lines, lead_sheet, melody, midi, tar, write_data

SHEETS = [
    *(lead_sheet(f"tune {seed}", seed) for seed in range(6)),
    lead_sheet("tune 0 again", 0, bars=12),  # the first twelve bars of another
    lead_sheet("private", 7, pd_strict=False),
    lead_sheet("short", 8, bars=6),
    lead_sheet("sparse", 9, melody=[[4.0 * bar, 4.0, 60 + bar % 5] for bar in range(12)]),
]
LOOPS = {
    "progressions": [{"id": "loop", "mode": "minor", "bars": [["i"], ["iv"], ["V7"], ["i"]], "styles": ["rock"]}]
}


def piece(**changes) -> Piece:
    fields = {
        "file": "f", "title": "t", "styles": ("plain",), "group": "g", "licence": "CC0-1.0", "share_alike": False,
        "key": Key(2, "major"), "metre": "4/4", "bars": 8,
        "melody": tuple(Note(12 * n, 62 + n % 8, 12) for n in range(32)),
        "chords": (ChordSpan(0, 8 * 48, Chord(2, "maj", 6)),),
    }  # fmt: skip
    return Piece(**{**fields, **changes})


@pytest.fixture
def data(tmp_path):
    """Lead sheets, loops, and MIDI files under two licences of which one is a known duplicate."""
    files = {
        f"midi/{name}.mid": midi({"Voice": melody(10, 72, seed)})
        for name, seed in zip("abc", (20, 21, 22), strict=True)
    }
    common = {"dataset": "openscore-lieder", "title": "Air", "styles": "classical"}
    rows = [
        {**common, "file": name, "split": split, "dup_group": group}
        for name, split, group in zip(files, SPLITS, ("", "d1", "d1"), strict=True)
    ]
    sets = {
        "style-seeds": {"progressions.json": json.dumps(LOOPS).encode()},
        "openscore-lieder": {"openscore-lieder-midi.tar.gz": tar(files)},
        "openewld": {"openewld-leadsheets.jsonl.gz": json_lines(SHEETS)},
        "groove": {"info.csv": b""},
    }
    return write_data(tmp_path / "data", sets, rows, style_seeds={"licence": "CC-BY-SA-4.0", "share_alike": True})


def test_every_piece_is_used_or_counted_with_its_reason(data):
    songs, accounts = prepare(data)
    assert {name: (a.read, a.used) for name, a in accounts.items()} == {
        "openewld": (10, 6),
        "style-seeds": (1, 1),
        "openscore-lieder": (3, 2),
    }
    assert accounts["openewld"].reasons == {
        "fewer than 16 notes": 1,
        "fewer than 8 bars": 1,
        "near duplicate of an earlier song": 1,
        "not pd_strict": 1,
    }
    assert accounts["openscore-lieder"].reasons == {"duplicate in the catalog": 1}
    assert all(a.read == a.used + sum(a.reasons.values()) for a in accounts.values())
    assert len({song.id for song in songs}) == len(songs) == 9


def test_songs_keep_the_laws_of_the_corpus(data):
    for song in prepare(data)[0]:
        length = song.bars * 48
        ends = [note.end_ticks for note in song.melody]
        assert all(end <= after.onset_ticks for end, after in zip(ends, song.melody[1:], strict=False))
        assert not song.melody or ends[-1] <= length
        assert song.chords[0].onset_ticks == 0 and song.chords[-1].end_ticks == length
        assert all(a.end_ticks == b.onset_ticks for a, b in zip(song.chords, song.chords[1:], strict=False))
        assert len(song.references) == song.bars and song.phrase_starts[0] == 0
        assert song.split in SPLITS


def test_splits_come_from_the_catalog_or_from_the_title(data):
    splits = {song.id: song.split for song in prepare(data)[0]}
    assert splits["openscore-lieder/midi/a.mid"] == "train"
    assert splits["openscore-lieder/midi/b.mid"] == "validation"
    assert splits["openewld/tune 3"] == hashed_split("tune3")


def test_the_same_data_give_the_same_bytes(data, tmp_path):
    for name in ("a", "b"):
        save_corpus(prepare(data)[0], tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.slow
def test_two_processes_give_the_same_songs(data):
    assert prepare(data, processes=2) == prepare(data)


def test_share_alike_pieces_can_be_left_out(data):
    songs, accounts = prepare(data, share_alike=False)
    assert not any(song.share_alike for song in songs)
    assert accounts["style-seeds"].reasons == {"share-alike licence": 1}


def test_single_data_sets_can_be_named(data):
    told = []
    songs, accounts = prepare(data, names=["style-seeds"], progress=told.append)
    assert told == ["style-seeds"] == list(accounts) and songs[0].mode == "minor"
    with pytest.raises(InvalidData, match="no reader for the data sets groove, nothing"):
        prepare(data, names=["groove", "nothing"])


def test_optional_data_sets_are_used_only_when_named(tmp_path):
    sets = {"style-seeds": {"progressions.json": json.dumps(LOOPS).encode()}}
    folder = write_data(tmp_path, sets, style_seeds={"tier": "optional"})
    assert prepare(folder)[0] == ()
    assert len(prepare(folder, names=["style-seeds"])[0]) == 1


def test_damaged_and_missing_files_are_refused(data):
    path = data / "openewld" / "openewld-leadsheets.jsonl.gz"
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(InvalidData, match="SHA-256"):
        prepare(data)
    path.unlink()
    with pytest.raises(InvalidData, match="missing"):
        prepare(data)


@pytest.mark.parametrize("reading", ['reader = "nobody"', 'reader = "lead_sheets"\nfile = "x"\ncolour = 1'])
def test_a_wrong_table_is_named(data, reading):
    manifest = (data / "manifest.json").read_text()
    wrong = next(d for d in read_manifest(manifest, f"[openewld]\n{reading}") if d.id == "openewld")
    with pytest.raises(InvalidData, match=r"datasets\.toml: openewld: .*(nobody|argument)"):
        read_data_set(data, wrong, {})
    assert load_data_sets(data)[0].reader == "lead_sheets"


@pytest.mark.parametrize(
    ("key", "shift"), [(Key(2, "major"), -2), (Key(7, "major"), 5), (Key(2, "minor"), -5), (Key(4, "minor"), 5)]
)
def test_songs_are_moved_to_c_major_or_a_minor_by_the_shorter_way(key, shift):
    song = to_song(piece(key=key), "set")
    assert [note.pitch - 62 for note in song.melody[:3]] == [shift, shift + 1, shift + 2]
    assert song.chords[0].chord == Chord((2 + shift) % 12, "maj", (6 + shift) % 12)


def test_notes_end_with_the_last_bar():
    song = to_song(piece(melody=(Note(0, 60, 12), Note(370, 64, 99), Note(400, 64, 9))), "set")
    assert [note.end_ticks for note in song.melody] == [12, 384]


def test_melodies_refer_by_their_notes_and_chords_by_their_labels():
    repeated = tuple(Note(12 * n, 60 + n % 16, 12) for n in range(32))
    sections = ((0, "A"), (2, "A"), (4, "B"))
    assert to_song(piece(melody=repeated, sections=sections), "s").references == (None, None, 0, 1, 0, 1, 2, 3)
    labelled = to_song(piece(melody=(), sections=sections), "s")
    assert labelled.references[:4] == (None, None, 0, 1)


def test_grams_ignore_the_key_and_see_the_rhythm():
    song = to_song(piece(), "s")
    moved = to_song(piece(melody=tuple(Note(n.onset_ticks, n.pitch + 3, 12) for n in piece().melody)), "s")
    slower = to_song(
        piece(bars=16, melody=tuple(Note(2 * n.onset_ticks, n.pitch, 12) for n in piece().melody)), "s"
    )
    known = KnownGrams()
    known.add(melody_grams(song))
    assert known.overlap(melody_grams(moved)) == 1
    assert known.overlap(melody_grams(slower)) == 0
    assert len(melody_grams(to_song(piece(melody=()), "s"))) == 0


def test_hashed_splits_are_about_eighty_ten_ten():
    drawn = [hashed_split(f"song {number}") for number in range(2000)]
    assert [round(drawn.count(split) / 200) for split in SPLITS] == [8, 1, 1]


def test_the_table_counts_by_style_and_split(data):
    songs, accounts = prepare(data)
    table = style_table(songs)
    assert table["jazz"]["train"]["notes"] == sum(
        len(song.melody) for song in songs if song.styles == ("jazz",) and song.split == "train"
    )
    text = report_text(accounts, table)
    assert "1 near duplicate of an earlier song" in text and "validation" in text


def test_the_command_writes_corpus_and_report(data, tmp_path):
    out = tmp_path / "corpus.jsonl.gz"
    answer = CliRunner().invoke(main, ["prepare", "--data", str(data), "--out", str(out), "--no-share-alike"])
    assert answer.exit_code == 0, answer.output
    assert "8 songs in" in answer.output and len(load_corpus(out)) == 8
    report = json.loads((tmp_path / "corpus.report.json").read_text())
    assert report["data_sets"]["openewld"]["used"] == 6 and len(report["sha256"]) == 64


def test_the_command_says_what_is_wrong_in_one_line(tmp_path):
    answer = CliRunner().invoke(main, ["prepare", "--data", str(tmp_path), "--out", str(tmp_path / "c")])
    assert answer.exit_code == 1 and "there is no manifest" in answer.output
