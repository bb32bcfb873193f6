"""The finished pieces: rows that say what is on the disk, and what is known about the music."""

from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, or_, select

from aimusic.service.database import Database, pieces
from aimusic.service.storage import Storage, StoredFile


@dataclass(frozen=True, slots=True)
class Piece:
    """A finished piece.

    Attributes:
        id: hash of the request and of the engine that made it.
        facts: what the answer tells about the music: request, key, tempo, bars, chords ...
        generation_s: seconds of computing.
        created_at: seconds since 1970.
    """

    id: str
    style: str
    audio: StoredFile
    midi: StoredFile
    facts: dict
    generation_s: float
    created_at: float


@dataclass(frozen=True, slots=True)
class Library:
    """Finds, adds and removes pieces."""

    database: Database
    storage: Storage

    def find(self, piece_id: str) -> Piece | None:
        """The piece with this id, if its files are still there."""
        with self.database.read() as connection:
            row = connection.execute(select(pieces).where(pieces.c.id == piece_id)).one_or_none()
        return self._whole(row)

    def find_file(self, name: str) -> StoredFile | None:
        """A file by its exact name. Names are looked up, never joined to a path before they are known."""
        named = or_(pieces.c.audio_name == name, pieces.c.midi_name == name)
        with self.database.read() as connection:
            row = connection.execute(select(pieces).where(named)).one_or_none()
        piece = self._whole(row)
        if piece is None:
            return None
        return piece.audio if piece.audio.name == name else piece.midi

    def _whole(self, row) -> Piece | None:
        if row is None:
            return None
        piece = _piece(row)
        there = all((self.storage.pieces / file.name).is_file() for file in (piece.audio, piece.midi))
        return piece if there else None

    def prune(self, keep_bytes: float) -> int:
        """Remove the oldest pieces until the rest is at most `keep_bytes`; returns how many went."""
        removed = 0
        size = pieces.c.audio_bytes + pieces.c.midi_bytes
        while True:
            with self.database.write() as connection:
                total = connection.execute(select(func.coalesce(func.sum(size), 0))).scalar_one()
                oldest = connection.execute(select(pieces).order_by(pieces.c.created_at).limit(1)).one_or_none()
                if oldest is None or total <= keep_bytes:
                    return removed
                connection.execute(delete(pieces).where(pieces.c.id == oldest.id))
            self.storage.remove(oldest.audio_name)
            self.storage.remove(oldest.midi_name)
            removed += 1


def put(connection: Connection, piece: Piece) -> None:
    """Add a piece within a transaction, in place of an earlier row of the same id."""
    connection.execute(delete(pieces).where(pieces.c.id == piece.id))
    connection.execute(
        pieces.insert().values(
            id=piece.id,
            style=piece.style,
            audio_name=piece.audio.name,
            audio_bytes=piece.audio.size_bytes,
            audio_sha256=piece.audio.sha256,
            midi_name=piece.midi.name,
            midi_bytes=piece.midi.size_bytes,
            midi_sha256=piece.midi.sha256,
            facts=piece.facts,
            generation_s=piece.generation_s,
            created_at=piece.created_at,
        )
    )


def _piece(row) -> Piece:
    return Piece(
        row.id,
        row.style,
        StoredFile(row.audio_name, row.audio_bytes, row.audio_sha256),
        StoredFile(row.midi_name, row.midi_bytes, row.midi_sha256),
        row.facts,
        row.generation_s,
        row.created_at,
    )
