"""Finished pieces of every style inside the windows of a record: width, lows, dynamics, colour, endings."""

from dataclasses import replace
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from scipy.signal import butter, sosfiltfilt

from aimusic.music.score import Score
from aimusic.style import load_styles
from aimusic.synth.instruments import load_instruments
from aimusic.synth.mastering import SILENT_S, capture, fade_s, master
from aimusic.synth.mixer import mix, take_apart
from aimusic.synth.render import render
from tests.factories import make_score
from tests.measures import SAMPLE_RATE, db

STYLES = load_styles()
BANDS = sorted(name for name, style in STYLES.items() if any(part.role == "drums" for part in style.parts))
BLOCK = 63 * 500  # many borders in few seconds
DURATION_S = 4.0


@cache
def piece(name: str) -> tuple[Score, np.ndarray]:
    """A short score of the style and its finished sound, float64."""
    score = make_score(name, duration=DURATION_S)
    tape = capture(mix(render(score, load_instruments()), score, STYLES[name], BLOCK), score)
    return score, np.asarray(master(tape, STYLES[name].mix)).astype(np.float64)


def power_spectrum(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies in hertz and the power of both sides together."""
    sound = piece(name)[1]
    f = np.fft.rfftfreq(sound.shape[1], 1 / SAMPLE_RATE)
    return f, (np.abs(np.fft.rfft(sound)) ** 2).sum(axis=0)


def power_db(sound: np.ndarray) -> float:
    return db(float(np.sqrt((sound**2).mean())))


def released_s(score: Score) -> float:
    return max(score.onset_s(note) + score.length_s(note) for part in score.parts for note in part.notes)


@pytest.mark.parametrize("name", STYLES)
def test_one_loudspeaker_plays_the_whole_mix(name):
    """The mono fold-down keeps all but 3 dB of the power."""
    sound = piece(name)[1]
    assert power_db(sound) - power_db(sound.mean(axis=0)) <= 3.0


@pytest.mark.parametrize("name", STYLES)
def test_the_lows_are_in_the_middle(name):
    """Below 120 Hz left and right are one: no bass leans to a side, and no needle leaves its groove."""
    low = sosfiltfilt(butter(4, 120, "low", fs=SAMPLE_RATE, output="sos"), piece(name)[1])
    assert np.corrcoef(low)[0, 1] > 0.95


@pytest.mark.parametrize("name", STYLES)
def test_neither_side_is_heavier(name):
    left, right = piece(name)[1]
    assert power_db(left) == pytest.approx(power_db(right), abs=2.0)


@pytest.mark.parametrize("name", STYLES)
def test_the_master_breathes(name):
    """Peaks stand 8 to 20 dB above the mean: limited, not flattened."""
    sound = piece(name)[1]
    assert 8.0 <= db(np.abs(sound).max()) - power_db(sound) <= 20.0


@pytest.mark.parametrize("name", STYLES)
def test_the_mix_has_no_direct_current(name):
    """The mean is 60 dB below the peak, all under 15 Hz, which moves cones unheard, 38 dB below the whole."""
    sound = piece(name)[1]
    assert db(np.abs(sound.mean(axis=1)).max() / np.abs(sound).max()) <= -60.0
    f, power = power_spectrum(name)
    assert 10 * np.log10(power[f < 15].sum() / power.sum()) <= -38.0


@pytest.mark.parametrize("name", STYLES)
def test_there_is_air_above_5_khz_and_no_hiss(name):
    f, power = power_spectrum(name)
    assert 1e-4 < power[f > 5000].sum() / power.sum() < 0.03


@pytest.mark.parametrize("name", BANDS)
def test_a_band_is_coloured_like_records_are(name):
    """From 100 Hz to 8 kHz the power falls 3 to 7 dB an octave, and thirds stray from that line by 6 dB."""
    f, power = power_spectrum(name)
    edges = 100 * 2 ** np.arange(0, 6.34, 1 / 3)
    octaves = np.log2(edges[1:] * edges[:-1]) / 2
    density_db = [10 * np.log10(power[(f >= a) & (f < b)].sum() / (b - a)) for a, b in pairwise(edges)]
    slope, start = np.polyfit(octaves, density_db, 1)
    assert -7.0 <= slope <= -3.0
    assert np.std(density_db - (slope * octaves + start)) <= 6.0


@pytest.mark.parametrize("name", STYLES)
def test_the_music_begins_at_once(name):
    """Somebody is heard in the first quarter of a second, but not in its first sample."""
    sound = piece(name)[1]
    assert power_db(sound[:, :11025]) > power_db(sound) - 20.0
    assert db(np.abs(sound[:, 0]).max()) < -60.0


@pytest.mark.parametrize("name", STYLES)
def test_the_borders_of_blocks_do_not_tick(name):
    """Above 15 kHz, where a corner would show, no border stands out of the piece's own thousandth."""
    sound = piece(name)[1].mean(axis=0)
    bins = np.fft.rfft(sound)
    bins[np.fft.rfftfreq(len(sound), 1 / SAMPLE_RATE) < 15000] = 0
    high = np.abs(np.fft.irfft(bins, len(sound)))
    borders = np.arange(BLOCK, len(sound) - round(0.1 * SAMPLE_RATE), BLOCK)
    assert len(borders) >= 4
    assert max(high[at - 4 : at + 5].max() for at in borders) < np.quantile(high, 0.999)


@pytest.mark.parametrize("name", STYLES)
def test_the_last_chord_rings_out_and_only_falls(name):
    """After the last release each tenth of a second is softer than the one before, 40 dB and more in all."""
    score, sound = piece(name)
    ringing = sound[:, round(released_s(score) * SAMPLE_RATE) : -round(SILENT_S * SAMPLE_RATE)]
    step = min(SAMPLE_RATE // 10, ringing.shape[1] // 4)
    levels = [power_db(ringing[:, at : at + step]) for at in range(0, ringing.shape[1] - step + 1, step)]
    assert all(later < earlier + 0.5 for earlier, later in pairwise(levels))
    assert power_db(ringing[:, -step // 4 :]) < levels[0] - 40.0


@pytest.mark.parametrize("name", STYLES)
def test_the_score_leaves_time_to_ring(name):
    """The last note ends before the recording does, and the last 20 ms are silent."""
    score, sound = piece(name)
    assert 0.1 <= score.duration_s - released_s(score) <= 2.5
    assert not sound[:, -round(SILENT_S * SAMPLE_RATE) :].any()
    assert np.abs(sound[:, -round(0.2 * SAMPLE_RATE) :]).max() > 0.0


def test_a_fade_is_a_raised_cosine_over_the_whole_band():
    """It multiplies the tape by .854 after a quarter of the fade and by .5 after a half."""
    score = make_score(BANDS[0], duration=8.0, ending="fade")
    plain = replace(score, fade_s=0.0)
    fading, whole = (
        np.asarray(capture(mix(render(s, load_instruments()), s, STYLES[BANDS[0]]), s)) for s in (score, plain)
    )
    begin = score.duration_s - score.fade_s
    middle = (begin + score.duration_s - SILENT_S) / 2
    assert fade_s(score) == score.fade_s > 1.0
    assert middle < score.duration_s - fade_s(plain), "the ring-out of the other one would be in the way"

    def ratio(at_s: float) -> float:
        here = np.s_[:, round(at_s * SAMPLE_RATE) : round((at_s + 0.004) * SAMPLE_RATE)]
        return float((fading[here] * whole[here]).sum() / (whole[here] ** 2).sum())

    assert ratio(begin - 0.01) == 1.0
    assert ratio((begin + middle) / 2 - 0.002) == pytest.approx(np.cos(np.pi / 8) ** 2, abs=0.01)
    assert ratio(middle - 0.002) == pytest.approx(0.5, abs=0.01)
    curve = [ratio(at_s) for at_s in np.linspace(begin, score.duration_s - fade_s(plain), 20)]
    assert all(later <= earlier for earlier, later in pairwise(curve))


@pytest.mark.parametrize("name", BANDS[:2])
def test_no_part_carries_direct_current_or_ticks_alone(name):
    """Each stem, too: its mean lies 50 dB below its peak, and it begins in silence."""
    score = make_score(name, duration=2.0)
    tracks = render(score, load_instruments())
    blocks = [[stem.copy() for stem in stems] for stems, _ in take_apart(tracks, score, STYLES[name])]
    for track, pieces in zip(tracks, zip(*blocks, strict=True), strict=True):
        stem = np.concatenate(pieces, axis=1).astype(np.float64)
        peak = np.abs(stem).max()
        assert db(np.abs(stem.mean(axis=1)).max() / peak) <= -50.0, track.name
        assert np.abs(stem[:, 0]).max() <= 1e-3 * peak, track.name
