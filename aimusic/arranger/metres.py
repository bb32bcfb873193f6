"""Figures that are written for a bar of 4/4, as the other metres play them."""

from collections.abc import Sequence

from aimusic.music.rhythm import METRES, Metre


def fitted(steps: Sequence, metre: Metre) -> tuple:
    """The steps of a 4/4 bar that a bar of another metre keeps.

    3/4 leaves out the third beat, so that the bar begins and ends as it was written. 6/8 leaves out the last
    quarter of each half: two halves of four eighths become two beats of three.
    """
    quarter = len(steps) // 4
    if metre.bar_ticks == METRES["4/4"].bar_ticks:
        return tuple(steps)
    if metre.is_compound:
        kept = (0, 1, 2, 4, 5, 6)
        eighth = len(steps) // 8
        return tuple(steps[k * eighth + j] for k in kept for j in range(eighth))
    return (*steps[: 2 * quarter], *steps[3 * quarter :])
