"""The chorale network looks at nothing it should not, and its training can be cut off anywhere."""

import gzip
import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from aimusic.composer.chorale import ChoraleNet, ChoraleSize
from aimusic.composer.chorale_features import (
    CONTEXT,
    NOTHING,
    SILENCE,
    TURN,
    Chorale,
    first_root,
    interval,
    make_lesson,
    with_memory,
)
from aimusic.composer.tunes import LENGTHS, TuneMemory
from aimusic.errors import InvalidCheckpoint, InvalidData
from aimusic.music.chance import stream
from aimusic.training.chorales import (
    IGNORE,
    ChoraleRecipe,
    collate,
    evaluate,
    load_network,
    load_recipe,
    nats,
    random_shift,
    read_chorales,
    remember,
    train,
    training_batches,
)

SMALL = ChoraleSize(embedding=16, hidden=24, layers=2, head=16, lookups=2, lookup=8)
CENTRE = np.array([70, 65, 58, 48])


def make_chorale(frames: int = 40, name: str = "chorale") -> np.ndarray:
    """Four voices that move by chance every second frame."""
    steps = stream(1, name).integers(-2, 3, (math.ceil(frames / 2), 4))
    return np.repeat(CENTRE + steps.cumsum(0).clip(-7, 7), 2, axis=0)[:frames]


def make_piece(frames: int = 40, name: str = "chorale") -> Chorale:
    return heard(make_chorale(frames, name))


def heard(voices: np.ndarray) -> Chorale:
    """A chorale beside a memory that knows another one."""
    memory = TuneMemory()
    memory.learn(make_chorale(60, "known"))
    return with_memory(voices, memory)


def make_recipe(**changes) -> ChoraleRecipe:
    quiet = replace(SMALL, input_dropout=0.0, dropout=0.2)
    return replace(ChoraleRecipe(steps=12, minutes=1e9, batch=2, validate_every=4, size=quiet), **changes)


def make_repeating() -> np.ndarray:
    """A piece that begins again as the known one does, after a line of its own: much to recall."""
    return np.vstack([make_chorale(12), make_chorale(28, "known"), make_chorale(12)])


def event_nats(network: ChoraleNet, chorale: Chorale) -> np.ndarray:
    network.eval()
    with torch.no_grad():
        return nats(network, collate([make_lesson(chorale)]))[0].numpy()


def trained_network() -> ChoraleNet:
    """Random weights everywhere, so that no path is closed by a zero."""
    torch.manual_seed(3)
    network = ChoraleNet(SMALL)
    with torch.no_grad():
        for weight in network.parameters():
            weight.add_(0.1 * torch.randn_like(weight))
    return network.eval()


@pytest.mark.parametrize(("frame", "voice"), [(0, 0), (0, 3), (1, 1), (17, 0), (17, 2), (33, 3)])
def test_no_event_sees_itself_or_what_comes_after(frame, voice):
    """Changing an event leaves the logits of every event up to it, in order of frames and voices, bit for bit."""
    chorale = make_repeating()
    changed = chorale.copy()
    changed[frame, voice] += 3
    network = trained_network()
    with torch.no_grad():
        a, b = (
            network(batch.context, batch.turn, batch.near)[0].flatten(0, 1)
            for batch in (collate([make_lesson(heard(voices))]) for voices in (chorale, changed))
        )
    event = frame * 4 + voice
    torch.testing.assert_close(a[: event + 1], b[: event + 1], rtol=0, atol=0)
    assert not torch.allclose(a[event + 1 :], b[event + 1 :])


@pytest.mark.parametrize(("frame", "voice"), [(0, 0), (5, 1), (20, 3)])
def test_every_event_is_heard_by_the_next(frame, voice):
    """The other half of the promise: what may be seen is seen, at once and a bar later."""
    chorale = make_chorale()
    changed = chorale.copy()
    changed[frame, voice] += 2
    network = trained_network()
    difference = np.abs(event_nats(network, heard(chorale)) - event_nats(network, heard(changed))).ravel()
    assert difference[frame * 4 + voice + 1] > 0
    assert difference[frame * 4 + 64 : frame * 4 + 80].max() > 0


