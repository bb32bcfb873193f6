"""Stems: one file a part and one for the room, aligned to the sample, which add up to the mix."""

import math
from dataclasses import replace

import numpy as np
import pytest
import soundfile

from aimusic.pipeline import record
from aimusic.stems import save_stems
from aimusic.style import load_styles
from aimusic.synth.instruments import load_instruments
from aimusic.synth.mixer import mix
from aimusic.synth.render import render
from tests.factories import make_lead, make_request

STYLE = next(style for style in load_styles().values() if any(part.duck_db for part in style.parts))
FRAMES = 4 * 44100


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A recording of a style that ducks, with its stems: the score and the files' 24-bit steps by name."""
    folder = tmp_path_factory.mktemp("stems")
    recording = record(make_request(STYLE.name, duration=4.0), STYLE, make_lead)
    paths = save_stems(recording, folder)
    assert sorted(folder.iterdir()) == sorted(paths)
    return recording.score, {path.name: soundfile.read(path, dtype="int32")[0].T >> 8 for path in paths}, paths


def whole_mix(score, style=STYLE):
    blocks = mix(render(score, load_instruments()), score, style)
    return np.concatenate([block.copy() for block in blocks], axis=1)


def test_there_is_a_file_for_every_part_that_plays_and_the_room(made):
    score, steps, _ = made
    parts = [part.name for part in score.parts if part.notes]
    assert len(steps) == len(parts) + 1
    for number, (name, part) in enumerate(zip(steps, [*parts, "Room"], strict=True), 1):
        assert name == f"{number}-{part.lower().replace(' ', '-')}.wav"
        assert np.abs(steps[name]).max() > 1000, "nothing is on it"


def test_every_file_is_24_bits_and_of_full_length(made):
    for path in made[2]:
        info = soundfile.info(path)
        assert (info.frames, info.channels, info.samplerate, info.subtype) == (FRAMES, 2, 44100, "PCM_24")
        assert int.from_bytes(path.read_bytes()[4:8], "little") == path.stat().st_size - 8


def test_they_add_up_to_the_mix_within_one_step(made):
    """All are quieter than the mix by one power of two, and nothing clips."""
    score, steps, _ = made
    mixed, total = whole_mix(score), sum(sound.astype(np.int64) for sound in steps.values())
    halvings = round(math.log2(np.abs(mixed).max() * 2**23 / np.abs(total).max()))
    assert halvings >= 0
    assert np.abs(total - mixed.astype(np.float64) * 2 ** (23 - halvings)).max() <= 1
    assert max(np.abs(sound).max() for sound in steps.values()) < 2**23


def test_the_rooms_file_is_the_rooms_answer(made):
    """It is what a mix loses when nobody sends anything to the room."""
    score, steps, _ = made
    mixed, total = whole_mix(score), sum(sound.astype(np.int64) for sound in steps.values())
    unsent = replace(STYLE, parts=tuple(replace(part, reverb_db=-200.0) for part in STYLE.parts))
    answer = mixed - whole_mix(score, unsent)
    room = list(steps.values())[-1] * (np.abs(mixed).max() / np.abs(total).max())
    assert np.abs(room - answer).max() < 1e-5 * np.abs(mixed).max()
    assert np.abs(answer).max() > 1e-2 * np.abs(mixed).max()
