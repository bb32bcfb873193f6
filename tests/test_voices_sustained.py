"""Winds, strings, choir, organ and synthesisers: in tune, without clicks or aliases, and played by somebody."""

from dataclasses import asdict
from itertools import pairwise

import numpy as np
import pytest

from aimusic.music.chance import stream
from aimusic.synth.bank import Bank, use_bank
from aimusic.synth.instruments import Instrument, load_instruments
from aimusic.synth.kernels import decibels, hertz
from aimusic.synth.voices import contours
from aimusic.synth.voices.contours import Vibrato
from aimusic.synth.voices.organ import fold_back, tonewheel
from aimusic.synth.voices.sections import saw_loops
from aimusic.synth.voices.subtractive import Ladder
from tests.measures import (
    SAMPLE_RATE,
    centroid_hz,
    cents_over_time,
    db,
    dc,
    envelope,
    mono,
    part,
    spectrum,
)

SOLOISTS = ("cello", "violin", "tenor_sax", "trumpet", "flute")
SECTIONS = ("string_ensemble", "choir", "warm_pad")
SYNTHS = ("supersaw", "saw_lead", "pluck", "synth_bass")
ALL = (*SOLOISTS, *SECTIONS, *SYNTHS, "organ")


def instrument(name: str) -> Instrument:
    return load_instruments()[name]


def middle(name: str) -> int:
    return (instrument(name).low + instrument(name).high) // 2


def pitches(name: str) -> list[int]:
    """Low, middle and high."""
    return [instrument(name).low, middle(name), instrument(name).high]


@pytest.mark.parametrize("name", SOLOISTS)
def test_soloists_are_in_tune(name):
    """The mean pitch of the held note, vibrato and unsteadiness included, is within 3 cents."""
    for pitch in pitches(name):
        cents = cents_over_time(instrument(name).note(pitch, 80, 2.4), hertz(pitch))
        assert abs(cents[round(0.3 * SAMPLE_RATE) : round(2.3 * SAMPLE_RATE)].mean()) < 3.0, pitch


