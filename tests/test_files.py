"""Files: whole or absent, every length and every tag, and MIDI of every style that other programs read alike."""

import json
import xml.etree.ElementTree as ET
from collections import Counter, defaultdict
from dataclasses import replace

import mido
import numpy as np
import pytest
import soundfile

from aimusic.formats.audio import pcm24, read_tags, read_wav, wav24, write_wav
from aimusic.formats.encoded import CODECS, OPUS_HZ, encode
from aimusic.formats.files import atomically
from aimusic.formats.midi import DRUM_CHANNEL, PULSES_PER_QUARTER, write_midi
from aimusic.formats.peaks import SAMPLES_PER_PIXEL, write_peaks
from aimusic.formats.pianoroll import DRUM_COLOUR, Roll, draw, read_roll
from aimusic.music.harmony import Chord, Key
from aimusic.music.rhythm import METRES, Tempo
from aimusic.music.score import ChordSpan, Marker, Note, Part, Score
from aimusic.style import load_styles
from aimusic.synth.instruments import load_instruments
from tests.factories import make_score

RATE = 44100
PROGRAMS = {name: instrument.program for name, instrument in load_instruments().items()}
TAGS = {"title": "夜の歌 ♪", "artist": "Ünïcödé “Größe”", "comment": "🎹; odd", "genre": "jazz"}
LENGTHS = [1, 2, 3, 1023, 1024, 1025]
SVG = "{http://www.w3.org/2000/svg}"


def noise(n: int) -> np.ndarray:
    return np.random.default_rng(n).uniform(-0.9, 0.9, (2, n)).astype(np.float32)


def pulse_s(score: Score) -> float:
    return score.tempo.seconds(12) / PULSES_PER_QUARTER


# Whole or absent


def test_nothing_is_seen_before_the_last_byte(tmp_path):
    path = tmp_path / "a.bin"
    with atomically(path) as file:
        file.write(b"half")
        file.flush()
        assert not path.exists()
        file.write(b" and half")
    assert path.read_bytes() == b"half and half"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt, SystemExit, GeneratorExit])
