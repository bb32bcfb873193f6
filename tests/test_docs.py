"""Documentation is complete and true: what exists is described, what is described exists."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile

from aimusic.cli import main
from aimusic.music.request import Request
from aimusic.settings import Settings
from aimusic.style import load_styles
from aimusic.synth.instruments import load_instruments

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def page(name):
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_links_lead_somewhere(path):
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
        if not target.startswith(("http://", "https://")):
            assert (path.parent / target).exists(), target


@pytest.mark.parametrize("field", Request.model_fields)
def test_every_option_is_described(field):
    assert f"| `{field}` |" in page("api.md")


@pytest.mark.parametrize("name", [f"AIMUSIC_{name.upper()}" for name in Settings.model_fields])
def test_every_setting_is_described(name):
    assert f"`{name}`" in page("operations.md")


def test_every_described_setting_exists():
    described = set(re.findall(r"AIMUSIC_[A-Z_]+", page("operations.md") + (ROOT / "README.md").read_text()))
    assert described <= {f"AIMUSIC_{name.upper()}" for name in Settings.model_fields} | {"AIMUSIC_"}


@pytest.mark.parametrize("style", load_styles())
def test_every_style_is_described(style):
    assert f"| {style} |" in page("styles.md")
    assert f"| {style} |" in (ROOT / "README.md").read_text()


@pytest.mark.parametrize("instrument", load_instruments())
def test_every_instrument_is_described(instrument):
    assert f"`{instrument}`" in page("sound.md")


@pytest.mark.parametrize("command", main.commands)
def test_every_command_is_described(command):
    texts = [path.read_text(encoding="utf-8") for path in PAGES]
    assert any(f"aimusic {command}" in text or f"{command}_models.py" in text for text in texts)


def test_every_module_and_package_has_a_place_in_the_architecture():
    text = page("architecture.md")
    for path in sorted((ROOT / "aimusic").iterdir()):
        if path.name.startswith("__") or path.name == "errors.py":
            continue
        assert f"`aimusic/{path.name}" in text, path.name


def test_figures_come_with_a_command():
    for benchmark in sorted((ROOT / "benchmarks").glob("*.py")):
        texts = [path.read_text(encoding="utf-8") for path in PAGES]
        assert any(f"benchmarks/{benchmark.name}" in text for text in texts), benchmark.name


@pytest.mark.slow
def test_the_library_example_runs(tmp_path):
    out = tmp_path / "piece.wav"
    done = subprocess.run(
        [sys.executable, ROOT / "examples" / "as_a_library.py", out], check=True, capture_output=True, text=True
    )
    assert "notes" in done.stdout
    assert soundfile.info(out).frames == 12 * 44100
    assert out.with_suffix(".mid").read_bytes()[:4] == b"MThd"
