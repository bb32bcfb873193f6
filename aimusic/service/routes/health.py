"""Is the service alive, ready, healthy? Answered from memory or by one short look at the database."""

from datetime import UTC, datetime

from flask import Blueprint, Response, current_app, jsonify
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from aimusic import __version__
from aimusic.service.access import desk
from aimusic.service.health import checks, is_starting, libraries

routes = Blueprint("health", __name__)


@routes.get("/health")
def health() -> tuple[Response, int]:
    """Can music be made? Workers that are just starting count as healthy: requests wait for them."""
    desk().open()
    found = checks(desk().records)
    faults = [check for check in found if not (check.ok or (check.name == "workers" and is_starting()))]
    answer = {
        "status": "unhealthy" if faults else "healthy",
        "timestamp": datetime.now(UTC).isoformat(),
        "version": __version__,
        "device": "cpu",
        **libraries(),
        "checks": {check.name: check.detail for check in found},
    }
    return jsonify(answer), 503 if faults else 200


@routes.get("/health/live")
def live() -> Response:
    """The process answers; nothing else is looked at."""
    return jsonify(status="alive")


@routes.get("/health/ready")
def ready() -> tuple[Response, int]:
    """Everything is there to make a piece at once."""
    desk().open()
    found = checks(desk().records)
    well = all(check.ok for check in found)
    answer = {
        "status": "ready" if well else "not ready",
        "checks": {check.name: {"ok": check.ok, "detail": check.detail} for check in found},
    }
    return jsonify(answer), 200 if well else 503


@routes.get("/metrics")
def metrics() -> Response:
    """Figures for Prometheus: of this process, and of what all processes share."""
    desk().open()
    return Response(current_app.extensions["metrics"].text(), content_type=CONTENT_TYPE_PLAIN_0_0_4)
