"""Weights come back as they were saved, and anything else is refused by the file's name."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest

from aimusic.composer.checkpoint import MANIFEST, Card, Checkpoint, load_checkpoint, save_checkpoint, shapes
from aimusic.composer.model import NETWORKS, Size
from aimusic.composer.ngram import learn_sequences
from aimusic.composer.vocabulary import CHORDS, VERSION
from aimusic.errors import InvalidCheckpoint
from tests.factories import STYLES

SMALL = Size(embedding=8, hidden=12, head=8)


def small_checkpoint(part, **changes):
    rng = np.random.Generator(np.random.PCG64(1))
    weights = {
        name: (0.1 * rng.standard_normal(shape)).astype(np.float16).astype(np.float32)
        for name, shape in shapes(part, asdict(SMALL)).items()
    }
    card = Card(part, "folk", ("folk",), asdict(SMALL), statistics={"range": (2.0, 20.0)}, trigram_weight=0.3)
    trigram = learn_sequences(CHORDS, 3, [[0, 5, 7, 0]]) if part == "chords" else None
    return Checkpoint(replace(card, **changes), weights, trigram)


@pytest.mark.parametrize("part", NETWORKS)
def test_shapes_are_those_of_the_module(part):
    state = NETWORKS[part](SMALL).state_dict()
    assert shapes(part, asdict(SMALL)) == {name: tuple(value.shape) for name, value in state.items()}


@pytest.mark.parametrize("part", NETWORKS)
def test_a_checkpoint_comes_back(part, tmp_path):
    saved = small_checkpoint(part)
    save_checkpoint(saved, tmp_path)
    loaded = load_checkpoint(tmp_path, part)
    assert loaded.card == saved.card
    assert all(np.array_equal(loaded.weights[name], value) for name, value in saved.weights.items())
    if saved.trigram:
        assert np.array_equal(loaded.trigram.probabilities([0, 5]), saved.trigram.probabilities([0, 5]))


def test_the_same_weights_give_the_same_bytes(tmp_path):
    files = [save_checkpoint(small_checkpoint("chords"), tmp_path / name) for name in "ab"]
    assert files[0].read_bytes() == files[1].read_bytes()


def _refused(folder, part, match):
    with pytest.raises(InvalidCheckpoint, match=match) as caught:
        load_checkpoint(folder, part)
    assert str(folder) in str(caught.value)


def test_a_flipped_byte_is_noticed(tmp_path):
    path = save_checkpoint(small_checkpoint("melody"), tmp_path)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    _refused(tmp_path, "melody", r"melody\.safetensors: is damaged")


def test_missing_weights_are_named(tmp_path):
    save_checkpoint(small_checkpoint("melody"), tmp_path)
    _refused(tmp_path, "chords", r"chords\.safetensors: cannot be read")


def test_a_missing_manifest_is_named(tmp_path):
    _refused(tmp_path, "chords", MANIFEST)


def test_another_vocabulary_is_refused(tmp_path):
    save_checkpoint(small_checkpoint("melody", vocabulary=VERSION + 1), tmp_path)
    _refused(tmp_path, "melody", f"vocabulary {VERSION + 1}")


def test_a_style_that_the_networks_do_not_know_is_refused(tmp_path):
    save_checkpoint(small_checkpoint("melody", style="polka"), tmp_path)
    _refused(tmp_path, "melody", "polka")


def test_arrays_of_another_size_are_refused(tmp_path):
    save_checkpoint(small_checkpoint("melody", size={**asdict(SMALL), "hidden": 16}), tmp_path)
    _refused(tmp_path, "melody", "gru.weight_hh_l0")


def test_numbers_that_are_not_finite_are_refused(tmp_path):
    checkpoint = small_checkpoint("melody")
    checkpoint.weights["gru.bias_ih_l0"][0] = np.nan
    save_checkpoint(checkpoint, tmp_path)
    _refused(tmp_path, "melody", "not finite")


def test_a_file_that_is_no_checkpoint_is_refused(tmp_path):
    import hashlib

    path = tmp_path / "melody.safetensors"
    path.write_bytes(b"noise" * 100)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    (tmp_path / MANIFEST).write_text(json.dumps({path.name: digest}))
    _refused(tmp_path, "melody", "not a checkpoint")


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("part", NETWORKS)
def test_shipped_weights_are_whole_and_know_their_style(style, part):
    card = load_checkpoint(STYLES[style].folder, part).card
    assert (card.part, card.style) == (part, style)
    assert style in card.styles


def test_all_styles_together_stay_small():
    files = [file for style in STYLES.values() for file in style.folder.glob("*.safetensors")]
    assert sum(file.stat().st_size for file in files) < 24e6
