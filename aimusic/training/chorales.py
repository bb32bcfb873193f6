"""The chorale benchmark: Bach's chorales, a network that learns them, and the figure.

An *event* is one voice in one 16th-note frame, silent and held ones included; the data write a held note as its
pitch again, so predicting "the same as before" is part of the figure. The figure is the mean over all events of a
split of -ln P(event | all earlier frames, and the voices above in this frame). The first frame counts; the end of
a piece is not predicted.
"""

import gzip
import json
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from aimusic.composer.chorale import ChoraleNet, ChoraleSize
from aimusic.composer.chorale_features import (
    SCORE_ORDER,
    VOICES,
    Chorale,
    Lesson,
    first_root,
    make_lesson,
    with_memory,
)
from aimusic.composer.tunes import SILENT, TuneMemory
from aimusic.errors import InvalidCheckpoint, InvalidData
from aimusic.music.chance import stream

SPLITS = ("train", "valid", "test")
IGNORE = -100
BEAT = 4  # frames
FARTHEST_SHIFT = 5  # semitones up or down in training
OTHER_ROOTS = (
    3,
    5,
    7,
    9,
)  # semitones from the root of the first frame to where the tonic lies when it is not that

Chorales = Sequence[Chorale]


def read_chorales(path: Path) -> dict[str, list[np.ndarray]]:
    """Split name -> chorales, each (frames, 4), soprano to bass, MIDI pitches or -1.

    Raises:
        InvalidData: the file is not a train, a valid and a test split of four-voice frames.
    """
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rt", encoding="utf-8") as file:
            splits = json.load(file)
        chorales = {name: [np.asarray(chorale, dtype=np.int64) for chorale in splits[name]] for name in SPLITS}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InvalidData(f"{path}: not a file of chorales ({error})") from error
    for name, pieces in chorales.items():
        for index, piece in enumerate(pieces):
            if piece.ndim != 2 or piece.shape[1] != VOICES or piece.min() < SILENT or piece.max() > 127:
                raise InvalidData(f"{path}: {name}[{index}] is not frames of four MIDI pitches")
    return chorales


def remember(splits: Mapping[str, Sequence[np.ndarray]], memory: bool = True) -> dict[str, list[Chorale]]:
    """The splits with what a memory of the training split recalls; a training piece does not recall itself.

    Without `memory` nothing is recalled, not even the piece's own past.
    """
    if not memory:
        return {name: [Chorale.unheard(voices) for voices in pieces] for name, pieces in splits.items()}
    tunes = TuneMemory()
    numbers = [tunes.learn(voices) for voices in splits["train"]]
    chorales = {
        name: [with_memory(voices, tunes) for voices in splits[name]] for name in splits if name != "train"
    }
    own = [with_memory(voices, tunes, number) for voices, number in zip(splits["train"], numbers, strict=True)]
    return {"train": own, **chorales}


@dataclass(frozen=True, slots=True)
class ChoraleRecipe:
    """Everything that decides a run beside its data.

    Attributes:
        memory: whether the network is told what followed the same tune elsewhere; see `remember`.
        steps: length of the cosine schedule. minutes: wall time after which it ends sooner.
        batch: whole chorales in a batch.
        average: share of the old mean when the running mean of the weights takes a step; the mean is what counts.
        doubt: how often training takes another tone than the root of the first frame for the key.
        shuffle: how often the voices take their turns in another order than soprano to bass.
        crop: how often a piece begins later than at its beginning.
        validate_every: steps.
    """

    seed: int = 1
    memory: bool = True
    steps: int = 900
    minutes: float = 60.0
    batch: int = 16
    learning_rate: float = 3e-3
    weight_decay: float = 0.3
    clip: float = 1.0
    average: float = 0.99
    doubt: float = 0.3
    shuffle: float = 0.25
    crop: float = 0.3
    validate_every: int = 50
    size: ChoraleSize = field(default_factory=ChoraleSize)


@dataclass(frozen=True, slots=True)
class Batch:
    """Lessons side by side, (batch, longest, ...), padded at their ends; padded targets are IGNORE."""

    context: Tensor
    turn: Tensor
    near: Tensor
    targets: Tensor

    @property
    def events(self) -> int:
        return int((self.targets != IGNORE).sum())


def collate(lessons: Sequence[Lesson]) -> Batch:
    """One batch of lessons of any lengths."""
    longest = max(map(len, lessons))

    def side_by_side(name: str, fill: int) -> Tensor:
        arrays = [getattr(lesson, name) for lesson in lessons]
        rows = np.full((len(lessons), longest, *arrays[0].shape[1:]), fill)
        for row, array in zip(rows, arrays, strict=True):
            row[: len(array)] = array
        return torch.from_numpy(rows)

    return Batch(*(side_by_side(name, 0) for name in ("context", "turn", "near")), side_by_side("targets", IGNORE))


