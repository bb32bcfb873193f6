"""From the mix to the finished sound: edges, glue, limiting and loudness.

Every gain of the master is slow, so its effect on loudness and peaks is known from one number for each hop of 63
samples: the search for the right gain runs on those numbers, and the exact meters check the result. The mix itself
lies on a tape meanwhile.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from aimusic.errors import GenerationFailed
from aimusic.music.score import Score
from aimusic.style import Mix
from aimusic.synth.effects import filters
from aimusic.synth.effects.dynamics import glue, limit
from aimusic.synth.kernels import decibels, samples
from aimusic.synth.loudness import OFFSET_LUFS, gated_loudness, hop_energy, hop_peaks
from aimusic.synth.tape import Finished, Tape

LOW_CUT_HZ = 24.0
FADE_IN_S = 0.001
SILENT_S = 0.02  # at the end
SHORTEST_FADE_S = 0.1
GLUE_RATIO = 1.8
GLUE_BELOW_TARGET_LU = 2.0
RELEASES_DB_PER_S = (60.0, 240.0, 960.0)  # the gentlest that reaches the loudness; single hits need the last
ESTIMATES = 16
CORRECTIONS = 4
CLOSE_LU = 0.02
TOLERANCE_LU = 0.1
PEAK_TOLERANCE_DB = 0.1
HEADROOM = 0.4  # hops whose samples stay below this share of the ceiling are not measured at first
SAFE = 0.7  # the true peak of a hop whose samples stay below this share of the ceiling stays below the ceiling


@dataclass(frozen=True, slots=True)
class Levels:
    """What the gains need to know about a sound, one number for each hop: K-weighted energy and true peak."""

    energy: np.ndarray
    peak: np.ndarray


def capture(mix: Iterable[np.ndarray], score: Score) -> Tape:
    """Put a mix on tape with clean edges: 24 Hz high-pass, fades.

    Args:
        mix: blocks of (2, samples), float32, as long as the score together; they are changed where they lie.

    Raises:
        GenerationFailed: where they are not as long as the score.
    """
    length, given = samples(score.duration_s), 0
    tape = Tape(length)
    for block in _clean(mix, score):
        given += block.shape[1]
        if given <= length:
            tape.write(block)
    if given != length:
        raise GenerationFailed(f"the mix must have {length} samples, got {given}")
    return tape


def master(tape: Tape, settings: Mix) -> Finished:
    """Finish a mix that was captured: loudness, glue, true-peak limiting.

    Returns:
        The sound, as long as the tape: within 0.1 LU of the style's loudness, no more than 0.1 dB above its true
        peak, the last 20 ms silent.

    Raises:
        GenerationFailed: for a mix that is silent or not finite, or that cannot be brought to its loudness.
    """
    finished = Finished(tape, _master_gain(tape, settings))
    peak_db = 20.0 * np.log10(hop_peaks(finished, above=SAFE * decibels(settings.true_peak_db)).max())
    if peak_db > settings.true_peak_db + PEAK_TOLERANCE_DB:
        raise GenerationFailed(f"the true peak is {peak_db:.2f} dB, above {settings.true_peak_db}")
    return finished


def _master_gain(audio: Tape, settings: Mix) -> np.ndarray:
    """The gain that finishes the sound, (hops + 1,).

    True peaks are measured only in hops that looked loud enough to matter; should the search raise one of the
    others after all, every hop is measured.
    """
    energy = hop_energy(audio)
    ceiling = decibels(settings.true_peak_db)
    quiet = HEADROOM * ceiling * decibels(_loudness(energy) - settings.loudness_lufs)
    levels = Levels(energy, hop_peaks(audio, above=quiet))
    gain = _gain_to_loudness(audio, levels, settings)
    raised = levels.peak * np.maximum(gain[:-1], gain[1:])
    if raised[levels.peak < quiet].max(initial=0.0) > SAFE * ceiling:
        gain = _gain_to_loudness(audio, Levels(energy, hop_peaks(audio)), settings)
    return gain


def _loudness(energy: np.ndarray) -> float:
    """Loudness of the mix. Raises GenerationFailed for silence and for sound that is not finite."""
    if not np.isfinite(energy).all():
        raise GenerationFailed("the mix is not finite")
    loudness = gated_loudness(energy)
    if not np.isfinite(loudness):
        raise GenerationFailed("the mix is silent")
    return loudness


def _gain_to_loudness(audio: Tape, levels: Levels, settings: Mix) -> np.ndarray:
    """The gain that brings the sound to the style's loudness by the exact meter."""
    target_lufs = settings.loudness_lufs
    for _ in range(CORRECTIONS):
        gain = find_gain(levels, target_lufs, settings.true_peak_db)
        error = settings.loudness_lufs - gated_loudness(hop_energy(audio, gain))
        if abs(error) <= TOLERANCE_LU:
            return gain
        target_lufs += error
    raise GenerationFailed(f"the mix stays {-error:+.1f} LU away from {settings.loudness_lufs} LUFS")


