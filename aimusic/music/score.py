"""Written music: notes, chords, the lead sheet and the score.

Onsets and lengths are whole ticks (`rhythm.py`). `Note.shift_s` is how far the performer plays from the
written time, so feel never changes what is written.
"""

from dataclasses import dataclass

from aimusic.music.harmony import Chord, Key
from aimusic.music.rhythm import Tempo


@dataclass(frozen=True, slots=True, order=True)
class Note:
    """One note: MIDI pitch (for drums the General MIDI drum number), velocity 1-127."""

    onset_ticks: int
    pitch: int
    length_ticks: int
    velocity: int = 80
    shift_s: float = 0.0

    @property
    def end_ticks(self) -> int:
        return self.onset_ticks + self.length_ticks


@dataclass(frozen=True, slots=True)
class ChordSpan:
    """A chord and the time it governs."""

    onset_ticks: int
    length_ticks: int
    chord: Chord

    @property
    def end_ticks(self) -> int:
        return self.onset_ticks + self.length_ticks


@dataclass(frozen=True, slots=True)
class LeadSheet:
    """What the composer hands to the band.

    The melody is monophonic and sorted; the chords follow each other without a gap from tick 0.
    """

    melody: tuple[Note, ...]
    chords: tuple[ChordSpan, ...]

    def chord_at(self, tick: int) -> Chord:
        """The chord that governs a tick; the last one holds beyond its end."""
        for span in self.chords:
            if tick < span.end_ticks:
                return span.chord
        return self.chords[-1].chord


@dataclass(frozen=True, slots=True)
class Part:
    """Everything one player plays. `instrument` is a name in `synth/instruments.toml`."""

    name: str
    role: str
    instrument: str
    notes: tuple[Note, ...]
    is_drum: bool = False


@dataclass(frozen=True, slots=True)
class Marker:
    """A section's name at the tick where it begins."""

    onset_ticks: int
    text: str


@dataclass(frozen=True, slots=True)
class Score:
    """The whole piece on paper. `duration_s` is the exact length of the recording, `fade_s` of a fade-out."""

    title: str
    key: Key
    tempo: Tempo
    duration_s: float
    parts: tuple[Part, ...]
    chords: tuple[ChordSpan, ...]
    markers: tuple[Marker, ...] = ()
    fade_s: float = 0.0

    def onset_s(self, note: Note) -> float:
        """When a note is played, in seconds from the start, never before it."""
        return max(0.0, self.tempo.seconds(note.onset_ticks) + note.shift_s)

    def length_s(self, note: Note) -> float:
        return self.tempo.seconds(note.length_ticks)
