"""Moving effects move by what they say, and keep the first sample where it is."""

import numpy as np
import pytest

from aimusic.music.rhythm import METRES, Tempo
from aimusic.synth.effects import modulation
from aimusic.synth.effects.dynamics import HOP, hops
from aimusic.synth.inserts import INSERTS
from aimusic.synth.instruments import load_instruments
from aimusic.synth.kernels import SAMPLE_RATE
from tests.measures import through

N = SAMPLE_RATE


def sine(f, n=N):
    return np.sin(2 * np.pi * f * np.arange(n) / SAMPLE_RATE).astype(np.float32)


@pytest.mark.parametrize("delay_samples", [2.0, 100.0, 441.25, 441.5])
def test_a_constant_delay_is_a_shift(delay_samples):
    """Whole or not: a 1 kHz sine arrives later by exactly the delay."""
    line = modulation.DelayLine(0.02)
    out = line.read(sine(1000), np.full(hops(N) + 1, delay_samples / SAMPLE_RATE))
    t = (np.arange(N) - delay_samples) / SAMPLE_RATE
    assert np.abs(out - np.sin(2 * np.pi * 1000 * t))[500:-500].max() < 2e-3
    assert not out[: int(delay_samples)].any()


def test_tremolo_has_its_depth_and_rate():
    out = modulation.Tremolo(rate_hz=5.0, depth=0.4, spread=0.5).process(np.ones((2, N), np.float32))
    assert out.max() == pytest.approx(1.0, abs=1e-3)
    assert out.min() == pytest.approx(0.6, abs=1e-3)
    assert np.argmax(np.abs(np.fft.rfft(out[0] - out[0].mean()))) == 5
    assert (out[0] + out[1]) == pytest.approx(np.full(N, 1.6), abs=1e-3)


def test_echoes_come_on_time_and_change_sides():
    click = np.zeros((2, N), np.float32)
    click[:, 0] = 1.0
    out = modulation.Echo(delay_s=0.25, feedback=0.5, wet=0.4).process(click)
    step = round(0.25 * SAMPLE_RATE)
    for side, at in ((0, step), (1, 2 * step), (0, 3 * step)):
        assert abs(out[side, at - 50 : at + 200]).sum() > 0
        assert not out[1 - side, at - 50 : at + 200].any()
    sums = [out[:, k * step : k * step + 500].sum() for k in (1, 2, 3)]
    assert sums == pytest.approx([0.4, 0.2, 0.1], rel=0.01)  # the low-pass has gain 1 at 0 Hz


def test_the_leslie_swings_at_the_speeds_of_its_rotors():
    for f, rotor_hz in ((200, modulation.DRUM_HZ), (4000, modulation.HORN_HZ)):
        out = modulation.Leslie().process(np.stack([sine(f, 4 * N)] * 2))[0]
        loudness = np.abs(out[: len(out) // 63 * 63].reshape(-1, 63)).max(axis=1) if f > 1000 else None
        if loudness is None:
            loudness = np.abs(out[: len(out) // 441 * 441].reshape(-1, 441)).max(axis=1)
        spectrum = np.abs(np.fft.rfft(loudness - loudness.mean()))
        assert np.argmax(spectrum) / 4 == pytest.approx(rotor_hz, abs=0.3)


def test_the_leslie_keeps_the_middle_of_the_spectrum():
    """Around the crossover the two rotors do not cancel."""
    rng = np.random.default_rng(4)
    noise = rng.standard_normal(4 * N).astype(np.float32)
    out = modulation.Leslie().process(np.stack((noise, noise)))[0]
    power_in, power_out = np.abs(np.fft.rfft(noise)) ** 2, np.abs(np.fft.rfft(out)) ** 2
    for low, high in ((200, 400), (600, 1000), (2000, 4000)):
        band = slice(low * 4, high * 4)
        assert -4 < 10 * np.log10(power_out[band].sum() / power_in[band].sum()) < 1.5


def test_chorus_widens_and_keeps_the_level():
    rng = np.random.default_rng(5)
    noise = np.stack([rng.standard_normal(2 * N)] * 2).astype(np.float32)
    out = modulation.Chorus(wet=0.6).process(noise.copy())
    assert out.std() == pytest.approx(noise.std(), rel=0.05)
    assert np.corrcoef(out)[0, 1] < 0.95


@pytest.mark.parametrize("name", INSERTS)
def test_inserts_keep_length_type_and_silence(name):
    tempo = Tempo(120.0, METRES["4/4"])
    out = INSERTS[name](tempo, 0).process(np.zeros((2, 12_345), np.float32))
    assert out.shape == (2, 12_345)
    assert out.dtype == np.float32
    assert not out.any()


@pytest.mark.parametrize("name", [name for name in INSERTS if not name.startswith("amp")])
def test_inserts_have_no_latency(name):
    """The dry onset stays on its sample; a click comes out where it went in, within half a millisecond."""
    click = np.zeros((2, 20_000), np.float32)
    click[:, 5_000] = 1.0
    out = np.abs(INSERTS[name](Tempo(120.0, METRES["4/4"]), 0).process(click)).sum(axis=0)
    assert np.flatnonzero(out > 0.05 * out.max())[0] == pytest.approx(5_000, abs=22)


def test_every_instrument_names_an_insert_that_exists():
    assert {instrument.insert for instrument in load_instruments().values()} <= set(INSERTS)


@pytest.mark.parametrize("name", INSERTS)
@pytest.mark.parametrize("block", [HOP, 63 * 70, 63 * 333])
def test_an_insert_hears_one_sound_however_it_is_cut(name, block):
    """Filters, delays, rings and movements carry on across blocks: no difference above -120 dB."""
    tempo, rng = Tempo(120.0, METRES["4/4"]), np.random.default_rng(12)
    n = 63 * 700 + 41
    sound = (0.3 * rng.standard_normal((2, n))).astype(np.float32)
    sound[:, 4_000:20_000] = 0.0
    if block == HOP:
        sound = sound[:, : 63 * 80]
    whole = through(INSERTS[name](tempo, 0), sound.copy())
    effect = INSERTS[name](tempo, 0)
    padded = np.concatenate((sound, np.zeros((2, effect.latency), np.float32)), axis=1)
    starts = range(0, padded.shape[1], block)
    cut = np.concatenate([effect.process(padded[:, i : i + block].copy()) for i in starts], axis=1)
    assert np.abs(cut[:, effect.latency :] - whole).max() < 1e-6 * np.abs(whole).max()


@pytest.mark.parametrize("name", ["leslie", "tremolo", "autopan", "chorus", "ensemble"])
def test_movement_is_a_matter_of_time_not_of_where_the_insert_came_in(name):
    """From the second second on it sounds as if it had always been there."""
    tempo = Tempo(120.0, METRES["4/4"])
    sound = np.stack([sine(300, 2 * N)] * 2)
    always = INSERTS[name](tempo, 0).process(sound.copy())
    late = INSERTS[name](tempo, N).process(sound[:, N:].copy())
    assert np.abs(always[:, N + 4410 :] - late[:, 4410:]).max() < 1e-4
