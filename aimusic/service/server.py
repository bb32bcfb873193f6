"""gunicorn with the settings that were measured to be safe; `gunicorn.conf.py` hands them over as well.

One process with many threads: callers wait without computing, the music is made by the workers.
"""

import signal
import threading
from collections.abc import Sequence

from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger

from aimusic.service.app import create_app
from aimusic.service.desk import Desk
from aimusic.service.logs import JsonGunicorn, start_log
from aimusic.service.supervisor import COMMAND
from aimusic.settings import Settings


def options(settings: Settings) -> dict:
    """What gunicorn is told.

    Never preload: the app belongs to the process that answers. No client is believed when it says for whom
    it forwards.
    """
    return {
        "bind": f"{settings.host}:{settings.port}",
        "worker_class": "gthread",
        "workers": 1,
        "threads": settings.threads,
        "worker_connections": 1000,
        "graceful_timeout": int(settings.stop_grace_s),
        "keepalive": 5,
        "preload_app": False,
        "forwarded_allow_ips": "",
        "forwarder_headers": "",
        "control_socket_disable": True,
        "loglevel": settings.log_level.lower(),
        "logger_class": JsonGunicorn if settings.log_format == "json" else Logger,
        "when_ready": _show_first_call,
        "post_worker_init": _after_start,
        "worker_exit": _before_end,
    }


class Server(BaseApplication):
    """gunicorn, started from Python."""

    def __init__(self, settings: Settings, worker_command: Sequence[str] = COMMAND):
        self._settings = settings
        self._worker_command = worker_command
        super().__init__()

    def load_config(self) -> None:
        for name, value in options(self._settings).items():
            self.cfg.set(name, value)

    def load(self):
        start_log(self._settings)
        return create_app(self._settings, self._worker_command)


def _show_first_call(arbiter) -> None:
    url = f"http://localhost:{arbiter.address[0][1]}/api/generate"
    body = """-H 'Content-Type: application/json' -d '{"duration": 30, "tempo": 120}'"""
    arbiter.log.info("Try it:  curl -X POST %s %s", url, body)


def _after_start(worker) -> None:
    """Start the music workers at once; when told to stop, give callers half of the grace time."""
    desk: Desk = worker.wsgi.extensions["desk"]
    graceful = signal.getsignal(signal.SIGTERM)

    def stop(number, frame):
        graceful(number, frame)
        last_call = threading.Timer(desk.settings.stop_grace_s / 2, desk.refuse_waiters)
        last_call.daemon = True
        last_call.start()

    signal.signal(signal.SIGTERM, stop)
    desk.open()


def _before_end(_arbiter, worker) -> None:
    worker.wsgi.extensions["desk"].close()
