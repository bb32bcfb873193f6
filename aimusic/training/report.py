"""What `prepare` tells: what became of every piece, and what each style can learn from, as text and as JSON."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path

from aimusic.training.corpus import Song
from aimusic.training.datasets import sha256_of
from aimusic.training.prepare import SPLITS, Account

CELLS = ("songs", "melodies", "notes", "chords")


def style_table(songs: Iterable[Song]) -> dict[str, dict[str, dict[str, int]]]:
    """Songs, songs with a melody, melody notes and chords, by style and split."""
    table: dict[str, dict[str, Counter]] = {}
    for song in songs:
        counts = (1, bool(song.melody), len(song.melody), len(song.chords))
        for style in song.styles:
            splits = table.setdefault(style, {split: Counter(dict.fromkeys(CELLS, 0)) for split in SPLITS})
            splits[song.split].update(dict(zip(CELLS, counts, strict=True)))
    return {style: {split: dict(cell) for split, cell in row.items()} for style, row in sorted(table.items())}


def report_text(accounts: Mapping[str, Account], table: Mapping) -> str:
    """Two tables for the terminal: pieces by data set with the reasons, and material by style and split."""
    lines = [f"{'data set':28}{'read':>6}{'used':>6}  not used"]
    for name, account in accounts.items():
        reasons = ", ".join(f"{count} {reason}" for reason, count in account.reasons.items())
        lines.append(f"{name:28}{account.read:6}{account.used:6}  {reasons}".rstrip())
    lines += ["", f"{'style':12}{'split':12}" + "".join(f"{cell:>10}" for cell in CELLS)]
    for style, splits in table.items():
        for split, cells in splits.items():
            lines.append(f"{style:12}{split:12}" + "".join(f"{cells[cell]:10}" for cell in CELLS))
    return "\n".join(lines)


def write_report(corpus: Path, accounts: Mapping[str, Account], table: Mapping) -> Path:
    """Write the report as JSON beside the corpus: its SHA-256, the data sets and the styles."""
    path = corpus.with_name(corpus.name.removesuffix(".jsonl.gz") + ".report.json")
    content = {
        "corpus": corpus.name,
        "sha256": sha256_of(corpus),
        "data_sets": {name: asdict(account) for name, account in accounts.items()},
        "styles": table,
    }
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return path
