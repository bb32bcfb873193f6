"""The command line: quick help, one-line errors, and the same music as the service."""

import json
import subprocess
import sys
import wave

import pytest
from click.testing import CliRunner

from aimusic.cli import main
from aimusic.service import weights
from aimusic.service.maker import Studio
from aimusic.service.schemas import piece_answer
from aimusic.service.worker import Worker
from aimusic.style import load_styles


@pytest.fixture
def call(monkeypatch, tmp_path):
    """Run a command as a person would, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AIMUSIC_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setattr("aimusic.settings.ONE_THREAD", {})  # this process has loaded its libraries already
    return lambda *words: CliRunner().invoke(main, list(words))


def test_help_loads_nothing_heavy():
    program = "import sys\nfrom aimusic.cli import main\nmain(['--help'], standalone_mode=False)\n"
    program += (
        "heavy = {'numpy', 'torch', 'flask', 'pydantic', 'sqlalchemy'} & set(sys.modules)\nassert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    for command in ("serve", "work", "generate", "styles", "doctor"):
        assert command in done.stdout


def test_styles_are_listed(call):
    lines = call("styles").output.splitlines()
    assert [line.split()[0] for line in lines] == list(load_styles())


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--style", "jaz"), "style: must be one of"),
        (("--duration", "301"), "duration: must be a number between 1 and 300, got 301"),
        (("--tempo", "59"), "tempo: must be a number between 60 and 200, got 59"),
        (("--out", "nowhere/a.wav"), "there is no folder nowhere"),
        (("--out", "a.mid"), "must end with .wav"),
    ],
)
def test_a_wrong_option_is_one_sentence(call, words, sentence):
    result = call("generate", *words)
    assert result.exit_code != 0 and sentence in result.output and "Traceback" not in result.output


def test_the_doctor_names_what_is_wrong(call, tmp_path, monkeypatch):
    (tmp_path / "data").write_text("in the way")
    result = call("doctor")
    assert result.exit_code == 1 and f"FAULT data: {tmp_path / 'data'} cannot be written" in result.output
    assert "ok    libraries: numpy" in result.output and "ok    disk:" in result.output
    assert "ok    codecs: flac, mp3, ogg, opus" in result.output


def test_a_style_without_whole_weights_is_named(tmp_path, monkeypatch):
    style = next(iter(load_styles().values()))
    monkeypatch.setattr("aimusic.style.tables.STYLES_DIR", tmp_path)
    folder = tmp_path / style.name
    folder.mkdir()
    assert "manifest.json cannot be read" in weights.faults({style.name: style})[style.name]
    (folder / "manifest.json").write_text(json.dumps({"melody.safetensors": "0" * 64}))
    assert "melody.safetensors cannot be read" in weights.faults({style.name: style})[style.name]
    (folder / "melody.safetensors").write_bytes(b"damaged")
    assert "melody.safetensors is damaged" in weights.faults({style.name: style})[style.name]


def test_stems_are_written_beside_the_piece(call, tmp_path):
    words = ("--style", "jazz", "--duration", "2", "--seed", "3", "--out", "a.wav", "--stems", "parts/of/it")
    result = call("generate", *words)
    assert result.exit_code == 0, result.output
    files = sorted(path.name for path in (tmp_path / "parts/of/it").iterdir())
    assert files[-1].endswith("-room.wav") and len(files) >= 3
    for name in files:
        with wave.open(str(tmp_path / "parts/of/it" / name)) as file:
            assert (file.getsampwidth(), file.getnchannels(), file.getnframes()) == (3, 2, 2 * 44100)


@pytest.mark.slow
def test_the_command_and_the_service_make_the_same_music(call, tmp_path, records, make_settings):
    """Also: a request that echoes every decision gives the same bytes."""
    request = {"style": "jazz", "duration": 6.0, "tempo": 120.0, "key": None, "seed": 3}
    words = ("--style", "jazz", "--duration", "6", "--tempo", "120", "--seed", "3")
    result = call("generate", *words, "--out", "a.wav")
    assert result.exit_code == 0, result.output
    with wave.open(str(tmp_path / "a.wav")) as file:
        assert (file.getframerate(), file.getnchannels(), file.getnframes()) == (44100, 2, 6 * 44100)
    worker, jobs = Worker(make_settings(), "w", None), records.jobs
    answers = []
    for name in ("first", "second"):
        jobs.submit(name, answers[-1]["request"] if answers else request)
        worker.work(jobs.claim("w"), Studio())
        answers.append(piece_answer(records.library.find(name)))
    made = (records.storage.pieces / answers[0]["filename"]).read_bytes()
    assert made == (tmp_path / "a.wav").read_bytes()
    assert answers[0]["sha256"] == answers[1]["sha256"] and answers[0]["request"]["key"]
    assert answers[0]["chords"][0][0] == 0 and answers[0]["chords"][-1][1] <= 6
    assert (tmp_path / "a.mid").read_bytes()[:4] == b"MThd"
    worker.records.close()
