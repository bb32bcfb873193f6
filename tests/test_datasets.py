"""What `datasets.toml` and a manifest say together, and that the table names only what exists."""

import gzip
import hashlib
import inspect
import json
import tomllib

import pytest

from aimusic.errors import InvalidData
from aimusic.style import load_styles
from aimusic.training.datasets import (
    READING,
    Source,
    catalog_file,
    check_files,
    load_catalog,
    load_data_sets,
    read_manifest,
)
from aimusic.training.readers import READERS

TABLES = tomllib.loads(READING.read_text(encoding="utf-8"))
STYLE_OPTIONS = ("styles", "blues_styles")
PAIR_OPTIONS = ("tags", "title_words", "moods")


def entry(name="tunes", **changes) -> dict:
    return {
        "id": name,
        "title": "Tunes",
        "licence": "CC0-1.0",
        "share_alike": False,
        "tier": "core",
        "styles": ["plain"],
        "attribution": "Nobody",
        "files": [{"path": f"{name}/a.txt", "bytes": 5, "sha256": hashlib.sha256(b"hello").hexdigest()}],
        **changes,
    }


def manifest(*entries) -> str:
    catalog = {"path": "catalog.csv.gz", "bytes": 1, "sha256": "0"}
    return json.dumps({"catalog": catalog, "datasets": list(entries)})


def test_manifest_and_reading_table_are_merged():
    reading = '[tunes]\nreader = "lead_sheets"\nsplits = "catalog"\nfile = "a.txt"\n'
    (tunes,) = read_manifest(manifest(entry()), reading)
    assert (tunes.title, tunes.reader, tunes.splits) == ("Tunes", "lead_sheets", "catalog")
    assert tunes.options == {"file": "a.txt"}
    assert tunes.size_bytes == 5


def test_order_is_that_of_the_table_then_of_the_manifest():
    data_sets = read_manifest(manifest(entry("c"), entry("b"), entry("a")), "[a]\n[b]\n[elsewhere]\n")
    assert [data_set.id for data_set in data_sets] == ["a", "b", "c"]
    assert data_sets[2].reader == ""


@pytest.mark.parametrize("missing", ["licence", "files", "tier", "share_alike", "attribution"])
def test_a_missing_field_is_named_with_its_data_set(missing):
    broken = entry()
    del broken[missing]
    with pytest.raises(InvalidData, match=f"tunes: .*{missing}"):
        read_manifest(manifest(broken), "")


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"datasets": 3}'])
def test_what_is_not_a_manifest_is_refused(text):
    with pytest.raises(InvalidData, match=r"manifest\.json"):
        read_manifest(text, "")


def test_a_directory_without_manifest_is_refused(tmp_path):
    with pytest.raises(InvalidData, match="there is no manifest"):
        load_data_sets(tmp_path)


def test_a_manifest_without_catalog_is_refused():
    with pytest.raises(InvalidData, match="catalog"):
        catalog_file(json.dumps({"datasets": []}))


def test_files_are_checked_against_their_hashes(tmp_path):
    (data_set,) = read_manifest(manifest(entry()), "")
    with pytest.raises(InvalidData, match=r"a\.txt: missing"):
        check_files(tmp_path, data_set.files)
    (tmp_path / "tunes").mkdir()
    (tmp_path / "tunes" / "a.txt").write_bytes(b"hallo")
    with pytest.raises(InvalidData, match="SHA-256"):
        check_files(tmp_path, data_set.files)
    (tmp_path / "tunes" / "a.txt").write_bytes(b"hello")
    check_files(tmp_path, data_set.files)


def test_the_catalog_is_read_by_data_set_and_file(tmp_path):
    (tmp_path / "manifest.json").write_text(manifest())
    rows = "dataset,file,styles\r\ntunes,a.mid,x|y\r\ntunes,b.mid,\r\nother,a.mid,z\r\n"
    (tmp_path / "catalog.csv.gz").write_bytes(gzip.compress(rows.encode()))
    catalog = load_catalog(tmp_path)
    assert catalog["tunes"]["a.mid"]["styles"] == "x|y"
    assert set(catalog) == {"tunes", "other"} and set(catalog["tunes"]) == {"a.mid", "b.mid"}


@pytest.mark.parametrize("name", [name for name in TABLES if "reader" in TABLES[name]])
def test_every_table_names_a_reader_and_its_arguments(name):
    options = {key: value for key, value in TABLES[name].items() if key not in ("reader", "splits")}
    reader = READERS[TABLES[name]["reader"]]
    inspect.signature(reader).bind(Source(None, "", False, {}), **options)


@pytest.mark.parametrize("name", TABLES)
def test_every_table_teaches_only_styles_that_exist(name):
    table = TABLES[name]
    named = {style for option in STYLE_OPTIONS for style in table.get(option, ())}
    named |= {style for option in PAIR_OPTIONS for _, style in table.get(option, ())}
    named |= set(table.get("max_density", ()))
    named |= {style for styles in table.get("genres", {}).values() for style in styles}
    assert named <= set(load_styles())


def test_every_style_is_taught_by_a_table():
    """Pairs and lists of styles together reach each style folder."""
    text = READING.read_text(encoding="utf-8")
    assert all(f'"{style}"' in text for style in load_styles())