def test_transposing_a_piece_changes_only_its_register():
    """Written pitches, moves and distances are the same in every key; only the root tells the key."""
    chorale = make_chorale()
    low_lesson, high_lesson = make_lesson(heard(chorale), root=0), make_lesson(heard(chorale + 2), root=2)
    root = CONTEXT.column("root")
    assert (low_lesson.targets[1:] == high_lesson.targets[1:]).all()
    assert (np.delete(low_lesson.context, root, 1)[1:] == np.delete(high_lesson.context, root, 1)[1:]).all()
    assert (high_lesson.context[1:, root] == (low_lesson.context[1:, root] + 2) % 12).all()
    assert (high_lesson.targets[0] == low_lesson.targets[0] + 2).all()


def test_rows_stay_in_their_columns():
    """Each column's values lie between 0 and its size, in and out of silence."""
    chorale = make_chorale(80)
    chorale[10:20, 2] = chorale[30, :] = -1
    lesson = make_lesson(heard(chorale))
    assert lesson.context.min() >= 0 and (lesson.context < np.asarray(CONTEXT.sizes)).all()
    assert lesson.turn.min() >= 0 and (lesson.turn < np.asarray(TURN.sizes)).all()
    assert (lesson.targets[30] == SILENCE).all()
    assert (lesson.near[0, :, 0] == NOTHING).all()


def test_held_counts_frames_since_the_last_change():
    chorale = np.tile(CENTRE, (6, 1))
    chorale[3:, 1] += 2
    held = make_lesson(heard(chorale)).context[1:, CONTEXT.columns("held_")]
    assert held[:, 0].tolist() == [0, 1, 2, 3, 4]
    assert held[:, 1].tolist() == [0, 1, 2, 0, 1]


def test_moves_are_the_intervals_that_led_to_the_pitch():
    chorale = np.tile(CENTRE, (6, 1))
    chorale[3:, 1] += 2
    move = make_lesson(heard(chorale)).context[:, CONTEXT.columns("move_")][:, 1]
    nothing, up_two = interval(np.array([NOTHING, 0]), np.array([0, 2]))
    assert move.tolist() == [nothing] * 4 + [up_two] * 2


@pytest.mark.parametrize(
    ("frame", "root"),
    [([72, 67, 64, 48], 0), ([71, 67, 62, 55], 7), ([69, 64, 60, 57], 9), ([67, 64, 60, 52], 0), ([-1] * 4, 0)],
    ids=["C", "G", "Am", "C6", "silence"],
)
def test_root_of_the_first_chord(frame, root):
    assert first_root(np.array(frame)) == root


def test_pitches_beyond_the_voices_are_refused():
    with pytest.raises(InvalidData, match="beyond four singing voices"):
        make_lesson(heard(make_chorale() + 40))


def test_figure_is_the_mean_over_every_voice_of_every_frame():
    """Padding and batching do not count: the figure of a split is the mean of its events, one piece at a time."""
    pieces = [make_piece(frames, f"{frames}") for frames in (9, 40, 23)]
    network = trained_network()
    singly = np.concatenate([event_nats(network, piece) for piece in pieces])
    assert singly.shape == (9 + 40 + 23, 4)
    np.testing.assert_allclose(evaluate(network, pieces, batch=3), singly.mean(0), rtol=1e-4)
    assert collate([make_lesson(piece) for piece in pieces]).events == 4 * (9 + 40 + 23)


def test_a_network_that_knows_nothing_pays_the_uniform_price():
    network = ChoraleNet(SMALL)
    with torch.no_grad():
        network.out.zero_()
    np.testing.assert_allclose(evaluate(network, [make_piece()]), math.log(SILENCE + 1), rtol=1e-5)


def test_an_epoch_shows_every_chorale_once():
    pieces = [make_piece(10 + index, str(index)) for index in range(7)]
    recipe = make_recipe(crop=0.0)
    batches = list(training_batches(pieces, recipe, epoch=0))
    lengths = [int(row) for batch in batches for row in (batch.targets[..., 0] != IGNORE).sum(1)]
    assert sorted(lengths) == [len(piece) for piece in pieces]
    again, next_epoch = (list(training_batches(pieces, recipe, epoch)) for epoch in (0, 1))
    assert all(torch.equal(a.context, b.context) for a, b in zip(batches, again, strict=True))
    assert not all(torch.equal(a.context, b.context) for a, b in zip(batches, next_epoch, strict=True))


