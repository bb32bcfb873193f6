"""What the service knows, told as the answers of `/api/v1`: a piece, its timeline and origin, a plan, a job."""

from collections.abc import Iterator
from datetime import UTC, datetime

from aimusic.errors import JobFailed
from aimusic.music.rhythm import METRES, Tempo
from aimusic.service.answers import (
    AUDIO,
    Beat,
    ChordTime,
    JobAnswer,
    JobResult,
    LicenseAnswer,
    LicenseFile,
    PieceAnswer,
    PieceLinks,
    PlanAnswer,
    SectionTime,
    Timeline,
    Wishes,
)
from aimusic.service.jobs import Job
from aimusic.service.library import Piece
from aimusic.service.provenance import SOURCE_TYPE


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
