"""Drawing classes from logits, seeded: one row per candidate, one uniform number per row."""

import numpy as np

CANDIDATES = 8  # always this many rows, so that sums inside the matrix products never change their order
DECIMALS = 3  # logits are rounded to these, so that the last bits of a float never choose a note


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """log p along the last axis, float64."""
    x = np.round(logits.astype(np.float64), DECIMALS)
    x = x - x.max(-1, keepdims=True)
    return x - np.log(np.exp(x).sum(-1, keepdims=True))


def draw(
    logits: np.ndarray, mask: np.ndarray, uniforms: np.ndarray, *, temperature: float, top_p: float
) -> np.ndarray:
    """One class per row from the likeliest allowed ones that together hold `top_p`.

    Args:
        logits, mask: (rows, classes); True in the mask is allowed, at least one in each row.
        uniforms: (rows,), each in [0, 1).
    """
    p = np.exp(log_softmax(np.where(mask, logits, -1e9)) / temperature) * mask
    p /= p.sum(1, keepdims=True)
    order = np.argsort(-p, 1, kind="stable")
    ranked = np.take_along_axis(p, order, 1)
    before = ranked.cumsum(1) - ranked
    ranked = np.where(before < top_p, ranked, 0.0)
    sums = ranked.cumsum(1)
    place = (sums <= (uniforms * sums[:, -1])[:, None]).sum(1)
    return np.take_along_axis(order, place[:, None], 1)[:, 0]
