"""Melodies with chord symbols: lead sheets in quarter notes, and transcribed solos in bars and beats."""

import gzip
import json
from collections.abc import Iterator
from itertools import groupby

import numpy as np

from aimusic.music.harmony import parse_key
from aimusic.music.rhythm import TICKS_PER_QUARTER
from aimusic.music.score import ChordSpan
from aimusic.training.analysis import chord_weights, find_key, pitch_weights
from aimusic.training.datasets import Source
from aimusic.training.melody import monophonic, off_grid_share, quantise_beat, written_lengths
from aimusic.training.metre import rewrite
from aimusic.training.pieces import Piece, Rejection, bar_ticks, chord_spans, group_name
from aimusic.training.readers.chord_symbols import UnknownSymbol, read_symbol

MAX_OFF_GRID = 0.03
MAX_NO_CHORD = 0.25


def rows(source: Source, file: str) -> Iterator[dict]:
    """The objects of a `.jsonl.gz` file of a data set."""
    with gzip.open(source.folder / file, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def lead_sheets(
    source: Source,
    *,
    file: str,
    require: str,
    styles: list[str],
    tags: list[list[str]],
    title_words: list[list[str]],
) -> Iterator[Piece | Rejection]:
    """Lead sheets: `melody` = [onset, duration, pitch], `chords` = [onset, symbol], in quarters.

    Args:
        require: the field that must be true.
        styles: of sheets that no rule names.
        tags: (genre or style tag, our style); the first whose tag the sheet has decides.
        title_words: (word, our style); a word in the title decides before the tags.
    """
    for row in rows(source, file):
        if not row[require]:
            yield Rejection(row["id"], f"not {require}")
            continue
        words = row["title"].lower().split()
        named = [style for word, style in title_words if word in words]
        named += [style for tag, style in tags if tag in row["genres"] or tag in row["styles"]]
        yield _lead_sheet(source, row, tuple(named[:1] or styles))


def _lead_sheet(source: Source, row: dict, styles: tuple[str, ...]) -> Piece | Rejection:
    melody = np.array(row["melody"], dtype=float).reshape(-1, 3)
    if not len(melody):
        return Rejection(row["id"], "no melody")
    if off_grid_share(melody[:, 0]) > MAX_OFF_GRID:
        return Rejection(row["id"], "off the grid")
    ticks = np.round(melody[:, :2] * TICKS_PER_QUARTER).astype(int).tolist()
    notes = [
        (onset, max(1, length), int(pitch)) for (onset, length), pitch in zip(ticks, melody[:, 2], strict=True)
    ]
    try:
        events = [(round(onset * TICKS_PER_QUARTER), read_symbol(symbol)) for onset, symbol in row["chords"]]
    except UnknownSymbol:
        return Rejection(row["id"], "unknown chord symbol")
    fitted = rewrite(row["metre"], row["bars"], notes[0][0])
    if isinstance(fitted, str):
        return Rejection(row["id"], fitted)
    tune = monophonic([(onset + fitted.shift_ticks, length, pitch) for onset, length, pitch in notes])
    chords = chord_spans(
        [(onset + fitted.shift_ticks, chord) for onset, chord in events if chord],
        fitted.bars * bar_ticks(fitted.metre),
    )
    weights = pitch_weights(tune) + chord_weights(chords)
    key = find_key(weights, chords, parse_key(row["key"].replace("-", "b")).signature)
    return Piece(
        row["id"], row["title"], styles, group_name(row["title"]), source.licence, source.share_alike,
        key, fitted.metre, fitted.bars, tune, chords,
    )  # fmt: skip


def solos(
    source: Source, *, file: str, styles: list[str], blues_field: str, blues_styles: list[str]
) -> Iterator[Piece | Rejection]:
    """Solos: `melody` = [bar, offset, duration, pitch, ...] in beats, `beats` = [bar, beat, chord, ...].

    Swung eighths are written straight (`melody.quantise_beat`). Choruses of the form are the sections. Where
    the field `blues_field` is true, a solo teaches `blues_styles`.
    """
    for row in rows(source, file):
        metre = row["signature"]
        if metre not in ("4/4", "3/4"):
            yield Rejection(row["id"], f"metre {metre}")
        elif not row["melody"]:
            yield Rejection(row["id"], "no melody")
        else:
            yield _solo(source, row, tuple(blues_styles if row[blues_field] else styles))


def _solo(source: Source, row: dict, styles: tuple[str, ...]) -> Piece | Rejection:
    first = min(note[0] for note in row["melody"])
    bars = max(note[0] for note in row["melody"]) - first + 1
    length = bar_ticks(row["signature"])
    melody = _quantised(row["melody"], first, length, bars * length)
    try:
        chords = _solo_chords(row["beats"], first, length, bars * length)
    except UnknownSymbol:
        return Rejection(row["id"], "unknown chord symbol")
    key = find_key(pitch_weights(melody) + 2 * chord_weights(chords), chords)
    sections = tuple(
        (bar - first, label.rstrip("0123456789'")) for bar, label in row["form"] if first <= bar < first + bars
    )
    return Piece(
        row["id"], f"{row['performer']}: {row['title']}", styles, group_name(row["title"]), source.licence,
        source.share_alike, key, row["signature"], bars, melody, chords, sections,
    )  # fmt: skip


def _solo_chords(beats: list[list], first_bar: int, length: int, end_ticks: int) -> tuple[ChordSpan, ...]:
    """The chords under a solo; none where too many beats have no chord."""
    events, silent = [], 0
    for bar, beat, symbol, *_ in beats:
        chord = read_symbol(symbol) if symbol else None
        silent += chord is None
        if chord and bar >= first_bar:
            events.append(((bar - first_bar) * length + (beat - 1) * TICKS_PER_QUARTER, chord))
    return chord_spans(events, end_ticks) if silent <= MAX_NO_CHORD * len(beats) else ()


def _quantised(notes: list[list], first_bar: int, length: int, end_ticks: int) -> tuple:
    """The solo on the grid: (onset, written length, pitch) of each note, monophonic."""
    onsets: list[int] = []
    for (bar, beat), group in groupby(notes, key=lambda note: (note[0], int(note[1]))):
        offsets = np.array([note[1] - beat for note in group])
        start = (bar - first_bar) * length + beat * TICKS_PER_QUARTER
        onsets.extend(int(start + tick) for tick in quantise_beat(offsets))
    kept = dict(zip(onsets, notes, strict=True))
    order = np.array(sorted(kept))
    performed = np.array([kept[onset][2] * TICKS_PER_QUARTER for onset in order])
    lengths = written_lengths(order, performed, end_ticks)
    return monophonic(
        [(int(onset), int(length), kept[onset][3]) for onset, length in zip(order, lengths, strict=True)]
    )
