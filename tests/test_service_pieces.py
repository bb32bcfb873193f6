"""`/api/v1/pieces`: pieces are ordered, listed, annotated and removed."""

import re
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aimusic.service.library import Piece
from aimusic.service.storage import StoredFile
from tests.fake_worker import SLOW
from tests.test_service_generate import attempts, desk

HERE = "/api/v1/pieces"


def order(client, headers=None, **wishes):
    return client.post(HERE, json=wishes, headers=headers or {})


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """An app whose library holds seven pieces, three of them of one moment; no worker is started."""
    from aimusic.service.app import create_app
    from aimusic.settings import Settings

    app = create_app(Settings(_env_file=None, data_dir=tmp_path_factory.mktemp("library"), workers=1), ("true",))
    records = desk(app).records
    records.prepare()
    for n, when in enumerate((1.0, 2.0, 3.5, 3.5, 3.5, 4.0, 5.123456789)):
        put(records, f"{n:024x}", when, "jazz" if n % 2 else "rock")
    yield app
    desk(app).close()


def put(records, name, created_at, style, **notes):
    from aimusic.music.request import Request
    from aimusic.service.library import put as add
    from tests.fake_worker import facts

    files = []
    for end in ("wav", "mid"):
        (records.storage.pieces / f"{style}_{name}.{end}").write_bytes(b"x" * 100)
        files.append(StoredFile(f"{style}_{name}.{end}", 100, "0" * 64))
    known = facts(Request(style=style, tempo=100.0, seed=1))
    with records.database.write() as connection:
        add(connection, Piece(name, style, *files, known, 0.1, created_at, **notes))


def test_an_order_is_answered_with_the_piece_and_its_place(client):
    answer = order(client, style="jazz", duration=12, seed=21)
    piece = answer.get_json()
    assert answer.status_code == 201 and answer.headers["Location"] == f"{HERE}/{piece['id']}"
    assert re.fullmatch(r"[0-9a-f]{24}", piece["id"]) and piece["seed"] == piece["request"]["seed"] == 21
    assert client.get(answer.headers["Location"]).get_json() == piece
    assert set(piece["links"]["audio"]) == {"wav", "flac", "mp3", "ogg", "opus"}


def test_both_doors_lead_to_the_same_piece(service, client):
    piece = order(client, seed=22).get_json()
    old = client.post("/api/generate", json={"seed": 22}).get_json()
    assert old["sha256"] == piece["sha256"] and piece["id"] in old["filename"] and attempts(service, 22) == 1


@pytest.mark.parametrize("wishes", [{"tempo": 1}, {"style": "polka"}, {"wish": 1}])
def test_a_wrong_wish_is_refused_as_at_the_old_door(client, wishes):
    new, old = order(client, **wishes), client.post("/api/generate", json=wishes)
    assert new.status_code == old.status_code == 422 and new.get_json()["errors"] == old.get_json()["errors"]


@pytest.mark.parametrize("prefer", ["respond-async", "wait=10, respond-async", "Respond-Async; x=1"])
def test_who_prefers_not_to_wait_gets_the_job(service, client, prefer):
    answer = order(client, {"Prefer": prefer}, seed=SLOW + 20 + len(prefer))
    job = answer.get_json()
    assert answer.status_code == 202 and answer.headers["Preference-Applied"] == "respond-async"
    assert answer.headers["Location"] == f"/api/v1/jobs/{job['id']}" and int(answer.headers["Retry-After"]) > 0
    assert job["status"] in ("queued", "running") and job["result"] is None and job["error"] is None


def test_a_piece_that_is_there_needs_no_job(client):
    order(client, seed=23)
    assert order(client, {"Prefer": "respond-async"}, seed=23).status_code == 201


def test_a_repeated_key_gives_the_same_music_though_the_seed_was_drawn(client):
    first = order(client, {"Idempotency-Key": '"abc"'}, style="rock")
    again = order(client, {"Idempotency-Key": "abc"}, style="rock")
    assert first.get_json() == again.get_json() and again.status_code == 201
    assert order(client, {"Idempotency-Key": "abd"}, style="rock").get_json()["seed"] != first.get_json()["seed"]


def test_a_key_stands_for_one_request_only(client):
    order(client, {"Idempotency-Key": "one"}, seed=24)
    answer = order(client, {"Idempotency-Key": "one"}, seed=25)
    assert answer.status_code == 422 and answer.get_json()["errors"][0]["code"] == "key_reused"


@pytest.mark.parametrize("key", ["", '""', "x" * 256, "é", 'a"b'])
def test_a_key_that_is_none_is_refused(client, key):
    assert order(client, {"Idempotency-Key": key}, seed=1).status_code == 400


def test_promises_are_kept_for_a_day(records):
    records.promises.keep("k", {}, {"seed": 1})
    assert records.promises.keep("k", {}, {"seed": 2}) == {"seed": 1}
    records.promises.forget()
    assert records.promises.keep("k", {}, {"seed": 2}) == {"seed": 1}
    records.promises.forget(older_than_s=-1)
    assert records.promises.keep("k", {}, {"seed": 2}) == {"seed": 2}


