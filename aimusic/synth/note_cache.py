"""Rendered notes, kept for when they come again: the latest in memory, those before them on disk.

A piece of five minutes asks for some seven hundred different sounds, 300 MB, several times each. Memory holds
what a short piece needs; what has to leave it goes to a file without a name, which is quicker to read than a note
is to make.
"""

import logging
import os
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable
from functools import cache

import numpy as np

from aimusic.synth.tape import read_all, scratch_file, write_all

log = logging.getLogger(__name__)

MEMORY_BYTES = 48 << 20
DISK_BYTES = 768 << 20


class NoteCache:
    """The most recently used sounds, up to a number of bytes; safe between threads.

    Args:
        capacity_bytes: kept in memory.
        disk_bytes: kept in a temporary file when they have left the memory.
    """

    def __init__(self, capacity_bytes: int, disk_bytes: int = 0):
        self.capacity_bytes = capacity_bytes
        self.held_bytes = 0
        self._notes: OrderedDict[tuple, np.ndarray] = OrderedDict()
        self._attic = Attic(disk_bytes)
        self._lock = threading.Lock()

    def get(self, key: tuple, make: Callable[[], np.ndarray]) -> np.ndarray:
        """The sound under a key, made when it is not there. Nobody may change the array."""
        with self._lock:
            if key in self._notes:
                self._notes.move_to_end(key)
                return self._notes[key]
            sound = self._attic.find(key)
        if sound is None:
            sound = make()
        sound.flags.writeable = False
        with self._lock:
            if key not in self._notes and sound.nbytes <= self.capacity_bytes // 4:
                self._notes[key] = sound
                self.held_bytes += sound.nbytes
            while self.held_bytes > self.capacity_bytes:
                oldest, left = self._notes.popitem(last=False)
                self.held_bytes -= left.nbytes
                self._attic.put(oldest, left)
        return sound


class Attic:
    """Sounds in a temporary file. When it is full everything goes: what is needed is soon there again.

    A disk that cannot be written costs a warning; from then on nothing more is put there.
    """

    def __init__(self, capacity_bytes: int):
        self.capacity_bytes = capacity_bytes
        self._file: int | None = None
        self._places: dict[tuple, tuple[int, tuple[int, ...]]] = {}
        self._end = 0

    def find(self, key: tuple) -> np.ndarray | None:
        """A copy of the sound, or None where it is not kept."""
        if key not in self._places:
            return None
        offset, shape = self._places[key]
        sound = np.empty(shape, np.float32)
        read_all(self._file, sound, offset)
        return sound

    def put(self, key: tuple, sound: np.ndarray) -> None:
        """Keep a float32 sound."""
        if key in self._places or sound.nbytes > self.capacity_bytes:
            return
        if self._end + sound.nbytes > self.capacity_bytes:
            self._places.clear()
            self._end = 0
        try:
            if self._file is None:
                self._file = scratch_file()
                weakref.finalize(self, os.close, self._file)
            write_all(self._file, np.ascontiguousarray(sound), self._end)
        except OSError as error:
            self.capacity_bytes = 0
            log.warning("notes cannot be kept on disk, they will be made again (%s)", error)
            return
        self._places[key] = (self._end, sound.shape)
        self._end += sound.nbytes


@cache
def note_cache() -> NoteCache:
    """The process's cache: a second piece in a style finds most of its notes here."""
    return NoteCache(MEMORY_BYTES, DISK_BYTES)
