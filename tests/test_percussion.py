"""Drums: each in its band, as long as it should ring, alive when repeated, and the same bytes twice."""

from itertools import pairwise

import numpy as np
import pytest

from aimusic.errors import InvalidInstrument
from aimusic.music.chance import stream
from aimusic.synth.bank import Bank, use_bank
from aimusic.synth.instruments import load_instruments
from aimusic.synth.percussion.metals import Metal
from aimusic.synth.percussion.noises import SQUARES_HZ, Burst, Squares
from aimusic.synth.percussion.skins import Skin
from tests.measures import SAMPLE_RATE, centroid_hz, db, dc, decay_s, envelope, mono, share, spectrum

KITS = ("acoustic_kit", "electronic_kit")
NUMBERS = {
    "kick": 36,
    "rim": 37,
    "snare": 38,
    "clap": 39,
    "closed_hat": 42,
    "pedal_hat": 44,
    "low_tom": 45,
    "open_hat": 46,
    "mid_tom": 47,
    "crash": 49,
    "high_tom": 50,
    "ride": 51,
    "ride_bell": 53,
    "tambourine": 54,
    "cowbell": 56,
}
EVERY = [(kit, drum) for kit in KITS for drum in NUMBERS]
# Where at least 70 % of a drum's energy lies.
BANDS_HZ = {
    "kick": (35, 200),
    "rim": (300, 8000),
    "snare": (150, 12000),
    "clap": (500, 9000),
    "closed_hat": (4000, 20000),
    "pedal_hat": (3000, 20000),
    "open_hat": (3000, 20000),
    "low_tom": (60, 300),
    "mid_tom": (80, 350),
    "high_tom": (110, 450),
    "crash": (2000, 16000),
    "ride": (1500, 18000),
    "ride_bell": (600, 9000),
    "tambourine": (5000, 20000),
    "cowbell": (450, 4000),
}
# Seconds until the drum has fallen by 40 dB.
RINGS_S = {
    "kick": (0.12, 0.6),
    "rim": (0.01, 0.2),
    "snare": (0.1, 0.35),
    "clap": (0.08, 0.35),
    "closed_hat": (0.04, 0.25),
    "pedal_hat": (0.02, 0.25),
    "open_hat": (0.4, 1.6),
    "low_tom": (0.3, 1.0),
    "mid_tom": (0.25, 0.9),
    "high_tom": (0.2, 0.8),
    "crash": (1.2, 4.0),
    "ride": (0.6, 2.5),
    "ride_bell": (0.5, 2.5),
    "tambourine": (0.05, 0.4),
    "cowbell": (0.1, 0.5),
}


def strike(kit: str, drum: str, velocity: int = 100, variant: int = 0) -> np.ndarray:
    return load_instruments()[kit].note(NUMBERS[drum], velocity, 0.1, variant)


@pytest.mark.parametrize(("kit", "drum"), EVERY)
def test_a_drum_sounds_in_its_band(kit, drum):
    assert share(strike(kit, drum), *BANDS_HZ[drum]) >= 0.7


@pytest.mark.parametrize(("kit", "drum"), EVERY)
def test_a_drum_rings_as_long_as_it_should(kit, drum):
    low_s, high_s = RINGS_S[drum]
    assert low_s <= decay_s(strike(kit, drum), 40) <= high_s


@pytest.mark.parametrize(("kit", "drum"), EVERY)
def test_a_stroke_begins_and_ends_in_silence_without_dc(kit, drum):
    sound = strike(kit, drum)
    peak = np.abs(sound).max()
    assert sound.shape[0] == 2
    assert sound.dtype == np.float32
    assert np.isfinite(sound).all()
    assert np.abs(sound[:, [0, -1]]).max() <= 1e-3 * peak
    assert db(envelope(sound)[-1] / peak) < -50
    assert dc(sound) < 3e-3