def find_gain(levels: Levels, target_lufs: float, ceiling_db: float) -> np.ndarray:
    """Gain at the hop borders that reaches the loudness under the ceiling, (hops + 1,).

    Limiting takes loudness away, so the make-up gain is raised by what is missing until it fits; where that
    does not converge the limiter lets go faster. What comes closest with the fastest release is the answer of
    last resort, and the exact meter judges it.
    """
    start_db = target_lufs - gated_loudness(levels.energy)
    for release_db_per_s in RELEASES_DB_PER_S:
        makeup_db = start_db
        for _ in range(ESTIMATES):
            gain = chain(levels, makeup_db, target_lufs, ceiling_db, release_db_per_s)
            error = target_lufs - gated_loudness(levels.energy * _squared(gain))
            if abs(error) <= CLOSE_LU:
                return gain
            makeup_db += error
    return gain


def chain(
    levels: Levels, makeup_db: float, target_lufs: float, ceiling_db: float, release_db_per_s: float
) -> np.ndarray:
    """Make-up, glue and limiter as one gain at the hop borders, (hops + 1,)."""
    level_db = OFFSET_LUFS + makeup_db + 10.0 * np.log10(np.maximum(levels.energy, 1e-12))
    leaned = decibels(makeup_db) * glue(level_db, target_lufs - GLUE_BELOW_TARGET_LU, GLUE_RATIO)
    peaks = levels.peak * np.maximum(leaned[:-1], leaned[1:])
    return leaned * limit(peaks, decibels(ceiling_db), release_db_per_s)


def fade_s(score: Score) -> float:
    """The fade-out covers the ring-out, from the release of the last note to the end, or what the score wishes."""
    notes = (note for part in score.parts for note in part.notes)
    released_s = max((score.onset_s(note) + score.length_s(note) for note in notes), default=0.0)
    return max(SHORTEST_FADE_S, score.fade_s, score.duration_s - released_s)


def _clean(mix: Iterable[np.ndarray], score: Score) -> Iterator[np.ndarray]:
    """Take out rumble, fade in over 1 ms and out along a raised cosine that ends 20 ms early."""
    low_cut, first = filters.Filter(filters.high_pass(LOW_CUT_HZ)), 0
    end = samples(score.duration_s) - samples(SILENT_S)
    rise, fall = samples(FADE_IN_S), samples(fade_s(score) - SILENT_S)
    for block in mix:
        low_cut.process(block)
        last = first + block.shape[1]
        if first < rise:
            block *= _rising(np.arange(first, last), rise)
        if last > end - fall:
            block *= _rising(end - 1 - np.arange(first, last), fall)
        yield block
        first = last


def _rising(at: np.ndarray, n: int) -> np.ndarray:
    """A raised cosine over n samples, at samples counted from its start; 0 before it and 1 after it."""
    return (0.5 - 0.5 * np.cos(np.pi * (at + 0.5).clip(0, n) / n)).astype(np.float32)


def _squared(gain: np.ndarray) -> np.ndarray:
    """Mean square over each hop of a gain that is a straight line between its borders."""
    a, b = gain[:-1], gain[1:]
    return (a * a + a * b + b * b) / 3.0
