"""Mines grooves: families of typical bars and fills of human drumming, as a style's `grooves.json` holds them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np

from aimusic.music.grooves import BAR_TICKS, GrooveFamily, HumanGrooves, Take
from aimusic.music.rhythm import TICKS_PER_QUARTER
from aimusic.style import Style
from aimusic.training.datasets import DataSet
from aimusic.training.readers.drums import DRUM_NOTES, DrumBar, drum_bars, drum_set

MAX_UNITS = 900  # k-medoids compares every unit with every other
TEMPO_EDGES = (0, 90, 120, 160, 400)
SWUNG_FROM = 0.54
MOST_GHOST = 40  # velocity
# A fill inside a long recording: many more strokes on snare and toms than usual, and the cymbal pauses.
FILL_TOMS, FILL_MORE = 3, 3
CYMBALS = ("closed_hat", "open_hat", "ride")
SKINS = ("snare", "high_tom", "mid_tom", "low_tom")
# Energy levels by how many units there are to divide: (least units, ranges of levels).
LEVELS = (
    (120, ((0, 0), (1, 1), (2, 2), (3, 3), (4, 4))),
    (24, ((0, 1), (2, 2), (3, 4))),
    (0, ((0, 4),)),
)
UNITS_PER_FAMILY, MOST_FAMILIES = 7, 6
FILLS_PER_FAMILY, MOST_FILLS = 3, 10
TAKES = 4
ALIKE, SAME = 0.55, 0.08  # distances from the medoid between which a neighbour is a variation
MOST_SHIFT_MS = 30.0
TEMPO_STRETCH = 1.2  # a take suits tempi so far beyond those of its family


@dataclass(frozen=True, slots=True)
class Unit:
    """One or two bars that follow each other, by one drummer."""

    bars: tuple[DrumBar, ...]

    @property
    def loudness(self) -> float:
        """Velocities summed over a bar: grows with density and with force."""
        return sum(s.velocity for bar in self.bars for s in bar.strokes) / len(self.bars)


def write_grooves(data_dir: Path, styles_dir: Path, styles: Mapping[str, Style]) -> dict[Path, HumanGrooves]:
    """Mine every style of `styles` that the data set teaches, into `grooves.json` of its folder.

    Raises InvalidData where the data set is missing or damaged.
    """
    data_set = drum_set(data_dir)
    by_style: dict[str, list[DrumBar]] = {}
    for bar in drum_bars(data_dir):
        by_style.setdefault(bar.style, []).append(bar)
    written = {}
    for name, bars in sorted(by_style.items()):
        anchors = data_set.options["anchors"].get(name, ())
        found = mine(bars, swings(styles[name]), anchors, data_set) if name in styles else None
        if found:
            path = styles_dir / name / "grooves.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(to_json(found), encoding="utf-8")
            written[path] = found
    return written


def swings(style: Style) -> bool:
    return max(ratio for _, ratio in style.feel.swing) > SWUNG_FROM


def mine(
    bars: Sequence[DrumBar], swung: bool, anchors: Sequence[Mapping], data_set: DataSet
) -> HumanGrooves | None:
    """The families of one style from its training bars, or None where nobody drummed with its swing.

    Args:
        anchors: what every bar of a beat has, `drums` and `ticks`: at each tick one of the drums, no ghost stroke.
    """
    suited = [bar for bar in bars if (bar.swing > SWUNG_FROM) == swung and bar.split == "train"]
    if not suited:
        return None
    beats, fills = units_of(suited)
    beats = [beat for beat in beats if all(is_anchored(bar, anchors) for bar in beat.bars)]
    families = _families(beats, fill=False) + _families(fills, fill=True)
    if not families:
        return None
    return HumanGrooves(
        data_set=data_set.title,
        licence=data_set.licence,
        attribution=data_set.attribution,
        bars=len(suited),
        files=len({bar.file for bar in suited}),
        families=tuple(families),
    )


def units_of(bars: Sequence[DrumBar]) -> tuple[list[Unit], list[Unit]]:
    """Beats as pairs of bars, and fills as single bars: files of fills, and the fills in long recordings."""
    files: dict[str, dict[int, DrumBar]] = {}
    for bar in bars:
        files.setdefault(bar.file, {})[bar.number] = bar
    beats, fills = [], []
    for _, numbered in sorted(files.items()):
        if next(iter(numbered.values())).is_fill:
            fills += [Unit((bar,)) for bar in numbered.values() if _busy(bar)]
            continue
        inside = {number for number, bar in numbered.items() if _is_fill(bar, numbered.values())}
        fills += [Unit((numbered[number],)) for number in sorted(inside)]
        for number in range(0, max(numbered) + 1, 2):
            if {number, number + 1} <= numbered.keys() - inside:
                beats.append(Unit((numbered[number], numbered[number + 1])))
    return beats, fills


def is_anchored(bar: DrumBar, anchors: Sequence[Mapping]) -> bool:
    """Whether a bar has what its style's beats must have."""
    loud = {(stroke.drum, stroke.tick) for stroke in bar.strokes if stroke.velocity > MOST_GHOST}
    return all(any((drum, t) in loud for drum in a["drums"]) for a in anchors for t in a["ticks"])


