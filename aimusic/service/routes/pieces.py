"""`/api/v1/pieces`: order a piece, look through the library, note something about a piece, remove it."""

from flask import Blueprint, Response, request

from aimusic.errors import NotFound
from aimusic.service import asked
from aimusic.service.access import desk
from aimusic.service.answers import PiecePage
from aimusic.service.bodies import read_object
from aimusic.service.jobs import Job
from aimusic.service.library import Piece
from aimusic.service.promises import read_key
from aimusic.service.schemas import parse_notes, parse_request
from aimusic.service.telling import job_url, piece_url, tell_job, tell_piece
from aimusic.style import load_styles

BOOLEANS = {"true": True, "false": False}

routes = Blueprint("pieces", __name__, url_prefix="/api/v1/pieces")


def found(piece_id: str) -> Piece:
    """A piece by its id. Raises NotFound."""
    desk().open()
    piece = desk().records.library.find(piece_id)
    if piece is None:
        raise NotFound("there is no such piece; POST /api/v1/pieces to have one made")
    return piece


@routes.post("")
def create() -> Response:
    """Make a piece: 201 when it is finished; 202 with its job for `Prefer: respond-async`."""
    body = read_object(request, desk().settings.body_limit_s)
    wishes = parse_request(body, load_styles())
    key = read_key(request.headers.get("Idempotency-Key"))
    desk().open()
    if key is not None:
        first = desk().resolve(wishes).model_dump(mode="json")
        wishes = parse_request(desk().records.promises.keep(key, body, first), load_styles())
    if not asked.wants_async(request):
        return _created(desk().order(wishes))
    begun = desk().begin(wishes)
    return _accepted(begun) if isinstance(begun, Job) else _created(begun)


def _created(piece: Piece) -> Response:
    response = asked.told(tell_piece(piece), 201)
    response.headers["Location"] = piece_url(piece.id)
    return response


def _accepted(job: Job) -> Response:
    response = asked.told(tell_job(job, desk().records.jobs.position(job)), 202)
    response.headers["Location"] = job_url(job.id)
    response.headers["Retry-After"] = "1"
    response.headers["Preference-Applied"] = "respond-async"
    return response


@routes.get("")
def index() -> Response:
    """The library, the newest first, page by page."""
    limit = asked.limit(request.args)
    place = asked.cursor(request.args, r"[0-9]{1,12}\.[0-9]{1,9} [0-9a-f]{1,64}")
    before = (float(place.split()[0]), place.split()[1]) if place else None
    favourite = asked.choice(request.args, "favourite", BOOLEANS)
    style = asked.choice(request.args, "style", {name: name for name in load_styles()})
    desk().open()
    pieces = desk().records.library.page(
        limit + 1, before=before, style=style, tag=request.args.get("tag"), favourite=favourite
    )
    return page(pieces, limit)


def page(pieces: list[Piece], limit: int) -> Response:
    """One piece more than the limit says that there is another page."""
    last = pieces[limit - 1] if len(pieces) > limit else None
    next_cursor = asked.write_cursor(f"{last.created_at:.9f} {last.id}") if last else None
    items = tuple(tell_piece(piece) for piece in pieces[:limit])
    response = asked.told(PiecePage(items=items, next_cursor=next_cursor))
    return asked.link_next(response, request, next_cursor)


@routes.get("/<piece_id>")
def show(piece_id: str) -> Response:
    """One piece."""
    return asked.told(tell_piece(found(piece_id)))


@routes.patch("/<piece_id>")
def annotate(piece_id: str) -> Response:
    """Change title, tags or favourite."""
    notes = parse_notes(read_object(request, desk().settings.body_limit_s))
    found(piece_id)
    piece = desk().records.library.annotate(piece_id, notes)
    if piece is None:
        raise NotFound("the piece was removed meanwhile")
    return asked.told(tell_piece(piece))


@routes.delete("/<piece_id>")
def remove(piece_id: str) -> tuple[str, int]:
    """Remove a piece and its files."""
    found(piece_id)
    desk().records.library.remove(piece_id)
    return "", 204
