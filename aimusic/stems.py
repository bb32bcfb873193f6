"""A recording taken apart: one file for each part, and one for the room."""

import math
import re
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from aimusic.formats.audio import pcm24, wav24
from aimusic.pipeline import Recording, tags
from aimusic.synth.instruments import load_instruments
from aimusic.synth.kernels import SAMPLE_RATE
from aimusic.synth.mixer import take_apart
from aimusic.synth.render import render

STEM_PEAK = 0.99


def save_stems(recording: Recording, folder: Path) -> tuple[Path, ...]:
    """Write what each part gives to the mix, and what the room adds to it: 24-bit WAV files, all of full length.

    The parts are dry, at their level and place and through the filters of the mix. The room's file is the mix
    before mastering minus the parts, so the samples of all files add up to that mix, rounded to 24 bits. Where a
    file would clip, all are quieter by the same number of bits; their comment says by how much.

    Args:
        folder: exists; files are numbered in the order of the score, the room last.
    """
    score, style = recording.score, recording.style
    tracks = render(score, load_instruments())
    names = [*(track.name for track in tracks), "Room"]
    paths = tuple(folder / f"{number}-{_slug(name)}.wav" for number, name in enumerate(names, 1))
    bits = _bits_over(max(_peaks(take_apart(tracks, score, style))))
    with ExitStack() as stack:
        files = []
        for path, name in zip(paths, names, strict=True):
            texts = {**tags(recording), "title": f"{score.title}: {name}"}
            texts["comment"] += f"; dry stem before mastering, {0.0 - 6.02 * bits:.2f} dB"
            files.append(stack.enter_context(wav24(path, recording.audio.shape, SAMPLE_RATE, texts)))
        for parts, mixed in take_apart(tracks, score, style):
            *dry, whole = (pcm24(sound * np.float32(0.5**bits)) for sound in (*parts, mixed))
            for write, steps in zip(files, [*dry, whole - sum(dry)], strict=True):
                write(steps)
    return paths


def _peaks(apart: Iterable[tuple[list[np.ndarray], np.ndarray]]) -> Iterator[float]:
    """The largest sample of the stems, the mix and the room in each block."""
    for parts, mixed in apart:
        yield max(float(np.abs(sound).max()) for sound in (*parts, mixed, mixed - sum(parts)))


def _bits_over(peak: float) -> int:
    """How often a peak must be halved to stay below 1 with room for rounding."""
    return max(0, math.ceil(math.log2(peak / STEM_PEAK)))


def _slug(name: str) -> str:
    """A name as part of a file's name."""
    return re.sub("[^a-z0-9]+", "-", name.lower()).strip("-")
