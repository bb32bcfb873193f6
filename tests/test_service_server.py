"""The real server: gunicorn, its process for the web, its workers, signals, and hostile bytes."""

import os
import select
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select as rows_of

from aimusic.service.database import jobs
from aimusic.service.records import open_records
from aimusic.settings import Settings
from tests.fake_worker import SLOW, STUCK

POST = "POST /api/generate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
SERVE = Path(__file__).with_name("serve_fake.py")


class Running:
    """A server process on a free port."""

    def __init__(self, data_dir: Path, **variables):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.data_dir = data_dir
        self.records = open_records(Settings(_env_file=None, data_dir=data_dir))
        environment = {"AIMUSIC_DATA_DIR": str(data_dir), "AIMUSIC_HOST": "127.0.0.1", "AIMUSIC_WORKERS": "1"}
        environment["AIMUSIC_LOG_LEVEL"] = "WARNING"
        environment |= {"PORT": str(self.port), "PYTHONPATH": str(SERVE.parents[1]), **variables}
        self.process = subprocess.Popen([sys.executable, str(SERVE)], env={**os.environ, **environment})
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=60)
        self.until(lambda: self.answers() and self.http.get("/health/ready").json()["checks"]["workers"]["ok"])

    def answers(self) -> bool:
        try:
            return self.http.get("/health/live").status_code == 200
        except httpx.TransportError:
            return False

    def until(self, true, seconds=60.0) -> None:
        deadline = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < deadline, "it did not happen in time"
            time.sleep(0.02)

    def ask(self, **wishes) -> httpx.Response:
        return self.http.post("/api/generate", json=wishes)

    def begun(self, seed: int) -> bool:
        return any(self.data_dir.glob(f"attempt-{seed}-*"))

    def worker_pid(self) -> int:
        return self.records.roster.alive()[0].pid

    def web_pids(self) -> list[int]:
        """gunicorn and its one child; the music workers are not theirs but the child's."""
        pid = self.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [pid, *map(int, children)]

    def job(self, piece_id: str | None = None):
        """The job that makes a piece, or the only one."""
        with self.records.database.read() as connection:
            rows = connection.execute(rows_of(jobs.c.id, jobs.c.piece_id)).all()
        (name,) = [row.id for row in rows if piece_id in (None, row.piece_id)]
        return self.records.jobs.find([name])[name]

    def raw(self, data: bytes, wait_s: float = 5.0) -> bytes:
        """Send bytes as they are; what comes back until the other side ends or is silent."""
        answer = b""
        with socket.create_connection(("127.0.0.1", self.port), timeout=wait_s) as connection:
            connection.sendall(data)
            try:
                while part := connection.recv(65536):
                    answer += part
            except TimeoutError:
                pass
        return answer

    def stop(self, number=signal.SIGTERM) -> int:
        self.process.send_signal(number)
        code = self.process.wait(60)
        self.http.close()
        self.records.close()
        return code


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    running = Running(tmp_path_factory.mktemp("server"), AIMUSIC_BODY_LIMIT_S="0.3")
    yield running
    running.http.close()  # gunicorn waits for idle connections until the grace time is over
    assert running.stop() == 0


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().split(")")[1][:3]


def test_a_piece_is_made_and_fetched(server):
    piece = server.ask(style="jazz", duration=5, seed=1).json()
    assert piece["success"] and len(server.http.get(piece["download_url"]).content) == piece["size_bytes"]


def test_no_process_of_the_web_maps_a_numeric_library(server):
    """Looks at what is really loaded, after a piece was made."""
    server.ask(seed=2)
    for pid in server.web_pids():
        maps = Path(f"/proc/{pid}/maps").read_text()
        assert "libpython" in maps or "python" in maps
        assert not any(name in maps for name in ("numpy", "scipy", "torch", "openblas"))


def test_a_killed_worker_is_replaced_within_the_call(server):
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(server.ask, seed=STUCK)
        server.until(lambda: server.begun(STUCK))
        os.kill(server.worker_pid(), signal.SIGKILL)
        assert answer.result().status_code == 200


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ("Transfer-Encoding: chunked", b"zz\r\n{}\r\n0\r\n\r\n"),
        ("Transfer-Encoding: chunked", b"5\r\n{}"),
        ("Content-Length: 50", b"{}"),
        ("Content-Length: -1", b"{}"),
        ("Content-Length: 2\r\nTransfer-Encoding: chunked", b"0\r\n\r\n"),
        ("Content-Length: 99999999", b"{}"),
    ],
)
def test_bytes_that_are_no_proper_body_get_a_4xx_in_time(server, headers, body):
    """Also those that stop in the middle: the body has a time limit."""
    head = f"{POST}Connection: close\r\n{headers}\r\n\r\n"
    started = time.monotonic()
    answer = server.raw(head.encode() + body)
    assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.1 413"))
    assert time.monotonic() - started < 5 and b"Traceback" not in answer


def test_a_body_by_the_spoonful_is_cut_off(server):
    started = time.monotonic()
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(f"{POST}Content-Length: 500\r\n\r\n".encode())
        while not select.select([connection], [], [], 0.03)[0]:
            connection.sendall(b" ")
        answer = b""
        while b"did not arrive whole and in time" not in answer:  # head and body may arrive apart
            part = connection.recv(65536)
            assert part, answer
            answer += part
    assert time.monotonic() - started < 8


def test_nobody_can_say_that_he_forwards(server):
    answer = server.raw(b"GET /health/live HTTP/1.1\r\nHost: x\r\nSCRIPT_NAME: /x\r\nConnection: close\r\n\r\n")
    assert b"HTTP/1.1 500" not in answer


@pytest.mark.slow
def test_sigterm_lets_the_work_end_and_leaves_nobody(tmp_path):
    """Who waits gets the piece, then all processes end within the grace time."""
    server = Running(tmp_path, AIMUSIC_STOP_GRACE_S="20")
    worker = server.worker_pid()
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(server.ask, seed=SLOW)
        server.until(lambda: server.begun(SLOW))
        started = time.monotonic()
        assert server.stop() == 0 and time.monotonic() - started < 20
        assert answer.result().status_code == 200
    assert not is_alive(worker)


@pytest.mark.slow
def test_after_a_crash_of_everything_no_work_is_lost(tmp_path):
    """SIGKILL of the server: its workers end by themselves, and the next start makes what was begun."""
    server = Running(tmp_path)
    worker = server.worker_pid()
    with ThreadPoolExecutor() as pool:
        lost = pool.submit(server.ask, seed=STUCK)
        server.until(lambda: server.begun(STUCK))
        piece_id = server.job().piece_id
        for pid in server.web_pids():
            os.kill(pid, signal.SIGKILL)
        assert isinstance(lost.exception(), httpx.TransportError)
    server.until(lambda: not is_alive(worker))
    server.process.wait()
    server.http.close()
    server.records.close()
    (tmp_path / "tmp" / "leftover").mkdir()
    again = Running(tmp_path)
    again.until(lambda: again.job(piece_id).status == "succeeded")
    assert again.records.library.find(piece_id) and not list((tmp_path / "tmp").iterdir())
    assert len(list(tmp_path.glob(f"attempt-{STUCK}-*"))) == 2
    assert again.stop() == 0
