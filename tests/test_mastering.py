"""The master: exact length, loudness and ceiling for any mix that is music, and refusal of what is not."""

import numpy as np
import pytest

from aimusic.errors import GenerationFailed
from aimusic.music.harmony import Key
from aimusic.music.rhythm import METRES, Tempo
from aimusic.music.score import Note, Part, Score
from aimusic.style import Mix
from aimusic.synth.effects.dynamics import apply_gain
from aimusic.synth.kernels import SAMPLE_RATE, samples
from aimusic.synth.loudness import hop_energy, hop_peaks, integrated_loudness, true_peak_db
from aimusic.synth.mastering import Levels, capture, fade_s, find_gain
from aimusic.synth.mastering import master as finish

STUDIO = Mix(room="studio")
TEMPO = Tempo(120.0, METRES["4/4"])


def master(mix, score, settings, block=63 * 512):
    """The finished sound of a mix that arrives in blocks."""
    blocks = [mix[:, start : start + block].copy() for start in range(0, mix.shape[1], block)]
    return np.asarray(finish(capture(blocks, score), settings))


def score_of(duration_s, ring_s=0.5):
    length = round(TEMPO.ticks(duration_s - ring_s))
    part = Part("A", "lead", "x", (Note(0, 60, length),))
    return Score("x", Key(0, "major"), TEMPO, duration_s, (part,), ())


def noise(duration_s, seed=1):
    return np.random.default_rng(seed).standard_normal((2, samples(duration_s))).astype(np.float32)


def levels_of(sound):
    return Levels(hop_energy(sound), hop_peaks(sound))


def mixes(duration_s):
    n = samples(duration_s)
    t = np.arange(n) / SAMPLE_RATE
    hits = np.exp(-np.mod(t, 0.5) * 60)
    sparse = np.exp(-np.mod(t, max(duration_s / 2, 0.5)) * 4) * np.sin(2 * np.pi * 440 * t)
    return {
        "loud noise": 12 * noise(duration_s),
        "whisper": 1e-3 * noise(duration_s),
        "drums": noise(duration_s) * hits,
        "square": np.stack([np.sign(np.sin(2 * np.pi * 110 * t))] * 2),
        "sparse notes": np.stack((sparse, 0.5 * sparse)),
    }


@pytest.mark.parametrize("name", mixes(1.0))
@pytest.mark.parametrize("duration_s", [1.0, 3.7])
def test_every_mix_reaches_its_loudness_under_its_ceiling(name, duration_s):
    out = master(mixes(duration_s)[name].astype(np.float32), score_of(duration_s), STUDIO)
    assert out.shape == (2, round(duration_s * SAMPLE_RATE))
    assert out.dtype == np.float32
    assert integrated_loudness(out) == pytest.approx(-14.0, abs=0.15)
    assert true_peak_db(out) <= -1.1


@pytest.mark.parametrize("lufs", [-23.0, -16.0])
def test_the_loudness_is_the_styles(lufs):
    out = master(noise(2.0), score_of(2.0), Mix(room="studio", loudness_lufs=lufs, true_peak_db=-3.0))
    assert integrated_loudness(out) == pytest.approx(lufs, abs=0.15)
    assert true_peak_db(out) <= -2.9


def test_the_edges_are_clean():
    out = master(noise(3.0), score_of(3.0), STUDIO)
    assert np.abs(out[:, 0]).max() < 1e-3
    assert np.abs(out[:, -882:]).max() < 1e-3
    assert np.abs(out[:, samples(0.003) : samples(0.01)]).max() > 0.1


def test_the_fade_covers_the_ring_out_and_no_more():
    """Before the last release nothing fades; after it the level only falls."""
    score = score_of(4.0, ring_s=1.0)
    out = master(noise(4.0), score, STUDIO)
    level = np.sqrt((out[:, : 4 * 44000].reshape(2, -1, 2200) ** 2).mean(axis=(0, 2)))
    held, ring = level[level.size * 5 // 8 : level.size * 6 // 8], level[level.size * 3 // 4 + 1 :]
    assert held == pytest.approx(np.full(held.size, held.mean()), rel=0.1)
    assert np.all(np.diff(ring) < 0)
    assert fade_s(score) == pytest.approx(1.0, abs=0.05)


def test_an_ending_without_ring_still_fades():
    assert fade_s(score_of(4.0, ring_s=0.0)) == pytest.approx(0.1)


def test_rumble_and_dc_are_taken_out():
    out = master(noise(3.0) * np.float32(0.1) + np.float32(0.5), score_of(3.0), STUDIO)
    assert abs(out[:, SAMPLE_RATE : 2 * SAMPLE_RATE].mean()) < 1e-3 * out.std() ** 0.5


@pytest.mark.parametrize("block", [63, 1000, 63 * 2048])
def test_blocks_of_any_length_give_the_same_bytes(block):
    sound, score = noise(1.5), score_of(1.5)
    assert np.array_equal(master(sound, score, STUDIO, block), master(sound, score, STUDIO))


def test_a_gain_measures_as_if_it_were_applied():
    sound, gain = noise(2.0), np.linspace(0.1, 1.0, 1401)
    assert np.array_equal(hop_energy(sound, gain), hop_energy(apply_gain(sound.copy(), gain)))


def test_the_same_mix_gives_the_same_bytes():
    assert (
        master(noise(2.0), score_of(2.0), STUDIO).tobytes() == master(noise(2.0), score_of(2.0), STUDIO).tobytes()
    )


def test_the_level_of_the_mix_does_not_matter():
    loud, quiet = (master(gain * noise(2.0), score_of(2.0), STUDIO) for gain in (np.float32(4), np.float32(0.25)))
    assert np.abs(loud - quiet).max() < 1e-3


def test_the_search_on_hops_predicts_the_exact_meter():
    """The estimate that steers the search is within 0.1 LU of the loudness of the sound it describes."""
    sound = mixes(4.0)["sparse notes"].astype(np.float32)
    gain = find_gain(levels_of(sound), -14.0, -1.2)
    assert integrated_loudness(apply_gain(sound.copy(), gain)) == pytest.approx(-14.0, abs=0.1)


def test_a_mix_within_the_ceiling_is_not_limited():
    """Steady noise at -24 LUFS stays under every threshold: one constant gain, no glue, no limiter."""
    levels = levels_of(noise(2.0))
    gain = find_gain(levels, -24.0, -1.2)
    assert gain[200:-200].std() < 0.02 * gain.mean()


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_a_mix_that_is_not_finite_is_refused(wrong):
    mix = noise(1.5)
    mix[1, 5000] = wrong
    with pytest.raises(GenerationFailed, match="not finite"):
        master(mix, score_of(1.5), STUDIO)


def test_silence_and_a_wrong_length_are_refused():
    with pytest.raises(GenerationFailed, match="silent"):
        master(np.zeros((2, samples(1.5)), np.float32), score_of(1.5), STUDIO)
    for duration_s in (1.0, 2.0):
        with pytest.raises(GenerationFailed, match="must have 66150 samples"):
            master(noise(duration_s), score_of(1.5), STUDIO)
