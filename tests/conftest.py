"""The service under test: the real app and the real worker process, with a maker that takes milliseconds."""

import pytest

from aimusic.service.app import create_app
from aimusic.service.records import open_records
from aimusic.settings import Settings
from tests.checked_client import CheckedClient
from tests.serve_fake import FAKE_WORKER


@pytest.fixture
def make_settings(tmp_path):
    """Settings of a temporary installation, untouched by the environment of the tests."""

    def make(**changes):
        return Settings(_env_file=None, **{"data_dir": tmp_path / "data", "workers": 1, **changes})

    return make


@pytest.fixture
def records(make_settings):
    """Files and tables without any process."""
    opened = open_records(make_settings())
    opened.prepare()
    yield opened
    opened.close()


@pytest.fixture
def start_app(make_settings):
    """Makes apps with workers of their own, and ends them after the test."""
    apps = []

    def start(**changes):
        apps.append(create_app(make_settings(**changes), FAKE_WORKER))
        apps[-1].test_client_class = CheckedClient
        return apps[-1]

    yield start
    for app in apps:
        app.extensions["desk"].close()


@pytest.fixture(scope="session")
def service(tmp_path_factory):
    """One running app for all tests that leave it as it was."""
    settings = Settings(_env_file=None, data_dir=tmp_path_factory.mktemp("service"), workers=2)
    app = create_app(settings, FAKE_WORKER)
    app.test_client_class = CheckedClient
    yield app
    app.extensions["desk"].close()


@pytest.fixture
def client(service):
    return service.test_client()
