"""Every setting, read once from the environment or a `.env` file: prefix `AIMUSIC_`.

Entry points make one `Settings` and pass it down; no other module reads the environment.
"""

import json
import os
from pathlib import Path
from typing import Literal

from pydantic import AliasChoices, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from aimusic.errors import InvalidSettings

PREFIX = "AIMUSIC_"
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


class Settings(BaseSettings):
    """How one installation runs. Each field is the environment variable AIMUSIC_<NAME>."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=".env",
        env_ignore_empty=True,
        frozen=True,
        extra="ignore",
        populate_by_name=True,
    )

    data_dir: Path = Field(Path("data"), description="Folder of the database and the finished pieces.")
    host: str = Field("0.0.0.0", description="Address to listen on; 127.0.0.1 for this machine only.")
    port: int = Field(
        5001,
        ge=1,
        le=65535,
        validation_alias=AliasChoices("AIMUSIC_PORT", "PORT"),
        description="Port to listen on; PORT is read as well.",
    )
    workers: int = Field(
        default_factory=lambda: min(2, os.cpu_count() or 1),
        ge=1,
        le=64,
        description="Processes that make music; by default one for each core, at most 2.",
    )
    threads: int = Field(160, ge=8, le=1000, description="Requests answered at the same time.")
    waiting_limit: int = Field(
        128, ge=1, le=1000, description="Callers who may wait for their piece at the same time; less than threads."
    )
    stream_limit: int = Field(
        16, ge=1, le=500, description="Callers who may follow a job's events at the same time."
    )
    queue_limit: int = Field(32, ge=1, le=10_000, description="Pieces that may wait for a worker; 503 beyond.")
    sync_deadline_s: float = Field(
        120.0, gt=0, le=3600, description="Longest wait of a caller before a 503 that says to ask again."
    )
    attempts: int = Field(3, ge=1, le=10, description="Times a piece is tried before it is given up.")
    lease_s: float = Field(30.0, ge=1, le=600, description="A worker that is silent for so long loses its piece.")
    job_limit_s: float = Field(300.0, ge=1, le=3600, description="Longest time that one attempt may take.")
    stop_grace_s: float = Field(
        8.0, ge=1, le=600, description="Time to end when told to stop; callers may wait for half of it."
    )
    body_limit_bytes: int = Field(64 * 1024, ge=1024, le=2**20, description="Longest request body.")
    body_limit_s: float = Field(10.0, gt=0, le=600, description="Longest time a body may take to arrive.")
    cors_origins: tuple[str, ...] = Field(
        ("http://localhost:*", "http://127.0.0.1:*"),
        description="Web pages that may call the service, as a JSON list; `*` stands for any port.",
    )
    keep_gb: float = Field(
        10.0,
        ge=0,
        description="Finished pieces beyond this size are removed, oldest first, but no favourites; 0 keeps all.",
    )
    keep_days: float = Field(
        0.0, ge=0, description="Finished pieces older than this are removed, but no favourites; 0 keeps them."
    )
    keep_jobs_days: float = Field(30.0, gt=0, description="Records of finished jobs are kept for so long.")
    min_free_mb: int = Field(200, ge=0, description="No piece is begun with less free space on the disk.")
    log_format: Literal["text", "json"] = Field("text", description="Lines for people, or a JSON object a line.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="What is logged.")

    def child_environment(self) -> dict[str, str]:
        """The environment of a worker process: ours, these settings, and one thread for each library.

        One thread keeps sums in the same order, and leaves the other cores to the other workers.
        """
        values = self.model_dump(mode="json")
        values["data_dir"] = str(self.data_dir.absolute())
        ours = {
            PREFIX + name.upper(): value if isinstance(value, str) else json.dumps(value)
            for name, value in values.items()
        }
        return {**os.environ, **ours, **ONE_THREAD}


def use_one_thread() -> None:
    """Make the numeric libraries of this process compute with one thread; call it before they are loaded."""
    os.environ.update(ONE_THREAD)


def load_settings() -> Settings:
    """Read the environment. Raises InvalidSettings that names each wrong variable."""
    try:
        return Settings()
    except ValidationError as error:
        wrong = (f"{_variable(e['loc'])}: {e['msg']}, got {e['input']!r}" for e in error.errors())
        raise InvalidSettings("; ".join(wrong)) from error


def _variable(location: tuple) -> str:
    name = str(location[0]).upper()
    return name if name.startswith(PREFIX) or name == "PORT" else PREFIX + name
