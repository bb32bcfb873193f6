"""Songs as chords only: charts with sections, Roman-numeral analyses, and short progressions."""

import json
from collections.abc import Iterator

from aimusic.music.harmony import QUALITIES, Chord, Key, pitch_class
from aimusic.music.rhythm import METRES
from aimusic.training.datasets import Source
from aimusic.training.pieces import Piece, Rejection, chord_spans, group_name
from aimusic.training.readers.chord_symbols import UnknownSymbol, read_symbol
from aimusic.training.readers.lead_sheets import rows
from aimusic.training.readers.numerals import Dialect, read_numeral

# A bar of 12/8 has four beats, like one of 4/4; without a melody nothing else tells them apart.
_METRES = {"4/4": "4/4", "12/8": "4/4", "2/2": "4/4", "3/4": "3/4", "6/8": "6/8"}
_TWELVE_BARS = ({0}, None, None, {0}, {5}, None, {0}, None, {7, 2, 8}, {5, 7, 1, 8}, {0}, None)
MIN_BLUES_SHARE = 0.3
LOOP_BARS = 8

Bar = tuple[Chord | None, ...]  # chords that share the bar equally; None holds what sounds already


def chord_charts(
    source: Source, *, file: str, styles: list[str], blues_styles: list[str]
) -> Iterator[Piece | Rejection]:
    """Charts: `sections` of `labels` and `bars`, chords in Harte's syntax, `change` of tonic or metre.

    Bars of another metre, as marked in the chart, are left out; a song that changes its metre for good is
    rejected. Everything is written relative to the tonic of the moment.
    """
    for row in rows(source, file):
        changes = [section["change"] for section in row["sections"] if "change" in section]
        if row["metre"] not in _METRES:
            yield Rejection(row["id"], f"metre {row['metre']}")
        elif any("metre" in change for change in changes):
            yield Rejection(row["id"], "metre changes")
        else:
            yield _chart(source, row, styles, blues_styles)


def _chart(source: Source, row: dict, styles: list[str], blues_styles: list[str]) -> Piece | Rejection:
    try:
        bars, sections = _chart_bars(row)
    except UnknownSymbol:
        return Rejection(row["id"], "unknown chord symbol")
    title = f"{row['artist']}: {row['title']}"
    return chord_piece(source, row["id"], title, row["title"], row["metre"], bars, styles, blues_styles, sections)


def _chart_bars(row: dict) -> tuple[list[Bar], tuple[tuple[int, str], ...]]:
    """The chart's bars in C, from the first chord on, and its sections by letter."""
    tonic = pitch_class(row["tonic"][0], row["tonic"][1:])
    bars: list[Bar] = []
    sections = []
    for section in row["sections"]:
        if "change" in section:
            name = section["change"]["tonic"]
            tonic = pitch_class(name[0], name[1:])
            continue
        start = len(bars)
        for text in section["bars"]:
            tokens = text.split()
            if any(token.startswith("(") for token in tokens):
                continue
            chords = tuple(_chart_chord(token, tonic) for token in tokens if token not in ("&pause", "*"))
            if bars or any(chords):
                bars.append(chords)
        if len(bars) > start:
            sections.append((start, section["labels"][0] if section["labels"] else ""))
    return bars, tuple(sections)


def _chart_chord(token: str, tonic: int) -> Chord | None:
    chord = None if token == "." else read_symbol(token)
    return chord and chord.transposed(-tonic)


def analyses(
    source: Source, *, file: str, styles: list[str], blues_styles: list[str], annotators: list[str]
) -> Iterator[Piece | Rejection]:
    """Roman-numeral analyses: `bars` of numerals, `events` = [bar, key or metre].

    An empty bar holds the chord, `.` a beat, `R` is a rest. Numerals are relative to the key of the moment.
    """
    table = list(rows(source, file))
    chosen = {}
    for annotator in reversed(annotators):
        chosen.update({row["song"]: row["id"] for row in table if row["annotator"] == annotator})
    for row in table:
        metres = [text for _, text in row["events"] if "/" in text] or ["4/4"]
        if chosen.get(row["song"]) != row["id"]:
            yield Rejection(row["id"], "second analysis of a song")
        elif metres[0] not in _METRES or len(set(metres)) > 1:
            yield Rejection(row["id"], "metre changes" if len(set(metres)) > 1 else f"metre {metres[0]}")
        else:
            yield _analysis(source, row, metres[0], styles, blues_styles)


