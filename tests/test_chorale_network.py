"""The parts of the chorale network do what they say: views, lookup, and what is left out in training."""

import math

import pytest
import torch
from torch import nn

from aimusic.composer.chorale import VIEWS, ChoraleSize, Dropout, Lookup, Recurrent, Rows, _views
from aimusic.composer.chorale_features import CONTEXT, NOTHING, PITCHES, SILENCE, TONES, WIDEST
from aimusic.composer.model import Columns

SMALL = ChoraleSize(embedding=6, hidden=5, head=4, lookups=2, lookup=3)


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(5)


def naive_logit(views: list[torch.Tensor], pitch: int, near: list[int]) -> float:
    """The sum over the views of one pitch, spelled out."""
    of_pitch, of_tone, of_interval, hold, recall, *above = views
    last, recalled, *others = near
    silent = pitch == SILENCE
    logit = of_pitch[pitch] + of_tone[TONES if silent else pitch % 12]
    known = last < SILENCE and not silent
    logit = logit + of_interval[max(-WIDEST, min(WIDEST, pitch - last)) + WIDEST if known else -1]
    logit = logit + (hold[0] if pitch == last else 0) + (recall[0] if pitch == recalled else 0)
    for view, origin in zip(above, others, strict=True):
        logit = logit + view[(pitch - origin) % 12 if origin < SILENCE and not silent else TONES]
    return float(logit)


@pytest.mark.parametrize(
    "near",
    [[40, 43, 40, 36, 31, 24], [SILENCE, NOTHING, 40, SILENCE, NOTHING, 0], [NOTHING] * 6, [3, 68, 68, 3, 40, 12]],
)
def test_a_logit_is_the_sum_of_its_views(near):
    out = torch.randn(1, 1, 1, sum(VIEWS))
    logits = _views(out, torch.tensor(near).view(1, 1, 1, -1))[0, 0, 0]
    views = list(out[0, 0, 0].split(VIEWS))
    expected = [naive_logit(views, pitch, near) for pitch in range(PITCHES)]
    torch.testing.assert_close(logits, torch.tensor(expected))


def test_lookup_is_attention_over_earlier_pairs():
    """The same by loops: keys are earlier states, values the steps after them; a pair of zeros stands first."""
    lookup, time = Lookup(SMALL), 7
    with torch.no_grad():
        lookup.distance.normal_()
        lookup.bar.normal_()
    states, steps = torch.randn(1, time, SMALL.hidden), torch.randn(1, time, SMALL.embedding)
    found = lookup(states, steps)[0].unflatten(-1, (2, 3))
    q, k, v = (
        layer(x)[0].unflatten(-1, (2, 3))
        for layer, x in ((lookup.query, states), (lookup.key, states), (lookup.value, steps))
    )
    for moment in range(time):
        for head in range(2):
            keys = [torch.zeros(3)] + [k[i, head] for i in range(moment)]
            values = [torch.zeros(3)] + [v[i + 1, head] for i in range(moment)]
            scores = []
            for place, key in enumerate(keys):
                back = moment - place + 1
                bias = lookup.distance[head, back] + lookup.bar[head, back % lookup.bar.shape[1]]
                scores.append(q[moment, head] @ key / math.sqrt(3) + bias)
            weights = torch.stack(scores).softmax(0)
            torch.testing.assert_close(found[moment, head], weights @ torch.stack(values))


def test_recurrent_layer_is_an_lstm_when_nothing_is_left_out():
    layer = Recurrent(4, 5, dropout=0.5)
    x = torch.randn(2, 6, 4)
    layer.eval()
    torch.testing.assert_close(layer(x), nn.LSTM.forward(layer, x)[0])
    layer.train()
    assert not torch.allclose(layer(x), layer(x))


def test_recurrent_dropout_reaches_the_gradient():
    """Weights that were left out of a pass get no gradient from it."""
    layer = Recurrent(4, 5, dropout=0.5).train()
    layer(torch.randn(2, 6, 4)).sum().backward()
    left_out = (layer.weight_hh_l0.grad == 0).float().mean()
    assert 0.25 < left_out < 0.75


def test_dropout_has_one_mask_for_all_moments():
    dropout = Dropout(0.5)
    x = torch.ones(3, 8, 40)
    out = dropout(x)
    assert (out == out[:, :1]).all() and set(out.unique().tolist()) == {0.0, 2.0}
    assert torch.equal(dropout.eval()(x), x)


def test_rows_are_columns_when_nothing_is_left_out():
    rows, columns = Rows(CONTEXT, 8, dropout=0.5), Columns(CONTEXT, 8)
    columns.load_state_dict(rows.state_dict())
    x = torch.stack([torch.randint(size, (2, 5)) for size in CONTEXT.sizes], -1)
    torch.testing.assert_close(rows.eval()(x), columns(x))


def test_rows_keep_their_mean_in_training():
    rows = Rows(CONTEXT, 1, dropout=0.3).train()
    with torch.no_grad():
        rows.weight.fill_(1.0)
    x = torch.zeros(1, 4000, len(CONTEXT.sizes), dtype=torch.long)
    assert rows(x).mean().item() == pytest.approx(len(CONTEXT.sizes), rel=0.02)
