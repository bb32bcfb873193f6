"""Every error as `application/problem+json` (RFC 9457), for people, programs and older clients alike."""

import logging
import re
from uuid import uuid4

from flask import Flask, Response, current_app, g, request
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException

from aimusic.errors import MusicError, StorageFull, Unavailable
from aimusic.service.logs import about

log = logging.getLogger(__name__)

_SENTENCES = {
    404: "there is nothing at this address",
    405: "this address does not know the method",
    413: "the body is too large",
    416: "the file has no such range",
}
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


def install(app: Flask) -> None:
    """Answer every error of the app with a problem document."""
    app.before_request(_name_request)
    app.register_error_handler(MusicError, from_music_error)
    app.register_error_handler(HTTPException, _from_http_exception)
    app.register_error_handler(SQLAlchemyError, _from_database_error)
    app.register_error_handler(Exception, _from_unexpected)


def from_music_error(error: MusicError) -> Response:
    if error.status >= 500:
        log.warning("%s: %s request_id=%s", type(error).__name__, error, request_id())
    response = _respond(error.problem())
    if isinstance(error, Unavailable):
        response.headers["Retry-After"] = str(error.retry_after_s)
    return response


def _from_http_exception(error: HTTPException) -> Response:
    if error.code is None or error.code < 400:  # a redirect is no error
        return error.get_response()
    detail = _SENTENCES.get(error.code) or " ".join((error.description or error.name).split())
    if error.code == 413:
        detail += f": at most {current_app.config['MAX_CONTENT_LENGTH']} bytes are read"
    response = _respond({"status": error.code, "title": error.name.capitalize(), "detail": detail})
    for name, value in error.get_headers():
        if name not in ("Content-Type", "Content-Length"):
            response.headers[name] = value
    return response


def _from_database_error(error: SQLAlchemyError) -> Response:
    log.error("database: %s request_id=%s", str(error).splitlines()[0], request_id())
    if "disk is full" in str(error):  # SQLite's own words
        return from_music_error(StorageFull("the disk is full; free some space and ask again"))
    return from_music_error(Unavailable("the database cannot be used now; the log says why"))


def _from_unexpected(error: Exception) -> Response:
    log.error("unexpected error, request_id=%s", request_id(), exc_info=error)
    detail = f"something unexpected went wrong; the log tells more under {request_id()}"
    return _respond({"status": 500, "title": MusicError.title, "detail": detail})


def _respond(problem: dict) -> Response:
    status, title = problem["status"], problem["title"]
    body = {
        "type": "urn:aimusic:problem:" + re.sub(r"[^a-z0-9]+", "-", title.lower()),
        **problem,
        "instance": request.path,
        "request_id": request_id(),
        "success": False,
        "error": problem["detail"],
    }
    response = current_app.json.response(body)
    response.status_code = status
    response.content_type = "application/problem+json"
    response.headers["Cache-Control"] = "no-store"
    return response


def _name_request() -> None:
    """Take the caller's X-Request-ID if it is harmless in a log line, else make one."""
    given = request.headers.get("X-Request-ID", "")
    g.request_id = given if _REQUEST_ID.fullmatch(given) else uuid4().hex
    about.set({"request_id": g.request_id})


def request_id() -> str:
    return g.request_id
