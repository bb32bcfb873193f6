"""Downloads go on where they stopped, and only what has the right hash gets its name."""

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner

from aimusic.cli import main
from aimusic.errors import InvalidData
from aimusic.training.download import CHUNK_BYTES, check_path, chosen, download, read_source

LARGE = bytes(range(256)) * (CHUNK_BYTES // 128)  # two chunks
FILES = {"catalog.csv.gz": b"rows", "tunes/large.bin": LARGE, "tunes/small.txt": b"hello", "rest/a.txt": b"rest"}


def write_source(folder: Path, files=FILES, tiers=(("tunes", "core"), ("rest", "optional"))) -> Path:
    """A source directory with a manifest of two data sets."""

    def described(path):
        return {"path": path, "bytes": len(files[path]), "sha256": hashlib.sha256(files[path]).hexdigest()}

    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    data_sets = [
        {
            "id": name,
            "title": f"The {name}",
            "licence": "CC-BY-4.0",
            "share_alike": name == "rest",
            "tier": tier,
            "styles": ["plain"],
            "attribution": "Nobody",
            "files": [described(path) for path in files if path.startswith(f"{name}/")],
        }
        for name, tier in tiers
    ]
    (folder / "manifest.json").write_text(
        json.dumps({"catalog": described("catalog.csv.gz"), "datasets": data_sets})
    )
    return folder


class Server:
    """A web server on the folder that can ignore ranges or hang up early, and notes what it was asked."""

    def __init__(self, folder: Path):
        self.folder, self.ranges, self.asked, self.hang_up_after = folder, True, [], None
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                server.answer(self)

            def log_message(self, *_):
                """Silent."""

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.http.serve_forever, args=(0.01,))
        self.url = f"http://127.0.0.1:{self.http.server_port}/"

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        path = self.folder / handler.path.lstrip("/")
        wanted = handler.headers.get("Range")
        self.asked.append((handler.path, wanted))
        if not path.is_file():
            handler.send_error(404)
            return
        content = path.read_bytes()
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and self.ranges else 0
        if start >= len(content) and start:
            handler.send_error(416)
            return
        handler.send_response(206 if start else 200)
        handler.send_header("Content-Length", str(len(content) - start))
        handler.end_headers()
        handler.wfile.write(content[start : self.hang_up_after])

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.http.shutdown()
        self.thread.join()
        self.http.server_close()


@pytest.fixture
def server(tmp_path):
    with Server(write_source(tmp_path / "source")) as running:
        yield running


def contents(folder: Path) -> dict[str, bytes]:
    """Every file but the manifest."""
    files = {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }
    del files["manifest.json"]
    return files


CORE = {path: content for path, content in FILES.items() if not path.startswith("rest/")}


def test_a_directory_is_a_source(tmp_path):
    outcome = download(str(write_source(tmp_path / "source")), tmp_path / "data")
    assert contents(tmp_path / "data") == CORE
    assert set(outcome.kept) == set(CORE) and outcome.refused == {}


def test_the_core_tier_is_fetched_over_http_and_progress_adds_up(tmp_path, server):
    done = []
    download(server.url, tmp_path / "data", progress=done.append)
    assert contents(tmp_path / "data") == CORE
    assert sum(done) == sum(map(len, CORE.values()))


def test_named_data_sets_of_any_tier_are_fetched(tmp_path, server):
    download(server.url, tmp_path / "data", ["rest"])
    assert contents(tmp_path / "data") == {path: FILES[path] for path in ("catalog.csv.gz", "rest/a.txt")}


def test_what_is_there_and_right_is_not_fetched_again(tmp_path, server):
    download(server.url, tmp_path / "data")
    server.asked.clear()
    download(server.url, tmp_path / "data")
    assert server.asked == [("/manifest.json", None)]


def test_a_broken_download_goes_on_where_it_stopped(tmp_path, server):
    server.hang_up_after = CHUNK_BYTES + 100
    first = download(server.url, tmp_path / "data")
    assert "broke off" in first.refused["tunes/large.bin"]
    assert (tmp_path / "data/tunes/large.bin.part").stat().st_size == CHUNK_BYTES + 100
    server.hang_up_after = None
    second = download(server.url, tmp_path / "data")
    assert ("/tunes/large.bin", f"bytes={CHUNK_BYTES + 100}-") in server.asked
    assert second.refused == {} and contents(tmp_path / "data") == CORE


