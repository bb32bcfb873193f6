"""Weights that know how to rebuild themselves: one safetensors file a part, with a card inside.

The file holds the network in float16, the style's trigram where there is one, and as metadata one JSON object:
part, vocabulary version, styles, sizes, data sets with their licences, statistics and scores. Beside the files
lies `manifest.json` with their SHA-256 sums. Loading checks all of it; nothing here needs PyTorch.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from aimusic.composer.features import (
    CHORD_INPUT,
    DURATION_INPUT,
    INTERVALS,
    LENGTH_INPUT,
    MELODY_INPUT,
    NO_DEGREE,
    PITCH_INPUT,
    SOURCES,
)
from aimusic.composer.ngram import NGram
from aimusic.composer.vocabulary import CHORD_LENGTHS, CHORDS, DURATIONS, PITCHES, STEPS, VERSION
from aimusic.errors import InvalidCheckpoint

MANIFEST = "manifest.json"
PARTS = ("melody", "chords")
_METADATA_KEY = "aimusic"
_TRIGRAM = "trigram."
_TRIGRAM_TABLES = frozenset(f"{_TRIGRAM}context{length}" for length in range(3))


@dataclass(frozen=True, slots=True)
class Card:
    """What a checkpoint says about itself.

    Attributes:
        part: "melody" or "chords". style: what it was adapted to.
        styles: names of the style tokens, in order. size: widths of the network.
        datasets: for each data set its id, licence, attribution, songs and events.
        statistics: ranges of the critic and levels of density, by name. trigram_weight: of the log-linear mixture.
        scores: measurements by name. recipe: the configuration of the training.
    """

    part: str
    style: str
    styles: tuple[str, ...]
    size: Mapping[str, float]
    vocabulary: int = VERSION
    datasets: tuple[Mapping, ...] = ()
    statistics: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    trigram_weight: float = 0.0
    scores: Mapping = field(default_factory=dict)
    recipe: Mapping = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Checkpoint:
    """A part's network (float32 arrays by parameter name), its trigram, and its card."""

    card: Card
    weights: Mapping[str, np.ndarray]
    trigram: NGram | None = None


def file_of(folder: Path, part: str) -> Path:
    """Where a style folder keeps the weights of a part."""
    return folder / f"{part}.safetensors"


def shapes(part: str, size: Mapping[str, float]) -> dict[str, tuple[int, ...]]:
    """Name and shape of every array of a network."""
    embedding, hidden, head = (int(size[name]) for name in ("embedding", "hidden", "head"))
    wide = hidden + embedding
    found: dict[str, tuple[int, ...]] = {}

    def linear(name: str, inputs: int, outputs: int) -> None:
        found[f"{name}.weight"], found[f"{name}.bias"] = (outputs, inputs), (outputs,)

    def head_of(name: str, inputs: int, classes: int) -> None:
        linear(f"{name}.hidden", inputs, head)
        linear(f"{name}.classes", head, classes)
        linear(f"{name}.gates", head, len(SOURCES))

    for layer in range(int(size["layers"])):
        found[f"gru.weight_ih_l{layer}"] = (3 * hidden, hidden if layer else embedding)
        found[f"gru.weight_hh_l{layer}"] = (3 * hidden, hidden)
        found[f"gru.bias_ih_l{layer}"] = found[f"gru.bias_hh_l{layer}"] = (3 * hidden,)
    if part == "melody":
        tables = {"input": MELODY_INPUT, "pitch_input": PITCH_INPUT, "duration_input": DURATION_INPUT}
        head_of("step_head", hidden, STEPS)
        head_of("pitch_head", wide, PITCHES)
        linear("interval", head, INTERVALS + 1)
        linear("degree", head, NO_DEGREE + 1)
        head_of("duration_head", wide + embedding, DURATIONS)
    else:
        tables = {"input": CHORD_INPUT, "length_input": LENGTH_INPUT}
        head_of("chord_head", hidden, CHORDS)
        head_of("length_head", wide, CHORD_LENGTHS)
    return {**found, **{f"{name}.weight": (table.rows, embedding) for name, table in tables.items()}}


