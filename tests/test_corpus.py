"""The corpus file keeps songs exactly, and refuses what it did not write."""

import gzip
import hashlib

import pytest

from aimusic.errors import InvalidData
from aimusic.music.harmony import Chord
from aimusic.music.score import ChordSpan, Note
from aimusic.training.corpus import Song, load_corpus, save_corpus


def song(**changes) -> Song:
    """Two bars of 4/4 in C, the second a repeat of the first."""
    fields = {
        "id": "made/one",
        "dataset": "made",
        "title": "Où",
        "styles": ("plain",),
        "split": "train",
        "licence": "CC0-1.0",
        "share_alike": False,
        "mode": "major",
        "metre": "4/4",
        "bars": 2,
        "melody": (Note(0, 60, 12), Note(12, 64, 36), Note(48, 60, 12), Note(60, 64, 36)),
        "chords": (ChordSpan(0, 48, Chord(0, "maj")), ChordSpan(48, 48, Chord(7, "7", 11))),
        "references": (None, 0),
        "phrase_starts": (0,),
    }
    return Song(**{**fields, **changes})


def test_a_saved_corpus_is_read_back_equal(tmp_path):
    songs = (song(), song(id="made/two", melody=(), references=(None, None)))
    save_corpus(songs, tmp_path / "c.jsonl.gz")
    assert load_corpus(tmp_path / "c.jsonl.gz") == songs


def test_the_same_songs_give_the_same_bytes_and_leave_no_partial_file(tmp_path):
    paths = [tmp_path / name for name in ("a.gz", "b.gz")]
    for path in paths:
        save_corpus((song(),), path)
    assert len({hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}) == 1
    assert sorted(tmp_path.iterdir()) == paths


@pytest.mark.parametrize("line", ["{}", "[1]", "no json", '{"id": 3}'])
def test_a_line_that_is_not_a_song_is_named(tmp_path, line):
    save_corpus((song(),), tmp_path / "good.gz")
    good = gzip.decompress((tmp_path / "good.gz").read_bytes()).decode()
    (tmp_path / "bad.gz").write_bytes(gzip.compress((good + line).encode()))
    with pytest.raises(InvalidData, match=r"bad\.gz: line 2"):
        load_corpus(tmp_path / "bad.gz")


def test_a_cut_file_is_refused(tmp_path):
    save_corpus((song(),), tmp_path / "c.gz")
    (tmp_path / "c.gz").write_bytes((tmp_path / "c.gz").read_bytes()[:-12])
    with pytest.raises(InvalidData, match=r"c\.gz"):
        load_corpus(tmp_path / "c.gz")
