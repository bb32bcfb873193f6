"""Sound on disk, read like an array: what a long piece would need in memory lies in a file without a name.

Both kinds here take `[:, start:stop]` and give (2, samples) float32, and `np.asarray` gives the whole. Files are
read into plain memory, not mapped, because mapped pages count as the process's own.
"""

import os
import tempfile
import weakref

import numpy as np

from aimusic.synth.effects.dynamics import HOP, apply_gain, hops

SAMPLE_BYTES = 4


def scratch_file() -> int:
    """The descriptor of an empty file in the system's temporary directory that vanishes when it is closed."""
    with tempfile.TemporaryFile(buffering=0) as file:
        return os.dup(file.fileno())


class Tape:
    """A stereo sound that is written once, block after block.

    Args:
        length: samples that it has room for; those not yet written are silent.
    """

    def __init__(self, length: int):
        self.shape = (2, length)
        self.written = 0
        self._file = scratch_file()
        os.truncate(self._file, 2 * SAMPLE_BYTES * length)
        weakref.finalize(self, os.close, self._file)

    def write(self, block: np.ndarray) -> None:
        """Append (2, samples) float32. Raises ValueError for more than there is room for."""
        if self.written + block.shape[1] > self.shape[1]:
            raise ValueError(f"a tape of {self.shape[1]} samples has no room for {block.shape[1]} more")
        for channel, sound in enumerate(block):
            write_all(self._file, np.ascontiguousarray(sound), self._offset(channel, self.written))
        self.written += block.shape[1]

    def __getitem__(self, key: tuple) -> np.ndarray:
        start, stop = _span(key, self.shape)
        out = np.empty((2, stop - start), np.float32)
        for channel, sound in enumerate(out):
            read_all(self._file, sound, self._offset(channel, start))
        return out

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        return self[:, :].astype(dtype or np.float32, copy=False)

    def _offset(self, channel: int, sample: int) -> int:
        return SAMPLE_BYTES * (channel * self.shape[1] + sample)


class Finished:
    """A tape with the gain that finishes it, applied whenever a piece of it is read.

    Args:
        tape: the sound.
        gain: at the hop borders, (hops + 1,).
    """

    def __init__(self, tape: Tape, gain: np.ndarray):
        self.shape = tape.shape
        self._tape, self._gain = tape, gain

    def __getitem__(self, key: tuple) -> np.ndarray:
        start, stop = _span(key, self.shape)
        first = start // HOP
        block = self._tape[:, first * HOP : stop]
        apply_gain(block, self._gain[first : hops(stop) + 1])
        return block[:, start - first * HOP :]

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        return self[:, :].astype(dtype or np.float32, copy=False)


def _span(key: tuple, shape: tuple[int, int]) -> tuple[int, int]:
    """First and last sample of `[:, start:stop]` (or `[..., start:stop]`), the only way to read a tape."""
    channels, time = key
    if channels not in (Ellipsis, slice(None)) or not isinstance(time, slice) or time.step is not None:
        raise TypeError("a tape is read as [:, start:stop]")
    start, stop, _ = time.indices(shape[1])
    return start, max(start, stop)


def write_all(file: int, data: np.ndarray, offset: int) -> None:
    """Write a contiguous array into a file."""
    left = memoryview(data).cast("B")
    while left:
        done = os.pwrite(file, left, offset)
        left, offset = left[done:], offset + done


def read_all(file: int, out: np.ndarray, offset: int) -> None:
    """Fill a contiguous array from a file."""
    left = memoryview(out).cast("B")
    while left:
        done = os.preadv(file, [left], offset)
        if not done:
            raise EOFError("a scratch file ended too soon")
        left, offset = left[done:], offset + done
