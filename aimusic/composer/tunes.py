"""A memory of tunes: what followed the last few notes of an upper voice, in other pieces and earlier in this one.

Chorales are settings of a common stock of hymn tunes, and a tune repeats its lines. Notes are compared by interval
and length, so a tune is known in every key. Nothing that comes later in the piece is looked at.
"""

from collections import Counter
from collections.abc import Iterator

import numpy as np

LENGTHS = (12, 8, 6, 4, 3)  # notes that must agree, the most telling first
TRUSTS = 2 * len(LENGTHS) + 1  # unanimous or not for each length; 0: nothing is recalled
SILENT = -1

Place = tuple[int, int]  # piece, frame
Key = tuple[tuple[int, int], ...]


class TuneMemory:
    """Places of the pieces learned, by what the upper voice sang before them."""

    def __init__(self):
        self._pieces: list[np.ndarray] = []
        self._places: dict[Key, list[Place]] = {}

    def learn(self, piece: np.ndarray) -> int:
        """Remember a piece, (frames, voices), MIDI pitches or -1, upper voice first; returns its number."""
        number = len(self._pieces)
        self._pieces.append(piece)
        for frame, keys in enumerate(_keys(piece[:, 0])):
            for key in keys:
                self._places.setdefault(key, []).append((number, frame))
        return number

    def knows(self, piece: np.ndarray) -> bool:
        """Whether the upper voice has as many notes in a row as the longest agreement takes that were learned."""
        longest = LENGTHS[0] + 1
        return any(len(key) == longest and key in self._places for keys in _keys(piece[:, 0]) for key in keys)

    def recall(self, piece: np.ndarray, number: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """What each frame would be, were it to follow the longest agreement with something heard before.

        Args:
            number: that of this very piece if it was learned; it is then not recalled, but for its own past.

        Returns:
            Pitches, (frames, voices), moved to the key of this piece, -1 where nothing is recalled; and how far to
            trust them, (frames,), 0 .. TRUSTS - 1, where 1 is the best.
        """
        recalled, trust = np.full_like(piece, SILENT), np.zeros(len(piece), dtype=np.int64)
        own: dict[Key, list[Place]] = {}
        for frame, keys in enumerate(_keys(piece[:, 0])):
            for key in keys:
                places = [place for place in self._places.get(key, ()) if place[0] != number]
                places += own.get(key, ())
                if places:
                    recalled[frame], unanimous = self._choose(places, piece, frame)
                    trust[frame] = 1 + 2 * LENGTHS.index(len(key) - 1) + (not unanimous)
                    break
            for key in keys:
                own.setdefault(key, []).append((-1, frame))
        return recalled, trust

    def _choose(self, places: list[Place], piece: np.ndarray, frame: int) -> tuple[np.ndarray, bool]:
        """The frame at the latest place where the upper voice moves as at most of them, and if it does at all."""
        sources = [(piece if number < 0 else self._pieces[number], there) for number, there in places]
        moves = [int(source[there, 0] - source[there - 1, 0]) for source, there in sources]
        (move, votes), *_ = Counter(moves).most_common(1)
        source, there = sources[len(moves) - 1 - moves[::-1].index(move)]
        shift = piece[frame - 1, 0] - source[there - 1, 0]
        return np.where(source[there] != SILENT, source[there] + shift, SILENT), votes == len(moves)


def _keys(tune: np.ndarray) -> Iterator[list[Key]]:
    """Before each frame, for each length that there is: (interval, frames) of the last ended notes and of the one
    that sounds, as far as it has come.
    """
    ended: list[tuple[int, int]] = []
    interval, began = 0, 0
    for frame in range(len(tune)):
        if frame and frame - began and tune[frame - 1] != tune[began]:
            ended.append((interval, frame - 1 - began))
            interval, began = int(tune[frame - 1] - tune[began]), frame - 1
        now = (interval, frame - began)
        yield [(*ended[-length:], now) for length in LENGTHS if len(ended) >= length]
