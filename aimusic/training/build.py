"""Everything from a corpus to the weights in the style folders: backbones, adaptations, scores, cards."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch

from aimusic.composer.checkpoint import PARTS, Card, Checkpoint, load_checkpoint, save_checkpoint
from aimusic.composer.model import NETWORKS, Size
from aimusic.errors import InvalidData
from aimusic.style import Style, load_grooves
from aimusic.training.baselines import Baseline
from aimusic.training.batches import Lesson, lessons_of
from aimusic.training.cards import provenance, render_card, split_hash
from aimusic.training.corpus import Song, load_corpus, save_corpus
from aimusic.training.datasets import DataSet
from aimusic.training.evaluate import best_share, likelihoods, mixture_bits, network_bits
from aimusic.training.prepare import prepare
from aimusic.training.report import style_table, write_report
from aimusic.training.statistics import style_statistics
from aimusic.training.train import Progress, Recipe, best_of, train

BACKBONES = {
    "melody": Recipe("melody", steps=4000, minutes=60),
    "chords": Recipe("chords", steps=2000, minutes=20, size=Size(embedding=96, hidden=160, head=128)),
}
ADAPTING_RATE = 3e-4
ADAPTING_STEPS = 400

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, eq=False)
class School:
    """What all trainings of one corpus share.

    Attributes:
        songs: of all splits. styles: names in the order of the style tokens. data_sets: for the attributions.
        run: folder of the runs. device: of PyTorch. minutes: limit of a backbone; a style has a tenth of it.
        start: run folder of an earlier training whose backbones these ones continue, at half the rate.
    """

    songs: Sequence[Song]
    styles: tuple[str, ...]
    data_sets: Sequence[DataSet]
    run: Path
    device: str = "cpu"
    minutes: float | None = None
    start: Path | None = None
    say: Say = print

    def split(self, name: str) -> list[Song]:
        return [song for song in self.songs if song.split == name]


@dataclass(frozen=True, slots=True, eq=False)
class Lessons:
    """A part's lessons of each split."""

    train: list[Lesson]
    validation: list[Lesson]
    test: list[Lesson]


Backbone = tuple[dict[str, torch.Tensor], Progress]  # weights before any style, and what they took


def build(school: School, styles_dir: Path, styles: Mapping[str, Style], parts: Sequence[str] = PARTS) -> None:
    """Train what is asked for and write weights, manifest and card into each style's folder.

    Args:
        styles: those to adapt to; the backbone learns from all songs.
        parts: "melody", "chords" or both. A part that is not trained keeps its weights.
    """
    torch.set_num_threads(1)
    for part in parts:
        lessons = Lessons(*(lessons_of(school.split(name), part, school.styles) for name in Lessons.__slots__))
        school.say(f"{part}: {sum(map(len, lessons.train))} events in {len(lessons.train)} training songs")
        backbone = _backbone(school, part, lessons)
        for name in styles:
            checkpoint = _adapt(school, part, name, lessons, backbone)
            save_checkpoint(checkpoint, styles_dir / name)
            school.say(f"{name} {part}: {json.dumps(checkpoint.card.scores)}")
    for name in styles:
        write_card(styles_dir / name, name)


def corpus_of(run: Path, corpus: Path | None, data: Path | None) -> tuple[Song, ...]:
    """The songs of a corpus file; without one they are prepared from the data and kept in the run's folder."""
    file = corpus or run / "corpus.jsonl.gz"
    if corpus is None and not file.exists():
        assert data is not None
        songs, accounts = prepare(data)
        run.mkdir(parents=True, exist_ok=True)
        save_corpus(songs, file)
        write_report(file, accounts, style_table(songs))
    return load_corpus(file)


def write_card(folder: Path, style: str) -> None:
    """Write `card.md` from what the style's checkpoints and played grooves say of themselves."""
    cards = {
        part: load_checkpoint(folder, part).card for part in PARTS if (folder / f"{part}.safetensors").exists()
    }
    played = folder / "grooves.json"
    grooves = load_grooves(played) if played.exists() else None
    (folder / "card.md").write_text(render_card(style, cards, grooves), encoding="utf-8")


def _backbone(school: School, part: str, lessons: Lessons) -> Backbone:
    """Train the network that every style starts from."""
    recipe, start = BACKBONES[part], None
    if school.minutes is not None:
        recipe = replace(recipe, minutes=school.minutes)
    if school.start is not None:
        recipe = replace(recipe, learning_rate=recipe.learning_rate / 2)
        start = best_of(school.start / f"{part}-all")
    folder = school.run / f"{part}-all"
    return train(
        recipe, lessons.train, lessons.validation, school.styles, folder, start=start, device=school.device
    )


def _adapt(school: School, part: str, style: str, lessons: Lessons, backbone: Backbone) -> Checkpoint:
    """Fine-tune on the style's own songs with a replay of the others; the backbone stays where that is worse."""
    base = BACKBONES[part]
    recipe = replace(
        base,
        style=style,
        learning_rate=ADAPTING_RATE,
        steps=ADAPTING_STEPS,
        minutes=(school.minutes or base.minutes) / 10,
        validate_every=40,
        patience=4,
    )
    own = {name: [x for x in getattr(lessons, name) if style in x.styles] for name in Lessons.__slots__}
    if not own["train"] or not own["validation"]:
        raise InvalidData(f"the corpus has no {part} of {style!r} to learn from and to validate with")
    before = sum(_bits(part, recipe, backbone[0], own["validation"], school.styles))
    weights, progress = train(
        recipe,
        lessons.train,
        lessons.validation,
        school.styles,
        school.run / f"{part}-{style}",
        start=backbone,
        device=school.device,
    )
    if progress.best_bits >= before:
        weights = backbone[0]
    card = Card(
        part=part,
        style=style,
        styles=school.styles,
        size=asdict(recipe.size),
        datasets=provenance(school.split("train"), school.data_sets),
        recipe={
            "steps": progress.all_steps,
            "seconds": progress.all_s,
            "seed": recipe.seed,
            "split": split_hash(school.songs),
            "adapted": progress.best_bits < before,
        },
    )
    return _scored(school, card, weights, own)


def _bits(
    part: str, recipe: Recipe, weights: dict, lessons: Sequence[Lesson], styles: Sequence[str]
) -> list[float]:
    network = NETWORKS[part](recipe.size)
    network.load_state_dict(weights)
    return network_bits(network, part, lessons, styles, recipe.style)


def _scored(
    school: School, card: Card, weights: dict[str, torch.Tensor], own: dict[str, list[Lesson]]
) -> Checkpoint:
    """The checkpoint with its statistics, its trigram and the scores of what will be shipped (float16)."""
    arrays = {name: value.numpy().astype("float16").astype("float32") for name, value in weights.items()}
    baseline = Baseline.learn(card.part, own["train"])
    trigram = None
    if card.part == "melody":
        songs = [song for song in school.split("train") if card.style in song.styles and song.melody]
        card = replace(card, statistics=style_statistics(songs))
    else:
        network = NETWORKS["chords"](Size(**card.size))
        network.load_state_dict(weights)
        trigram = baseline.heads[0]
        mixed = mixture_bits(network, trigram, own["validation"], card.styles, card.style)
        card = replace(card, trigram_weight=best_share(mixed))
    checkpoint = Checkpoint(card, arrays, trigram)
    tested = own["test"] or own["validation"]
    scores = {**likelihoods(checkpoint, baseline, tested), "measured_on": "test" if own["test"] else "validation"}
    return replace(checkpoint, card=replace(card, scores=scores))
