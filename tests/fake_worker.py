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
        made.midi.write_bytes(b"MThd" + request.seed.to_bytes(8))
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

    def warm_ups(self):
        yield "strings"


def facts(request) -> dict:
    return {
        "request": {**request.model_dump(mode="json"), "key": "A minor"},
        "duration": request.duration,
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
