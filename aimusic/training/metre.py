"""Fits a written time signature to the three metres of the corpus."""

from dataclasses import dataclass

from aimusic.music.rhythm import METRES, Metre

# Written metre -> metre of the corpus. Two bars of 2/4 make one of 4/4; a bar of 12/8 makes two of 6/8.
_FITS = {
    "4/4": "4/4", "2/2": "4/4", "2/4": "4/4", "8/4": "4/4", "1/1": "4/4", "4/2": "4/4",
    "3/4": "3/4", "6/4": "3/4", "6/8": "6/8", "12/8": "6/8",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fit:
    """The metre of the corpus, the number of its bars, and how far everything moves, in ticks."""

    metre: str
    bars: int
    shift_ticks: int


def fits(metre: str) -> bool:
    """True where a written metre can become one of ours."""
    return metre in _FITS


def written_bar_ticks(metre: str) -> int:
    numerator, denominator = map(int, metre.split("/"))
    return Metre(numerator, denominator).bar_ticks


def rewrite(metre: str, bars: int, first_onset_ticks: int) -> Fit | str:
    """How `bars` bars of a written metre become bars of ours, or the reason why they do not.

    Where two bars are joined, an upbeat bar becomes the second half of the first.
    """
    if metre not in _FITS:
        return f"metre {metre}"
    ours = METRES[_FITS[metre]]
    written = written_bar_ticks(metre)
    if written >= ours.bar_ticks:
        return Fit(ours.name, bars * written // ours.bar_ticks, 0)
    upbeat = 0 < first_onset_ticks < written
    total = bars + upbeat
    if total % 2:
        return f"odd number of bars in {metre}"
    return Fit(ours.name, total // 2, written if upbeat else 0)