@pytest.mark.parametrize("limit", [1, 2, 3, 6, 7, 8])
def test_pages_follow_each_other_without_a_gap_or_a_double(library, limit):
    """Also where several pieces were made in the same moment."""
    client, url, seen = library.test_client(), f"{HERE}?limit={limit}", []
    while url:
        answer = client.get(url)
        page = answer.get_json()
        assert len(page["items"]) <= limit
        seen += [item["id"] for item in page["items"]]
        link = re.fullmatch(r'<(.+)>; rel="next"', answer.headers.get("Link", ""))
        assert (link is None) == (page["next_cursor"] is None)
        url = link and link[1]
    assert seen == [f"{n:024x}" for n in (6, 5, 4, 3, 2, 1, 0)]


def test_a_filter_holds_on_every_page(library):
    client = library.test_client()
    answer = client.get(f"{HERE}?style=jazz&limit=2")
    following = client.get(re.match("<(.+)>", answer.headers["Link"])[1]).get_json()
    items = answer.get_json()["items"] + following["items"]
    assert [int(item["id"], 16) for item in items] == [5, 3, 1]
    assert all(item["style"] == "jazz" for item in items)


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "limit=x", "limit=-1", "limit=", "cursor=x", "cursor=eA==", "cursor=%C3%A9",
              "style=polka", "favourite=yes"],
)  # fmt: skip
def test_a_wrong_question_is_named(library, query):
    answer = library.test_client().get(f"{HERE}?{query}")
    assert answer.status_code == 422
    assert answer.get_json()["errors"][0]["pointer"] == "?" + query.split("=")[0]


def test_notes_are_kept_and_found(library):
    client, url = library.test_client(), f"{HERE}/{0:024x}"
    notes = {"title": "Rain <on> the roof", "tags": ["quiet", "100%"], "favourite": True}
    assert notes.items() <= client.patch(url, json=notes).get_json().items()
    assert notes.items() <= client.get(url).get_json().items()
    assert client.patch(url, json={"title": "Rain"}).get_json()["tags"] == ["quiet", "100%"]
    for query, count in (("tag=quiet", 1), ("tag=100%25", 1), ("tag=qui", 0), ("favourite=true", 1)):
        assert len(client.get(f"{HERE}?{query}").get_json()["items"]) == count, query
    assert len(client.get(f"{HERE}?favourite=false").get_json()["items"]) == 6


@pytest.mark.parametrize(
    ("notes", "pointer"),
    [
        ({"title": "x" * 201}, "#/title"),
        ({"title": None}, "#/title"),
        ({"tags": "quiet"}, "#/tags"),
        ({"tags": ["a"] * 21}, "#/tags"),
        ({"tags": ["a", ""]}, "#/tags/1"),
        ({"tags": [7]}, "#/tags/0"),
        ({"favourite": 1}, "#/favourite"),
        ({"style": "jazz"}, "#/style"),
    ],
)
def test_wrong_notes_are_refused_and_change_nothing(library, notes, pointer):
    client, url = library.test_client(), f"{HERE}/{1:024x}"
    before = client.get(url).get_json()
    answer = client.patch(url, json=notes)
    assert answer.status_code == 422 and answer.get_json()["errors"][0]["pointer"] == pointer
    assert client.get(url).get_json() == before


def test_a_removed_piece_is_gone_with_its_files_and_can_be_made_again(service, client):
    piece = order(client, seed=26).get_json()
    client.patch(piece["links"]["self"], json={"title": "Gone"})
    assert client.delete(piece["links"]["self"]).status_code == 204
    for method in (client.get, client.delete):
        assert method(piece["links"]["self"]).status_code == 404
    assert not list(desk(service).records.storage.pieces.glob(f"*{piece['id']}*"))
    again = order(client, seed=26).get_json()
    assert again["sha256"] == piece["sha256"] and again["title"] == ""


def test_who_downloads_a_piece_gets_it_to_its_end(client):
    piece = order(client, seed=27).get_json()
    name = client.post("/api/generate", json={"seed": 27}).get_json()["download_url"]
    with client.get(name) as download:
        client.delete(piece["links"]["self"])
        assert len(download.data) == piece["size_bytes"]


def test_a_piece_made_again_keeps_its_notes(service, client):
    piece = order(client, seed=28).get_json()
    client.patch(piece["links"]["self"], json={"title": "Kept", "tags": ["a"]})
    next(desk(service).records.storage.pieces.glob(f"*{piece['id']}.wav")).unlink()
    assert client.get(piece["links"]["self"]).status_code == 404
    assert order(client, seed=28).get_json() | {"created_at": 0, "generation_seconds": 0} == {
        **piece, "title": "Kept", "tags": ["a"], "created_at": 0, "generation_seconds": 0
    }  # fmt: skip


def test_favourites_are_never_removed_to_make_room(records):
    put(records, "a", 1.0, "s", favourite=True)
    put(records, "b", 2.0, "s")
    put(records, "c", time.time(), "s")
    assert records.library.expire(older_than_s=3600) == 1
    assert records.library.prune(keep_bytes=10) == 1
    assert [piece.id for piece in records.library.page(9)] == ["a"]
    assert records.library.prune(keep_bytes=10) == 0


@given(name=st.text(min_size=1, max_size=40))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_invented_id_is_ever_a_piece(library, name):
    from urllib.parse import quote

    answer = library.test_client().get(f"{HERE}/" + quote(name, safe="", errors="replace"))
    assert answer.status_code in (404, 405, 308)
