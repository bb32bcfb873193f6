"""Training: one loop for every network, every style and every machine.

A run lives in its folder: `recipe.json` (the exact configuration), `log.jsonl` (one line per validation) and
`resume.pt` (everything needed to go on after a kill at any moment). The best weights on the validation songs win.
"""

import json
import math
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional
from tqdm import tqdm

from aimusic.composer.model import NETWORKS, Size
from aimusic.errors import InvalidData
from aimusic.music.chance import stream
from aimusic.training.batches import IGNORE, Batch, Hiding, Lesson, notes_in, style_batches, training_batches

RESUME_FILE = "resume.pt"
REPORT_EVERY = 50  # steps between two lines of progress


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that decides a run beside its data.

    Attributes:
        part: "melody" or "chords". style: the style to adapt to, "" for the backbone of all.
        steps: length of the cosine schedule. minutes: wall time after which it ends sooner.
        batch, length: windows in a batch, events in a window.
        replay: share of other styles' windows while adapting.
        validate_every: steps. patience: validations without a gain before stopping.
    """

    part: str
    style: str = ""
    seed: int = 1
    steps: int = 4000
    minutes: float = 60.0
    batch: int = 32
    length: int = 96
    learning_rate: float = 2e-3
    weight_decay: float = 0.02
    clip: float = 1.0
    replay: float = 0.3
    validate_every: int = 200
    patience: int = 6
    size: Size = field(default_factory=Size)
    hiding: Hiding = field(default_factory=Hiding)


@dataclass(slots=True)
class Progress:
    """Where a run is.

    Attributes:
        elapsed_s: seconds of all its sittings. best_step: the step with the fewest bits on validation songs.
        stale: validations since. earlier_steps, earlier_s: what its first weights had taken.
    """

    step: int = 0
    epoch: int = 0
    elapsed_s: float = 0.0
    best_bits: float = math.inf
    best_step: int = 0
    stale: int = 0
    earlier_steps: int = 0
    earlier_s: float = 0.0

    @property
    def all_steps(self) -> int:
        """Steps behind the best weights, from the very first."""
        return self.earlier_steps + self.best_step

    @property
    def all_s(self) -> float:
        return self.earlier_s + self.elapsed_s

    def share(self, recipe: Recipe) -> float:
        """How much of the schedule is done, 0 to 1."""
        return min(1.0, max(self.step / recipe.steps, self.elapsed_s / (60 * recipe.minutes)))


def loss_nats(network: nn.Module, batch: Batch, device: torch.device) -> Tensor:
    """Sum over all events and heads of the negative log-likelihood."""
    logits = network(*(torch.from_numpy(rows).to(device) for rows in batch.inputs))
    targets = torch.from_numpy(batch.targets).to(device)
    losses = [
        functional.cross_entropy(
            head.flatten(0, 1), targets[..., index].flatten(), ignore_index=IGNORE, reduction="sum"
        )
        for index, head in enumerate(logits)
    ]
    return torch.stack(losses)  # (heads,)


@torch.no_grad()
def bits_per_event(network: nn.Module, batches: Iterable[Batch], device: torch.device) -> list[float]:
    """Mean bits per note (or chord) of each head; rests count where they delay a note."""
    network.eval()
    total, events = None, 0
    for batch in batches:
        nats = loss_nats(network, batch, device)
        total = nats if total is None else total + nats
        events += notes_in(batch.targets)
    network.train()
    assert total is not None
    return (total / math.log(2) / events).tolist()


def learning_rate(recipe: Recipe, share: float) -> float:
    """A short warm-up, then a cosine to zero."""
    return recipe.learning_rate * min(1.0, share / 0.02 + 0.05) * 0.5 * (1 + math.cos(math.pi * share))


def make_network(recipe: Recipe) -> nn.Module:
    """A fresh network. Its weights and its dropout draw from PyTorch's global generator, which is seeded here."""
    torch.manual_seed(recipe.seed)
    return NETWORKS[recipe.part](recipe.size)


def train(
    recipe: Recipe,
    lessons: Sequence[Lesson],
    validation: Sequence[Lesson],
    styles: Sequence[str],
    folder: Path,
    *,
    start: tuple[dict[str, Tensor], Progress] | None = None,
    device: str = "cpu",
) -> tuple[dict[str, Tensor], Progress]:
    """Train (or go on training) in `folder`; returns the best weights and where the run ended.

    Args:
        lessons, validation: of all styles; adapting to one style takes its own from them.
        styles: names in the order of the style tokens. start: weights to begin with,
            and how far their own run was.

    Raises:
        InvalidData: there is nothing to learn from or to validate with.
    """
    measured = [lesson for lesson in validation if not recipe.style or recipe.style in lesson.styles]
    if not lessons or not measured:
        what = f"{recipe.part} of {recipe.style or 'any style'}"
        raise InvalidData(f"the corpus has no {what} to learn from, or none to validate with")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "recipe.json").write_text(json.dumps(asdict(recipe), indent=1) + "\n", encoding="utf-8")
    run = _Run(recipe, folder, torch.device(device), start)
    while run.unfinished():
        for batch in _epoch(recipe, lessons, styles, run.progress.epoch, skip=run.skip):
            run.learn(batch)
            if run.progress.step % recipe.validate_every == 0 or not run.unfinished():
                bits = bits_per_event(run.network, _measure(recipe, measured, styles), run.device)
                run.validated(bits)
            if not run.unfinished():
                break
        run.next_epoch()
    return run.best, run.progress


