"""The real server with the worker of `fake_worker.py`; settings come from the environment, as always."""

import sys
from pathlib import Path

from aimusic.service.server import Server
from aimusic.settings import load_settings

FAKE_WORKER = (sys.executable, str(Path(__file__).with_name("fake_worker.py")))

if __name__ == "__main__":
    Server(load_settings(), FAKE_WORKER).run()
