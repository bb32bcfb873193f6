"""What nobody wrote down: the key, the chords of a texture, and which bars repeat which.

Key: correlation with profiles. Chords: templates with Viterbi smoothing. Form: the best earlier block.
"""

import itertools

import numpy as np

from aimusic.music.harmony import QUALITIES, Chord, Key
from aimusic.music.score import ChordSpan, Note

# Share of each degree in classical music, above the tonic: B. Benward's and H. Budge's counts after H. Bellman,
# "About the Determination of Key of a Musical Excerpt", CMMR 2005. Against key signatures of 1,967 scores they
# are right far more often than Krumhansl and Kessler's probe-tone ratings (docs/training.md).
_MAJOR = np.array([16.80, 0.86, 12.95, 1.41, 13.49, 11.93, 1.25, 20.28, 1.80, 8.04, 0.62, 10.57])
_MINOR = np.array([18.16, 0.69, 12.99, 13.34, 1.07, 11.15, 1.38, 21.07, 7.49, 1.53, 0.92, 10.21])
_LAST_BONUS = 0.06  # of correlation, for the tonic on which the last chord stands
_FIRST_BONUS = 0.05  # ... the first
_SIGNATURE_BONUS = 0.15  # for the two keys of the written signature

TEMPLATE_QUALITIES = ("maj", "min", "7", "maj7", "m7", "m7b5", "dim", "sus")
_SIZE_POWER = 0.5  # chroma · template / size^p: 0.5 is the cosine
_BASS_ON_ROOT = 0.25
_BASS_IN_CHORD = 0.08
_CHANGE_COST = 0.22
_RARE_COST = {"maj7": 0.05, "m7": 0.05, "m7b5": 0.08, "dim": 0.08, "sus": 0.12}

BLOCK_BARS = (8, 4, 2)
MIN_AGREEMENT = 0.5
PHRASE_BARS = 4


def pitch_weights(melody: tuple[Note, ...]) -> np.ndarray:
    """Ticks for which each pitch class sounds, shape (12,)."""
    pitches = [note.pitch % 12 for note in melody]
    return np.bincount(pitches, [note.length_ticks for note in melody], minlength=12).astype(float)


def chord_weights(chords: tuple[ChordSpan, ...]) -> np.ndarray:
    """Ticks for which each pitch class belongs to the chord, shape (12,)."""
    weights = np.zeros(12)
    for span in chords:
        weights[list(span.chord.pitch_classes)] += span.length_ticks
    return weights


def find_key(weights: np.ndarray, chords: tuple[ChordSpan, ...], signature: int | None = None) -> Key:
    """The key whose profile correlates best with the pitch-class weights.

    Args:
        weights: shape (12,), duration of each pitch class.
        chords: the first and the last often stand on the tonic.
        signature: sharps (positive) or flats (negative) of the written signature, where there is one.
    """
    best, best_score = Key(0, "major"), -np.inf
    for mode, profile in (("major", _MAJOR), ("minor", _MINOR)):
        for tonic in range(12):
            key = Key(tonic, mode)
            score = _correlation(weights, np.roll(profile, tonic))
            if chords:
                score += _LAST_BONUS * (chords[-1].chord.root == tonic)
                score += _FIRST_BONUS * (chords[0].chord.root == tonic)
            if signature is not None:
                score += _SIGNATURE_BONUS * ((key.signature - signature) % 12 == 0)
            if score > best_score + 1e-9:
                best, best_score = key, score
    return best


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    a, b = a - a.mean(), b - b.mean()
    norm = np.sqrt((a @ a) * (b @ b))
    return float(a @ b / norm) if norm > 0 else 0.0


