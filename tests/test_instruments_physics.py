"""What notes owe to physics: nobody foresees the release, blown notes stay, struck ones die, drums differ."""

from functools import cache
from itertools import combinations, pairwise

import numpy as np
import pytest

from aimusic.synth.instruments import load_instruments
from aimusic.synth.kernels import hertz
from tests.measures import SAMPLE_RATE, centroid_hz, db, envelope, mono, part, share, spectrum

INSTRUMENTS = load_instruments()
PITCHED = sorted(name for name, instrument in INSTRUMENTS.items() if not instrument.is_drum)
KITS = sorted(name for name, instrument in INSTRUMENTS.items() if instrument.is_drum)
DRUMS = {kit: INSTRUMENTS[kit].settings["drums"] for kit in KITS}
EVERY_DRUM = [(kit, label) for kit in KITS for label in DRUMS[kit]]
SAME_PLATES = {"closed_hat", "pedal_hat"}  # one pair of plates, closed by the stick's hand or by the foot
DRIVEN = {"blown", "bowed", "sung", "organ"}


def of_family(*families: str) -> list[str]:
    return [name for name in PITCHED if INSTRUMENTS[name].family in families]


def middle(name: str) -> int:
    return (INSTRUMENTS[name].low + INSTRUMENTS[name].high) // 2


@cache
def note(name: str, velocity: int = 80, hold_s: float = 0.5, pitch: int | None = None) -> np.ndarray:
    return INSTRUMENTS[name].note(middle(name) if pitch is None else pitch, velocity, hold_s)


@cache
def stroke(kit: str, label: str, velocity: int = 100, take: int = 0) -> np.ndarray:
    return INSTRUMENTS[kit].note(DRUMS[kit][label].numbers[0], velocity, 0.1, take)


def rms(sound: np.ndarray, start_s: float, stop_s: float) -> float:
    return float(np.sqrt((part(sound, start_s, stop_s) ** 2).mean()))


@pytest.mark.parametrize("name", PITCHED)
def test_nobody_knows_when_a_key_will_be_released(name):
    """Until the release a short note is, sample by sample, the long note."""
    before = round(0.45 * SAMPLE_RATE)
    short, long = note(name, 80, 0.5), note(name, 80, 0.9)
    assert np.array_equal(short[:, :before], long[:, :before])


@pytest.mark.parametrize("name", PITCHED)
def test_the_ends_of_the_keyboard_play_at_every_force(name):
    """Lowest and highest key, softest and hardest, for a hundredth of a second: finite, heard, not clipped."""
    instrument = INSTRUMENTS[name]
    for pitch in (instrument.low, instrument.high):
        soft, hard = (np.abs(note(name, velocity, 0.01, pitch)).max() for velocity in (1, 127))
        assert 0 < soft < 0.01 * hard, pitch
        assert 0.03 < hard < 1.6, pitch


@pytest.mark.parametrize("name", of_family(*DRIVEN))
def test_driven_notes_stay_while_they_are_driven(name):
    """Breath, bow and bellows hold their level within 1.5 dB for two seconds."""
    sound = note(name, 80, 2.0)
    assert db(rms(sound, 1.3, 1.9) / rms(sound, 0.5, 1.1)) == pytest.approx(0.0, abs=1.5)


@pytest.mark.parametrize("name", of_family("struck", "plucked"))
def test_struck_and_plucked_notes_die_while_they_are_held(name):
    """Quarter by quarter of the second after the attack there is less, 3 dB or more in all."""
    sound = note(name, 80, 1.3)
    levels = [rms(sound, start_s, start_s + 0.25) for start_s in (0.1, 0.35, 0.6, 0.85)]
    assert all(earlier > later for earlier, later in pairwise(levels))
    assert db(levels[0] / levels[-1]) > 3


@pytest.mark.parametrize("name", of_family("struck", "plucked"))
def test_struck_and_plucked_notes_are_brightest_when_struck(name):
    """High partials lose their energy first."""
    sound = note(name, 100, 1.3)
    begin, end = (centroid_hz(sound[:, round(s * SAMPLE_RATE) :][:, :11025]) for s in (0.0, 0.8))
    assert begin > 0.98 * end


