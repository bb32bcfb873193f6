"""The web application: `create_app` puts the desk, the routes, the errors and the headers together."""

import logging
import re
import time
from collections.abc import Sequence

from flask import Flask, Response, current_app, g, request
from flask_cors import CORS

from aimusic.service import problems
from aimusic.service.desk import Desk
from aimusic.service.metrics import Metrics
from aimusic.service.routes import catalogue, description, files, health, jobs, page, pieces, seed
from aimusic.service.supervisor import COMMAND
from aimusic.settings import Settings

_FAMILIES = tuple(family.routes for family in (page, seed, health, pieces, files, jobs, catalogue, description))
log = logging.getLogger(__name__)

EXPOSED = ["Location", "ETag", "Content-Range", "Accept-Ranges", "Retry-After", "X-Request-ID"]
SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
}


def create_app(settings: Settings, worker_command: Sequence[str] = COMMAND) -> Flask:
    """Make the app. Nothing is started or written before the first request, or `desk.open()`."""
    app = Flask("aimusic.service", static_folder="studio", static_url_path="/studio")
    app.json.sort_keys = False
    app.config["MAX_CONTENT_LENGTH"] = settings.body_limit_bytes
    desk = Desk(settings, worker_command)
    app.extensions |= {"desk": desk, "metrics": Metrics(desk.records)}
    problems.install(app)
    CORS(app, origins=[_origin(origin) for origin in settings.cors_origins], expose_headers=EXPOSED, max_age=600)
    for routes in _FAMILIES:
        app.register_blueprint(routes)
    app.before_request(_start_clock)
    app.after_request(_finish)
    return app


def _origin(origin: str) -> str | re.Pattern:
    """`http://localhost:*` stands for any port, and for none."""
    if not origin.endswith(":*"):
        return origin
    return re.compile(re.escape(origin.removesuffix(":*")) + r"(:\d{1,5})?\Z")


def _start_clock() -> None:
    g.started = time.perf_counter()


def _finish(response: Response) -> Response:
    """Headers that every answer carries, and one line in the log."""
    response.headers["X-Request-ID"] = problems.request_id()
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    took_s, status = time.perf_counter() - g.started, response.status_code
    address = request.url_rule.rule if request.url_rule else "none"
    current_app.extensions["metrics"].count(address, request.method, status, took_s)
    _log(request.path[:200], status, round(took_s * 1000))
    return response


def _log(path: str, status: int, took_ms: int) -> None:
    told = {"method": request.method, "path": path, "status": status, "duration_ms": took_ms}
    line = "%s %a %d %d ms request_id=%s"
    log.info(line, request.method, path, status, took_ms, problems.request_id(), extra=told)
