"""Named random streams: the only source of randomness in the project.

A stream is identified by a seed and a path of names, so `stream(7, "drums", "fills")` never changes
because somebody drew one more number for the melody.
"""

import hashlib

import numpy as np


def stream(seed: int, *names: str | int) -> np.random.Generator:
    """An independent PCG64 generator for one purpose of one piece."""
    path = "/".join(str(name) for name in (seed, *names))
    digest = hashlib.sha256(path.encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "little")))


def choose(rng: np.random.Generator, weights: dict) -> object:
    """Draw one key of `weights` with probability proportional to its value."""
    names = list(weights)
    p = np.asarray([weights[name] for name in names], dtype=float)
    if not names or p.min() < 0 or p.sum() <= 0:
        raise ValueError(f"weights must be non-negative with a positive sum, got {weights}")
    return names[int(np.searchsorted(np.cumsum(p / p.sum()), rng.random(), side="right").clip(0, len(names) - 1))]
