"""The loop learns, is reproducible, and goes on after a kill as if nothing had happened."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from aimusic.composer.model import Size
from aimusic.errors import InvalidData
from aimusic.training import train as train_module
from aimusic.training.baselines import Baseline
from aimusic.training.batches import lessons_of
from aimusic.training.train import Progress, Recipe, best_of, learning_rate, train
from tests.songs import toy_song

STYLES = ("folk", "march")
TINY = Recipe(
    "chords",
    steps=24,
    batch=4,
    length=16,
    validate_every=8,
    patience=100,
    size=Size(embedding=12, hidden=16, head=12),
)


def lessons(part, numbers, styles=("folk",)):
    return lessons_of([toy_song(number, styles=styles) for number in numbers], part, STYLES)


def run(folder, recipe=TINY, **options):
    part = recipe.part
    return train(recipe, lessons(part, range(12)), lessons(part, range(20, 24)), STYLES, folder, **options)


def equal(one, other):
    return all(torch.equal(one[name], value) for name, value in other.items())


def test_the_same_recipe_gives_the_same_weights(tmp_path):
    assert equal(run(tmp_path / "a")[0], run(tmp_path / "b")[0])


def test_another_seed_gives_other_weights(tmp_path):
    assert not equal(run(tmp_path / "a")[0], run(tmp_path / "b", replace(TINY, seed=2))[0])


def test_a_killed_run_goes_on_as_if_nothing_had_happened(tmp_path, monkeypatch):
    """Killed between two saves: the run resumes at the last save and reaches the same weights."""
    whole, progress = run(tmp_path / "whole")
    learn = train_module._Run.learn

    def until_killed(self, batch):
        if self.progress.step == 13:
            raise KeyboardInterrupt
        learn(self, batch)

    monkeypatch.setattr(train_module._Run, "learn", until_killed)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "killed")
    monkeypatch.undo()
    again, resumed = run(tmp_path / "killed")
    assert (resumed.step, resumed.best_step) == (progress.step, progress.best_step)
    assert resumed.best_bits == progress.best_bits
    assert equal(whole, again)


def test_a_finished_run_is_not_trained_again(tmp_path):
    first, _ = run(tmp_path)
    lines = (tmp_path / "log.jsonl").read_text()
    again, progress = run(tmp_path)
    assert equal(first, again) and progress.step == TINY.steps
    assert (tmp_path / "log.jsonl").read_text() == lines


def test_a_run_keeps_its_configuration_and_its_log(tmp_path):
    run(tmp_path)
    assert json.loads((tmp_path / "recipe.json").read_text())["steps"] == TINY.steps
    log = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in log] == [8, 16, 24]
    assert all(sum(line["bits"]) > 0 for line in log)


def test_training_stops_when_validation_stops_improving(tmp_path):
    recipe = replace(TINY, steps=400, learning_rate=0.0, weight_decay=0.0, patience=2)
    _, progress = run(tmp_path, recipe)
    assert (progress.step, progress.best_step) == (24, 8)


def test_training_stops_when_its_time_is_up(tmp_path):
    _, progress = run(tmp_path, replace(TINY, steps=10**6, minutes=1e-4, patience=10**6))
    assert progress.step < 1000


def test_a_run_can_begin_with_given_weights(tmp_path):
    start = run(tmp_path / "first")
    kept, progress = run(tmp_path / "second", replace(TINY, learning_rate=0.0, weight_decay=0.0), start=start)
    assert equal(start[0], kept)
    assert progress.all_steps == start[1].best_step + progress.best_step
    assert progress.all_s == pytest.approx(start[1].elapsed_s + progress.elapsed_s)


def test_the_best_weights_of_a_run_can_be_read(tmp_path):
    weights, progress = run(tmp_path)
    found, reached = best_of(tmp_path)
    assert equal(weights, found) and reached.best_step == progress.best_step


def test_a_run_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InvalidData, match=r"nothing.*resume\.pt"):
        best_of(tmp_path / "nothing")


def test_the_rate_warms_up_and_falls_to_zero():
    rates = [learning_rate(TINY, share) for share in np.linspace(0, 1, 101)]
    assert rates[0] < rates[2] == max(rates) and rates[-1] == pytest.approx(0)


def test_the_schedule_follows_steps_or_time_whichever_is_further():
    recipe = replace(TINY, steps=100, minutes=1)
    assert Progress(step=50, elapsed_s=6).share(recipe) == 0.5
    assert Progress(step=5, elapsed_s=45).share(recipe) == 0.75


def test_the_melody_network_beats_the_trigram_where_form_matters(tmp_path):
    """The second half of each toy song repeats the first: the network is told so, the trigram cannot know."""
    recipe = Recipe(
        "melody", steps=70, batch=8, length=48, validate_every=35, learning_rate=5e-3, size=Size(32, 48, 32)
    )
    known, unknown = lessons("melody", range(120)), lessons("melody", range(200, 220))
    _, progress = train(recipe, known, unknown, STYLES, tmp_path)
    assert progress.best_bits < 0.9 * sum(Baseline.learn("melody", known).bits(unknown))


def test_adapting_learns_from_the_style_and_a_replay_of_the_others():
    recipe = replace(TINY, style="march", replay=0.25)
    both = lessons("chords", range(30)) + lessons("chords", range(30, 42), styles=("march", "folk"))
    chosen = train_module._with_replay(recipe, both, epoch=0)
    own = [lesson for lesson in chosen if lesson.styles == ("march",)]
    others = [lesson for lesson in chosen if lesson.styles == ("folk",)]
    assert len(own) == 12
    assert sum(map(len, others)) / sum(map(len, chosen)) == pytest.approx(0.25, abs=0.05)
    assert [x.id for x in chosen] != [x.id for x in train_module._with_replay(recipe, both, epoch=1)]
