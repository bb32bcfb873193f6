"""The corpus: every data set as songs of one form, ready to learn from.

A song is transposed to C major or A minor. Onsets and lengths are ticks; bar 0 begins at tick 0. On disk the
corpus is one JSON object a line, compressed by gzip: the same songs give the same bytes.
"""

import gzip
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from aimusic.errors import InvalidData
from aimusic.music.harmony import Chord
from aimusic.music.score import ChordSpan, Note

MELODY_VELOCITY = 80


@dataclass(frozen=True, slots=True)
class Song:
    """One piece of training music.

    Attributes:
        id: `data set/file`, unique. styles: names of the styles it teaches. split: train, validation or test.
        mode: "major" (tonic C) or "minor" (tonic A). metre: a key of `music.rhythm.METRES`.
        melody: monophonic and sorted, velocity 80; empty for chord-only data sets.
        chords: without gaps from tick 0 to the end; empty where they could not be read.
        references: for each bar the earlier bar that it repeats, or None (labelled or found automatically).
        phrase_starts: bars in which a phrase or section begins, ascending, first 0.
    """

    id: str
    dataset: str
    title: str
    styles: tuple[str, ...]
    split: str
    licence: str
    share_alike: bool
    mode: str
    metre: str
    bars: int
    melody: tuple[Note, ...]
    chords: tuple[ChordSpan, ...]
    references: tuple[int | None, ...]
    phrase_starts: tuple[int, ...]


def save_corpus(songs: Iterable[Song], path: Path) -> None:
    """Write songs to a `.jsonl.gz` file, without a time stamp; the file appears whole or not at all."""
    unfinished = path.with_name(path.name + ".part")
    with unfinished.open("wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as file:
        for song in songs:
            file.write(json.dumps(_to_json(song), separators=(",", ":")).encode() + b"\n")
    unfinished.replace(path)


def load_corpus(path: Path) -> tuple[Song, ...]:
    """Read what `save_corpus` wrote. Raises InvalidData that names the file and the line."""
    songs = []
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            for line in file:
                songs.append(_from_json(json.loads(line)))
    except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
        raise InvalidData(f"{path}: line {len(songs) + 1}: no song of a corpus can be read ({error})") from error
    return tuple(songs)


def _to_json(song: Song) -> dict:
    melody = [[note.onset_ticks, note.pitch, note.length_ticks] for note in song.melody]
    chords = [
        [span.onset_ticks, span.length_ticks, span.chord.root, span.chord.quality, span.chord.bass]
        for span in song.chords
    ]
    fields = {name: getattr(song, name) for name in Song.__slots__}
    return {**fields, "melody": melody, "chords": chords}


def _from_json(fields: dict) -> Song:
    melody = tuple(Note(onset, pitch, length, MELODY_VELOCITY) for onset, pitch, length in fields["melody"])
    chords = tuple(
        ChordSpan(onset, length, Chord(root, quality, bass))
        for onset, length, root, quality, bass in fields["chords"]
    )
    lists = {name: tuple(fields[name]) for name in ("styles", "references", "phrase_starts")}
    return Song(**{**fields, **lists, "melody": melody, "chords": chords})
