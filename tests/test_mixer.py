"""The mix: every part at its level and place, ducked by the kick, mono in the bass."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from scipy.signal import butter, sosfilt

from aimusic.errors import GenerationFailed
from aimusic.music.harmony import Key
from aimusic.music.rhythm import METRES, Tempo
from aimusic.music.score import Note, Part, Score
from aimusic.style import Mix, Player, load_styles
from aimusic.synth.kernels import SAMPLE_RATE
from aimusic.synth.mixer import (
    REFERENCE_RMS,
    active_rms,
    kick_onsets_s,
    pan_matrix,
    power,
    sound_check,
    take_apart,
)
from aimusic.synth.mixer import mix as mix_in_blocks

ANY_STYLE = next(iter(load_styles().values()))
N = 2 * SAMPLE_RATE
DRY_DB = -200.0


@dataclass
class Recorded:
    """A track that plays what it was given."""

    name: str
    audio: np.ndarray
    onsets: tuple = (0,)
    saturates: bool = False

    def play(self, start, stop, block):
        for first in range(start, stop, block):
            yield self.audio[:, first : min(first + block, stop)].copy()


def mix(tracks, score, style, block=63 * 2048):
    """The whole mix as one array."""
    return np.concatenate([heard.copy() for heard in mix_in_blocks(tracks, score, style, block)], axis=1)


def player(name, role="lead", **settings):
    return Player(name=name, role=role, instrument="x", pattern="x", **{"reverb_db": DRY_DB, **settings})


def style_of(*players, **studio):
    return replace(ANY_STYLE, parts=players, mix=Mix(**{"room": "studio", **studio}))


def score_of(*kicks):
    drums = Part("Drums", "drums", "kit", tuple(Note(tick, 36, 3) for tick in kicks), is_drum=True)
    return Score("x", Key(0, "major"), Tempo(120.0, METRES["4/4"]), 2.0, (drums,), ())


def tone(f, level=0.3):
    return (level * np.sin(2 * np.pi * f * np.arange(N) / SAMPLE_RATE)).astype(np.float32)


def stereo(left, right=None):
    return np.stack((left, left if right is None else right))


def level_db(audio):
    return 20 * np.log10(np.sqrt((audio[..., 4410:-4410].astype(float) ** 2).mean(axis=-1)) + 1e-12)


@pytest.mark.parametrize("level", [0.003, 0.3])
def test_a_part_is_brought_to_its_gain_whatever_it_was(level):
    out = mix([Recorded("A", stereo(tone(500, level)))], score_of(), style_of(player("A", gain_db=-6.0)))
    assert level_db(out) == pytest.approx([20 * np.log10(REFERENCE_RMS) - 6.0] * 2, abs=0.05)


def test_rests_do_not_make_a_part_louder():
    sound = stereo(tone(500))
    sound[:, SAMPLE_RATE // 2 :] = 0
    assert active_rms(power(sound)) == pytest.approx(active_rms(power(stereo(tone(500)))), rel=0.02)


@pytest.mark.parametrize("pan", [-1.0, -0.4, 0.0, 0.85])
def test_panning_keeps_the_power(pan):
    out = mix([Recorded("A", stereo(tone(500)))], score_of(), style_of(player("A", pan=pan)))
    power = 10 ** (level_db(out) / 10)
    assert power.sum() == pytest.approx(2 * REFERENCE_RMS**2, rel=0.01)
    assert np.sign(round(power[1] - power[0], 5)) == np.sign(pan)


def test_a_stereo_part_narrows_as_it_leaves_the_middle():
    assert pan_matrix(0.0) == pytest.approx(np.eye(2))
    assert pan_matrix(1.0) == pytest.approx(np.array([[0.0, 0.0], [0.5, 0.5]]) * 2**0.5, abs=1e-12)


def test_parts_add_up():
    """The mix of two parts is the sum of the mixes of one."""
    players = (player("A", pan=-0.5, reverb_db=-6.0), player("B", "bass", gain_db=-3.0))
    a, b = Recorded("A", stereo(tone(500))), Recorded("B", stereo(tone(90)))
    style, score = style_of(*players), score_of()
    both = mix([a, b], score, style)
    assert np.abs(both - mix([a], score, style) - mix([b], score, style)).max() < 1e-5


def test_the_body_leaves_the_cellar_to_the_bass():
    lead = mix([Recorded("A", stereo(tone(40)))], score_of(), style_of(player("A"), player("B", "bass")))
    bass = mix([Recorded("B", stereo(tone(40)))], score_of(), style_of(player("A"), player("B", "bass")))
    assert level_db(lead)[0] == pytest.approx(level_db(bass)[0] - 12.3, abs=0.5)


def test_a_band_without_a_bass_keeps_its_lows():
    out = mix([Recorded("A", stereo(tone(40)))], score_of(), style_of(player("A")))
    assert level_db(out)[0] == pytest.approx(20 * np.log10(REFERENCE_RMS), abs=0.1)


def test_the_bass_is_mono_and_the_rest_is_not():
    rng = np.random.default_rng(9)
    wide = rng.standard_normal((2, N)).astype(np.float32)
    out = mix([Recorded("A", wide)], score_of(), style_of(player("A", "bass")))
    low = sosfilt(butter(4, 60, fs=SAMPLE_RATE, output="sos"), out)
    high = sosfilt(butter(4, 500, "high", fs=SAMPLE_RATE, output="sos"), out)
    assert np.corrcoef(low)[0, 1] > 0.95
    assert abs(np.corrcoef(high)[0, 1]) < 0.05


def test_width_scales_the_side_signal():
    wide = np.random.default_rng(9).standard_normal((2, N)).astype(np.float32)
    narrow = mix([Recorded("A", wide)], score_of(), style_of(player("A"), width=0.5))
    full = mix([Recorded("A", wide)], score_of(), style_of(player("A"), width=1.0))
    assert level_db(narrow[0] - narrow[1]) == pytest.approx(level_db(full[0] - full[1]) - 6.02, abs=0.05)


def test_the_kick_pushes_the_ducked_part_down():
    score = score_of(24)
    out = mix([Recorded("A", stereo(tone(1000)))], score, style_of(player("A", duck_db=8.0)))
    (kick_s,) = kick_onsets_s(score)
    at = round(kick_s * SAMPLE_RATE)
    before, during = np.abs(out[0, at - 2000 : at - 1000]).max(), np.abs(out[0, at : at + 60]).max()
    assert 20 * np.log10(during / before) == pytest.approx(-8.0, abs=0.6)
    assert np.abs(out[0, at + 8000 : at + 9000]).max() == pytest.approx(before, rel=0.02)


def test_the_send_brings_the_room_at_its_level():
    """Wet energy over dry energy is the send, because rooms have unit energy."""
    burst = np.zeros((2, N), np.float32)
    burst[:, 4410 : 4410 + 8820] = np.random.default_rng(10).standard_normal(8820)
    dry = mix([Recorded("A", burst)], score_of(), style_of(player("A")))
    wet = mix([Recorded("A", burst)], score_of(), style_of(player("A", reverb_db=-6.0))) - dry
    assert 10 * np.log10((wet**2).sum() / (dry**2).sum()) == pytest.approx(-6.0, abs=1.5)


def test_a_tilt_darkens_the_mix():
    style = style_of(player("A"))
    tilted = replace(style, mix=replace(style.mix, tilt_db=-1.0))
    stem = Recorded("A", stereo(tone(8000)))
    assert level_db(mix([stem], score_of(), tilted))[0] == pytest.approx(
        level_db(mix([stem], score_of(), style))[0] - 3.0, abs=0.5
    )


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_a_broken_stem_is_named(wrong):
    sound = stereo(tone(500))
    sound[0, 777] = wrong
    with pytest.raises(GenerationFailed, match="A: the sound is not finite"):
        mix([Recorded("A", sound)], score_of(), style_of(player("A")))


def test_a_silent_stem_and_a_stranger_are_named():
    with pytest.raises(GenerationFailed, match="A: made no sound"):
        mix([Recorded("A", np.zeros((2, N), np.float32))], score_of(), style_of(player("A")))
    with pytest.raises(GenerationFailed, match="Z: the style"):
        mix([Recorded("Z", stereo(tone(500)))], score_of(), style_of(player("A")))


def band():
    rng = np.random.default_rng(11)
    players = (
        player("A", pan=-0.5, reverb_db=-6.0, duck_db=6.0),
        player("B", "bass", gain_db=-3.0),
        player("C", "drums", pan=0.2, reverb_db=-14.0),
    )
    tracks = [Recorded(p.name, (0.3 * rng.standard_normal((2, N))).astype(np.float32)) for p in players]
    return tracks, score_of(24, 48), style_of(*players, room="room", tilt_db=-1.0, width=0.8)


@pytest.mark.parametrize("block", [63 * 100, 63 * 333, 63 * 1000])
def test_blocks_of_any_length_make_the_same_mix(block):
    whole = mix(*band())
    assert whole.shape == (2, N)
    assert np.abs(mix(*band(), block) - whole).max() < 10 ** (-110 / 20) * np.abs(whole).max()


def test_stems_and_the_room_add_up_to_the_mix():
    """The mix is the one that `mix` makes; without a room the stems alone are the mix, to float rounding."""
    tracks, score, style = band()
    whole = np.concatenate([mixed.copy() for _, mixed in take_apart(tracks, score, style)], axis=1)
    assert np.array_equal(whole, mix(tracks, score, style))
    dry = replace(style, parts=tuple(replace(p, reverb_db=DRY_DB) for p in style.parts))
    for alone, mixed in take_apart(tracks, score, dry):
        assert len(alone) == 3
        assert np.abs(sum(alone) - mixed).max() < 1e-5


def test_a_stem_is_the_mix_of_its_part_alone():
    tracks, score, style = band()
    dry = replace(style, parts=tuple(replace(p, reverb_db=DRY_DB) for p in style.parts))
    stems = zip(*(alone for alone, _ in take_apart(tracks, score, style)), strict=True)
    for track, stem in zip(tracks, stems, strict=True):
        assert np.abs(np.concatenate(stem, axis=1) - mix([track], score, dry)).max() < 1e-5


def test_a_saturated_track_is_measured_where_it_plays():
    """Rests are left out, and windows over the notes of an even track tell its level."""
    even = stereo(np.tile(tone(500), 10))
    even[:, 5 * N :] = 0.0
    track = Recorded("A", even, onsets=tuple(range(0, 5 * N, 10_000)), saturates=True)
    assert sound_check(track, even.shape[1]) == pytest.approx(0.3 / 2**0.5, rel=1e-3)


def test_nobody_plays_nothing():
    with pytest.raises(GenerationFailed, match="no part of the score has a note"):
        mix([], score_of(), style_of(player("A")))
