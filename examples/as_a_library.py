"""Make a piece in Python, without a server: the notes first, then the sound.

python examples/as_a_library.py out.wav
"""

import sys
from pathlib import Path

from aimusic.composer.compose import Composer
from aimusic.music.request import Request
from aimusic.pipeline import record, save
from aimusic.style import load_styles


def main():
    out = Path(sys.argv[1])
    request = Request(style="jazz", duration=12, tempo=140, seed=7)
    recording = record(request, load_styles()[request.style], Composer())
    for part in recording.score.parts:
        print(f"{part.name:14} {len(part.notes):4} notes")
    save(recording, out, out.with_suffix(".mid"))


if __name__ == "__main__":
    main()
