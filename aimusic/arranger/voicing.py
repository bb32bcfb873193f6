"""Chord voicings, chosen together by dynamic programming so that the hands move as little as they can.

A voicing is a rising tuple of MIDI pitches. Low intervals are kept wide: below C3 at least a fourth, below G3
at least a minor third.
"""

from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np

from aimusic.arranger.chart import Chart
from aimusic.errors import InvalidStyle
from aimusic.music.harmony import QUALITIES, Chord
from aimusic.music.score import ChordSpan
from aimusic.style import Player

# (below this pitch, the least interval above it), so that close notes do not growl.
MUD = ((48, 5), (55, 3))

# What a jazz pianist plays while the bass has the root: third and seventh, and the tensions that fit.
ROOTLESS = {
    "maj": (4, 7, 9, 2),
    "min": (3, 7, 9, 2),
    "7": (4, 9, 10, 2),
    "maj7": (4, 7, 11, 2),
    "m7": (3, 7, 10, 2),
    "6": (4, 7, 9, 2),
    "m6": (3, 7, 9, 2),
    "m7b5": (3, 6, 10, 0),
    "dim": (3, 6, 9, 0),
    "aug": (4, 8, 10, 2),
    "sus": (5, 7, 10, 2),
    "alt": (4, 8, 10, 3),
    "9": (4, 9, 10, 2),
}
# Which chord tones to keep first: third and seventh make the chord, the root is in the bass.
KEEP = (3, 4, 10, 11, 5, 0, 9, 2, 7, 6, 8, 1)
WIDE_JUMP = 4  # semitones from the middle of the range before a voicing is called high or low


def power_tones(chord: Chord) -> tuple[int, ...]:
    """Root, fifth and octave; the fifth that the chord has."""
    intervals = QUALITIES[chord.quality][1]
    fifth = next((i for i in (7, 6, 8) if i in intervals), 7)
    return 0, fifth, 12


@lru_cache(maxsize=4096)
def candidates(
    chord: Chord, low: int, high: int, voices: int, shape: str, scale: tuple[int, ...] = ()
) -> np.ndarray:
    """Every voicing of a chord in a range, shape (candidates, voices); empty where none fits.

    `shape`: "full" has the chord's tones, "rootless" thirds, sevenths and tensions, "power" root-fifth-octave.
    Tensions are bent into `scale` (pitch classes), if one is given.
    """
    if shape == "power":
        found = [
            tuple(root + i for i in power_tones(chord))
            for root in range(low, high + 1)
            if root % 12 == chord.root and root + 12 <= high
        ]
        return np.array(found, dtype=np.int64).reshape(len(found), 3)
    tones = _tones(chord, voices, shape, scale)
    found = {spread for close in _close(tones, voices, low, high) for spread in (close, _drop_two(close))}
    legal = sorted(v for v in found if v[0] >= low and v[-1] <= high and not is_muddy(v))
    return np.array(legal, dtype=np.int64).reshape(len(legal), voices)


def is_muddy(voicing: tuple[int, ...]) -> bool:
    """True where two neighbours are closer than their register bears."""
    return any(a < limit and b - a < least for a, b in pairwise(voicing) for limit, least in MUD)


def _tones(chord: Chord, voices: int, shape: str, scale: tuple[int, ...]) -> list[int]:
    """The pitch classes of the voicing, rising from C; at most as many as there are voices."""
    intervals = _in_scale(chord, scale) if shape == "rootless" else QUALITIES[chord.quality][1]
    kept = sorted(intervals, key=KEEP.index)[:voices]
    return sorted((chord.root + i) % 12 for i in kept)


def _in_scale(chord: Chord, scale: tuple[int, ...]) -> tuple[int, ...]:
    """The rootless voicing with its ninth and thirteenth as the key has them.

    A dominant takes the flat ninth and thirteenth where only those are in the key; elsewhere a ninth outside
    the key gives way to the root.
    """
    intervals = ROOTLESS[chord.quality]
    if not scale:
        return intervals
    bent = []
    for i in intervals:
        is_tension = i in (2, 9) and i not in QUALITIES[chord.quality][1]
        if not is_tension or (chord.root + i) % 12 in scale:
            bent.append(i)
        elif 10 in intervals and 4 in intervals and (chord.root + i - 1) % 12 in scale:
            bent.append(i - 1)
        else:
            bent.append(0 if i == 2 else 7 if 7 not in intervals else 0)
    return tuple(dict.fromkeys(bent)) if len(set(bent)) == len(bent) else intervals


