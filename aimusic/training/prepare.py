"""From a data directory to the corpus: read, transpose, label form, drop duplicates, split, report.

The same data give the same corpus, byte for byte, on any number of processes.
"""

import hashlib
import inspect
import multiprocessing
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from aimusic.errors import InvalidData
from aimusic.music.rhythm import METRES
from aimusic.training.analysis import find_references, labelled_references, phrase_starts
from aimusic.training.corpus import Song
from aimusic.training.datasets import DataSet, Source, check_files, load_catalog, load_data_sets
from aimusic.training.duplicates import KnownGrams, melody_grams
from aimusic.training.pieces import Piece, Rejection, bar_ticks
from aimusic.training.readers import READERS

MIN_BARS = 8
MIN_NOTES = 16
MAX_OVERLAP = 0.5
SPLITS = ("train", "validation", "test")
SHARES = (0.8, 0.1, 0.1)

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Account:
    """What became of one data set: pieces read and used, and how many were not, by reason."""

    read: int
    used: int
    reasons: Mapping[str, int]


def prepare(
    data_dir: Path,
    *,
    share_alike: bool = True,
    names: Iterable[str] = (),
    processes: int = 1,
    progress: Progress = lambda name: None,
) -> tuple[tuple[Song, ...], dict[str, Account]]:
    """Every usable piece of the core data sets as a song, and an account of each data set.

    Args:
        share_alike: False leaves out every piece whose licence asks for the same licence.
        names: only these data sets, of any tier; all core ones where empty.
        progress: told the name of each data set when it has been read.

    Raises:
        InvalidData: a data set is unknown, missing or not what its manifest says.
    """
    chosen = _chosen(load_data_sets(data_dir), tuple(names))
    for data_set in chosen:
        check_files(data_dir, data_set.files)
    catalog = load_catalog(data_dir)
    jobs = [(data_dir, data_set, catalog.get(data_set.id, {})) for data_set in chosen]
    results = []
    with _mapper(processes) as run:
        for data_set, result in zip(chosen, run(_read_job, jobs), strict=True):
            results.append(result)
            progress(data_set.id)
    return _collect(chosen, results, share_alike)


@contextmanager
def _mapper(processes: int) -> Iterator[Callable]:
    """`map`, in this process or over spawned ones; results keep their order."""
    if processes == 1:
        yield map
        return
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        yield pool.map


def _chosen(data_sets: tuple[DataSet, ...], names: tuple[str, ...]) -> tuple[DataSet, ...]:
    unknown = set(names) - {data_set.id for data_set in data_sets if data_set.reader}
    if unknown:
        raise InvalidData(f"no reader for the data sets {', '.join(sorted(unknown))}")
    return tuple(
        data_set
        for data_set in data_sets
        if data_set.reader and (data_set.id in names if names else data_set.tier == "core")
    )


def _read_job(job: tuple[Path, DataSet, Mapping]) -> list[tuple[Song, Piece] | Rejection]:
    return read_data_set(*job)


def read_data_set(data_dir: Path, data_set: DataSet, catalog: Mapping) -> list[tuple[Song, Piece] | Rejection]:
    """Every piece of a data set: a song (not yet split) with the piece it came from, or a rejection."""
    reader = READERS.get(data_set.reader)
    if reader is None:
        raise InvalidData(f"datasets.toml: {data_set.id}: no reader is named {data_set.reader!r}")
    source = Source(data_dir / data_set.id, data_set.licence, data_set.share_alike, catalog)
    try:
        inspect.signature(reader).bind(source, **data_set.options)
    except TypeError as error:
        raise InvalidData(f"datasets.toml: {data_set.id}: {error}") from error
    return [
        item if isinstance(item, Rejection) else _song_or_rejection(item, data_set)
        for item in reader(source, **data_set.options)
    ]


def _song_or_rejection(piece: Piece, data_set: DataSet) -> tuple[Song, Piece] | Rejection:
    if piece.bars < MIN_BARS:
        return Rejection(piece.file, f"fewer than {MIN_BARS} bars")
    if piece.melody and len(piece.melody) < MIN_NOTES:
        return Rejection(piece.file, f"fewer than {MIN_NOTES} notes")
    if not piece.melody and not piece.chords:
        return Rejection(piece.file, "no melody and no chords")
    return to_song(piece, data_set.id), piece


