"""Drumming becomes bars of steps, and the typical ones are found."""

import json

import pytest
from click.testing import CliRunner

from aimusic.cli import main
from aimusic.errors import InvalidData
from aimusic.training.grooves import mine_grooves, pattern
from aimusic.training.readers.drums import DRUM_NOTES, DrumBar, Hit, drum_bars, typical_bars
from tests.training_data import midi, tar, write_data

COLUMNS = "style,bpm,beat_type,time_signature,midi_filename"
ROCK = [(float(quarter), 0.1, 36 if quarter % 2 == 0 else 38) for quarter in range(8)]
HATS = [(eighth / 2, 0.1, 42) for eighth in range(16)]
SHUFFLE = [(quarter + third / 3, 0.1, 51) for quarter in range(8) for third in (0, 2)]


@pytest.fixture
def data(tmp_path):
    files = {
        "a.mid": midi({"kit": ROCK + HATS}, drums=("kit",)),
        "b.mid": midi({"kit": ROCK + SHUFFLE}, drums=("kit",)),
        "c.mid": midi({"kit": [(onset + 0.05, length, pitch) for onset, length, pitch in HATS]}, drums=("kit",)),
        "d.mid": midi({"kit": ROCK}, drums=("kit",)),
    }
    rows = [
        "rock,120,beat,4-4,a.mid",
        "blues/slow,60,fill,4-4,b.mid",
        "rock,60,beat,4-4,c.mid",
        "rock,60,beat,3-4,d.mid",
    ]
    index = "\n".join([COLUMNS, *rows]) + "\n"
    return write_data(tmp_path, {"groove": {"groove-midi.tar.gz": tar(files), "info.csv": index.encode()}})


def test_bars_carry_steps_style_and_tempo(data):
    bars = list(drum_bars(data))
    assert [(bar.file, bar.style, bar.steps, bar.is_fill) for bar in bars] == [
        ("a.mid", "rock", 16, False), ("a.mid", "rock", 16, False),
        ("b.mid", "blues", 12, True), ("b.mid", "blues", 12, True),
        ("c.mid", "rock", 16, False), ("c.mid", "rock", 16, False),
    ]  # fmt: skip
    assert bars[0].tempo_bpm == 120
    assert pattern(bars[0], "kick") == "x.......x......."
    assert pattern(bars[0], "closed_hat") == "x.x.x.x.x.x.x.x."
    assert pattern(bars[2], "ride") == "x.xx.xx.xx.x"


def test_micro_timing_is_milliseconds_after_the_step(data):
    late = [bar for bar in drum_bars(data) if bar.file == "c.mid"]
    assert {hit.shift_ms for bar in late for hit in bar.hits} == {50.0}  # a twentieth of a quarter at 60 bpm


def test_every_drum_note_belongs_to_one_drum():
    notes = [note for notes in DRUM_NOTES.values() for note in notes]
    assert len(notes) == len(set(notes)) and len(DRUM_NOTES) == 9


def bar(*hits: tuple[int, str, int], style="one", fill=False) -> DrumBar:
    return DrumBar(
        "f", style, 100.0, fill, 16, tuple(Hit(step, drum, velocity, 0.0) for step, drum, velocity in hits)
    )


BEAT = bar((0, "kick", 90), (4, "snare", 110), (8, "kick", 90), (12, "snare", 30))
OTHER = bar((0, "ride", 90), (6, "ride", 90), (10, "ride", 90), (14, "ride", 90))


def test_medoids_are_real_bars_with_their_shares():
    assert typical_bars([BEAT] * 6 + [OTHER] * 2, 2) == [(BEAT, 0.75), (OTHER, 0.25)]
    assert typical_bars([BEAT], 3) == [(BEAT, 1.0)] and typical_bars([], 3) == []


def test_grooves_are_written_as_patterns_by_style_and_kind():
    fill = bar((0, "low_tom", 120), (1, "low_tom", 40), fill=True)
    first, second, third = mine_grooves([BEAT, BEAT, OTHER, fill], 2)
    assert first["patterns"] == {"kick": "x.......x.......", "snare": "....X.......o..."}
    assert (first["share"], second["share"]) == (0.667, 0.333)
    assert third["fill"] and third["patterns"] == {"low_tom": "Xo.............."}
    assert third["shift_ms"] == {"low_tom": [0.0, 0.0]}


def test_the_command_writes_json(data, tmp_path):
    out = tmp_path / "grooves.json"
    answer = CliRunner().invoke(main, ["grooves", "--data", str(data), "--out", str(out), "--count", "1"])
    assert answer.exit_code == 0 and "2 grooves" in answer.output
    assert {groove["style"] for groove in json.loads(out.read_text())} == {"rock", "blues"}


def test_only_drum_sets_can_be_read(data):
    with pytest.raises(InvalidData, match="nothing: not a data set of drums"):
        list(drum_bars(data, "nothing"))
