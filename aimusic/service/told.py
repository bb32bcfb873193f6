"""The answers of the first endpoints, as pydantic models: only to describe them; their shapes never change."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from aimusic.service.answers import Answer, StyleAnswer, Wishes


class FrontDoor(Answer):
    """What the service is and can."""

    status: Literal["running"]
    message: str
    version: str
    features: tuple[str, ...]
    styles: tuple[str, ...]
    endpoints: dict[str, str]


class SectionStart(Answer):
    """A part of the form."""

    name: str
    start_s: float
    bars: int


class Generated(Answer):
    """A finished piece, as `/api/generate` tells it."""

    success: Literal[True]
    message: str
    filename: str
    duration: float
    style: str
    tempo: float
    seed: int
    key: str
    bars: int
    time_signature: str
    chords: tuple[tuple[float, float, str], ...]
    sections: tuple[SectionStart, ...]
    download_url: str
    midi_url: str
    request: Wishes
    sample_rate: int
    channels: int
    size_bytes: int
    sha256: str
    generation_seconds: float


class Styles(Answer):
    """Every style."""

    styles: tuple[StyleAnswer, ...]


class Health(Answer):
    """Can music be made?"""

    status: Literal["healthy", "unhealthy"]
    timestamp: str
    version: str
    device: str
    audio_libs: bool
    ai_libs: bool
    checks: dict[str, str]


class Alive(Answer):
    """The process answers."""

    status: Literal["alive"]


class ReadyCheck(Answer):
    """One thing that must be well."""

    ok: bool
    detail: str


class Ready(Answer):
    """Is everything there to make a piece at once?"""

    status: Literal["ready", "not ready"]
    checks: dict[str, ReadyCheck]


class FieldProblem(Answer):
    """A wrong field of the body (`#/tempo`), part of the address (`?limit`) or header."""

    pointer: str
    detail: str
    code: str


class Problem(BaseModel):
    """What went wrong (RFC 9457). `success` and `error` are for older clients."""

    model_config = ConfigDict(extra="forbid")

    type: str
    status: int
    title: str
    detail: str
    instance: str
    request_id: str
    success: Literal[False]
    error: str
    errors: tuple[FieldProblem, ...] = Field((), description="For status 422; at most ten.")
    request: Wishes | None = Field(None, description="For status 503: what to send again.")
