"""The networks' step in NumPy: what `model.py` computes, one event at a time, for a batch of candidates.

A process that only composes needs no PyTorch. float32 throughout; a test holds both to the same logits.
"""

from collections.abc import Mapping

import numpy as np

from aimusic.composer.features import (
    CHORD_INPUT,
    DURATION_INPUT,
    INTERVALS,
    LENGTH_INPUT,
    MELODY_INPUT,
    NO_DEGREE,
    PITCH_INPUT,
    WIDEST,
    Table,
)
from aimusic.composer.vocabulary import NO_PITCH, PITCHES, ROOTS

Weights = Mapping[str, np.ndarray]

_ALL_PITCHES = np.arange(PITCHES)
_STEP_COPIES = MELODY_INPUT.columns("step_")
_PITCH_COPIES = PITCH_INPUT.columns("pitch_")
_DURATION_COPIES = DURATION_INPUT.columns("duration_")
_CHORD_COPIES = CHORD_INPUT.columns("chord_")
_LENGTH_COPIES = LENGTH_INPUT.columns("length_")
_LAST_PITCH = MELODY_INPUT.column("last_pitch")
_ROOT = PITCH_INPUT.column("root")


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


class _Columns:
    """Rows of integers, (batch, columns) -> sums of embeddings, (batch, size)."""

    def __init__(self, weights: Weights, name: str, table: Table):
        self.weight = weights[f"{name}.weight"]
        self.offsets = np.array(table.offsets)

    def __call__(self, rows: np.ndarray) -> np.ndarray:
        return self.weight[rows + self.offsets].sum(1)


class _Gru:
    """One step of all layers. The state is (layers, batch, hidden)."""

    def __init__(self, weights: Weights, name: str):
        self.layers = []
        while f"{name}.weight_ih_l{len(self.layers)}" in weights:
            layer = len(self.layers)
            kernels = [
                weights[f"{name}.{kind}_l{layer}"] for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
            ]
            self.layers.append((kernels[0].T.copy(), kernels[1].T.copy(), kernels[2], kernels[3]))
        self.hidden = len(self.layers[0][3]) // 3

    def __call__(self, x: np.ndarray, state: np.ndarray) -> np.ndarray:
        new = np.empty_like(state)
        n = self.hidden
        for layer, (w_x, w_h, b_x, b_h) in enumerate(self.layers):
            h = state[layer]
            from_x = x @ w_x + b_x  # (batch, 3 hidden): reset, update, new
            from_h = h @ w_h + b_h
            gates = _sigmoid(from_x[:, : 2 * n] + from_h[:, : 2 * n])
            fresh = np.tanh(from_x[:, 2 * n :] + gates[:, :n] * from_h[:, 2 * n :])
            x = new[layer] = fresh + gates[:, n:] * (h - fresh)
        return new


class _Linear:
    def __init__(self, weights: Weights, name: str):
        self.weight, self.bias = weights[f"{name}.weight"].T.copy(), weights[f"{name}.bias"]

    def __call__(self, x: np.ndarray) -> np.ndarray:
        return x @ self.weight + self.bias


class _Head:
    """Logits with gated copies; returns the hidden layer too."""

    def __init__(self, weights: Weights, name: str):
        self.hidden = _Linear(weights, f"{name}.hidden")
        self.classes = _Linear(weights, f"{name}.classes")
        self.gates = _Linear(weights, f"{name}.gates")

    def __call__(self, state: np.ndarray, copies: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        z = self.hidden(state)
        z = z * _sigmoid(z)
        classes = self.classes(z)
        logits = np.zeros((len(z), classes.shape[1] + 1), np.float32)
        logits[:, :-1] = classes
        np.add.at(logits, (np.arange(len(z))[:, None], copies), self.gates(z))
        return logits[:, :-1], z


class MelodyStep:
    """MelodyNet, one note at a time. All rows are (batch, columns) of the table that the method names."""

    def __init__(self, weights: Weights):
        self.input = _Columns(weights, "input", MELODY_INPUT)
        self.gru = _Gru(weights, "gru")
        self.pitch_input = _Columns(weights, "pitch_input", PITCH_INPUT)
        self.duration_input = _Columns(weights, "duration_input", DURATION_INPUT)
        self.step_head = _Head(weights, "step_head")
        self.pitch_head = _Head(weights, "pitch_head")
        self.interval = _Linear(weights, "interval")
        self.degree = _Linear(weights, "degree")
        self.duration_head = _Head(weights, "duration_head")

    def start(self, batch: int) -> np.ndarray:
        """The state before the first event, (layers, batch, hidden)."""
        return np.zeros((len(self.gru.layers), batch, self.gru.hidden), np.float32)

    def advance(self, state: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """The state after reading MELODY_INPUT."""
        return self.gru(self.input(rows), state)

    def step(self, state: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Logits of the step, (batch, STEPS), from the advanced state and the same rows."""
        return self.step_head(state[-1], rows[:, _STEP_COPIES])[0]

    def pitch(self, state: np.ndarray, rows: np.ndarray, pitch_rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Logits of the pitch, (batch, PITCHES), and what `duration` needs of this step."""
        seen = np.concatenate([state[-1], self.pitch_input(pitch_rows)], 1)
        logits, z = self.pitch_head(seen, pitch_rows[:, _PITCH_COPIES])
        last, root = rows[:, _LAST_PITCH, None], pitch_rows[:, _ROOT, None]
        intervals = np.clip(_ALL_PITCHES - last, -WIDEST, WIDEST) + WIDEST
        intervals = np.where(last < NO_PITCH, intervals, INTERVALS)
        degrees = np.where(root < ROOTS, (_ALL_PITCHES - root) % 12, NO_DEGREE)
        views = np.take_along_axis(self.interval(z), intervals, 1) + np.take_along_axis(self.degree(z), degrees, 1)
        return logits + views, seen

    def duration(self, seen: np.ndarray, duration_rows: np.ndarray) -> np.ndarray:
        """Logits of the duration, (batch, DURATIONS)."""
        both = np.concatenate([seen, self.duration_input(duration_rows)], 1)
        return self.duration_head(both, duration_rows[:, _DURATION_COPIES])[0]


class ChordStep:
    """ChordNet, one chord at a time."""

    def __init__(self, weights: Weights):
        self.input = _Columns(weights, "input", CHORD_INPUT)
        self.gru = _Gru(weights, "gru")
        self.length_input = _Columns(weights, "length_input", LENGTH_INPUT)
        self.chord_head = _Head(weights, "chord_head")
        self.length_head = _Head(weights, "length_head")

    def start(self, batch: int) -> np.ndarray:
        """The state before the first event, (layers, batch, hidden)."""
        return np.zeros((len(self.gru.layers), batch, self.gru.hidden), np.float32)

    def advance(self, state: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """The state after reading CHORD_INPUT."""
        return self.gru(self.input(rows), state)

    def chord(self, state: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Logits of the chord, (batch, CHORDS), from the advanced state and the same rows."""
        return self.chord_head(state[-1], rows[:, _CHORD_COPIES])[0]

    def length(self, state: np.ndarray, length_rows: np.ndarray) -> np.ndarray:
        """Logits of the length, (batch, CHORD_LENGTHS)."""
        seen = np.concatenate([state[-1], self.length_input(length_rows)], 1)
        return self.length_head(seen, length_rows[:, _LENGTH_COPIES])[0]