@pytest.mark.parametrize("name", ["organ", "synth_bass", "saw_lead"])
def test_keyboards_are_in_tune(name):
    for pitch in pitches(name):
        f0 = hertz(pitch)
        cents = cents_over_time(instrument(name).note(pitch, 80, 2.4), f0, 0.05 * f0)
        assert abs(np.median(cents[SAMPLE_RATE // 4 : 2 * SAMPLE_RATE])) < 2.0, pitch


@pytest.mark.parametrize("name", SECTIONS)
def test_sections_are_centred_on_the_note(name):
    """The energy around the fundamental balances within 3 cents, over a note as long as the loop."""
    for pitch in (48, 60, 72):
        sound = instrument(name).note(pitch, 80, 8.0)
        f, _ = spectrum(part(sound, 1.0, 7.5))
        power = sum(spectrum(part(side, 1.0, 7.5))[1] for side in sound)
        near = np.abs(1200 * np.log2(np.maximum(f, 1.0) / hertz(pitch))) < 60
        cents = 1200 * np.log2((f[near] * power[near]).sum() / power[near].sum() / hertz(pitch))
        assert abs(cents) < 3.0, pitch


@pytest.mark.parametrize("pitch", [48, 60, 72])
def test_the_supersaw_is_centred_on_the_note(pitch):
    """Measured on one whole loop, where every oscillator falls on a bin."""
    settings = instrument("supersaw").settings
    colours = (asdict(settings["dark"]), asdict(settings["bright"]))
    table = saw_loops(pitch, colours, settings["saws_cents"], settings["side_db"], settings["loop_s"])[1]
    power = np.abs(np.fft.rfft(table.astype(np.float64))) ** 2
    cents = 1200 * np.log2(np.arange(1, len(power)) * SAMPLE_RATE / len(table) / hertz(pitch))
    near = np.abs(cents) < 60
    assert abs((cents[near] * power[1:][near]).sum() / power[1:][near].sum()) < 1.0


@pytest.mark.parametrize("name", ALL)
def test_notes_begin_and_end_in_silence_without_dc(name):
    for pitch in pitches(name):
        sound = instrument(name).note(pitch, 100, 0.5)
        peak = np.abs(sound).max()
        assert np.isfinite(sound).all()
        assert np.abs(sound[:, [0, -1]]).max() <= 1e-3 * peak
        assert dc(sound) < 1e-3, pitch


@pytest.mark.parametrize("name", ALL)
def test_a_released_note_is_gone_in_time(name):
    """-60 dB of its peak after the instrument's own release time, also when it was hardly begun."""
    for hold_s in (0.08, 0.7):
        sound = instrument(name).note(middle(name), 90, hold_s)
        rest = sound[:, round((hold_s + instrument(name).release_s) * SAMPLE_RATE) :]
        assert np.abs(rest).max(initial=0.0) <= 1.05e-3 * np.abs(sound).max()


@pytest.mark.parametrize("name", ALL)
def test_louder_keys_are_louder(name):
    level = [np.sqrt((instrument(name).note(middle(name), v, 0.6) ** 2).mean()) for v in (20, 45, 70, 95, 127)]
    assert all(soft < loud for soft, loud in pairwise(level))


@pytest.mark.parametrize(("name", "ratio"), [(n, 1.15) for n in (*SOLOISTS, *SYNTHS, "string_ensemble", "choir")])
def test_louder_keys_are_brighter(name, ratio):
    for pitch in pitches(name)[:2]:
        soft, loud = (centroid_hz(instrument(name).note(pitch, v, 0.8)) for v in (40, 120))
        assert loud > ratio * soft, pitch


@pytest.mark.parametrize("name", ALL)
def test_mezzo_forte_has_room_for_forte(name):
    assert 0.2 <= np.abs(instrument(name).note(middle(name), 80, 1.0)).max() <= 0.6


@pytest.mark.parametrize(
    ("name", "low_s", "high_s"),
    [
        ("string_ensemble", 0.04, 0.2),
        ("cello", 0.03, 0.15),
        ("flute", 0.02, 0.08),
        ("tenor_sax", 0.012, 0.06),
        ("trumpet", 0.012, 0.06),
        ("warm_pad", 0.15, 0.8),
        ("supersaw", 0.0, 0.02),
        ("pluck", 0.0, 0.02),
        ("organ", 0.0, 0.02),
    ],
)
def test_notes_speak_in_their_own_time(name, low_s, high_s):
    """Mean time over some notes until the level has half the power of its loudest 10 ms."""
    times = []
    for pitch in range(middle(name) - 6, middle(name) + 6):
        level = envelope(instrument(name).note(pitch, 80, 1.0), 110)
        level = np.sqrt(np.convolve(level**2, np.ones(4) / 4, "same"))
        times.append(np.argmax(level > 0.707 * np.median(level[80:350])) * 110 / SAMPLE_RATE)
    assert low_s <= np.mean(times) <= high_s


@pytest.mark.parametrize("name", ["saw_lead", "pluck", "synth_bass"])
def test_synthesisers_do_not_alias(name):
    """Between the harmonics there is nothing above -75 dB of the whole."""
    pitch = instrument(name).high - 2
    sound = part(instrument(name).note(pitch, 110, 0.6), 0.02, 0.3)
    f, power = spectrum(sound)
    distance = np.abs(f / hertz(pitch) - np.round(f / hertz(pitch))) * hertz(pitch)
    between = power[(distance > 120) & (f > 200)]
    assert 10 * np.log10(between.max() / power.max()) < -75


@pytest.mark.parametrize("name", ALL)
def test_the_same_note_has_the_same_bytes_from_an_empty_bank(name):
    first = instrument(name).note(middle(name), 77, 0.4, 1).tobytes()
    use_bank(Bank())
    assert instrument(name).note(middle(name), 77, 0.4, 1).tobytes() == first


@pytest.mark.parametrize("name", [*SOLOISTS, *SECTIONS, "supersaw"])
def test_variants_are_other_takes_of_equal_loudness(name):
    takes = [instrument(name).note(middle(name), 80, 1.5, variant) for variant in range(3)]
    assert len({take.tobytes() for take in takes}) == 3
    level = [db(np.sqrt((take**2).mean())) for take in takes]
    assert max(level) - min(level) < 4.0


@pytest.mark.parametrize("name", [*SECTIONS, "supersaw"])
def test_sections_are_wide_and_fold_down(name):
    sound = instrument(name).note(60, 80, 4.0)
    assert 0.05 < np.corrcoef(sound)[0, 1] < 0.95
    assert db(np.sqrt((mono(sound) ** 2).mean() / (sound**2).mean())) > -3.0


@pytest.mark.parametrize(("name", "depth_cents"), [("cello", 16), ("violin", 18), ("tenor_sax", 15), ("flute", 8)])
def test_vibrato_begins_late_and_is_as_wide_as_asked(name, depth_cents):
    pitch = middle(name)
    cents = cents_over_time(instrument(name).note(pitch, 80, 2.5), hertz(pitch), 0.12 * hertz(pitch))
    held = cents[SAMPLE_RATE : round(2.3 * SAMPLE_RATE)]
    early = cents[round(0.12 * SAMPLE_RATE) : round(0.24 * SAMPLE_RATE)]
    assert held.std() == pytest.approx(depth_cents / 2**0.5, rel=0.45)
    assert early.std() < 0.7 * held.std()


def test_the_body_makes_partials_beat_under_vibrato():
    """Partials of a bowed string rise and fall on their own, by decibels, with the vibrato."""
    sound = part(instrument("cello").note(50, 80, 2.5), 1.0, 2.3)
    swing = []
    for k in range(3, 9):
        spectrum_ = np.fft.fft(sound)
        f = np.fft.fftfreq(len(sound), 1 / SAMPLE_RATE)
        spectrum_[np.abs(f - k * hertz(50)) > 0.4 * hertz(50)] = 0
        level = 20 * np.log10(np.abs(np.fft.ifft(spectrum_))[2000:-2000])
        swing.append(level.std())
    assert np.mean(swing) > 0.7


@pytest.mark.parametrize("name", ["tenor_sax", "flute", "cello"])
def test_there_is_breath_or_bow_between_the_partials(name):
    """The harmonic-to-noise ratio of a real instrument is some 20 to 50 dB, not 90."""
    pitch = middle(name)
    f, power = spectrum(part(instrument(name).note(pitch, 80, 2.0), 0.5, 1.8))
    distance = np.abs(f / hertz(pitch) - np.round(f / hertz(pitch)))
    noise = power[(distance > 0.3) & (f > 200)].sum()
    assert -60 < 10 * np.log10(noise / power.sum()) < -18


def test_the_trumpet_opens_as_it_begins():
    """Upper partials arrive after the fundamental: the first 15 ms are darker than the note."""
    sound = instrument("trumpet").note(65, 90, 0.6)
    assert centroid_hz(part(sound, 0.0, 0.014)) < 0.85 * centroid_hz(part(sound, 0.05, 0.1))


def test_the_saxophone_growls_only_when_it_is_loud():
    def flutter(velocity: int) -> float:
        level = envelope(part(instrument("tenor_sax").note(60, velocity, 2.0), 0.3, 1.9), 128)
        wave = np.fft.rfft(level / level.mean() - 1)
        hz = np.fft.rfftfreq(len(level), 128 / SAMPLE_RATE)
        return float(np.sqrt((np.abs(wave[(hz > 15) & (hz < 60)]) ** 2).sum()) / len(level))

    assert flutter(127) > 2 * flutter(80)


def test_the_choir_moves_between_vowels():
    """The spectrum of a held note is not still: its centroid wanders."""
    sound = instrument("choir").note(60, 80, 6.0)
    centroids = [centroid_hz(part(sound, t, t + 0.5)) for t in np.arange(0.5, 5.5, 0.5)]
    assert np.std(centroids) > 0.02 * np.mean(centroids)


def test_every_drawbar_sounds_its_footage_three_decibels_a_step():
    settings = {
        "percussion_db": -90.0,
        "percussion_s": 0.2,
        "click_db": -60.0,
        "leakage_db": -80.0,
        "brightness": 0.0,
    }
    bars = (8, 7, 6, 5, 4, 3, 2, 1, 8)
    sound = tonewheel(48, 0.63, 2.0, stream(1, "organ"), drawbars=bars, **settings)
    f, power = spectrum(part(sound, 0.3, 1.9))
    for bar, step in zip(bars, (-12, 7, 0, 12, 19, 24, 28, 31, 36), strict=True):
        line = power[np.abs(f - hertz(48 + step)) < 5].max()
        reference = power[np.abs(f - hertz(36)) < 5].max()
        assert 10 * np.log10(line / reference) == pytest.approx(3.0 * (bar - 8), abs=0.3)


def test_organ_percussion_dies_and_the_drawbars_stay():
    sound = instrument("organ").note(60, 80, 2.0)
    third = [spectrum(part(sound, t, t + 0.2)) for t in (0.02, 1.5)]
    level = [power[np.abs(f - hertz(79)) < 20].max() for f, power in third]
    assert 10 * np.log10(level[0] / level[1]) > 3


def test_organ_wiring_folds_back_by_octaves():
    assert [fold_back(wheel) for wheel in (12, 24, 60, 114, 115, 140)] == [24, 24, 60, 114, 103, 104]


def test_the_ladder_falls_24_db_an_octave_and_12_at_its_cutoff():
    ladder = Ladder(cutoff_hz=500.0, tracking=0.0, feedback=0.0, envelope=0.0, decay_s=1.0, brightness=0.0)
    gain = ladder.gain(np.array([1.0, 500.0, 16000.0, 32000.0]), np.zeros(1), 48, 0.63)[0]
    assert db(gain[0]) == pytest.approx(0.0, abs=0.01)
    assert db(gain[1]) == pytest.approx(-12.04, abs=0.01)
    assert db(gain[3] / gain[2]) == pytest.approx(-24.0, abs=0.1)


def test_the_filter_envelope_closes():
    sound = instrument("synth_bass").note(36, 100, 1.0)
    assert centroid_hz(part(sound, 0.0, 0.05)) > 1.3 * centroid_hz(part(sound, 0.6, 0.9))


def test_release_falls_60_db_in_its_time_and_swell_has_no_corner():
    t = contours.block_times(2 * SAMPLE_RATE)
    fall = contours.release(t, 0.5, 0.6)
    assert (fall[t < 0.5] == 1.0).all()
    assert db(np.interp(0.5 + 0.6 + 0.01, t, fall)) == pytest.approx(-60, abs=0.3)
    rise = contours.swell(t, 0.5)
    assert rise[0] == 0.0
    assert (rise[t >= 0.5] == 1.0).all()
    assert np.abs(np.diff(rise, 2)).max() < 2 * (np.pi / 2 / 0.5 * t[1]) ** 2


def test_wander_is_slow_smooth_and_of_unit_size():
    t = np.arange(40000) / 172.0
    motion = contours.wander(stream(1, "wander"), t, 4.0, 3)
    assert motion.shape == (40000, 3)
    np.testing.assert_allclose(motion.std(axis=0), 1.0, rtol=0.1)
    power = np.abs(np.fft.rfft(motion[:, 0])) ** 2
    hz = np.fft.rfftfreq(len(t), 1 / 172.0)
    assert power[hz < 7.0].sum() > 0.99 * power.sum()


def test_contours_are_joined_by_straight_lines():
    contour = np.array([0.0, 1.0, 0.5])
    joined = contours.per_sample(contour, 400)
    np.testing.assert_allclose(joined, np.interp(np.arange(400), [0, 256, 512], contour), atol=1e-6)


def test_vibrato_wave_stays_near_its_rate():
    t = np.arange(3000) / 172.0
    wave = contours.vibrato_wave(stream(2, "vibrato"), t, Vibrato(rate_hz=5.0, depth_cents=10.0, delay_s=0.2))
    assert np.abs(wave[t < 0.2]).max() == 0.0
    turns = np.count_nonzero((wave[:-1] < 0) & (wave[1:] >= 0)) / (t[-1] - 0.2)
    assert turns == pytest.approx(5.0, rel=0.08)
    assert float(decibels(0.0)) == 1.0
