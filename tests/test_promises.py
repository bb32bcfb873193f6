"""What the README promises of every piece, held against the whole pipeline with the shipped weights."""

import subprocess
import sys
from collections import Counter
from dataclasses import replace

import mido
import numpy as np
import pyloudnorm
import pytest
import soundfile
from scipy.signal import resample_poly

from aimusic.composer.compose import Composer
from aimusic.music.request import Request
from aimusic.music.score import Part
from aimusic.pipeline import record, save
from aimusic.planner import make_plan
from aimusic.style import load_styles
from aimusic.synth.instruments import load_instruments
from aimusic.synth.kernels import SAMPLE_RATE, samples
from aimusic.synth.render import render
from tests.factories import make_score
from tests.measures import played

STYLES = load_styles()
DURATIONS_S = (1, 2.5, 7, 30, 61.3, 300)
TEMPI_BPM = (60, 97.5, 200)


@pytest.fixture(scope="module")
def compose():
    return Composer()


def make(style, compose, **wishes):
    wishes = {"duration": 6.0, "seed": 3, **wishes}
    return record(Request(style=style, **wishes), STYLES[style], compose)


def files(recording, folder, name):
    save(recording, folder / f"{name}.wav", folder / f"{name}.mid")
    return (folder / f"{name}.wav").read_bytes(), (folder / f"{name}.mid").read_bytes()


@pytest.mark.parametrize("style", STYLES)
def test_audio_has_the_promised_form(style, compose, tmp_path):
    """Exact frames, stereo, 16 bits, -14 LUFS, true peak below -1 dBTP, and a last 20 ms below -60 dBFS."""
    save(make(style, compose, duration=7.3), tmp_path / "a.wav", tmp_path / "a.mid")
    info = soundfile.info(tmp_path / "a.wav")
    assert (info.frames, info.channels) == (round(7.3 * 44100), 2)
    assert (info.samplerate, info.subtype) == (44100, "PCM_16")
    audio, _ = soundfile.read(tmp_path / "a.wav")
    assert pyloudnorm.Meter(44100).integrated_loudness(audio) == pytest.approx(-14, abs=0.5)
    assert 20 * np.log10(np.abs(resample_poly(audio, 4, 1, axis=0)).max()) <= -1
    assert np.abs(audio[-882:]).max() < 1e-3
    assert np.abs(audio[: 44100 // 2]).max() > 1e-2, "it begins within half a second"


def test_the_same_seed_gives_the_same_bytes(compose, tmp_path):
    first = files(make("jazz", compose), tmp_path, "first")
    assert files(make("jazz", Composer()), tmp_path, "second") == first


@pytest.mark.slow
def test_another_process_gives_the_same_bytes(compose, tmp_path):
    wav, midi = files(make("electronic", compose), tmp_path, "here")
    there = tmp_path / "there.wav"
    wishes = ["--style", "electronic", "--duration", "6", "--seed", "3", "--out", there]
    subprocess.run([sys.executable, "-m", "aimusic.cli", "generate", *wishes], check=True, capture_output=True)
    assert there.read_bytes() == wav
    assert there.with_suffix(".mid").read_bytes() == midi


@pytest.mark.parametrize("change", [{"seed": 4}, {"tempo": 150}, {"style": "rock"}])
def test_another_seed_tempo_or_style_gives_another_piece(change, compose):
    def notes(**wishes):
        wishes = {"style": "jazz", "duration": 12.0, "seed": 3, "tempo": 120, **wishes}
        style = STYLES[wishes["style"]]
        return compose(make_plan(Request(**wishes), style), style).melody

    assert notes(**change) != notes()


@pytest.mark.parametrize("duration", DURATIONS_S)
@pytest.mark.parametrize("tempo", TEMPI_BPM)
@pytest.mark.parametrize("style", STYLES)
def test_any_length_at_any_tempo(style, tempo, duration):
    """The tempo is kept, sections begin on bar lines, something sounds from the start, all ends in time."""
    plan = make_plan(Request(style=style, duration=duration, tempo=tempo, seed=5), STYLES[style])
    assert plan.tempo.bpm == tempo
    assert plan.duration_s == duration
    assert plan.tempo.seconds(plan.end_ticks) < duration
    starts = [section.start_bar for section in plan.sections]
    lengths = [section.bars for section in plan.sections]
    assert starts == [sum(lengths[:index]) for index in range(len(lengths))]
    assert sum(lengths) == len(plan.bars)


@pytest.mark.slow
@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(("duration", "tempo"), [(1, 60), (2.5, 200), (61.3, 97.5)])
def test_sound_and_midi_have_the_exact_length(style, duration, tempo, compose, tmp_path):
    recording = make(style, compose, duration=duration, tempo=tempo)
    save(recording, tmp_path / "a.wav", tmp_path / "a.mid")
    assert soundfile.info(tmp_path / "a.wav").frames == round(duration * 44100)
    assert mido.MidiFile(tmp_path / "a.mid").length == pytest.approx(duration, abs=0.005)


def onsets(sound, times_s):
    """Where each stroke begins near its expected time, in seconds: a quarter of its steepest slope is reached.

    The ring of the stroke before stays under that quarter.
    """
    level = np.abs(np.diff(sound, axis=-1)).max(axis=0)  # the attack has the highest slope
    found = []
    for time_s in times_s:
        start = max(0, round((time_s - 0.02) * SAMPLE_RATE))
        window = level[start : round((time_s + 0.02) * SAMPLE_RATE)]
        found.append((start + int(np.argmax(window > 0.25 * window.max()))) / SAMPLE_RATE)
    return np.array(found)


@pytest.mark.parametrize("style", [name for name, style in STYLES.items() if style.grooves])
@pytest.mark.parametrize("tempo", [97.5, 200])
def test_drums_are_heard_on_the_beat(style, tempo):
    """Rendered strokes of the drum that marks the beat lie within 5 ms of the grid of the tempo."""
    score = make_score(style, tempo=tempo, duration=12.0)
    drums = next(part for part in score.parts if part.is_drum)
    on_beat = [note for note in drums.notes if note.onset_ticks % 12 == 0]
    timekeeper = Counter(note.pitch for note in on_beat).most_common(1)[0][0]
    # All alike, so that a soft stroke is not hidden by the ring of a loud one.
    beats = [replace(note, velocity=90) for note in on_beat if note.pitch == timekeeper]
    alone = Part(drums.name, drums.role, drums.instrument, tuple(beats[::2]), is_drum=True)
    (track,) = render(replace(score, parts=(alone,)), load_instruments())
    grid_s = np.array([score.tempo.seconds(note.onset_ticks) for note in alone.notes])
    assert len(grid_s) >= 4
    assert np.abs(onsets(played(track, samples(score.duration_s)), grid_s) - grid_s).max() < 0.005


@pytest.mark.parametrize("style", STYLES)
def test_midi_beats_lie_on_the_grid(style, tmp_path):
    """Drum and bass notes written on a beat stand within 12 ms (drums 5 ms) of it in the MIDI file."""
    score = make_score(style, tempo=97.5)
    for part in score.parts:
        limit_s = 0.005 if part.is_drum else 0.0125
        on_beat = [note for note in part.notes if note.onset_ticks % score.tempo.metre.beat_ticks == 0]
        shifts = [abs(score.onset_s(note) - score.tempo.seconds(note.onset_ticks)) for note in on_beat]
        if part.role in ("drums", "bass"):
            assert max(shifts, default=0) <= limit_s, part.name
