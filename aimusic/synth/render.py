"""From a score to stems: every note asked of its instrument once, kept, and placed on its exact sample.

A piece of a thousand notes needs some two hundred different sounds. Velocity is quantised to 8 layers of timbre
(the gain stays exact) and the hold to 10 ms; a note that would sound just as it did last time is another take.
"""

import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise

import numpy as np

from aimusic.errors import GenerationFailed
from aimusic.music.score import Note, Part, Score
from aimusic.synth.inserts import INSERTS
from aimusic.synth.instruments import Instrument
from aimusic.synth.kernels import samples

VELOCITY_LAYERS = 8
LEVEL_EXPONENT = 1.6  # amplitude is velocity^1.6, the law of the voices; it carries a layer to the exact velocity
DRUM_HOLD_S = 1.0  # drums ring as they will, whatever is written
VARIANTS = {False: 2, True: 3}  # takes of a sound that comes again: pitched, drums

OPEN_HAT = 46
CHOKES = {42, 44}  # closed and pedal hi-hat silence the open one
CHOKE_S = 0.03
LEGATO_S = 0.02
LEGATO_ROLES = {"lead", "bass"}
LEGATO_FAMILIES = {"plucked", "blown"}  # one string or one breath: the next note ends the former

CACHE_BYTES = 192 << 20


@dataclass(frozen=True, slots=True)
class Stem:
    """One player's sound, after the insert and before the mix: (2, samples), float32, the piece's length."""

    name: str
    role: str
    audio: np.ndarray


@dataclass(frozen=True, slots=True)
class Event:
    """One note as the renderer plays it.

    Attributes:
        start: sample of the onset.
        pitch, velocity, hold_cs, variant: the sound to ask for; velocity is a layer's, hold in centiseconds.
        gain: from the layer to the written velocity.
        stop, fade: sample at which the sound is cut, if it is, and the length of that fade in samples.
    """

    start: int
    pitch: int
    velocity: int
    hold_cs: int
    variant: int
    gain: float
    stop: int | None = None
    fade: int = 0


class NoteCache:
    """The most recently used sounds, up to a number of bytes; safe between threads."""

    def __init__(self, capacity_bytes: int):
        self.capacity_bytes = capacity_bytes
        self.held_bytes = 0
        self._notes: OrderedDict[tuple, np.ndarray] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: tuple, make: Callable[[], np.ndarray]) -> np.ndarray:
        """The sound under a key, made when it is not there. Nobody may change the array."""
        with self._lock:
            if key in self._notes:
                self._notes.move_to_end(key)
                return self._notes[key]
        sound = make()
        sound.flags.writeable = False
        with self._lock:
            if key not in self._notes and sound.nbytes <= self.capacity_bytes // 4:
                self._notes[key] = sound
                self.held_bytes += sound.nbytes
            while self.held_bytes > self.capacity_bytes:
                self.held_bytes -= self._notes.popitem(last=False)[1].nbytes
        return sound


@cache
def note_cache() -> NoteCache:
    """The process's cache: a second piece in a style finds most of its notes here."""
    return NoteCache(CACHE_BYTES)


def render(
    score: Score, instruments: Mapping[str, Instrument], cache: NoteCache | None = None, *, reuse: bool = False
) -> Iterator[Stem]:
    """Play the score, part by part in its order; only one stem need be in memory at a time.

    Args:
        instruments: by name, every one that the score asks for.
        cache: where rendered notes are kept; the process's own where absent.
        reuse: True where the caller is done with a stem when it asks for the next one, whose sound may then
            take the same memory: fresh memory costs more than playing the notes.

    Yields:
        A stem for every part that has notes, as long as the piece; sound after its end is cut.

    Raises:
        GenerationFailed: for an instrument or insert that does not exist.
    """
    cache = cache or note_cache()
    doubles = Counter()
    room = np.empty((2, samples(score.duration_s)), dtype=np.float32)
    for part in score.parts:
        if part.instrument not in instruments:
            raise GenerationFailed(f"{part.name}: there is no instrument {part.instrument!r}")
        instrument = instruments[part.instrument]
        if instrument.insert not in INSERTS:
            raise GenerationFailed(f"{part.instrument}: there is no insert {instrument.insert!r}")
        if part.notes:
            found = events(part, score, instrument, doubles[part.instrument])
            dry = play(found, instrument, cache, room if reuse else np.empty_like(room))
            yield Stem(part.name, part.role, INSERTS[instrument.insert](dry, score.tempo))
            del dry
        doubles[part.instrument] += 1


