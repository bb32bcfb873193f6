"""How a file of the library is sent: whole or in ranges, to be kept for ever."""

from pathlib import PurePath

from flask import Response, request, send_file

from aimusic.service.access import desk
from aimusic.service.storage import StoredFile

FOREVER_S = 365 * 86400
MEDIA_TYPES = {
    ".wav": "audio/wav",
    ".mid": "audio/midi",
    ".flac": "audio/flac",
    ".mp3": "audio/mpeg",
    ".ogg": "audio/ogg",
    ".opus": "audio/ogg",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}


def send(file: StoredFile) -> Response:
    """The file, as `Range`, `If-Range`, `If-None-Match` and `?download=1` ask for it.

    Its address says which bytes it holds: they hang on the piece's id, which is a hash of all that made them.
    """
    response = send_file(
        desk().records.storage.pieces / file.name,
        mimetype=MEDIA_TYPES[PurePath(file.name).suffix],
        as_attachment="download" in request.args and request.args["download"] != "0",
        download_name=file.name,
        etag=file.sha256,
        max_age=FOREVER_S,
        conditional=True,
    )
    response.cache_control.public = True
    response.cache_control.immutable = True
    return response
