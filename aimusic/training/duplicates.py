"""Finds melodies that are known already, by their twelve-note runs in any key."""

from collections import Counter

import numpy as np

from aimusic.training.corpus import Song

GRAM_NOTES = 12


def melody_grams(song: Song) -> np.ndarray:
    """A hash for every twelve notes in a row, of their intervals and the ticks between them, unsigned 64 bit."""
    onsets = np.array([note.onset_ticks for note in song.melody], dtype=np.int64)
    pitches = np.array([note.pitch for note in song.melody], dtype=np.int64)
    steps = np.diff(onsets).astype(np.uint64) * np.uint64(512) + (np.diff(pitches) + 256).astype(np.uint64)
    count = len(steps) - (GRAM_NOTES - 1) + 1
    if count < 1:
        return np.zeros(0, dtype=np.uint64)
    hashes = np.zeros(count, dtype=np.uint64)
    for place in range(GRAM_NOTES - 1):
        hashes = (hashes + steps[place : place + count]) * np.uint64(0x9E3779B97F4A7C15)
        hashes ^= hashes >> np.uint64(29)
    return np.unique(hashes)


class KnownGrams:
    """The grams of every song seen so far."""

    def __init__(self):
        self.owners: dict[int, list[int]] = {}
        self.songs = 0

    def overlap(self, grams: np.ndarray) -> float:
        """Largest share of these grams that one earlier song holds."""
        hits: Counter[int] = Counter()
        for gram in grams.tolist():
            hits.update(self.owners.get(gram, ()))
        return max(hits.values(), default=0) / max(1, len(grams))

    def add(self, grams: np.ndarray) -> None:
        """Remember the grams of one song."""
        for gram in grams.tolist():
            self.owners.setdefault(gram, []).append(self.songs)
        self.songs += 1
