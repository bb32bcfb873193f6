"""The benchmark of the controls measures what it says."""

import pytest

from aimusic.composer.compose import Composer
from aimusic.style import load_styles
from benchmarks.controls import KEEPS, MEASURES, ROWS, line, play


@pytest.mark.parametrize("title", ["`swing: 0.7`", "`humanize: 0`", "`ending: cut`"])
def test_a_row_tells_the_effect_and_what_stayed(title):
    row = next(row for row in ROWS if row.title == title)
    style, compose = load_styles()["jazz"], Composer()
    always = {"duration": 8.0, "seed": 1, **row.always}
    pair = play(style, compose, **always), play(style, compose, **always | row.wished)
    _, _, name, without, wished, unchanged, _ = (cell.strip() for cell in line(row, [pair, pair]).split("|"))
    assert name == MEASURES[row.measure][0]
    expected = {"`swing: 0.7`": 0.7, "`humanize: 0`": 0.0, "`ending: cut`": 0.2}[title]
    assert float(wished) == pytest.approx(expected, abs=0.035) != float(without)
    assert unchanged.count("2/2") == len(row.keeps)


def test_every_row_names_things_that_exist():
    assert all(row.measure in MEASURES and set(row.keeps) <= set(KEEPS) for row in ROWS)
