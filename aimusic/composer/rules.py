"""Musical rules as masks over the classes of the melody network, one small function each.

A mask is a boolean array over pitch, step or duration classes. Rules of one kind are combined in order of
importance: `agree` leaves out a rule that would forbid everything that the ones before it allow.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np

from aimusic.composer.chart import TONIC
from aimusic.composer.vocabulary import DURATIONS, MAX_STEP, PITCH_LOW, PITCHES
from aimusic.music.harmony import QUALITIES, Chord, scale
from aimusic.style import Style

WIDE_LEAP = 9  # semitones; wider leaps go to a chord tone only
STEP = 4  # semitones; a wide leap is recovered by at most this, in the other direction
STRONG = 0.75  # metric weight of the downbeat and the middle of the bar, where no avoid-note may enter
SHORT = 6  # ticks; an avoid-note is no longer than an eighth

_CLASSES = np.arange(PITCHES) % 12  # PITCH_LOW is a C
_PITCHES = np.arange(PITCHES)


@dataclass(frozen=True, slots=True)
class Palette:
    """The pitches a style's melody uses, in the network's view.

    Attributes:
        tonic: pitch class. scale, colours: pitch classes. low, high: pitch classes of the network, inclusive.
    """

    tonic: int
    scale: frozenset[int]
    colours: frozenset[int]
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Moment:
    """Where a note is about to enter.

    Attributes:
        chord: that governs it. strength: metric weight, see `Metre.strength`.
        last, before: the two notes before it, or None.
        must_rest_on: pitch classes it may have because it ends something, or empty.
    """

    chord: Chord
    strength: float
    last: int | None = None
    before: int | None = None
    must_rest_on: frozenset[int] = frozenset()


def palette_of(style: Style, mode: str, shift: int) -> Palette:
    """The palette of a style; `shift` is added to the network's pitches to get the sounding ones."""
    tonic = TONIC[mode]
    colours = frozenset((tonic + interval) % 12 for interval in style.melody.colours)
    names = frozenset(scale(tonic, style.melody.scales[mode]))
    low, high = (bound - shift - PITCH_LOW for bound in (style.melody.low, style.melody.high))
    return Palette(tonic, names, colours, max(0, low), min(PITCHES - 1, high))


def agree(masks: Iterable[np.ndarray]) -> np.ndarray:
    """The first mask, narrowed by each following one that leaves something of it."""
    first, *others = masks
    allowed = first
    for mask in others:
        narrowed = allowed & mask
        if narrowed.any():
            allowed = narrowed
    return allowed


def displaced(chord: Chord, names: frozenset[int]) -> frozenset[int]:
    """Scale tones that an altered chord tone replaces: over E7 in A minor G gives way to G sharp.

    A major third, a major seventh and a raised fifth are raised notes, a minor or diminished interval is a lowered
    one, and a root or perfect fifth outside the scale is lowered except under a diminished chord.
    """
    gone = set()
    for interval in QUALITIES[chord.quality][1]:
        tone = (chord.root + interval) % 12
        if tone in names:
            continue
        raised = interval in (4, 8, 9, 11, 2) or (interval in (0, 7) and _is_raised(chord, names))
        gone.add((tone - 1) % 12 if raised else (tone + 1) % 12)
    return frozenset(gone) - frozenset(chord.pitch_classes)


def _is_raised(chord: Chord, names: frozenset[int]) -> bool:
    """Roots: raised under diminished chords. Fifths: raised where the root is in the scale."""
    return chord.quality in ("dim", "m7b5") if chord.root not in names else True


@cache
def chord_scale(palette: Palette, chord: Chord) -> np.ndarray:
    """Scale, chord tones and the style's colours, in range."""
    names = (palette.scale - displaced(chord, palette.scale)) | set(chord.pitch_classes) | palette.colours
    in_range = (palette.low <= _PITCHES) & (palette.high >= _PITCHES)
    return np.isin(_CLASSES, list(names)) & in_range


@cache
def chord_tones(chord: Chord) -> np.ndarray:
    """The chord's own tones, in every octave."""
    return np.isin(_CLASSES, chord.pitch_classes)


@cache
def avoid_notes(palette: Palette, chord: Chord) -> np.ndarray:
    """Tones a semitone above a chord tone that are neither chord tones nor colours: F over C major."""
    above = {(tone + 1) % 12 for tone in chord.pitch_classes} - set(chord.pitch_classes) - palette.colours
    return np.isin(_CLASSES, list(above))