def to_song(piece: Piece, data_set_id: str) -> Song:
    """The piece in C major or A minor, with its form; without a split."""
    tonic = 0 if piece.key.mode == "major" else 9
    shift = (tonic - piece.key.tonic + 6) % 12 - 6
    end = piece.bars * bar_ticks(piece.metre)
    melody = tuple(
        replace(note, pitch=note.pitch + shift, length_ticks=min(note.length_ticks, end - note.onset_ticks))
        for note in piece.melody
        if note.onset_ticks < end
    )
    chords = tuple(replace(span, chord=span.chord.transposed(shift)) for span in piece.chords)
    references = _references(piece)
    upbeat = bool(melody) and 2 * melody[0].onset_ticks >= bar_ticks(piece.metre)
    return Song(
        id=f"{data_set_id}/{piece.file}",
        dataset=data_set_id,
        title=piece.title,
        styles=piece.styles,
        split="",
        licence=piece.licence,
        share_alike=piece.share_alike,
        mode=piece.key.mode,
        metre=piece.metre,
        bars=piece.bars,
        melody=melody,
        chords=chords,
        references=references,
        phrase_starts=phrase_starts(references, piece.sections, upbeat),
    )


def _references(piece: Piece) -> tuple[int | None, ...]:
    """Where there is a melody, what its notes say, then the labels; for chords alone the other way round."""
    labelled = labelled_references(piece.sections, piece.bars)
    metre = METRES[piece.metre]
    if piece.melody:
        events = [(note.onset_ticks, note.pitch) for note in piece.melody]
    else:
        events = [
            (tick, span.chord.symbol())
            for span in piece.chords
            for tick in range(span.onset_ticks, span.end_ticks, metre.beat_ticks)
        ]
    found = find_references(events, piece.bars, metre.bar_ticks)
    first, second = (found, labelled) if piece.melody else (labelled, found)
    return tuple(b if a is None else a for a, b in zip(first, second, strict=True))


def _collect(
    chosen: tuple[DataSet, ...], results: list, share_alike: bool
) -> tuple[tuple[Song, ...], dict[str, Account]]:
    """Drop what the licence filter and the duplicates exclude, then split."""
    songs, accounts = [], {}
    groups: dict[str, str] = {}
    known = KnownGrams()
    for data_set, items in zip(chosen, results, strict=True):
        reasons: Counter[str] = Counter()
        used = 0
        for item in items:
            reason = item.reason if isinstance(item, Rejection) else ""
            if not reason:
                song, piece = item
                reason = _exclusion(song, piece, share_alike, groups, known)
            if reason:
                reasons[reason] += 1
                continue
            used += 1
            songs.append(replace(song, split=_split(piece, data_set)))
        accounts[data_set.id] = Account(len(items), used, dict(sorted(reasons.items())))
    return tuple(songs), accounts


def _exclusion(song: Song, piece: Piece, share_alike: bool, groups: dict[str, str], known: KnownGrams) -> str:
    if song.share_alike and not share_alike:
        return "share-alike licence"
    file = song.id.partition("#")[0]
    if piece.dup_group and groups.get(piece.dup_group, file) != file:
        return "duplicate in the catalog"
    grams = melody_grams(song)
    if known.overlap(grams) > MAX_OVERLAP:
        return "near duplicate of an earlier song"
    if piece.dup_group:
        groups[piece.dup_group] = file
    known.add(grams)
    return ""


def _split(piece: Piece, data_set: DataSet) -> str:
    if data_set.splits == "catalog":
        return piece.split
    return hashed_split(piece.dup_group or piece.group)


def hashed_split(group: str) -> str:
    """A split drawn from the name of the group: 80, 10 and 10 per cent."""
    digest = hashlib.sha256(f"split/{group}".encode()).digest()
    place = int.from_bytes(digest[:8], "big") / 2**64
    return SPLITS[sum(place >= edge for edge in (SHARES[0], SHARES[0] + SHARES[1]))]