def test_a_server_that_ignores_ranges_is_read_from_the_start(tmp_path, server):
    server.ranges = False
    part = tmp_path / "data/tunes/large.bin.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"something else entirely")
    done = []
    download(server.url, tmp_path / "data", progress=done.append)
    assert contents(tmp_path / "data") == CORE
    assert sum(done) == sum(map(len, CORE.values()))


def test_a_server_with_fewer_bytes_than_the_part_is_read_from_the_start(tmp_path, server):
    (tmp_path / "source/tunes/large.bin").write_bytes(LARGE[:50])
    part = tmp_path / "data/tunes/large.bin.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(LARGE[:80])
    outcome = download(server.url, tmp_path / "data")
    assert "broke off" in outcome.refused["tunes/large.bin"]
    assert part.read_bytes() == LARGE[:50]


def test_a_file_with_another_hash_is_deleted_and_the_others_stay(tmp_path, server):
    (tmp_path / "source/tunes/small.txt").write_bytes(b"hallo")
    outcome = download(server.url, tmp_path / "data")
    assert "SHA-256" in outcome.refused["tunes/small.txt"]
    assert contents(tmp_path / "data") == {path: CORE[path] for path in CORE if path != "tunes/small.txt"}


def test_a_file_longer_than_the_manifest_says_is_refused(tmp_path, server):
    (tmp_path / "source/tunes/small.txt").write_bytes(b"hello and more")
    assert "SHA-256" in download(server.url, tmp_path / "data").refused["tunes/small.txt"]


def test_a_missing_file_is_named_with_the_answer(tmp_path, server):
    (tmp_path / "source/tunes/small.txt").unlink()
    assert "404" in download(server.url, tmp_path / "data").refused["tunes/small.txt"]


def test_a_source_that_cannot_be_reached_says_so(tmp_path):
    with pytest.raises(InvalidData, match=r"manifest\.json: cannot be read from .*nowhere"):
        read_source(str(tmp_path / "nowhere"))
    with pytest.raises(InvalidData, match=r"cannot be read from http://127\.0\.0\.1:1"):
        read_source("http://127.0.0.1:1")


@pytest.mark.parametrize("path", ["../a", "/etc/a", "a/../../b", "a\\b", "c:/a", "", "a//b", "./a", "a/"])
def test_paths_that_could_leave_the_directory_are_refused(path):
    with pytest.raises(InvalidData, match="not a path inside"):
        check_path(path)


def test_a_manifest_with_such_a_path_brings_nothing(tmp_path):
    source = write_source(tmp_path / "source")
    text = (source / "manifest.json").read_text().replace("tunes/small.txt", "../small.txt")
    (source / "manifest.json").write_text(text)
    with pytest.raises(InvalidData, match="not a path inside"):
        download(str(source), tmp_path / "data")
    assert not (tmp_path / "data").exists()


def test_an_unknown_data_set_is_named_with_those_there_are(tmp_path):
    _, data_sets = read_source(str(write_source(tmp_path)))
    with pytest.raises(InvalidData, match="nothing: no such data set; there are tunes, rest"):
        chosen(data_sets, ("nothing", "rest"))


def test_the_command_lists_title_licence_size_and_styles(tmp_path):
    answer = CliRunner().invoke(main, ["download", "--from", str(write_source(tmp_path)), "--list"])
    assert answer.exit_code == 0
    assert "The rest; CC-BY-4.0; share-alike" in answer.output
    assert "optional" in answer.output and "plain" in answer.output and "0.5 MB" in answer.output


def test_the_command_fails_when_a_file_was_refused(tmp_path):
    source = write_source(tmp_path / "source")
    (source / "tunes/small.txt").write_bytes(b"hallo")
    answer = CliRunner().invoke(main, ["download", "--from", str(source), "--to", str(tmp_path / "data")])
    assert answer.exit_code == 1
    assert "refused: tunes/small.txt" in answer.stderr and "2 files are in" in answer.output
    assert answer.stderr.count("\n") == 1  # no progress bar without a terminal


def test_the_command_wants_to_know_where_to(tmp_path):
    answer = CliRunner().invoke(main, ["download", "--from", str(write_source(tmp_path))])
    assert answer.exit_code == 2 and "--to" in answer.output
