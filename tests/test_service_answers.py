"""What is told is true and whole: timelines, origins, jobs and plans; the command line and the settings too."""

import itertools
import socket
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from aimusic.cli import main
from aimusic.errors import InvalidCheckpoint, InvalidSettings
from aimusic.music.request import Request
from aimusic.music.rhythm import METRES
from aimusic.service.health import Check
from aimusic.service.jobs import STATES, Job
from aimusic.service.library import Piece
from aimusic.service.maker import written
from aimusic.service.provenance import SOURCE_TYPE, provenance
from aimusic.service.storage import StoredFile
from aimusic.service.telling import tell_job, tell_license, tell_piece, tell_plan, tell_timeline
from aimusic.settings import Settings, load_settings
from tests.factories import STYLES, make_lead, plan_for
from tests.fake_worker import facts

WISHES = Request(style="jazz", tempo=100.0, seed=1)


def a_piece(**changes) -> Piece:
    files = (StoredFile("jazz_a.wav", 10, "0" * 64), StoredFile("jazz_a.mid", 5, "1" * 64))
    return Piece("a", "jazz", *files, {**facts(WISHES), **changes}, 1.5, 1000.0)


def a_job(status: str, **changes) -> Job:
    asked = WISHES.model_dump(mode="json")
    return Job("j", "p", asked, status, 1, "w", "mix", 0.7, changes.get("problem"), 1000.0, 1001.0, None)


@pytest.mark.parametrize(("metre", "tempo"), list(itertools.product(METRES, (60.0, 97.3, 200.0))))
def test_beats_lie_on_the_tempo_grid(metre, tempo):
    """Tempo counts the beats of the metre: a dotted quarter in 6/8."""
    beats_in_bar = {"4/4": 4, "3/4": 3, "6/8": 2}[metre]
    length_s = 12 * beats_in_bar * 60 / tempo
    beats = tell_timeline(a_piece(time_signature=metre, tempo=tempo, bars=12, duration=length_s + 1)).beats
    assert len(beats) == 12 * beats_in_bar
    for number, beat in enumerate(beats):
        assert beat.time == pytest.approx(number * 60 / tempo, abs=0.0006)
        assert (beat.bar - 1, beat.beat - 1) == divmod(number, beats_in_bar)


@pytest.mark.parametrize("duration", [1.0, 7.9, 8.0, 8.1, 30.0])
def test_no_beat_comes_after_the_sound_has_ended(duration):
    """At 120 beats per minute a bar of four takes two seconds; the last one may be cut short."""
    beats = tell_timeline(a_piece(tempo=120.0, bars=20, duration=duration)).beats
    assert [beat.time for beat in beats] == [n / 2 for n in range(80) if n / 2 < duration]


@pytest.mark.parametrize("duration", [7.0, 41.5])
@pytest.mark.parametrize("style", sorted(STYLES))
def test_sections_cover_the_sound_and_chords_the_written_notes(style, duration):
    """Without a gap or an overlap; after the last chord is played, the sound only rings."""
    plan = plan_for(STYLES[style], duration=duration)
    request = Request(style=style, duration=duration, seed=7)
    line = tell_timeline(a_piece(**written(plan, make_lead(plan, STYLES[style]).chords, request)))
    for spans in (line.sections, line.chords):
        assert spans[0].start == 0 and spans[-1].end <= line.duration == duration
        assert all(span.start < span.end for span in spans)
        assert all(a.end == b.start for a, b in itertools.pairwise(spans))
    written_s = plan.tempo.seconds((len(plan.bars) - 1) * plan.metre.bar_ticks + plan.final_ticks)
    assert line.sections[-1].end == duration and line.chords[-1].end == pytest.approx(written_s, abs=0.001)
    assert sum(section.bars for section in line.sections) == len(plan.bars) >= line.beats[-1].bar
    downbeats = {beat.time for beat in line.beats if beat.beat == 1}
    assert {section.start for section in line.sections} <= downbeats


