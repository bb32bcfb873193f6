"""WAV files: whole or absent, the same bytes for the same sound and seed, nothing lost but 16 bits."""

import numpy as np
import pytest
import soundfile

from aimusic.formats.audio import BLOCK, INFO_TAGS, pcm16, pcm24, read_wav, wav24, write_wav

RATE = 44100


def sound(n=BLOCK + 1001, seed=1):
    return (0.2 * np.random.default_rng(seed).standard_normal((2, n))).clip(-1, 1).astype(np.float32)


def test_what_is_written_is_read_back_within_one_and_a_half_steps(tmp_path):
    write_wav(tmp_path / "a.wav", sound(), RATE, seed=3, tags={})
    audio, rate = read_wav(tmp_path / "a.wav")
    assert rate == RATE
    assert audio.shape == sound().shape
    assert np.abs(audio - sound()).max() <= 1.5 / 32767 + 1e-6


def test_other_programs_read_the_same_samples_and_the_tags(tmp_path):
    tags = {"title": "Étude", "software": "aimusic", "comment": "seed 3, 120 bpm, A minor"}
    write_wav(tmp_path / "a.wav", sound(), RATE, seed=3, tags=tags)
    with soundfile.SoundFile(tmp_path / "a.wav") as file:
        assert (file.samplerate, file.channels, file.subtype) == (RATE, 2, "PCM_16")
        assert {name: getattr(file, name) for name in tags} == tags
        theirs = file.read(dtype="int16")
    assert np.array_equal(theirs, np.concatenate(list(pcm16(sound(), 3))))


def test_the_header_counts_every_byte(tmp_path):
    write_wav(tmp_path / "a.wav", sound(), RATE, seed=3, tags={"title": "odd"})
    raw = (tmp_path / "a.wav").read_bytes()
    assert int.from_bytes(raw[4:8], "little") == len(raw) - 8
    at = raw.index(b"data")
    assert int.from_bytes(raw[at + 4 : at + 8], "little") == len(raw) - at - 8


def test_the_same_sound_and_seed_give_the_same_bytes(tmp_path):
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        write_wav(tmp_path / name, sound(), RATE, seed=seed, tags={"comment": "x"})
    a, b, c = ((tmp_path / name).read_bytes() for name in "abc")
    assert a == b
    assert a != c


def test_dither_frees_the_error_from_the_music():
    """A sine of half a step survives as a sine: without dither it would vanish."""
    t = np.arange(4 * RATE) / RATE
    quiet = np.stack([0.4 / 32767 * np.sin(2 * np.pi * 1000 * t)] * 2).astype(np.float32)
    steps = np.concatenate(list(pcm16(quiet, 5))).astype(float)
    spectrum = np.abs(np.fft.rfft(steps[:, 0])) * 2 / len(t)
    assert spectrum[4000] == pytest.approx(0.4, rel=0.05)
    assert np.delete(spectrum, 4000).max() < 0.05


def test_dithered_silence_is_below_minus_80_db():
    steps = np.concatenate(list(pcm16(np.zeros((2, RATE), np.float32), 6)))
    assert np.abs(steps).max() <= 1


def test_blocks_make_no_difference_to_the_dither():
    """The noise of the second block carries on where the first one ended."""
    steps = np.concatenate(list(pcm16(np.zeros((2, 2 * BLOCK), np.float32), 7))).astype(float)[:, 0]
    lag_one = (steps[1:] * steps[:-1])[BLOCK - 200 : BLOCK + 200].mean()
    assert lag_one < 0


@pytest.mark.parametrize("wrong", [np.nan, np.inf, 1.01])
def test_sound_that_does_not_fit_leaves_no_file(tmp_path, wrong):
    bad = sound()
    bad[1, -5] = wrong
    with pytest.raises(ValueError, match="within ±1"):
        write_wav(tmp_path / "a.wav", bad, RATE, seed=1, tags={})
    assert not list(tmp_path.iterdir())


def test_an_unknown_tag_is_refused_by_name(tmp_path):
    with pytest.raises(ValueError, match="'mood'"):
        write_wav(tmp_path / "a.wav", sound(), RATE, seed=1, tags={"mood": "blue"})
    assert len(INFO_TAGS) == len(set(INFO_TAGS.values()))


@pytest.mark.parametrize("raw", [b"", b"RIFF", b"RIFF\x00\x00\x00\x00JUNK" + bytes(50)])
def test_other_files_are_refused(tmp_path, raw):
    (tmp_path / "a.wav").write_bytes(raw)
    with pytest.raises(ValueError, match="not a WAV file"):
        read_wav(tmp_path / "a.wav")


def test_24_bits_are_refused(tmp_path):
    soundfile.write(tmp_path / "a.wav", sound(100).T, RATE, subtype="PCM_24")
    with pytest.raises(ValueError, match="16 bits"):
        read_wav(tmp_path / "a.wav")


def test_24_bits_keep_every_step_of_every_block(tmp_path):
    steps = pcm24(sound())
    with wav24(tmp_path / "a.wav", steps.shape, RATE, {"title": "odd"}) as write:
        for start in range(0, steps.shape[1], 777):
            write(steps[:, start : start + 777])
    theirs, rate = soundfile.read(tmp_path / "a.wav", dtype="int32")
    assert rate == RATE
    assert np.array_equal(theirs.T >> 8, steps)
    assert np.abs(steps / 2**23 - sound()).max() <= 0.5 / 2**23


def test_a_24_bit_file_of_the_wrong_length_is_not_kept(tmp_path):
    short = wav24(tmp_path / "a.wav", (2, 100), RATE, {})
    with pytest.raises(ValueError, match="must have 100 samples, got 60"), short as write:
        write(np.zeros((2, 60), np.int32))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("wrong", [np.nan, np.inf, 1.0, -1.01])
def test_what_does_not_fit_into_24_bits_is_refused(wrong):
    with pytest.raises(ValueError, match="within ±1"):
        pcm24(np.array([[0.0, wrong]]))