def test_whatever_ends_the_writing_the_old_file_stays(tmp_path, error):
    """Also when the process is asked to end: the old bytes are there, and no part of the new ones."""
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")
    with pytest.raises(error), atomically(path) as file:
        file.write(b"new" * 100_000)
        raise error
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_shorter_file_replaces_the_whole_of_a_longer_one(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(b"a long old file")
    with atomically(path) as file:
        file.write(b"new")
    assert path.read_bytes() == b"new"


def test_who_reads_the_old_file_keeps_reading_it(tmp_path):
    """A download that has begun gets the bytes it began with."""
    path = tmp_path / "a.bin"
    path.write_bytes(b"old bytes")
    with path.open("rb") as reader:
        assert reader.read(4) == b"old "
        with atomically(path) as file:
            file.write(b"NEW BYTES")
        assert reader.read() == b"bytes"


def test_a_folder_that_is_not_there_is_an_error_and_is_not_made(tmp_path):
    with pytest.raises(FileNotFoundError), atomically(tmp_path / "none" / "a.bin"):
        pytest.fail("there is nothing to write to")
    assert list(tmp_path.iterdir()) == []


# Sound of every length, tags in every script


@pytest.mark.parametrize("n", LENGTHS)
def test_a_wav_file_of_any_length_comes_back(tmp_path, n):
    path, sound = tmp_path / "a.wav", noise(n)
    write_wav(path, sound, RATE, seed=1, tags=TAGS)
    assert np.abs(read_wav(path)[0] - sound).max() <= 1.5 / 32767 + 1e-6
    assert read_tags(path) == TAGS
    assert soundfile.info(path).frames == n


@pytest.mark.parametrize("n", LENGTHS)
def test_a_24_bit_file_of_any_length_comes_back(tmp_path, n):
    path, steps = tmp_path / "a.wav", pcm24(noise(n))
    with wav24(path, steps.shape, RATE, TAGS) as write:
        write(steps[:, : n // 2])
        write(steps[:, n // 2 :])
    assert np.array_equal(soundfile.read(path, dtype="int32", always_2d=True)[0].T >> 8, steps)
    assert read_tags(path) == TAGS


def test_full_scale_is_kept_and_never_wraps(tmp_path):
    """±1 is allowed; with dither on top it is held at the last step of its own sign."""
    path, full = tmp_path / "a.wav", np.tile(np.float32([[1.0, -1.0]]), (2, 500))
    write_wav(path, full, RATE, seed=1, tags={})
    audio = read_wav(path)[0]
    assert np.array_equal(np.sign(audio), full)
    assert np.abs(audio - full).max() <= 1.5 / 32767


def test_24_bits_reach_from_step_to_step():
    """The largest step comes back as itself, and half a step more would not fit."""
    largest = (2**23 - 1) / 2**23
    assert pcm24(np.array([[largest, -largest, 0.0]])).tolist() == [[2**23 - 1, 1 - 2**23, 0]]
    with pytest.raises(ValueError, match="within ±1"):
        pcm24(np.array([[1.0 - 0.4 / 2**23]]))


def test_more_samples_than_announced_are_refused(tmp_path):
    long = wav24(tmp_path / "a.wav", (2, 10), RATE, {})
    with pytest.raises(ValueError, match="must have 10 samples, got 11"), long as write:
        write(np.zeros((2, 11), np.int32))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("n", [1, 3, 1025])
@pytest.mark.parametrize("codec", CODECS)
def test_the_shortest_sounds_can_be_encoded(tmp_path, codec, n):
    """Not a sample is lost or added; Opus counts in its own rate."""
    wav, path = tmp_path / "a.wav", tmp_path / "a.out"
    write_wav(wav, noise(n), RATE, seed=1, tags={"title": TAGS["title"], "comment": TAGS["comment"]})
    encode(wav, path, codec)
    with soundfile.SoundFile(path) as file:
        assert file.frames == (-(-n * OPUS_HZ // RATE) if codec == "opus" else n)
        assert (file.title, file.comment) == (TAGS["title"], TAGS["comment"])


def test_an_unknown_codec_is_refused_and_leaves_nothing(tmp_path):
    wav = tmp_path / "a.wav"
    write_wav(wav, noise(10), RATE, seed=1, tags={})
    with pytest.raises(KeyError, match="wma"):
        encode(wav, tmp_path / "a.wma", "wma")
    assert list(tmp_path.iterdir()) == [wav]


@pytest.mark.parametrize("n", LENGTHS)
def test_the_outline_covers_the_last_sample(tmp_path, n):
    """A stretch that has only begun is drawn, and one loud sample in it is seen, on whichever side it is."""
    sound = np.zeros((2, n), np.float32)
    sound[1, -1] = -0.75
    write_wav(tmp_path / "a.wav", sound, RATE, seed=1, tags={})
    write_peaks(tmp_path / "a.wav", tmp_path / "a.json")
    outline = json.loads((tmp_path / "a.json").read_text())
    assert outline["length"] == -(-n // SAMPLES_PER_PIXEL)
    assert len(outline["data"]) == 2 * outline["length"]
    assert outline["data"][-2] == -96
    assert all(-128 <= low <= high <= 127 for low, high in zip(*[iter(outline["data"])] * 2, strict=True))


# MIDI that other programs read


def notes_of(track: mido.MidiTrack) -> Counter:
    """Pitch, velocity and channel of every note that is begun, and each is ended."""
    begun, sounding = Counter(), Counter()
    for message in track:
        if message.type == "note_on" and message.velocity:
            begun[message.note, message.velocity, message.channel] += 1
            sounding[message.note] += 1
        elif message.type in ("note_on", "note_off"):
            sounding[message.note] -= 1
            assert sounding[message.note] >= 0, "a note ends that never began"
    assert not +sounding, "a note never ends"
    return begun


def onsets_by_pitch(track: mido.MidiTrack) -> dict[int, list[int]]:
    now, found = 0, defaultdict(list)
    for message in track:
        now += message.time
        if message.type == "note_on" and message.velocity:
            found[message.note].append(now)
    return found


@pytest.fixture(scope="module", params=load_styles())
def saved(request, tmp_path_factory):
    """A piece of the style, and what mido reads from its file."""
    score, path = make_score(request.param, duration=12.0), tmp_path_factory.mktemp("midi") / "a.mid"
    write_midi(path, score, PROGRAMS)
    return score, mido.MidiFile(path), path


def test_every_part_comes_back_with_all_its_notes(saved):
    score, file, _ = saved
    assert [track.name for track in file.tracks[2:]] == [part.name for part in score.parts]
    for track, part in zip(file.tracks[2:], score.parts, strict=True):
        channels = {channel for _, _, channel in notes_of(track)}
        assert all((channel == DRUM_CHANNEL) == part.is_drum for channel in channels)
        written = Counter((note.pitch, note.velocity) for note in part.notes)
        assert Counter({key[:2]: count for key, count in notes_of(track).items()}) == written


def test_every_note_begins_within_a_pulse_of_its_time(saved):
    score, file, _ = saved
    for track, part in zip(file.tracks[2:], score.parts, strict=True):
        for pitch, read in onsets_by_pitch(track).items():
            wanted = sorted(score.onset_s(note) / pulse_s(score) for note in part.notes if note.pitch == pitch)
            assert np.abs(np.array(read) - wanted).max() <= 1.0


def test_parts_share_no_channel_and_each_says_its_program_first(saved):
    score, file, _ = saved
    spoken = [[m for m in track if not m.is_meta] for track in file.tracks[2:]]
    channels = [{message.channel for message in messages} for messages in spoken]
    assert sum(map(len, channels)) == len(set().union(*channels)) == len(score.parts)
    assert all(messages[0].type == "program_change" for messages in spoken)
    assert [messages[0].program for messages in spoken] == [PROGRAMS[part.instrument] for part in score.parts]


def test_the_file_says_key_tempo_and_metre_and_lasts_as_long(saved):
    score, file, _ = saved
    said = {message.type: message for message in file.tracks[0]}
    metre = score.tempo.metre
    assert mido.tempo2bpm(said["set_tempo"].tempo) == pytest.approx(60 / score.tempo.seconds(12), rel=1e-4)
    assert (said["time_signature"].numerator, said["time_signature"].denominator) == (
        metre.numerator,
        metre.denominator,
    )
    assert said["key_signature"].key.endswith("m") == (score.key.mode == "minor")
    assert file.length >= score.duration_s - 0.002


def test_no_track_ends_before_the_recording(saved):
    score, file, _ = saved
    for track in file.tracks:
        assert sum(message.time for message in track) >= round(score.duration_s / pulse_s(score)) - 1
        assert track[-1].type == "end_of_track"


def test_the_roll_of_every_style_holds_all_notes_and_chords(saved):
    score, _, path = saved
    roll = read_roll(path)
    assert [len(lane.bars) for lane in roll.lanes] == [len(part.notes) for part in score.parts]
    assert all(bar.length_s > 0 and 1 <= bar.velocity <= 127 for lane in roll.lanes for bar in lane.bars)
    assert [text for _, text in roll.chords] == [span.chord.symbol(score.key) for span in score.chords]
    assert [text for _, text in roll.sections] == [marker.text for marker in score.markers]


def small_score(metre: str, bpm: float, key: Key, name: str = "Flute") -> Score:
    """One note on each beat of two bars."""
    meter = METRES[metre]
    notes = tuple(Note(tick, 60, meter.beat_ticks) for tick in range(0, 2 * meter.bar_ticks, meter.beat_ticks))
    tempo = Tempo(bpm, meter)
    chords = (ChordSpan(0, 2 * meter.bar_ticks, Chord(key.tonic, "maj")),)
    part = Part(name, "lead", "flute", notes)
    return Score("Two bars", key, tempo, tempo.seconds(2 * meter.bar_ticks), (part,), chords, (Marker(0, "A"),))


@pytest.mark.parametrize("metre", METRES)
@pytest.mark.parametrize("bpm", [40, 61.7, 113, 240])
def test_beats_lie_on_the_beats_of_every_metre(tmp_path, metre, bpm):
    """The metre's own beat: a dotted quarter of 720 pulses in six-eight, else 480; the bar is full."""
    score = small_score(metre, bpm, Key(2, "minor"))
    write_midi(tmp_path / "a.mid", score, PROGRAMS)
    file = mido.MidiFile(tmp_path / "a.mid")
    beat = 720 if metre == "6/8" else 480
    assert onsets_by_pitch(file.tracks[2])[60] == [k * beat for k in range(2 * METRES[metre].beats)]
    signature = next(m for m in file.tracks[0] if m.type == "time_signature")
    assert signature.numerator * 4 * PULSES_PER_QUARTER // signature.denominator == METRES[metre].beats * beat
    assert file.length == pytest.approx(score.duration_s, abs=0.002)


@pytest.mark.parametrize(("tonic", "mode"), [(t, m) for t in range(12) for m in ("major", "minor")])
def test_the_key_is_read_back_as_the_same_pitch(tmp_path, tonic, mode):
    score = small_score("4/4", 100, Key(tonic, mode))
    write_midi(tmp_path / "a.mid", score, PROGRAMS)
    key = next(m.key for m in mido.MidiFile(tmp_path / "a.mid").tracks[0] if m.type == "key_signature")
    steps = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
    read = steps[key[0]] + key.count("#") - key.count("b")
    assert (read % 12, key.endswith("m")) == (tonic, mode == "minor")


def test_the_shortest_note_is_still_a_note(tmp_path):
    """A note without length is one pulse long, or other programs would never end it."""
    score = small_score("4/4", 60, Key(0, "major"))
    touch = replace(score.parts[0], notes=(Note(12, 60, 0),))
    write_midi(tmp_path / "a.mid", replace(score, parts=(touch,)), PROGRAMS)
    (lane,) = read_roll(tmp_path / "a.mid").lanes
    assert [bar.length_s for bar in lane.bars] == pytest.approx([1 / PULSES_PER_QUARTER])


# The drawn roll


def test_names_that_look_like_markup_stay_names(tmp_path):
    name = 'Lead <b>&"'
    write_midi(tmp_path / "a.mid", small_score("3/4", 90, Key(0, "major"), name), PROGRAMS)
    svg = ET.fromstring(draw(read_roll(tmp_path / "a.mid")))
    assert [title.text for title in svg.iter(f"{SVG}title")] == [name]


def test_a_piece_without_notes_is_still_a_picture():
    svg = ET.fromstring(draw(Roll(4.0, (), ((0.0, "intro"),), ((0.0, "C"), (2.0, "G7")))))
    assert [text.text for text in svg.iter(f"{SVG}text")] == ["intro", "C", "G7"]
    assert not list(svg.iter(f"{SVG}g"))


def test_drums_are_drawn_below_all_notes(tmp_path):
    score = make_score(next(n for n, s in load_styles().items() if any(p.role == "drums" for p in s.parts)))
    write_midi(tmp_path / "a.mid", score, PROGRAMS)
    groups = list(ET.fromstring(draw(read_roll(tmp_path / "a.mid"))).iter(f"{SVG}g"))
    heights = defaultdict(list)
    for group in groups:
        heights[group.get("fill") == DRUM_COLOUR] += [float(bar.get("y")) for bar in group.iter(f"{SVG}rect")]
    assert min(heights[True]) > max(heights[False])
