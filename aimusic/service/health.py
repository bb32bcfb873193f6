"""Can the service make music? Each check is one sentence with a yes or a no."""

import os
import time
from dataclasses import dataclass
from importlib.util import find_spec

from sqlalchemy.exc import SQLAlchemyError

from aimusic.errors import MusicError
from aimusic.service.records import Records
from aimusic.service.weights import faults
from aimusic.style import load_styles

START_S = 30.0  # workers that load their libraries may be silent for so long after the start
PROCESS_STARTED = time.monotonic()


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must be well; `detail` says what was found."""

    name: str
    ok: bool
    detail: str


def checks(records: Records) -> list[Check]:
    """Database, style files, disk, folder and workers, in this order."""
    return [_database(records), _styles(), _disk(records), _workers(records)]


def libraries() -> dict[str, bool]:
    """Which families of libraries are installed, found without loading them."""
    return {
        "audio_libs": all(find_spec(name) for name in ("numpy", "scipy", "soundfile")),
        "ai_libs": all(find_spec(name) for name in ("torch", "safetensors")),
    }


def _database(records: Records) -> Check:
    try:
        counts = records.jobs.counts()
    except SQLAlchemyError as error:
        return Check("database", False, f"{records.database.path}: {str(error).splitlines()[0]}")
    return Check("database", True, f"{counts['queued']} jobs wait, {counts['running']} run")


def _styles() -> Check:
    """Well while one style can be played; the others are named."""
    try:
        styles = load_styles()
    except MusicError as error:
        return Check("styles", False, str(error))
    missing = faults(styles)
    detail = "; ".join([f"{len(styles) - len(missing)} of {len(styles)} can be played", *missing.values()])
    return Check("styles", len(missing) < len(styles), detail)


def _disk(records: Records) -> Check:
    root = records.storage.root
    if not os.access(root, os.W_OK | os.X_OK):
        return Check("disk", False, f"{root} cannot be written")
    free_mb, needed_mb = records.storage.free_bytes() / 1e6, records.settings.min_free_mb
    return Check("disk", free_mb >= needed_mb, f"{free_mb:.0f} MB free, {needed_mb} MB needed")


def _workers(records: Records) -> Check:
    try:
        alive = records.roster.alive()
    except SQLAlchemyError:
        return Check("workers", False, "unknown without the database")
    able = [member for member in alive if member.state != "starting"]
    if able:
        return Check("workers", True, f"{len(able)} of {records.settings.workers} ready")
    return Check("workers", False, f"{len(alive)} of {records.settings.workers} starting, none ready")


def is_starting() -> bool:
    """True while it is too early to call silent workers a fault."""
    return time.monotonic() - PROCESS_STARTED < START_S
