"""Sounds that are costly to make, kept in memory and on disk: PADsynth tables and drum hits.

A sound is a pure function of its recipe, so the recipe is its name. The name on disk also holds a
fingerprint of the engine's own source: a file made by other code is never read, only evicted.
"""

import hashlib
import json
import logging
import os
import tempfile
from collections import OrderedDict
from collections.abc import Callable
from functools import cache
from pathlib import Path
from threading import Lock

import numpy as np
import scipy

from aimusic.music import chance

log = logging.getLogger(__name__)


class Bank:
    """A cache of read-only float32 arrays, least recently used first to go.

    Threads may share one bank and processes may share one directory. A directory that cannot be written
    costs a warning and nothing else: sounds are then kept in memory only.

    Args:
        directory: where files are kept, made on first use; None keeps everything in memory only.
        memory_bytes, disk_bytes: how much is kept before the oldest goes.
    """

    def __init__(
        self, directory: Path | None = None, *, memory_bytes: int = 192 << 20, disk_bytes: int = 512 << 20
    ):
        self.directory = directory
        self.memory_bytes = memory_bytes
        self.disk_bytes = disk_bytes
        self._sounds: OrderedDict[str, np.ndarray] = OrderedDict()
        self._held_bytes = 0
        self._lock = Lock()
        self._making: dict[str, Lock] = {}
        self._warned = False

    def get(self, name: str, make: Callable[..., np.ndarray], **recipe) -> np.ndarray:
        """The array that `make(**recipe)` returns, made at most once.

        Args:
            name: of the instrument, for people who look into the directory.
            make: a pure function that returns float32.
            recipe: every parameter, as JSON values; any difference makes another file.
        """
        key = file_name(name, make, recipe)
        with self._lock:
            if key in self._sounds:
                self._sounds.move_to_end(key)
                return self._sounds[key]
            making = self._making.setdefault(key, Lock())
        with making:
            with self._lock:
                if key in self._sounds:
                    return self._sounds[key]
            sound = self._load(key)
            if sound is None:
                sound = make(**recipe)
                sound.flags.writeable = False
                self._save(key, sound)
            self._remember(key, sound)
            return sound

    def _remember(self, key: str, sound: np.ndarray) -> None:
        with self._lock:
            self._making.pop(key, None)
            self._sounds[key] = sound
            self._held_bytes += sound.nbytes
            while self._held_bytes > self.memory_bytes and len(self._sounds) > 1:
                self._held_bytes -= self._sounds.popitem(last=False)[1].nbytes

    def _load(self, key: str) -> np.ndarray | None:
        """The file, memory-mapped, or None where it is absent or damaged (then it will be written again)."""
        if self.directory is None:
            return None
        try:
            sound = np.load(self.directory / key, mmap_mode="r", allow_pickle=False)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, EOFError) as error:
            log.warning("%s: not readable, made again (%s)", self.directory / key, error)
            return None
        return sound if sound.dtype == np.float32 else None

    def _save(self, key: str, sound: np.ndarray) -> None:
        """Write beside, then rename: other processes see the whole file or none."""
        if self.directory is None or self._warned:
            return
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            handle, beside = tempfile.mkstemp(dir=self.directory, prefix=".", suffix=".npy")
            try:
                with os.fdopen(handle, "wb") as file:
                    np.save(file, sound, allow_pickle=False)
                os.replace(beside, self.directory / key)
            except OSError:
                Path(beside).unlink(missing_ok=True)
                raise
            self._evict()
        except OSError as error:
            self._warned = True
            log.warning("%s: cannot keep sounds here, memory only from now on (%s)", self.directory, error)

    def _evict(self) -> None:
        """Remove the oldest files beyond the cap. Another process may be doing the same."""
        files = []
        for path in self.directory.glob("*.npy"):
            try:
                status = path.stat()
            except FileNotFoundError:
                continue
            files.append((status.st_mtime_ns, path.name, status.st_size))
        excess = sum(size for _, _, size in files) - self.disk_bytes
        for _, name, size in sorted(files):
            if excess <= 0:
                break
            (self.directory / name).unlink(missing_ok=True)
            excess -= size


def file_name(name: str, make: Callable[..., np.ndarray], recipe: dict) -> str:
    """`instrument-engine-recipe.npy`. Raises TypeError for a parameter that JSON cannot write."""
    text = json.dumps([make.__module__, make.__qualname__, recipe], sort_keys=True, allow_nan=False)
    return f"{name}-{engine_version()}-{hashlib.sha256(text.encode()).hexdigest()[:20]}.npy"


@cache
def engine_version() -> str:
    """A fingerprint of the engine: its source files, and the libraries that draw and transform its numbers."""
    digest = hashlib.sha256(f"numpy {np.__version__} scipy {scipy.__version__}".encode())
    folder = Path(__file__).parent
    for path in (Path(chance.__file__), *sorted(folder.rglob("*.py"))):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:8]


_bank = Bank()


def use_bank(bank: Bank) -> None:
    """Keep sounds in this bank from now on: called once, by the process that sets up rendering.

    The bank changes how fast a note is made, never how it sounds, so it is not an argument of every voice.
    """
    global _bank
    _bank = bank


def cached(name: str, make: Callable[..., np.ndarray], **recipe) -> np.ndarray:
    """`make(**recipe)` from the bank in use; the array is read-only."""
    return _bank.get(name, make, **recipe)
