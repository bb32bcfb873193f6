"""The bank: one recipe, one file; several processes; directories that cannot be written; damaged files."""

import logging
import multiprocessing
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import numpy as np
import pytest

from aimusic.synth import bank as bank_module
from aimusic.synth.bank import Bank, cached, engine_version, file_name, use_bank


def ramp(start: float, samples: int) -> np.ndarray:
    return start + np.arange(samples, dtype=np.float32)


def other_ramp(start: float, samples: int) -> np.ndarray:
    return start - np.arange(samples, dtype=np.float32)


class Counted:
    """`ramp`, counting how often it is made."""

    def __init__(self):
        self.__module__, self.__qualname__ = ramp.__module__, ramp.__qualname__
        self.calls = 0

    def __call__(self, start: float, samples: int) -> np.ndarray:
        self.calls += 1
        return ramp(start, samples)


def test_a_sound_is_made_once_and_cannot_be_changed():
    bank, make = Bank(), Counted()
    first = bank.get("ramp", make, start=1.0, samples=9)
    assert bank.get("ramp", make, start=1.0, samples=9) is first
    assert make.calls == 1
    with pytest.raises(ValueError, match="read-only"):
        first[0] = 5.0


def test_another_bank_reads_the_file_instead_of_making_the_sound(tmp_path):
    made = Bank(tmp_path).get("ramp", ramp, start=0.5, samples=1000)
    make = Counted()
    read = Bank(tmp_path).get("ramp", make, start=0.5, samples=1000)
    assert make.calls == 0
    assert read.tobytes() == made.tobytes()
    assert isinstance(read, np.memmap)
    assert not read.flags.writeable


def test_the_name_holds_instrument_engine_and_every_parameter():
    name = file_name("harp", ramp, {"start": 1.0, "samples": 9})
    assert name.startswith(f"harp-{engine_version()}-")
    others = [
        file_name("harp", ramp, {"start": 1.0000001, "samples": 9}),
        file_name("harp", ramp, {"start": 1.0, "samples": 10}),
        file_name("harp", ramp, {"start": 1.0, "samples": 9, "more": None}),
        file_name("harp", other_ramp, {"start": 1.0, "samples": 9}),
    ]
    assert len({name, *others}) == 5
    assert file_name("harp", ramp, {"samples": 9, "start": 1.0}) == name


@pytest.mark.parametrize("value", [{1, 2}, np.ones(3), float("nan")])
def test_a_parameter_that_cannot_be_written_down_is_refused(value):
    with pytest.raises((TypeError, ValueError), match="JSON"):
        file_name("harp", ramp, {"start": value})


def test_the_fingerprint_covers_the_source_of_the_engine(tmp_path, monkeypatch):
    engine_version.cache_clear()
    before = engine_version()
    (tmp_path / "bank.py").write_text("changed = True\n")
    monkeypatch.setattr(bank_module, "__file__", str(tmp_path / "bank.py"))
    engine_version.cache_clear()
    assert engine_version() != before
    monkeypatch.undo()
    engine_version.cache_clear()
    assert engine_version() == before


def test_a_directory_that_cannot_be_made_costs_one_warning(tmp_path, caplog):
    (tmp_path / "file").write_text("in the way")
    bank, make = Bank(tmp_path / "file" / "sounds"), Counted()
    with caplog.at_level(logging.WARNING, logger="aimusic.synth.bank"):
        for start in (1.0, 2.0, 1.0):
            assert bank.get("ramp", make, start=start, samples=3)[0] == start
    assert make.calls == 2
    assert [r.levelname for r in caplog.records if "memory only" in r.getMessage()] == ["WARNING"]