@pytest.mark.parametrize(("kit", "drum"), EVERY)
def test_harder_strokes_are_louder(kit, drum):
    level = [np.sqrt((strike(kit, drum, velocity) ** 2).sum()) for velocity in (20, 45, 70, 95, 127)]
    assert all(soft < loud for soft, loud in pairwise(level))


@pytest.mark.parametrize("drum", ["kick", "snare", "closed_hat", "open_hat", "crash", "ride", "low_tom", "rim"])
def test_harder_strokes_are_brighter(drum):
    assert centroid_hz(strike("acoustic_kit", drum, 120)) > 1.05 * centroid_hz(strike("acoustic_kit", drum, 40))


@pytest.mark.parametrize(("kit", "drum"), EVERY)
def test_levels_suit_a_mix(kit, drum):
    low, high = (0.6, 1.1) if drum in ("kick", "snare") else (0.15, 1.15)
    assert low <= np.abs(strike(kit, drum)).max() <= high


@pytest.mark.parametrize("kit", KITS)
def test_the_same_stroke_has_the_same_bytes_from_an_empty_bank(kit):
    first = {drum: strike(kit, drum).tobytes() for drum in NUMBERS}
    use_bank(Bank())
    assert {drum: strike(kit, drum).tobytes() for drum in NUMBERS} == first


@pytest.mark.parametrize("drum", NUMBERS)
def test_repeated_strokes_are_different_takes(drum):
    assert len({strike("acoustic_kit", drum, 100, variant).tobytes() for variant in range(3)}) == 3


def test_the_drum_machine_repeats_itself():
    assert len({strike("electronic_kit", "kick", 100, variant).tobytes() for variant in range(3)}) == 1


def test_takes_of_a_cymbal_are_the_same_cymbal():
    """Its modes stay where they are: two takes share their spectrum, another plate does not."""
    plate = {"modes": 60, "low_hz": 500.0, "high_hz": 6000.0, "t60_s": 2.0, "t60_slope": 0.3}
    plate |= {"tilt_db": 0.0, "peak_hz": 2500.0, "peak_q": 0.5}
    one, other = Metal(seed=1, **plate), Metal(seed=2, **plate)
    n = 22050
    a, b, c = (
        spectrum(metal.strike(0.6, stream(take, "take"))[:1, :n])[1]
        for metal, take in ((one, 1), (one, 2), (other, 1))
    )
    assert np.corrcoef(a, b)[0, 1] > 0.6
    assert np.corrcoef(a, c)[0, 1] < 0.3


def test_hats_close():
    closed, pedal, opened = (
        decay_s(strike("acoustic_kit", d), 40) for d in ("closed_hat", "pedal_hat", "open_hat")
    )
    assert max(closed, pedal) < opened / 3


@pytest.mark.parametrize(("kit", "end_hz"), [("acoustic_kit", 54.0), ("electronic_kit", 49.0)])
def test_the_kick_falls_in_pitch(kit, end_hz):
    """The time between zero crossings grows from the beater's stroke to the drum's own pitch."""
    x = mono(strike(kit, "kick", 120))
    crossings = np.flatnonzero((x[:-1] < 0) & (x[1:] >= 0)) / SAMPLE_RATE
    pitch_hz = 1 / np.diff(crossings)
    early = pitch_hz[crossings[:-1] < 0.02].max()
    late = np.median(pitch_hz[(crossings[:-1] > 0.12) & (crossings[:-1] < 0.25)])
    assert early > 1.4 * late
    assert late == pytest.approx(end_hz, rel=0.06)


def test_toms_are_tuned_from_low_to_high():
    heights = []
    for drum in ("low_tom", "mid_tom", "high_tom"):
        f, power = spectrum(strike("acoustic_kit", drum)[:, 4410:22050])
        heights.append(f[power.argmax()])
    assert heights[0] < 0.8 * heights[1] < 0.8**2 * heights[2]