def _close(tones: list[int], voices: int, low: int, high: int) -> list[tuple[int, ...]]:
    """Close position from every lowest note of the range; where tones are too few, the lowest is doubled."""
    ladder = [pitch for pitch in range(low, high + 13) if pitch % 12 in tones]
    return [tuple(ladder[k : k + voices]) for k in range(len(ladder) - voices + 1)]


def _drop_two(voicing: tuple[int, ...]) -> tuple[int, ...]:
    """The second voice from the top an octave lower: the open position of arrangers."""
    dropped = (*voicing[:-2], voicing[-2] - 12, voicing[-1])
    return tuple(sorted(dropped))


def lead_voices(
    spans: tuple[ChordSpan, ...],
    player: Player,
    voices: int,
    shape: str,
    scale: tuple[int, ...] = (),
    jitter: np.ndarray | None = None,
) -> list[tuple[int, ...]]:
    """One voicing for each chord, with the least total motion, near the middle of the player's range.

    Args:
        scale: pitch classes into which tensions are bent; none for the plain table.
        jitter: one number for each span, semitones by which the wished centre moves; none for a steady hand.

    Raises InvalidStyle where the range holds no voicing of a chord.
    """
    tables = [candidates(span.chord, player.low, player.high, voices, shape, scale) for span in spans]
    for span, table in zip(spans, tables, strict=True):
        if not len(table):
            raise InvalidStyle(
                f"parts.{player.name}: the range {player.low}..{player.high} holds no voicing of "
                f"{span.chord.symbol()}, widen it"
            )
    centre = (player.low + player.high) / 2
    wished = np.full(len(spans), centre) if jitter is None else centre + jitter
    pull = 0.5 if jitter is None else 0.5 * voices  # a wandering wish must outweigh the motion of all voices
    cost = _own_cost(tables[0], wished[0], pull)
    back = []
    for k in range(1, len(tables)):
        motion = np.abs(tables[k][:, None, :] - tables[k - 1][None, :, :]).sum(-1)  # (now, before)
        total = motion + cost[None, :]
        back.append(total.argmin(1))
        cost = total.min(1) + _own_cost(tables[k], wished[k], pull)
    return _walk_back(tables, back, int(cost.argmin()))


@dataclass(frozen=True, slots=True)
class Hands:
    """A player's voicings through the piece, one for each chord of each bar."""

    onsets: tuple[int, ...]
    voicings: tuple[tuple[int, ...], ...]

    def at(self, tick: int) -> tuple[int, ...]:
        """The voicing that governs a tick."""
        return self.voicings[max(0, bisect_right(self.onsets, tick) - 1)]

    @property
    def last(self) -> tuple[int, ...]:
        return self.voicings[-1]


def hands(chart: Chart, player: Player, voices: int, shape: str, wander: float = 0.0) -> Hands:
    """Voicings for the whole chart.

    Args:
        wander: by how many semitones the hands stray up and down the keyboard from bar to bar (standard
            deviation), so that a chord that stays for long is inverted now and then.
    """
    spans = tuple(span for measure in (*chart.measures, chart.ending) for span in measure.chords)
    jitter = None
    if wander:
        jitter = _wandering(chart.rng(player.role, player.pattern, "wander"), wander, len(spans))
    voicings = lead_voices(spans, player, voices, shape, chart.plan.scale, jitter)
    return Hands(tuple(span.onset_ticks for span in spans), tuple(voicings))


def _wandering(rng: np.random.Generator, spread: float, count: int) -> np.ndarray:
    """A walk that is drawn back to zero: x[k] = .7 x[k-1] + noise, with standard deviation `spread`."""
    x = np.zeros(count)
    noise = rng.normal(0.0, spread * np.sqrt(1 - 0.7**2), count)
    for k in range(count):
        x[k] = (0.7 * x[k - 1] if k else 0.0) + noise[k]
    return x


def _own_cost(table: np.ndarray, wished: float, pull: float) -> np.ndarray:
    """Distance from the wished centre costs `pull` a semitone, far more than that; a wide spread a little."""
    distance = np.abs(table.mean(1) - wished)
    spread = table[:, -1] - table[:, 0]
    return pull * distance + 2.0 * np.maximum(0.0, distance - WIDE_JUMP) + 0.15 * np.maximum(0, spread - 12)


def _walk_back(tables: list[np.ndarray], back: list[np.ndarray], last: int) -> list[tuple[int, ...]]:
    path = [last]
    for pointers in reversed(back):
        path.append(int(pointers[path[-1]]))
    return [tuple(int(p) for p in table[k]) for table, k in zip(tables, reversed(path), strict=True)]
