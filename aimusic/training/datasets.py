"""The data sets: what they are and under which licence (`manifest.json`), and how we read them (`datasets.toml`).

A data directory holds `manifest.json`, the catalog of MIDI files that it names, and a folder for each data
set. To add a data set, describe it in the manifest and add one table to `datasets.toml`.
"""

import csv
import gzip
import hashlib
import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from aimusic.errors import InvalidData

READING = Path(__file__).with_name("datasets.toml")
MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class DataFile:
    """One file: its path below the data directory, size in bytes, and SHA-256 in hexadecimal."""

    path: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class DataSet:
    """One data set.

    Attributes:
        tier: "core" is used by default; "optional" only where it is named.
        reader: a name in `readers.READERS`, or "" where `prepare` does not read it.
        options: keyword arguments of the reader.
        splits: "catalog" keeps the split of the catalog, "group" draws it from a hash of the group.
    """

    id: str
    title: str
    licence: str
    share_alike: bool
    tier: str
    styles: tuple[str, ...]
    attribution: str
    files: tuple[DataFile, ...]
    reader: str = ""
    splits: str = "group"
    options: Mapping = field(default_factory=dict)

    @property
    def size_bytes(self) -> int:
        return sum(file.size_bytes for file in self.files)


@dataclass(frozen=True, slots=True)
class Source:
    """What a reader gets: the folder, the licence, and the catalog's row of each MIDI file."""

    folder: Path
    licence: str
    share_alike: bool
    catalog: Mapping[str, Mapping[str, str]]


def read_manifest(text: str, reading: str | None = None) -> tuple[DataSet, ...]:
    """Every data set of a manifest, in the order of `datasets.toml`, then those that it does not read.

    Args:
        text: the manifest, JSON.
        reading: text of `datasets.toml`; the project's own where absent.

    Raises:
        InvalidData: names the data set and what is wrong.
    """
    how = tomllib.loads(READING.read_text(encoding="utf-8") if reading is None else reading)
    try:
        entries = {entry["id"]: entry for entry in json.loads(text)["datasets"]}
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidData(f"{MANIFEST}: not a manifest of data sets ({error})") from error
    order = [name for name in how if name in entries] + [name for name in entries if name not in how]
    return tuple(_data_set(entries[name], how.get(name, {})) for name in order)


def _data_set(entry: dict, how: dict) -> DataSet:
    options = dict(how)
    try:
        return DataSet(
            id=entry["id"],
            title=entry["title"],
            licence=entry["licence"],
            share_alike=entry["share_alike"],
            tier=entry["tier"],
            styles=tuple(entry["styles"]),
            attribution=entry["attribution"],
            files=tuple(DataFile(file["path"], file["bytes"], file["sha256"]) for file in entry["files"]),
            reader=options.pop("reader", ""),
            splits=options.pop("splits", "group"),
            options=options,
        )
    except (KeyError, TypeError) as error:
        raise InvalidData(f"{MANIFEST}: {entry.get('id')}: {error} is missing or mistyped") from error


def catalog_file(manifest: str) -> DataFile:
    """The catalog that a manifest names."""
    try:
        entry = json.loads(manifest)["catalog"]
        return DataFile(entry["path"], entry["bytes"], entry["sha256"])
    except (KeyError, TypeError) as error:
        raise InvalidData(f"{MANIFEST}: the catalog is missing or mistyped ({error})") from error


def load_data_sets(data_dir: Path) -> tuple[DataSet, ...]:
    """The data sets of a data directory. Raises InvalidData where there is no manifest."""
    path = data_dir / MANIFEST
    if not path.is_file():
        raise InvalidData(f"{path}: there is no manifest; name a directory that `aimusic download` filled")
    return read_manifest(path.read_text(encoding="utf-8"))


def check_files(data_dir: Path, files: Iterable[DataFile]) -> None:
    """Raises InvalidData that names the first file that is missing or not what the manifest says."""
    for file in files:
        path = data_dir / file.path
        if not path.is_file():
            raise InvalidData(f"{path}: missing; `aimusic download` brings it, or name other data sets")
        if sha256_of(path) != file.sha256:
            raise InvalidData(f"{path}: its SHA-256 is not that of the manifest; download it again")


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def load_catalog(data_dir: Path) -> dict[str, dict[str, dict[str, str]]]:
    """Rows of the catalog of MIDI files by data set and file."""
    path = data_dir / catalog_file((data_dir / MANIFEST).read_text(encoding="utf-8")).path
    catalog: dict[str, dict[str, dict[str, str]]] = {}
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            catalog.setdefault(row["dataset"], {})[row["file"]] = row
    return catalog