def training_batches(chorales: Chorales, recipe: ChoraleRecipe, epoch: int) -> Iterator[Batch]:
    """One epoch: every chorale once, varied, beside others of about its length."""
    rng = stream(recipe.seed, "chorales", epoch)
    pitches = np.concatenate([chorale.voices[chorale.voices != SILENT] for chorale in chorales])
    low, high = int(pitches.min()), int(pitches.max())
    order = (np.array([len(chorale) for chorale in chorales]) * rng.uniform(0.8, 1.25, len(chorales))).argsort()
    for start in rng.permutation(np.arange(0, len(order), recipe.batch)):
        members = order[start : start + recipe.batch]
        yield collate([_varied(chorales[index], recipe, rng, low, high) for index in members])


def _varied(chorale: Chorale, recipe: ChoraleRecipe, rng: np.random.Generator, low: int, high: int) -> Lesson:
    chorale = chorale.transposed(random_shift(chorale.voices, rng, low, high))
    if rng.random() < recipe.crop:
        beats = len(chorale) // BEAT
        chorale = chorale.without_start(BEAT * int(rng.integers(0, beats // 2 + 1)))
    wrong_by = int(rng.choice(OTHER_ROOTS)) if rng.random() < recipe.doubt else 0
    turns = rng.permutation(VOICES) if rng.random() < recipe.shuffle else SCORE_ORDER
    return make_lesson(chorale, (first_root(chorale.voices[0]) + wrong_by) % 12, turns)


def random_shift(voices: np.ndarray, rng: np.random.Generator, low: int, high: int) -> int:
    """Semitones up or down, at most a fourth, that leave the voices within the MIDI pitches `low` .. `high`."""
    sounding = voices[voices != SILENT]
    least, most = max(-FARTHEST_SHIFT, low - sounding.min()), min(FARTHEST_SHIFT, high - sounding.max())
    return int(rng.integers(least, most + 1))


def nats(network: nn.Module, batch: Batch) -> Tensor:
    """-ln P of each event, (batch, time, voices); zero where padded."""
    logits = network(batch.context, batch.turn, batch.near)
    return functional.cross_entropy(logits.movedim(-1, 1), batch.targets, ignore_index=IGNORE, reduction="none")


@torch.no_grad()
def evaluate(network: nn.Module, chorales: Chorales, batch: int = 16) -> np.ndarray:
    """Mean nats per event of each voice, (4,), float64; the figure is their mean."""
    network.eval()
    total = torch.zeros(VOICES, dtype=torch.float64)
    by_length = sorted(chorales, key=len)
    for start in range(0, len(by_length), batch):
        lessons = [make_lesson(chorale) for chorale in by_length[start : start + batch]]
        total += nats(network, collate(lessons)).double().sum((0, 1))
    network.train()
    return (total / sum(map(len, chorales))).numpy()


def train(
    recipe: ChoraleRecipe,
    splits: Mapping[str, Chorales],
    folder: Path,
    report: Callable[[dict], None] = lambda line: None,
) -> ChoraleNet:
    """Train, or go on training, in `folder`; returns the network with the best weights on the validation split.

    The folder holds `recipe.json`, `log.jsonl` (a line per validation), `best.pt` (see `load_network`) and
    `resume.pt`, from which a run that was cut off goes on as if it had not been.

    Args:
        splits: "train" and "valid". report: told every line of the log, before anything of it is saved.

    Raises:
        InvalidCheckpoint: the folder holds a run of another recipe. Only its minutes may differ.
    """
    _claim(folder, recipe)
    run = _Run(recipe, folder)
    epoch_steps = math.ceil(len(splits["train"]) / recipe.batch)
    while run.share() < 1:
        epoch, done = divmod(run.step, epoch_steps)
        for batch in islice(training_batches(splits["train"], recipe, epoch), done, None):
            run.learn(batch)
            if run.step % recipe.validate_every == 0 or run.share() == 1:
                run.validated(evaluate(run.mean, splits["valid"]), report)
            if run.share() == 1:
                break
    return load_network(folder)


def _claim(folder: Path, recipe: ChoraleRecipe) -> None:
    """Write the recipe into the folder, which must be fresh or hold the same one."""
    folder.mkdir(parents=True, exist_ok=True)
    path, wanted = folder / "recipe.json", asdict(recipe)
    if path.exists():
        found = json.loads(path.read_text(encoding="utf-8"))
        if {**found, "minutes": None} != {**wanted, "minutes": None}:
            raise InvalidCheckpoint(f"{path}: a run of another recipe; choose another folder")
    path.write_text(json.dumps(wanted, indent=1) + "\n", encoding="utf-8")


def load_recipe(folder: Path) -> ChoraleRecipe:
    """The recipe of the run in `folder`.

    Raises:
        InvalidCheckpoint: there is none.
    """
    path = folder / "recipe.json"
    if not path.exists():
        raise InvalidCheckpoint(f"{path}: no such file; train a run in this folder first")
    fields = json.loads(path.read_text(encoding="utf-8"))
    return ChoraleRecipe(**{**fields, "size": ChoraleSize(**fields["size"])})


class _Run:
    """The mutable side of a run: network, running mean of its weights, optimiser, files."""

    def __init__(self, recipe: ChoraleRecipe, folder: Path):
        self.recipe, self.folder = recipe, folder
        # initial weights and dropout have no generator of their own in PyTorch
        torch.manual_seed(recipe.seed)
        self.network, self.mean = ChoraleNet(recipe.size), ChoraleNet(recipe.size)
        self.mean.load_state_dict(self.network.state_dict())
        self.optimiser = torch.optim.AdamW(
            self.network.parameters(), betas=(0.9, 0.98), weight_decay=recipe.weight_decay
        )
        self.step, self.elapsed_s, self.best_nats = 0, 0.0, math.inf
        if (folder / "resume.pt").exists():
            self._load()
        self._clock = time.monotonic()

    def share(self) -> float:
        """How much of the schedule is done, 0 to 1."""
        return min(1.0, max(self.step / self.recipe.steps, self.elapsed_s / (60 * self.recipe.minutes)))

    def learn(self, batch: Batch) -> None:
        """One step of AdamW: a short warm-up, then a cosine to zero."""
        recipe, share = self.recipe, self.share()
        rate = recipe.learning_rate * min(1.0, share / 0.03 + 0.02) * 0.5 * (1 + math.cos(math.pi * share))
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        (nats(self.network, batch).sum() / batch.events).backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), recipe.clip)
        self.optimiser.step()
        self.optimiser.zero_grad()
        self.step += 1
        self._take_mean()
        now = time.monotonic()
        self.elapsed_s, self._clock = self.elapsed_s + now - self._clock, now

    @torch.no_grad()
    def _take_mean(self) -> None:
        old = min(self.recipe.average, self.step / (self.step + 10))  # the first steps are soon forgotten
        for mean, weight in zip(self.mean.parameters(), self.network.parameters(), strict=True):
            mean.lerp_(weight, 1 - old)

    def validated(self, by_voice: np.ndarray, report: Callable[[dict], None]) -> None:
        """Write a line of the log, keep the best weights, and save everything."""
        figure = float(by_voice.mean())
        line = {
            "step": self.step,
            "elapsed_s": round(self.elapsed_s, 1),
            "valid_nats": round(figure, 5),
            "by_voice": [round(float(value), 4) for value in by_voice],
        }
        report(line)
        with (self.folder / "log.jsonl").open("a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")
        if figure < self.best_nats:
            self.best_nats = figure
            best = {"size": asdict(self.recipe.size), "weights": self.mean.state_dict(), **line}
            _save(best, self.folder / "best.pt")
        self._save()

    def _save(self) -> None:
        state = {
            "network": self.network.state_dict(),
            "mean": self.mean.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "step": self.step,
            "elapsed_s": self.elapsed_s,
            "best_nats": self.best_nats,
            "chance": torch.get_rng_state(),
        }
        _save(state, self.folder / "resume.pt")

    def _load(self) -> None:
        state = torch.load(self.folder / "resume.pt", weights_only=True)
        self.network.load_state_dict(state["network"])
        self.mean.load_state_dict(state["mean"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self.elapsed_s, self.best_nats = state["step"], state["elapsed_s"], state["best_nats"]
        torch.set_rng_state(state["chance"])


def _save(state: dict, path: Path) -> None:
    """Atomic: the old file stays until the new one is whole."""
    unfinished = path.with_suffix(".part")
    torch.save(state, unfinished)
    unfinished.replace(path)


def load_network(folder: Path) -> ChoraleNet:
    """The network with the best weights of the run in `folder`.

    Raises:
        InvalidCheckpoint: there is no `best.pt`.
    """
    path = folder / "best.pt"
    if not path.exists():
        raise InvalidCheckpoint(f"{path}: no such file; train a run in this folder first")
    state = torch.load(path, weights_only=True)
    network = ChoraleNet(ChoraleSize(**state["size"]))
    network.load_state_dict(state["weights"])
    return network