def within_leap(moment: Moment) -> np.ndarray:
    """Up to WIDE_LEAP semitones from the last note, or into a chord tone within an octave and a half."""
    assert moment.last is not None
    distance = abs(_PITCHES - moment.last)
    return (distance <= WIDE_LEAP) | (chord_tones(moment.chord) & (distance <= 2 * WIDE_LEAP))


def recovers(moment: Moment) -> np.ndarray:
    """After a wide leap, a small move back."""
    assert moment.last is not None and moment.before is not None
    back = np.sign(moment.before - moment.last) * (_PITCHES - moment.last)
    return (back >= 0) & (back <= STEP)


def leapt(moment: Moment) -> bool:
    """Whether the last move was a wide leap."""
    return moment.last is not None and moment.before is not None and abs(moment.last - moment.before) > WIDE_LEAP


def pitch_mask(moment: Moment, palette: Palette) -> np.ndarray:
    """Every rule about pitch, the most important first."""
    masks = [chord_scale(palette, moment.chord)]
    if moment.must_rest_on:
        masks.append(np.isin(_CLASSES, list(moment.must_rest_on)))
    if moment.last is not None:
        masks.append(within_leap(moment))
    if moment.strength >= STRONG:
        masks.append(~avoid_notes(palette, moment.chord))
    if leapt(moment):
        masks.append(recovers(moment))
    return agree(masks)


def fit(pitch: int, moment: Moment, palette: Palette, *, from_chord_tone: bool) -> int:
    """A copied pitch, moved as little as the present chord asks for; on the beat a chord tone stays one."""
    allowed = chord_scale(palette, moment.chord)
    if moment.must_rest_on:
        allowed = agree([allowed, np.isin(_CLASSES, list(moment.must_rest_on))])
    elif from_chord_tone and moment.strength >= STRONG:
        allowed = allowed & chord_tones(moment.chord)
    elif moment.strength >= STRONG:
        allowed = agree([allowed, ~avoid_notes(palette, moment.chord)])
    choices = np.flatnonzero(allowed)
    return int(choices[np.argmin(abs(choices - pitch))])


@cache
def on_grid(bar_ticks: int) -> np.ndarray:
    """Places of a bar on sixteenths or triplet eighths."""
    place = np.arange(bar_ticks)
    return (place % 3 == 0) | (place % 4 == 0)


def keeps_division(now: int, ticks: np.ndarray) -> np.ndarray:
    """Within a quarter, sixteenths follow sixteenths and triplets follow triplets."""
    quarter, place = divmod(now, 12)
    if place in (0, 6):
        wrong = {0: (), 6: (4, 8)}[place]
    else:
        wrong = (3, 6, 9) if place in (4, 8) else (4, 8)
    return ~((ticks // 12 == quarter) & np.isin(ticks % 12, wrong))


def step_mask(now: int, open_ticks: np.ndarray, *, earliest: int, latest: int) -> np.ndarray:
    """Steps from `now` that land on open ticks in [earliest, latest]; `open_ticks` begins at tick 0.

    Shape (MAX_STEP + 1,): resting and leaving the phrase are the caller's affair.
    """
    ticks = now + np.arange(MAX_STEP + 1)
    inside = (ticks >= earliest) & (ticks <= latest) & (ticks < len(open_ticks))
    mask = np.zeros(MAX_STEP + 1, bool)
    mask[inside] = open_ticks[ticks[inside]]
    return mask & keeps_division(now, ticks)


def duration_mask(onset: int, until: int, *, is_avoid_note: bool) -> np.ndarray:
    """Durations that end on the grid and no later than `until`; an avoid-note is short.

    Where nothing on the grid is left, the note fills the time exactly.
    """
    lengths = np.arange(1, DURATIONS + 1)
    ends = onset + lengths
    fits = (ends <= until) & (lengths >= 2)
    masks = [fits, (ends % 3 == 0) | (ends % 4 == 0), keeps_division(onset, ends)]
    if is_avoid_note:
        masks.append(lengths <= SHORT)
    if not fits.any():
        masks = [lengths == max(1, min(until - onset, DURATIONS))]
    return agree(masks)