def test_transposing_stays_within_a_fourth_and_the_range():
    chorale = make_chorale()
    low, high = int(chorale.min()) - 2, int(chorale.max()) + 9
    chorale[5] = -1
    shifts = {random_shift(chorale, stream(draw, "transpose"), low, high) for draw in range(60)}
    assert shifts == set(range(-2, 6))
    moved = heard(chorale).transposed(2)
    assert (moved.voices[5] == -1).all() and (np.delete(moved.voices - chorale, 5, 0) == 2).all()


def test_training_learns_a_small_set_by_heart(tmp_path):
    """Two pieces: from over two nats to under a quarter, on the very pieces."""
    pieces = [make_piece(16, "a"), make_piece(16, "b")]
    size = replace(SMALL, embedding=32, hidden=48, head=32, input_dropout=0.0, dropout=0.0)
    recipe = make_recipe(steps=80, learning_rate=1e-2, average=0.8, doubt=0.0, validate_every=40, size=size)
    network = train(recipe, {"train": pieces, "valid": pieces}, tmp_path)
    assert evaluate(network, pieces).mean() < 0.25


class CutOff(Exception):
    """The machine went away."""


def test_a_run_cut_off_ends_as_if_it_had_not_been(tmp_path):
    splits = {"train": [make_piece(12, str(index)) for index in range(5)], "valid": [make_piece(12, "valid")]}

    def cut_off(line: dict) -> None:
        if line["step"] == 8:
            raise CutOff

    whole = train(make_recipe(), splits, tmp_path / "whole")
    with pytest.raises(CutOff):
        train(make_recipe(), splits, tmp_path / "cut", cut_off)
    assert len((tmp_path / "cut" / "log.jsonl").read_text().splitlines()) == 1
    resumed = train(make_recipe(), splits, tmp_path / "cut")
    for name, weight in whole.state_dict().items():
        assert torch.equal(weight, resumed.state_dict()[name]), name
    logs = [
        [(line["step"], line["valid_nats"]) for line in map(json.loads, path.read_text().splitlines())]
        for path in (tmp_path / "whole" / "log.jsonl", tmp_path / "cut" / "log.jsonl")
    ]
    assert logs[0] == logs[1] and [step for step, _ in logs[0]] == [4, 8, 12]


def test_best_weights_are_those_of_the_best_line(tmp_path):
    splits = {"train": [make_piece(16)], "valid": [make_piece(16, "valid")]}
    network = train(make_recipe(), splits, tmp_path)
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert evaluate(network, splits["valid"]).mean() == pytest.approx(
        min(line["valid_nats"] for line in lines), abs=1e-5
    )


def test_a_known_tune_is_recalled_in_any_key():
    """A learned piece heard again a third higher: from the third note on, its every frame is known beforehand."""
    memory = TuneMemory()
    known = make_chorale(40, "known")
    memory.learn(known)
    recalled, trust = memory.recall(known + 4)
    changes = np.flatnonzero(np.diff(known[:, 0])) + 1
    sure = np.arange(40) > changes[LENGTHS[-1] - 1]
    assert (recalled[sure] == known[sure] + 4).all() and (trust[sure] > 0).all()
    assert (recalled[~sure] == -1).all() and (trust[~sure] == 0).all()


def test_memory_knows_a_line_of_a_tune_in_any_key_and_place():
    memory = TuneMemory()
    memory.learn(make_chorale(120, "known"))
    assert memory.knows(np.vstack([make_chorale(12), make_chorale(120, "known")[40:] - 3]))
    assert not memory.knows(make_chorale(120, "other"))


def test_a_piece_recalls_its_own_past_but_not_itself():
    memory = TuneMemory()
    line = make_chorale(24)
    number = memory.learn(np.vstack([line, line]))
    recalled, trust = memory.recall(np.vstack([line, line]), number)
    assert (trust[:24] == 0).all() and (recalled[40:] == line[16:]).all()


