"""`/api/v1/pieces/<piece_id>/...`: the files of a piece. What takes computing is made when first asked for."""

from flask import Blueprint, Response

from aimusic.errors import NotFound
from aimusic.service import asked
from aimusic.service.access import desk
from aimusic.service.answers import AUDIO
from aimusic.service.downloads import send
from aimusic.service.routes.pieces import found
from aimusic.service.telling import tell_license, tell_timeline

routes = Blueprint("files", __name__, url_prefix="/api/v1/pieces/<piece_id>")


@routes.get("/audio.<ending>")
def audio(piece_id: str, ending: str) -> Response:
    """The sound as wav, flac, mp3, ogg or opus."""
    piece = found(piece_id)
    if ending not in AUDIO:
        raise NotFound(f"there is no audio.{ending[:20]}; there are {', '.join(AUDIO)}")
    return send(piece.audio if ending == "wav" else desk().export(piece, ending))


@routes.get("/midi")
def midi(piece_id: str) -> Response:
    """The notes as a Standard MIDI file."""
    return send(found(piece_id).midi)


@routes.get("/peaks.json")
def peaks(piece_id: str) -> Response:
    """The outline of the sound, for players that draw it."""
    return send(desk().export(found(piece_id), "peaks.json"))


@routes.get("/pianoroll.svg")
def pianoroll(piece_id: str) -> Response:
    """The notes as a picture."""
    return send(desk().export(found(piece_id), "pianoroll.svg"))


@routes.get("/timeline.json")
def timeline(piece_id: str) -> Response:
    """When beats, chords and sections come."""
    return asked.told(tell_timeline(found(piece_id)))


@routes.get("/license.json")
def license(piece_id: str) -> Response:
    """Where the piece comes from: request, versions, hashes, and what the networks have learned from."""
    return asked.told(tell_license(found(piece_id)))
