"""Finished files can be fetched whole, in ranges and again, and nothing else can."""

import hashlib
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st


@pytest.fixture(scope="module")
def piece(service):
    return service.test_client().post("/api/generate", json={"seed": 77}).get_json()


@pytest.fixture
def get(client):
    """GET that closes the file of its answer."""

    def fetch(url, method="GET", **headers):
        with client.open(
            url, method=method, headers={k.replace("_", "-"): v for k, v in headers.items()}
        ) as answer:
            answer.get_data()
            return answer

    return fetch


def test_the_wav_is_what_was_announced(get, piece):
    answer = get(piece["download_url"])
    assert answer.status_code == 200 and answer.content_type == "audio/wav"
    assert len(answer.data) == piece["size_bytes"] == int(answer.headers["Content-Length"])
    assert hashlib.sha256(answer.data).hexdigest() == piece["sha256"]
    assert answer.data[:4] == b"RIFF"


def test_the_midi_lies_beside_it(get, piece):
    answer = get(piece["midi_url"])
    assert answer.content_type == "audio/midi" and answer.data[:4] == b"MThd"


def test_it_may_be_kept_for_ever_and_is_not_sent_twice(get, piece):
    answer = get(piece["download_url"])
    assert answer.headers["ETag"] == f'"{piece["sha256"]}"'
    assert set(answer.headers["Cache-Control"].split(", ")) == {"public", "immutable", "max-age=31536000"}
    again = get(piece["download_url"], If_None_Match=answer.headers["ETag"])
    assert again.status_code == 304 and not again.data


def test_head_tells_the_size_without_the_bytes(get, piece):
    answer = get(piece["download_url"], method="HEAD")
    assert answer.status_code == 200 and not answer.data
    assert int(answer.headers["Content-Length"]) == piece["size_bytes"]


def test_it_is_played_in_place_unless_a_download_is_asked_for(get, piece):
    assert get(piece["download_url"]).headers["Content-Disposition"].startswith("inline")
    saved = get(piece["download_url"] + "?download=1").headers["Content-Disposition"]
    assert saved == f"attachment; filename={piece['filename']}"


@pytest.mark.parametrize(
    ("wanted", "first", "last"), [("bytes=0-99", 0, 99), ("bytes=100-", 100, -1), ("bytes=-10", -10, -1)]
)
def test_a_range_is_that_part(get, piece, wanted, first, last):
    whole = get(piece["download_url"]).data
    answer = get(piece["download_url"], Range=wanted)
    first, last = first % len(whole), last % len(whole)
    assert answer.status_code == 206 and answer.data == whole[first : last + 1]
    assert answer.headers["Content-Range"] == f"bytes {first}-{last}/{len(whole)}"


def test_a_range_of_another_version_gives_the_whole(get, piece):
    assert get(piece["download_url"], Range="bytes=0-9", If_Range='"other"').status_code == 200
    assert get(piece["download_url"], Range="bytes=0-9", If_Range=f'"{piece["sha256"]}"').status_code == 206


@pytest.mark.parametrize(
    "wanted", ["bytes=9-1", "bytes=999999999-", "bytes=0-1,5-9", "bytes=x-y", "pages=1", "bytes=--"]
)
def test_a_range_that_makes_no_sense_is_refused_or_ignored(get, piece, wanted):
    answer = get(piece["download_url"], Range=wanted)
    assert answer.status_code in (200, 416)
    if answer.status_code == 416:
        assert answer.content_type == "application/problem+json"
        assert answer.headers["Content-Range"] == f"bytes */{piece['size_bytes']}"


NAMES = [
    "..", "../aimusic.db", "../../etc/passwd", "..%2faimusic.db", "%2e%2e%2faimusic.db", "....//aimusic.db",
    "..\\aimusic.db", "..%5caimusic.db", "%00", "a.wav%00.mid", "/etc/passwd", "%2fetc%2fpasswd", "aimusic.db",
    "CON", "con.wav", "．．／aimusic.db", "x" * 5000, "*", "%", "' OR 1=1 --", "\n", "%ff%fe", "classical_.wav",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES, ids=lambda name: ascii(name[:20]))
def test_other_names_lead_nowhere(get, name):
    for written in (name, quote(name, safe="%")):
        answer = get(f"/api/download/{written}")
        assert answer.status_code == 404 and answer.content_type == "application/problem+json"
        assert answer.get_json()["success"] is False


@given(name=st.text(min_size=1, max_size=60))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_invented_name_is_ever_a_file(get, name):
    assert get("/api/download/" + quote(name, safe="", errors="replace")).status_code in (404, 405, 308)


def test_upper_case_is_another_name(get, piece):
    assert get(piece["download_url"].upper().replace("/API/DOWNLOAD/", "/api/download/")).status_code == 404


def test_a_link_in_the_folder_is_no_piece(get, service):
    """Only what the database names is served, whatever lies in the folder."""
    folder = service.extensions["desk"].records.storage.pieces
    (folder / "link.wav").symlink_to("/etc/hostname")
    assert get("/api/download/link.wav").status_code == 404