@pytest.mark.parametrize("style", sorted(STYLES))
def test_a_licence_leaves_nothing_open(style):
    """Versions, hashes, files and every data set with its licence and who is to be named."""
    told = tell_license(a_piece(provenance=provenance(STYLES[style])))
    assert told.ai_generated is True and told.digital_source_type == SOURCE_TYPE
    assert all(value is not None for value in told.model_dump().values())
    assert len(told.engine_hash) == len(told.style_hash) == 64 and all(told.libraries.values())
    assert told.training_data and len({data.id for data in told.training_data}) == len(told.training_data)
    for data in told.training_data:
        assert data.title and data.licence and data.attribution and data.songs > 0
    assert {name: file.size_bytes for name, file in told.files.items()} == {"wav": 10, "midi": 5}
    assert type(told).model_validate_json(told.model_dump_json()) == told


@pytest.mark.parametrize("status", STATES)
def test_a_job_tells_a_result_or_a_problem_or_neither(status):
    problem = {"status": 500, "title": "Generation failed", "detail": "a string broke", "more": [1]}
    told = tell_job(a_job(status, problem=problem if status == "failed" else None), None)
    assert (told.result is not None) == (status == "succeeded")
    assert (told.error is not None) == (status == "failed")
    assert told.stage == ("mix" if status in ("queued", "running") else None)
    assert told.created_at.timestamp() == 1000.0 and told.finished_at is None
    if told.error:
        assert told.error.model_dump() == problem


def test_an_estimate_grows_with_the_length_and_is_absent_without_experience():
    known = facts(WISHES)
    assert tell_plan(known, None).estimated_seconds is None
    assert tell_plan({**known, "duration": 90.0}, 0.02).estimated_seconds == 1.8


def test_the_links_of_a_piece_lie_below_it():
    links = tell_piece(a_piece()).links.model_dump()
    below = [*links.pop("audio").values(), *links.values()]
    assert len(set(below)) == 11 and all(link.startswith(links["self"]) for link in below)


@pytest.fixture
def call(monkeypatch, tmp_path):
    """A command in an empty folder; `generate` makes no sound but tells what it was asked for."""
    made = []

    def record(request, style, compose):
        made.append(request)
        return SimpleNamespace(plan=plan_for(style, duration=request.duration, seed=request.seed))

    def save(recording, wav, midi):
        wav.touch()
        midi.touch()

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("aimusic.settings.ONE_THREAD", {})
    monkeypatch.setattr("aimusic.pipeline.record", record)
    monkeypatch.setattr("aimusic.pipeline.save", save)
    run = SimpleNamespace(made=made, folder=tmp_path)
    run.say = lambda *words, **env: CliRunner().invoke(main, list(words), env=env)
    return run


def test_generate_says_what_it_made_and_where(call):
    result = call.say("generate", "--style", "rock", "--duration", "12.5", "--seed", "3", "--tempo", "130")
    assert result.exit_code == 0, result.output
    assert result.output.startswith("rock_3.wav: 12.5 s, ") and result.output.endswith(" bpm, seed 3\n")
    (request,) = call.made
    assert (request.style, request.duration, request.tempo, request.seed) == ("rock", 12.5, 130, 3)
    assert {path.name for path in call.folder.iterdir()} == {"rock_3.wav", "rock_3.mid"}


def test_generate_draws_a_seed_and_says_it(call):
    seeds = [call.say("generate", "--out", f"{n}.wav").output.split()[-1] for n in "ab"]
    assert seeds == [str(request.seed) for request in call.made] and seeds[0] != seeds[1]


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("--duration", "abc"), 1, 'Error: duration: must be a number between 1 and 300, got "abc"'),
        (("--duration", "NaN"), 1, "got NaN"),
        (("--duration", "true"), 1, "got true"),
        (("--tempo", "201"), 1, "Error: tempo: must be a number between 60 and 200, got 201"),
        (("--style", "jaz"), 1, "did you mean 'jazz'?"),
        (("--tempoo", "90"), 2, "No such option"),
        (("--out", "a.mp3"), 2, "--out: must end with .wav"),
        (("--out", "no/a.wav"), 2, "there is no folder no"),
        (("surplus",), 2, "unexpected extra argument"),
    ],
)
def test_generate_refuses_before_it_makes_anything(call, words, code, sentence):
    result = call.say("generate", *words)
    assert result.exit_code == code and sentence in result.output and "Traceback" not in result.output
    assert not call.made and not list(call.folder.iterdir())


