"""The web app: `app` for a WSGI server, and `python ai_music_system.py` serves it."""

from aimusic.service.app import create_app
from aimusic.service.logs import start_log
from aimusic.service.server import Server
from aimusic.settings import load_settings

settings = load_settings()
start_log(settings)
app = create_app(settings)

if __name__ == "__main__":
    Server(settings).run()
