"""What an `Idempotency-Key` promises: who repeats a request with its key gets the same music, drawn seed and all.

Source: IETF draft-ietf-httpapi-idempotency-key-header.
"""

import hashlib
import json
import re
import time
from dataclasses import dataclass

from sqlalchemy import delete, select

from aimusic.errors import FieldError, InvalidRequest, MalformedBody
from aimusic.service.database import Database, promises

KEPT_S = 86400.0
_KEY = re.compile(r'"([\x20\x21\x23-\x7e]{1,255})"|([\x21\x23-\x7e]{1,255})')


@dataclass(frozen=True, slots=True)
class Promises:
    """The promises table: key, hash of the body it came with, and the resolved request."""

    database: Database

    def keep(self, key: str, body: dict, request: dict) -> dict:
        """The request that was first asked for with this key; this one, if the key is new.

        Raises InvalidRequest when the key came with another body before.
        """
        digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
        with self.database.write() as connection:
            row = connection.execute(select(promises).where(promises.c.key == key)).one_or_none()
            if row is None:
                fields = {"key": key, "body": digest, "request": request, "created_at": time.time()}
                connection.execute(promises.insert().values(fields))
                return request
        if row.body != digest:
            detail = "was sent with another body before; take a new key for a new request"
            raise InvalidRequest(FieldError("Idempotency-Key", detail, "key_reused"))
        return row.request

    def forget(self, older_than_s: float = KEPT_S) -> None:
        with self.database.write() as connection:
            connection.execute(delete(promises).where(promises.c.created_at < time.time() - older_than_s))


def read_key(header: str | None) -> str | None:
    """The key in an `Idempotency-Key` header, with or without its quotation marks. Raises MalformedBody."""
    if header is None:
        return None
    match = _KEY.fullmatch(header.strip())
    if match is None:
        raise MalformedBody("Idempotency-Key: must be 1 to 255 printable ASCII characters")
    return match[1] or match[2]
