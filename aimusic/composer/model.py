"""The networks, complete: integers to logits. They know no music, no files and no optimiser.

Both are recurrent networks with an explicit memory: beside the notes they see what stood at the same place one,
two, four and eight bars ago and in the bar that the form refers to, and a learned *copy gate* for each of these
sources is added to the logit of the class found there. `inference.py` is the same step in NumPy.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from aimusic.composer.features import (
    CHORD_INPUT,
    DURATION_INPUT,
    INTERVALS,
    LENGTH_INPUT,
    MELODY_INPUT,
    NO_DEGREE,
    PITCH_INPUT,
    SOURCES,
    WIDEST,
    Table,
)
from aimusic.composer.vocabulary import CHORD_LENGTHS, CHORDS, DURATIONS, NO_PITCH, PITCHES, STEPS


@dataclass(frozen=True, slots=True)
class Size:
    """Widths of a network: embedded rows, recurrent state, hidden layer of the heads."""

    embedding: int = 128
    hidden: int = 224
    head: int = 160
    layers: int = 2
    dropout: float = 0.25


class Columns(nn.Module):
    """A row of integers -> the sum of its columns' embeddings."""

    def __init__(self, table: Table, size: int):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(table.rows, size) / len(table.sizes) ** 0.5)
        self.register_buffer("offsets", torch.tensor(table.offsets), persistent=False)

    def forward(self, rows: Tensor) -> Tensor:
        """rows: (batch, time, columns) -> (batch, time, size)"""
        batch, time, columns = rows.shape
        flat = (rows + self.offsets).view(batch * time, columns)
        return functional.embedding_bag(flat, self.weight, mode="sum").view(batch, time, -1)


class Head(nn.Module):
    """A state -> logits of `classes` plus gated copies of the classes that the sources hold."""

    def __init__(self, inputs: int, hidden: int, classes: int, dropout: float):
        super().__init__()
        self.hidden = nn.Linear(inputs, hidden)
        self.dropout = nn.Dropout(dropout)
        self.classes = nn.Linear(hidden, classes)
        self.gates = nn.Linear(hidden, len(SOURCES))

    def forward(self, state: Tensor, copies: Tensor) -> tuple[Tensor, Tensor]:
        """state: (batch, time, inputs); copies: (batch, time, sources), the last class means "nothing there".

        Returns logits, (batch, time, classes), and the hidden layer, (batch, time, hidden).
        """
        z = self.dropout(functional.silu(self.hidden(state)))
        # one more column takes the copies of nothing, and is cut off again
        logits = functional.pad(self.classes(z), (0, 1)).scatter_add(-1, copies, self.gates(z))
        return logits[..., :-1], z


class MelodyNet(nn.Module):
    """Note by note: when (the step from the last event), which pitch, how long."""

    def __init__(self, size: Size):
        super().__init__()
        self.input = Columns(MELODY_INPUT, size.embedding)
        self.gru = nn.GRU(size.embedding, size.hidden, size.layers, batch_first=True, dropout=size.dropout)
        self.dropout = nn.Dropout(size.dropout)
        self.pitch_input = Columns(PITCH_INPUT, size.embedding)
        self.duration_input = Columns(DURATION_INPUT, size.embedding)
        wide = size.hidden + size.embedding
        self.step_head = Head(size.hidden, size.head, STEPS, size.dropout)
        self.pitch_head = Head(wide, size.head, PITCHES, size.dropout)
        self.interval = nn.Linear(size.head, INTERVALS + 1)
        self.degree = nn.Linear(size.head, NO_DEGREE + 1)
        self.duration_head = Head(wide + size.embedding, size.head, DURATIONS, size.dropout)

    def forward(
        self, inputs: Tensor, pitch_inputs: Tensor, duration_inputs: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Rows of the three tables, each (batch, time, columns) -> logits of step, pitch and duration."""
        h, _ = self.gru(self.input(inputs))  # (batch, time, hidden)
        h = self.dropout(h)
        step, _ = self.step_head(h, inputs[..., MELODY_INPUT.columns("step_")])
        h = torch.cat([h, self.pitch_input(pitch_inputs)], -1)  # (batch, time, hidden + embedding)
        pitch, z = self.pitch_head(h, pitch_inputs[..., PITCH_INPUT.columns("pitch_")])
        pitch = pitch + self._views(z, inputs, pitch_inputs)
        h = torch.cat([h, self.duration_input(duration_inputs)], -1)  # (batch, time, hidden + 2 embedding)
        duration, _ = self.duration_head(h, duration_inputs[..., DURATION_INPUT.columns("duration_")])
        return step, pitch, duration

    def _views(self, z: Tensor, inputs: Tensor, pitch_inputs: Tensor) -> Tensor:
        """A pitch is also an interval from the last one and a degree of its chord: the same logits, shared."""
        pitches = torch.arange(PITCHES, device=z.device)
        last = inputs[..., MELODY_INPUT.column("last_pitch"), None]  # (batch, time, 1)
        intervals = (pitches - last).clamp(-WIDEST, WIDEST) + WIDEST  # (batch, time, pitches)
        intervals = torch.where(last < NO_PITCH, intervals, INTERVALS)
        root = pitch_inputs[..., PITCH_INPUT.column("root"), None]
        degrees = torch.where(root < 12, (pitches - root) % 12, NO_DEGREE)
        return self.interval(z).gather(-1, intervals) + self.degree(z).gather(-1, degrees)


class ChordNet(nn.Module):
    """Chord by chord: which, how long."""

    def __init__(self, size: Size):
        super().__init__()
        self.input = Columns(CHORD_INPUT, size.embedding)
        self.gru = nn.GRU(size.embedding, size.hidden, size.layers, batch_first=True, dropout=size.dropout)
        self.dropout = nn.Dropout(size.dropout)
        self.length_input = Columns(LENGTH_INPUT, size.embedding)
        self.chord_head = Head(size.hidden, size.head, CHORDS, size.dropout)
        self.length_head = Head(size.hidden + size.embedding, size.head, CHORD_LENGTHS, size.dropout)

    def forward(self, inputs: Tensor, length_inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Rows of the two tables, each (batch, time, columns) -> logits of chord and length."""
        h, _ = self.gru(self.input(inputs))  # (batch, time, hidden)
        h = self.dropout(h)
        chord, _ = self.chord_head(h, inputs[..., CHORD_INPUT.columns("chord_")])
        h = torch.cat([h, self.length_input(length_inputs)], -1)  # (batch, time, hidden + embedding)
        length, _ = self.length_head(h, length_inputs[..., LENGTH_INPUT.columns("length_")])
        return chord, length


NETWORKS = {"melody": MelodyNet, "chords": ChordNet}
