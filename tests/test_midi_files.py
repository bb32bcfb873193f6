"""What the MIDI reader finds in files that were made for the purpose."""

import numpy as np
import pytest

from aimusic.music.harmony import Key
from aimusic.training.datasets import Source
from aimusic.training.pieces import Piece, Rejection
from aimusic.training.readers.midi import midi_files, tempo_scale
from tests.training_data import melody, midi, tar

NAME = "midi/a.mid"
TUNE = melody(16, 72)
CHORDS = [(4.0 * bar, 4.0, pitch) for bar in range(16) for pitch in ((48, 52, 55), (43, 47, 50))[bar % 4 == 2]]


def read(folder, content: bytes, row: dict | None = None, **options) -> list[Piece | Rejection]:
    """The reader's answer to one file."""
    (folder / "files.tar.gz").write_bytes(tar({NAME: content}))
    labels = {
        "composer": "Anon",
        "title": "Air",
        "styles": "one|two",
        "split": "test",
        "dup_group": "",
        **(row or {}),
    }
    source = Source(folder, "CC0-1.0", False, {NAME: labels})
    given = {"archive": "files.tar.gz", "styles": ["one", "two"], "melody": ["voice", "*"], **options}
    return list(midi_files(source, **given))


def onsets(piece: Piece) -> list[int]:
    return [note.onset_ticks for note in piece.melody]


def test_a_song_with_accompaniment_becomes_a_piece(tmp_path):
    (piece,) = read(tmp_path, midi({"Piano": CHORDS, "Voice": TUNE}))
    assert (piece.file, piece.title, piece.styles, piece.split) == (NAME, "Anon: Air", ("one", "two"), "test")
    assert onsets(piece) == [12 * number for number in range(64)]
    assert [note.pitch for note in piece.melody] == [pitch for _, _, pitch in TUNE]
    assert (piece.metre, piece.bars, piece.key) == ("4/4", 16, Key(0, "major"))
    assert [span.chord.root for span in piece.chords][:3] == [0, 7, 0]
    assert piece.chords[1].onset_ticks == 96


def test_a_song_that_is_the_first_track_needs_no_name(tmp_path):
    (piece,) = read(tmp_path, midi({"": TUNE, "low": CHORDS}))
    assert len(piece.melody) == 64


@pytest.mark.parametrize(
    ("content", "row", "options", "reason"),
    [
        (midi({"Voice": TUNE}), {"styles": "three"}, {}, "no style that we teach"),
        (midi({"Voice": TUNE}, ((0, 5, 4),)), None, {}, "metre 5/4"),
        (midi({"Voice": [(n * 1.37, 1, 60) for n in range(64)]}), None, {}, "off the grid"),
        (midi({"Voice": TUNE[:20]}), None, {}, "fewer than 8 bars"),
        (midi({"Voice": [(n, 1, 60 + n % 2 * 12) for n in range(64)]}), None, {}, "melody jumps too much"),
        (midi({"Voice": TUNE}), None, {"melody": ["flute"]}, "no melody track"),
        (midi({"Voice": TUNE}, drums=("Voice",)), None, {}, "no notes"),
        (midi({"Voice": [(n * 20.0, 1, 60) for n in range(30)]}), None, {}, "melody mostly silent"),
        (midi({"Voice": TUNE}), None, {"max_density": {"one": 0.5, "two": 0.5}}, "too many notes for its style"),
    ],
)
def test_files_that_are_not_used_have_one_reason(tmp_path, content, row, options, reason):
    assert read(tmp_path, content, row, **options) == [Rejection(NAME, reason)]


def test_files_outside_the_catalog_are_not_used(tmp_path):
    (tmp_path / "files.tar.gz").write_bytes(tar({"midi/b.mid": midi({"Voice": TUNE})}))
    source = Source(tmp_path, "CC0-1.0", False, {})
    found = list(midi_files(source, archive="files.tar.gz", styles=["one"], melody=["*"]))
    assert found == [Rejection("midi/b.mid", "not in the catalog")]


def test_dense_pieces_lose_the_style_of_sparse_ones(tmp_path):
    (piece,) = read(tmp_path, midi({"Voice": TUNE}), max_density={"two": 0.9})
    assert piece.styles == ("one",)


def test_a_file_is_cut_where_its_metre_changes(tmp_path):
    notes = TUNE[:40] + [(40.0 + quarter, 1.0, 67 + quarter % 5) for quarter in range(36)]
    first, second = read(tmp_path, midi({"Voice": notes}, ((0, 4, 4), (40, 3, 4))))
    assert (first.metre, first.bars, first.file) == ("4/4", 10, f"{NAME}#1")
    assert (second.metre, second.bars, second.file) == ("3/4", 12, f"{NAME}#2")


