"""The calls that every client knows: generate, styles, download. Their shapes never change."""

from flask import Blueprint, Response, jsonify, request

from aimusic.errors import NotFound
from aimusic.service.access import desk
from aimusic.service.bodies import read_object
from aimusic.service.downloads import send
from aimusic.service.schemas import parse_request, piece_answer, style_answer
from aimusic.style import load_styles

routes = Blueprint("seed", __name__)


@routes.post("/api/generate")
def generate() -> Response:
    """Make a piece, and answer when it is finished."""
    body = read_object(request, desk().settings.body_limit_s)
    wishes = parse_request(body, load_styles())
    desk().open()
    return jsonify(piece_answer(desk().order(wishes)))


@routes.get("/api/styles")
def styles() -> Response:
    """What can be asked for."""
    return jsonify(styles=[style_answer(style) for style in load_styles().values()])


@routes.get("/api/download/<filename>")
def download(filename: str) -> Response:
    """A finished file: whole or in ranges, to be kept for ever, because its name says what is in it."""
    desk().open()
    file = desk().records.library.find_file(filename)
    if file is None:
        raise NotFound("there is no such file; ask /api/generate again to have it made")
    return send(file)
