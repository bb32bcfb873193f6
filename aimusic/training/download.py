"""Fetches data sets from a directory or a web server into a data directory, and checks every byte.

The source holds `manifest.json` and the files that it lists. A file appears under its name only when its
SHA-256 is right; until then it is `NAME.part`, from which a broken download over HTTP goes on.
"""

import http.client
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO
from urllib.error import HTTPError, URLError
from urllib.parse import quote
from urllib.request import Request, urlopen

from aimusic.errors import InvalidData
from aimusic.training.datasets import MANIFEST, DataFile, DataSet, catalog_file, read_manifest, sha256_of

CHUNK_BYTES = 1 << 18
TIMEOUT_S = 30.0
_RANGE_IGNORED, _RANGE_REFUSED = 200, 416

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a download: files that are in place, and files that are not, with the reason."""

    kept: tuple[str, ...]
    refused: dict[str, str]


class Source:
    """A directory or an http(s) address that holds `manifest.json`."""

    def __init__(self, place: str):
        self.place = place.rstrip("/")
        self.is_web = self.place.startswith(("http://", "https://"))

    def chunks(self, path: str, start: int = 0) -> Iterator[tuple[int, bytes]]:
        """The file in pieces, each with its place: from `start` on, or from 0 where a server ignores that.

        Raises InvalidData where it cannot be read.
        """
        try:
            with self._open(path, start) as (file, place):
                while chunk := file.read(CHUNK_BYTES):
                    yield place, chunk
                    place += len(chunk)
        except HTTPError as error:
            if error.code == _RANGE_REFUSED and start:
                raise RangeRefused(path) from error
            raise InvalidData(f"{path}: {self.place} answered {error.code} {error.reason}") from error
        except (OSError, http.client.HTTPException) as error:
            reason = error.reason if isinstance(error, URLError) else error
            raise InvalidData(f"{path}: cannot be read from {self.place} ({reason})") from error

    @contextmanager
    def _open(self, path: str, start: int) -> Iterator[tuple[BinaryIO, int]]:
        if self.is_web:
            headers = {"Range": f"bytes={start}-"} if start else {}
            with urlopen(Request(f"{self.place}/{quote(path)}", headers=headers), timeout=TIMEOUT_S) as answer:
                yield answer, 0 if answer.status == _RANGE_IGNORED else start
        else:
            with (Path(self.place) / path).open("rb") as file:
                file.seek(start)
                yield file, start


class RangeRefused(InvalidData):
    """The server holds fewer bytes than the partial file."""


def read_source(place: str) -> tuple[str, tuple[DataSet, ...]]:
    """The manifest of a directory or address, as text and as data sets."""
    content = b"".join(chunk for _, chunk in Source(place).chunks(MANIFEST))
    text = content.decode("utf-8", "replace")
    return text, read_manifest(text)


def download(
    place: str, to: Path, names: Iterable[str] = (), progress: Progress = lambda size_bytes: None
) -> Outcome:
    """Bring data sets into a data directory; what is there and right is not fetched again.

    Args:
        place: a directory, or the http(s) address of one.
        names: ids of data sets; every core one where empty.
        progress: told the number of bytes that are done, again and again.

    Raises:
        InvalidData: there is no manifest, a data set is unknown, or a path leaves the directory.
    """
    text, data_sets = read_source(place)
    files = files_of(text, chosen(data_sets, tuple(names)))
    for file in files:
        check_path(file.path)
    to.mkdir(parents=True, exist_ok=True)
    kept, refused = [], {}
    source = Source(place)
    for file in files:
        try:
            fetch(source, file, to, progress)
            kept.append(file.path)
        except InvalidData as error:
            refused[file.path] = str(error)
    _write_whole(to / MANIFEST, text.encode())
    return Outcome(tuple(kept), refused)


def chosen(data_sets: tuple[DataSet, ...], names: tuple[str, ...]) -> tuple[DataSet, ...]:
    """The data sets with these ids, or every core one."""
    if unknown := sorted(set(names) - {data_set.id for data_set in data_sets}):
        known = ", ".join(data_set.id for data_set in data_sets)
        raise InvalidData(f"{', '.join(unknown)}: no such data set; there are {known}")
    return tuple(d for d in data_sets if (d.id in names if names else d.tier == "core"))


def files_of(manifest: str, data_sets: tuple[DataSet, ...]) -> tuple[DataFile, ...]:
    """The catalog, and the files of the data sets."""
    return (catalog_file(manifest), *(file for data_set in data_sets for file in data_set.files))


def check_path(path: str) -> None:
    """Raises InvalidData for a path that is absolute, leaves its directory or is written oddly."""
    parts = PurePosixPath(path).parts
    odd = "\\" in path or ":" in path or "\0" in path
    if not parts or path.startswith("/") or ".." in parts or odd or str(PurePosixPath(path)) != path:
        raise InvalidData(f"{MANIFEST}: {path!r} is not a path inside the data directory")


def fetch(source: Source, file: DataFile, to: Path, progress: Progress) -> None:
    """Bring one file into place, going on from a partial one.

    Raises InvalidData where it cannot be read, or where its hash is wrong; then it is deleted.
    """
    target = to / file.path
    if target.is_file() and sha256_of(target) == file.sha256:
        progress(file.size_bytes)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(target.name + ".part")
    _fill(source, file, partial, progress)
    if partial.stat().st_size < file.size_bytes:
        raise InvalidData(f"{file.path}: the download broke off; run the command again to go on")
    if sha256_of(partial) != file.sha256:
        partial.unlink()
        target.unlink(missing_ok=True)
        raise InvalidData(f"{file.path}: its SHA-256 is not that of the manifest; deleted")
    partial.replace(target)


def _fill(source: Source, file: DataFile, partial: Path, progress: Progress) -> None:
    """Append to the partial file what it lacks; begin anew where the source cannot go on."""
    done = partial.stat().st_size if partial.exists() else 0
    if not 0 < done <= file.size_bytes:
        partial.write_bytes(b"")
        done = 0
    try:
        with partial.open("r+b") as out:
            out.seek(done)
            progress(done)
            for place, chunk in source.chunks(file.path, done) if done < file.size_bytes else ():
                if place < out.tell():  # the server began anew
                    progress(place - out.tell())
                    out.seek(place)
                    out.truncate()
                out.write(chunk)
                progress(len(chunk))
                if out.tell() > file.size_bytes:
                    return  # longer than the manifest says: the hash will refuse it
    except RangeRefused:
        partial.unlink()
        progress(-done)
        _fill(source, file, partial, progress)


def _write_whole(path: Path, content: bytes) -> None:
    """Write a file so that it appears whole or not at all."""
    partial = path.with_name(path.name + ".part")
    partial.write_bytes(content)
    partial.replace(path)