def _count(bar: DrumBar, drums: Sequence[str]) -> int:
    """Strokes of some drums in the second half of a bar."""
    return sum(stroke.drum in drums and stroke.tick >= BAR_TICKS // 2 for stroke in bar.strokes)


def _busy(bar: DrumBar) -> bool:
    return _count(bar, SKINS) >= FILL_MORE


def _is_fill(bar: DrumBar, others: Sequence[DrumBar]) -> bool:
    usual_skins = np.median([_count(other, SKINS) for other in others])
    usual_cymbals = np.median([_count(other, CYMBALS) for other in others])
    skins = _count(bar, SKINS)
    rolls = _count(bar, SKINS[1:]) >= FILL_TOMS or skins >= usual_skins + FILL_MORE
    return bool(rolls and skins >= usual_skins + FILL_MORE and _count(bar, CYMBALS) < usual_cymbals)


def _families(units: list[Unit], *, fill: bool) -> list[GrooveFamily]:
    """Clusters by tempo band and by loudness; fills by loudness alone."""
    families = []
    edges = (0, 400) if fill else TEMPO_EDGES
    for low, high in pairwise(edges):
        band = sorted(
            (unit for unit in units if low <= unit.bars[0].tempo_bpm < high),
            key=lambda unit: (unit.loudness, unit.bars[0].file, unit.bars[0].number),
        )
        ranges = next(ranges for least, ranges in LEVELS if len(band) >= least)
        for place, energy in enumerate(ranges):
            group = band[place * len(band) // len(ranges) : (place + 1) * len(band) // len(ranges)]
            families += _clusters(group, energy, fill=fill)
    return families


def _clusters(group: list[Unit], energy: tuple[int, int], *, fill: bool) -> list[GrooveFamily]:
    group = group[:: -(-len(group) // MAX_UNITS) or 1]
    if not group:
        return []
    per, most = (FILLS_PER_FAMILY, MOST_FILLS) if fill else (UNITS_PER_FAMILY, MOST_FAMILIES)
    distance = distances(group)
    chosen = medoids(distance, min(most, max(1, len(group) // per)))
    owner = np.argmin(distance[chosen], axis=0)
    families = []
    for k, index in enumerate(chosen):
        members = np.flatnonzero(owner == k)
        tempi = [group[member].bars[0].tempo_bpm for member in members]
        takes = [index] if fill else [index, *_neighbours(index, members, distance, group)]
        habits = timing_habits([group[k] for k in sorted({*members.tolist(), *takes})])
        families.append(
            GrooveFamily(
                fill=fill,
                energy=energy,
                tempo=(round(min(tempi) / TEMPO_STRETCH, 1), round(max(tempi) * TEMPO_STRETCH, 1)),
                count=sum(len(group[member].bars) for member in members),
                takes=tuple(_take(group[take], habits) for take in takes),
            )
        )
    return families


def _neighbours(index: int, members: np.ndarray, distance: np.ndarray, group: list[Unit]) -> list[int]:
    """The units nearest to a medoid that differ from it and from each other.

    Those of its own recording come first, then other members of its cluster, then the group's.
    """
    file = group[index].bars[0].file
    own = set(members.tolist())
    near = np.flatnonzero((distance[index] > SAME) & (distance[index] < ALIKE)).tolist()
    near.sort(key=lambda k: (group[k].bars[0].file != file, k not in own, distance[index, k], k))
    found: list[int] = []
    for unit in near:
        if len(found) < TAKES - 1 and all(distance[unit, other] > SAME for other in found):
            found.append(unit)
    return found


def medoids(distance: np.ndarray, count: int) -> list[int]:
    """Indices of the medoids of k-medoids (greedy build): each lowers the mean distance most."""
    nearest = np.full(len(distance), np.inf)
    chosen: list[int] = []
    for _ in range(min(count, len(distance))):
        cost = np.minimum(distance, nearest[None, :]).sum(axis=1)
        cost[chosen] = np.inf
        chosen.append(int(np.argmin(cost)))
        nearest = np.minimum(nearest, distance[chosen[-1]])
    return chosen


def distances(units: Sequence[Unit]) -> np.ndarray:
    """One minus the Jaccard index of the (drum, tick) sets weighted by velocity, for each pair of units."""
    table = _velocities(units)
    return np.stack([1 - np.minimum(row, table).sum(1) / np.maximum(row, table).sum(1) for row in table])


def _velocities(units: Sequence[Unit]) -> np.ndarray:
    """Velocity of each drum at each tick, (units, bars * drums * ticks); all units have as many bars."""
    place = {drum: k for k, drum in enumerate(DRUM_NOTES)}
    table = np.zeros((len(units), len(units[0].bars), len(place), BAR_TICKS), dtype=np.float32)
    for row, unit in enumerate(units):
        for number, bar in enumerate(unit.bars):
            for stroke in bar.strokes:
                table[row, number, place[stroke.drum], stroke.tick] = stroke.velocity
    return table[:, :, :, table.any(axis=(0, 1, 2))].reshape(len(units), -1)


def _take(unit: Unit, habits: Mapping[tuple[str, int], float]) -> Take:
    """A unit for the file: its own strokes and velocities, the timing that is the habit of its family."""
    strokes = [(k * BAR_TICKS, stroke) for k, bar in enumerate(unit.bars) for stroke in bar.strokes]
    first = unit.bars[0]
    return Take(
        file=first.file,
        bar=first.number,
        bars=len(unit.bars),
        strokes={
            drum: tuple((at + s.tick, s.velocity, habits[drum, s.tick]) for at, s in strokes if s.drum == drum)
            for drum in DRUM_NOTES
            if any(s.drum == drum for _, s in strokes)
        },
    )


def timing_habits(units: Sequence[Unit]) -> dict[tuple[str, int], float]:
    """How many milliseconds late a family plays each drum at each tick of the bar, against its own beat.

    Of n strokes at one place, sum / (n + 1): a habit of many bars is kept, the slip of a single one halved.
    """
    late: dict[tuple[str, int], list[float]] = {}
    for unit in units:
        strokes = [stroke for bar in unit.bars for stroke in bar.strokes]
        on_beat = [stroke.shift_ms for stroke in strokes if stroke.tick % TICKS_PER_QUARTER == 0]
        centre = float(np.median(on_beat)) if on_beat else 0.0
        for stroke in strokes:
            late.setdefault((stroke.drum, stroke.tick), []).append(stroke.shift_ms - centre)
    return {place: _bounded(sum(found) / (len(found) + 1)) for place, found in late.items()}


def _bounded(shift_ms: float) -> float:
    return round(min(MOST_SHIFT_MS, max(-MOST_SHIFT_MS, shift_ms)), 1)


def to_json(grooves: HumanGrooves) -> str:
    """The text of `grooves.json`, one take on a line."""
    compact = partial(json.dumps, separators=(",", ":"), ensure_ascii=False)
    table = asdict(grooves)
    families = table.pop("families")
    lines = []
    for family in families:
        takes = ",\n  ".join(compact(take) for take in family.pop("takes"))
        lines.append(f'{compact(family)[:-1]},"takes":[\n  {takes}]}}')
    head = json.dumps(table, indent=1, ensure_ascii=False)[:-2]
    return f'{head},\n "families": [\n' + ",\n".join(lines) + "\n]}\n"
