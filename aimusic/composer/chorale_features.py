"""What the chorale network sees of four voices, as rows of integers.

A chorale is (frames, 4): 16ths of soprano, alto, tenor, bass, in MIDI pitches, -1 for silence. *Written*
pitches are counted from a low C: the first frame as it is, the others moved so that the root of the first frame is
C. A row of frame t is made of frames before t alone, and of the voices that chose before in frame t.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from aimusic.composer.features import Table
from aimusic.composer.tunes import SILENT, TRUSTS, TuneMemory
from aimusic.errors import InvalidData

VOICES = 4
SCORE_ORDER = (0, 1, 2, 3)  # soprano to bass
LOWEST = 24  # MIDI pitch written as 0
PITCHES = 70  # written pitches; the last one is silence
SILENCE = PITCHES - 1
NOTHING = PITCHES  # before the first frame, or not chosen yet
WIDEST = 24  # semitones; wider intervals look the same
INTERVALS = 2 * WIDEST + 2  # the last one: one of the two does not sound
NO_INTERVAL = INTERVALS - 1
TONES = NO_TONE = 12
LONGEST = 24  # frames since the last change; longer ones look the same
NOT_HELD = LONGEST + 1
PLACES = 48  # frames: three bars of 4/4, four of 3/4
BAR = 16
UNKNOWN_ROOT = 12
LOOK_BACKS = (16, 32)  # frames


def _voices(**columns: int) -> dict[str, int]:
    return {f"{name}_{voice}": size for name, size in columns.items() for voice in range(VOICES)}


# What is known before a frame begins.
CONTEXT = Table.of(
    place=PLACES,
    root=UNKNOWN_ROOT + 1,
    chord=2**12,  # pitch classes of the last frame above its lowest voice, as bits
    **_voices(last=PITCHES + 1, tone=TONES + 1, held=NOT_HELD + 1, move=INTERVALS),
    **{f"back{frames}_{voice}": PITCHES + 1 for frames in LOOK_BACKS for voice in range(VOICES)},
)
# What a voice knows besides when its turn comes; every voice has its own rows in each column.
TURN = Table.of(
    place=VOICES * BAR,
    last=VOICES * (PITCHES + 1),
    held=VOICES * (NOT_HELD + 1),
    recalled=VOICES * (PITCHES + 1),
    trust=VOICES * TRUSTS,
    **_voices(chosen=VOICES * (PITCHES + 1), tone=VOICES * (TONES + 1)),
    **_voices(move=VOICES * INTERVALS, distance=VOICES * INTERVALS),
)


@dataclass(frozen=True, slots=True)
class Chorale:
    """Four voices, (frames, 4), with what is recalled before each frame: see `TuneMemory.recall`."""

    voices: np.ndarray
    recalled: np.ndarray
    trust: np.ndarray

    def __len__(self) -> int:
        return len(self.voices)

    @classmethod
    def unheard(cls, voices: np.ndarray) -> "Chorale":
        """A chorale of which nothing is recalled."""
        return cls(voices, np.full_like(voices, SILENT), np.zeros(len(voices), dtype=np.int64))

    def transposed(self, semitones: int) -> "Chorale":
        moved = (
            np.where(pitches != SILENT, pitches + semitones, SILENT) for pitches in (self.voices, self.recalled)
        )
        return Chorale(*moved, self.trust)

    def without_start(self, frames: int) -> "Chorale":
        return Chorale(self.voices[frames:], self.recalled[frames:], self.trust[frames:])


def with_memory(voices: np.ndarray, memory: TuneMemory, number: int | None = None) -> Chorale:
    """A chorale and what `memory` recalls of it; `number` if the memory has learned this very piece."""
    return Chorale(voices, *memory.recall(voices, number))


@dataclass(frozen=True, slots=True)
class Lesson:
    """A chorale as arguments of `ChoraleNet.forward`, without the batch, and targets, (frames, voices)."""

    context: np.ndarray
    turn: np.ndarray
    near: np.ndarray
    targets: np.ndarray

    def __len__(self) -> int:
        return len(self.targets)


def first_root(frame: np.ndarray) -> int:
    """Pitch class that best explains a chord as its root: itself, a fifth and a third above, and the bass on it.

    In nine of ten chorales the root of the first frame is also the last one's.
    """
    sounding = frame[frame >= 0]
    if not len(sounding):
        return 0
    present = np.bincount(sounding % 12, minlength=12) > 0
    thirds = np.roll(present, -3) | np.roll(present, -4)
    score = 2.0 * present + 1.5 * np.roll(present, -7) + 1.0 * thirds
    score[sounding.min() % 12] += 0.6
    return int(score.argmax())


def make_lesson(chorale: Chorale, root: int | None = None, order: Sequence[int] = SCORE_ORDER) -> Lesson:
    """Inputs and targets of one chorale.

    Args:
        root: pitch class written as C; that of the first frame unless given.
        order: of the voices' turns in a frame.
    """
    root = first_root(chorale.voices[0]) if root is None else root
    shift = (root + 5) % 12 - 5  # -5 .. 6 semitones above C
    frames = len(chorale)
    written = written_pitches(chorale.voices, np.where(np.arange(frames) > 0, shift, 0)[:, None])
    past = written_pitches(chorale.voices, shift)  # first frame too: after it, the root is known
    before = np.vstack([np.full((1, VOICES), NOTHING), past[:-1]])
    held, moves = history(past)
    context = np.column_stack(
        [
            np.arange(frames) % PLACES,
            np.where(np.arange(frames) > 0, root, UNKNOWN_ROOT),
            _chord_bits(before),
            before,
            tone(before),
            held,
            moves,
            *(np.vstack([np.full((back, VOICES), NOTHING), past])[:frames] for back in LOOK_BACKS),
        ]
    )
    turn = np.argsort(order)
    heard = turn[:, None] > turn  # (voices, chosen): the column's voice has chosen before the row's
    recalled = _recalled(chorale, shift)
    turns = _turns(written, before, held, recalled, chorale.trust, heard)
    return Lesson(context, turns, _near(written, before, recalled, heard), written)


def written_pitches(chorale: np.ndarray, shift: np.ndarray | int) -> np.ndarray:
    """MIDI pitches, moved down by `shift` semitones, as classes 0 .. SILENCE."""
    pitches = chorale - shift - LOWEST
    if ((pitches < 0) | (pitches >= SILENCE))[chorale >= 0].any():
        raise InvalidData(f"pitches {chorale[chorale >= 0].min()}-{chorale.max()} are beyond four singing voices")
    return np.where(chorale >= 0, pitches, SILENCE)


def _recalled(chorale: Chorale, shift: int) -> np.ndarray:
    """Recalled pitches as written; NOTHING where none is, or where the other piece's voice lies out of range."""
    pitches = chorale.recalled - shift - LOWEST
    known = (chorale.recalled != SILENT) & (pitches >= 0) & (pitches < SILENCE)
    known[0] = False  # the first frame is written in another key
    return np.where(known, pitches, NOTHING)


