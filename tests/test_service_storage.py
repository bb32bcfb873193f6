"""Files are whole or absent, the disk is not filled for ever, names say what made the music."""

import errno
import hashlib
import os
import time

import pytest

from aimusic.errors import StorageFull, Unavailable
from aimusic.music.request import Request
from aimusic.service import identity, library
from aimusic.service.identity import piece_id, resolved
from aimusic.service.library import Piece
from aimusic.service.storage import Storage, full_disk_is_named
from aimusic.style import load_styles


def add(records, name, size_bytes=100, created_at=0.0):
    """A finished piece with two files."""
    files = []
    for end in ("wav", "mid"):
        with records.storage.workspace("w") as folder:
            (folder / "part").write_bytes(bytes(size_bytes))
            files.append(records.storage.keep(folder / "part", f"style_{name}.{end}"))
    with records.database.write() as connection:
        library.put(connection, Piece(name, "style", *files, {}, 1.0, created_at))


def test_a_kept_file_is_described_by_its_bytes(records):
    with records.storage.workspace("w") as folder:
        (folder / "part").write_bytes(b"music")
        file = records.storage.keep(folder / "part", "a.wav")
    assert (file.name, file.size_bytes) == ("a.wav", 5)
    assert file.sha256 == hashlib.sha256(b"music").hexdigest()
    assert (records.storage.pieces / "a.wav").read_bytes() == b"music"


def test_nothing_is_visible_before_it_is_kept_and_nothing_stays_after_an_error(records):
    with pytest.raises(ValueError, match="broken"), records.storage.workspace("w") as folder:
        (folder / "part").write_bytes(b"half")
        assert list(records.storage.pieces.iterdir()) == []
        raise ValueError("broken")
    assert list(records.storage.tmp.iterdir()) == []


def test_file_and_folder_are_synced_before_anybody_hears_of_them(records, monkeypatch):
    order = []
    real_fsync, real_rename = os.fsync, os.rename
    monkeypatch.setattr(os, "fsync", lambda fd: (order.append("sync"), real_fsync(fd)))
    monkeypatch.setattr(os, "rename", lambda *names, **more: (order.append("rename"), real_rename(*names, **more)))
    with records.storage.workspace("w") as folder:
        (folder / "part").write_bytes(b"music")
        records.storage.keep(folder / "part", "a.wav")
    assert order == ["sync", "rename", "sync"]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_has_its_own_name(code):
    with pytest.raises(StorageFull, match="disk is full"), full_disk_is_named():
        raise OSError(code, os.strerror(code))
    with pytest.raises(PermissionError), full_disk_is_named():
        raise OSError(errno.EACCES, "no")


def test_what_earlier_processes_left_is_swept(records):
    (records.storage.tmp / "old").mkdir()
    (records.storage.tmp / "old" / "part").write_bytes(b"half")
    (records.storage.tmp / "w1-x").mkdir()
    records.storage.sweep("w1-")
    assert [path.name for path in records.storage.tmp.iterdir()] == ["old"]
    records.storage.sweep()
    assert list(records.storage.tmp.iterdir()) == []


def test_a_file_in_the_way_is_named(tmp_path):
    (tmp_path / "data").write_text("")
    with pytest.raises(Unavailable, match=r"data cannot be used: .+"):
        Storage(tmp_path / "data").prepare()


def test_the_oldest_pieces_go_when_the_library_is_too_large(records):
    for n in range(5):
        add(records, f"p{n}", created_at=n)
    assert records.library.prune(keep_bytes=500) == 3
    assert [records.library.find(f"p{n}") is not None for n in range(5)] == [False] * 3 + [True] * 2
    assert len(list(records.storage.pieces.iterdir())) == 4
    assert records.library.prune(keep_bytes=500) == 0


def test_a_file_is_found_by_its_exact_name_only(records):
    add(records, "p")
    assert records.library.find_file("style_p.wav").name == "style_p.wav"
    assert records.library.find_file("style_p.mid").name == "style_p.mid"
    for name in ("style_p", "STYLE_P.WAV", "style_p.wav ", "style_p.%", "style_%.wav", ""):
        assert records.library.find_file(name) is None


def test_live_workers_are_those_that_reported_lately(records, monkeypatch):
    records.roster.report("a", 1, "ready")
    records.roster.report("a", 1, "busy")
    assert [(m.name, m.pid, m.state) for m in records.roster.alive()] == [("a", 1, "busy")]
    later = time.monotonic() + 60
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert records.roster.alive() == [] and records.roster.members()[0].silent_s >= 59
    records.roster.leave("a")
    assert records.roster.members() == []


@pytest.fixture
def style():
    return next(iter(load_styles().values()))


def test_a_name_depends_on_request_engine_and_style(style, monkeypatch):
    request = resolved(Request(style=style.name, seed=1), style)
    name = piece_id(request, style)
    assert name == piece_id(request, style) and len(name) == 24
    others = [request.model_copy(update={"seed": 2}), request.model_copy(update={"duration": 31.0})]
    names = {piece_id(other, style) for other in others}
    monkeypatch.setattr(identity, "engine_hash", lambda: "another engine")
    names.add(piece_id(request, style))
    monkeypatch.undo()
    monkeypatch.setattr(identity, "folder_hash", lambda folder: "other weights")
    names.add(piece_id(request, style))
    assert len(names | {name}) == 5


def test_the_hash_of_a_folder_sees_every_byte_and_name(tmp_path, monkeypatch):
    monkeypatch.setattr(identity, "PACKAGE", tmp_path / "package")
    (tmp_path / "style").mkdir()
    hashes = set()
    for name, data in (("a", b"1"), ("a", b"2"), ("b", b"2"), ("c.pyc", b"3")):
        (tmp_path / "style" / name).write_bytes(data)
        identity.folder_hash.cache_clear()
        hashes.add(identity.folder_hash(tmp_path / "style"))
    assert len(hashes) == 3, "compiled files do not count"
    identity.folder_hash.cache_clear()


def test_a_missing_seed_is_drawn_and_a_given_one_kept(style):
    seeds = {resolved(Request(style=style.name), style).seed for _ in range(20)}
    assert len(seeds) == 20
    assert resolved(Request(style=style.name, seed=0), style).seed == 0
    assert resolved(Request(style=style.name), style).tempo == style.tempo.default
