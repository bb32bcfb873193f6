"""The OpenAPI 3.1 document: one table of operations, and the schemas of the pydantic models that they name."""

from dataclasses import dataclass
from functools import cache

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from aimusic import __version__
from aimusic.music.request import Request
from aimusic.service import answers, told
from aimusic.service.answers import AUDIO
from aimusic.service.asked import DEFAULT_LIMIT, MAX_LIMIT
from aimusic.service.jobs import STATES
from aimusic.service.schemas import Notes
from aimusic.style import load_styles

REF = "#/components/schemas/{model}"
PROBLEM = "application/problem+json"
KEY_PATTERN = r"^\s*[A-Ga-g][b#]?\s*(major|minor|maj|min|m)?\s*$"  # what `parse_key` reads

Content = type[BaseModel] | str | None  # a model as JSON, a media type, or nothing

KEY = r"^[!#-~]{1,255}$"
_BODY = {400: "The body is malformed", 413: "The body is too large", 415: "The body is not JSON"}
_WRONG = {422: "Something in the request is wrong"}
_NONE = {404: "There is no such thing"}
_MAKING = {409: "The job was cancelled", 500: "It could not be made", 507: "The disk is full"}
_ALWAYS = {503: "Ask again later, see Retry-After"}
_RANGES = {206: "A part of the file", 304: "The file is as you have it", 416: "The file has no such range"}
_MEDIA = {"application/json": {}, "text/event-stream": {}}  # what is said in them is not described further
_REASONS = {200: "OK", 201: "Made", 202: "Accepted: the job that makes it", 204: "Done"}


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one address. `answers`: content by status; `errors`: sentences by status, as problems."""

    method: str
    path: str
    name: str
    summary: str
    answers: dict[int, Content]
    errors: dict[int, str]
    body: type[BaseModel] | None = None
    parameters: tuple[dict, ...] = ()


def _query(name: str, description: str, **schema) -> dict:
    return {"name": name, "in": "query", "description": description, "schema": schema}


def _header(name: str, description: str, **schema) -> dict:
    return {"name": name, "in": "header", "description": description, "schema": {"type": "string", **schema}}


_PAGE = (
    _query("limit", "Items of a page.", type="integer", minimum=1, maximum=MAX_LIMIT, default=DEFAULT_LIMIT),
    _query("cursor", "The next_cursor of an earlier page.", type="string"),
)
_SAVE = _query("download", "1 makes a browser save the file.", type="string")
_PIECE, _JOB = "/api/v1/pieces/{piece_id}", "/api/v1/jobs/{job_id}"
_ORDER = {**_BODY, **_WRONG, **_MAKING, **_ALWAYS}
_LIST = {**_WRONG, **_ALWAYS}
_FOUND = {**_NONE, **_ALWAYS}


def _file(path: str, name: str, summary: str, media: str) -> Operation:
    return Operation("get", path, name, summary, {200: media, 206: media, 304: None}, _FILE, None, (_SAVE,))


_FILE = {**_FOUND, 416: _RANGES[416], 500: _MAKING[500], 507: _MAKING[507]}


@cache
def operations() -> tuple[Operation, ...]:
    """Every operation of the service, but for the page and its files."""
    a = answers
    notes = {**_BODY, **_WRONG, **_FOUND}
    choose = (
        *_PAGE,
        _query("style", "Only this style.", type="string", enum=list(load_styles())),
        _query("tag", "Only pieces with this tag.", type="string"),
        _query("favourite", "Only favourites, or only others.", type="string", enum=["true", "false"]),
    )
    prefer = _header("Prefer", "respond-async: answer 202 with the job instead of waiting.")
    key = _header("Idempotency-Key", "The same key gives the same piece, though its seed was drawn.", pattern=KEY)
    last = _header("Last-Event-ID", "The last event that was heard.")
    status = _query("status", "Only jobs of this status.", type="string", enum=list(STATES))
    return (
        Operation("get", "/", "index", "What the service is", {200: told.FrontDoor}, {}),
        Operation("post", "/api/generate", "generate", "Make a piece", {200: told.Generated}, _ORDER, Request),
        Operation("get", "/api/styles", "listStylesOfOld", "The styles", {200: told.Styles}, {}),
        _file("/api/download/{filename}", "download", "A WAV or MIDI file by its name", "audio/*"),
        Operation(
            "post", "/api/v1/pieces", "createPiece", "Make a piece",
            {201: a.PieceAnswer, 202: a.JobAnswer}, _ORDER, Request, (prefer, key),
        ),
        Operation(
            "get", "/api/v1/pieces", "listPieces", "The library", {200: a.PiecePage}, _LIST, None, choose
        ),
        Operation("get", _PIECE, "getPiece", "One piece", {200: a.PieceAnswer}, _FOUND),
        Operation("patch", _PIECE, "annotatePiece", "Title, tags, favourite", {200: a.PieceAnswer}, notes, Notes),
        Operation("delete", _PIECE, "deletePiece", "Remove a piece and its files", {204: None}, _FOUND),
        _file(_PIECE + "/audio.{ending}", "getAudio", "The sound", "audio/*"),
        _file(_PIECE + "/midi", "getMidi", "The notes as a MIDI file", "audio/midi"),
        _file(_PIECE + "/peaks.json", "getPeaks", "The outline of the sound", "application/json"),
        _file(_PIECE + "/pianoroll.svg", "getPianoRoll", "The notes as a picture", "image/svg+xml"),
        Operation("get", _PIECE + "/timeline.json", "getTimeline", "What comes when", {200: a.Timeline}, _FOUND),
        Operation("get", _PIECE + "/license.json", "getLicense", "Its origin", {200: a.LicenseAnswer}, _FOUND),
        Operation("get", "/api/v1/jobs", "listJobs", "The work", {200: a.JobPage}, _LIST, None, (*_PAGE, status)),
        Operation("get", _JOB, "getJob", "One job", {200: a.JobAnswer}, _FOUND),
        Operation("delete", _JOB, "cancelJob", "Cancel a job", {200: a.JobAnswer}, _FOUND),
        Operation(
            "get", _JOB + "/events", "followJob", "Server-sent events until the job is over",
            {200: "text/event-stream", 204: None}, _FOUND, None, (last,),
        ),
        Operation("get", "/api/v1/styles", "listStyles", "The styles", {200: a.StyleList}, {}),
        Operation("get", "/api/v1/instruments", "listInstruments", "The instruments", {200: a.InstrumentList}, {}),
        Operation("get", "/api/v1/capabilities", "getCapabilities", "Formats, limits", {200: a.Capabilities}, {}),
        Operation(
            "post", "/api/v1/plan", "plan", "What a request would become", {200: a.PlanAnswer}, _ORDER, Request
        ),
        Operation("get", "/health", "health", "Can music be made?", {200: told.Health, 503: told.Health}, _ALWAYS),
        Operation("get", "/health/live", "live", "Does the process answer?", {200: told.Alive}, {}),
        Operation("get", "/health/ready", "ready", "Is all there?", {200: told.Ready, 503: told.Ready}, _ALWAYS),
        Operation("get", "/metrics", "metrics", "Figures for Prometheus", {200: "text/plain"}, {}),
        Operation("get", "/openapi.json", "openapi", "This document", {200: "application/json"}, {}),
        Operation("get", "/docs", "docs", "This document as a page", {200: "text/html"}, {}),
    )  # fmt: skip


@cache
def document() -> dict:
    """The whole document."""
    schemas = _schemas()
    fields = schemas["Request"]["properties"]
    fields["style"]["enum"] = list(load_styles())
    fields["key"]["anyOf"][0]["pattern"] = KEY_PATTERN
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "aimusic",
            "version": __version__,
            "description": "A self-hosted music generator. Every error is a problem document (RFC 9457).",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "paths": _paths(),
        "components": {"schemas": schemas},
    }


def _schemas() -> dict:
    models = {told.Problem: "serialization"}
    for operation in operations():
        models |= {c: "serialization" for c in operation.answers.values() if isinstance(c, type)}
        if operation.body:
            models[operation.body] = "validation"
    return models_json_schema(list(models.items()), ref_template=REF)[1]["$defs"]


def _paths() -> dict:
    paths: dict[str, dict] = {}
    for operation in operations():
        paths.setdefault(operation.path, {})[operation.method] = _describe(operation)
    return paths


def _describe(operation: Operation) -> dict:
    told_ = {str(status): _answer(status, content) for status, content in operation.answers.items()}
    for status, sentence in operation.errors.items():
        error = _error(sentence)
        there = told_.setdefault(str(status), error)
        there["content"] = {**there.get("content", {}), **error["content"]}
    told_["default"] = _error("Something went wrong")
    described = {
        "operationId": operation.name,
        "summary": operation.summary,
        "parameters": [*_path_parameters(operation.path), *operation.parameters],
        "responses": told_,
    }
    if operation.body:
        content = {"application/json": {"schema": _ref(operation.body)}}
        described["requestBody"] = {"content": content, "required": False}
    return described


def _path_parameters(path: str) -> list[dict]:
    names = [part[: part.index("}")] for part in path.split("{")[1:]]
    endings = {"ending": {"type": "string", "enum": list(AUDIO)}}
    return [
        {"name": name, "in": "path", "required": True, "schema": endings.get(name, {"type": "string"})}
        for name in names
    ]


def _answer(status: int, content: Content) -> dict:
    described = {"description": _REASONS.get(status) or _RANGES.get(status) or "Not now"}
    if isinstance(content, str):
        described["content"] = {content: {"schema": _MEDIA.get(content, {"type": "string"})}}
    elif content is not None:
        described["content"] = {"application/json": {"schema": _ref(content)}}
    if status in (201, 202):
        described["headers"] = {"Location": {"schema": {"type": "string"}}}
    return described


def _error(sentence: str) -> dict:
    return {"description": sentence, "content": {PROBLEM: {"schema": _ref(told.Problem)}}}


def _ref(model: type[BaseModel]) -> dict:
    return {"$ref": REF.format(model=model.__name__)}
