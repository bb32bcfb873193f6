"""What a piece is called: a hash of everything that decides its bytes.

The request (with its seed), the code and tables of the engine, the style's folder with its weights, and the
numeric libraries. Equal names mean equal music, so a name can be answered from the library at once, and a
new engine never serves the music of an old one.
"""

import hashlib
import json
import secrets
from functools import cache
from importlib.metadata import version
from pathlib import Path

from aimusic.music.request import MAX_SEED, Request
from aimusic.style import Style
from aimusic.wishes.mood import in_mood

PACKAGE = Path(__file__).parents[1]
NUMERICS = ("numpy", "scipy", "torch", "soundfile")
_ELSEWHERE = {"service", "training", "styles", "settings.py", "cli.py", "__pycache__"}


def resolved(request: Request, style: Style) -> Request:
    """The request with a seed, drawn where it has none, and a tempo: its mood's or the style's where it has none.

    The key may stay open: the planner draws it from the seed.
    """
    seed = secrets.randbelow(MAX_SEED + 1) if request.seed is None else request.seed
    request = in_mood(request, style)
    return request.model_copy(update={"seed": seed, "tempo": request.tempo or style.tempo.default})


def piece_id(request: Request, style: Style) -> str:
    """24 hexadecimal digits that name the piece this request makes. The request must be resolved."""
    wishes = json.dumps(request.model_dump(mode="json"), sort_keys=True)
    text = "\n".join((wishes, engine_hash(), folder_hash(style.folder)))
    return hashlib.sha256(text.encode()).hexdigest()[:24]


@cache
def engine_hash() -> str:
    """Hash of the code and tables that make music, and of the versions of the numeric libraries."""
    parts = sorted(path for path in PACKAGE.iterdir() if path.name not in _ELSEWHERE)
    digest = hashlib.sha256()
    for part in parts:
        _add(digest, part)
    digest.update(" ".join(f"{name}=={version(name)}" for name in NUMERICS).encode())
    return digest.hexdigest()


@cache
def folder_hash(folder: Path) -> str:
    """Hash of the names and contents of the files in a folder."""
    digest = hashlib.sha256()
    _add(digest, folder)
    return digest.hexdigest()


def _add(digest, part: Path) -> None:
    files = [part] if part.is_file() else sorted(part.rglob("*"))
    for path in files:
        if path.is_file() and path.suffix != ".pyc":
            data = path.read_bytes()
            digest.update(f"{path.relative_to(PACKAGE.parent).as_posix()} {len(data)}\n".encode())
            digest.update(data)
