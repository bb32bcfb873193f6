"""Laws of the library: files are files, pages miss nothing, what is removed is gone, favourites stay."""

import random
from itertools import pairwise

import pytest

from aimusic.service.app import create_app
from aimusic.settings import Settings
from tests.test_service_generate import desk
from tests.test_service_pieces import put

HERE = "/api/v1/pieces"
KINDS = ("wav", "flac", "midi", "peaks", "pianoroll", "old wav", "old midi")


@pytest.fixture(scope="module")
def urls(service):
    """Every file of one piece by its kind, also under the addresses of the first door."""
    client = service.test_client()
    links = client.post(HERE, json={"seed": 301}).get_json()["links"]
    old = client.post("/api/generate", json={"seed": 301}).get_json()
    flat = {**links["audio"], **{name: links[name] for name in ("midi", "peaks", "pianoroll")}}
    return {**flat, "old wav": old["download_url"], "old midi": old["midi_url"]}


@pytest.fixture
def fetch(client):
    def get(url, method="GET", **headers):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        with client.open(url, method=method, headers=named) as answer:
            answer.get_data()
            return answer

    return get


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    """An app without workers, whose library the tests fill by hand."""
    app = create_app(Settings(_env_file=None, data_dir=tmp_path_factory.mktemp("shelf"), workers=1), ("true",))
    desk(app).records.prepare()
    yield app
    desk(app).close()


@pytest.mark.parametrize("kind", KINDS)
def test_head_says_what_get_says(fetch, urls, kind):
    whole, head = fetch(urls[kind]), fetch(urls[kind], "HEAD")
    assert head.status_code == 200 and head.data == b"" and whole.data
    for name in ("Content-Type", "Content-Length", "ETag", "Last-Modified", "Accept-Ranges", "Cache-Control"):
        assert head.headers[name] == whole.headers[name], name
    assert whole.headers["Accept-Ranges"] == "bytes"


@pytest.mark.parametrize("kind", KINDS)
def test_parts_put_together_are_the_whole(fetch, urls, kind):
    """Cuts anywhere, the last part open; each part says where it belongs."""
    whole = fetch(urls[kind]).data
    inner = random.Random(kind).sample(range(1, len(whole)), 3)
    cuts, joined = [0, *sorted(inner), len(whole)], b""
    for start, end in pairwise(cuts):
        last = "" if end == len(whole) else end - 1
        part = fetch(urls[kind], Range=f"bytes={start}-{last}")
        assert part.status_code == 206
        assert part.headers["Content-Range"] == f"bytes {start}-{end - 1}/{len(whole)}"
        joined += part.data
    assert joined == whole
    assert fetch(urls[kind], Range=f"bytes=0-{len(whole) * 9}").data == whole


@pytest.mark.parametrize("kind", KINDS)
def test_a_range_behind_the_end_is_refused_with_the_size(fetch, urls, kind):
    size = len(fetch(urls[kind]).data)
    answer = fetch(urls[kind], Range=f"bytes={size}-")
    assert answer.status_code == 416 and answer.get_json()["title"] == "Requested range not satisfiable"
    assert answer.headers["Content-Range"] == f"bytes */{size}"


@pytest.mark.parametrize("kind", KINDS)
def test_if_range_gives_a_part_of_this_version_only(fetch, urls, kind):
    whole = fetch(urls[kind])
    tag, when = whole.headers["ETag"], whole.headers["Last-Modified"]
    for version, status in ((tag, 206), (when, 206), ('"x"', 200), ("Mon, 01 Jan 2001 00:00:00 GMT", 200)):
        answer = fetch(urls[kind], Range="bytes=0-1", If_Range=version)
        assert answer.status_code == status, version
        assert answer.data == (whole.data[:2] if status == 206 else whole.data)


@pytest.mark.parametrize("kind", KINDS)
def test_who_has_the_file_is_not_sent_it_again(fetch, urls, kind):
    tag = fetch(urls[kind]).headers["ETag"]
    for known in (tag, f"W/{tag}", f'"x", {tag}', "*"):
        answer = fetch(urls[kind], If_None_Match=known)
        assert answer.status_code == 304 and answer.data == b"" and answer.headers["ETag"] == tag, known
    assert fetch(urls[kind], If_None_Match='"x"').status_code == 200
    assert fetch(urls[kind], "HEAD", If_None_Match=tag).status_code == 304


@pytest.mark.parametrize("kind", KINDS)
def test_a_saved_file_has_a_name_that_tells_what_it_is(fetch, urls, kind):
    ending = {"midi": "mid", "old midi": "mid", "peaks": "peaks.json", "pianoroll": "svg"}.get(kind, kind[-4:])
    for query, way in (("", "inline"), ("?download=0", "inline"), ("?download=1", "attachment")):
        told = fetch(urls[kind] + query).headers["Content-Disposition"]
        assert told.startswith(f"{way}; filename=") and told.endswith("." + ending.strip()), told


