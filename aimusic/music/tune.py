"""A tune as a caller gives it: `[[onset, length, pitch], ...]` in quarter notes, one note at a time."""

from collections.abc import Iterable, Sequence

from aimusic.music.harmony import Key
from aimusic.music.rhythm import TICKS_PER_QUARTER, Metre
from aimusic.music.score import Note

TuneRows = tuple[tuple[float, float, int], ...]
OFF_GRID = 0.1  # ticks; decimals such as .333 come this close to a tick
ON_TRIAD = 0.5  # what time on the tonic triad counts for a key, against time in its scale
AT_HOME = 0.08  # what it counts that the tune ends on the tonic, and half of it that it begins there


def notes_of(rows: Iterable[Sequence[float]]) -> tuple[Note, ...]:
    """The rows as notes on ticks.

    Raises ValueError where two notes overlap or are out of order, or one is off the grid of twelfths.
    """
    notes: list[Note] = []
    for onset, length, pitch in rows:
        ticks = [round(value * TICKS_PER_QUARTER) for value in (onset, length)]
        far = max(abs(t - v * TICKS_PER_QUARTER) for t, v in zip(ticks, (onset, length), strict=True))
        if far > OFF_GRID or ticks[1] < 1:
            raise ValueError(f"onsets and lengths must be twelfths of a quarter note, got [{onset:g}, {length:g}]")
        if notes and ticks[0] < notes[-1].end_ticks:
            raise ValueError(
                f"notes must follow each other, but one at {onset:g} begins before the last has ended"
            )
        notes.append(Note(ticks[0], int(pitch), ticks[1]))
    return tuple(notes)


def full_bars(notes: Sequence[Note], metre: Metre) -> int:
    """The bars that a tune fills before the ending; a last note on a downbeat is held through the ending."""
    last = notes[-1]
    if last.onset_ticks and last.onset_ticks % metre.bar_ticks == 0:
        return last.onset_ticks // metre.bar_ticks
    return -(-last.end_ticks // metre.bar_ticks)


def key_of(notes: Sequence[Note]) -> Key:
    """The key whose scale holds most of the tune's time, leaning to one whose triad and tonic it stresses."""
    total = sum(note.length_ticks for note in notes)

    def score(key: Key) -> float:
        inside = sum(note.length_ticks for note in notes if note.pitch % 12 in key.scale) / total
        triad = sum(n.length_ticks for n in notes if n.pitch % 12 in (key.scale[0], key.scale[2], key.scale[4]))
        home = AT_HOME * (notes[-1].pitch % 12 == key.tonic) + AT_HOME / 2 * (notes[0].pitch % 12 == key.tonic)
        return round(inside + ON_TRIAD * triad / total + home, 6)

    return max((Key(tonic, mode) for mode in ("major", "minor") for tonic in range(12)), key=score)
