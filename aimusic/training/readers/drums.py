"""Human drumming as bars of steps: nine drums, velocity and micro-timing, for mining grooves."""

import csv
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import symusic

from aimusic.errors import InvalidData
from aimusic.training.datasets import check_files, load_data_sets

# Roland TD-11 and General MIDI numbers, folded to nine drums.
DRUM_NOTES = {
    "kick": (35, 36),
    "snare": (38, 39, 40),
    "rim": (37,),
    "closed_hat": (22, 42, 44),
    "open_hat": (26, 46),
    "ride": (51, 53, 59),
    "crash": (49, 52, 55, 57),
    "high_tom": (48, 50),
    "low_tom": (41, 43, 45, 47, 58),
}
_FOLD = {note: drum for drum, notes in DRUM_NOTES.items() for note in notes}
STEPS = (16, 12)  # sixteenths, or triplets, in a bar of 4/4
MIN_HITS = 4


@dataclass(frozen=True, slots=True, order=True)
class Hit:
    """One stroke: step of the bar, drum, velocity 1-127, and how much later than the step, in milliseconds."""

    step: int
    drum: str
    velocity: int
    shift_ms: float


@dataclass(frozen=True, slots=True)
class DrumBar:
    """One bar of 4/4 as somebody played it; `steps` of the bar is 16, or 12 where triplets fit better."""

    file: str
    style: str
    tempo_bpm: float
    is_fill: bool
    steps: int
    hits: tuple[Hit, ...]


def drum_bars(data_dir: Path, name: str = "groove") -> Iterator[DrumBar]:
    """Every bar in 4/4 of a drum data set whose table in `datasets.toml` names `archive`, `index` and `genres`.

    A fill is the whole file that the index calls one; the other bars are beats. A genre may teach several
    styles; its bars come once for each.

    Raises InvalidData where the data set is missing, damaged or holds no drums.
    """
    data_set = next((found for found in load_data_sets(data_dir) if found.id == name), None)
    if data_set is None or "genres" not in data_set.options:
        raise InvalidData(f"{name}: not a data set of drums")
    check_files(data_dir, data_set.files)
    folder = data_dir / name
    with (folder / data_set.options["index"]).open(encoding="utf-8", newline="") as file:
        rows = {row["midi_filename"]: row for row in csv.DictReader(file) if row["time_signature"] == "4-4"}
    with tarfile.open(folder / data_set.options["archive"]) as files:
        for member in sorted(files.getmembers(), key=lambda member: member.name):
            if member.name in rows:
                content = files.extractfile(member).read()
                yield from _bars(content, rows[member.name], data_set.options["genres"])


def _bars(content: bytes, row: dict, genres: dict[str, list[str]]) -> Iterator[DrumBar]:
    score = symusic.Score.from_midi(content)
    notes = [
        (note.time / score.ticks_per_quarter, _FOLD[note.pitch], note.velocity)
        for track in score.tracks
        for note in track.notes
        if note.pitch in _FOLD
    ]
    if not notes:
        return
    steps = _best_steps(np.array([quarter for quarter, _, _ in notes]))
    step_ms = 60000 / float(row["bpm"]) * 4 / steps
    bars: dict[int, dict[tuple[int, str], Hit]] = {}
    for quarter, drum, velocity in notes:
        place = quarter * steps / 4
        nearest = round(place)
        hit = Hit(nearest % steps, drum, velocity, round((place - nearest) * step_ms, 1))
        bar = bars.setdefault(nearest // steps, {})
        if (hit.step, drum) not in bar or bar[hit.step, drum].velocity < velocity:
            bar[hit.step, drum] = hit  # of a flam the loud stroke counts
    for style in genres.get(row["style"].split("/")[0], ()):
        for _, bar in sorted(bars.items()):
            if len(bar) >= MIN_HITS:
                hits = tuple(sorted(bar.values()))
                yield DrumBar(
                    row["midi_filename"], style, float(row["bpm"]), row["beat_type"] == "fill", steps, hits
                )


def _best_steps(quarters: np.ndarray) -> int:
    """The grid on which the file lies better; sixteenths unless triplets are clearly nearer for their width."""
    errors = []
    for steps in STEPS:
        place = quarters * steps / 4
        errors.append(float(np.mean(np.abs(place - np.round(place)))))  # in steps: chance gives a quarter of one
    return STEPS[1] if errors[1] < 0.8 * errors[0] else STEPS[0]


def typical_bars(bars: list[DrumBar], count: int) -> list[tuple[DrumBar, float]]:
    """The medoids of k-medoids (greedy build), each with the share of bars that are nearest to it.

    The distance is one minus the Jaccard index of the (drum, step) sets weighted by velocity. All bars must
    have the same number of steps.
    """
    if not bars:
        return []
    table = _velocities(bars)
    distance = np.stack([1 - np.minimum(row, table).sum(1) / np.maximum(row, table).sum(1) for row in table])
    nearest = np.full(len(bars), np.inf)
    chosen: list[int] = []
    for _ in range(min(count, len(bars))):
        gain = np.minimum(distance, nearest[None, :]).sum(axis=1)
        gain[chosen] = np.inf
        chosen.append(int(np.argmin(gain)))
        nearest = np.minimum(nearest, distance[chosen[-1]])
    owner = np.argmin(distance[chosen], axis=0)
    shares = np.bincount(owner, minlength=len(chosen)) / len(bars)
    return [(bars[index], float(share)) for index, share in zip(chosen, shares, strict=True)]


def _velocities(bars: list[DrumBar]) -> np.ndarray:
    """Velocity of each drum at each step, (bars, drums * steps)."""
    drums = {drum: place for place, drum in enumerate(DRUM_NOTES)}
    table = np.zeros((len(bars), len(drums) * bars[0].steps), dtype=np.float32)
    for row, bar in enumerate(bars):
        for hit in bar.hits:
            table[row, drums[hit.drum] * bar.steps + hit.step] = hit.velocity
    return table
