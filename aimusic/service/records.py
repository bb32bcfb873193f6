"""Everything that the processes of one installation share, opened from its settings."""

from dataclasses import dataclass

from aimusic.service.database import Database
from aimusic.service.jobs import Jobs
from aimusic.service.library import Library
from aimusic.service.promises import Promises
from aimusic.service.roster import Roster
from aimusic.service.storage import Storage
from aimusic.settings import Settings


@dataclass(frozen=True, slots=True)
class Records:
    """The files and tables in the data directory."""

    settings: Settings
    database: Database
    storage: Storage
    jobs: Jobs
    library: Library
    roster: Roster
    promises: Promises

    def prepare(self) -> None:
        """Make and check the folders and tables."""
        self.storage.prepare()
        self.database.prepare()

    def close(self) -> None:
        self.database.close()


def open_records(settings: Settings) -> Records:
    """Touches nothing on the disk before `prepare`."""
    root = settings.data_dir.absolute()
    database, storage = Database(root / "aimusic.db"), Storage(root)
    jobs = Jobs(database, settings.attempts, settings.lease_s, settings.queue_limit, settings.workers)
    library, roster = Library(database, storage), Roster(database)
    return Records(settings, database, storage, jobs, library, roster, Promises(database))
