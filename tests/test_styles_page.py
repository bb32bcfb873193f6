"""The page on styles names everything that a style may say."""

from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest

import aimusic.style
from aimusic.arranger.arrange import SKILLS
from aimusic.arranger.drums import DRUMS

PAGE = (Path(__file__).parent.parent / "docs" / "styles.md").read_text(encoding="utf-8")
TABLES = [table for table in vars(aimusic.style).values() if isinstance(table, type) and is_dataclass(table)]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.__name__)
def test_every_key_of_every_table_is_on_the_page(table):
    for field in fields(table):
        assert field.name in PAGE, f"docs/styles.md does not name {table.__name__}.{field.name}"


def test_every_skill_is_on_the_page():
    for role, skills in SKILLS.items():
        assert f"`{role}`" in PAGE
        for skill in skills:
            assert f"`{skill}`" in PAGE


def test_every_drum_is_on_the_page():
    assert all(drum in PAGE for drum in DRUMS)
