"""The maker that the workers use: the pipeline, with a WAV and a MIDI file at its end.

Only worker processes and the command line import this module, because it loads PyTorch.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

from aimusic.composer.compose import Composer
from aimusic.formats.audio import write_wav
from aimusic.formats.midi import write_midi
from aimusic.music.request import Plan, Request, Section
from aimusic.pipeline import Recording, record
from aimusic.service.worker import Made
from aimusic.style import load_styles
from aimusic.synth.instruments import load_instruments

WARM_UP_S = 4.0


class Studio:
    """Makes pieces with the trained composers and the synthesised band."""

    def __init__(self) -> None:
        self._compose = Composer()
        self._programs = {name: instrument.program for name, instrument in load_instruments().items()}

    def make(self, request: Request, folder: Path, progress: Callable[[str], None]) -> Made:
        """Write `piece.wav` and `piece.mid` into the folder."""
        recording = record(request, load_styles()[request.style], self._compose, progress)
        progress("encode")
        made = Made(folder / "piece.wav", folder / "piece.mid", facts(recording, request))
        write_wav(made.audio, recording.audio)
        write_midi(made.midi, recording.score, self._programs)
        return made

    def warm_ups(self) -> Iterator[str]:
        """Play a little of each style, so that its weights and sounds are in memory."""
        for name, style in load_styles().items():
            record(Request(style=name, duration=WARM_UP_S, seed=0), style, self._compose)
            yield name


def facts(recording: Recording, request: Request) -> dict:
    """What a caller is told about the music: decisions, chords and sections, in seconds from the start."""
    plan, score = recording.plan, recording.score
    resolved = request.model_copy(update={"tempo": plan.tempo.bpm, "key": plan.key.name})
    return {
        "request": resolved.model_dump(mode="json"),
        "duration": plan.duration_s,
        "tempo": plan.tempo.bpm,
        "key": plan.key.name,
        "bars": len(plan.bars),
        "time_signature": plan.metre.name,
        "chords": [
            [_seconds(plan, span.onset_ticks), _seconds(plan, span.end_ticks), span.chord.symbol(plan.key)]
            for span in score.chords
        ],
        "sections": [
            {"name": section.name, "start_s": _seconds(plan, _start_ticks(plan, section)), "bars": section.bars}
            for section in plan.sections
        ],
        "sample_rate": SAMPLE_RATE,
        "channels": recording.audio.shape[0],
    }


def _start_ticks(plan: Plan, section: Section) -> int:
    return section.start_bar * plan.metre.bar_ticks


def _seconds(plan: Plan, ticks: int) -> float:
    return round(plan.tempo.seconds(ticks), 3)
