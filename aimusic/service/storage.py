"""Finished files in one folder of the data directory: whole or absent, never half-written.

A file is written in `tmp/` on the same file system, synced, moved into `pieces/`, and the folder is synced
too, before any database row speaks of it.
"""

import errno
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from aimusic.errors import StorageFull, Unavailable


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of a piece; `sha256` is of its bytes, in hexadecimal."""

    name: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Storage:
    """The data directory."""

    root: Path

    @property
    def pieces(self) -> Path:
        return self.root / "pieces"

    @property
    def tmp(self) -> Path:
        return self.root / "tmp"

    def prepare(self) -> None:
        """Make the folders. Raises Unavailable when they cannot be written."""
        for folder in (self.pieces, self.tmp):
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise Unavailable(f"the data directory {self.root} cannot be used: {error.strerror}") from error
            if not os.access(folder, os.W_OK | os.X_OK):
                raise Unavailable(f"the data directory {self.root} cannot be written")

    def sweep(self, owner: str = "") -> None:
        """Remove what a worker that is gone left behind, or all of them."""
        for leftover in self.tmp.glob(f"{owner}*"):
            shutil.rmtree(leftover)

    def free_bytes(self) -> int:
        return shutil.disk_usage(self.root).free

    @contextmanager
    def workspace(self, owner: str) -> Iterator[Path]:
        """A temporary folder on the same file system, removed afterwards."""
        with full_disk_is_named(), TemporaryDirectory(prefix=f"{owner}-", dir=self.tmp) as folder:
            yield Path(folder)

    def keep(self, path: Path, name: str) -> StoredFile:
        """Sync a finished file and move it to its final name, replacing an identical one."""
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            size_bytes = file.seek(0, os.SEEK_END)
            os.fsync(file.fileno())
        path.rename(self.pieces / name)
        _sync_folder(self.pieces)
        return StoredFile(name, size_bytes, digest)

    def remove(self, name: str) -> None:
        (self.pieces / name).unlink(missing_ok=True)


@contextmanager
def full_disk_is_named() -> Iterator[None]:
    """Turn the operating system's words for a full disk into StorageFull."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageFull("the disk is full; free some space and ask again") from error
        raise


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
