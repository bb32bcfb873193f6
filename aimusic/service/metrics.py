"""Figures for Prometheus: what this process has answered, and the state of jobs, library and workers."""

import time
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from sqlalchemy.exc import SQLAlchemyError

from aimusic import __version__
from aimusic.service.records import Records

METHODS = ("GET", "HEAD", "POST", "PATCH", "DELETE", "OPTIONS")
BUCKETS_S = (0.005, 0.02, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 120)
STATES = ("starting", "ready", "busy")


class Metrics:
    """One for each app. Labels have few values, whatever callers send."""

    def __init__(self, records: Records):
        self._registry = CollectorRegistry()
        self._answers = Counter(
            "aimusic_answers", "Answers by address, method and status.", ["address", "method", "status"],
            registry=self._registry,
        )  # fmt: skip
        self._seconds = Histogram(
            "aimusic_answer_seconds", "Time until the answer began.", ["address"],
            buckets=BUCKETS_S, registry=self._registry,
        )  # fmt: skip
        self._registry.register(State(records))

    def count(self, address: str, method: str, status: int, seconds: float) -> None:
        """Note an answer."""
        self._answers.labels(address, method if method in METHODS else "other", str(status)).inc()
        self._seconds.labels(address).observe(seconds)

    def text(self) -> bytes:
        """All figures in Prometheus' text format."""
        return generate_latest(self._registry)


class State:
    """Reads the tables when the figures are asked for: they are the same in every process."""

    def __init__(self, records: Records):
        self._records = records

    def describe(self) -> list[Metric]:
        """Nothing: a collector that says so is not asked before the tables are there."""
        return []

    def collect(self) -> Iterator[Metric]:
        version = GaugeMetricFamily("aimusic_version", "Always 1.", labels=["version"])
        version.add_metric([__version__], 1)
        yield version
        started = time.perf_counter()
        try:
            figures = list(self._figures())
        except (SQLAlchemyError, OSError):
            yield GaugeMetricFamily("aimusic_database_up", "1 where the database answers.", value=0)
            return
        yield GaugeMetricFamily("aimusic_database_up", "1 where the database answers.", value=1)
        yield GaugeMetricFamily("aimusic_database_seconds", "Time it took.", value=time.perf_counter() - started)
        yield from figures

    def _figures(self) -> Iterator[Metric]:
        records = self._records
        jobs = GaugeMetricFamily("aimusic_jobs", "Jobs on record by status.", labels=["status"])
        for status, count in records.jobs.tally().items():
            jobs.add_metric([status], count)
        workers = GaugeMetricFamily("aimusic_workers", "Workers that live, by state.", labels=["state"])
        states = [member.state for member in records.roster.alive()]
        for state in STATES:
            workers.add_metric([state], states.count(state))
        yield jobs
        yield workers
        yield GaugeMetricFamily("aimusic_pieces", "Finished pieces.", value=records.library.count())
        yield GaugeMetricFamily("aimusic_library_bytes", "All their files.", value=records.library.total_bytes())
        yield GaugeMetricFamily("aimusic_disk_free_bytes", "Free space.", value=records.storage.free_bytes())
