"""Encoded sound is the sound of the WAV file, with its tags, in the same bytes each time."""

import json
import xml.etree.ElementTree as ET

import numpy as np
import pytest
import soundfile
from scipy.signal import resample_poly

from aimusic.formats.audio import INFO_TAGS, read_tags, read_wav, write_wav
from aimusic.formats.encoded import BLOCK, CODECS, SERIAL, encode, ogg_crc, renumbered, resampled
from aimusic.formats.midi import write_midi
from aimusic.formats.peaks import SAMPLES_PER_PIXEL, write_peaks
from aimusic.formats.pianoroll import read_roll, write_piano_roll
from aimusic.synth.instruments import load_instruments
from tests.factories import make_score

RATE = 44100
TAGS = {"title": "Jazz in Bb", "software": "aimusic 1", "genre": "jazz", "comment": "seed 7, 120 BPM; Größe"}
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def wav(tmp_path_factory):
    """Three seconds: 440 Hz on the left, 1000 Hz on the right, with a little noise."""
    t = np.arange(3 * RATE) / RATE
    noise = 0.01 * np.random.default_rng(1).standard_normal((2, len(t)))
    sound = 0.4 * np.sin(2 * np.pi * np.array([[440.0], [1000.0]]) * t) + noise
    path = tmp_path_factory.mktemp("sound") / "a.wav"
    write_wav(path, sound.astype(np.float32), RATE, seed=1, tags=TAGS)
    return path


@pytest.fixture(scope="module")
def encoded(wav):
    """Each codec's file."""
    paths = {name: wav.with_suffix(f".{name}") for name in CODECS}
    for name, path in paths.items():
        encode(wav, path, name)
    return paths


def test_flac_keeps_every_sample(wav, encoded):
    flac, _ = soundfile.read(encoded["flac"], dtype="int16")
    original, _ = soundfile.read(wav, dtype="int16")
    assert np.array_equal(flac, original)


@pytest.mark.parametrize("name", CODECS)
def test_an_encoded_file_sounds_as_the_original(encoded, name):
    """As long, each tone in its channel, at its level."""
    sound, rate = soundfile.read(encoded[name], dtype="float32")
    assert len(sound) / rate == pytest.approx(3.0, abs=1e-4) and rate == (48000 if name == "opus" else RATE)
    for channel, freq_hz in enumerate((440, 1000)):
        middle = sound[rate : 2 * rate, channel]
        line = 2 * np.abs(np.fft.rfft(middle)) / rate  # 1 Hz per bin
        assert np.argmax(line) == freq_hz and line[freq_hz] == pytest.approx(0.4, rel=0.03)


@pytest.mark.parametrize("name", CODECS)
def test_the_same_sound_gives_the_same_bytes(wav, encoded, name, tmp_path):
    encode(wav, tmp_path / "again", name)
    assert (tmp_path / "again").read_bytes() == encoded[name].read_bytes()


@pytest.mark.parametrize("name", CODECS)
def test_the_tags_go_along(encoded, name):
    with soundfile.SoundFile(encoded[name]) as file:
        assert (file.title, file.comment) == (TAGS["title"], TAGS["comment"])


@pytest.mark.parametrize(
    ("name", "smallest", "largest"), [("flac", 1.2, 8), ("mp3", 4, 20), ("ogg", 6, 25), ("opus", 6, 25)]
)
def test_an_encoded_file_is_smaller(wav, encoded, name, smallest, largest):
    assert smallest < wav.stat().st_size / encoded[name].stat().st_size < largest


@pytest.mark.slow
def test_a_long_vorbis_file_does_not_end_the_process(tmp_path):
    write_wav(tmp_path / "a.wav", np.zeros((2, 90 * RATE), np.float32), RATE, seed=1, tags={})
    encode(tmp_path / "a.wav", tmp_path / "a.ogg", "ogg")
    assert soundfile.info(tmp_path / "a.ogg").frames == 90 * RATE


@pytest.mark.parametrize("count", [1, 100, BLOCK - 1, BLOCK, 3 * BLOCK + 77])
def test_resampling_in_blocks_is_resampling_in_one(count):
    frames = np.random.default_rng(count).integers(-20000, 20000, (count, 2)).astype("<i2")
    whole = resample_poly(frames.astype(np.float32) / np.float32(32768), 160, 147, axis=0)
    blocks = list(resampled(frames, RATE, 48000))
    assert np.concatenate(blocks).dtype == np.float32
    np.testing.assert_allclose(np.concatenate(blocks), whole, atol=1e-6)


