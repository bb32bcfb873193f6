"""`aimusic train` from a corpus to style folders that the composer plays from."""

from dataclasses import replace

import pytest
from click.testing import CliRunner

from aimusic.cli import main
from aimusic.composer.checkpoint import PARTS, load_checkpoint
from aimusic.composer.compose import Composer
from aimusic.composer.model import Size
from aimusic.errors import InvalidData
from aimusic.training import build as build_module
from aimusic.training.build import School, build, corpus_of
from aimusic.training.corpus import save_corpus
from aimusic.training.train import Recipe
from tests.factories import STYLES
from tests.songs import toy_plan, toy_song

NAME = next(iter(STYLES))
TINY = {
    part: Recipe(part, steps=6, batch=4, length=32, validate_every=3, size=Size(embedding=8, hidden=12, head=8))
    for part in PARTS
}


def corpus():
    splits = ["train"] * 8 + ["validation"] * 2 + ["test"] * 2
    return [replace(toy_song(n, styles=(NAME,)), split=split) for n, split in enumerate(splits)]


@pytest.fixture
def tiny(monkeypatch):
    monkeypatch.setattr(build_module, "BACKBONES", TINY)
    monkeypatch.setattr(build_module, "ADAPTING_STEPS", 4)


def school(folder, songs=None):
    return School(songs or corpus(), (NAME,), (), folder / "run", say=lambda line: None)


def test_a_corpus_becomes_weights_that_play(tiny, tmp_path):
    build(school(tmp_path), tmp_path / "styles", {NAME: STYLES[NAME]})
    plan = toy_plan(NAME, letters="AB")
    lead = Composer(tmp_path / "styles")(plan, STYLES[NAME])
    assert lead.melody[-1].end_ticks == plan.end_ticks
    for part in PARTS:
        card = load_checkpoint(tmp_path / "styles" / NAME, part).card
        assert card.scores["events"] > 0 and card.datasets[0]["licence"] == "CC0-1.0"
    assert "bits per event" in (tmp_path / "styles" / NAME / "card.md").read_text()


def test_a_finished_build_gives_the_same_bytes_again(tiny, tmp_path):
    files = []
    for out in ("one", "other"):
        build(school(tmp_path), tmp_path / out, {NAME: STYLES[NAME]}, ["chords"])
        files.append((tmp_path / out / NAME / "chords.safetensors").read_bytes())
    assert files[0] == files[1]


def test_a_later_training_continues_the_backbone_of_an_earlier_one(tiny, tmp_path):
    build(school(tmp_path), tmp_path / "one", {NAME: STYLES[NAME]}, ["chords"])
    second = replace(school(tmp_path), run=tmp_path / "second", start=tmp_path / "run")
    build(second, tmp_path / "other", {NAME: STYLES[NAME]}, ["chords"])
    steps = [load_checkpoint(tmp_path / out / NAME, "chords").card.recipe["steps"] for out in ("one", "other")]
    assert steps[1] > steps[0]


def test_a_style_without_songs_is_an_error(tiny, tmp_path):
    songs = [replace(song, styles=("other",)) for song in corpus()]
    with pytest.raises(InvalidData, match=NAME):
        build(school(tmp_path, songs), tmp_path / "styles", {NAME: STYLES[NAME]}, ["chords"])


def test_a_corpus_without_validation_songs_is_an_error(tiny, tmp_path):
    songs = [song for song in corpus() if song.split != "validation"]
    with pytest.raises(InvalidData, match="validate"):
        build(school(tmp_path, songs), tmp_path / "styles", {NAME: STYLES[NAME]}, ["chords"])


def test_a_corpus_is_read_from_its_file(tmp_path):
    save_corpus(corpus(), tmp_path / "c.jsonl.gz")
    assert [song.id for song in corpus_of(tmp_path, tmp_path / "c.jsonl.gz", None)] == [s.id for s in corpus()]


def test_the_command_trains_one_style_and_one_part(tiny, tmp_path):
    save_corpus(corpus(), tmp_path / "c.jsonl.gz")
    options = ["--corpus", tmp_path / "c.jsonl.gz", "--run", tmp_path / "run", "--out", tmp_path / "out"]
    result = CliRunner().invoke(main, ["train", *map(str, options), "--style", NAME, "--part", "chords"])
    assert result.exit_code == 0, result.output
    assert (tmp_path / "out" / NAME / "chords.safetensors").exists()
    assert not (tmp_path / "out" / NAME / "melody.safetensors").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "name --data"),
        (["--corpus", "x", "--style", "polka"], "polka"),
        (["--corpus", "nothing.gz"], "nothing"),
    ],
)
def test_the_command_says_what_is_wrong(options, message):
    result = CliRunner().invoke(main, ["train", *options])
    assert result.exit_code != 0 and message in result.output
