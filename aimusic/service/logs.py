"""How the processes of the service log: lines for people, or one JSON object a line for machines.

`about` says what the running thread works on; each JSON line tells it.
"""

import json
import logging
from contextvars import ContextVar
from datetime import UTC, datetime

from gunicorn.glogging import Logger

from aimusic.settings import Settings

LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"
EXTRAS = ("method", "path", "status", "duration_ms")

about: ContextVar[dict[str, str]] = ContextVar("about")


class JsonLines(logging.Formatter):
    """Time (UTC), level, logger and message; request_id or job_id; what a request line knows; the traceback."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **about.get({}),
            **{name: getattr(record, name) for name in EXTRAS if hasattr(record, name)},
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line)


class JsonGunicorn(Logger):
    """gunicorn's own lines in the same way."""

    def setup(self, cfg) -> None:
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(JsonLines())


def start_log(settings: Settings) -> None:
    """Send the log of this process to standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines() if settings.log_format == "json" else logging.Formatter(LOG_FORMAT))
    logging.basicConfig(level=settings.log_level, handlers=[handler])
    logging.getLogger("alembic").setLevel(logging.WARNING)