def test_a_long_piece_is_cut_into_equal_parts(tmp_path):
    pieces = read(tmp_path, midi({"Voice": melody(100, 72)}))
    assert [piece.bars for piece in pieces] == [52, 48]
    assert all(onsets(piece)[0] == 0 for piece in pieces)


def test_a_line_that_mostly_rests_is_read_by_passages(tmp_path):
    solo = melody(8, 72)
    later = [(onset + 160, length, pitch) for onset, length, pitch in melody(12, 72, seed=1)]
    pieces = read(tmp_path, midi({"Voice": solo + later}))
    assert [piece.bars for piece in pieces] == [8, 12]


def test_silent_bars_before_the_melody_are_left_out(tmp_path):
    late = [(onset + 8, length, pitch) for onset, length, pitch in TUNE]
    (piece,) = read(tmp_path, midi({"Voice": late, "Piano": CHORDS}))
    assert onsets(piece)[0] == 0 and piece.bars == 16


def waltz(upbeat: float) -> bytes:
    """A waltz after an upbeat of some quarters that is not padded to a bar."""
    roots = (0, 5, 7, 0, 9, 2, 7, 0) * 3
    tune = [(float(n) / 2, 0.5, 74) for n in range(int(upbeat * 2))]
    low = []
    for bar, root in enumerate(roots):
        start = upbeat + 3 * bar
        tune += [(start, 2.0, 72 + root), (start + 2, 0.5, 74 + root % 3), (start + 2.5, 0.5, 71 + root % 2)]
        low += [(start, 1.0, 36 + root)] + [
            (start + beat, 1.0, 48 + root + t) for beat in (1, 2) for t in (0, 4, 7)
        ]
    return midi({"Voice": tune, "Piano": low}, ((0, 3, 4),))


@pytest.mark.parametrize("upbeat", [0.5, 1.0, 1.5])
def test_an_upbeat_without_rests_is_padded_to_a_bar(tmp_path, upbeat):
    (piece,) = read(tmp_path, waltz(upbeat), downbeats=True)
    assert onsets(piece)[0] == 36 - 12 * upbeat
    assert [span.onset_ticks % 36 for span in piece.chords] == [0] * len(piece.chords)


def test_a_trusted_signature_parts_keys_that_share_all_notes(tmp_path):
    """A tune of C D E G A belongs to C, G and D major nearly alike."""
    notes = [(float(n), 1.0, (72, 74, 76, 79, 81, 79, 76, 74)[n % 8]) for n in range(64)]
    files = [midi({"Voice": notes}, sharps=sharps) for sharps in (0, 1, 2)]
    trusted = [read(tmp_path, file, signatures=True)[0].key.name for file in files]
    assert trusted == ["C major", "G major", "D major"]
    assert len({read(tmp_path, file)[0].key for file in files}) == 1


def test_performed_lengths_are_written_out_and_engraved_ones_stay(tmp_path):
    short = [(onset, 0.75, pitch) for onset, _, pitch in TUNE]
    assert {n.length_ticks for n in read(tmp_path, midi({"Voice": short}))[0].melody} == {9}
    assert {n.length_ticks for n in read(tmp_path, midi({"Voice": short}), performed=True)[0].melody} == {12}


def test_a_slightly_wrong_tempo_is_found():
    true = np.arange(200) * 0.5
    assert tempo_scale(true / 1.004) == pytest.approx(1.004, abs=1e-4)
    assert tempo_scale(true) == pytest.approx(1.0, abs=1e-4)


def test_the_best_tracks_of_a_band_are_read_each_as_a_piece(tmp_path):
    rng = np.random.Generator(np.random.PCG64(2))
    walks = [72 + np.cumsum(rng.integers(-2, 3, 64)) % 9 for _ in range(2)]
    leads = {f"Lead {i}": [(float(n), 1.0, int(p)) for n, p in enumerate(walk)] for i, walk in enumerate(walks)}
    band = midi({**leads, "Pad": CHORDS, "Drums": [(float(n), 0.5, 36) for n in range(64)]}, drums=("Drums",))
    assert len(read(tmp_path, band, melody=["lead"], leads=2)) == 2
    assert len(read(tmp_path, band, melody=["lead"])) == 1


def test_an_index_gives_each_file_its_licence(tmp_path):
    (tmp_path / "index.csv").write_text("file,licence\na.mid,CC-BY-SA-4.0\n")
    (piece,) = read(tmp_path, midi({"Voice": TUNE}), index="index.csv")
    assert (piece.licence, piece.share_alike) == ("CC-BY-SA-4.0", True)
