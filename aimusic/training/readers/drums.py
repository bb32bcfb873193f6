"""Human drumming as bars of written strokes with velocity and micro-timing, for mining grooves."""

import csv
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import symusic

from aimusic.errors import InvalidData
from aimusic.music.grooves import BAR_TICKS
from aimusic.music.rhythm import TICKS_PER_QUARTER
from aimusic.training.datasets import DataSet, check_files, load_data_sets

# Roland TD-11 and General MIDI numbers, folded to eleven drums.
DRUM_NOTES = {
    "kick": (35, 36),
    "snare": (38, 39, 40),
    "rim": (37,),
    "closed_hat": (22, 42),
    "pedal_hat": (44,),
    "open_hat": (26, 46),
    "ride": (51, 53, 59),
    "crash": (49, 52, 55, 57),
    "high_tom": (48, 50),
    "mid_tom": (45, 47),
    "low_tom": (41, 43, 58),
}
_FOLD = {note: drum for drum, notes in DRUM_NOTES.items() for note in notes}
MIN_STROKES = 4  # of a bar
BINS = 240  # of a beat, for finding the swing of a file
RATIOS = (0.5, *np.arange(0.56, 0.705, 0.01).round(2).tolist())
OFFSETS = np.arange(-12, 13, 2)  # bins by which a whole file may be early or late
MAX_ERROR = 0.055  # of a beat, mean; strokes at random places come to 0.0625


@dataclass(frozen=True, slots=True, order=True)
class Stroke:
    """One stroke: tick of the bar (swing taken out), drum, velocity 1-127, and milliseconds after the tick."""

    tick: int
    drum: str
    velocity: int
    shift_ms: float


@dataclass(frozen=True, slots=True)
class DrumBar:
    """One bar of 4/4 as somebody played it.

    Attributes:
        number: of the bar in its file; split: of the file, train, validation or test.
        swing: where the off-beat eighth of the file falls in its beat; 0.5 is straight.
    """

    file: str
    number: int
    style: str
    tempo_bpm: float
    split: str
    is_fill: bool
    swing: float
    strokes: tuple[Stroke, ...]


def drum_bars(data_dir: Path, name: str = "groove") -> Iterator[DrumBar]:
    """Every bar in 4/4 of a drum data set whose table in `datasets.toml` names `archive`, `index` and `genres`.

    `is_fill` means that the index calls the whole file one. A genre may teach several styles; its bars come once
    for each. Files whose strokes fit neither a straight nor a swung grid are left out.

    Raises InvalidData where the data set is missing, damaged or holds no drums.
    """
    data_set = drum_set(data_dir, name)
    check_files(data_dir, data_set.files)
    folder = data_dir / name
    with (folder / data_set.options["index"]).open(encoding="utf-8", newline="") as file:
        rows = {row["midi_filename"]: row for row in csv.DictReader(file) if row["time_signature"] == "4-4"}
    with tarfile.open(folder / data_set.options["archive"]) as files:
        for member in sorted(files.getmembers(), key=lambda member: member.name):
            if member.isfile() and member.name in rows:
                content = files.extractfile(member).read()
                yield from _bars(content, rows[member.name], data_set.options["genres"])


def drum_set(data_dir: Path, name: str = "groove") -> DataSet:
    """The entry of a drum data set. Raises InvalidData where it is none."""
    data_set = next((found for found in load_data_sets(data_dir) if found.id == name), None)
    if data_set is None or "genres" not in data_set.options:
        raise InvalidData(f"{name}: not a data set of drums")
    return data_set