def _measure(recipe: Recipe, lessons: Sequence[Lesson], styles: Sequence[str]) -> Iterator[Batch]:
    return style_batches(recipe.part, lessons, styles, recipe.style, batch=recipe.batch, length=256)


def _epoch(
    recipe: Recipe, lessons: Sequence[Lesson], styles: Sequence[str], epoch: int, skip: int
) -> Iterator[Batch]:
    """The batches of an epoch, without the first `skip`; adapting adds a fresh share of other styles."""
    if recipe.style:
        lessons = _with_replay(recipe, lessons, epoch)
    batches = training_batches(
        recipe.part,
        lessons,
        styles,
        seed=recipe.seed,
        epoch=epoch,
        batch=recipe.batch,
        length=recipe.length,
        hiding=recipe.hiding,
    )
    for index, batch in enumerate(batches):
        if index >= skip:
            yield batch


def _with_replay(recipe: Recipe, lessons: Sequence[Lesson], epoch: int) -> list[Lesson]:
    own = [replace(lesson, styles=(recipe.style,)) for lesson in lessons if recipe.style in lesson.styles]
    others = [lesson for lesson in lessons if recipe.style not in lesson.styles]
    wanted = sum(map(len, own)) * recipe.replay / (1 - recipe.replay)
    chosen, events = own, 0
    for index in stream(recipe.seed, "replay", recipe.part, epoch).permutation(len(others)):
        if events >= wanted:
            break
        chosen.append(others[index])
        events += len(others[index])
    return chosen


def best_of(folder: Path) -> tuple[dict[str, Tensor], Progress]:
    """The best weights of a run and where it is. Raises InvalidData where there is none."""
    file = folder / RESUME_FILE
    if not file.is_file():
        raise InvalidData(f"{file}: there is no training to continue")
    state = torch.load(file, map_location="cpu", weights_only=True)
    return state["best"], Progress(**state["progress"])


class _Run:
    """The mutable side of a run: network, optimiser, progress, files."""

    def __init__(self, recipe: Recipe, folder: Path, device: torch.device, start: tuple | None):
        self.recipe, self.folder, self.device = recipe, folder, device
        self.network = make_network(recipe).to(device)
        self.progress = Progress()
        if start is not None:
            weights, before = start
            self.network.load_state_dict(weights)
            self.progress = Progress(earlier_steps=before.all_steps, earlier_s=before.all_s)
        self.optimiser = torch.optim.AdamW(
            self.network.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay
        )
        self.best = self._weights()
        self.skip = 0  # batches of the current epoch that an earlier sitting has learned from
        self.done_in_epoch = 0
        if self._resume_file.exists():
            self._load()
        self._clock = time.monotonic()
        self._bar = tqdm(
            total=recipe.steps, initial=self.progress.step, desc=f"{recipe.part} {recipe.style or 'all'}"
        )

    @property
    def _resume_file(self) -> Path:
        return self.folder / RESUME_FILE

    def _weights(self) -> dict[str, Tensor]:
        return {name: value.detach().cpu().clone() for name, value in self.network.state_dict().items()}

    def unfinished(self) -> bool:
        return self.progress.share(self.recipe) < 1 and self.progress.stale < self.recipe.patience

    def learn(self, batch: Batch) -> None:
        """One step of AdamW on one batch."""
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(self.recipe, self.progress.share(self.recipe))
        loss = loss_nats(self.network, batch, self.device).sum() / max(1, notes_in(batch.targets))
        self.optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), self.recipe.clip)
        self.optimiser.step()
        self.progress.step += 1
        self.done_in_epoch += 1
        now = time.monotonic()
        self.progress.elapsed_s += now - self._clock
        self._clock = now
        if self.progress.step % REPORT_EVERY == 0:
            self._bar.update(self.progress.step - self._bar.n)
            self._bar.set_postfix(bits=f"{loss.item() / math.log(2):.3f}", best=f"{self.progress.best_bits:.3f}")

    def validated(self, bits: list[float]) -> None:
        """Keep the best weights, write a line of the log, and save everything."""
        progress, total = self.progress, sum(bits)
        progress.stale += 1
        if total < progress.best_bits:
            progress.best_bits, progress.best_step, progress.stale = total, progress.step, 0
            self.best = self._weights()
        line = {**asdict(progress), "bits": [round(value, 4) for value in bits]}
        with (self.folder / "log.jsonl").open("a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")
        self._save()

    def next_epoch(self) -> None:
        self.progress.epoch += 1
        self.skip = self.done_in_epoch = 0

    def _save(self) -> None:
        """Atomic: the old file stays until the new one is whole."""
        state = {
            "network": self.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "progress": asdict(self.progress),
            "best": self.best,
            "done_in_epoch": self.done_in_epoch,
            "chance": torch.get_rng_state(),
        }
        unfinished = self._resume_file.with_suffix(".part")
        torch.save(state, unfinished)
        unfinished.replace(self._resume_file)

    def _load(self) -> None:
        state = torch.load(self._resume_file, map_location=self.device, weights_only=True)
        self.network.load_state_dict(state["network"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.progress = Progress(**state["progress"])
        self.best = state["best"]
        self.skip = self.done_in_epoch = state["done_in_epoch"]
        torch.set_rng_state(state["chance"])
