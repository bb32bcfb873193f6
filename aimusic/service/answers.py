"""The answers of `/api/v1` as pydantic models: `telling.py` fills them in, the OpenAPI document describes them."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from aimusic.music.request import MAX_SEED, Request

AUDIO = ("wav", "flac", "mp3", "ogg", "opus")


class Answer(BaseModel):
    """Base of all answers: nothing is said that is not described."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Wishes(Request):
    """The request with every default filled in; sent again, it gives the same music."""

    seed: int = Field(ge=0, le=MAX_SEED)


class PieceLinks(Answer):
    """Where the files of a piece are."""

    self: str
    audio: dict[Literal["wav", "flac", "mp3", "ogg", "opus"], str]
    midi: str
    timeline: str
    peaks: str
    pianoroll: str
    license: str


class PieceAnswer(Answer):
    """A finished piece."""

    id: str = Field(description="Hash of the request, the engine and the style's weights.")
    title: str
    tags: tuple[str, ...]
    favourite: bool
    style: str
    duration: float = Field(description="Seconds; the audio is exactly this long.")
    tempo: float = Field(description="Beats per minute.")
    key: str
    time_signature: str
    bars: int
    seed: int
    sample_rate: int = Field(description="Hertz.")
    channels: int
    size_bytes: int = Field(description="Of the WAV file.")
    sha256: str = Field(description="Of the WAV file.")
    generation_seconds: float
    created_at: datetime
    request: Wishes
    links: PieceLinks


class PiecePage(Answer):
    """Some pieces, the newest first; `next_cursor` asks for those after them."""

    items: tuple[PieceAnswer, ...]
    next_cursor: str | None


class ProblemAnswer(BaseModel):
    """What went wrong (RFC 9457); other members may say more."""

    model_config = ConfigDict(frozen=True, extra="allow")

    status: int
    title: str
    detail: str


class JobResult(Answer):
    """The piece that a job made."""

    piece_id: str
    url: str


class JobAnswer(Answer):
    """The work on a piece. `queue_position`: 1 is next. `progress` goes from 0 to 1."""

    id: str
    status: Literal["queued", "running", "succeeded", "failed", "cancelled"]
    progress: float = Field(ge=0, le=1)
    stage: str | None = Field(description="compose, arrange, render, mix or encode; null before and after.")
    queue_position: int | None
    attempts: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    request: Wishes
    result: JobResult | None
    error: ProblemAnswer | None
    links: dict[Literal["self", "events"], str]


class JobPage(Answer):
    """Some jobs, the newest first; `next_cursor` asks for those after them."""

    items: tuple[JobAnswer, ...]
    next_cursor: str | None


class Beat(Answer):
    """A beat: seconds from the start, its bar and its place in the bar, both from 1."""

    time: float
    bar: int
    beat: int


class ChordTime(Answer):
    """A chord and the seconds in which it holds."""

    start: float
    end: float
    symbol: str


class SectionTime(Answer):
    """A part of the form."""

    name: str
    start: float
    end: float
    bars: int


class Timeline(Answer):
    """When what comes, in seconds from the start."""

    duration: float
    tempo: float
    time_signature: str
    key: str
    beats: tuple[Beat, ...]
    chords: tuple[ChordTime, ...]
    sections: tuple[SectionTime, ...]


class TrainingData(Answer):
    """A data set that the networks have learned from."""

    id: str
    title: str
    licence: str
    share_alike: bool
    attribution: str
    songs: int


class LicenseFile(Answer):
    """A file and its SHA-256."""

    url: str
    sha256: str
    size_bytes: int


class LicenseAnswer(Answer):
    """Where a piece comes from. What was not recorded when it was made is null."""

    piece_id: str
    created_at: datetime
    ai_generated: Literal[True] = True
    digital_source_type: str
    request: Wishes
    version: str | None
    engine_hash: str | None
    style_hash: str | None
    libraries: dict[str, str] | None
    training_data: tuple[TrainingData, ...] | None
    files: dict[Literal["wav", "midi"], LicenseFile]


class PlanAnswer(Answer):
    """What a request would become. The request, sent again with its seed, becomes exactly this."""

    request: Wishes
    duration: float
    tempo: float
    key: str
    time_signature: str
    bars: int
    chords: tuple[ChordTime, ...]
    sections: tuple[SectionTime, ...]
    estimated_seconds: float | None = Field(description="Computing, as lately measured; null where nothing was.")


class TempoSpan(Answer):
    """Beats per minute: what a style plays when nobody asks, and where it feels at home."""

    default: float
    low: float
    high: float


class StyleAnswer(Answer):
    """What a client needs to offer a style."""

    name: str
    description: str
    tempo: TempoSpan
    keys: tuple[str, ...]
    time_signatures: tuple[str, ...]
    instruments: tuple[str, ...] = Field(description="The players' names.")


class StyleList(Answer):
    """Every style."""

    items: tuple[StyleAnswer, ...]


class InstrumentAnswer(Answer):
    """An instrument: `program` is of General MIDI, from 0; `low` and `high` are MIDI pitches."""

    name: str
    family: str
    program: int
    low: int
    high: int
    is_drum: bool
    styles: tuple[str, ...] = Field(description="The styles in which it plays.")


class InstrumentList(Answer):
    """Every instrument."""

    items: tuple[InstrumentAnswer, ...]


class Span(Answer):
    """From the least to the most."""

    minimum: float
    maximum: float


class Limits(Answer):
    """What this installation bounds; see the settings of the same names."""

    queue_limit: int
    stream_limit: int
    waiting_limit: int
    sync_deadline_s: float
    body_limit_bytes: int
    keep_gb: float
    keep_days: float


class Capabilities(Answer):
    """What this installation takes and gives."""

    version: str
    styles: tuple[str, ...]
    audio_formats: tuple[str, ...]
    sample_rate: int
    duration: Span
    tempo: Span
    limits: Limits
