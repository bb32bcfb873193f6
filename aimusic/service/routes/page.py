"""The front door: JSON for programs, a page with a form and a player for browsers."""

from flask import Blueprint, Response, current_app, jsonify, request

from aimusic import __version__
from aimusic.style import load_styles

FEATURES = (
    "composed by trained networks",
    "played by a synthesised band",
    "mastered 44.1 kHz WAV of exactly the length asked for",
    "MIDI file of every piece",
    "same seed, same music",
)
ADDRESSES = {
    "generate": "POST /api/generate",
    "styles": "GET /api/styles",
    "download": "GET /api/download/<filename>",
    "health": "GET /health",
}

routes = Blueprint("page", __name__)


@routes.get("/")
def index() -> Response:
    """The page where a browser asks, else what the service is and can."""
    if request.accept_mimetypes.best_match(["application/json", "text/html"]) == "text/html":
        response = current_app.send_static_file("index.html")
    else:
        response = jsonify(
            status="running",
            message="Ask for music: POST /api/generate",
            version=__version__,
            features=FEATURES,
            styles=list(load_styles()),
            endpoints=ADDRESSES,
        )
    response.vary.add("Accept")
    return response


@routes.get("/favicon.ico")
def favicon() -> Response:
    """Browsers ask for it; the page names its own."""
    return current_app.send_static_file("favicon.svg")
