"""MIDI files hold the same music as the score."""

import mido
import pytest

from aimusic.formats.midi import build_midi, write_midi
from aimusic.music.harmony import Chord, Key
from aimusic.music.rhythm import METRES, Tempo
from aimusic.music.score import ChordSpan, Marker, Note, Part, Score

BB_MAJOR = Key(10, "major")
PROGRAMS = {"flute": 73, "kit": 0}


def make_score(parts=None, bpm=97.5, metre="4/4", key=BB_MAJOR):
    parts = parts or (
        Part("Flute", "lead", "flute", (Note(0, 60, 12, 90), Note(12, 60, 12, 70), Note(24, 67, 24, 64, 0.01))),
        Part("Drums", "drums", "kit", (Note(0, 36, 1, 100), Note(24, 38, 1, 110)), is_drum=True),
    )
    chords = (ChordSpan(0, 24, Chord(10, "maj")), ChordSpan(24, 24, Chord(3, "m7")))
    markers = (Marker(0, "intro"), Marker(24, "theme"))
    return Score("Test", key, Tempo(bpm, METRES[metre]), 4.0, parts, chords, markers)


def played(track):
    """(start pulse, length, pitch, velocity) of every note of a track."""
    now, open_notes, notes = 0, {}, []
    for message in track:
        now += message.time
        if message.type == "note_on":
            assert message.note not in open_notes, "a note begins before the same pitch has ended"
            open_notes[message.note] = (now, message.velocity)
        elif message.type == "note_off":
            start, velocity = open_notes.pop(message.note)
            notes.append((start, now - start, message.note, velocity))
    assert not open_notes
    return notes


def test_notes_come_back_with_their_performed_timing():
    score = make_score()
    notes = played(build_midi(score, PROGRAMS).tracks[2])
    shift = round(0.01 / score.tempo.seconds(12) * 480)
    assert notes == [(0, 480, 60, 90), (480, 480, 60, 70), (960 + shift, 960, 67, 64)]


def test_drums_are_on_channel_ten_and_melodies_are_not():
    midi = build_midi(make_score(), PROGRAMS)
    channels = [{m.channel for m in track if m.type == "note_on"} for track in midi.tracks[2:]]
    assert channels == [{0}, {9}]


def test_conductor_says_tempo_metre_key_and_sections():
    metas = {m.type: m for m in build_midi(make_score(metre="3/4"), PROGRAMS).tracks[0]}
    assert metas["set_tempo"].tempo == pytest.approx(60e6 / 97.5, abs=1)
    assert (metas["time_signature"].numerator, metas["time_signature"].denominator) == (3, 4)
    assert metas["key_signature"].key == "Bb"
    markers = [m.text for m in build_midi(make_score(), PROGRAMS).tracks[0] if m.type == "marker"]
    assert markers == ["intro", "theme"]


@pytest.mark.parametrize("bpm", [60, 97.5, 200])
def test_compound_metre_counts_dotted_quarters(bpm):
    metas = {m.type: m for m in build_midi(make_score(metre="6/8", bpm=bpm), PROGRAMS).tracks[0]}
    assert metas["set_tempo"].tempo == pytest.approx(60e6 / (bpm * 1.5), abs=1)


def test_chords_are_markers_at_their_ticks():
    track = build_midi(make_score(), PROGRAMS).tracks[1]
    now, chords = 0, []
    for message in track:
        now += message.time
        if message.type == "marker":
            chords.append((now, message.text))
    assert chords == [(0, "Bb"), (960, "Ebm7")]


def test_tracks_carry_names_and_programs():
    flute = build_midi(make_score(), PROGRAMS).tracks[2]
    assert flute.name == "Flute"
    assert [m.program for m in flute if m.type == "program_change"] == [73]


@pytest.mark.parametrize("tonic", range(12))
@pytest.mark.parametrize("mode", ["major", "minor"])
def test_every_key_has_a_signature_that_midi_knows(tonic, mode):
    metas = {m.type: m for m in build_midi(make_score(key=Key(tonic, mode)), PROGRAMS).tracks[0]}
    assert metas["key_signature"].key.endswith("m") == (mode == "minor")


def test_file_lasts_as_long_as_the_recording(tmp_path):
    path = tmp_path / "piece.mid"
    write_midi(path, make_score(), PROGRAMS)
    assert mido.MidiFile(path).length == pytest.approx(4.0, abs=0.002)
    assert list(tmp_path.iterdir()) == [path], "no temporary file is left"


def test_same_score_gives_the_same_bytes(tmp_path):
    for name in ("a.mid", "b.mid"):
        write_midi(tmp_path / name, make_score(), PROGRAMS)
    assert (tmp_path / "a.mid").read_bytes() == (tmp_path / "b.mid").read_bytes()


def test_more_parts_than_channels_is_an_error():
    parts = tuple(Part(f"P{n}", "pad", "flute", (Note(0, 60, 4),)) for n in range(16))
    with pytest.raises(ValueError, match="15 melodic channels"):
        build_midi(make_score(parts), PROGRAMS)


def test_failed_write_leaves_nothing(tmp_path):
    with pytest.raises(KeyError):
        write_midi(tmp_path / "x.mid", make_score(), {})
    assert list(tmp_path.iterdir()) == []
