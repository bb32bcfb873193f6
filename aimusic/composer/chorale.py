"""Four voices, frame by frame: integers to logits. It knows no music, no files and no optimiser.

A recurrent network reads the frames before; an attention layer looks up what followed moments like this one; then
the voices choose in turn, each hearing those that chose before it in the same frame. The first frame is written in
absolute pitch. From the second on all pitches are written against the root of the first chord, so the network
meets every key as one; nothing of this looks ahead.
"""

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from aimusic.composer.chorale_features import (
    BAR,
    CONTEXT,
    INTERVALS,
    NO_INTERVAL,
    NO_TONE,
    PITCHES,
    SILENCE,
    TONES,
    TURN,
    VOICES,
    WIDEST,
)
from aimusic.composer.features import Table
from aimusic.composer.model import Columns

PACE = 2  # frames in a recurrent step: one in a hundred voices moves between eighths
FARTHEST = 80  # recurrent steps; the lookup does not tell longer distances apart
BAR_STEPS = BAR // PACE
# How a voice sees a pitch: itself, its tone, melodic interval, held, recalled, its tone above each voice.
VIEWS = (PITCHES, TONES + 1, INTERVALS, 1, 1) + VOICES * (TONES + 1,)


@dataclass(frozen=True, slots=True)
class ChoraleSize:
    """Widths of the network, and what is dropped out of it in training."""

    embedding: int = 192
    hidden: int = 320
    layers: int = 2
    head: int = 256
    lookups: int = 4  # heads of the attention; 0 leaves it out
    lookup: int = 32  # width of each
    column_dropout: float = 0.1
    weight_dropout: float = 0.3
    input_dropout: float = 0.15
    dropout: float = 0.45


class Dropout(nn.Module):
    """Dropout with one mask for all moments of a piece. Source: Y. Gal and Z. Ghahramani, NeurIPS 2016."""

    def __init__(self, p: float):
        super().__init__()
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        """x: (batch, time, ...)"""
        if not self.training or not self.p:
            return x
        mask = torch.empty(x.shape[0], 1, *x.shape[2:], device=x.device).bernoulli_(1 - self.p)
        return x * mask / (1 - self.p)


class Rows(Columns):
    """Columns of which a share is left out in training, each for a moment."""

    def __init__(self, table: Table, size: int, dropout: float):
        super().__init__(table, size)
        self.dropout = dropout

    def forward(self, rows: Tensor) -> Tensor:
        """rows: (batch, time, columns) -> (batch, time, size)"""
        flat = (rows + self.offsets).flatten(0, 1)
        kept = functional.dropout(torch.ones(flat.shape, device=flat.device), self.dropout, self.training)
        out = functional.embedding_bag(flat, self.weight, mode="sum", per_sample_weights=kept)
        return out.unflatten(0, rows.shape[:2])


class Recurrent(nn.LSTM):
    """One recurrent layer, some of whose recurrent weights are left out in training, for a whole batch.

    Source: S. Merity et al., ICLR 2018.
    """

    def __init__(self, inputs: int, hidden: int, dropout: float):
        super().__init__(inputs, hidden, batch_first=True)
        self.weight_dropout = dropout

    def forward(self, x: Tensor) -> Tensor:
        """x: (batch, time, inputs) -> (batch, time, hidden)"""
        recurrent = functional.dropout(self.weight_hh_l0, self.weight_dropout, self.training)
        weights = (self.weight_ih_l0, recurrent, self.bias_ih_l0, self.bias_hh_l0)
        zeros = x.new_zeros(1, len(x), self.hidden_size)
        return torch.lstm(x, (zeros, zeros), weights, True, 1, 0.0, self.training, False, True)[0]


class Lookup(nn.Module):
    """Causal attention whose keys are earlier states and whose values are the frames that followed them."""

    def __init__(self, size: ChoraleSize):
        super().__init__()
        self.heads, wide = size.lookups, size.lookups * size.lookup
        self.query, self.key = nn.Linear(size.hidden, wide), nn.Linear(size.hidden, wide)
        self.value = nn.Linear(size.embedding, wide)
        self.distance = nn.Parameter(torch.zeros(size.lookups, FARTHEST + 1))
        self.bar = nn.Parameter(torch.zeros(size.lookups, BAR_STEPS))

    def forward(self, states: Tensor, frames: Tensor) -> Tensor:
        """states: (batch, time, hidden); frames: (batch, time, embedding) -> (batch, time, heads * width)

        The state of a moment and the frame *after* it make a pair; a moment sees the pairs before its own.
        """
        batch, time, _ = states.shape
        q, k = self._split(self.query(states)), self._split(self.key(states))  # (batch, heads, time, width)
        v = functional.pad(self._split(self.value(frames))[:, :, 1:], (0, 0, 1, 0))
        k = functional.pad(k[:, :, :-1], (0, 0, 1, 0))  # place 0 holds a pair of zeros: "nothing like it"
        found = functional.scaled_dot_product_attention(q, k, v, attn_mask=self._bias(time))
        return found.transpose(1, 2).reshape(batch, time, -1)

    def _split(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)

    def _bias(self, time: int) -> Tensor:
        """(heads, time, time): how far back a pair lies, and where in the bar; later pairs are out of sight."""
        moments = torch.arange(time, device=self.bar.device)
        back = moments[:, None] - moments + 1  # the pair at place i was made of moment i - 1
        bias = self.distance[:, back.clamp(0, FARTHEST)] + self.bar[:, back % BAR_STEPS]
        return bias.masked_fill(back < 1, float("-inf"))


