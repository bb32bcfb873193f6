"""What can be asked for is told as it is, and a plan is what the piece becomes."""

import pytest

from aimusic import __version__
from aimusic.music.request import Request
from aimusic.service.catalogue import SAMPLE_RATE
from aimusic.service.maker import Studio
from aimusic.style import load_styles
from aimusic.synth import kernels
from aimusic.synth.instruments import load_instruments
from tests.test_service_generate import desk

HERE = "/api/v1"


def test_styles_are_told_as_at_the_old_door(client):
    assert client.get(f"{HERE}/styles").get_json()["items"] == client.get("/api/styles").get_json()["styles"]


def test_every_instrument_is_told_as_the_synthesiser_knows_it(client):
    items = client.get(f"{HERE}/instruments").get_json()["items"]
    known = load_instruments()
    assert [item["name"] for item in items] == list(known)
    for item in items:
        for name in ("family", "program", "low", "high", "is_drum"):
            assert item[name] == getattr(known[item["name"]], name)
    for style in load_styles().values():
        playing = {item["name"] for item in items if style.name in item["styles"]}
        assert playing == {part.instrument for part in style.parts}


def test_capabilities_are_those_of_this_installation(start_app):
    told = start_app(queue_limit=7).test_client().get(f"{HERE}/capabilities").get_json()
    assert told["version"] == __version__ and told["limits"]["queue_limit"] == 7
    assert told["duration"] == {"minimum": 1, "maximum": 300} and told["tempo"] == {"minimum": 60, "maximum": 200}
    assert told["sample_rate"] == SAMPLE_RATE == kernels.SAMPLE_RATE
    assert told["styles"] == list(load_styles())


def test_a_plan_tells_the_form_and_makes_no_piece(service, client):
    client.get(f"{HERE}/pieces")
    before = desk(service).records.library.page(1)
    told = client.post(f"{HERE}/plan", json={"style": "rock", "duration": 12, "seed": 51}).get_json()
    assert told["duration"] == 12 and told["bars"] == 8 and told["request"]["seed"] == 51
    assert told["chords"][0]["symbol"] == "Am7" and told["sections"][0]["name"] == "theme"
    assert desk(service).records.library.page(1) == before


@pytest.mark.parametrize(("wishes", "status"), [({"tempo": 1}, 422), ({"wish": 1}, 422)])
def test_a_wrong_plan_is_refused(client, wishes, status):
    assert client.post(f"{HERE}/plan", json=wishes).status_code == status


def test_the_estimate_comes_from_what_was_made(start_app):
    client = start_app().test_client()
    assert client.post(f"{HERE}/plan", json={"duration": 10}).get_json()["estimated_seconds"] is None
    made = client.post(f"{HERE}/pieces", json={"duration": 20, "seed": 52}).get_json()
    estimate = client.post(f"{HERE}/plan", json={"duration": 10}).get_json()["estimated_seconds"]
    assert estimate == pytest.approx(made["generation_seconds"] / 2, abs=0.006)


@pytest.mark.slow
def test_the_real_plan_is_what_the_piece_becomes(tmp_path):
    request = Request(style="jazz", duration=8.0, tempo=132.0, seed=5)
    studio = Studio()
    made = studio.make(request, tmp_path, lambda stage: None)
    assert studio.plan(request).items() <= made.facts.items()
