"""A long piece needs little more memory than a short one."""

import json
import subprocess
import sys
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from aimusic.music.harmony import Key
from aimusic.music.rhythm import METRES, Tempo
from aimusic.music.score import Note, Part, Score
from aimusic.style import load_styles
from aimusic.synth.kernels import samples
from aimusic.synth.mastering import capture, master
from aimusic.synth.mixer import mix

BENCHMARK = Path(__file__).parents[1] / "benchmarks" / "long_pieces.py"
BAND_STYLE = next(style for style in load_styles().values() if any(part.duck_db for part in style.parts))
STYLE = replace(BAND_STYLE, mix=replace(BAND_STYLE.mix, room="studio"))


class Hum:
    """A track of any length that holds one block."""

    onsets, saturates = (0,), False

    def __init__(self, name):
        self.name = name

    def play(self, start, stop, block):
        noise = np.random.default_rng(1).standard_normal((2, block)).astype(np.float32)
        for first in range(start, stop, block):
            yield noise[:, : min(block, stop - first)].copy()


def peak_bytes(duration_s):
    """The most that Python's memory held while a piece was mixed, mastered and read."""
    kick = tuple(Note(12 * beat, 36, 3) for beat in range(int(2 * duration_s)))
    part = Part("Kick", "drums", "kit", kick, is_drum=True)
    score = Score("x", Key(0, "major"), Tempo(120.0, METRES["4/4"]), duration_s, (part,), ())
    tracks = [Hum(player.name) for player in STYLE.parts[:2]]
    tracemalloc.start()
    try:
        finished = master(capture(mix(tracks, score, STYLE), score), STYLE.mix)
        for start in range(0, samples(duration_s), 1 << 16):
            assert finished[:, start : start + (1 << 16)].any() or start > 0
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_mix_and_master_hold_blocks_and_not_pieces():
    """Of each second that is added, less than a sixth of its sound (stereo, float32) stays in memory.

    What does stay are numbers for each hop of 63 samples.
    """
    peak_bytes(8.0)  # makes what is kept for the process
    added = peak_bytes(32.0) - peak_bytes(8.0)
    assert added < samples(24.0) * 2 * 4 / 6


@pytest.mark.slow
def test_a_minute_needs_the_memory_of_fifteen_seconds():
    """The whole of render, mix and master in fresh processes: at most 1.3 times as much."""
    peaks = []
    for seconds in ("15", "60"):
        command = [sys.executable, BENCHMARK, "--child", "classical", seconds]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        peaks.append(json.loads(done.stdout)["peak"])
    assert peaks[1] < 1.3 * peaks[0]
