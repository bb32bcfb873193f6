"""How a route finds the desk of the app that it belongs to."""

from flask import current_app

from aimusic.service.desk import Desk


def desk() -> Desk:
    return current_app.extensions["desk"]
