"""The files of a piece: made when first asked for, kept, sent whole or in part, removed with the piece."""

import hashlib
from concurrent.futures import ThreadPoolExecutor

import pytest
import soundfile

from aimusic.service.library import Export
from aimusic.service.provenance import card, training_data
from aimusic.service.storage import StoredFile
from aimusic.style import load_styles
from tests.test_service_generate import desk

MEDIA = {"wav": "audio/wav", "flac": "audio/flac", "mp3": "audio/mpeg", "ogg": "audio/ogg", "opus": "audio/ogg"}


@pytest.fixture(scope="module")
def piece(service):
    return service.test_client().post("/api/v1/pieces", json={"seed": 41}).get_json()


@pytest.fixture
def get(client):
    def fetch(url, method="GET", **headers):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        with client.open(url, method=method, headers=named) as answer:
            answer.get_data()
            return answer

    return fetch


@pytest.mark.parametrize("ending", MEDIA)
def test_the_sound_is_there_in_every_format(get, piece, ending, tmp_path):
    answer = get(piece["links"]["audio"][ending])
    assert answer.status_code == 200 and answer.mimetype == MEDIA[ending]
    assert answer.headers["ETag"] == f'"{hashlib.sha256(answer.data).hexdigest()}"'
    (tmp_path / "sound").write_bytes(answer.data)
    assert soundfile.info(tmp_path / "sound").format == {"mp3": "MP3", "opus": "OGG"}.get(ending, ending.upper())


def test_an_encoded_file_is_sent_as_any_download(get, piece):
    url = piece["links"]["audio"]["flac"]
    whole = get(url)
    part = get(url, Range="bytes=10-19")
    assert part.status_code == 206 and part.data == whole.data[10:20]
    assert get(url, If_None_Match=whole.headers["ETag"]).status_code == 304
    head = get(url, "HEAD")
    assert head.data == b"" and head.headers["Content-Length"] == str(len(whole.data))
    assert "immutable" in whole.headers["Cache-Control"]
    assert get(url + "?download=1").headers["Content-Disposition"].startswith("attachment; filename=classical_")


def test_a_file_is_encoded_once_for_all_who_ask(service, client):
    piece = client.post("/api/v1/pieces", json={"seed": 42}).get_json()
    jobs = desk(service).records.jobs

    def fetch(_):
        with service.test_client().get(piece["links"]["audio"]["mp3"]) as answer:
            return answer.data

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(fetch, range(8)))) == 1
    folder = desk(service).records.storage.pieces
    (path,) = folder.glob(f"*{piece['id']}.mp3")
    before = path.stat().st_mtime_ns
    fetch(0)
    assert path.stat().st_mtime_ns == before and jobs.counts()["queued"] == 0


def test_encoding_is_no_job_of_a_piece(client, piece, get):
    get(piece["links"]["peaks"])
    assert all(
        job["result"]["piece_id"] for job in client.get("/api/v1/jobs?status=succeeded").get_json()["items"]
    )


def test_a_lost_export_is_made_again(service, get, piece):
    first = get(piece["links"]["audio"]["ogg"])
    next(desk(service).records.storage.pieces.glob(f"*{piece['id']}.ogg")).unlink()
    assert get(piece["links"]["audio"]["ogg"]).data == first.data


def test_exports_count_in_the_library_and_go_with_their_piece(service, client, get):
    piece = client.post("/api/v1/pieces", json={"seed": 43}).get_json()
    library = desk(service).records.library
    before = library.total_bytes()
    added = len(get(piece["links"]["audio"]["flac"]).data) + len(get(piece["links"]["pianoroll"]).data)
    assert library.total_bytes() == before + added
    client.delete(piece["links"]["self"])
    assert not list(desk(service).records.storage.pieces.glob(f"*{piece['id']}*"))


def test_an_export_that_came_too_late_is_tidied_away(records):
    (records.storage.pieces / "s_p.mp3").write_bytes(b"late")
    records.jobs.submit("p.mp3", {"piece_id": "p", "kind": "mp3"}, "export")
    records.jobs.succeed(records.jobs.claim("w"), Export("p", "mp3", StoredFile("s_p.mp3", 4, "0")))
    records.library.tidy()
    assert list(records.storage.pieces.iterdir()) == [] and records.library.find_export("p", "mp3") is None


def test_exports_wait_for_no_piece_in_the_queue(records):
    wishes = {"style": "s", "duration": 2.0, "tempo": 96.0, "key": None, "seed": 1}
    records.jobs.submit("p", wishes)
    records.jobs.submit("q.mp3", {"piece_id": "q", "kind": "mp3"}, "export")
    assert [records.jobs.claim("w").kind for _ in range(2)] == ["export", "piece"]


@pytest.mark.parametrize(
    "path", ["audio.aac", "audio.", "audio.wav.exe", "audio.../aimusic.db", "stems", "midi.mid"]
)
def test_other_files_are_not_found(get, piece, path):
    assert get(f"{piece['links']['self']}/{path}").status_code == 404


def test_the_notes_are_there(get, piece):
    assert get(piece["links"]["midi"]).data.startswith(b"MThd")
    roll = get(piece["links"]["pianoroll"])
    assert roll.mimetype == "image/svg+xml" and b"R &amp; B" in roll.data and b"Am7" in roll.data
    assert get(piece["links"]["peaks"]).get_json()["sample_rate"] == 44100


def test_the_timeline_counts_every_beat(get, piece):
    line = get(piece["links"]["timeline"]).get_json()
    beat_s = 60 / piece["tempo"]
    assert [(beat["bar"], beat["beat"]) for beat in line["beats"][:5]] == [(1, 1), (1, 2), (1, 3), (1, 4), (2, 1)]
    assert len(line["beats"]) == 8 * 4
    for number, beat in enumerate(line["beats"]):
        assert beat["time"] == pytest.approx(number * beat_s, abs=0.001)
    assert line["chords"] == [{"start": 0.0, "end": 2.0, "symbol": "Am7"}]
    assert line["sections"] == [{"name": "theme", "start": 0.0, "end": 30.0, "bars": 8}]


def test_the_licence_tells_where_a_piece_comes_from(get, piece):
    told = get(piece["links"]["license"]).get_json()
    assert told["ai_generated"] is True and told["request"] == piece["request"]
    assert told["files"]["wav"]["sha256"] == piece["sha256"]
    assert set(told["libraries"]) == {"numpy", "scipy", "torch", "soundfile"}
    assert len(told["engine_hash"]) == len(told["style_hash"]) == 64
    assert told["training_data"] == training_data(load_styles()[piece["style"]].folder)


def test_a_piece_of_before_has_a_licence_without_what_was_not_recorded(service, client):
    piece = client.post("/api/v1/pieces", json={"seed": 44}).get_json()
    row = desk(service).records.library.find(piece["id"])
    facts = {name: fact for name, fact in row.facts.items() if name != "provenance"}
    desk(service).records.library.annotate(piece["id"], {"facts": facts})
    told = client.get(piece["links"]["license"]).get_json()
    assert told["version"] is None and told["training_data"] is None and told["request"] == piece["request"]


@pytest.mark.parametrize("style", load_styles().values(), ids=lambda style: style.name)
def test_every_weights_file_has_a_card_that_can_be_read(style):
    for path in style.folder.glob("*.safetensors"):
        assert card(path)["style"] == style.name
