"""Music that the composer makes, measured like real music: style by style, sampled against held out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from aimusic.composer.chart import TONIC, Chart
from aimusic.composer.compose import Composer, view_shift
from aimusic.composer.rules import palette_of
from aimusic.composer.vocabulary import NO_CHORD, chord_of
from aimusic.music.request import Request
from aimusic.music.rhythm import METRES
from aimusic.music.score import ChordSpan, LeadSheet, Note
from aimusic.planner import make_plan
from aimusic.style import Style
from aimusic.training.batches import chart_of, fit_melody
from aimusic.training.corpus import Song

GRAM, LONG_GRAM = 12, 24
STEP_BINS = (0, 2, 3, 4, 6, 8, 9, 12, 18, 24, 36, 48)


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """A melody with its frame, in C major or A minor: sampled or real."""

    chart: Chart
    notes: tuple[Note, ...]

    @property
    def moves(self) -> np.ndarray:
        return np.diff([note.pitch for note in self.notes])

    @property
    def steps(self) -> np.ndarray:
        return np.diff([note.onset_ticks for note in self.notes])


def real_piece(song: Song) -> Piece:
    return Piece(chart_of(song, ""), fit_melody(song.melody))


def sampled_piece(composer: Composer, style: Style, seed: int, duration_s: float = 60.0) -> Piece:
    """A piece as a user would get it, seen in C major or A minor."""
    plan = make_plan(Request(style=style.name, duration=duration_s, seed=seed), style)
    lead: LeadSheet = composer(plan, style)
    shift = view_shift(plan, style)
    chords = tuple(
        ChordSpan(span.onset_ticks, span.length_ticks, span.chord.transposed(-shift)) for span in lead.chords
    )
    notes = tuple(Note(note.onset_ticks, note.pitch - shift, note.length_ticks) for note in lead.melody)
    bars = (None,) * len(plan.bars)
    place = (0,) * len(plan.bars)
    return Piece(Chart(style.name, plan.key.mode, plan.metre, bars, place, place, place, chords), notes)


def _share(flags: Sequence) -> float:
    return float(np.mean(flags)) if len(flags) else 0.0


def step_share(piece: Piece) -> float:
    """Intervals of one or two semitones."""
    return _share((abs(piece.moves) > 0) & (abs(piece.moves) <= 2))


def leap_share(piece: Piece) -> float:
    """Intervals wider than a fifth."""
    return _share(abs(piece.moves) > 7)


def repeated_pitches(piece: Piece) -> float:
    return _share(piece.moves == 0)


def notes_per_quarter(piece: Piece) -> float:
    return len(piece.notes) * 12 / (piece.chart.bars * piece.chart.metre.bar_ticks)


def strong_chord_tones(piece: Piece) -> float:
    """Notes on the downbeat or the middle of the bar that belong to their chord."""
    flags = [
        note.pitch % 12 in chord_of(chord).pitch_classes
        for note in piece.notes
        if piece.chart.metre.strength(note.onset_ticks) >= 0.75
        and (chord := piece.chart.chord(note.onset_ticks)) != NO_CHORD
    ]
    return _share(flags)


def _bars(piece: Piece, with_pitch: bool) -> list[tuple]:
    bar_ticks = piece.chart.metre.bar_ticks
    bars: dict[int, list] = {}
    for note in piece.notes:
        bar, place = divmod(note.onset_ticks, bar_ticks)
        bars.setdefault(bar, []).append((place, note.pitch) if with_pitch else place)
    return [tuple(bar) for _, bar in sorted(bars.items())]


def _seen_before(bars: list[tuple]) -> float:
    return _share([bar in bars[:place] for place, bar in enumerate(bars)])


def repeated_rhythms(piece: Piece) -> float:
    """Bars whose rhythm occurred before in the piece."""
    return _seen_before(_bars(piece, with_pitch=False))


def repeated_bars(piece: Piece) -> float:
    """Bars whose notes occurred before in the piece."""
    return _seen_before(_bars(piece, with_pitch=True))


def silence(piece: Piece) -> float:
    """Share of the time in which the melody is silent."""
    total = piece.chart.bars * piece.chart.metre.bar_ticks
    return max(0.0, 1 - sum(note.length_ticks for note in piece.notes) / total)


PER_PIECE: tuple[Callable[[Piece], float], ...] = (
    step_share, leap_share, repeated_pitches, notes_per_quarter, strong_chord_tones,
    repeated_rhythms, repeated_bars, silence,
)  # fmt: skip


def histograms(pieces: Sequence[Piece]) -> dict[str, np.ndarray]:
    """Shares of pitch classes above the tonic, steps and intervals over all pieces."""
    classes = [(n.pitch - TONIC[p.chart.mode]) % 12 for p in pieces for n in p.notes]
    steps = np.concatenate([np.digitize(piece.steps, STEP_BINS) for piece in pieces])
    moves = np.concatenate([piece.moves.clip(-13, 13) + 13 for piece in pieces])
    counts = {
        "pitch_classes": np.bincount(classes, minlength=12),
        "steps": np.bincount(steps, minlength=len(STEP_BINS) + 1),
        "intervals": np.bincount(moves, minlength=27),
    }
    return {name: count / count.sum() for name, count in counts.items()}


def grams(piece: Piece, length: int) -> set[bytes]:
    """Every run of `length` notes as its intervals and steps."""
    rows = np.stack([piece.moves, piece.steps], 1).astype(np.int16)
    return {rows[place : place + length - 1].tobytes() for place in range(len(rows) - length + 2)}


def memorised(pieces: Sequence[Piece], known: set[bytes], length: int) -> float:
    """Share of the pieces' runs of `length` notes that `known` holds."""
    runs = [run for piece in pieces for run in grams(piece, length)]
    return _share([run in known for run in runs])


