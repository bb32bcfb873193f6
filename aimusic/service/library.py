"""The finished pieces: rows that say what is on the disk, and what is known about the music."""

import time
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, or_, select, tuple_, update

from aimusic.service.database import Database, exports, pieces
from aimusic.service.storage import Storage, StoredFile


@dataclass(frozen=True, slots=True)
class Piece:
    """A finished piece.

    Attributes:
        id: hash of the request and of the engine that made it.
        facts: what the answer tells about the music: request, key, tempo, bars, chords ...
        generation_s: seconds of computing.
        created_at: seconds since 1970.
        title, tags, favourite: the caller's own notes; they do not change the music.
    """

    id: str
    style: str
    audio: StoredFile
    midi: StoredFile
    facts: dict
    generation_s: float
    created_at: float
    title: str = ""
    tags: tuple[str, ...] = ()
    favourite: bool = False


@dataclass(frozen=True, slots=True)
class Export:
    """Another file of a piece; `kind` is what follows the piece's name: `flac`, `peaks.json`."""

    piece_id: str
    kind: str
    file: StoredFile


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

    def find_export(self, piece_id: str, kind: str) -> StoredFile | None:
        """Another file of a piece, if it was made before and is still there."""
        wanted = select(exports).where(exports.c.piece_id == piece_id, exports.c.kind == kind)
        with self.database.read() as connection:
            row = connection.execute(wanted).one_or_none()
        if row is None or not (self.storage.pieces / row.name).is_file():
            return None
        return StoredFile(row.name, row.bytes, row.sha256)

    def page(
        self,
        limit: int,
        *,
        before: tuple[float, str] | None = None,
        style: str | None = None,
        tag: str | None = None,
        favourite: bool | None = None,
    ) -> list[Piece]:
        """Pieces, the newest first; `before`: only those after this (created_at, id) in that order."""
        place = tuple_(pieces.c.created_at, pieces.c.id)
        wanted = select(pieces).order_by(pieces.c.created_at.desc(), pieces.c.id.desc()).limit(limit)
        if before is not None:
            wanted = wanted.where(place < before)
        if style is not None:
            wanted = wanted.where(pieces.c.style == style)
        if favourite is not None:
            wanted = wanted.where(pieces.c.favourite == favourite)
        if tag is not None:
            each = func.json_each(pieces.c.tags).table_valued("value")
            wanted = wanted.where(select(each.c.value).where(each.c.value == tag).exists())
        with self.database.read() as connection:
            return [_piece(row) for row in connection.execute(wanted)]

    def pace(self) -> float | None:
        """Seconds of computing for each second of music, over the last pieces; None without any."""
        last = self.page(20)
        music_s = sum(piece.facts["duration"] for piece in last)
        return sum(piece.generation_s for piece in last) / music_s if music_s else None

    def annotate(self, piece_id: str, changes: dict) -> Piece | None:
        """Change title, tags or favourite; returns the piece as it is now."""
        with self.database.write() as connection:
            if changes:
                connection.execute(update(pieces).where(pieces.c.id == piece_id).values(changes))
        return self.find(piece_id)

    def remove(self, piece_id: str) -> bool:
        """Remove a piece with all its files; who is downloading one gets it to its end."""
        with self.database.write() as connection:
            row = connection.execute(
                delete(pieces).where(pieces.c.id == piece_id).returning(*_FILES)
            ).one_or_none()
            gone = delete(exports).where(exports.c.piece_id == piece_id).returning(exports.c.name)
            names = [*(row or ()), *connection.execute(gone).scalars()]
        for name in names:
            self.storage.remove(name)
        return row is not None

    def _whole(self, row) -> Piece | None:
        if row is None:
            return None
        piece = _piece(row)
        there = all((self.storage.pieces / file.name).is_file() for file in (piece.audio, piece.midi))
        return piece if there else None

    def prune(self, keep_bytes: float) -> int:
        """Remove the oldest pieces, but no favourites, until the rest is at most `keep_bytes`."""
        oldest = select(pieces.c.id).where(~pieces.c.favourite).order_by(pieces.c.created_at).limit(1)
        removed = 0
        while self.total_bytes() > keep_bytes:
            with self.database.read() as connection:
                piece_id = connection.execute(oldest).scalar_one_or_none()
            if piece_id is None:
                break
            removed += self.remove(piece_id)
        return removed

    def expire(self, older_than_s: float) -> int:
        """Remove pieces that were made long ago, but no favourites; returns how many."""
        old = select(pieces.c.id).where(~pieces.c.favourite, pieces.c.created_at < time.time() - older_than_s)
        with self.database.read() as connection:
            ids = list(connection.execute(old).scalars())
        return sum(self.remove(piece_id) for piece_id in ids)

    def tidy(self) -> None:
        """Remove exports that were finished when their piece was gone already."""
        orphan = ~exports.c.piece_id.in_(select(pieces.c.id))
        with self.database.write() as connection:
            names = list(connection.execute(delete(exports).where(orphan).returning(exports.c.name)).scalars())
        for name in names:
            self.storage.remove(name)

    def count(self) -> int:
        """How many pieces there are."""
        with self.database.read() as connection:
            return connection.execute(select(func.count()).select_from(pieces)).scalar_one()

    def total_bytes(self) -> int:
        """Size of all files of all pieces."""
        sizes = (pieces.c.audio_bytes + pieces.c.midi_bytes, exports.c.bytes)
        with self.database.read() as connection:
            return sum(connection.execute(select(func.coalesce(func.sum(size), 0))).scalar_one() for size in sizes)


_FILES = (pieces.c.audio_name, pieces.c.midi_name)


def put(connection: Connection, made: Piece | Export) -> None:
    """Add a piece or an export within a transaction, in place of an earlier row of the same name.

    A piece that is made again keeps what its caller has noted.
    """
    if isinstance(made, Piece):
        _put_piece(connection, made)
    else:
        _put_export(connection, made)


def _put_export(connection: Connection, export: Export) -> None:
    same = (exports.c.piece_id == export.piece_id, exports.c.kind == export.kind)
    connection.execute(delete(exports).where(*same))
    row = {"piece_id": export.piece_id, "kind": export.kind, "name": export.file.name}
    row |= {"bytes": export.file.size_bytes, "sha256": export.file.sha256}
    connection.execute(exports.insert().values(row))


def _put_piece(connection: Connection, piece: Piece) -> None:
    notes = select(pieces.c.title, pieces.c.tags, pieces.c.favourite).where(pieces.c.id == piece.id)
    kept = connection.execute(notes).one_or_none()
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
            title=kept.title if kept else piece.title,
            tags=kept.tags if kept else list(piece.tags),
            favourite=kept.favourite if kept else piece.favourite,
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
        row.title,
        tuple(row.tags),
        row.favourite,
    )
