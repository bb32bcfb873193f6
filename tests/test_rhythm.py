"""Ticks, metres, tempo and swing."""

import pytest

from aimusic.music.rhythm import METRES, TICKS_PER_QUARTER, Tempo, steps, swing_shift


@pytest.mark.parametrize(
    ("name", "bar", "beat", "beats"), [("4/4", 48, 12, 4), ("3/4", 36, 12, 3), ("6/8", 36, 18, 2)]
)
def test_metres(name, bar, beat, beats):
    metre = METRES[name]
    assert (metre.bar_ticks, metre.beat_ticks, metre.beats, metre.name) == (bar, beat, beats, name)


def test_metric_weight_falls_from_the_downbeat():
    strengths = [METRES["4/4"].strength(tick) for tick in (0, 24, 12, 6, 3)]
    assert strengths == [1.0, 0.75, 0.5, 0.25, 0.0]
    assert METRES["3/4"].strength(18) == 0.75 and METRES["3/4"].strength(36) == 1.0


@pytest.mark.parametrize("bpm", [60, 97.5, 200])
@pytest.mark.parametrize("name", METRES)
def test_tempo_counts_beats_of_the_metre(bpm, name):
    tempo = Tempo(bpm, METRES[name])
    assert tempo.seconds(METRES[name].beat_ticks) == pytest.approx(60 / bpm)
    assert tempo.ticks(tempo.seconds(1234)) == pytest.approx(1234)


@pytest.mark.parametrize("ratio", [0.5, 0.6, 0.667])
def test_swing_moves_off_beats_only(ratio):
    assert swing_shift(6, ratio) == pytest.approx((ratio - 0.5) * TICKS_PER_QUARTER)
    assert [swing_shift(tick, ratio) for tick in (0, 4, 8, 12, 16)] == [0] * 5


def test_swung_sixteenths_stay_in_order():
    places = [tick + swing_shift(tick, 0.667) for tick in (0, 3, 6, 9, 12)]
    assert places == sorted(places) and places[-1] == 12
    assert [swing_shift(tick, 0.5) for tick in range(12)] == [0] * 12


def test_step_patterns_name_each_hit():
    assert steps("x..X .o..") == [(0, "x"), (3, "X"), (5, "o")]
    assert steps("....") == []