class ChoraleNet(nn.Module):
    """(voice, 16th) by (voice, 16th): which pitch sounds."""

    def __init__(self, size: ChoraleSize):
        super().__init__()
        self.context = Rows(CONTEXT, size.embedding, size.column_dropout)
        self.input_dropout, self.dropout = Dropout(size.input_dropout), Dropout(size.dropout)
        widths = [size.embedding] + [size.hidden] * size.layers
        self.layers = nn.ModuleList(Recurrent(a, b, size.weight_dropout) for a, b in pairwise(widths))
        self.lookup = Lookup(size) if size.lookups else None
        self.state = nn.Linear(size.hidden + size.lookups * size.lookup, VOICES * size.head)
        self.frame = nn.Linear(size.embedding, VOICES * size.head, bias=False)
        self.turn = Rows(TURN, size.head, size.column_dropout)
        self.middle = nn.Parameter(torch.randn(VOICES, size.head, size.head) / size.head**0.5)
        self.middle_bias = nn.Parameter(torch.zeros(VOICES, 1, size.head))
        outputs = sum(VIEWS)
        self.out = nn.Parameter(torch.randn(VOICES, size.head, outputs) / size.head**0.5)
        self.out_bias = nn.Parameter(torch.zeros(VOICES, 1, outputs))

    def forward(self, context: Tensor, turn: Tensor, near: Tensor) -> Tensor:
        """Logits of every pitch for every voice.

        Args:
            context: rows of CONTEXT, (batch, time, columns).
            turn: rows of TURN, (batch, time, voices, columns).
            near: (batch, time, voices, 2 + voices), the voice's last pitch, the one that a memory recalls, and the
                newest known of each voice.

        Returns:
            (batch, time, voices, pitches)
        """
        frames = self.input_dropout(self.context(context))  # (batch, time, embedding)
        z = self.state(self._remember(frames[:, ::PACE])).repeat_interleave(PACE, 1)[:, : frames.shape[1]]
        z = (z + self.frame(frames)).unflatten(-1, (VOICES, -1))  # (batch, time, voices, head)
        z = z + self.turn(turn.flatten(1, 2)).view_as(z)
        z = self.dropout(functional.silu(z))
        z = z + self.dropout(functional.silu(_per_voice_linear(z, self.middle, self.middle_bias)))
        return _views(_per_voice_linear(z, self.out, self.out_bias), near)

    def _remember(self, steps: Tensor) -> Tensor:
        """steps: (batch, steps, embedding) -> what has been, and what followed moments like this one"""
        states = steps
        for layer in self.layers:
            states = self.dropout(layer(states))  # (batch, steps, hidden)
        return states if self.lookup is None else torch.cat([states, self.lookup(states, steps)], -1)


def _per_voice_linear(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """x: (batch, time, voices, a); weight: (voices, a, b); bias: (voices, 1, b) -> (batch, time, voices, b)"""
    flat = x.flatten(0, 1).transpose(0, 1)  # (voices, batch * time, a)
    return torch.baddbmm(bias, flat, weight).transpose(0, 1).unflatten(0, x.shape[:2])


def _views(out: Tensor, near: Tensor) -> Tensor:
    """A pitch's logit is a sum over VIEWS, so what is learned in one octave or chord is known in the others."""
    pitch, tone, melodic, hold, recall, *above = out.split(VIEWS, -1)
    pitches = torch.arange(PITCHES, device=out.device)
    last, recalled = near[..., :1], near[..., 1:2]  # (batch, time, voices, 1)
    silent = pitches == SILENCE
    intervals = (pitches - last).clamp(-WIDEST, WIDEST) + WIDEST
    logits = pitch + tone[..., torch.where(silent, NO_TONE, pitches % TONES)]
    logits = logits + melodic.gather(-1, torch.where(silent | (last >= SILENCE), NO_INTERVAL, intervals))
    logits = logits + hold * (pitches == last) + recall * (pitches == recalled)
    for voice, view in enumerate(above, start=2):
        origin = near[..., voice : voice + 1]
        tones = torch.where(silent | (origin >= SILENCE), NO_TONE, (pitches - origin) % TONES)
        logits = logits + view.gather(-1, tones)
    return logits
