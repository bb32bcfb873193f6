"""The journey of one request: plan, compose, arrange, render, mix, master, save.

Read this first. Each stage is a plain function from frozen values to frozen values.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from aimusic import __version__
from aimusic.arranger.arrange import arrange
from aimusic.formats.audio import write_wav
from aimusic.formats.midi import write_midi
from aimusic.music.request import Plan, Request
from aimusic.music.score import LeadSheet, Score
from aimusic.planner import make_plan
from aimusic.style import Style
from aimusic.synth.instruments import load_instruments
from aimusic.synth.kernels import SAMPLE_RATE
from aimusic.synth.mastering import capture, master
from aimusic.synth.mixer import mix
from aimusic.synth.render import render
from aimusic.synth.tape import Finished
from aimusic.wishes.mood import in_mood
from aimusic.wishes.tailor import tailored

Composer = Callable[[Plan, Style], LeadSheet]
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Recording:
    """A finished piece: the style as the caller wished it, the decisions, the notes, and the sound.

    The sound lies on disk until the recording is forgotten. `audio.shape` is (2, samples), `audio[:, a:b]` gives a
    piece of it as float32, `np.asarray(audio)` the whole.
    """

    style: Style
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
    return Recording(style, plan, score, audio)


def draft(request: Request, style: Style, compose: Composer) -> tuple[Style, Plan, LeadSheet]:
    """What `record` begins with: the style as the request tailors it, every decision, melody and chords."""
    request = in_mood(request, style)
    style = tailored(request, style)
    plan = make_plan(request, style)
    return style, plan, compose(plan, style)


def save(recording: Recording, wav: Path, midi: Path) -> None:
    """Write the sound (16-bit WAV) and the notes (MIDI); each file appears whole or not at all."""
    plan, score = recording.plan, recording.score
    write_wav(wav, recording.audio, SAMPLE_RATE, seed=plan.seed, tags=tags(recording))
    write_midi(midi, score, {name: instrument.program for name, instrument in load_instruments().items()})


def tags(recording: Recording) -> dict[str, str]:
    """What the files of a recording say about it, by the names of `formats.audio.INFO_TAGS`."""
    plan = recording.plan
    return {
        "title": recording.score.title,
        "software": f"aimusic {__version__}",
        "genre": plan.style,
        "comment": f"seed {plan.seed}, {plan.tempo.bpm:g} BPM, {plan.key.name}; composed by a machine",
    }
