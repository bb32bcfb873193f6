"""The NumPy step computes what the PyTorch modules compute."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from aimusic.composer.checkpoint import load_checkpoint
from aimusic.composer.inference import ChordStep, MelodyStep
from aimusic.composer.model import NETWORKS, Size
from aimusic.composer.sampling import CANDIDATES, draw
from aimusic.music.chance import stream
from aimusic.training.batches import lessons_of
from aimusic.training.evaluate import network_of
from tests.factories import STYLES as STYLE_FOLDERS
from tests.songs import toy_song

SMALL = Size(embedding=24, hidden=32, head=24, dropout=0.0)
STYLES = ("folk",)


def _network(part):
    torch.manual_seed(3)
    network = NETWORKS[part](SMALL).eval()
    with torch.no_grad():
        for value in network.parameters():
            value.add_(0.2 * torch.randn_like(value))
    return network, {name: value.numpy() for name, value in network.state_dict().items()}


def _logits(network, lessons):
    """(batch, time, classes) of every head, and the rows that led to them."""
    length = min(map(len, lessons))
    rows = [
        np.stack([lesson.inputs[k][:length] for lesson in lessons]).astype(np.int64)
        for k in range(len(lessons[0].inputs))
    ]
    with torch.no_grad():
        return rows, [head.numpy() for head in network(*map(torch.from_numpy, rows))]


def test_melody_step_equals_the_module():
    network, weights = _network("melody")
    rows, expected = _logits(network, lessons_of([toy_song(1), toy_song(2)], "melody", STYLES))
    step = MelodyStep(weights)
    state = step.start(2)
    for t in range(rows[0].shape[1]):
        state = step.advance(state, rows[0][:, t])
        pitch, seen = step.pitch(state, rows[0][:, t], rows[1][:, t])
        found = [step.step(state, rows[0][:, t]), pitch, step.duration(seen, rows[2][:, t])]
        for ours, theirs in zip(found, expected, strict=True):
            assert ours.dtype == np.float32
            assert ours == pytest.approx(theirs[:, t], abs=1e-4)


def test_chord_step_equals_the_module():
    network, weights = _network("chords")
    rows, expected = _logits(network, lessons_of([toy_song(1), toy_song(2)], "chords", STYLES))
    step = ChordStep(weights)
    state = step.start(2)
    for t in range(rows[0].shape[1]):
        state = step.advance(state, rows[0][:, t])
        found = [step.chord(state, rows[0][:, t]), step.length(state, rows[1][:, t])]
        for ours, theirs in zip(found, expected, strict=True):
            assert ours == pytest.approx(theirs[:, t], abs=1e-4)


def test_both_draw_the_same_notes():
    """With the shipped weights of a style, the same uniform numbers choose the same classes in every step."""
    style = next(iter(STYLE_FOLDERS))
    checkpoint = load_checkpoint(STYLE_FOLDERS[style].folder, "melody")
    network = network_of(checkpoint)
    lessons = lessons_of([toy_song(number) for number in range(CANDIDATES)], "melody", checkpoint.card.styles)
    rows, expected = _logits(network, lessons)
    step, rng = MelodyStep(checkpoint.weights), stream(5, "uniforms")
    state = step.start(CANDIDATES)
    for t in range(rows[0].shape[1]):
        state = step.advance(state, rows[0][:, t])
        pitch, seen = step.pitch(state, rows[0][:, t], rows[1][:, t])
        ours = [step.step(state, rows[0][:, t]), pitch, step.duration(seen, rows[2][:, t])]
        for one, other in zip(ours, expected, strict=True):
            u, mask = rng.random(CANDIDATES), np.ones(one.shape, bool)
            drawn = [draw(x, mask, u, temperature=0.9, top_p=0.95) for x in (one, other[:, t])]
            assert np.array_equal(*drawn)


def test_composing_needs_no_pytorch():
    code = "import sys, aimusic.composer.compose; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
