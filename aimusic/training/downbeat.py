"""Where the bars begin: in many files an upbeat is not padded to a bar, so every bar line comes too early.

The accents of the music decide: downbeats have more notes, longer ones, lower basses and new harmony.
"""

import numpy as np

STEP_TICKS = 6  # upbeats are whole eighths
_BASS = 1.0  # weights of the accents, set on pieces whose upbeats are known (docs/training.md)
_LENGTH = 1.0
_HARMONY = 1.0
_KEEP = 1.2  # another downbeat must be this much stronger than the one the file states


def downbeat_shift(notes: np.ndarray, bar_ticks: int) -> int:
    """The tick (0 to bar_ticks - 1) of the first downbeat.

    Args:
        notes: shape (notes, 3): onset, length (ticks) and pitch of all pitched notes.
    """
    if not len(notes) or notes[:, 0].min() > 0:
        return 0  # an upbeat bar that begins with a rest was padded
    accents = _accents(notes, bar_ticks)
    places = range(0, bar_ticks, STEP_TICKS)
    strength = np.array([accents[place::bar_ticks].mean() for place in places])
    strength[0] *= _KEEP
    return int(np.argmax(strength)) * STEP_TICKS


def _accents(notes: np.ndarray, bar_ticks: int) -> np.ndarray:
    """How strongly the music begins anew at each tick, each kind of accent scaled to a mean of one."""
    ticks = max(2 * bar_ticks, int(notes[:, 0].max()) + 1)
    length = np.bincount(notes[:, 0], np.minimum(notes[:, 1], bar_ticks) / bar_ticks, minlength=ticks)
    return (
        _LENGTH * _scaled(length)
        + _BASS * _scaled(_bass(notes, ticks, bar_ticks))
        + _HARMONY * _scaled(_harmony(notes, ticks))
    )


def _bass(notes: np.ndarray, ticks: int, bar_ticks: int) -> np.ndarray:
    """Onsets in the lowest third of the notes, by how low and how long they are."""
    low = np.quantile(notes[:, 2], 0.33)
    basses = notes[notes[:, 2] <= low]
    weight = (low + 3 - basses[:, 2]) * np.sqrt(np.minimum(basses[:, 1], bar_ticks))
    return np.bincount(basses[:, 0], weight, minlength=ticks)[:ticks]


def _harmony(notes: np.ndarray, ticks: int, window: int = 12) -> np.ndarray:
    """Change of the pitch classes that begin in the quarter before and after each eighth."""
    steps = ticks // STEP_TICKS + 1
    chroma = np.zeros((steps, 12))
    np.add.at(chroma, (notes[:, 0] // STEP_TICKS, notes[:, 2] % 12), np.minimum(notes[:, 1], 24))
    span = window // STEP_TICKS
    sums = np.cumsum(np.vstack([np.zeros((1, 12)), chroma]), axis=0)
    index = np.arange(steps)
    after = sums[np.minimum(index + span, steps)] - sums[index]
    before = sums[index] - sums[np.maximum(index - span, 0)]
    norm = np.linalg.norm(after, axis=1) * np.linalg.norm(before, axis=1)
    change = np.where(norm > 0, 1 - (after * before).sum(axis=1) / np.maximum(norm, 1e-9), 0.0)
    result = np.zeros(steps * STEP_TICKS)
    result[::STEP_TICKS] = change
    return result[:ticks]


def _scaled(values: np.ndarray) -> np.ndarray:
    mean = values[::STEP_TICKS].mean()
    return values / mean if mean > 0 else values
