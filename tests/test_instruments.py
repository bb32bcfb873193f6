"""The table of instruments, and the laws that every instrument in it obeys, whoever plays it."""

import tomllib
from dataclasses import fields
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from aimusic.errors import InvalidInstrument
from aimusic.style import load_styles
from aimusic.synth.inserts import INSERTS
from aimusic.synth.instruments import INSTRUMENTS_TOML, Table, load_instruments, read_instrument
from aimusic.synth.kernels import SAMPLE_RATE, hertz, samples
from aimusic.synth.voices import METHODS
from aimusic.synth.voices.piano import stretch_cents

INSTRUMENTS = load_instruments()
EVERY = sorted(INSTRUMENTS)
PITCHED = [name for name in EVERY if not INSTRUMENTS[name].is_drum]
BRIGHTENING = [name for name in PITCHED if INSTRUMENTS[name].family in {"struck", "plucked", "blown"}]
ENSEMBLES = {"section", "supersaw"}
DRUMS = (36, 38, 42, 49)
HOLD_S = 0.7


def pitches(name: str) -> list[int]:
    """Low, middle and high, away from the ends of the range; four drums of a kit."""
    instrument = INSTRUMENTS[name]
    if instrument.is_drum:
        return [pitch for pitch in DRUMS if instrument.low <= pitch <= instrument.high]
    return [round(instrument.low + (instrument.high - instrument.low) * x) for x in (0.2, 0.5, 0.75)]


@cache
def note(name: str, pitch: int, velocity: int = 80, hold_s: float = HOLD_S, variant: int = 0) -> np.ndarray:
    return INSTRUMENTS[name].note(pitch, velocity, hold_s, variant)


def decibels_of(sound: np.ndarray, reference: np.ndarray) -> float:
    return 20 * np.log10(np.abs(sound).max() / np.abs(reference).max() + 1e-12)


def tuning_cents(name: str, pitch: int) -> float:
    """How far the tuned partial lies from equal temperament, by the power centroid of its line.

    Over a line ±60 cents wide the centroid is the mean pitch of a vibrato or an ensemble, too.
    """
    sound = note(name, pitch, 80, 1.6).mean(axis=0)[samples(0.1) : samples(1.6)]
    wanted_hz = hertz(pitch) * INSTRUMENTS[name].tuned_ratio
    size = 1 << 18
    power = np.abs(np.fft.rfft(sound * np.blackman(len(sound)), size)) ** 2
    f = np.fft.rfftfreq(size, 1 / SAMPLE_RATE)
    width_hz = max(wanted_hz * (2 ** (60 / 1200) - 1), 3.0)
    near = np.abs(f - wanted_hz) < width_hz
    centre_hz = f[near][np.argmax(power[near])]
    line = np.abs(f - centre_hz) < width_hz
    return float(1200 * np.log2(np.sum(f[line] * power[line]) / np.sum(power[line]) / wanted_hz))


def centroid_hz(sound: np.ndarray) -> float:
    """Mean frequency of the amplitude spectrum of the first .4 s, of bins within 50 dB of the strongest."""
    amplitude = np.abs(np.fft.rfft(sound.mean(axis=0)[: samples(0.4)]))
    amplitude[amplitude < amplitude.max() * 10 ** (-50 / 20)] = 0.0
    return float(np.sum(amplitude * np.fft.rfftfreq(samples(0.4), 1 / SAMPLE_RATE)) / np.sum(amplitude))


@pytest.mark.parametrize("name", EVERY)
def test_notes_are_finite_stereo_and_begin_and_end_in_silence(name):
    for pitch in pitches(name):
        sound = note(name, pitch)
        assert sound.shape[0] == 2 and sound.dtype == np.float32
        assert np.isfinite(sound).all()
        assert decibels_of(sound[:, [0, -1]], sound) <= -60


@pytest.mark.parametrize("name", EVERY)
def test_the_same_call_gives_the_same_bytes(name):
    pitch = pitches(name)[1]
    again = INSTRUMENTS[name].note(pitch, 80, HOLD_S)
    assert again.tobytes() == note(name, pitch).tobytes()


@pytest.mark.parametrize("name", [name for name in EVERY if INSTRUMENTS[name].family != "synth"])
def test_variants_are_different_takes_of_the_same_note(name):
    pitch = pitches(name)[1]
    one, other = note(name, pitch), note(name, pitch, variant=1)
    assert one.shape != other.shape or not np.array_equal(one, other)
    assert decibels_of(other, one) == pytest.approx(0, abs=3)


@pytest.mark.parametrize("name", EVERY)
def test_a_mezzo_forte_peaks_between_0_3_and_0_5(name):
    """Of a note in mid range; a snare drum may reach .7."""
    peak = np.abs(note(name, pitches(name)[1])).max()
    assert 0.28 <= peak <= (0.7 if INSTRUMENTS[name].is_drum else 0.52)


@pytest.mark.parametrize("name", EVERY)
def test_louder_playing_sounds_louder(name):
    pitch = pitches(name)[1]
    rms = [np.sqrt(np.mean(note(name, pitch, velocity)[:, : samples(0.4)] ** 2)) for velocity in (20, 50, 80, 120)]
    assert rms == sorted(rms)
    assert rms[-1] > 3 * rms[0]


@pytest.mark.parametrize("name", BRIGHTENING)
def test_louder_playing_sounds_brighter(name):
    ratios = [centroid_hz(note(name, p, 120)) / centroid_hz(note(name, p, 40)) for p in pitches(name)]
    assert np.mean(ratios) >= 1.15 and min(ratios) >= 1.05


