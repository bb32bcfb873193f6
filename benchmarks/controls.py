"""What each wish changes in the notes, and what it leaves alone: a table over every style.

    python benchmarks/controls.py [--seeds 2] [--duration 30]

Each row makes the same pieces (every style, several seeds, the trained composer) without and with a wish.
"Without" and "with" are means over the pieces of the named measure; "unchanged" counts the pieces of which the
named things are equal in both.
"""

import argparse
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np

from aimusic.arranger.arrange import arrange
from aimusic.composer.compose import Composer
from aimusic.music.harmony import scale
from aimusic.music.request import Plan, Request
from aimusic.music.rhythm import swing_shift
from aimusic.music.score import LeadSheet, Score
from aimusic.planner import make_plan
from aimusic.style import Style, load_styles
from aimusic.wishes.mood import in_mood
from aimusic.wishes.tailor import tailored


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece on paper."""

    plan: Plan
    lead: LeadSheet
    score: Score


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: wishes of both sides, of one side, what is measured, and what must stay."""

    title: str
    wished: dict
    measure: str
    keeps: tuple[str, ...] = ()
    always: dict = field(default_factory=dict)


def play(style: Style, compose: Composer, **wishes) -> Piece:
    request = in_mood(Request(style=style.name, **wishes), style)
    style = tailored(request, style)
    plan = make_plan(request, style)
    lead = compose(plan, style)
    return Piece(plan, lead, arrange(lead, plan, style))


def mean(values: Iterable[float]) -> float:
    values = list(values)
    return sum(values) / len(values) if values else float("nan")


def off_beat(piece: Piece) -> float:
    """Where in its beat the band plays the second eighth, 0 to 1."""
    beat_s = piece.plan.tempo.seconds(12)
    notes = [n for part in piece.score.parts for n in part.notes if n.onset_ticks % 12 == 6]
    return mean((piece.score.onset_s(n) / beat_s) % 1 for n in notes)


def deviation_ms(piece: Piece) -> float:
    """Root mean square of how far from the swung grid the band plays."""
    swung = [
        piece.score.onset_s(n)
        - piece.plan.tempo.seconds(n.onset_ticks + swing_shift(n.onset_ticks, piece.plan.swing))
        for part in piece.score.parts
        for n in part.notes
    ]
    return 1000 * float(np.sqrt(np.mean(np.square(swung))))


def velocity(piece: Piece) -> float:
    return mean(n.velocity for part in piece.score.parts for n in part.notes)


def second_half_over_first(piece: Piece) -> float:
    """Velocity steps by which the second half of the piece is louder."""
    notes = [n for part in piece.score.parts for n in part.notes]
    middle = piece.plan.end_ticks / 2
    return mean(n.velocity for n in notes if n.onset_ticks >= middle) - mean(
        n.velocity for n in notes if n.onset_ticks < middle
    )


def in_lydian_or_dorian(piece: Piece) -> float:
    names = scale(piece.plan.key.tonic, "lydian" if piece.plan.key.mode == "major" else "dorian")
    return 100 * mean(n.pitch % 12 in names for n in piece.lead.melody)


def chords_as_given(piece: Piece) -> float:
    """Share of the full bars that have the chord given for them."""
    given, bar = ["Am", "F", "C", "G"], piece.plan.metre.bar_ticks
    full = len(piece.plan.bars) - 1
    return 100 * mean(piece.lead.chord_at(k * bar).symbol() == given[k % 4] for k in range(full))


MEASURES: dict[str, tuple[str, Callable[[Piece], float]]] = {
    "bars": ("full bars", lambda p: len(p.plan.bars) - 1),
    "beats": ("beats in a bar", lambda p: p.plan.metre.beats),
    "scale": ("% of the tune in lydian or dorian", in_lydian_or_dorian),
    "chords": ("% of bars with the chord given", chords_as_given),
    "sections": ("sections", lambda p: len(p.plan.sections)),
    "velocity": ("mean velocity", velocity),
    "notes": ("band notes per second", lambda p: sum(len(x.notes) for x in p.score.parts) / p.plan.duration_s),
    "rise": ("velocity, second half minus first", second_half_over_first),
    "tune": ("tune notes per second", lambda p: len(p.lead.melody) / p.plan.duration_s),
    "off-beat": ("place of the off-beat in its beat", off_beat),
    "deviation": ("ms from the swung grid, r.m.s.", deviation_ms),
    "parts": ("parts", lambda p: len(p.score.parts)),
    "bpm": ("beats per minute", lambda p: p.plan.tempo.bpm),
    "last chord": ("seconds the last chord is held", lambda p: p.plan.tempo.seconds(p.plan.final_ticks)),
    "fade": ("seconds of fade-out", lambda p: p.plan.fade_s),
}

