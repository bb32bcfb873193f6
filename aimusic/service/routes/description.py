"""The description of the API, for programs and for people."""

from flask import Blueprint, Response, current_app, jsonify

from aimusic.service.openapi import document

routes = Blueprint("description", __name__)


@routes.get("/openapi.json")
def openapi() -> Response:
    """The OpenAPI 3.1 document."""
    return jsonify(document())


@routes.get("/docs")
def docs() -> Response:
    """The same as a page; nothing is fetched from elsewhere."""
    return current_app.send_static_file("docs.html")
