"""MIDI files in an archive: metre stretches, downbeats, the singing track, and the chords of the texture."""

import csv
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import symusic

from aimusic.music.rhythm import TICKS_PER_QUARTER
from aimusic.training.analysis import chord_weights, find_key, read_chords
from aimusic.training.datasets import Source
from aimusic.training.downbeat import downbeat_shift
from aimusic.training.melody import monophonic, off_grid_share
from aimusic.training.metre import fits, rewrite, written_bar_ticks
from aimusic.training.pieces import Piece, Rejection, bar_ticks
from aimusic.training.tracks import Track, jumpiness, lead_track, named_track, skyline

MAX_OFF_GRID = 0.12
MAX_JUMP = 5.0
MAX_SILENCE = 0.5
MIN_BARS = 8
MAX_BARS = 64
SEGMENT_TICKS = {"4/4": 24, "3/4": 36, "6/8": 18}


@dataclass(frozen=True, slots=True)
class Stretch:
    """Part of a file in one written metre; onsets count from its first downbeat line."""

    metre: str
    tracks: list[Track]

    @property
    def pitched(self) -> np.ndarray:
        """Every note that is not a drum, (n, 3), sorted by onset."""
        notes = [track.notes for track in self.tracks if not track.is_drum and len(track.notes)]
        together = np.concatenate(notes) if notes else np.zeros((0, 3), dtype=int)
        return together[np.argsort(together[:, 0], kind="stable")]


def midi_files(
    source: Source,
    *,
    archive: str,
    styles: list[str],
    melody: list[str],
    index: str = "",
    downbeats: bool = False,
    fit_tempo: bool = False,
) -> Iterator[Piece | Rejection]:
    """Pieces of a `.tar.gz` of MIDI files; long ones become several pieces of at most 64 bars.

    Args:
        styles: labels of the catalog that are styles here; files without any are left out.
        melody: patterns of track names, in order of preference; "*" is the first pitched track and "lead" the
            most melodic one. Of a staff with several notes at a time the upper line is taken.
        index: a CSV file with the columns `file` and `licence`, where licences differ.
        downbeats: look for upbeats that are not padded to a bar.
        fit_tempo: the quarters of the file are not those of the music; find the grid.
    """
    licences = _licences(source, index)
    with tarfile.open(source.folder / archive) as files:
        members = sorted((member for member in files if member.isfile()), key=lambda member: member.name)
        for member in members:
            row = source.catalog.get(member.name)
            if row is None:
                yield Rejection(member.name, "not in the catalog")
                continue
            taught = tuple(label for label in row["styles"].split("|") if label in styles)
            if not taught:
                yield Rejection(member.name, "no style that we teach")
                continue
            score = symusic.Score.from_midi(files.extractfile(member).read())
            licence = licences.get(member.name.rpartition("/")[2], source.licence)
            for item in _pieces(score, member.name, melody, downbeats, fit_tempo):
                if isinstance(item, Rejection):
                    yield item
                else:
                    yield replace(
                        item,
                        title=f"{row['composer']}: {row['title']}" if row["composer"] else row["title"],
                        styles=taught,
                        licence=licence,
                        share_alike="-SA" in licence if index else source.share_alike,
                        group=row["dup_group"] or member.name,
                        split=row["split"],
                        dup_group=row["dup_group"],
                    )


def _licences(source: Source, index: str) -> dict[str, str]:
    if not index:
        return {}
    with (source.folder / index).open(encoding="utf-8", newline="") as file:
        return {row["file"]: row["licence"] for row in csv.DictReader(file)}


def _pieces(
    score: symusic.Score, name: str, melody: list[str], downbeats: bool, fit_tempo: bool
) -> Iterator[Piece | Rejection]:
    """The pieces of one file, or one rejection with the reason that its stretches met most often."""
    pieces: list[Piece] = []
    reasons: list[str] = []
    tracks = _tracks(score, fit_tempo)
    if isinstance(tracks, str):
        yield Rejection(name, tracks)
        return
    for stretch in _stretches(score, tracks):
        read = _read_stretch(stretch, melody, downbeats)
        if isinstance(read, str):
            reasons.append(read)
        else:
            pieces.extend(read)
    if not pieces:
        yield Rejection(name, max(reasons, key=reasons.count) if reasons else "no notes")
    for number, piece in enumerate(pieces, 1):
        yield replace(piece, file=name if len(pieces) == 1 else f"{name}#{number}")


def _tracks(score: symusic.Score, fit_tempo: bool) -> list[Track] | str:
    """Every track on the grid, or why it cannot be put there."""
    raw = []
    for track in score.tracks:
        notes = track.notes.numpy()
        table = np.stack([notes["time"], notes["duration"], notes["pitch"]], axis=1).astype(float)
        table[:, :2] /= score.ticks_per_quarter
        raw.append((track, table[np.lexsort((-table[:, 2], table[:, 0]))]))
    pitched = [table[:, 0] for track, table in raw if not track.is_drum and len(table)]
    if not pitched:
        return "no notes"
    onsets = np.concatenate(pitched)
    scale = tempo_scale(onsets) if fit_tempo else 1.0
    if off_grid_share(onsets * scale) > MAX_OFF_GRID:
        return "off the grid"
    tracks = []
    for track, table in raw:
        ticks = np.round(table[:, :2] * scale * TICKS_PER_QUARTER).astype(int)
        notes = np.column_stack([ticks[:, 0], np.maximum(ticks[:, 1], 1), table[:, 2].astype(int)])
        tracks.append(Track(track.name, track.program, track.is_drum, notes))
    return tracks