KEEPS: dict[str, Callable[[Piece], object]] = {
    "tempo": lambda p: p.plan.tempo.bpm,
    "key": lambda p: p.plan.key,
    "form": lambda p: [(bar.letter, bar.index, bar.reference) for bar in p.plan.bars],
    "chords": lambda p: p.lead.chords,
    "tune": lambda p: p.lead.melody,
    "written notes": lambda p: [
        [(n.onset_ticks, n.pitch, n.length_ticks) for n in x.notes] for x in p.score.parts
    ],
    "other parts": lambda p: [x for x in p.score.parts if x.role not in ("bass", "inner")],
}

SECTIONS = ({"name": "A", "bars": 4}, {"name": "B", "bars": 4}, {"name": "A", "bars": 4})
LATE = [[0, 0.1], [15, 0.9]]
ROWS = (
    Row("`bars: 7`", {"duration": None, "bars": 7}, "bars", ("tempo", "key")),
    Row("`time_signature: 3/4`", {"time_signature": "3/4"}, "beats", ("tempo", "key")),
    Row("`time_signature: 6/8`", {"time_signature": "6/8"}, "beats", ("tempo", "key")),
    Row("`scale`: lydian", {"scale": "lydian"}, "scale", ("tempo", "form", "chords"), {"key": "D major"}),
    Row("`scale`: dorian", {"scale": "dorian"}, "scale", ("tempo", "form", "chords"), {"key": "D minor"}),
    Row("`chords: Am F C G`", {"chords": "|Am|F|C|G|"}, "chords", ("tempo", "key", "form"), {"key": "A minor"}),
    Row("`sections`: A B A", {"duration": None, "sections": SECTIONS}, "sections", ("tempo", "key")),
    Row("`energy: 0.1`", {"energy": 0.1}, "velocity", ("form", "chords", "tune")),
    Row("`energy: 0.9`", {"energy": 0.9}, "velocity", ("form", "chords", "tune")),
    Row("`energy: 0.1`", {"energy": 0.1}, "notes", ("form", "chords", "tune")),
    Row("`energy: 0.9`", {"energy": 0.9}, "notes", ("form", "chords", "tune")),
    Row("`energy` from 0.1 to 0.9", {"energy": LATE}, "rise", ("form", "chords", "tune")),
    Row("`density: 0`", {"density": 0.0}, "tune", ("tempo", "form", "chords")),
    Row("`density: 1`", {"density": 1.0}, "tune", ("tempo", "form", "chords")),
    Row("`swing: 0.5`", {"swing": 0.5}, "off-beat", ("form", "chords", "tune")),
    Row("`swing: 0.7`", {"swing": 0.7}, "off-beat", ("form", "chords", "tune")),
    Row("`humanize: 0.5`", {"humanize": 0.5}, "deviation", ("form", "chords", "tune", "written notes")),
    Row("`humanize: 0`", {"humanize": 0.0}, "deviation", ("form", "chords", "tune", "written notes")),
    Row(
        "`remove`: bass", {"instruments": {"remove": ["bass"]}}, "parts", ("form", "chords", "tune", "other parts")
    ),
    Row("`add`: violin", {"instruments": {"add": ["violin"]}}, "parts", ("form", "chords", "tune", "other parts")),
    Row("`mood: calm`", {"mood": "calm"}, "velocity"),
    Row("`mood: energetic`", {"mood": "energetic"}, "velocity"),
    Row("`mood: sad`", {"mood": "sad"}, "bpm"),
    Row(
        "`ending: cut`", {"ending": "cut"}, "last chord", ("tempo", "key", "form"), {"duration": None, "bars": 12}
    ),
    Row("`ending: fade`", {"ending": "fade"}, "fade", ("form", "chords", "tune", "written notes")),
)


def line(row: Row, pieces: list[tuple[Piece, Piece]]) -> str:
    """A row of the table in Markdown."""
    name, measure = MEASURES[row.measure]
    before, after = (mean(measure(pair[side]) for pair in pieces) for side in (0, 1))
    kept = [(k, sum(KEEPS[k](a) == KEEPS[k](b) for a, b in pieces)) for k in row.keeps]
    unchanged = ", ".join(f"{k} {count}/{len(pieces)}" for k, count in kept)
    return f"| {row.title} | {name} | {before:.2f} | {after:.2f} | {unchanged} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--duration", type=float, default=30.0)
    options = parser.parse_args()
    compose = Composer()
    print("| Wish | Measure | Without | With | Unchanged pieces |\n|---|---|---|---|---|")
    for row in ROWS:
        pieces = []
        for style in load_styles().values():
            for seed in range(options.seeds):
                always = {"duration": options.duration, "seed": seed, **row.always}
                pieces.append((play(style, compose, **always), play(style, compose, **always | row.wished)))
        print(line(row, pieces), flush=True)


if __name__ == "__main__":
    main()
