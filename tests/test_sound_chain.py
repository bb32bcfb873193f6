"""The whole studio with its real instruments: on the beat, the same bytes every time, loud as promised."""

import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest

from aimusic.music.harmony import Key
from aimusic.music.rhythm import METRES, Tempo
from aimusic.music.score import Note, Part, Score
from aimusic.style import load_styles
from aimusic.synth.instruments import load_instruments
from aimusic.synth.kernels import SAMPLE_RATE
from aimusic.synth.loudness import integrated_loudness, true_peak_db
from aimusic.synth.mastering import capture, master
from aimusic.synth.mixer import mix
from aimusic.synth.note_cache import NoteCache
from aimusic.synth.render import BLOCK, render
from tests.factories import make_score

STYLES = load_styles()


def record(score, style, cache=None, block=BLOCK):
    tracks = render(score, load_instruments(), cache or NoteCache(1 << 26))
    return np.asarray(master(capture(mix(tracks, score, style, block), score), style.mix))


@pytest.mark.parametrize("name", STYLES)
def test_every_style_is_mastered(name):
    """Three seconds of every style, or nearly nothing: exact length, loudness, ceiling, no hard left or right."""
    score = make_score(name, duration=3.0)
    out = record(score, STYLES[name])
    assert out.shape == (2, 3 * SAMPLE_RATE)
    assert integrated_loudness(out) == pytest.approx(-14.0, abs=0.2)
    assert true_peak_db(out) <= -1.0
    assert 0.05 < np.corrcoef(out)[0, 1] < 0.97
    assert not out[:, -SAMPLE_RATE // 50 :].any()


def test_cold_and_warm_give_the_same_bytes():
    style = next(style for style in STYLES.values() if any(part.role == "drums" for part in style.parts))
    score, cache = make_score(style.name, duration=3.0), NoteCache(1 << 26)
    spilled = NoteCache(1 << 20, 1 << 27)
    cold, warm, fresh, disk = (record(score, style, c) for c in (cache, cache, None, spilled))
    assert cold.tobytes() == warm.tobytes() == fresh.tobytes() == disk.tobytes()


@pytest.mark.parametrize("name", ["blues", "ambient"])
def test_the_length_of_a_block_is_not_heard(name):
    """Amplifier, Leslie, drums and a long room: the same sound within -90 dB of full scale."""
    score = make_score(name, duration=4.0)
    usual, odd = record(score, STYLES[name]), record(score, STYLES[name], block=63 * 555)
    assert np.abs(usual - odd).max() < 10 ** (-90 / 20)


@pytest.mark.parametrize("drum", [36, 38, 42])
@pytest.mark.parametrize("kit", ["acoustic_kit", "electronic_kit"])
def test_drums_are_heard_within_5_ms_of_the_beat(kit, drum):
    """From note to finished sound nothing is late: the rise to a third of each hit's peak lies on the grid."""
    style = next(s for s in STYLES.values() if any(p.instrument == kit for p in s.parts))
    name = next(p.name for p in style.parts if p.instrument == kit)
    notes = tuple(Note(12 * beat, drum, 3, 100) for beat in range(6))
    part = Part(name, "drums", kit, notes, is_drum=True)
    score = Score("x", Key(0, "major"), Tempo(113.0, METRES["4/4"]), 4.0, (part,), ())
    out = np.abs(record(score, style)).max(axis=0)
    for note in notes:
        at = round(score.onset_s(note) * SAMPLE_RATE)
        hit = out[max(0, at - 2205) : at + 2205]
        first = max(0, at - 2205) + int(np.argmax(hit > 0.35 * hit.max()))
        if at:  # before the first beat there is nothing to be early in
            assert abs(first - at) < 0.005 * SAMPLE_RATE


HASH_A_PIECE = """
import hashlib
from tests.test_sound_chain import STYLES, make_score, record

for name, style in STYLES.items():
    print(hashlib.sha256(record(make_score(name, duration=5.0), style).tobytes()).hexdigest())
"""


@pytest.mark.slow
@pytest.mark.parametrize("environment", [{"OPENBLAS_NUM_THREADS": "2"}, {"OPENBLAS_CORETYPE": "Nehalem"}])
def test_a_piece_has_the_same_bytes_under_other_threads_and_processors(environment):
    here = [
        hashlib.sha256(record(make_score(n, duration=5.0), s).tobytes()).hexdigest() for n, s in STYLES.items()
    ]
    other = subprocess.run(
        [sys.executable, "-c", HASH_A_PIECE],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    assert other.stdout.split() == here
