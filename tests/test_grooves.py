"""Human drumming becomes families of grooves: swing is taken out, the typical found, the source named."""

import json
from itertools import product

import numpy as np
import pytest
from click.testing import CliRunner

from aimusic.cli import main
from aimusic.errors import InvalidData
from aimusic.style import load_grooves
from aimusic.training.grooves import (
    Unit,
    distances,
    is_anchored,
    medoids,
    mine,
    timing_habits,
    to_json,
    units_of,
)
from aimusic.training.readers.drums import DRUM_NOTES, DrumBar, Stroke, drum_bars, drum_set, find_swing
from tests.training_data import midi, tar, write_data

COLUMNS = "style,bpm,beat_type,time_signature,midi_filename,split"
ROCK = [(float(quarter), 0.1, 36 if quarter % 2 == 0 else 38) for quarter in range(16)]
HATS = [(eighth / 2, 0.1, 42) for eighth in range(32)]
SHUFFLE = [(quarter + third / 3, 0.1, 51) for quarter in range(16) for third in (0, 2)]
TRIPLETS = [(15 + third / 3, 0.1, 45) for third in range(3)]


def late(notes, quarters):
    return [(onset + quarters, length, pitch) for onset, length, pitch in notes]


@pytest.fixture
def data(tmp_path):
    files = {
        "a.mid": midi({"kit": ROCK + HATS}, drums=("kit",)),
        "b.mid": midi({"kit": ROCK + SHUFFLE}, drums=("kit",)),
        "c.mid": midi({"kit": late(ROCK, 0.02) + late(HATS, 0.02)}, drums=("kit",)),
        "d.mid": midi({"kit": ROCK}, drums=("kit",)),
        "e.mid": midi({"kit": ROCK + HATS[:-1] + TRIPLETS}, drums=("kit",)),
    }
    rows = [
        "rock,120,beat,4-4,a.mid,train",
        "rock/slow,100,beat,4-4,b.mid,train",
        "rock,60,beat,4-4,c.mid,test",
        "rock,60,beat,3-4,d.mid,train",
        "jazz/march,60,beat,4-4,e.mid,train",
        "punk,90,fill,4-4,e.mid,train",
    ]
    index = "\n".join([COLUMNS, *rows]) + "\n"
    return write_data(tmp_path, {"groove": {"groove-midi.tar.gz": tar(files), "info.csv": index.encode()}})


def strokes_of(bar, drum):
    return [stroke.tick for stroke in bar.strokes if stroke.drum == drum]


# -- reading --------------------------------------------------------------------------------------------------


def test_bars_carry_strokes_style_tempo_swing_and_split(data):
    bars = [bar for bar in drum_bars(data) if bar.style == "rock" and bar.number == 1]
    assert [(bar.file, bar.tempo_bpm, bar.split, bar.is_fill) for bar in bars] == [
        ("a.mid", 120, "train", False), ("b.mid", 100, "train", False),
        ("c.mid", 60, "test", False), ("e.mid", 90, "train", True),
    ]  # fmt: skip
    assert bars[0].swing == 0.5
    assert bars[1].swing == pytest.approx(0.667, abs=0.02)
    assert strokes_of(bars[0], "kick") == [0, 24]
    assert strokes_of(bars[0], "closed_hat") == list(range(0, 48, 6))


def test_swing_is_taken_out(data):
    """The off-beats of a shuffle are written at half of the beat and played at its ratio."""
    bar = next(bar for bar in drum_bars(data) if bar.file == "b.mid")
    assert strokes_of(bar, "ride") == list(range(0, 48, 6))
    assert max(abs(stroke.shift_ms) for stroke in bar.strokes) < 0.02 * 600


def test_triplets_of_a_straight_file_stay_triplets(data):
    bar = next(bar for bar in drum_bars(data) if bar.file == "e.mid" and bar.number == 3)
    assert strokes_of(bar, "mid_tom") == [36, 40, 44]


def test_a_file_that_is_late_as_a_whole_is_on_time(data):
    bars = [bar for bar in drum_bars(data) if bar.file == "c.mid"]
    assert max(abs(stroke.shift_ms) for bar in bars for stroke in bar.strokes) < 5  # 20 ms late at 60 bpm


@pytest.mark.parametrize(("ratio", "offset"), [*product((0.5, 0.58, 0.66, 0.7), (-0.03, 0.0, 0.03))])
def test_swing_and_offset_are_found(ratio, offset):
    rng = np.random.default_rng(1)
    phases = rng.choice([0, ratio, ratio, (1 + ratio) / 2, ratio / 2], 500) + offset + rng.normal(0, 0.01, 500)
    found, late_by, error = find_swing(phases % 1)
    assert found == pytest.approx(ratio, abs=0.021)
    assert late_by == pytest.approx(offset, abs=0.021)
    assert error < 0.02


def test_random_strokes_fit_no_grid():
    assert find_swing(np.random.default_rng(2).random(5000))[2] > 0.055


def test_a_longer_genre_counts_before_a_shorter(data):
    """`jazz/march` is left out by name although `jazz` is not."""
    assert not [bar for bar in drum_bars(data) if bar.style == "jazz"]


