"""Read by `gunicorn ai_music_system:app`; AIMUSIC_* and PORT say what may differ."""

from aimusic.service.server import options
from aimusic.settings import load_settings

globals().update(options(load_settings()))