@pytest.mark.parametrize("name", ["violin", "cello", "organ", "string_ensemble", "choir", "warm_pad", "supersaw"])
def test_brightness_never_falls_as_the_key_is_pressed_harder(name):
    soft, medium, loud = (centroid_hz(note(name, velocity, 0.5)) for velocity in (30, 75, 120))
    assert soft < medium < loud


@pytest.mark.parametrize("name", [*of_family("blown", "bowed"), "synth_bass", "saw_lead"])
def test_partials_of_driven_sounds_are_whole_multiples(name):
    """Up to the sixth each lies within 8 cents of its multiple, vibrato and all."""
    sound, f0_hz = note(name, 80, 2.0), hertz(middle(name))
    f, power = spectrum(sound[:, round(0.2 * SAMPLE_RATE) : round(1.9 * SAMPLE_RATE)])
    for k in range(1, 7):
        near = np.abs(f / (k * f0_hz) - 1) < 0.029
        centre_hz = (f[near] * power[near]).sum() / power[near].sum()
        assert 1200 * np.log2(centre_hz / (k * f0_hz)) == pytest.approx(0.0, abs=8.0), k


@pytest.mark.parametrize("name", [name for name in PITCHED if name != "organ"])
def test_nothing_rumbles_below_the_note(name):
    """Less than 1 % of the energy lies more than a sixth below the fundamental: wood and mallets, no more."""
    assert share(note(name), 0.0, 0.6 * hertz(middle(name))) < 0.01


def test_the_organ_has_a_sixteen_foot_rank():
    """Its sub-octave is meant: the first drawbar sounds at half the pitch."""
    pitch = middle("organ")
    f, power = spectrum(note("organ", 80, 2.0))
    assert f[(f > 20) & (f < 0.6 * hertz(pitch))][power[(f > 20) & (f < 0.6 * hertz(pitch))].argmax()] == (
        pytest.approx(hertz(pitch) / 2, rel=0.01)
    )


@pytest.mark.parametrize(
    ("names", "low_s", "high_s"),
    [
        (of_family("struck", "plucked"), 0.0, 0.015),
        (["violin", "tenor_sax", "trumpet", "flute"], 0.01, 0.08),
        (["cello", "string_ensemble", "choir"], 0.03, 0.2),
        (["warm_pad"], 0.15, 0.8),
        (["synth_bass", "saw_lead", "pluck", "supersaw", "organ"], 0.0, 0.02),
    ],
)
def test_a_note_is_heard_when_its_family_is(names, low_s, high_s):
    """Time until the level has half of its largest amplitude."""
    for name in names:
        level = envelope(note(name), 110)[: round(0.4 * SAMPLE_RATE / 110)]
        level = np.sqrt(np.convolve(level**2, np.ones(4) / 4, "same"))
        assert low_s <= np.argmax(level > 0.5 * level.max()) * 110 / SAMPLE_RATE <= high_s, name


@pytest.mark.parametrize("name", [name for name in PITCHED if INSTRUMENTS[name].release_s <= 0.6])
def test_a_release_only_falls(name):
    """After the key is up, no 40 ms are louder than the 40 ms before, until 50 dB below the note."""
    sound = note(name)
    level = envelope(sound[:, round(0.51 * SAMPLE_RATE) :], 1764)
    heard = level[level > 10 ** (-50 / 20) * envelope(sound).max()]
    assert all(later < 1.03 * earlier for earlier, later in pairwise(heard))


@pytest.mark.parametrize("name", PITCHED)
def test_both_sides_are_equally_loud(name):
    """Place is the mixer's business; a key of the piano may lean 3 dB to its side."""
    left, right = (note(name, 80, 0.9) ** 2).sum(axis=1)
    assert 10 * np.log10(left / right) == pytest.approx(0.0, abs=3.0)


