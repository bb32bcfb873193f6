"""A worker process whose maker writes a tenth of a second of noise; the seed says what else it does.

Run by the supervisor in place of `aimusic work`.
"""

import sys
import time
import wave
from pathlib import Path

from aimusic.errors import FieldError, InvalidRequest
from aimusic.service.worker import Made, Worker
from aimusic.settings import Settings

SLOW = 1_000  # takes half a second
STUCK = 2_000  # first attempt never ends
BROKEN = 3_000  # raises something unexpected, each time
REFUSED = 4_000  # raises an error that we understand
DEADLY = 5_000  # ends its process, each time
STAGED = 6_000  # goes through all stages, a tenth of a second each


class FakeMaker:
    """Misbehaves by the thousands of the seed; leaves a mark for each attempt in the data directory."""

    def __init__(self, root: Path):
        self.root = root

    def make(self, request, folder: Path, progress) -> Made:
        attempt = self.attempts(request.seed) + 1
        (self.root / f"attempt-{request.seed}-{attempt}").touch()
        progress("compose")
        self.misbehave(request.seed // 1000 * 1000, attempt, progress)
        progress("encode")
        made = Made(folder / "a.wav", folder / "a.mid", facts(request))
        with wave.open(str(made.audio), "wb") as file:
            file.setparams((2, 2, 44100, 0, "NONE", ""))
            file.writeframes(request.seed.to_bytes(8) * 5000)
        made.midi.write_bytes(little_midi(request.seed))
        return made

    def attempts(self, seed: int) -> int:
        return len(list(self.root.glob(f"attempt-{seed}-*")))

    def misbehave(self, kind: int, attempt: int, progress) -> None:
        if kind == SLOW:
            time.sleep(0.5)
        elif kind == STUCK and attempt == 1:
            time.sleep(60.0)
        elif kind == BROKEN:
            raise ZeroDivisionError("a string broke")
        elif kind == REFUSED:
            raise InvalidRequest(FieldError("#/duration", "is too short for this form", "too_short"))
        elif kind == DEADLY:
            sys.exit(9)
        elif kind == STAGED:
            for stage in ("arrange", "render", "mix"):
                progress(stage)
                time.sleep(0.1)

    def export(self, audio, midi, kind, folder):
        from aimusic.service.exporter import export  # here, because workers of most tests need no sound

        return export(audio, midi, kind, folder)

    def plan(self, request) -> dict:
        return {name: told for name, told in facts(request).items() if name not in ("sample_rate", "channels")}

    def warm_ups(self):
        yield "strings"


def little_midi(seed: int) -> bytes:
    """A MIDI file as the real maker writes it: a section, a chord, a note of a beat, and the seed as a text."""
    end = b"\xff\x2f\x00"
    tracks = (
        b"\0\xff\x51\x03\x07\xa1\x20\0\xff\x06\x05theme\x83\x60" + end,
        b"\0\xff\x06\x03Am7\0\xff\x01\x08" + seed.to_bytes(8) + b"\0" + end,
        b"\0\xff\x03\x05R & B\0\x90\x3c\x50\x83\x60\x80\x3c\0\0" + end,
    )
    head = b"MThd\0\0\0\x06\0\x01\0\x03\x01\xe0"
    return head + b"".join(b"MTrk" + len(track).to_bytes(4) + track for track in tracks)


def facts(request) -> dict:
    return {
        "request": {**request.model_dump(mode="json"), "key": "A minor"},
        "duration": request.duration or 30.0,
        "tempo": request.tempo,
        "key": "A minor",
        "bars": 8,
        "time_signature": "4/4",
        "chords": [[0.0, 2.0, "Am7"]],
        "sections": [{"name": "theme", "start_s": 0.0, "bars": 8}],
        "sample_rate": 44100,
        "channels": 2,
    }


if __name__ == "__main__":
    settings = Settings()
    Worker(settings, sys.argv[-1], lambda: FakeMaker(settings.data_dir)).run(supervised=True)
