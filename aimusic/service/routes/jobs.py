"""`/api/v1/jobs`: how far is the work, what came of it; cancel it; follow it."""

from flask import Blueprint, Response, request

from aimusic.errors import NotFound
from aimusic.service import asked
from aimusic.service.access import desk
from aimusic.service.answers import JobAnswer, JobPage
from aimusic.service.events import event_id, is_over
from aimusic.service.jobs import STATES, Job
from aimusic.service.records import Records
from aimusic.service.telling import tell_job

routes = Blueprint("jobs", __name__, url_prefix="/api/v1/jobs")


def look(records: Records, job_id: str) -> JobAnswer | None:
    """A job as it is now."""
    job = records.jobs.find_piece_job(job_id)
    return _tell(records, job) if job else None


def _tell(records: Records, job: Job) -> JobAnswer:
    return tell_job(job, records.jobs.position(job))


def found(job_id: str) -> JobAnswer:
    """A job by its id. Raises NotFound."""
    desk().open()
    job = look(desk().records, job_id)
    if job is None:
        raise NotFound("there is no such job; records of finished jobs are kept for AIMUSIC_KEEP_JOBS_DAYS")
    return job


@routes.get("")
def index() -> Response:
    """The jobs, the newest first, page by page."""
    limit = asked.limit(request.args)
    before = asked.cursor(request.args, r"[0-9]{1,15}")
    status = asked.choice(request.args, "status", {state: state for state in STATES})
    desk().open()
    rows = desk().records.jobs.page(limit + 1, int(before) if before else None, status)
    next_cursor = asked.write_cursor(str(rows[limit - 1][0])) if len(rows) > limit else None
    items = tuple(_tell(desk().records, job) for _, job in rows[:limit])
    return asked.link_next(asked.told(JobPage(items=items, next_cursor=next_cursor)), request, next_cursor)


@routes.get("/<job_id>")
def show(job_id: str) -> Response:
    """One job. `Retry-After` says when it is worth asking again."""
    job = found(job_id)
    response = asked.told(job)
    if not is_over(job):
        response.headers["Retry-After"] = "1"
    return response


@routes.delete("/<job_id>")
def cancel(job_id: str) -> Response:
    """Cancel a job; one that is over stays as it is."""
    found(job_id)
    desk().cancel(job_id)
    return asked.told(found(job_id))


@routes.get("/<job_id>/events")
def events(job_id: str) -> Response:
    """Follow a job until it is over; 204 tells a client that has heard the end not to come back."""
    job, last_id = found(job_id), request.headers.get("Last-Event-ID")
    if is_over(job) and event_id(job) == last_id:
        return Response(status=204)
    streams, records = desk().streams, desk().records
    leave = streams.open()
    told = streams.follow(lambda: look(records, job_id), last_id)
    response = Response(told, mimetype="text/event-stream")
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"
    response.call_on_close(leave)
    return response
