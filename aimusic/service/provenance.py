"""Where a piece comes from: versions and hashes of what made it, and what the networks have learned from.

Recorded when a piece is made, because a later engine did not make it. Nothing numeric is loaded: the data sets
stand in the header of the weights files.
"""

import json
from importlib.metadata import version
from pathlib import Path

from aimusic import __version__
from aimusic.service.identity import NUMERICS, engine_hash, folder_hash
from aimusic.style import Style

SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
_TOLD = ("id", "title", "licence", "share_alike", "attribution", "songs")


def provenance(style: Style) -> dict:
    """What makes a piece of this style today."""
    return {
        "version": __version__,
        "engine_hash": engine_hash(),
        "style_hash": folder_hash(style.folder),
        "libraries": {name: version(name) for name in NUMERICS},
        "training_data": training_data(style.folder),
    }


def training_data(folder: Path) -> list[dict]:
    """The data sets that the weights of a style name, each once."""
    entries = {}
    for path in sorted(folder.glob("*.safetensors")):
        for entry in card(path)["datasets"]:
            entries[entry["id"]] = {name: entry[name] for name in _TOLD}
    return [entries[name] for name in sorted(entries)]


def card(weights: Path) -> dict:
    """The card in the header of a safetensors file: 8 bytes of length, then JSON."""
    with weights.open("rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    return json.loads(header["__metadata__"]["aimusic"])
