"""The answers of `/api/v1`, as pydantic models: routes fill them in, and the OpenAPI document describes them."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from aimusic.errors import JobFailed
from aimusic.music.request import MAX_SEED, Request
from aimusic.music.rhythm import METRES, Tempo
from aimusic.service.jobs import Job
from aimusic.service.library import Piece
from aimusic.service.provenance import SOURCE_TYPE

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


def piece_url(piece_id: str) -> str:
    return f"/api/v1/pieces/{piece_id}"


def job_url(job_id: str) -> str:
    return f"/api/v1/jobs/{job_id}"


def tell_piece(piece: Piece) -> PieceAnswer:
    """A piece as the API tells it."""
    facts, here = piece.facts, piece_url(piece.id)
    told = ("duration", "tempo", "key", "time_signature", "bars", "sample_rate", "channels")
    return PieceAnswer(
        id=piece.id,
        title=piece.title,
        tags=piece.tags,
        favourite=piece.favourite,
        style=piece.style,
        seed=facts["request"]["seed"],
        size_bytes=piece.audio.size_bytes,
        sha256=piece.audio.sha256,
        generation_seconds=piece.generation_s,
        created_at=_moment(piece.created_at),
        request=_wishes(facts["request"]),
        links=PieceLinks(
            self=here,
            audio={ending: f"{here}/audio.{ending}" for ending in AUDIO},
            midi=f"{here}/midi",
            timeline=f"{here}/timeline.json",
            peaks=f"{here}/peaks.json",
            pianoroll=f"{here}/pianoroll.svg",
            license=f"{here}/license.json",
        ),
        **{name: facts[name] for name in told},
    )


def tell_timeline(piece: Piece) -> Timeline:
    """When beats, chords and sections of a piece come."""
    facts = piece.facts
    tempo = Tempo(facts["tempo"], METRES[facts["time_signature"]])
    return Timeline(
        beats=tuple(_beats(tempo, facts["bars"], facts["duration"])),
        chords=_chords(facts),
        sections=_sections(facts),
        **{name: facts[name] for name in ("duration", "tempo", "time_signature", "key")},
    )


def tell_plan(facts: dict, pace: float | None) -> PlanAnswer:
    """What a request would become; `pace`: seconds of computing for each second of music."""
    return PlanAnswer(
        chords=_chords(facts),
        sections=_sections(facts),
        request=_wishes(facts["request"]),
        estimated_seconds=None if pace is None else round(pace * facts["duration"], 2),
        **{name: facts[name] for name in ("duration", "tempo", "key", "time_signature", "bars")},
    )


def _chords(facts: dict) -> tuple[ChordTime, ...]:
    return tuple(ChordTime(start=start, end=end, symbol=symbol) for start, end, symbol in facts["chords"])


def _sections(facts: dict) -> tuple[SectionTime, ...]:
    ends = [section["start_s"] for section in facts["sections"][1:]] + [facts["duration"]]
    return tuple(
        SectionTime(name=section["name"], start=section["start_s"], end=end, bars=section["bars"])
        for section, end in zip(facts["sections"], ends, strict=True)
    )


def _beats(tempo: Tempo, bars: int, duration_s: float) -> Iterator[Beat]:
    for number in range(bars * tempo.metre.beats):
        at_s = round(tempo.seconds(number * tempo.metre.beat_ticks), 3)
        if at_s < duration_s:  # the last bar may be cut short
            yield Beat(time=at_s, bar=number // tempo.metre.beats + 1, beat=number % tempo.metre.beats + 1)


def tell_license(piece: Piece) -> LicenseAnswer:
    """Where a piece comes from."""
    here = piece_url(piece.id)
    known = piece.facts.get("provenance", {})
    files = {"wav": (f"{here}/audio.wav", piece.audio), "midi": (f"{here}/midi", piece.midi)}
    return LicenseAnswer(
        piece_id=piece.id,
        created_at=_moment(piece.created_at),
        digital_source_type=SOURCE_TYPE,
        request=_wishes(piece.facts["request"]),
        files={
            name: LicenseFile(url=url, sha256=file.sha256, size_bytes=file.size_bytes)
            for name, (url, file) in files.items()
        },
        **{name: known.get(name) for name in _RECORDED},
    )


_RECORDED = ("version", "engine_hash", "style_hash", "libraries", "training_data")


def tell_job(job: Job, queue_position: int | None) -> JobAnswer:
    """A job as the API tells it."""
    done = job.status == "succeeded"
    return JobAnswer(
        id=job.id,
        status=job.status,
        progress=job.progress,
        stage=None if job.is_over else job.stage,
        queue_position=queue_position,
        attempts=job.attempts,
        created_at=_moment(job.created_at),
        started_at=_moment(job.started_at),
        finished_at=_moment(job.finished_at),
        request=_wishes(job.request),
        result=JobResult(piece_id=job.piece_id, url=piece_url(job.piece_id)) if done else None,
        error=JobFailed(job.problem).problem() if job.problem else None,
        links={"self": job_url(job.id), "events": job_url(job.id) + "/events"},
    )


def _wishes(request: dict) -> Wishes:
    """A request that was kept as JSON, where tuples are lists."""
    return Wishes.model_validate(request, strict=False)


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
