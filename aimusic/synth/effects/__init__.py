"""Effects on whole tracks and on the mix: filters, reverb, amplifiers, modulation, dynamics.

An effect that a track passes through is an `Effect`: it is given one block of the track after the other and keeps
what it must remember in between, so a piece of any length needs the memory of a block.
"""

from typing import Protocol

import numpy as np


class Effect(Protocol):
    """A sound passes through it block by block.

    Attributes:
        latency: how many samples its output lags behind; whoever plays it feeds it that much ahead.
        saturates: True where quiet and loud sound come out at nearly one level.
    """

    latency: int
    saturates: bool

    def process(self, block: np.ndarray) -> np.ndarray:
        """The next (2, samples) of the sound, float32, of the same length; may use the block's own memory.

        All blocks but the last are a whole number of hops of 63 samples long.
        """
        ...
