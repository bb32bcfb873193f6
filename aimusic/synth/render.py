"""From a score to tracks that play themselves block by block: every note on its exact sample.

A piece of a thousand notes needs some two hundred different sounds. Velocity is quantised to 8 layers of timbre
(the gain stays exact) and the hold to 10 ms; a note that would sound just as it did last time is another take.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise

import numpy as np

from aimusic.errors import GenerationFailed
from aimusic.music.rhythm import Tempo
from aimusic.music.score import Note, Part, Score
from aimusic.synth.effects.dynamics import HOP
from aimusic.synth.inserts import INSERTS
from aimusic.synth.instruments import Instrument
from aimusic.synth.kernels import SAMPLE_RATE, samples
from aimusic.synth.note_cache import NoteCache, note_cache

BLOCK = HOP * 2048  # samples that travel through the studio together, 2.9 s: 1 MB for a stereo track
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


@dataclass(frozen=True, slots=True)
class Track:
    """One player's sound, after the insert and before the mix; it holds notes, and plays them when asked.

    Attributes:
        events: in the order of their onsets.
    """

    name: str
    role: str
    instrument: Instrument
    events: tuple[Event, ...]
    tempo: Tempo
    cache: NoteCache

    @property
    def onsets(self) -> list[int]:
        """Samples at which notes begin."""
        return [event.start for event in self.events]

    @property
    def saturates(self) -> bool:
        """True where the insert brings quiet and loud playing to nearly one level."""
        return INSERTS[self.instrument.insert](self.tempo, 0).saturates

    def play(self, start: int, stop: int, block: int = BLOCK) -> Iterator[np.ndarray]:
        """The sound from one sample to another, in blocks of (2, samples), float32.

        Sounds are added in the order of the events, so every block length gives the same samples. An insert
        comes in at `start` without a past.

        Args:
            start: a whole number of hops. Of what began before it, notes that were released so long ago that
                they are 60 dB down are left out.
            block: a whole number of hops; the last block may be shorter.

        Yields:
            Blocks in the same memory: a block is gone when the next one is asked for.
        """
        effect = INSERTS[self.instrument.insert](self.tempo, start)
        dry = _Dry(self, start, block)
        if effect.latency:
            effect.process(dry.next(effect.latency))
        for first in range(start, stop, block):
            yield effect.process(dry.next(min(block, stop - first)))

    def sound(self, event: Event) -> np.ndarray:
        """The event's note, (2, samples), or (1, samples) where both sides are equal."""
        key = (self.instrument, event.pitch, event.velocity, event.hold_cs, event.variant)
        return self.cache.get(key, lambda: _make(self.instrument, event))


class _Dry:
    """A track's notes before the insert, from one sample on."""

    def __init__(self, track: Track, start: int, block: int):
        self._track, self._at = track, start
        self._room = np.empty((2, block), np.float32)
        ring = samples(track.instrument.release_s)
        events = [
            e for e in track.events if e.start + e.hold_cs * SAMPLE_RATE // 100 + ring > start or e.start >= start
        ]
        self._coming = events[::-1]
        self._sounding: list[tuple[Event, np.ndarray]] = []

    def next(self, n: int) -> np.ndarray:
        """The next n samples, in memory that the next call uses again."""
        out, first, last = self._room[:, :n], self._at, self._at + n
        out[:] = 0.0
        while self._coming and self._coming[-1].start < last:
            event = self._coming.pop()
            self._sounding.append((event, self._track.sound(event)))
        for event, sound in self._sounding:
            _add(out, first, event, sound)
        self._sounding = [(e, s) for e, s in self._sounding if _end(e, s) > last]
        self._at = last
        return out


def render(score: Score, instruments: Mapping[str, Instrument], cache: NoteCache | None = None) -> list[Track]:
    """A track for every part that has notes, in the score's order. No note is made before a track plays.

    Args:
        instruments: by name, every one that the score asks for.
        cache: where rendered notes are kept; the process's own where absent.

    Raises:
        GenerationFailed: for an instrument or insert that does not exist.
    """
    doubles, tracks = Counter(), []
    for part in score.parts:
        if part.instrument not in instruments:
            raise GenerationFailed(f"{part.name}: there is no instrument {part.instrument!r}")
        instrument = instruments[part.instrument]
        if instrument.insert not in INSERTS:
            raise GenerationFailed(f"{part.instrument}: there is no insert {instrument.insert!r}")
        if part.notes:
            found = tuple(events(part, score, instrument, doubles[part.instrument]))
            tracks.append(Track(part.name, part.role, instrument, found, score.tempo, cache or note_cache()))
        doubles[part.instrument] += 1
    return tracks


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


def _make(instrument: Instrument, event: Event) -> np.ndarray:
    """(2, samples), or (1, samples) where both sides are equal, to keep and to add half as much."""
    sound = instrument.note(event.pitch, event.velocity, event.hold_cs / 100, event.variant)
    return sound[:1].copy() if np.array_equal(sound[0], sound[1]) else sound


def _end(event: Event, sound: np.ndarray) -> int:
    """The sample at which the event is over."""
    end = event.start + sound.shape[1]
    return end if event.stop is None else min(end, event.stop + event.fade)


def _add(out: np.ndarray, at: int, event: Event, sound: np.ndarray) -> None:
    """Add what of the event lies in a block that begins at sample `at`, with its gain and its cut."""
    first, last = max(at, event.start), min(at + out.shape[1], _end(event, sound))
    if first >= last:
        return
    placed = sound[:, first - event.start : last - event.start] * np.float32(event.gain)
    if event.stop is not None and last > event.stop:
        cut = max(first, event.stop)
        placed[:, cut - first :] *= _falling(event.fade)[cut - event.stop : last - event.stop]
    out[:, first - at : last - at] += placed


@cache
def _falling(n: int) -> np.ndarray:
    """Raised cosine from 1 to 0 over n samples."""
    return (0.5 + 0.5 * np.cos(np.pi * (np.arange(n) + 0.5) / n)).astype(np.float32)