def save_checkpoint(checkpoint: Checkpoint, folder: Path) -> Path:
    """Write a part's file into a style folder and its sum into the manifest; returns the file."""
    arrays = {name: np.ascontiguousarray(value, np.float16) for name, value in checkpoint.weights.items()}
    if checkpoint.trigram is not None:
        arrays |= {_TRIGRAM + name: rows for name, rows in checkpoint.trigram.to_arrays().items()}
    data = save(arrays, {_METADATA_KEY: json.dumps(asdict(checkpoint.card), sort_keys=True)})
    folder.mkdir(parents=True, exist_ok=True)
    path = file_of(folder, checkpoint.card.part)
    _replace(path, data)
    manifest = _read_manifest(folder) if (folder / MANIFEST).exists() else {}
    manifest[path.name] = hashlib.sha256(data).hexdigest()
    _replace(folder / MANIFEST, (json.dumps(manifest, indent=1, sort_keys=True) + "\n").encode())
    return path


def _replace(path: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    unfinished = path.with_name(path.name + ".part")
    unfinished.write_bytes(data)
    unfinished.replace(path)


def _read_manifest(folder: Path) -> dict[str, str]:
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InvalidCheckpoint(f"{path}: missing or damaged ({error})") from error
    if not isinstance(manifest, dict):
        raise InvalidCheckpoint(f"{path}: missing or damaged (it must be a table of sums by file)")
    return manifest


def load_checkpoint(folder: Path, part: str) -> Checkpoint:
    """Read and check a part's weights. Raises InvalidCheckpoint that names the file and what is wrong."""
    path = file_of(folder, part)
    wanted = _read_manifest(folder).get(path.name)
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise InvalidCheckpoint(f"{path}: cannot be read; train the style first ({error})") from error
    if found != wanted:
        raise InvalidCheckpoint(f"{path}: is damaged: its SHA-256 is {found}, the manifest says {wanted}")
    try:
        with safe_open(path, framework="numpy") as file:
            card = _read_card(json.loads((file.metadata() or {})[_METADATA_KEY]))
            arrays = {name: file.get_tensor(name) for name in list(file.keys())}
        expected = shapes(part, card.size)
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise InvalidCheckpoint(f"{path}: not a checkpoint of this program ({error!r})") from error
    return _checked(path, part, card, arrays, expected)


def _read_card(fields: dict) -> Card:
    lists = {name: tuple(fields[name]) for name in ("styles", "datasets")}
    statistics = {name: tuple(values) for name, values in fields["statistics"].items()}
    return Card(**{**fields, **lists, "statistics": statistics})


def _checked(
    path: Path, part: str, card: Card, arrays: dict[str, np.ndarray], expected: dict[str, tuple[int, ...]]
) -> Checkpoint:
    if (card.part, card.vocabulary) != (part, VERSION):
        raise InvalidCheckpoint(
            f"{path}: holds {card.part!r} of vocabulary {card.vocabulary}, "
            f"wanted {part!r} of {VERSION}; train again"
        )
    if card.style not in card.styles:
        raise InvalidCheckpoint(f"{path}: is of style {card.style!r}, which its own list of styles lacks")
    weights = {name: a.astype(np.float32) for name, a in arrays.items() if not name.startswith(_TRIGRAM)}
    found = {name: value.shape for name, value in weights.items()}
    if found != expected:
        wrong = sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
        raise InvalidCheckpoint(f"{path}: arrays do not fit this program: {', '.join(wrong)}; train again")
    if not all(np.isfinite(value).all() for value in weights.values()):
        raise InvalidCheckpoint(f"{path}: holds numbers that are not finite; train again")
    tables = arrays.keys() - weights.keys()
    if tables and tables != _TRIGRAM_TABLES:
        wrong = sorted(tables ^ _TRIGRAM_TABLES)
        raise InvalidCheckpoint(f"{path}: tables of the trigram do not fit: {', '.join(wrong)}; train again")
    trigram = {name.removeprefix(_TRIGRAM): arrays[name] for name in tables}
    return Checkpoint(card, weights, NGram.from_arrays(CHORDS, trigram) if trigram else None)
