"""Settings come from the environment, wrong ones are named, workers get the same ones."""

import re
from pathlib import Path

import pytest

from aimusic.errors import InvalidSettings
from aimusic.settings import Settings, load_settings

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def bare(monkeypatch, tmp_path):
    """No variables of ours, no .env file."""
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(f"AIMUSIC_{name.upper()}", raising=False)
    monkeypatch.delenv("PORT", raising=False)
    return monkeypatch


def test_the_defaults_need_nothing():
    settings = load_settings()
    assert (settings.port, settings.data_dir) == (5001, Path("data"))
    assert 1 <= settings.workers <= 2 and settings.waiting_limit < settings.threads


def test_the_port_has_two_names(bare):
    bare.setenv("PORT", "6001")
    assert load_settings().port == 6001
    bare.setenv("AIMUSIC_PORT", "6002")
    assert load_settings().port == 6002


def test_a_file_beside_the_program_is_read(tmp_path):
    (tmp_path / ".env").write_text('AIMUSIC_WORKERS=3\nAIMUSIC_CORS_ORIGINS=["https://a.example"]\nOTHER=1\n')
    assert load_settings().workers == 3 and load_settings().cors_origins == ("https://a.example",)


@pytest.mark.parametrize(
    ("name", "value"),
    [("PORT", "x"), ("AIMUSIC_PORT", "0"), ("AIMUSIC_WORKERS", "0"), ("AIMUSIC_LOG_LEVEL", "loud")],
)
def test_a_wrong_variable_is_named(bare, name, value):
    bare.setenv(name, value)
    with pytest.raises(
        InvalidSettings, match=rf"PORT: .*got '{value}'" if "PORT" in name else rf"{name}: .*got '{value}'"
    ):
        load_settings()


def test_a_worker_gets_the_same_settings_and_one_thread(bare):
    """Through the environment, whatever .env file lies where it starts."""
    ours = Settings(data_dir="here", workers=5, cors_origins=("http://x:*",), sync_deadline_s=3, log_level="ERROR")
    environment = ours.child_environment()
    for name, value in environment.items():
        bare.setenv(name, value)
    assert load_settings() == ours.model_copy(update={"data_dir": Path.cwd() / "here"})
    assert environment["OMP_NUM_THREADS"] == environment["OPENBLAS_NUM_THREADS"] == "1"


def test_settings_do_not_change():
    with pytest.raises(ValueError, match="frozen"):
        load_settings().port = 1


def test_every_setting_is_documented_with_its_default():
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `AIMUSIC_([A-Z_]+)`[^|]*\| `([^`]+)` \|", page, re.MULTILINE))
    assert set(rows) == {name.upper() for name in Settings.model_fields}
    for name, field in Settings.model_fields.items():
        if field.default_factory is None and isinstance(field.default, int | float | str):
            assert rows[name.upper()] == f"{field.default}"