def test_a_read_only_directory_is_still_read(tmp_path, monkeypatch, caplog):
    Bank(tmp_path).get("ramp", ramp, start=1.0, samples=3)

    def refuse(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(bank_module.tempfile, "mkstemp", refuse)
    bank, make = Bank(tmp_path), Counted()
    with caplog.at_level(logging.WARNING, logger="aimusic.synth.bank"):
        bank.get("ramp", make, start=1.0, samples=3)
        assert make.calls == 0
        assert bank.get("ramp", make, start=2.0, samples=3)[0] == 2.0
        assert bank.get("ramp", make, start=2.0, samples=3)[0] == 2.0
    assert make.calls == 1
    assert "memory only" in caplog.text
    assert len(list(tmp_path.iterdir())) == 1


def test_a_disk_that_fills_up_leaves_no_half_file(tmp_path, monkeypatch):
    def full(file, sound, allow_pickle):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(bank_module.np, "save", full)
    assert Bank(tmp_path).get("ramp", ramp, start=1.0, samples=3)[2] == 3.0
    assert list(tmp_path.iterdir()) == []


def _pickled(path: Path) -> None:
    np.save(path, np.array([{"a": 1}], dtype=object), allow_pickle=True)


def _wrong_type(path: Path) -> None:
    np.save(path, np.zeros(3))


DAMAGE = {
    "empty": lambda path: path.write_bytes(b""),
    "garbage": lambda path: path.write_bytes(b"not an array at all" * 20),
    "cut short": lambda path: path.write_bytes(path.read_bytes()[:-400]),
    "pickled": _pickled,
    "other type": _wrong_type,
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_a_damaged_file_is_made_again(tmp_path, damage):
    Bank(tmp_path).get("ramp", ramp, start=3.0, samples=500)
    (path,) = tmp_path.iterdir()
    damage(path)
    make = Counted()
    sound = Bank(tmp_path).get("ramp", make, start=3.0, samples=500)
    assert make.calls == 1
    np.testing.assert_array_equal(sound, ramp(3.0, 500))
    np.testing.assert_array_equal(np.load(path), ramp(3.0, 500))


def test_memory_lets_the_least_recently_used_go_first():
    bank, make = Bank(memory_bytes=3000), Counted()
    for start in (1.0, 2.0, 1.0, 3.0):
        bank.get("ramp", make, start=start, samples=300)
    assert make.calls == 3
    bank.get("ramp", make, start=1.0, samples=300)
    assert make.calls == 3
    bank.get("ramp", make, start=2.0, samples=300)
    assert make.calls == 4


def test_the_directory_stays_under_its_cap_and_keeps_the_newest(tmp_path):
    bank = Bank(tmp_path, disk_bytes=5000)
    for index in range(9):
        bank.get("ramp", ramp, start=float(index), samples=250)
        name = file_name("ramp", ramp, {"start": float(index), "samples": 250})
        os.utime(tmp_path / name, ns=(index, index))
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 5000
    assert (tmp_path / name).exists()


def test_threads_that_want_the_same_sound_make_it_once():
    bank, make, start = Bank(), Counted(), Barrier(4)

    def ask(_) -> np.ndarray:
        start.wait()
        return bank.get("ramp", make, start=1.0, samples=200000)

    with ThreadPoolExecutor(4) as pool:
        sounds = list(pool.map(ask, range(4)))
    assert make.calls == 1
    assert all(sound is sounds[0] for sound in sounds)


def _fill(directory: Path, order: list[int]) -> None:
    bank = Bank(directory)
    for start in order:
        bank.get("ramp", ramp, start=float(start), samples=20000)


def test_two_processes_may_fill_one_directory(tmp_path):
    context = multiprocessing.get_context("spawn")
    orders = [list(range(12)), list(range(11, -1, -1))]
    workers = [context.Process(target=_fill, args=(tmp_path, order)) for order in orders]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
        assert worker.exitcode == 0
    names = {file_name("ramp", ramp, {"start": float(i), "samples": 20000}) for i in range(12)}
    assert {path.name for path in tmp_path.iterdir()} == names
    sounds = [Bank(tmp_path).get("ramp", ramp, start=float(i), samples=20000) for i in range(12)]
    assert [sound[0] for sound in sounds] == list(range(12))


def test_voices_ask_the_bank_in_use(tmp_path):
    before = bank_module._bank
    try:
        use_bank(Bank(tmp_path))
        assert cached("ramp", ramp, start=4.0, samples=2)[1] == 5.0
        assert len(list(tmp_path.iterdir())) == 1
    finally:
        use_bank(before)
