"""Every error we raise on purpose, as one tree.

Each class knows its HTTP status. A message is one sentence that tells the caller what to do:
`tempo: must be between 60 and 200, got 999`.
"""

from dataclasses import asdict, dataclass


class MusicError(Exception):
    """Base of all our errors: something we understand went wrong.

    `str(error)` is safe to show to a caller.
    """

    status = 500
    title = "Internal error"

    def members(self) -> dict:
        """What a problem document says beside title, status and detail (RFC 9457, section 3.2)."""
        return {}

    def problem(self) -> dict:
        """This error as the part of a problem document that does not depend on the caller."""
        return {"status": self.status, "title": self.title, "detail": str(self), **self.members()}


@dataclass(frozen=True, slots=True)
class FieldError:
    """One wrong field: its JSON pointer (RFC 6901), a sentence, and a stable code."""

    pointer: str
    detail: str
    code: str


class InvalidRequest(MusicError):
    """A field of a request is wrong; `errors` names each one."""

    status = 422
    title = "Invalid request"

    def __init__(self, *errors: FieldError):
        self.errors = errors
        super().__init__("; ".join(f"{e.pointer.removeprefix('#/') or 'body'}: {e.detail}" for e in errors))

    def members(self) -> dict:
        return {"errors": [asdict(error) for error in self.errors]}


class MalformedBody(MusicError):
    """The body cannot be read as one JSON object."""

    status = 400
    title = "Malformed body"


class NotFound(MusicError):
    """There is nothing under this name."""

    status = 404
    title = "Not found"


class BodyTooLarge(MusicError):
    """The body is longer than the route allows."""

    status = 413
    title = "Body too large"


class UnsupportedMediaType(MusicError):
    """The body is not announced as JSON."""

    status = 415
    title = "Unsupported media type"


class GenerationFailed(MusicError):
    """A piece could not be made, after every attempt that was due."""

    status = 500
    title = "Generation failed"


class JobFailed(MusicError):
    """A job ended in an error that was recorded; this one carries its status, title and members."""

    def __init__(self, problem: dict):
        rest = dict(problem)
        self.status, self.title = rest.pop("status"), rest.pop("title")
        super().__init__(rest.pop("detail"))
        self._members = rest

    def members(self) -> dict:
        return self._members


class Unavailable(MusicError):
    """The service cannot do this now; try again after `retry_after_s` seconds, with `request` if given."""

    status = 503
    title = "Service unavailable"

    def __init__(self, detail: str, retry_after_s: int = 5, request: dict | None = None):
        self.retry_after_s = retry_after_s
        self.request = request
        super().__init__(detail)

    def members(self) -> dict:
        return {"request": self.request} if self.request else {}


class StorageFull(MusicError):
    """There is no room to keep the result."""

    status = 507
    title = "Insufficient storage"


class InvalidSettings(MusicError):
    """An environment variable is wrong; the message names it."""

    title = "Invalid settings"


class InvalidStyle(MusicError):
    """A style folder is wrong; the message names the file and the key."""

    title = "Invalid style"


class InvalidInstrument(MusicError):
    """An instrument table is wrong; the message names the instrument and the key."""

    title = "Invalid instrument"


class InvalidCheckpoint(MusicError):
    """A weights file is missing, damaged or of another version; the message names the file."""

    status = 503
    title = "Invalid checkpoint"


class InvalidData(MusicError):
    """Training data is missing, damaged or not what its manifest says."""

    title = "Invalid training data"
