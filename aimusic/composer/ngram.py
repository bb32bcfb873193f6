"""Interpolated Witten-Bell n-grams: the baseline of every network, and the chord network's partner.

For a context c seen n(c) times with t(c) different successors,

    P(s | c) = (n(c, s) + t(c) P(s | c')) / (n(c) + t(c)),        c' = c without its oldest symbol,

down to the uniform distribution. Source: I. Witten and T. Bell, IEEE Trans. Information Theory 37(4), 1991.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

Arrays = Mapping[str, np.ndarray]


class NGram:
    """Counts of symbols (0 .. size-1) after contexts of up to `order - 1` symbols, oldest first.

    A context symbol may be any integer from 0 to `size`; `size` itself means "nothing yet".
    """

    def __init__(self, size: int, order: int):
        self.size, self.order = size, order
        self._counts: list[dict[tuple[int, ...], Counter[int]]] = [{} for _ in range(order)]
        self._stored: list[tuple[np.ndarray, np.ndarray]] = []  # packed contexts and rows, see from_arrays

    def learn(self, context: Sequence[int], symbol: int) -> None:
        """Count one symbol after its context; the last `order - 1` symbols of the context matter."""
        assert not self._stored, "an n-gram that was read from arrays learns no more"
        for length, table in enumerate(self._counts):
            key = tuple(context[len(context) - length :])
            table.setdefault(key, Counter())[symbol] += 1

    def _seen(self, context: Sequence[int], length: int) -> Counter[int]:
        """How often each symbol followed the last `length` symbols of a context; empty if it never came up."""
        key = tuple(context[len(context) - length :])
        table = self._counts[length]
        if key not in table:
            if not self._stored:
                return Counter()
            packed, rows = self._stored[length]
            start, end = np.searchsorted(packed, [self._pack(key), self._pack(key) + 1])
            table[key] = Counter(dict(rows[start:end, -2:].tolist()))
        return table[key]

    def _pack(self, key: Sequence) -> int:
        """A context as one number that sorts like the context; works on columns too."""
        number = 0
        for symbol in key:
            number = number * (self.size + 1) + symbol
        return number

    def probabilities(self, context: Sequence[int], order: int | None = None) -> np.ndarray:
        """P(symbol | context), shape (size,), float64; never zero. `order` 1 ignores the context."""
        p = np.full(self.size, 1 / self.size)
        for length in range(order or self.order):
            seen = self._seen(context, length)
            if not seen:
                break
            total, different = sum(seen.values()), len(seen)
            p = p * (different / (total + different))
            p[list(seen)] += np.fromiter(seen.values(), float) / (total + different)
        return p

    def probability(self, context: Sequence[int], symbol: int, order: int | None = None) -> float:
        """P(symbol | context) of one symbol."""
        p = 1 / self.size
        for length in range(order or self.order):
            seen = self._seen(context, length)
            if not seen:
                break
            total, different = sum(seen.values()), len(seen)
            p = (seen[symbol] + different * p) / (total + different)
        return p

    def to_arrays(self) -> dict[str, np.ndarray]:
        """For each length of context the rows (context ..., symbol, count), sorted."""
        if self._stored:
            return {f"context{length}": rows for length, (_, rows) in enumerate(self._stored)}
        arrays = {}
        for length, table in enumerate(self._counts):
            rows = sorted((*key, symbol, count) for key, seen in table.items() for symbol, count in seen.items())
            arrays[f"context{length}"] = np.asarray(rows, np.int32).reshape(len(rows), length + 2)
        return arrays

    @classmethod
    def from_arrays(cls, size: int, arrays: Arrays) -> "NGram":
        """What `to_arrays` wrote. Counters are made when a context is first asked for, so this is quick."""
        gram = cls(size, len(arrays))
        for length in range(gram.order):
            rows = arrays[f"context{length}"]
            columns = rows[:, :length].astype(np.int64).T
            packed = gram._pack(columns) if length else np.zeros(len(rows), np.int64)
            gram._stored.append((packed, rows))
        return gram


def learn_sequences(size: int, order: int, sequences: Iterable[Sequence[int]]) -> NGram:
    """An n-gram of plain sequences, each of which begins with "nothing yet"."""
    gram = NGram(size, order)
    for sequence in sequences:
        padded = [size] * (order - 1) + list(sequence)
        for place in range(order - 1, len(padded)):
            gram.learn(padded[place - order + 1 : place], padded[place])
    return gram
