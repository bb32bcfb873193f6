"""Which styles have their weights, found without the numeric libraries: sums are compared, nothing is loaded."""

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from aimusic.style import Style

MANIFEST = "manifest.json"


def faults(styles: Mapping[str, Style]) -> dict[str, str]:
    """For each style that cannot be played, a sentence that names the file."""
    found = {name: _fault(style.folder) for name, style in styles.items()}
    return {name: fault for name, fault in found.items() if fault}


def _fault(folder: Path) -> str:
    try:
        sums = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        for name, wanted in sorted(sums.items()):
            status = (folder / name).stat()
            if _sum(folder / name, status.st_mtime_ns, status.st_size) != wanted:
                return f"{folder / name} is damaged"
    except OSError as error:
        return f"{error.filename} cannot be read ({error.strerror})"
    except (ValueError, AttributeError):
        return f"{folder / MANIFEST} is damaged"
    return "" if sums else f"{folder / MANIFEST} names no weights"


@cache
def _sum(path: Path, _changed_ns: int, _size: int) -> str:
    """SHA-256 of a file; computed again when the file's time or size is another."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
