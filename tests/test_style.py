"""Styles are data: what is written in a folder is checked, and no code knows a style by name."""

import ast
import shutil
from pathlib import Path

import pytest

from aimusic import style as style_module
from aimusic.errors import InvalidStyle
from aimusic.music.harmony import QUALITIES, SCALES
from aimusic.style import STYLES_DIR, load_style, load_styles
from aimusic.synth.instruments import load_instruments

PACKAGE = Path(style_module.__file__).parents[1]
STYLES = list(load_styles().values())
each_style = pytest.mark.parametrize("style", STYLES, ids=lambda style: style.name)


def edited(tmp_path, old, new):
    """A copy of the first style with one text replaced."""
    folder = tmp_path / "copy"
    shutil.copytree(STYLES[0].folder, folder)
    text = (folder / "style.toml").read_text()
    assert old in text
    (folder / "style.toml").write_text(text.replace(old, new, 1))
    return folder


def test_the_six_styles_are_there():
    assert [style.name for style in STYLES] == ["ambient", "blues", "classical", "electronic", "jazz", "rock"]


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("description =", "descriptoin =", "descriptoin|description"),
        ("ending_s = ", "ending_s = true #", "ending_s"),
        ("ring_s = ", "# ring_s = ", "ring_s"),
        ("[tempo]\ndefault = ", '[tempo]\ndefault = "fast" # ', "tempo.default"),
        ("[melody]\nlow = ", "[melody]\nlow = 200 # ", "melody.low"),
        ('"A minor"', '"H minor"', "keys"),
        ("[tempo]", "[tempo", "style.toml"),
    ],
)
def test_a_wrong_key_is_refused_by_name(tmp_path, old, new, key):
    folder = edited(tmp_path, old, new)
    with pytest.raises(InvalidStyle, match=key) as caught:
        load_style(folder)
    assert str(folder / "style.toml") in str(caught.value)


GROOVES = """{"data_set": "d", "licence": "l", "attribution": "a", "bars": 1, "files": 1, "families": [
    {"fill": false, "energy": [0, 4], "tempo": [60, 200], "count": 1, "takes": [
        {"file": "a.mid", "bar": 0, "bars": 1, "strokes": {"kick": [[0, 90, 1.5], [36, 40, -3]]}}]}]}"""


def with_grooves(tmp_path, text):
    folder = edited(tmp_path, "description =", "description =")
    (folder / "grooves.json").write_text(text)
    return folder


def test_played_grooves_are_read_from_the_folder(tmp_path):
    grooves = load_style(with_grooves(tmp_path, GROOVES)).human_grooves
    assert grooves.families[0].takes[0].strokes == {"kick": ((0, 90, 1.5), (36, 40, -3))}


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('"licence"', '"license"', "licence"),
        ('"count": 1', '"count": 1, "mood": "happy"', "families.0.mood"),
        ('"energy": [0, 4]', '"energy": [0, 5]', "families.0.energy.1"),
        ("[0, 90, 1.5]", "[0, 0, 1.5]", "families.0.takes.0.strokes.kick.0.1"),
        ("[0, 90, 1.5]", "[0, 90, 99]", "families.0.takes.0.strokes.kick.0.2"),
        ("[36, 40, -3]", "[48, 40, -3]", "families.0: tick 48 does not fit into 1 bars"),
        ("[[0, 90, 1.5], [36, 40, -3]]", "[]", "families.0: tick -1"),
        ("{", "", "grooves.json"),
    ],
)
def test_a_wrong_key_of_the_played_grooves_is_refused_by_name(tmp_path, old, new, key):
    assert old in GROOVES
    folder = with_grooves(tmp_path, GROOVES.replace(old, new, 1))
    with pytest.raises(InvalidStyle, match=key) as caught:
        load_style(folder)
    assert str(folder / "grooves.json") in str(caught.value)


def test_a_missing_file_is_refused_by_name(tmp_path):
    with pytest.raises(InvalidStyle, match=r"nothing/style\.toml"):
        load_style(tmp_path / "nothing")


def test_no_code_asks_which_style_it_plays():
    """Apart from the default in request.py, no string in the package equals a style's name."""
    names = {style.name for style in STYLES}
    found = [
        f"{path.relative_to(PACKAGE)}:{node.lineno}"
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and node.value in names
    ]
    assert [place.rpartition(":")[0] for place in found] == ["music/request.py"], found


def test_style_folders_hold_no_code():
    assert not list(STYLES_DIR.rglob("*.py"))


@each_style
def test_players_have_instruments_that_reach_their_range(style):
    instruments = load_instruments()
    for player in style.parts:
        instrument = instruments[player.instrument]
        if not instrument.is_drum:
            assert instrument.low <= player.low < player.high <= instrument.high, player.name


@each_style
def test_names_of_scales_and_qualities_exist(style):
    assert set(style.melody.scales.values()) <= set(SCALES)
    assert set(style.harmony.qualities) <= set(QUALITIES)
    assert len({player.name for player in style.parts}) == len(style.parts)


@each_style
def test_at_least_four_parts_play(style):
    assert len(style.parts) >= 4
    assert {"lead", "bass"} <= {player.role for player in style.parts}


@each_style
def test_default_tempo_lies_where_the_style_is_at_home(style):
    assert 60 <= style.tempo.low <= style.tempo.default <= style.tempo.high <= 200
    assert style.ring_s < style.ending_s
