"""Witten-Bell n-grams are distributions, follow the formula, and survive storage."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimusic.composer.ngram import NGram, learn_sequences

sequences = st.lists(st.lists(st.integers(0, 4), min_size=1, max_size=12), min_size=1, max_size=4)


def test_the_bigram_is_the_formula():
    """After a a b: P(b | a) = (n(a, b) + t(a) P(b)) / (n(a) + t(a)), and P(b) likewise from 1 / size."""
    gram = learn_sequences(4, 2, [[0, 0, 1]])
    p_b = (1 + 2 * (1 / 4)) / (3 + 2)
    assert gram.probability([], 1, order=1) == pytest.approx(p_b)
    assert gram.probability([0], 1) == pytest.approx((1 + 2 * p_b) / (2 + 2))


def test_an_unseen_context_falls_back_to_the_shorter_one():
    gram = learn_sequences(4, 3, [[0, 1, 2, 0, 1, 2]])
    assert gram.probability([3, 1], 2) == pytest.approx(gram.probability([1], 2, order=2))


@given(sequences, st.lists(st.integers(0, 5), min_size=2, max_size=2))
def test_probabilities_are_positive_and_sum_to_one(sequences, context):
    p = learn_sequences(5, 3, sequences).probabilities(context)
    assert p.min() > 0
    assert p.sum() == pytest.approx(1)


@given(sequences, st.lists(st.integers(0, 5), min_size=2, max_size=2), st.integers(1, 3))
def test_one_symbol_and_all_symbols_agree(sequences, context, order):
    gram = learn_sequences(5, 3, sequences)
    singles = [gram.probability(context, symbol, order) for symbol in range(5)]
    assert singles == pytest.approx(gram.probabilities(context, order).tolist())


@given(sequences)
def test_arrays_hold_everything(sequences):
    gram = learn_sequences(5, 3, sequences)
    again = NGram.from_arrays(5, gram.to_arrays())
    for context in ([5, 5], [0, 1], [4, 4], [2, 0]):
        assert np.array_equal(gram.probabilities(context), again.probabilities(context))
