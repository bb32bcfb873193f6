"""How human the drummer is: his bars beside held-out bars of the Groove MIDI Dataset, with and without its takes.

    python benchmarks/grooves.py --data DIR [--pieces N]

For each style with `grooves.json`: velocities, ghost strokes on the snare, how far off-beat strokes fall from the
grid, how many bars of a piece are distinct, and how well the nearest bar agrees in kick and snare (Jaccard index
of the (drum, tick) sets): for each held-out bar the best of the drummer's, for each bar of the drummer the best
held-out one. Held-out bars are beats of the validation and test split that swing as the style does.
"""

import argparse
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np

from aimusic.arranger.arrange import arrange
from aimusic.arranger.drums import DRUMS
from aimusic.music.harmony import Chord
from aimusic.music.request import Request
from aimusic.music.rhythm import swing_shift
from aimusic.music.score import ChordSpan, LeadSheet
from aimusic.planner import make_plan
from aimusic.style import Style, load_styles
from aimusic.training.grooves import SWUNG_FROM, swings
from aimusic.training.readers.drums import DrumBar, drum_bars

GHOST_BELOW = 55  # written ghost strokes are 46 before energy and chance
SHOWN = ("kick", "snare", "closed_hat", "ride")
TIMEKEEPING = ("kick", "snare", "rim")
# A bar is a list of (drum, tick, velocity, milliseconds from the written and swung place).
Bar = list[tuple[str, int, int, float]]


def held_out(bars: Iterable[DrumBar], style: Style) -> list[Bar]:
    """Real beats of a style that taught nothing."""
    kept = [
        bar
        for bar in bars
        if bar.style == style.name
        and bar.split != "train"
        and not bar.is_fill
        and (bar.swing > SWUNG_FROM) == swings(style)
    ]
    return [[(s.drum, s.tick, s.velocity, s.shift_ms) for s in bar.strokes] for bar in kept]


def played(style: Style, pieces: int) -> list[list[Bar]]:
    """The drummer's bars of some pieces of 60 s at the style's tempi."""
    names = {number: name for name, number in DRUMS.items()}
    drummers = tuple(player for player in style.parts if player.role == "drums")
    found = []
    for seed in range(pieces):
        low, high = style.tempo.low, style.tempo.high
        tempo = low + (high - low) * seed / max(1, pieces - 1)
        plan = make_plan(Request(style=style.name, duration=60.0, seed=seed, tempo=tempo), style)
        lead = LeadSheet((), (ChordSpan(0, plan.end_ticks, Chord(0, "maj")),))
        (part,) = arrange(lead, plan, replace(style, parts=drummers)).parts
        bars: list[Bar] = [[] for _ in plan.bars[:-1]]
        for note in part.notes:
            number, tick = divmod(note.onset_ticks, plan.metre.bar_ticks)
            if number < len(bars):
                swung_s = plan.tempo.seconds(swing_shift(note.onset_ticks, plan.swing))
                late_ms = 1000 * (note.shift_s - swung_s)
                bars[number].append((names[note.pitch], tick, note.velocity, late_ms))
        found.append([bar for bar in bars if bar])
    return found


def distinct(pieces: list[list[Bar]]) -> float:
    """Share of the bars of a piece that differ from all before in (drum, tick); mean over the pieces."""
    shares = [len({frozenset((d, t) for d, t, _, _ in bar) for bar in piece}) / len(piece) for piece in pieces]
    return float(np.mean(shares))


def agreement(bars: list[Bar], others: list[Bar]) -> float:
    """Mean over `bars` of the best Jaccard index of kick and snare strokes with a bar of `others`."""
    first, second = (_table(group) for group in (bars, others))
    best = []
    for row in first:
        union = np.maximum(row, second).sum(1)
        best.append((np.minimum(row, second).sum(1) / np.maximum(union, 1)).max())
    return float(np.mean(best))


def _table(bars: list[Bar]) -> np.ndarray:
    table = np.zeros((len(bars), 2 * 48))
    for row, bar in enumerate(bars):
        for drum, tick, _, _ in bar:
            if drum in TIMEKEEPING:
                table[row, (drum != "kick") * 48 + tick] = 1
    return table


def velocities(bars: list[Bar], drum: str) -> str:
    found = [velocity for bar in bars for name, _, velocity, _ in bar if name == drum]
    return f"{np.mean(found):.0f} ± {np.std(found):.0f}" if found else "-"


def ghosts(bars: list[Bar]) -> float:
    snare = [velocity < GHOST_BELOW for bar in bars for name, _, velocity, _ in bar if name == "snare"]
    return float(np.mean(snare)) if snare else 0.0


def row(name: str, bars: list[Bar], shares: tuple[float, ...]) -> str:
    late = [late_ms for bar in bars for _, tick, _, late_ms in bar if tick % 12]
    cells = [name, f"{len(bars)}", *(velocities(bars, drum) for drum in SHOWN), f"{ghosts(bars):.0%}"]
    cells += [f"{np.std(late):.1f}", *(f"{share:.2f}" for share in shares)]
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="a directory that `aimusic download` filled")
    parser.add_argument("--pieces", type=int, default=20)
    arguments = parser.parse_args()
    real_bars = list(drum_bars(arguments.data))
    heads = ["bars of", "bars", *SHOWN, "ghosts on snare", "off-beat timing, sd in ms", "distinct"]
    heads += ["held-out bars find", "finds held-out bars"]
    print("| " + " | ".join(heads) + " |\n|" + "---|" * len(heads))
    for style in load_styles().values():
        if style.human_grooves is None:
            continue
        real = held_out(real_bars, style)
        print(row(f"{style.name}: people", real, ()))
        for name, variant in (("written", replace(style, human_grooves=None)), ("played", style)):
            pieces = played(variant, arguments.pieces)
            bars = [bar for piece in pieces for bar in piece]
            values = distinct(pieces), agreement(real, bars), agreement(bars, real)
            print(row(f"{style.name}: {name}", bars, values), flush=True)


if __name__ == "__main__":
    main()