def _bars(content: bytes, row: dict, genres: dict[str, list[str]]) -> Iterator[DrumBar]:
    score = symusic.Score.from_midi(content)
    notes = [
        (note.time / score.ticks_per_quarter, _FOLD[note.pitch], note.velocity)
        for track in score.tracks
        for note in track.notes
        if note.pitch in _FOLD and note.velocity
    ]
    if not notes:
        return
    quarters = np.array([quarter for quarter, _, _ in notes])
    swing, offset, error = find_swing(quarters % 1)
    if error > MAX_ERROR:
        return
    ticks, late = _written(quarters - offset, swing)
    beat_ms = 60000 / float(row["bpm"])
    bars: dict[int, dict[tuple[int, str], Stroke]] = {}
    for tick, beats_late, (_, drum, velocity) in zip(ticks.tolist(), late.tolist(), notes, strict=True):
        stroke = Stroke(tick % BAR_TICKS, drum, velocity, round(beats_late * beat_ms, 1))
        bar = bars.setdefault(tick // BAR_TICKS, {})
        if (stroke.tick, drum) not in bar or bar[stroke.tick, drum].velocity < velocity:
            bar[stroke.tick, drum] = stroke  # of a flam the loud stroke counts
    facts = row["midi_filename"], float(row["bpm"]), row["split"], row["beat_type"] == "fill", swing
    for style in genres.get(row["style"], genres.get(row["style"].split("/")[0], ())):
        for number, bar in sorted(bars.items()):
            if len(bar) >= MIN_STROKES and number >= 0:
                file, bpm, split, is_fill, ratio = facts
                yield DrumBar(file, number, style, bpm, split, is_fill, ratio, tuple(sorted(bar.values())))


def find_swing(phases: np.ndarray) -> tuple[float, float, float]:
    """Swing ratio and offset (in beats) of strokes at `phases` of their beats, and their mean distance from it.

    The grid is the downbeat, the off-beat eighth at the ratio, and the middles between them. A file may lie
    early or late as a whole, as players and their drum modules do.
    """
    counts, _ = np.histogram(phases, BINS, (0.0, 1.0))
    errors = _distances() @ (counts / counts.sum())  # (ratios, offsets)
    ratio, offset = np.unravel_index(int(np.argmin(errors)), errors.shape)
    return RATIOS[ratio], float(OFFSETS[offset]) / BINS, float(errors[ratio, offset])


@cache
def _distances() -> np.ndarray:
    """Distance in beats of each phase from the nearest step, (ratios, offsets, bins)."""
    phases = (np.arange(BINS) + 0.5) / BINS
    table = np.empty((len(RATIOS), len(OFFSETS), BINS))
    for i, ratio in enumerate(RATIOS):
        grid = np.array([0, ratio / 2, ratio, (1 + ratio) / 2])
        for k, offset in enumerate(OFFSETS / BINS):
            apart = np.abs((phases[:, None] - offset - grid + 0.5) % 1 - 0.5)
            table[i, k] = apart.min(axis=1)
    return table


def _written(quarters: np.ndarray, swing: float) -> tuple[np.ndarray, np.ndarray]:
    """The written tick of each onset, and how many beats later it was played than the swung tick.

    In straight files a beat that lies better on triplets is written in triplets.
    """
    grid = np.array([0, swing / 2, swing, (1 + swing) / 2, 1])
    ticks, late = _nearest(quarters, grid, np.array([0, 3, 6, 9, 12]))
    if swing == 0.5:
        thirds = np.array([0, 4, 8, 12])
        triplets, late_triplets = _nearest(quarters, thirds / TICKS_PER_QUARTER, thirds)
        beats = np.floor(quarters + 1 / 12).astype(int)
        for beat in np.unique(beats):
            here = beats == beat
            if here.sum() > 2 and np.abs(late_triplets[here]).mean() < 0.6 * np.abs(late[here]).mean():
                ticks[here], late[here] = triplets[here], late_triplets[here]
    return ticks, late


def _nearest(quarters: np.ndarray, grid: np.ndarray, ticks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    beats = np.floor(quarters)
    place = (quarters - beats)[:, None] - grid  # (onsets, steps)
    step = np.argmin(np.abs(place), axis=1)
    return beats.astype(int) * TICKS_PER_QUARTER + ticks[step], np.take_along_axis(place, step[:, None], 1)[:, 0]