def interval(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Class of the interval between two written pitches; the last class if one of them is none."""
    steps = (high - low).clip(-WIDEST, WIDEST) + WIDEST
    return np.where((low >= SILENCE) | (high >= SILENCE), NO_INTERVAL, steps)


def tone(pitches: np.ndarray) -> np.ndarray:
    """Written pitches in one octave; the last class if none."""
    return np.where(pitches < SILENCE, pitches % TONES, NO_TONE)


def history(past: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Before each frame and for each voice: how long its pitch has been held, and the interval that led to it."""
    frames = np.arange(len(past))[:, None]
    changed = np.vstack([np.ones((1, VOICES), bool), past[1:] != past[:-1]])
    since = np.maximum.accumulate(np.where(changed, frames, 0))
    held = (frames - since).clip(max=LONGEST)
    earlier = np.where(since > 0, np.take_along_axis(past, (since - 1).clip(0), 0), NOTHING)
    moves = interval(earlier, past)
    held = np.vstack([np.full((1, VOICES), NOT_HELD), held[:-1]])
    return held, np.vstack([np.full((1, VOICES), NO_INTERVAL), moves[:-1]])


def _chord_bits(before: np.ndarray) -> np.ndarray:
    """Pitch classes above the lowest sounding voice as twelve bits."""
    sounding = before < SILENCE
    lowest = np.where(sounding, before, PITCHES).min(1, keepdims=True)
    bits = np.where(sounding, 1 << ((before - lowest) % 12), 0)
    return np.bitwise_or.reduce(bits, axis=1)


def _turns(
    written: np.ndarray,
    before: np.ndarray,
    held: np.ndarray,
    recalled: np.ndarray,
    trust: np.ndarray,
    heard: np.ndarray,
) -> np.ndarray:
    """Rows of TURN: (frames, voices, columns). A voice does not see itself nor those after it."""
    frames = len(written)
    chosen = np.where(heard, written[:, None, :], NOTHING)
    moves = np.where(heard, _moves(before, written)[:, None, :], NO_INTERVAL)
    distances = np.where(heard, interval(before[:, :, None], chosen), NO_INTERVAL)
    place, trust = (np.repeat(column[:, None], VOICES, 1) for column in (np.arange(frames) % BAR, trust))
    own = np.stack([place, before, held, recalled, trust], axis=2)  # (frames, voices, 5)
    columns = np.concatenate([own, chosen, tone(chosen), moves, distances], axis=2)
    return columns + np.arange(VOICES)[:, None] * (np.asarray(TURN.sizes) // VOICES)


def _moves(before: np.ndarray, written: np.ndarray) -> np.ndarray:
    """Intervals from the last frame. The first frame is written in another key and counts as no move."""
    moves = interval(before, written)
    moves[0] = NO_INTERVAL
    return moves


def _near(written: np.ndarray, before: np.ndarray, recalled: np.ndarray, heard: np.ndarray) -> np.ndarray:
    """(frames, voices, 2 + voices): the voice's last pitch, the recalled one, and the newest of every voice."""
    newest = np.where(heard, written[:, None, :], before[:, None, :])
    return np.concatenate([before[..., None], recalled[..., None], newest], axis=2)