def _analysis(
    source: Source, row: dict, metre: str, styles: list[str], blues_styles: list[str]
) -> Piece | Rejection:
    dialect = Dialect(figured=True, diatonic=True)
    try:
        bars = [tuple(None if t in (".", "R") else read_numeral(t, dialect) for t in bar) for bar in row["bars"]]
    except UnknownSymbol:
        return Rejection(row["id"], "unknown chord symbol")
    while bars and not any(bars[0]):
        bars.pop(0)
    title = row["title"] or row["song"]
    return chord_piece(source, row["id"], f"{row['artist']}: {title}", title, metre, bars, styles, blues_styles)


def progressions(
    source: Source, *, file: str, styles: list[str], moods: list[list[str]], dialect: dict
) -> Iterator[Piece | Rejection]:
    """Short progressions in numerals, repeated until they are eight bars long.

    Args:
        styles: that every progression teaches, beside those that it names itself.
        moods: (mood tag, style that such a progression teaches too).
        dialect: fields of `numerals.Dialect`.
    """
    for number, row in enumerate(json.loads((source.folder / file).read_text(encoding="utf-8"))["progressions"]):
        name = row.get("id", f"{number:03}-{'-'.join(row.get('chords', ()))}")
        taught = [*styles, *row.get("styles", ()), *(s for mood, s in moods if mood in row.get("moods", ()))]
        mode = "minor" if row["mode"] in ("min", "minor") else "major"
        written = row.get("bars") or [[chord] for chord in row["chords"]]
        if not written:
            yield Rejection(name, "no chords")
            continue
        try:
            bars = [tuple(read_numeral(text, Dialect(**dialect), mode) for text in bar) for bar in written]
        except UnknownSymbol:
            yield Rejection(name, "unknown chord symbol")
            continue
        bars *= -(-LOOP_BARS // len(bars))
        yield chord_piece(source, name, name, name, "4/4", bars, list(dict.fromkeys(taught)))


def chord_piece(
    source: Source,
    name: str,
    title: str,
    group: str,
    metre: str,
    bars: list[Bar],
    styles: list[str],
    blues_styles: list[str] | None = None,
    sections: tuple[tuple[int, str], ...] = (),
) -> Piece:
    """A piece of chords on a tonic of C; songs over twelve-bar choruses teach `blues_styles`."""
    length = METRES[_METRES[metre]].bar_ticks
    events = [
        (number * length + place * length // len(bar), chord)
        for number, bar in enumerate(bars)
        for place, chord in enumerate(bar)
        if chord is not None
    ]
    chords = chord_spans(events, len(bars) * length)
    blues = blues_styles and twelve_bar_share(bars) >= MIN_BLUES_SHARE
    on_tonic = [span for span in chords if span.chord.root == 0]
    minor = sum(span.length_ticks for span in on_tonic if 3 in QUALITIES[span.chord.quality][1])
    key = Key(0, "minor" if 2 * minor > sum(span.length_ticks for span in on_tonic) else "major")
    return Piece(
        name, title, tuple(blues_styles if blues else styles), group_name(group), source.licence,
        source.share_alike, key, _METRES[metre], len(bars), (), chords, sections,
    )  # fmt: skip


def twelve_bar_share(bars: list[Bar]) -> float:
    """Share of bars inside choruses of the twelve-bar form, judged by the roots on the downbeats."""
    roots: list[int | None] = []
    for bar in bars:
        roots.append(bar[0].root if bar and bar[0] else (roots[-1] if roots else None))
    start = covered = 0
    while start + 12 <= len(roots):
        chorus = roots[start : start + 12]
        fits = all(allowed is None or root in allowed for allowed, root in zip(_TWELVE_BARS, chorus, strict=True))
        covered += 12 * fits
        start += 12 if fits else 1
    return covered / max(1, len(roots))