def test_an_error_of_ours_is_one_line_and_any_other_is_not_hidden(call, monkeypatch):
    for error, code in ((InvalidCheckpoint("melody.safetensors is damaged"), 1), (ZeroDivisionError("x"), 1)):

        def broken(*_, error=error):
            raise error

        monkeypatch.setattr("aimusic.pipeline.record", broken)
        result = call.say("generate")
        assert result.exit_code == code
        assert (result.output == f"Error: {error}\n") == isinstance(error, InvalidCheckpoint)
    assert isinstance(result.exception, ZeroDivisionError)


@pytest.mark.parametrize("name", sorted(STYLES))
def test_the_list_of_styles_tells_tempo_and_character(call, name):
    (line,) = [line for line in call.say("styles").output.splitlines() if line.startswith(f"{name} ")]
    assert f"{STYLES[name].tempo.default:g} bpm" in line and line.endswith(STYLES[name].description)


@pytest.mark.parametrize(("fine", "code"), [(True, 0), (False, 1)])
def test_the_doctor_ends_well_only_if_all_is_well(call, monkeypatch, fine, code):
    found = [Check("libraries", True, "all"), Check("disk", fine, "1 MB free"), Check("port", True, "free")]
    monkeypatch.setattr("aimusic.service.doctor.examine", lambda settings: iter(found))
    result = call.say("doctor")
    assert result.exit_code == code and result.output.count("\n") == 3
    assert ("FAULT disk: 1 MB free" in result.output) != fine


def test_the_doctor_finds_a_taken_port_and_a_full_disk(call, monkeypatch):
    monkeypatch.setattr("aimusic.service.doctor._styles", lambda: iter(()))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        env = {"AIMUSIC_HOST": "127.0.0.1", "AIMUSIC_PORT": port, "AIMUSIC_MIN_FREE_MB": "999999999"}
        result = call.say("doctor", **env)
    assert result.exit_code == 1 and f"FAULT port: 127.0.0.1:{port}: Address already in use" in result.output
    assert "FAULT disk: " in result.output and "999999999 MB needed" in result.output


def beyond_the_limits():
    """Each bounded setting with a value just outside on each side."""
    for name, field in Settings.model_fields.items():
        for rule in field.metadata:
            for side, step in (("ge", -1), ("gt", 0), ("le", 1), ("lt", 0)):
                if hasattr(rule, side):
                    yield f"AIMUSIC_{name.upper()}", str(getattr(rule, side) + step)


@pytest.mark.parametrize(("name", "value"), list(beyond_the_limits()))
def test_a_setting_beyond_its_limit_is_refused_by_name(monkeypatch, tmp_path, name, value):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(name, value)
    with pytest.raises(InvalidSettings) as error:
        load_settings()
    assert str(error.value).startswith(f"{name}: ") and str(error.value).endswith(f"got '{value}'")


def test_all_wrong_settings_are_named_at_once_and_a_command_says_so_in_one_line(call):
    result = call.say("doctor", AIMUSIC_WORKERS="0", AIMUSIC_KEEP_GB="much", AIMUSIC_CORS_ORIGINS='["*", 1]')
    assert result.exit_code == 1 and result.output.startswith("Error: ") and result.output.count("\n") == 1
    for name in ("AIMUSIC_WORKERS: ", "AIMUSIC_KEEP_GB: ", "AIMUSIC_CORS_ORIGINS: "):
        assert name in result.output
