"""The maker that the workers use: the pipeline, with a WAV and a MIDI file at its end.

Only worker processes and the command line import this module: it loads the numeric libraries.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from aimusic.composer.compose import Composer
from aimusic.music.request import Plan, Request, Section
from aimusic.music.score import ChordSpan
from aimusic.pipeline import Recording, draft, record, save
from aimusic.service.exporter import export
from aimusic.service.worker import Made
from aimusic.style import load_styles
from aimusic.synth.bank import Bank, use_bank
from aimusic.synth.kernels import SAMPLE_RATE

WARM_UP_S = 8.0  # long enough for every player of a style to come in


class Studio:
    """Makes pieces with the trained composers and the synthesised band.

    `sounds`: folder in which costly sounds are kept between runs; None keeps them in memory only.
    """

    def __init__(self, sounds: Path | None = None):
        use_bank(Bank(sounds))
        self._compose = Composer()

    def make(self, request: Request, folder: Path, progress: Callable[[str], None]) -> Made:
        """Write `piece.wav` and `piece.mid` into the folder."""
        recording = record(request, load_styles()[request.style], self._compose, progress)
        progress("encode")
        wav, midi = folder / "piece.wav", folder / "piece.mid"
        save(recording, wav, midi)
        return Made(wav, midi, facts(recording, request))

    def export(self, audio: Path, midi: Path, kind: str, folder: Path) -> Path:
        """Write another file of a finished piece into the folder."""
        return export(audio, midi, kind, folder)

    def plan(self, request: Request) -> dict:
        """What the piece would be: composed, but neither arranged nor played."""
        _, plan, lead = draft(request, load_styles()[request.style], self._compose)
        return written(plan, lead.chords, request)

    def warm_ups(self) -> Iterator[str]:
        """Play a little of each style, so that its weights and sounds are in memory."""
        for name, style in load_styles().items():
            request = Request(style=name, duration=WARM_UP_S, tempo=style.tempo.default, seed=0)
            record(request, style, self._compose)
            yield name


def facts(recording: Recording, request: Request) -> dict:
    """What a caller is told about the music: decisions, chords and sections, in seconds from the start."""
    sound = {"sample_rate": SAMPLE_RATE, "channels": recording.audio.shape[0]}
    return written(recording.plan, recording.score.chords, request) | sound


def written(plan: Plan, chords: Sequence[ChordSpan], request: Request) -> dict:
    """What can be told before a note is played."""
    decided = {
        "tempo": plan.tempo.bpm,
        "key": plan.key.name,
        "time_signature": plan.metre.name,
        "swing": plan.swing,
    }
    resolved = request.model_copy(update=decided)
    return {
        "request": resolved.model_dump(mode="json"),
        "duration": plan.duration_s,
        "tempo": plan.tempo.bpm,
        "key": plan.key.name,
        "bars": len(plan.bars),
        "time_signature": plan.metre.name,
        "chords": [
            [_seconds(plan, span.onset_ticks), _end_s(plan, span), span.chord.symbol(plan.key)] for span in chords
        ],
        "sections": [
            {"name": section.name, "start_s": _seconds(plan, _start_ticks(plan, section)), "bars": section.bars}
            for section in plan.sections
        ],
    }


def _start_ticks(plan: Plan, section: Section) -> int:
    return section.start_bar * plan.metre.bar_ticks


def _end_s(plan: Plan, span: ChordSpan) -> float:
    """The last chord is written to the end of its bar, but the recording may end before."""
    return min(_seconds(plan, span.end_ticks), plan.duration_s)


def _seconds(plan: Plan, ticks: int) -> float:
    return round(plan.tempo.seconds(ticks), 3)
