"""Other files of a finished piece, made from its WAV and MIDI files.

Only workers import this module: it loads the numeric libraries.
"""

from pathlib import Path

from aimusic.formats.encoded import CODECS, encode
from aimusic.formats.peaks import write_peaks
from aimusic.formats.pianoroll import write_piano_roll


def export(audio: Path, midi: Path, kind: str, folder: Path) -> Path:
    """Write a file of this kind into the folder: a codec's name, `peaks.json` or `pianoroll.svg`."""
    path = folder / f"export.{kind}"
    if kind in CODECS:
        encode(audio, path, kind)
    elif kind == "peaks.json":
        write_peaks(audio, path)
    elif kind == "pianoroll.svg":
        write_piano_roll(midi, path)
    else:
        raise ValueError(f"kind: must be one of {', '.join(CODECS)}, peaks.json, pianoroll.svg, got {kind!r}")
    return path
