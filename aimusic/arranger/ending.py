"""The last chord: everybody strikes it on the final downbeat and holds it.

Where it is held so long that struck sounds would die, a second, softer gesture follows.
"""

from aimusic.arranger.chart import ACCENT, GHOST, Chart
from aimusic.music.score import Note

LONG_HOLD_S = 3.5
SOFT = GHOST + 16


def second_gesture(chart: Chart) -> int | None:
    """The tick of the second gesture: the beat nearest to the middle of a long hold, else None."""
    ending = chart.ending
    if chart.seconds(ending.length_ticks) <= LONG_HOLD_S:
        return None
    beat = chart.plan.metre.beat_ticks
    beats = max(1, round(ending.length_ticks / 2 / beat))
    return ending.start_ticks + beats * beat if beats * beat < ending.length_ticks else None


def strike(chart: Chart, pitches: tuple[int, ...], *, again: bool, spread_s: float = 0.0) -> list[Note]:
    """The last chord struck together; with `again` struck softly a second time if the hold is long.

    Args:
        spread_s: how much later each pitch sounds than the one below it: a strum.
    """
    start, end = chart.ending.start_ticks, chart.plan.end_ticks
    middle = second_gesture(chart) if again else None
    notes = [Note(start, p, (middle or end) - start, ACCENT, k * spread_s) for k, p in enumerate(pitches)]
    if middle:
        notes += [Note(middle, p, end - middle, SOFT, 2 * k * spread_s) for k, p in enumerate(pitches)]
    return notes


def roll(chart: Chart, pitches: tuple[int, ...], step_ticks: int) -> list[Note]:
    """The last chord from the bottom up, one note every `step_ticks`, all held; again if the hold is long."""
    start, end = chart.ending.start_ticks, chart.plan.end_ticks
    middle = second_gesture(chart)
    notes = []
    for begin, until, velocity in ((start, middle or end, ACCENT), (middle, end, SOFT)):
        if begin is None:
            continue
        step = min(step_ticks, max(1, (until - begin) // (2 * len(pitches))))
        notes += [
            Note(begin + k * step, p, until - begin - k * step, velocity - 2 * k) for k, p in enumerate(pitches)
        ]
    return [note for note in notes if note.length_ticks > 0]