def test_every_drum_note_belongs_to_one_drum():
    notes = [note for notes in DRUM_NOTES.values() for note in notes]
    assert len(notes) == len(set(notes)) and len(DRUM_NOTES) == 11


def test_only_drum_sets_can_be_read(data):
    with pytest.raises(InvalidData, match="nothing: not a data set of drums"):
        list(drum_bars(data, "nothing"))


# -- mining ---------------------------------------------------------------------------------------------------


def bar(*strokes, number=0, file="f", fill=False, split="train", swing=0.5, tempo=100.0) -> DrumBar:
    """Strokes are (tick, drum, velocity[, shift])."""
    made = tuple(sorted(Stroke(tick, drum, velocity, *(rest or [0.0])) for tick, drum, velocity, *rest in strokes))
    return DrumBar(file, number, "any", tempo, split, fill, swing, made)


BEAT = ((0, "kick", 90), (12, "snare", 110), (24, "kick", 90), (36, "snare", 100))
OTHER = ((0, "ride", 90), (18, "ride", 90), (30, "ride", 90), (42, "ride", 90))
ROLL = tuple((tick, "low_tom", 80) for tick in range(24, 48, 3))


@pytest.fixture
def groove_set(data):
    return drum_set(data)


def test_medoids_lower_the_distance_most():
    units = [Unit((bar(*BEAT),))] * 3 + [Unit((bar(*OTHER),))] * 2
    assert medoids(distances(units), 2) == [0, 3]
    assert medoids(distances(units[:1]), 3) == [0]
    assert distances(units)[0, 3] == 1 and distances(units)[0, 1] == 0


def test_beats_are_pairs_of_bars_and_fills_single():
    hats = tuple((tick, "closed_hat", 80) for tick in range(0, 48, 6))
    long = [bar(*BEAT, *hats, number=number, file="long") for number in range(7)]
    long[5] = bar(*BEAT, *ROLL, number=5, file="long")
    short = [bar(*ROLL, file="short", fill=True), bar(*BEAT, file="short", number=1, fill=True)]
    beats, fills = units_of([*long, *short])
    assert [[b.number for b in unit.bars] for unit in beats] == [[0, 1], [2, 3]]
    assert [(unit.bars[0].file, unit.bars[0].number) for unit in fills] == [("long", 5), ("short", 0)]


def test_anchors_are_strokes_that_a_beat_must_have():
    anchors = [{"drums": ["snare", "rim"], "ticks": [12, 36]}]
    assert is_anchored(bar(*BEAT), anchors)
    assert not is_anchored(bar(*OTHER), anchors)
    assert not is_anchored(bar((12, "snare", 30), (36, "rim", 90)), anchors), "a ghost stroke is none"


def test_habits_are_kept_and_slips_are_halved():
    many = [Unit((bar((0, "kick", 90, 4.0), (12, "snare", 90, 14.0)),))] * 9
    habits = timing_habits(many)
    assert habits["snare", 12] == pytest.approx(9 * 5 / 10) and habits["kick", 0] == pytest.approx(-4.5)
    assert timing_habits(many[:1])["snare", 12] == pytest.approx(2.5)


def test_only_training_bars_of_the_right_swing_teach(groove_set):
    pair = [bar(*BEAT, number=n) for n in (0, 1)]
    other = [bar(*BEAT, number=n, file="swung", swing=0.64) for n in (0, 1)]
    test = [bar(*OTHER, number=n, file="test", split="test") for n in (0, 1)]
    found = mine([*pair, *other, *test], False, (), groove_set)
    assert [take.file for family in found.families for take in family.takes] == ["f"]
    assert (found.bars, found.files, found.licence) == (2, 1, groove_set.licence)
    assert mine(pair, True, (), groove_set) is None


def test_louder_bars_suit_more_energy(groove_set):
    bars = [
        bar(*((tick, drum, 20 + number // 3) for tick, drum, _ in BEAT), number=number) for number in range(240)
    ]
    means = {}
    for family in mine(bars, False, (), groove_set).families:
        velocities = [v for take in family.takes for strokes in take.strokes.values() for _, v, _ in strokes]
        means[family.energy] = np.mean(velocities)
    assert list(means) == [(0, 0), (1, 1), (2, 2), (3, 3), (4, 4)]
    assert list(means.values()) == sorted(means.values())


def test_the_file_reads_back_as_written(groove_set, tmp_path):
    found = mine([bar(*BEAT, number=n) for n in (0, 1)], False, (), groove_set)
    (tmp_path / "grooves.json").write_text(to_json(found))
    assert load_grooves(tmp_path / "grooves.json") == found


def test_the_command_writes_a_file_for_each_style(data, tmp_path):
    out = tmp_path / "styles"
    answer = CliRunner().invoke(main, ["grooves", "--data", str(data), "--out", str(out)])
    assert answer.exit_code == 0, answer.output
    assert "rock/grooves.json: " in answer.output
    table = json.loads((out / "rock" / "grooves.json").read_text())
    assert {take["file"] for family in table["families"] for take in family["takes"]} == {"a.mid", "e.mid"}
    assert "## Drums" in (out / "rock" / "card.md").read_text()
    assert CliRunner().invoke(main, ["grooves", "--data", str(data), "--out", str(out)]).output == answer.output
