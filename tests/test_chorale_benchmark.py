"""The chorale benchmark counts every event and tells its convention; its baselines learn what they claim to."""

import gzip
import json
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

from aimusic.training.chorales import read_chorales, remember, train
from tests.test_chorales import make_chorale, make_recipe

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "jsb_chorales.py"
BENCHMARK = runpy.run_path(str(SCRIPT))


def test_baseline_counts_every_event_without_seeing_it():
    chorale = make_chorale(12)
    events = list(BENCHMARK["voice_events"](chorale))
    assert len(events) == 12 * 4
    changed = chorale.copy()
    changed[7, 2] += 1
    differing = [a[1] != b[1] for a, b in zip(events, BENCHMARK["voice_events"](changed), strict=True)]
    assert not any(differing[: 7 * 4 + 4]) and differing[8 * 4 + 2]


def test_repeating_is_learned_by_the_smallest_baseline_and_rhythm_by_the_larger():
    """Voices that move on every beat and nowhere else: only the larger one knows when."""
    beats = np.repeat(make_chorale(60)[::2], 4, axis=0)
    splits = {"train": [beats], "valid": [beats], "test": [beats]}
    repeat, larger = (BENCHMARK["baseline_nats"](splits, order)["test"] for order in (2, 5))
    assert 0 < larger < 0.6 * repeat < 1.0


def test_the_command_measures_a_finished_run(tmp_path, monkeypatch, capsys):
    data = tmp_path / "chorales.json.gz"
    splits = {name: [make_chorale(20, name).tolist()] for name in ("train", "valid", "test")}
    data.write_bytes(gzip.compress(json.dumps(splits).encode()))
    train(make_recipe(steps=2), remember(read_chorales(data)), tmp_path / "run")
    monkeypatch.setattr(
        sys, "argv", [str(SCRIPT), "--data", str(data), "--run", str(tmp_path / "run"), "--evaluate-only"]
    )
    BENCHMARK["main"]()
    said = capsys.readouterr().out
    assert "one voice in one 16th-note frame" in said
    rows = [line.split() for line in said.splitlines() if line.startswith("network  ")]
    assert [(row[1], *row[3:7]) for row in rows] == [
        (name, "1", "pieces", "80", "events") for name in ("valid", "test")
    ]
    assert float(rows[1][2]) == pytest.approx(
        np.mean([float(rows[1][place]) for place in (8, 10, 12, 14)]), abs=1e-4
    )
    assert said.count("tunes new to it") == 2
