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
from aimusic.training.melody import monophonic, off_grid_share, written_lengths
from aimusic.training.metre import Fit, fits, rewrite, written_bar_ticks
from aimusic.training.pieces import Piece, Rejection, bar_ticks
from aimusic.training.tracks import Track, jumpiness, lead_tracks, named_track, skyline

MAX_OFF_GRID = 0.12
MIN_PLAYING = 0.5
MAX_REST_BARS = 4
MIN_BARS = 8
MAX_BARS = 64
SEGMENT_TICKS = {"4/4": 24, "3/4": 36, "6/8": 18}


@dataclass(frozen=True, slots=True)
class Stretch:
    """Part of a file in one written metre; onsets count from its beginning.

    `signature` is the number of sharps, flats negative, or None where the file does not say.
    """

    metre: str
    signature: int | None
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
    leads: int = 1,
    max_jump: float = 5.0,
    max_density: dict[str, float] | None = None,
    downbeats: bool = False,
    signatures: bool = False,
    performed: bool = False,
    fit_tempo: bool = False,
) -> Iterator[Piece | Rejection]:
    """Pieces of a `.tar.gz` of MIDI files; long ones become several pieces of at most 64 bars.

    Args:
        styles: labels of the catalog that are styles here; files without any are left out.
        melody: patterns of track names, in order of preference; "*" is the first pitched track and "lead" the
            most melodic ones. Of a staff with several notes at a time the upper line is taken.
        index: a CSV file with the columns `file` and `licence`, where licences differ.
        leads: how many melodic tracks of one file are read, each as a piece.
        max_jump: largest mean interval of a melody, in semitones.
        max_density: most melody notes a quarter of a piece that teaches a style.
        downbeats: look for upbeats that are not padded to a bar.
        signatures: key signatures are to be trusted.
        performed: lengths are as played, so nearly legato ones are written out to the next note.
        fit_tempo: the quarters of the file are not quite those of the music; find the grid.
    """
    how = Reading(melody, leads, max_jump, downbeats, signatures, performed, fit_tempo)
    licences = _licences(source, index)
    for name, content in _members(source, archive):
        row = source.catalog.get(name)
        taught = tuple(label for label in row["styles"].split("|") if label in styles) if row else ()
        if not taught:
            yield Rejection(name, "no style that we teach" if row else "not in the catalog")
            continue
        licence = licences.get(name.rpartition("/")[2], source.licence)
        for item in _pieces(symusic.Score.from_midi(content), name, how):
            yield _named(item, row, taught, licence, max_density or {}) if isinstance(item, Piece) else item


def _named(piece: Piece, row: dict, styles: tuple[str, ...], licence: str, max_density: dict) -> Piece | Rejection:
    """The piece with what the catalog knows about its file."""
    quarters = piece.bars * bar_ticks(piece.metre) / TICKS_PER_QUARTER
    density = len(piece.melody) / quarters
    taught = tuple(style for style in styles if density <= max_density.get(style, np.inf))
    if not taught:
        return Rejection(piece.file, "too many notes for its style")
    return replace(
        piece,
        title=f"{row['composer']}: {row['title']}".removeprefix(": "),
        styles=taught,
        licence=licence,
        share_alike="-SA" in licence,
        group=row["dup_group"] or piece.file.partition("#")[0],
        split=row["split"],
        dup_group=row["dup_group"],
    )


@dataclass(frozen=True, slots=True)
class Reading:
    """How the files of a data set are read; the arguments of `midi_files` of the same names."""

    melody: list[str]
    leads: int
    max_jump: float
    downbeats: bool
    signatures: bool
    performed: bool
    fit_tempo: bool


def _members(source: Source, archive: str) -> Iterator[tuple[str, bytes]]:
    """Name and content of every file in the archive, by name."""
    with tarfile.open(source.folder / archive) as files:
        for member in sorted((member for member in files if member.isfile()), key=lambda member: member.name):
            yield member.name, files.extractfile(member).read()


def _licences(source: Source, index: str) -> dict[str, str]:
    if not index:
        return {}
    with (source.folder / index).open(encoding="utf-8", newline="") as file:
        return {row["file"]: row["licence"] for row in csv.DictReader(file)}


def _pieces(score: symusic.Score, name: str, how: Reading) -> Iterator[Piece | Rejection]:
    """The pieces of one file, or one rejection with the reason that its stretches met most often."""
    pieces: list[Piece] = []
    reasons: list[str] = []
    tracks = _tracks(score, how.fit_tempo)
    if isinstance(tracks, str):
        yield Rejection(name, tracks)
        return
    for stretch in _stretches(score, tracks):
        read = _read_stretch(stretch, how)
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
    """The factor within 1.5 per cent of 1 that puts most onsets on sixteenths, to a hundredth of a per cent."""
    factors = np.arange(0.985, 1.0151, 0.0001)
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
        inside = [replace(track, notes=_between(track.notes, start, stop)) for track in tracks]
        sounding = [track for track in inside if len(track.notes)]
        if sounding:
            yield Stretch(metre, _signature(score, start), sounding)


def _signature(score: symusic.Score, start_ticks: int) -> int | None:
    """The key signature in force at a tick of ours."""
    marks = [
        mark.key
        for mark in score.key_signatures
        if mark.time / score.ticks_per_quarter * TICKS_PER_QUARTER <= start_ticks + 0.5
    ]
    return marks[-1] if marks else None