def read_chords(notes: np.ndarray, bars: int, bar_ticks: int, segment_ticks: int) -> tuple[ChordSpan, ...]:
    """The chords of a texture, one for each segment at most.

    Args:
        notes: shape (notes, 3): onset, length (ticks) and pitch of every pitched note of all parts.
        segment_ticks: the shortest chord; divides the bar.

    Returns:
        Chords from tick 0 to the end of the last bar; empty where nothing sounds.
    """
    segments = bars * bar_ticks // segment_ticks
    chroma, bass = _chroma_and_bass(notes, segments, segment_ticks)
    sounding = chroma.sum(axis=1) > 0
    if not sounding.any():
        return ()
    path = _viterbi(_emissions(chroma, bass))
    spans = []
    starts = [0, *(np.flatnonzero(np.diff(path)) + 1).tolist(), segments]
    for start, end in itertools.pairwise(starts):
        quality, root = divmod(int(path[start]), 12)
        chord = Chord(root, TEMPLATE_QUALITIES[quality])
        spans.append(ChordSpan(start * segment_ticks, (end - start) * segment_ticks, chord))
    return tuple(spans)


def _chroma_and_bass(notes: np.ndarray, segments: int, segment_ticks: int) -> tuple[np.ndarray, np.ndarray]:
    """Sounding ticks of each pitch class (segments, 12), and of the lowest note's (segments, 12)."""
    end = segments * segment_ticks
    steps = np.zeros((12, end + 1))
    onset = np.clip(notes[:, 0], 0, end)
    release = np.clip(notes[:, 0] + notes[:, 1], 0, end)
    np.add.at(steps, (notes[:, 2] % 12, onset), 1.0)
    np.add.at(steps, (notes[:, 2] % 12, release), -1.0)
    roll = np.minimum(np.cumsum(steps[:, :end], axis=1), 2.0)  # doublings count, but not without bound
    chroma = roll.reshape(12, segments, segment_ticks).sum(axis=2).T
    lowest = np.full(end, -1)
    for index in np.argsort(-notes[:, 2], kind="stable"):
        lowest[onset[index] : release[index]] = notes[index, 2]
    ticks = np.flatnonzero(lowest >= 0)
    bass = np.zeros((segments, 12))
    np.add.at(bass, (ticks // segment_ticks, lowest[ticks] % 12), 1.0)
    return chroma, bass


def _templates() -> tuple[np.ndarray, np.ndarray]:
    """Chord tones (chords, 12), and the cost of each chord (chords,); chord = quality * 12 + root."""
    tones = np.zeros((len(TEMPLATE_QUALITIES) * 12, 12))
    cost = np.zeros(len(tones))
    for index in range(len(tones)):
        quality, root = TEMPLATE_QUALITIES[index // 12], index % 12
        tones[index, list(Chord(root, quality).pitch_classes)] = 1.0
        cost[index] = _RARE_COST.get(quality, 0.0)
    return tones, cost


def _emissions(chroma: np.ndarray, bass: np.ndarray) -> np.ndarray:
    """How well each chord explains each segment, (segments, chords); silence says nothing."""
    tones, cost = _templates()
    sizes = np.array([len(QUALITIES[quality][1]) for quality in TEMPLATE_QUALITIES]).repeat(12)
    unit = chroma / np.maximum(np.linalg.norm(chroma, axis=1, keepdims=True), 1e-9)
    low = bass / np.maximum(bass.sum(axis=1, keepdims=True), 1e-9)
    fit = unit @ tones.T / sizes**_SIZE_POWER
    fit += _BASS_ON_ROOT * np.tile(low, len(TEMPLATE_QUALITIES)) + _BASS_IN_CHORD * (low @ tones.T)
    return np.where(chroma.sum(axis=1, keepdims=True) > 0, fit - cost, 0.0)


def _viterbi(emissions: np.ndarray) -> np.ndarray:
    """The best path where staying is free and every change costs the same: O(segments * chords)."""
    segments, chords = emissions.shape
    came_from = np.zeros((segments, chords), dtype=int)
    score = emissions[0].copy()
    stay = np.arange(chords)
    for segment in range(1, segments):
        best = int(np.argmax(score))
        change = score[best] - _CHANGE_COST
        came_from[segment] = np.where(score >= change, stay, best)
        score = np.maximum(score, change) + emissions[segment]
    path = np.empty(segments, dtype=int)
    path[-1] = int(np.argmax(score))
    for segment in range(segments - 1, 0, -1):
        path[segment - 1] = came_from[segment, path[segment]]
    return path


def find_references(events: list[tuple[int, int]], bars: int, bar_ticks: int) -> tuple[int | None, ...]:
    """For each bar the earlier bar that it repeats, or None.

    Every block of 8, 4 or 2 bars looks for the earlier block with which it shares most events (the same
    thing at the same place); half of them make it a repeat. Longer blocks decide first, then those that agree
    most; of equally good earlier blocks the first is taken.

    Args:
        events: (onset in ticks, what begins there) of a melody or of chords.
    """
    shared, counts = _shared_events(events, bars, bar_ticks)
    references: list[int | None] = [None] * bars
    for length in BLOCK_BARS:
        if bars < 2 * length:
            continue
        agreement = _block_agreement(shared, counts, length)
        best = np.argmax(agreement, axis=1)
        strength = agreement[np.arange(len(best)), best]
        for bar in np.argsort(-strength, kind="stable"):
            if strength[bar] < MIN_AGREEMENT:
                break
            block = range(bar, bar + length)
            if all(references[b] is None for b in block):
                for step, b in enumerate(block):
                    references[b] = int(best[bar]) + step
    return tuple(references)


def _shared_events(events: list[tuple[int, int]], bars: int, bar_ticks: int) -> tuple[np.ndarray, np.ndarray]:
    """Events that each pair of bars shares (bars, bars), and events in each bar (bars,)."""
    columns: dict[tuple[int, int], int] = {}
    cells = {
        (onset // bar_ticks, columns.setdefault((onset % bar_ticks, what), len(columns)))
        for onset, what in events
        if onset < bars * bar_ticks
    }
    table = np.zeros((bars, max(1, len(columns))), dtype=np.float32)
    if cells:
        table[tuple(np.array(sorted(cells)).T)] = 1.0
    return table @ table.T, table.sum(axis=1)


def _block_agreement(shared: np.ndarray, counts: np.ndarray, length: int) -> np.ndarray:
    """Agreement (0 to 1) of the block at each bar with each block that ends before it begins."""
    blocks = len(counts) - length + 1
    together = sum(shared[step : step + blocks, step : step + blocks] for step in range(length))
    size = np.convolve(counts, np.ones(length), "valid")
    larger = np.maximum(size[:, None], size[None, :])
    agreement = together / np.maximum(larger, 1)
    enough = larger >= 2 * length  # two events a bar: fewer agree by chance
    return np.where(enough & np.tri(blocks, k=-length, dtype=bool), agreement, 0.0)


def phrase_starts(
    references: tuple[int | None, ...], sections: tuple[tuple[int, str], ...], upbeat: bool = False
) -> tuple[int, ...]:
    """Bars where a phrase begins: labelled sections, else where a run of references begins or breaks.

    Longer stretches are cut every four bars, because most phrases are that long.

    Args:
        upbeat: bar 0 holds only an upbeat. A repeat then begins with the bar of its upbeat, one too early.
    """
    bars = len(references)
    edges = {bar for bar, _ in sections if 0 < bar < bars}
    if not edges:
        jumps = {b for b in range(1, bars) if _offset(references, b) != _offset(references, b - 1)}
        edges = {b + upbeat for b in jumps if b - 1 not in jumps} | ({1} if upbeat else set())
        edges = {b for b in edges if b < bars - 1}
    starts = [0, *sorted(edges)]
    ends = [*starts[1:], bars]
    return tuple(
        bar
        for start, end in zip(starts, ends, strict=True)
        for bar in range(start, end, PHRASE_BARS)
        if bar == start or end - bar >= 2
    )


def _offset(references: tuple[int | None, ...], bar: int) -> int | None:
    reference = references[bar]
    return None if reference is None else bar - reference


def labelled_references(sections: tuple[tuple[int, str], ...], bars: int) -> tuple[int | None, ...]:
    """For each bar the same bar of the first earlier section with the same label, or None."""
    references: list[int | None] = [None] * bars
    ends = [start for start, _ in (*sections[1:], (bars, ""))] if sections else []
    first: dict[str, tuple[int, int]] = {}
    for (start, label), end in zip(sections, ends, strict=True):
        if label in first:
            origin, length = first[label]
            for step in range(min(length, end - start)):
                references[start + step] = origin + step
        else:
            first[label] = (start, end - start)
    return tuple(references)