@pytest.mark.parametrize("frame", [1, 9, 22, 39])
def test_memory_does_not_look_ahead(frame):
    """What is recalled of a beginning is the same whatever comes after."""
    memory = TuneMemory()
    memory.learn(make_chorale(60, "known"))
    whole, part = memory.recall(make_repeating()), memory.recall(make_repeating()[:frame])
    for a, b in zip(whole, part, strict=True):
        np.testing.assert_array_equal(a[:frame], b)


def test_disagreement_lowers_trust():
    """Of two sequels after the same notes the more frequent is recalled, trusted less than one alone."""
    start = make_chorale(12)
    up, down = (np.vstack([start, start[-1:] + step]) for step in (2, -2))
    trusts = {}
    for name, pieces in {"alone": [up], "two to one": [up, down, up]}.items():
        memory = TuneMemory()
        for piece in pieces:
            memory.learn(piece)
        recalled, trust = memory.recall(up)
        assert (recalled[-1] == up[-1]).all()
        trusts[name] = trust[-1]
    assert trusts["two to one"] == trusts["alone"] + 1


def test_held_out_pieces_are_not_remembered():
    """The memory knows the training split alone, and of that not the piece in hand."""
    splits = {"train": [make_chorale(30, "a")], "valid": [make_chorale(30, "b")], "test": [make_chorale(30, "b")]}
    pieces = remember(splits)
    assert not pieces["train"][0].trust.any()
    assert not pieces["test"][0].trust.any()
    known = {**splits, "test": splits["train"]}
    assert remember(known)["test"][0].trust.any()
    assert not remember(known, memory=False)["test"][0].trust.any()


def test_a_finished_run_is_left_as_it_is(tmp_path):
    splits = {"train": [make_piece(16)], "valid": [make_piece(16, "valid")]}
    train(make_recipe(), splits, tmp_path)
    before = (tmp_path / "best.pt").read_bytes(), (tmp_path / "log.jsonl").read_text()
    train(make_recipe(), splits, tmp_path)
    assert ((tmp_path / "best.pt").read_bytes(), (tmp_path / "log.jsonl").read_text()) == before


def test_a_run_of_another_recipe_is_refused(tmp_path):
    splits = {"train": [make_piece(16)], "valid": [make_piece(16, "valid")]}
    train(make_recipe(steps=4), splits, tmp_path)
    train(make_recipe(steps=4, minutes=5.0), splits, tmp_path)
    with pytest.raises(InvalidCheckpoint, match="another recipe"):
        train(make_recipe(steps=4, seed=2), splits, tmp_path)


def test_a_folder_without_a_run_is_refused(tmp_path):
    with pytest.raises(InvalidCheckpoint, match=r"best\.pt: no such file"):
        load_network(tmp_path)
    with pytest.raises(InvalidCheckpoint, match=r"recipe\.json: no such file"):
        load_recipe(tmp_path)


def test_a_run_knows_its_recipe(tmp_path):
    recipe = make_recipe(steps=1, seed=5)
    train(recipe, {"train": [make_piece(16)], "valid": [make_piece(16, "valid")]}, tmp_path)
    assert load_recipe(tmp_path) == recipe


def test_reading_gives_three_splits_of_frames(tmp_path):
    path = tmp_path / "chorales.json.gz"
    splits = {name: [make_chorale(8, name).tolist()] for name in ("train", "valid", "test")}
    path.write_bytes(gzip.compress(json.dumps(splits).encode()))
    chorales = read_chorales(path)
    assert {name: [piece.tolist() for piece in pieces] for name, pieces in chorales.items()} == splits


@pytest.mark.parametrize(
    ("content", "match"),
    [
        ("no json", "not a file of chorales"),
        ('{"train": []}', "not a file of chorales"),
        ('{"train": [[[60, 55, 50]]], "valid": [], "test": []}', r"train\[0\] is not frames of four MIDI pitches"),
        ('{"train": [], "valid": [[[60, 55, 50, 200]]], "test": []}', r"valid\[0\] is not frames"),
    ],
)
def test_other_files_are_refused(tmp_path, content, match):
    path = tmp_path / "chorales.json"
    path.write_text(content)
    with pytest.raises(InvalidData, match=match):
        read_chorales(path)
