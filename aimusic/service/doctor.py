"""What may stand in the way of this installation, found without starting anything."""

import os
import shutil
import socket
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import soundfile

from aimusic.composer.checkpoint import PARTS, load_checkpoint
from aimusic.errors import InvalidCheckpoint, MusicError
from aimusic.formats.encoded import CODECS
from aimusic.service.health import Check
from aimusic.service.identity import NUMERICS
from aimusic.settings import Settings
from aimusic.style import load_styles


def examine(settings: Settings) -> Iterator[Check]:
    """Libraries, codecs, styles, data directory, disk and port, one check each."""
    yield _libraries()
    yield _codecs()
    yield from _styles()
    yield _folder(settings.data_dir.absolute())
    yield _disk(settings)
    yield _port(settings)


def _libraries() -> Check:
    found, missing = [], []
    for name in NUMERICS:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            missing.append(name)
    if missing:
        return Check("libraries", False, f"not installed: {', '.join(missing)}")
    return Check("libraries", True, ", ".join(found))


def _codecs() -> Check:
    """The formats that pieces can be had in."""
    missing = [
        name for name, codec in CODECS.items() if not soundfile.check_format(codec.container, codec.subtype)
    ]
    if missing:
        return Check("codecs", False, f"this libsndfile cannot write {', '.join(missing)}")
    return Check("codecs", True, f"{', '.join(CODECS)} with libsndfile {soundfile.__libsndfile_version__}")


def _styles() -> Iterator[Check]:
    """Each style's table and weights, read and checked in full."""
    try:
        styles = load_styles()
    except MusicError as error:
        yield Check("styles", False, str(error))
        return
    for name, style in styles.items():
        try:
            for part in PARTS:
                load_checkpoint(style.folder, part)
        except InvalidCheckpoint as error:
            yield Check(name, False, str(error))
        else:
            yield Check(name, True, f"{' and '.join(PARTS)} weights are whole")


def _folder(path: Path) -> Check:
    there = next(parent for parent in (path, *path.parents) if parent.exists())
    if there.is_dir() and os.access(there, os.W_OK | os.X_OK):
        return Check("data", True, f"{path} can be written")
    return Check("data", False, f"{there} cannot be written; set AIMUSIC_DATA_DIR or its permissions")


def _disk(settings: Settings) -> Check:
    path = settings.data_dir.absolute()
    there = next(parent for parent in (path, *path.parents) if parent.exists())
    free_mb = shutil.disk_usage(there).free / 1e6
    return Check(
        "disk", free_mb >= settings.min_free_mb, f"{free_mb:.0f} MB free, {settings.min_free_mb} MB needed"
    )


def _port(settings: Settings) -> Check:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            detail = f"{settings.host}:{settings.port}: {error.strerror}; if a server runs there, all is well"
            return Check("port", False, detail)
    return Check("port", True, f"{settings.host}:{settings.port} is free")