def _between(notes: np.ndarray, start: int, stop: int) -> np.ndarray:
    """The notes that begin in a time, counted from its start."""
    chosen = notes[(notes[:, 0] >= start) & (notes[:, 0] < stop)]
    return chosen - np.array([start, 0, 0])


def _read_stretch(stretch: Stretch, how: Reading) -> list[Piece] | str:
    """The pieces of a stretch, or why there are none."""
    pitched = stretch.pitched
    if not len(pitched):
        return "no notes"
    fitted = _fit(stretch.metre, pitched, how.downbeats)
    if isinstance(fitted, str):
        return fitted
    leads = _leads(stretch.tracks, how, bar_ticks(fitted.metre))
    if not leads:
        return "no melody track"
    moved = np.array([fitted.shift_ticks, 0, 0])
    lines = [line for track in leads if jumpiness(line := skyline(track.notes)) <= how.max_jump]
    if not lines:
        return "melody jumps too much"
    signature = stretch.signature if how.signatures else None
    cuts = [_cut(np.array(line) + moved, pitched + moved, fitted.metre, signature, how) for line in lines]
    return [piece for cut in cuts if not isinstance(cut, str) for piece in cut] or cuts[0]


def _fit(metre: str, pitched: np.ndarray, downbeats: bool) -> Fit | str:
    """How the bars of the stretch become ours; where upbeats are not padded, the accents decide."""
    if not fits(metre):
        return f"metre {metre}"
    first = int(pitched[0, 0])
    bars = -(-(int(pitched[-1, 0]) + 1) // written_bar_ticks(metre))
    if not downbeats:
        return rewrite(metre, bars, first)
    fitted = rewrite(metre, bars + bars % 2, 0)
    unit = max(written_bar_ticks(metre), bar_ticks(fitted.metre))
    return replace(fitted, shift_ticks=-downbeat_shift(pitched, unit) % unit)


def _leads(tracks: list[Track], how: Reading, bar: int) -> list[Track]:
    """The tracks whose tunes are read."""
    for pattern in how.melody:
        if pattern == "lead":
            found = lead_tracks(tracks, bar, how.leads)
        elif pattern == "*":
            found = [track for track in tracks if not track.is_drum][:1]
        else:
            found = [track for track in [named_track(tracks, pattern)] if track is not None]
        if found:
            return found
    return []


def _cut(
    line: np.ndarray, texture: np.ndarray, metre: str, signature: int | None, how: Reading
) -> list[Piece] | str:
    """Pieces of at most 64 bars, from the melody's first bar to its last; a line that mostly rests is
    taken passage by passage."""
    bar = bar_ticks(metre)
    if int(line[-1, 0]) // bar + 1 - int(line[0, 0]) // bar < MIN_BARS:
        return f"fewer than {MIN_BARS} bars"
    pieces = []
    for passage in _passages(line, bar):
        first, bars = int(passage[0, 0]) // bar, int(passage[-1, 0]) // bar + 1 - int(passage[0, 0]) // bar
        parts = -(-bars // MAX_BARS)
        size = -(-bars // parts // 4) * 4
        for start in range(first, first + bars, size):
            stop = min(start + size, first + bars)
            tune, around = (_window(notes, start * bar, stop * bar) for notes in (passage, texture))
            if _busy(tune, bar):
                pieces.append(_piece(tune, around, metre, signature, how.performed))
    return pieces or "melody mostly silent"


def _passages(line: np.ndarray, bar: int) -> list[np.ndarray]:
    """The whole line, or, where it rests most of the time, what lies between its long rests."""
    if _busy(line, bar):
        return [line]
    return np.split(line, np.flatnonzero(np.diff(line[:, 0]) > MAX_REST_BARS * bar) + 1)


def _busy(line: np.ndarray, bar: int) -> bool:
    """True where the line has eight bars or more and something begins in half of them."""
    if not len(line):
        return False
    bars = int(line[-1, 0]) // bar + 1 - int(line[0, 0]) // bar
    return bars >= MIN_BARS and len(np.unique(line[:, 0] // bar)) >= MIN_PLAYING * bars


def _window(notes: np.ndarray, start: int, stop: int) -> np.ndarray:
    """The notes that begin in the window, counted from its start and cut at its end."""
    chosen = _between(notes, start, stop)
    chosen[:, 1] = np.minimum(chosen[:, 1], stop - start - chosen[:, 0])
    return chosen


def _piece(line: np.ndarray, texture: np.ndarray, metre: str, signature: int | None, performed: bool) -> Piece:
    """One piece without its names, from the bar in which the melody enters."""
    bar = bar_ticks(metre)
    bars = int(line[-1, 0]) // bar + 1
    if performed:
        line = np.column_stack([line[:, 0], written_lengths(line[:, 0], line[:, 1], bars * bar), line[:, 2]])
    melody = monophonic(list(map(tuple, line.tolist())))
    chords = read_chords(_window(texture, 0, bars * bar), bars, bar, SEGMENT_TICKS[metre])
    weights = np.bincount(texture[:, 2] % 12, texture[:, 1], minlength=12) + 0.5 * chord_weights(chords)
    key = find_key(weights, chords, signature)
    return Piece("", "", (), "", "", False, key, metre, bars, melody, chords)