def test_the_checksum_of_ogg_is_the_polynomial_division():
    def plainly(data):
        register = 0
        for byte in data:
            register ^= byte << 24
            for _ in range(8):
                register = ((register << 1) ^ (0x04C11DB7 if register >> 31 else 0)) & 0xFFFFFFFF
        return register

    rng = np.random.default_rng(3)
    for size in (0, 1, 4, 27, 300):
        data = rng.bytes(size)
        assert ogg_crc(data) == plainly(data)


@pytest.mark.parametrize("name", ["ogg", "opus"])
def test_every_page_has_our_serial_number(encoded, name):
    stream = encoded[name].read_bytes()
    starts = [at for at in range(len(stream)) if stream.startswith(b"OggS\0", at)]
    assert {stream[at + 14 : at + 18] for at in starts} == {SERIAL.to_bytes(4, "little")}
    assert renumbered(stream) == stream
    with pytest.raises(ValueError, match="byte 0"):
        renumbered(b"RIFF" + stream)


def test_the_tags_of_a_wav_file_are_read_back(wav, tmp_path):
    assert read_tags(wav) == TAGS
    every = {name: name * odd for odd, name in enumerate(INFO_TAGS, 1)}
    write_wav(tmp_path / "b.wav", np.zeros((2, 10), np.float32), RATE, seed=1, tags=every)
    assert read_tags(tmp_path / "b.wav") == every
    (tmp_path / "c.wav").write_bytes(b"RIFX" + bytes(40))
    with pytest.raises(ValueError, match="not a WAV file"):
        read_tags(tmp_path / "c.wav")


def test_peaks_outline_the_sound(wav):
    write_peaks(wav, wav.with_suffix(".json"))
    peaks = json.loads(wav.with_suffix(".json").read_text())
    sound, _ = read_wav(wav)
    assert peaks["length"] == -(-sound.shape[1] // SAMPLES_PER_PIXEL) == len(peaks["data"]) / 2
    for k in (0, 50, peaks["length"] - 1):
        stretch = sound[:, k * SAMPLES_PER_PIXEL : (k + 1) * SAMPLES_PER_PIXEL]
        low, high = peaks["data"][2 * k : 2 * k + 2]
        assert low / 128 == pytest.approx(stretch.min(), abs=1 / 100)
        assert high / 128 == pytest.approx(stretch.max(), abs=1 / 100)


@pytest.fixture(scope="module")
def roll(tmp_path_factory):
    score, path = make_score("jazz"), tmp_path_factory.mktemp("roll") / "a.mid"
    write_midi(path, score, {name: instrument.program for name, instrument in load_instruments().items()})
    write_piano_roll(path, path.with_suffix(".svg"))
    return score, read_roll(path), ET.parse(path.with_suffix(".svg")).getroot()


def test_a_piano_roll_shows_every_note_where_it_is_played(roll):
    score, read, _ = roll
    assert [lane.name for lane in read.lanes] == [part.name for part in score.parts]
    for lane, part in zip(read.lanes, score.parts, strict=True):
        written = sorted((round(score.onset_s(note), 2), note.pitch) for note in part.notes)
        shown = sorted((round(bar.start_s, 2), bar.pitch) for bar in lane.bars)
        assert lane.is_drum == part.is_drum and len(shown) == len(written)
        for (at, pitch), (wanted_at, wanted) in zip(shown, written, strict=True):
            assert pitch == wanted and at == pytest.approx(wanted_at, abs=0.011)


def test_a_piano_roll_is_drawn_inside_its_picture(roll):
    score, read, svg = roll
    width, height = map(float, svg.get("viewBox").split()[2:])
    groups = svg.findall(f"{SVG}g")
    assert [group.find(f"{SVG}title").text for group in groups] == [part.name for part in score.parts]
    notes = [rect for group in groups for rect in group.findall(f"{SVG}rect")]
    assert len(notes) == sum(len(lane.bars) for lane in read.lanes)
    for note in notes:
        x, y, w, h = (float(note.get(side)) for side in ("x", "y", "width", "height"))
        assert x >= 0 and x + w <= width + 1 and y >= 0 and y + h <= height
    captions = {text.text for text in svg.findall(f"{SVG}text")}
    assert {marker.text for marker in score.markers} <= captions
    assert {span.chord.symbol(score.key) for span in score.chords} <= captions