def outside(piece: Piece, style: Style) -> float:
    """Notes that belong neither to the style's scale and colours nor to their chord."""
    palette = palette_of(style, piece.chart.mode, 0)
    flags = []
    for note in piece.notes:
        chord = piece.chart.chord(note.onset_ticks)
        tones = set() if chord == NO_CHORD else set(chord_of(chord).pitch_classes)
        flags.append(note.pitch % 12 not in palette.scale | palette.colours | tones)
    return _share(flags)


def diversity(pieces: Sequence[Piece]) -> float:
    """Mean Jaccard overlap of the (onset, pitch) pairs of two pieces; 0 where nothing is alike."""
    sheets = [{(note.onset_ticks, note.pitch) for note in piece.notes} for piece in pieces]
    return float(np.mean([len(a & b) / max(1, len(a | b)) for a, b in combinations(sheets, 2)]))


def compare_sampled(
    composer: Composer, style: Style, songs: Sequence[Song], pieces: int
) -> dict[str, tuple[float, float | None]]:
    """(sampled, real) of every measure; real are the style's validation and test songs.

    For histograms the value is the overlap with the held-out songs, and "real" that of the training songs.
    """
    with_melody = [song for song in songs if len(song.melody) >= GRAM and song.metre in METRES]
    train = [real_piece(song) for song in with_melody if song.split == "train"]
    held = [real_piece(song) for song in with_melody if song.split != "train"]
    made = [sampled_piece(composer, style, seed) for seed in range(pieces)]
    table: dict[str, tuple[float, float | None]] = {}
    for measure in PER_PIECE:
        table[measure.__name__] = tuple(float(np.mean([measure(p) for p in some])) for some in (made, held))
    table["outside"] = tuple(float(np.mean([outside(p, style) for p in some])) for some in (made, held))
    target, ours, ceiling = histograms(held), histograms(made), histograms(train)
    for name, share in target.items():
        table[f"overlap_{name}"] = tuple(float(np.minimum(h[name], share).sum()) for h in (ours, ceiling))
    for length in (GRAM, LONG_GRAM):
        known = set().union(*(grams(piece, length) for piece in train))
        table[f"memorised_{length}"] = (memorised(made, known, length), memorised(held, known, length))
    table["ends_on_tonic_chord"] = (_share([_ends_home(piece) for piece in made]), None)
    table["pairwise_overlap"] = (diversity(made), None)
    return table


def _ends_home(piece: Piece) -> bool:
    """Whether the last note is 1, 3 or 5 of a last chord on the tonic."""
    chord = piece.chart.chords[-1].chord
    return chord.root == TONIC[piece.chart.mode] and piece.notes[-1].pitch % 12 in chord.pitch_classes[:3]
