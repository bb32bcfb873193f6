"""Amplifiers distort as valves do, fold nothing back, and lag behind nobody."""

import numpy as np
import pytest

from aimusic.synth.effects import amp
from tests.measures import through

PERIOD = 1 << 15


def line_spectrum(setting, line, level=0.4):
    """Power of a sine on an FFT line after the amplifier, in the steady state."""
    sine = level * np.sin(2 * np.pi * line * np.arange(2 * PERIOD) / PERIOD)
    out = through(amp.Amplifier(setting), np.stack((sine, sine)).astype(np.float32))[0, PERIOD:]
    return np.abs(np.fft.rfft(out.astype(np.float64))) ** 2


@pytest.mark.parametrize(
    ("setting", "limit_db"), [(amp.OVERDRIVE, -60.0), (amp.DISTORTION, -50.0)], ids=["overdrive", "distortion"]
)
@pytest.mark.parametrize("line", [743, 2601])  # 1 and 3.5 kHz; odd lines, so that nothing folds onto a harmonic
def test_aliases_stay_below_the_harmonics(setting, limit_db, line):
    power = line_spectrum(setting, line)
    harmonics = power[::line][1:].sum()
    assert 10 * np.log10((power[1:].sum() - harmonics) / harmonics) < limit_db


def test_asymmetry_brings_even_harmonics():
    power = line_spectrum(amp.OVERDRIVE, 149)
    assert 10 * np.log10(power[298] / power[149]) > -25.0


def test_playing_harder_distorts_more():
    def harmonic_share(level):
        power = line_spectrum(amp.OVERDRIVE, 149, level)
        return power[149 * 2 :: 149].sum() / power[149]

    assert harmonic_share(0.4) > 3 * harmonic_share(0.05)


def test_the_cabinet_follows_its_table():
    gain = np.abs(np.fft.rfft(amp.cabinet_response(), 1 << 15))
    f = np.arange(len(gain)) * 44100 / (1 << 15)
    hertz, decibels = np.array(amp.CABINET_DB).T
    heard = (hertz >= 50) & (hertz <= 10000)
    assert 20 * np.log10(np.interp(hertz[heard], f, gain)) == pytest.approx(decibels[heard], abs=1.0)


def test_the_cabinet_has_minimum_phase():
    """Energy comes as early as the magnitude allows: half of it within a millisecond."""
    energy = np.cumsum(amp.cabinet_response() ** 2)
    assert energy[44] > 0.5 * energy[-1]


@pytest.mark.parametrize("setting", [amp.OVERDRIVE, amp.DISTORTION], ids=["overdrive", "distortion"])
def test_a_note_starts_when_it_is_played(setting):
    di = np.zeros((2, 30_000), np.float32)
    di[:, 10_000] = 0.5
    out = np.abs(through(amp.Amplifier(setting), di)[0])
    assert out[:9_990].max() == 0.0 or out[:9_990].max() < 1e-4 * out.max()
    assert abs(int(np.argmax(out)) - 10_000) < 22  # half a millisecond


def test_silence_is_left_out_and_changes_nothing():
    """A phrase after a long rest sounds as it does alone."""
    rng = np.random.default_rng(3)
    phrase = (0.3 * rng.standard_normal((2, 20_000)) * np.hanning(20_000)).astype(np.float32)
    rest = np.zeros((2, 4 * amp.CHUNK), np.float32)
    alone = through(amp.Amplifier(amp.OVERDRIVE), np.concatenate((phrase, rest), axis=1))
    later = through(amp.Amplifier(amp.OVERDRIVE), np.concatenate((rest, phrase, rest), axis=1))
    assert not later[:, : rest.shape[1] - 2 * amp.TAPS].any()
    assert np.abs(later[:, rest.shape[1] :] - alone).max() < 1e-5


def test_the_cabinet_stops_the_valves_dc():
    """Asymmetry shifts the average; what is left of it after the cabinet is for the mixer's high-pass."""
    power = line_spectrum(amp.DISTORTION, 149)
    assert 10 * np.log10(power[0] / power.sum()) < -50.0
