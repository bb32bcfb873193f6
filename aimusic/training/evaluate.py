"""How good the networks are on songs they have never met: bits per note and per chord against n-grams.

Choices (when to stop, the share of the trigram) are made on validation songs; what is reported is measured on
test songs. The networks know the plan of a song (its form, its chords for the melody), the n-grams do not.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from aimusic.composer.checkpoint import Checkpoint, load_checkpoint
from aimusic.composer.compose import Composer
from aimusic.composer.model import NETWORKS, Size
from aimusic.composer.ngram import NGram
from aimusic.errors import InvalidData
from aimusic.style import Style
from aimusic.training.baselines import Baseline, contexts
from aimusic.training.batches import IGNORE, Lesson, hide_references, lessons_of, style_batches
from aimusic.training.corpus import Song
from aimusic.training.sampled import compare_sampled
from aimusic.training.train import bits_per_event

SHARES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 1.0)  # of the trigram in the mixture
CPU = torch.device("cpu")
WINDOW = 256


def network_of(checkpoint: Checkpoint) -> nn.Module:
    """The PyTorch module of a checkpoint."""
    size = {name: int(value) if name != "dropout" else value for name, value in checkpoint.card.size.items()}
    network = NETWORKS[checkpoint.card.part](Size(**size))
    network.load_state_dict({name: torch.from_numpy(value) for name, value in checkpoint.weights.items()})
    return network.eval()


def network_bits(network: nn.Module, part: str, lessons: Sequence[Lesson], styles: Sequence[str], style: str):
    """Bits per event of each head, read as one style."""
    batches = style_batches(part, lessons, styles, style, batch=16, length=WINDOW)
    return bits_per_event(network, batches, CPU)


@torch.no_grad()
def mixture_bits(
    network: nn.Module, trigram: NGram, lessons: Sequence[Lesson], styles: Sequence[str], style: str
) -> dict[float, float]:
    """Bits per chord symbol of the log-linear mixture for each share of the trigram.

    log p(c) = (1 - w) log p_network(c) + w log p_trigram(c) - log Z
    """
    network.eval()
    totals, events = dict.fromkeys(SHARES, 0.0), 0
    for lesson in lessons:
        rows, symbols = contexts("chords", lesson)[0]
        ours = []
        for batch in style_batches("chords", [lesson], styles, style, batch=1, length=WINDOW):
            logits = network(*map(torch.from_numpy, batch.inputs))[0][0]
            ours.append(logits[torch.from_numpy(batch.targets[0, :, 0] != IGNORE)])
        log_p = torch.log_softmax(torch.cat(ours).double(), -1).numpy()
        log_q = np.log(np.stack([trigram.probabilities(context) for context in rows.tolist()]))
        for share in SHARES:
            mixed = (1 - share) * log_p + share * log_q
            mixed -= np.logaddexp.reduce(mixed, -1, keepdims=True)
            totals[share] -= mixed[np.arange(len(symbols)), symbols].sum() / math.log(2)
        events += len(symbols)
    return {share: total / events for share, total in totals.items()}


def best_share(scores: Mapping[float, float]) -> float:
    """The share with the fewest bits; the smaller one of equals."""
    return min(scores, key=lambda share: (round(scores[share], 4), share))


def likelihoods(checkpoint: Checkpoint, baseline: Baseline, lessons: Sequence[Lesson]) -> dict[str, float]:
    """A part's row of the table, from test lessons of the checkpoint's style."""
    card = checkpoint.card
    network = network_of(checkpoint)
    own = network_bits(network, card.part, lessons, card.styles, card.style)
    blind = network_bits(
        network, card.part, [_without_references(x, card.part) for x in lessons], card.styles, card.style
    )
    trigram, unigram = baseline.bits(lessons), baseline.bits(lessons, order=1)
    row = {
        "events": sum(int((lesson.targets[:, 1] != IGNORE).sum()) for lesson in lessons),
        "songs": len(lessons),
        "network": sum(own),
        "network_without_references": sum(blind),
        "trigram": sum(trigram),
        "unigram": sum(unigram),
        "heads": own,
        "trigram_heads": trigram,
    }
    if card.part == "chords":
        mixed = mixture_bits(network, baseline.heads[0], lessons, card.styles, card.style)
        row["plays"] = mixed[card.trigram_weight] + own[1]
    else:
        row["plays"] = row["network"]
    row["gain"] = 1 - row["plays"] / row["trigram"]
    return row


def _without_references(lesson: Lesson, part: str) -> Lesson:
    """The lesson as a network sees it that is not told which bar repeats which."""
    inputs = tuple(rows.copy() for rows in lesson.inputs)
    hide_references(part, inputs, slice(None))
    return replace(lesson, inputs=inputs)


def evaluate(
    styles: Mapping[str, Style], folder: Path, songs: Sequence[Song], pieces: int
) -> dict[str, dict[str, dict]]:
    """For every style with weights in `folder`: likelihoods on test songs, sampled music against real music.

    Raises InvalidData where the corpus has no training or test songs of a style.
    """
    report = {}
    composer = Composer(folder)
    for name, style in styles.items():
        own = [song for song in songs if name in song.styles]
        report[name] = {}
        for part in ("melody", "chords"):
            checkpoint = load_checkpoint(folder / name, part)
            names = checkpoint.card.styles
            lessons = {
                split: lessons_of([song for song in own if song.split == split], part, names)
                for split in ("train", "test")
            }
            if not lessons["train"] or not lessons["test"]:
                raise InvalidData(f"the corpus has no {part} of {name!r} in its training or its test songs")
            baseline = Baseline.learn(part, lessons["train"])
            report[name][part] = likelihoods(checkpoint, baseline, lessons["test"])
        report[name]["sampled"] = compare_sampled(composer, style, own, pieces)
    return report


def write_report(report: Mapping, json_file: Path, page: Path) -> None:
    """The report as JSON, and as the page of tables that the documentation shows."""
    json_file.write_text(json.dumps(_rounded(report), indent=1) + "\n", encoding="utf-8")
    page.write_text(render_page(report), encoding="utf-8")


def _rounded(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _rounded(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(entry) for entry in value]
    return round(value, 4) if isinstance(value, float) else value


LIKELIHOOD_COLUMNS = ("unigram", "trigram", "network_without_references", "network", "plays")


def render_page(report: Mapping) -> str:
    """Markdown tables of a report."""
    lines = ["# Evaluation", "", "Written by `aimusic evaluate`; docs/training.md says what the rows mean.", ""]
    for part, unit in (("melody", "note"), ("chords", "chord")):
        lines += [f"## Bits per {unit} on test songs", ""]
        lines += ["| style | songs | events | unigram | trigram | no references | network | plays | gain |"]
        lines += ["|---|---|---|---|---|---|---|---|---|"]
        for style, rows in report.items():
            row = rows[part]
            bits = " | ".join(f"{row[name]:.2f}" for name in LIKELIHOOD_COLUMNS)
            lines.append(f"| {style} | {row['songs']} | {row['events']} | {bits} | {row['gain']:.0%} |")
        lines.append("")
    lines += ["## Sampled music against held-out music", "", "Sampled / real.", ""]
    names = list(next(iter(report.values()))["sampled"])
    lines += ["| measure | " + " | ".join(report) + " |", "|---" * (len(report) + 1) + "|"]
    for name in names:
        cells = [_cell(rows["sampled"][name]) for rows in report.values()]
        lines.append(f"| {name.replace('_', ' ')} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _cell(values: Sequence[float | None]) -> str:
    return " / ".join("-" if value is None else f"{value:.2f}" for value in values)
