"""Drawing obeys its mask, its distribution and its seed; the critic vetoes what lies outside."""

import numpy as np
import pytest

from aimusic.composer.chart import Changes, Chart, Tune, density_class, phrases_of
from aimusic.composer.critic import learn_ranges, measure, objections
from aimusic.composer.sampling import draw, log_softmax
from aimusic.composer.vocabulary import NO_CHORD, WAIT, ChordEvent, NoteEvent, chord_class
from aimusic.music.chance import stream
from aimusic.music.harmony import Chord
from aimusic.music.rhythm import METRES
from aimusic.music.score import ChordSpan

LOGITS = np.log(np.array([0.5, 0.3, 0.15, 0.05], np.float32))
ALL = np.ones(4, bool)


def shares(*, mask=ALL, temperature=1.0, top_p=1.0, rows=4000):
    """How often each class is drawn."""
    u = stream(3, "draw").random(rows)
    drawn = draw(np.tile(LOGITS, (rows, 1)), np.tile(mask, (rows, 1)), u, temperature=temperature, top_p=top_p)
    return np.bincount(drawn, minlength=4) / rows


def test_classes_are_drawn_by_their_probability():
    assert shares() == pytest.approx([0.5, 0.3, 0.15, 0.05], abs=0.03)


def test_a_masked_class_is_never_drawn():
    assert shares(mask=np.array([False, True, True, True]))[0] == 0


def test_top_p_leaves_out_the_unlikely():
    assert (shares(top_p=0.7) > 0).tolist() == [True, True, False, False]


def test_a_low_temperature_prefers_the_likely():
    assert shares(temperature=0.5)[0] > shares()[0] + 0.1


def test_the_last_bits_of_a_float_choose_nothing():
    rows = np.tile(LOGITS, (200, 1))
    u, mask = stream(1, "bits").random(200), np.ones((200, 4), bool)
    noisy = rows + 1e-6 * stream(2, "noise").standard_normal(rows.shape).astype(np.float32)
    same = draw(rows, mask, u, temperature=0.9, top_p=0.95) == draw(noisy, mask, u, temperature=0.9, top_p=0.95)
    assert same.mean() > 0.99


def test_log_softmax_sums_to_one():
    assert np.exp(log_softmax(LOGITS[None])).sum() == pytest.approx(1)


CHORDS = (ChordSpan(0, 48, Chord(0, "maj")), ChordSpan(48, 48, Chord(7, "7")))
CHART = Chart("", "major", METRES["4/4"], (None, 0), (0, 1), (1, 0), (2, 2), CHORDS)


def test_a_phrase_is_measured():
    values = measure(CHART, 0, 48, [0, 12, 24, 36], [24, 26, 28, 36], [12, 12, 12, 6])
    assert values["range"] == 12
    assert values["steps"] == pytest.approx(2 / 3)
    assert values["leaps"] == pytest.approx(1 / 3)
    assert values["chord_tones"] == pytest.approx(3 / 4)
    assert values["rests"] == pytest.approx(1 / 8)
    assert values["notes"] == 1.0


def test_the_critic_objects_outside_the_ranges_only():
    ranges = {"range": (3.0, 12.0), "steps": (0.2, 0.9)}
    assert objections({"range": 7.0, "steps": 0.5, "other": 99.0}, ranges) == ()
    assert objections({"range": 19.0, "steps": 0.1}, ranges) == ("range", "steps")


def test_ranges_hold_the_middle_of_real_phrases():
    phrases = [{"range": float(value)} for value in range(101)]
    assert learn_ranges(phrases, share=0.8) == {"range": (10.0, 90.0)}


def test_a_chart_knows_its_chords_and_references():
    assert CHART.chord(47) == chord_class(Chord(0, "maj"))
    assert CHART.next_chord(40) == (chord_class(Chord(7, "7")), 8)
    assert CHART.next_chord(60)[0] == NO_CHORD
    assert CHART.referred(50) == 2 and CHART.referred(10) is None


def test_phrases_too_long_to_mean_anything_are_unknown():
    assert phrases_of((0, 4), 22) == ((0, 1, 2, 3, *[-1] * 18), (3, 2, 1, 0, *[-1] * 18))


def test_densities_have_one_scale():
    assert [density_class(value) for value in (0.1, 0.5, 1.0, 2.0, 5.0)] == [0, 1, 2, 3, 4]


def test_a_tune_knows_what_sounds_where():
    tune = Tune()
    for event in (NoteEvent(0, 24, 11), WAIT, NoteEvent(4, 26, 23)):
        tune.add(event)
    assert (tune.now, tune.onsets) == (100, [0, 100])
    assert [tune.sounding(tick) for tick in (0, 11, 12, 100, 123, 124)] == [0, 0, None, 1, 1, None]
    assert (tune.onset_after(0), tune.onset_after(100)) == (100, None)
    assert list(tune.between(0, 100)) == [0] and list(tune.between(1, 101)) == [1]


def test_a_copy_of_a_tune_is_independent():
    tune = Tune()
    twin = tune.copy()
    twin.add(NoteEvent(0, 24, 11))
    assert not tune.onsets and tune.last is None


def test_changes_know_the_chord_at_a_tick():
    changes = Changes()
    changes.add(ChordEvent(5, 3), 24)
    changes.add(ChordEvent(7, 3), 24)
    assert [changes.at(tick) for tick in (-1, 0, 23, 24, 48)] == [
        (NO_CHORD, 0), (5, 24), (5, 1), (7, 24), (NO_CHORD, 0),
    ]  # fmt: skip