@pytest.mark.parametrize("name", PITCHED)
def test_a_note_survives_one_loudspeaker(name):
    """The mono sum of a note loses at most 3 dB."""
    sound = note(name, 80, 0.9)
    assert 10 * np.log10((sound**2).sum() / 2 / (mono(sound) ** 2).sum()) < 3.01


def portrait(sound: np.ndarray) -> np.ndarray:
    """Half a second at equal energy, as decibels in 24 bands every 10 ms, 50 dB deep."""
    x = np.pad(mono(sound)[:22050], (0, max(0, 22050 - sound.shape[1])))
    frames = np.lib.stride_tricks.sliding_window_view(x / np.sqrt((x**2).sum()), 512)[::441][:40]
    power = np.abs(np.fft.rfft(frames * np.hanning(512), axis=1)) ** 2
    band = np.digitize(np.fft.rfftfreq(512, 1 / SAMPLE_RATE), np.geomspace(40, 20000, 25))
    bands = np.stack([power[:, band == k].sum(axis=1) for k in range(26)], axis=1)
    return 10 * np.log10(bands + 1e-5 * bands.max())


def distance_db(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(portrait(one) - portrait(other)).mean())


@pytest.mark.parametrize("kit", KITS)
def test_the_drums_of_a_kit_are_told_apart(kit):
    """Any two differ more than two takes of one do, at equal energy; the closed hats are the same plates."""
    takes_db = {label: distance_db(stroke(kit, label), stroke(kit, label, 100, 1)) for label in DRUMS[kit]}
    for one, other in combinations(DRUMS[kit], 2):
        if {one, other} != SAME_PLATES:
            apart_db = distance_db(stroke(kit, one), stroke(kit, other))
            assert apart_db > max(1.4, takes_db[one], takes_db[other]), (one, other)


@pytest.mark.parametrize("label", DRUMS[KITS[0]])
def test_the_two_kits_are_told_apart_drum_by_drum(label):
    one, other = (stroke(kit, label) for kit in KITS)
    assert distance_db(one, other) > 1.5


def test_both_kits_answer_to_the_same_numbers():
    """A pattern may move from one kit to the other, and no number strikes two drums."""
    numbers = [sorted(n for drum in DRUMS[kit].values() for n in drum.numbers) for kit in KITS]
    assert numbers[0] == numbers[1]
    assert len(set(numbers[0])) == len(numbers[0])
    for kit in KITS:
        assert INSTRUMENTS[kit].low <= numbers[0][0] and numbers[0][-1] <= INSTRUMENTS[kit].high


@pytest.mark.parametrize(("kit", "label"), EVERY_DRUM)
def test_a_stroke_is_heard_at_once(kit, label):
    """Half of the peak is reached within 4 ms: drums carry the beat."""
    x = np.abs(mono(stroke(kit, label)))
    assert np.argmax(x > 0.5 * x.max()) < 0.004 * SAMPLE_RATE


@pytest.mark.parametrize(("kit", "label"), EVERY_DRUM)
def test_a_drum_stands_where_its_table_puts_it(kit, label):
    """Constant power: the sides differ by the tangent of the pan's angle, within 2 dB of the drum's own width."""
    left, right = (stroke(kit, label) ** 2).sum(axis=1)
    angle = (1 + DRUMS[kit][label].pan) * np.pi / 4
    assert 10 * np.log10(left / right) == pytest.approx(-db(np.tan(angle)), abs=2.0)


@pytest.mark.parametrize(("kit", "label"), EVERY_DRUM)
def test_every_force_of_a_drum_is_exact_between_its_layers(kit, label):
    """Within a layer the level follows velocity to the power 1.5; another layer is another stroke."""
    drum = DRUMS[kit][label]
    in_layer = {v: min(drum.layers, 1 + int(v / 127 * drum.layers)) for v in range(90, 110)}
    one, other = next((a, b) for a, b in combinations(in_layer, 2) if in_layer[a] == in_layer[b])
    gain = (other / one) ** 1.5
    assert np.abs(stroke(kit, label, other) - gain * stroke(kit, label, one)).max() < 1e-4
