"""Scores as Standard MIDI files: format 1, one track a part, the performed timing included."""

from collections.abc import Mapping
from pathlib import Path

import mido

from aimusic.formats.files import atomically
from aimusic.music.harmony import FLAT_NAMES, SHARP_NAMES
from aimusic.music.score import Note, Part, Score

PULSES_PER_QUARTER = 480
DRUM_CHANNEL = 9
MELODIC_CHANNELS = [channel for channel in range(16) if channel != DRUM_CHANNEL]

_Event = tuple[int, int, mido.Message | mido.MetaMessage]  # (pulse, order within the pulse, message)


def write_midi(path: Path, score: Score, programs: Mapping[str, int]) -> None:
    """Write the score; `programs` gives the General MIDI program of each instrument.

    The first track holds tempo, time signature, key and section markers, the second the chord symbols as
    markers. Players' timing is kept to 1/480 of a quarter note. Raises ValueError for more parts than MIDI
    has channels.
    """
    with atomically(path) as file:
        build_midi(score, programs).save(file=file)


def build_midi(score: Score, programs: Mapping[str, int]) -> mido.MidiFile:
    """The score as a mido file object."""
    midi = mido.MidiFile(type=1, ticks_per_beat=PULSES_PER_QUARTER)
    midi.tracks.append(_track(score, _conductor(score)))
    midi.tracks.append(_track(score, _chord_markers(score)))
    free = iter(MELODIC_CHANNELS)
    for part in score.parts:
        channel = DRUM_CHANNEL if part.is_drum else next(free, None)
        if channel is None:
            raise ValueError(f"MIDI has {len(MELODIC_CHANNELS)} melodic channels, the score has more parts")
        midi.tracks.append(_track(score, _part_events(score, part, channel, programs[part.instrument])))
    return midi


def _pulses(score: Score, seconds: float) -> int:
    quarter_s = score.tempo.seconds(12)
    return round(seconds / quarter_s * PULSES_PER_QUARTER)


def _conductor(score: Score) -> list[_Event]:
    metre = score.tempo.metre
    metas = [
        mido.MetaMessage("track_name", name=score.title),
        mido.MetaMessage("set_tempo", tempo=round(score.tempo.seconds(12) * 1e6)),
        mido.MetaMessage("time_signature", numerator=metre.numerator, denominator=metre.denominator),
        mido.MetaMessage("key_signature", key=_key_name(score)),
    ]
    markers = [
        (_pulses(score, score.tempo.seconds(marker.onset_ticks)), 1, mido.MetaMessage("marker", text=marker.text))
        for marker in score.markers
    ]
    return [(0, 0, meta) for meta in metas] + markers


def _key_name(score: Score) -> str:
    names = FLAT_NAMES if score.key.flats else SHARP_NAMES
    return names[score.key.tonic] + ("m" if score.key.mode == "minor" else "")


def _chord_markers(score: Score) -> list[_Event]:
    name = [(0, 0, mido.MetaMessage("track_name", name="Chords"))]
    return name + [
        (
            _pulses(score, score.tempo.seconds(span.onset_ticks)),
            1,
            mido.MetaMessage("marker", text=span.chord.symbol(score.key)),
        )
        for span in score.chords
    ]


def _part_events(score: Score, part: Part, channel: int, program: int) -> list[_Event]:
    events: list[_Event] = [
        (0, 0, mido.MetaMessage("track_name", name=part.name)),
        (0, 1, mido.Message("program_change", channel=channel, program=program)),
    ]
    for note in part.notes:
        start, stop = _note_pulses(score, note)
        events.append(
            (start, 3, mido.Message("note_on", channel=channel, note=note.pitch, velocity=note.velocity))
        )
        events.append((stop, 2, mido.Message("note_off", channel=channel, note=note.pitch, velocity=0)))
    return events


def _note_pulses(score: Score, note: Note) -> tuple[int, int]:
    """Where a note begins and ends as played; at least one pulse long."""
    onset_s = score.onset_s(note)
    start = _pulses(score, onset_s)
    return start, max(start + 1, _pulses(score, onset_s + score.length_s(note)))


def _track(score: Score, events: list[_Event]) -> mido.MidiTrack:
    """Sort events by time (note ends before note starts) and end the track with the recording."""
    track = mido.MidiTrack()
    now = 0
    for pulse, _, message in sorted(events, key=lambda event: event[:2]):
        track.append(message.copy(time=pulse - now))
        now = pulse
    end = max(now, _pulses(score, score.duration_s))
    track.append(mido.MetaMessage("end_of_track", time=end - now))
    return track