def test_cymbals_are_wide_and_drums_are_in_the_middle():
    assert abs(np.corrcoef(strike("acoustic_kit", "crash"))[0, 1]) < 0.3
    assert np.corrcoef(strike("acoustic_kit", "kick"))[0, 1] > 0.98


def test_a_crash_takes_its_time_to_open():
    """Energy climbs into the high modes: above 8 kHz the first 3 ms are weaker than what follows."""
    kit = load_instruments()["acoustic_kit"]
    (plate,) = kit.settings["drums"]["crash"].metals
    sound = plate.strike(0.8, stream(1, "crash"))
    bins = np.abs(np.fft.rfft(mono(sound)))
    f = np.fft.rfftfreq(sound.shape[-1], 1 / SAMPLE_RATE)
    phase = np.angle(np.fft.rfft(mono(sound)))
    high = np.fft.irfft(np.where(f > 8000, bins, 0) * np.exp(1j * phase), sound.shape[-1])
    assert np.sqrt((high[:132] ** 2).mean()) < 0.5 * np.sqrt((high[1300:2600] ** 2).mean())


def test_a_clap_is_several_hands():
    """Four bursts some 10 ms apart: the envelope rises again at least three times."""
    level = envelope(strike("electronic_kit", "clap"), 44)[:45]
    level = np.convolve(level, np.ones(3) / 3, "same")
    peaks = [
        i for i in range(43) if level[i] == level[max(0, i - 2) : i + 3].max() and level[i] > 0.4 * level.max()
    ]
    assert len(peaks) >= 4


def test_the_cowbell_of_the_machine_has_its_two_tones():
    f, power = spectrum(strike("electronic_kit", "cowbell")[:, :13230])
    loudest = f[power > 0.1 * power.max()]
    assert {540, 800} <= {round(x / 10) * 10 for x in loudest}


def test_squares_have_odd_harmonics_only():
    squares = Squares(oscillators=(0,), bands=((3440.0, 0.5, 0.0, 5.0),))
    f, power = spectrum(squares.strike(0.6, stream(1, "squares"))[:88200])
    at = lambda hz: power[np.abs(f - hz) < 3].max()  # noqa: E731
    for k in (1, 3, 5, 15, 41):
        assert at(k * SQUARES_HZ[0]) > 1e4 * at((k + 1) * SQUARES_HZ[0])


def test_a_burst_keeps_its_band_its_level_and_its_decay():
    burst = Burst(level_db=-6.0, low_hz=2000.0, high_hz=4000.0, t60_s=1.0, attack_s=0.001, touch_db=0.0)
    sound = burst.strike(0.63, stream(1, "burst"))
    assert share(sound, 1400, 5600) > 0.75
    assert db(np.sqrt((sound[0, :2205] ** 2).mean())) == pytest.approx(-6.0 - 1.5, abs=1.0)
    assert decay_s(sound, 30) == pytest.approx(0.5, abs=0.06)


def test_a_skin_has_its_modes_and_its_decay():
    skin = Skin(
        f_hz=200.0,
        sweep_hz=0.0,
        sweep_s=0.01,
        ratios=(1.0, 2.14),
        levels_db=(0.0, -12.0),
        t60_s=(1.0, 1.0),
        touch_db=0.0,
    )
    sound = skin.strike(0.63, stream(1, "skin"))
    f, power = spectrum(sound)
    line = {hz: power[np.abs(f - hz) < 4].max() for hz in (200, 428)}
    assert 10 * np.log10(line[428] / line[200]) == pytest.approx(-12.0, abs=1.6)
    assert decay_s(sound, 40) == pytest.approx(2 / 3, abs=0.02)


@pytest.mark.parametrize("kit", KITS)
def test_an_unknown_drum_is_an_error_that_lists_the_known(kit):
    with pytest.raises(InvalidInstrument, match=r"has the drums 35, 36, .* got 81"):
        load_instruments()[kit].note(81, 100, 0.1)