@pytest.mark.parametrize("name", PITCHED)
def test_the_fundamental_is_in_tune(name):
    """Within 3 cents; many voices beat and their mean wanders, so ensembles answer for the mean of three notes."""
    instrument = INSTRUMENTS[name]
    stretch = stretch_cents if instrument.method == "grand_piano" else lambda pitch: 0.0
    off = [tuning_cents(name, pitch) - stretch(pitch) for pitch in pitches(name)]
    if instrument.method in ENSEMBLES:
        assert np.mean(off) == pytest.approx(0, abs=5)
    else:
        assert off == pytest.approx([0, 0, 0], abs=3)


@pytest.mark.parametrize("name", PITCHED)
def test_a_released_note_is_silent_in_time(name):
    instrument = INSTRUMENTS[name]
    for pitch in pitches(name):
        sound = note(name, pitch)
        assert decibels_of(np.append(sound[:, samples(HOLD_S + instrument.release_s) :], 0.0), sound) <= -60


@pytest.mark.parametrize("name", EVERY)
def test_notes_carry_no_direct_current(name):
    """The mean over the note; a damped 40 Hz sine that starts upwards has -52 dB of it by nature."""
    for pitch in pitches(name):
        sound = note(name, pitch)
        assert decibels_of(sound.mean(axis=1), sound) <= -50, pitch


@pytest.mark.parametrize("name", [name for name in PITCHED if INSTRUMENTS[name].family in {"struck", "plucked"}])
def test_nothing_clicks_after_the_attack(name):
    """A corner in the sound would be heard as a tick: above 15 kHz, 70 dB below the peak, release included."""
    for pitch in pitches(name):
        sound = note(name, pitch).mean(axis=0)
        spectrum = np.fft.rfft(sound, 1 << 18)  # room for what the filter rings before the onset
        spectrum[: round(15000 * (1 << 18) / SAMPLE_RATE)] = 0
        assert decibels_of(np.fft.irfft(spectrum)[samples(0.15) : len(sound)], sound) <= -70, pitch


def test_release_times_longer_than_a_damper_are_declared():
    for name in PITCHED:
        assert 0 < INSTRUMENTS[name].release_s <= 3.0


def test_a_pitch_out_of_range_is_refused():
    with pytest.raises(InvalidInstrument, match=r"finger_bass: plays pitches \d+ to \d+, got 110"):
        INSTRUMENTS["finger_bass"].note(110, 80, 0.5)


def test_every_instrument_and_range_of_every_style_exists():
    for style in load_styles().values():
        for part in style.parts:
            instrument = INSTRUMENTS[part.instrument]
            if not instrument.is_drum:
                assert instrument.low <= part.low <= part.high <= instrument.high, (style.name, part.name)


@pytest.mark.parametrize("name", EVERY)
def test_inserts_exist(name):
    assert INSTRUMENTS[name].insert in INSERTS


def test_every_method_has_an_instrument():
    assert {instrument.method for instrument in INSTRUMENTS.values()} == set(METHODS)


def test_every_key_of_a_table_is_documented():
    page = (Path(__file__).parents[1] / "docs" / "sound.md").read_text(encoding="utf-8")
    for field in fields(Table):
        assert f"`{field.name}`" in page, f"docs/sound.md does not name {field.name}"


TABLES = tomllib.loads(INSTRUMENTS_TOML.read_text(encoding="utf-8"))


def altered(name: str, **changes: object) -> dict:
    """A table with some keys replaced; None removes a key. `settings__x` reaches into the settings."""
    table = {**TABLES[name], "settings": dict(TABLES[name]["settings"])}
    for key, value in changes.items():
        place, key = (table["settings"], key[10:]) if key.startswith("settings__") else (table, key)
        if value is None:
            del place[key]
        else:
            place[key] = value
    return table


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"settings__mallet_hz": None}, "vibraphone.settings.mallet_hz: struck_bar needs this setting"),
        ({"settings__mallet_khz": 1.0}, "vibraphone.settings.mallet_khz: struck_bar has no such setting"),
        ({"settings__knock_s": "long"}, r"vibraphone.settings.knock_s: .*number"),
        ({"settings__ratios": [1.0, "two"]}, r"vibraphone.settings.ratios.1: .*number"),
        ({"method": "kazoo"}, "vibraphone.method: must be one of .*struck_bar.*, got 'kazoo'"),
        ({"family": "brass"}, "vibraphone.family: "),
        ({"program": 128}, "vibraphone.program: .*127"),
        ({"program": None}, "vibraphone.program: .*required"),
        ({"colour": "blue"}, "vibraphone.colour: "),
        ({"low": 100, "high": 50}, "vibraphone.low: must not be above high"),
    ],
)
def test_a_wrong_table_is_refused_by_instrument_and_key(changes, message):
    with pytest.raises(InvalidInstrument, match=message):
        read_instrument("vibraphone", altered("vibraphone", **changes))


def test_a_wrong_key_in_a_group_of_settings_is_named():
    table = altered("harp")
    table["settings"]["pluck"] = {**table["settings"]["pluck"], "att": 0.5}
    with pytest.raises(InvalidInstrument, match=r"harp\.settings\.pluck\.att: "):
        read_instrument("harp", table)


def test_an_unreadable_file_is_refused_by_name(tmp_path):
    path = tmp_path / "instruments.toml"
    path.write_text("[vibraphone\n", encoding="utf-8")
    with pytest.raises(InvalidInstrument, match=r"instruments\.toml"):
        load_instruments(path)


def test_settings_cannot_be_changed():
    with pytest.raises(TypeError):
        INSTRUMENTS["vibraphone"].settings["mallet_hz"] = 1.0
