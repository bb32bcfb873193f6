"""A small data directory: one lead-sheet set, one set of MIDI files, one of progressions."""

import csv
import gzip
import hashlib
import io
import json
import tarfile
from pathlib import Path

import numpy as np
import symusic

CATALOG_COLUMNS = ("dataset", "file", "composer", "title", "styles", "split", "dup_group")


def midi(
    tracks: dict[str, list[tuple[float, float, int]]],
    metres: tuple[tuple[float, int, int], ...] = ((0, 4, 4),),
    sharps: int | None = None,
    drums: tuple[str, ...] = (),
) -> bytes:
    """A MIDI file; notes are (onset, duration, pitch) and metres (time, n, d), in quarters."""
    score = symusic.Score(480)
    for time, numerator, denominator in metres:
        score.time_signatures.append(symusic.TimeSignature(round(time * 480), numerator, denominator))
    if sharps is not None:
        score.key_signatures.append(symusic.KeySignature(0, sharps, 0))
    for name, notes in tracks.items():
        track = symusic.Track(name, 0, name in drums)
        for onset, duration, pitch in notes:
            track.notes.append(symusic.Note(round(onset * 480), round(duration * 480), pitch, 80))
        score.tracks.append(track)
    return score.dumps_midi()


def tar(files: dict[str, bytes]) -> bytes:
    """A `.tar.gz` of files."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return stream.getvalue()


def json_lines(rows: list[dict]) -> bytes:
    return gzip.compress("".join(json.dumps(row) + "\n" for row in rows).encode())


def catalog(rows: list[dict]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, CATALOG_COLUMNS, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return gzip.compress(text.getvalue().encode())


def write_data(folder: Path, sets: dict[str, dict[str, bytes]], rows: list[dict] = (), **changes) -> Path:
    """A data directory of these files by data set; `changes` are fields of single data sets in the manifest."""

    def described(path: str, content: bytes) -> dict:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
        return {"path": path, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}

    data_sets = [
        {
            "id": name,
            "title": name,
            "licence": "CC0-1.0",
            "share_alike": False,
            "tier": "core",
            "styles": [],
            "attribution": "",
            "files": [described(f"{name}/{file}", content) for file, content in files.items()],
            **changes.get(name.replace("-", "_"), {}),
        }
        for name, files in sets.items()
    ]
    manifest = {"catalog": described("catalog.csv.gz", catalog(rows)), "datasets": data_sets}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def melody(bars: int, start: int = 60, seed: int = 0) -> list[tuple[float, float, int]]:
    """Quarters that walk up and down the scale of C, as (onset, duration, pitch) in quarters."""
    scale = [start + octave + step for octave in (0, 12) for step in (0, 2, 4, 5, 7, 9, 11)]
    steps = np.random.Generator(np.random.PCG64(seed)).integers(-2, 3, 4 * bars)
    places = np.clip(7 + np.cumsum(steps), 0, 13)
    places[0] = places[-1] = 7  # begins and ends on C
    return [(float(quarter), 1.0, scale[place]) for quarter, place in enumerate(places)]


def lead_sheet(name: str, seed: int = 0, bars: int = 16, **changes) -> dict:
    """A row of an OpenEWLD file in C major."""
    return {
        "id": name,
        "title": name,
        "pd_strict": True,
        "genres": {"Jazz": 1},
        "styles": {},
        "key": "C major",
        "metre": "4/4",
        "bars": bars,
        "melody": [list(note) for note in melody(bars, seed=seed)],
        "chords": [[4.0 * bar, "C" if bar % 4 != 2 else "G7"] for bar in range(bars)],
        **changes,
    }