def walk(client, url, meanwhile=lambda: None):
    """All items of a list, page by page; something happens after each page."""
    seen, cursor = [], ""
    while cursor is not None:
        page = client.get(f"{url}&cursor={cursor}" if cursor else url).get_json()
        seen += page["items"]
        cursor = page["next_cursor"]
        meanwhile()
    return seen


@pytest.mark.parametrize("limit", [1, 2, 5])
def test_pages_visit_each_piece_once_while_others_come_and_go(shelf, limit):
    """New pieces come before the first page; what was seen may be removed, even where the next page begins."""
    records, client = desk(shelf).records, shelf.test_client()
    old = [f"{limit}{n:023x}" for n in range(9)]
    for n, name in enumerate(old):
        put(records, name, 1000.0 + n // 2, "jazz", tags=(f"walk{limit}",))
    new = iter(range(100))

    def disturb():
        put(records, f"{limit}f{next(new):022x}", 2000.0, "jazz", tags=(f"walk{limit}",))
        tagged = client.get(f"{HERE}?tag=walk{limit}&limit=100").get_json()["items"]
        gone = [item["id"] for item in tagged if item["id"] in old]
        if len(gone) == len(old):
            records.library.remove(gone[limit - 1])  # the last one of the first page

    seen = walk(client, f"{HERE}?tag=walk{limit}&limit={limit}", disturb)
    assert [item["id"] for item in seen] == sorted(old, key=lambda name: (old.index(name) // 2, name))[::-1]


def test_pages_of_jobs_visit_each_once_while_others_are_queued(shelf):
    jobs, client = desk(shelf).records.jobs, shelf.test_client()
    wishes = {"style": "jazz", "duration": 2.0, "tempo": 96.0, "key": None, "seed": 1}
    old = [jobs.submit(f"page{n}", wishes).id for n in range(5)]
    more = iter(range(100))
    seen = walk(client, "/api/v1/jobs?limit=2", lambda: jobs.submit(f"more{next(more)}", wishes))
    assert [job["id"] for job in seen] == old[::-1]


def test_a_deleted_piece_is_found_nowhere_and_others_stay(client, fetch):
    gone = client.post(HERE, json={"seed": 302}).get_json()
    kept = client.post(HERE, json={"seed": 303}).get_json()
    old = client.post("/api/generate", json={"seed": 302}).get_json()
    links = [link for link in gone["links"].values() if isinstance(link, str)]
    links += [*gone["links"]["audio"].values(), old["download_url"], old["midi_url"]]
    assert fetch(gone["links"]["audio"]["flac"]).status_code == 200
    assert client.delete(gone["links"]["self"]).status_code == 204
    for link in links:
        assert fetch(link).status_code == fetch(link, "HEAD").status_code == 404, link
    assert client.patch(gone["links"]["self"], json={"title": "x"}).status_code == 404
    assert client.delete(gone["links"]["self"]).status_code == 404
    ids = [item["id"] for item in walk(client, f"{HERE}?limit=100")]
    assert gone["id"] not in ids and kept["id"] in ids
    assert fetch(kept["links"]["audio"]["wav"]).status_code == 200


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_room_is_made_from_the_oldest_and_favourites_are_passed_over(records, seed):
    """Each piece takes 200 bytes."""
    rng = random.Random(seed)
    loved = {f"{n:02x}" for n in range(12) if rng.random() < 0.4}
    order = rng.sample([f"{n:02x}" for n in range(12)], 12)
    for when, name in enumerate(order):
        put(records, name, float(when), "jazz", favourite=name in loved)
    plain = [name for name in order if name not in loved]
    assert records.library.prune(keep_bytes=2399) == 1 and records.library.find(plain[0]) is None
    assert records.library.prune(keep_bytes=2400 - 200 * 3) == 2
    left = {piece.id for piece in records.library.page(99)}
    assert left == loved | set(plain[3:])
    assert records.library.prune(keep_bytes=0) == len(plain) - 3
    assert {piece.id for piece in records.library.page(99)} == loved
    assert records.library.expire(older_than_s=0) == 0


def test_a_favourite_that_is_one_no_more_can_go(shelf):
    library, client = desk(shelf).records.library, shelf.test_client()
    put(desk(shelf).records, "e" * 24, 1.0, "jazz")
    for loved in (True, False):
        client.patch(f"{HERE}/{'e' * 24}", json={"favourite": loved})
        library.expire(older_than_s=3600)
        assert (library.find("e" * 24) is not None) == loved


def test_notes_that_say_nothing_change_nothing(shelf):
    put(desk(shelf).records, "d" * 24, 5000.0, "jazz", title="Äther ♪ 音", tags=("a b", "ü"), favourite=True)
    client, url = shelf.test_client(), f"{HERE}/{'d' * 24}"
    before = client.get(url).get_json()
    assert (before["title"], before["tags"], before["favourite"]) == ("Äther ♪ 音", ["a b", "ü"], True)
    assert client.patch(url, json={}).get_json() == client.patch(url).get_json() == before
    assert client.patch(url, json={"tags": [], "title": ""}).get_json() == {**before, "tags": [], "title": ""}
