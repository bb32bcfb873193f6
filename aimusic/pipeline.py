"""The journey of one request: plan, compose, arrange, render, mix, master, save.

Read this first. Each stage is a plain function from frozen values to frozen values.
"""

import math
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from aimusic import __version__
from aimusic.arranger.arrange import arrange
from aimusic.formats.audio import pcm24, wav24, write_wav
from aimusic.formats.midi import write_midi
from aimusic.music.request import Plan, Request
from aimusic.music.score import LeadSheet, Score
from aimusic.planner import make_plan
from aimusic.style import Style
from aimusic.synth.instruments import load_instruments
from aimusic.synth.kernels import SAMPLE_RATE
from aimusic.synth.mastering import capture, master
from aimusic.synth.mixer import mix, take_apart
from aimusic.synth.render import render
from aimusic.synth.tape import Finished
from aimusic.wishes.mood import in_mood
from aimusic.wishes.tailor import tailored

STEM_PEAK = 0.99

Composer = Callable[[Plan, Style], LeadSheet]
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Recording:
    """A finished piece: the decisions, the notes, and the sound.

    The sound lies on disk until the recording is forgotten. `audio.shape` is (2, samples), `audio[:, a:b]` gives a
    piece of it as float32, `np.asarray(audio)` the whole.
    """

    plan: Plan
    score: Score
    audio: Finished


def record(
    request: Request, style: Style, compose: Composer, progress: Progress = lambda stage: None
) -> Recording:
    """Make one piece of music; the same request gives the same notes.

    Args:
        request: with a seed and the style's name; what is absent is decided by the planner.
        progress: told the name of each stage as it begins.

    Raises InvalidRequest for wishes that contradict each other or that the style cannot meet.
    """
    progress("compose")
    style, plan, lead = draft(request, style, compose)
    progress("arrange")
    score = arrange(lead, plan, style)
    progress("render")
    tracks = render(score, load_instruments())
    tape = capture(mix(tracks, score, style), score)  # the band plays while the tape runs, 3 s at a time
    progress("mix")
    audio = master(tape, style.mix)
    return Recording(plan, score, audio)


def draft(request: Request, style: Style, compose: Composer) -> tuple[Style, Plan, LeadSheet]:
    """What `record` begins with: the style as the request tailors it, every decision, melody and chords."""
    request = in_mood(request, style)
    style = tailored(request, style)
    plan = make_plan(request, style)
    return style, plan, compose(plan, style)


def save(recording: Recording, wav: Path, midi: Path) -> None:
    """Write the sound (16-bit WAV) and the notes (MIDI); each file appears whole or not at all."""
    plan, score = recording.plan, recording.score
    write_wav(wav, recording.audio, SAMPLE_RATE, seed=plan.seed, tags=_tags(recording))
    write_midi(midi, score, {name: instrument.program for name, instrument in load_instruments().items()})


def save_stems(recording: Recording, style: Style, folder: Path) -> tuple[Path, ...]:
    """Write what each part gives to the mix, and what the room adds to it: 24-bit WAV files, all of full length.

    The parts are dry, at their level and place and through the filters of the mix. The room's file is the mix
    before mastering minus the parts, so the samples of all files add up to that mix, rounded to 24 bits. Where a
    file would clip, all are quieter by the same number of bits; their comment says by how much.

    Args:
        style: the one that the piece was recorded in.
        folder: exists; files are numbered in the order of the score, the room last.
    """
    score = recording.score
    tracks = render(score, load_instruments())
    names = [*(track.name for track in tracks), "Room"]
    paths = tuple(folder / f"{number}-{_slug(name)}.wav" for number, name in enumerate(names, 1))
    bits = _bits_over(max(_peaks(take_apart(tracks, score, style))))
    with ExitStack() as stack:
        files = []
        for path, name in zip(paths, names, strict=True):
            tags = {**_tags(recording), "title": f"{score.title}: {name}"}
            tags["comment"] += f"; dry stem before mastering, {0.0 - 6.02 * bits:.2f} dB"
            files.append(stack.enter_context(wav24(path, recording.audio.shape, SAMPLE_RATE, tags)))
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


def _tags(recording: Recording) -> dict[str, str]:
    plan = recording.plan
    return {
        "title": recording.score.title,
        "software": f"aimusic {__version__}",
        "genre": plan.style,
        "comment": f"seed {plan.seed}, {plan.tempo.bpm:g} BPM, {plan.key.name}; composed by a machine",
    }
