"""Mines grooves: the typical bars of each style from human drumming, written as a style's step patterns."""

from collections.abc import Iterable

from aimusic.training.readers.drums import DRUM_NOTES, DrumBar, typical_bars

MAX_BARS = 1500  # k-medoids compares every bar with every other
ACCENT_FROM, HIT_FROM = 100, 50  # velocities


def mine_grooves(bars: Iterable[DrumBar], count: int) -> list[dict]:
    """At most `count` beats and `count` fills for each style and grid, the most typical first.

    Each is a dictionary ready for JSON: style, steps, fill, share of the bars that it stands for, tempo, the
    file it comes from, `patterns` as in a style's grooves (`X` accent, `x` hit, `o` ghost), and `shift_ms` of
    each hit of each drum.
    """
    families: dict[tuple[str, int, bool], list[DrumBar]] = {}
    for bar in bars:
        families.setdefault((bar.style, -bar.steps, bar.is_fill), []).append(bar)
    found = []
    for _, family in sorted(families.items()):
        stride = -(-len(family) // MAX_BARS)
        medoids = typical_bars(family[::stride], count)
        found += [_groove(bar, share) for bar, share in sorted(medoids, key=lambda medoid: -medoid[1])]
    return found


def _groove(bar: DrumBar, share: float) -> dict:
    drums = [drum for drum in DRUM_NOTES if any(hit.drum == drum for hit in bar.hits)]
    return {
        "style": bar.style,
        "steps": bar.steps,
        "fill": bar.is_fill,
        "share": round(share, 3),
        "tempo_bpm": bar.tempo_bpm,
        "file": bar.file,
        "patterns": {drum: pattern(bar, drum) for drum in drums},
        "shift_ms": {drum: [hit.shift_ms for hit in bar.hits if hit.drum == drum] for drum in drums},
    }


def pattern(bar: DrumBar, drum: str) -> str:
    """The strokes of one drum as a step pattern."""
    marks = ["."] * bar.steps
    for hit in bar.hits:
        if hit.drum == drum:
            marks[hit.step] = "X" if hit.velocity >= ACCENT_FROM else "x" if hit.velocity >= HIT_FROM else "o"
    return "".join(marks)
