"""The NumPy step computes what the PyTorch modules compute."""

import numpy as np
import pytest
import torch

from aimusic.composer.inference import ChordStep, MelodyStep
from aimusic.composer.model import NETWORKS, Size
from aimusic.training.batches import lessons_of
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