def events(part: Part, score: Score, instrument: Instrument, double: int = 0) -> list[Event]:
    """The part's notes in the order of their onsets, with their takes and cuts.

    Args:
        double: how many earlier parts have this instrument; each double plays takes of its own, so that two
            guitars on the same notes are two guitars.
    """
    first = double * VARIANTS[instrument.is_drum]
    latest: dict[int, Event] = {}
    found = []
    for note in sorted(part.notes, key=lambda note: (score.onset_s(note), note.pitch)):
        event = _event(note, score, instrument, first)
        before = latest.get(note.pitch)
        if before is not None and (before.velocity, before.hold_cs) == (event.velocity, event.hold_cs):
            take = (before.variant - first + 1) % VARIANTS[instrument.is_drum]
            event = replace(event, variant=first + take)
        latest[note.pitch] = event
        found.append(event)
    if instrument.is_drum:
        return _choked(found)
    if part.role in LEGATO_ROLES and instrument.family in LEGATO_FAMILIES:
        return _legato(found)
    return found


def _event(note: Note, score: Score, instrument: Instrument, variant: int) -> Event:
    layer = (note.velocity - 1) * VELOCITY_LAYERS // 127
    velocity = round((layer + 0.5) * 127 / VELOCITY_LAYERS)
    hold_s = DRUM_HOLD_S if instrument.is_drum else score.length_s(note)
    return Event(
        start=samples(score.onset_s(note)),
        pitch=note.pitch,
        velocity=velocity,
        hold_cs=max(1, round(hold_s * 100)),
        variant=variant,
        gain=(note.velocity / velocity) ** LEVEL_EXPONENT,
    )


def _choked(found: list[Event]) -> list[Event]:
    """Open hi-hats end at the next closed or pedal one."""
    out = []
    next_choke = None
    for event in reversed(found):
        if event.pitch in CHOKES:
            next_choke = event.start
        elif event.pitch == OPEN_HAT and next_choke is not None and next_choke > event.start:
            event = replace(event, stop=next_choke, fade=samples(CHOKE_S))
        out.append(event)
    return out[::-1]


def _legato(found: list[Event]) -> list[Event]:
    """Every note ends at the onset of the next one; notes struck together do not end each other."""
    out = [
        replace(event, stop=after.start, fade=samples(LEGATO_S)) if after.start > event.start else event
        for event, after in pairwise(found)
    ]
    return out + found[-1:]


def play(found: list[Event], instrument: Instrument, cache: NoteCache, out: np.ndarray) -> np.ndarray:
    """The dry track of one part, the sum of its events in their order, in `out`, (2, samples)."""
    out[:] = 0.0
    for event in found:
        key = (instrument, event.pitch, event.velocity, event.hold_cs, event.variant)
        sound = cache.get(key, lambda event=event: _sound(instrument, event))
        _place(out, event, sound)
    return out


def _sound(instrument: Instrument, event: Event) -> np.ndarray:
    """(2, samples), or (1, samples) where both sides are equal, to keep and to add half as much."""
    sound = instrument.note(event.pitch, event.velocity, event.hold_cs / 100, event.variant)
    return sound[:1].copy() if np.array_equal(sound[0], sound[1]) else sound


def _place(out: np.ndarray, event: Event, sound: np.ndarray) -> None:
    """Add the sound at its sample, with its gain, cut where the event says; what passes the end is lost."""
    room = out.shape[1] - event.start
    if event.stop is not None:
        room = min(room, event.stop + event.fade - event.start)
    if room <= 0:
        return
    placed = sound[:, :room] * np.float32(event.gain)
    if event.stop is not None:
        fade_from = event.stop - event.start
        length = max(0, placed.shape[1] - fade_from)
        placed[:, fade_from:] *= _falling(event.fade)[:length]
    out[:, event.start : event.start + placed.shape[1]] += placed


@cache
def _falling(n: int) -> np.ndarray:
    """Raised cosine from 1 to 0 over n samples."""
    return (0.5 + 0.5 * np.cos(np.pi * (np.arange(n) + 0.5) / n)).astype(np.float32)