def tempo_scale(onsets_quarters: np.ndarray) -> float:
    """The factor near 1 that puts most onsets on sixteenths, to a hundredth of a per cent."""
    factors = np.arange(0.94, 1.0601, 0.0001)
    sixteenths = onsets_quarters[None, :] * factors[:, None] * 4
    return float(factors[np.argmin(np.abs(sixteenths - np.round(sixteenths)).mean(axis=1))])


def _stretches(score: symusic.Score, tracks: list[Track]) -> Iterator[Stretch]:
    """The file cut wherever a time signature stands."""
    end = max(int((track.notes[:, 0]).max()) + 1 for track in tracks if len(track.notes))
    marks = {
        round(mark.time / score.ticks_per_quarter * TICKS_PER_QUARTER): f"{mark.numerator}/{mark.denominator}"
        for mark in score.time_signatures
    }
    starts = sorted({0: "4/4", **marks}.items())
    for (start, metre), (stop, _) in zip(starts, [*starts[1:], (end, "")], strict=True):
        inside = [replace(track, notes=_between(track.notes, start, stop)) for track in tracks if len(track.notes)]
        if any(len(track.notes) for track in inside):
            yield Stretch(metre, inside)


def _between(notes: np.ndarray, start: int, stop: int) -> np.ndarray:
    """The notes that begin in a time, counted from its start."""
    chosen = notes[(notes[:, 0] >= start) & (notes[:, 0] < stop)]
    return chosen - np.array([start, 0, 0])


def _read_stretch(stretch: Stretch, patterns: list[str], downbeats: bool) -> list[Piece] | str:
    if not fits(stretch.metre):
        return f"metre {stretch.metre}"
    pitched = stretch.pitched
    if not len(pitched):
        return "no notes"
    written = written_bar_ticks(stretch.metre)
    shift = (-downbeat_shift(pitched, written)) % written if downbeats else 0
    lead = _lead(stretch.tracks, patterns, written)
    if lead is None or not len(lead.notes):
        return "no melody track"
    line = skyline(lead.notes)
    if jumpiness(line) > MAX_JUMP:
        return "melody jumps too much"
    bars = -(-(max(onset for onset, _, _ in line) + shift + 1) // written)
    fitted = rewrite(stretch.metre, bars + bars % 2, 1 if shift else line[0][0])
    if isinstance(fitted, str):
        return fitted
    moved = np.array([shift + fitted.shift_ticks, 0, 0])
    return _cut(np.array(line) + moved, pitched + moved, fitted.metre)


def _lead(tracks: list[Track], patterns: list[str], bar: int) -> Track | None:
    for pattern in patterns:
        if pattern == "lead":
            found = lead_track(tracks, bar)
        elif pattern == "*":
            found = next((track for track in tracks if not track.is_drum and len(track.notes)), None)
        else:
            found = named_track(tracks, [pattern])
        if found is not None:
            return found
    return None


def _cut(line: np.ndarray, texture: np.ndarray, metre: str) -> list[Piece] | str:
    """Pieces of at most 64 bars, from the melody's first bar to its last."""
    bar = bar_ticks(metre)
    first = int(line[0, 0]) // bar
    bars = int(line[-1, 0]) // bar + 1 - first
    if bars < MIN_BARS:
        return f"fewer than {MIN_BARS} bars"
    parts = -(-bars // MAX_BARS)
    size = -(-bars // parts // 4) * 4
    pieces = []
    for start in range(first, first + bars, size):
        stop = min(start + size, first + bars)
        piece = _piece(_window(line, start * bar, stop * bar), _window(texture, start * bar, stop * bar), metre)
        if piece is not None:
            pieces.append(piece)
    return pieces or "melody mostly silent"


def _window(notes: np.ndarray, start: int, stop: int) -> np.ndarray:
    """The notes that begin in the window, counted from its start and cut at its end."""
    chosen = _between(notes, start, stop)
    chosen[:, 1] = np.minimum(chosen[:, 1], stop - start - chosen[:, 0])
    return chosen


def _piece(line: np.ndarray, texture: np.ndarray, metre: str) -> Piece | None:
    """One piece without its names; None where the melody rests most of the time."""
    bar = bar_ticks(metre)
    if not len(line):
        return None
    bars = int(line[-1, 0]) // bar + 1
    playing = len(np.unique(line[:, 0] // bar))
    if bars < MIN_BARS or playing < (1 - MAX_SILENCE) * bars:
        return None
    melody = monophonic(list(map(tuple, line.tolist())))
    chords = read_chords(_window(texture, 0, bars * bar), bars, bar, SEGMENT_TICKS[metre])
    weights = np.bincount(texture[:, 2] % 12, texture[:, 1], minlength=12) + 0.5 * chord_weights(chords)
    key = find_key(weights, chords[-1].chord.root if chords else None)
    return Piece("", "", (), "", "", False, key, metre, bars, melody, chords)
