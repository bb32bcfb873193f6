"""`/api/v1`: what there is to ask for, and what a request would become."""

from flask import Blueprint, Response, request

from aimusic.service import asked, catalogue
from aimusic.service.access import desk
from aimusic.service.bodies import read_object
from aimusic.service.schemas import parse_request
from aimusic.service.telling import tell_plan
from aimusic.style import load_styles

routes = Blueprint("catalogue", __name__, url_prefix="/api/v1")


@routes.get("/styles")
def styles() -> Response:
    """The styles."""
    return asked.told(catalogue.styles())


@routes.get("/instruments")
def instruments() -> Response:
    """The instruments of the band."""
    return asked.told(catalogue.instruments())


@routes.get("/capabilities")
def capabilities() -> Response:
    """Formats and limits."""
    return asked.told(catalogue.capabilities(desk().settings))


@routes.post("/plan")
def plan() -> Response:
    """What a request would become: form, bars and chords, composed and not played."""
    wishes = parse_request(read_object(request, desk().settings.body_limit_s), load_styles())
    desk().open()
    return asked.told(tell_plan(desk().plan(wishes), desk().records.library.pace()))
