"""The musical rules, one by one, in C major."""

import numpy as np
import pytest

from aimusic.composer import rules
from aimusic.composer.rules import Moment, Palette
from aimusic.composer.vocabulary import PITCH_LOW
from aimusic.music.harmony import Chord, scale

MAJOR = frozenset(scale(0, "major"))
PALETTE = Palette(0, MAJOR, frozenset(), 60 - PITCH_LOW, 84 - PITCH_LOW)
BLUES = Palette(0, frozenset(scale(0, "mixolydian")), frozenset({3}), 60 - PITCH_LOW, 84 - PITCH_LOW)
C, E7, FM, A7, BDIM = Chord(0, "maj"), Chord(4, "7"), Chord(5, "min"), Chord(9, "7"), Chord(11, "m7b5")


def view(pitch):
    return pitch - PITCH_LOW


def names(mask):
    return {int(pitch) % 12 for pitch in np.flatnonzero(mask)}


@pytest.mark.parametrize(
    ("chord", "gone"),
    [(C, set()), (E7, {7}), (FM, {9}), (A7, {0}), (BDIM, set()), (Chord(3, "maj"), {4, 11}), (Chord(2, "7"), {5})],
    ids=["C", "E7", "Fm", "A7", "Bm7b5", "Eb", "D7"],
)
def test_an_altered_chord_tone_replaces_its_scale_tone(chord, gone):
    """Over E7 no G, over F minor no A, over A7 no C, over Eb no E and no B, over D7 no F."""
    assert rules.displaced(chord, MAJOR) == gone


def test_the_palette_is_scale_and_chord_tones_in_range():
    mask = rules.chord_scale(PALETTE, E7)
    assert names(mask) == (MAJOR - {7}) | {8}
    assert np.flatnonzero(mask).min() >= PALETTE.low and np.flatnonzero(mask).max() <= PALETTE.high


def test_a_colour_is_allowed_over_every_chord():
    assert 3 in names(rules.chord_scale(BLUES, Chord(5, "7")))


def test_an_avoid_note_lies_a_semitone_above_a_chord_tone():
    assert names(rules.avoid_notes(PALETTE, C)) >= {5, 1, 8}
    assert not names(rules.avoid_notes(PALETTE, C)) & set(C.pitch_classes)


def test_no_avoid_note_on_the_beat_but_off_it():
    on, off = (rules.pitch_mask(Moment(C, strength), PALETTE) for strength in (1.0, 0.0))
    assert 5 not in names(on) and 5 in names(off)


def test_a_wide_leap_goes_to_a_chord_tone():
    mask = rules.pitch_mask(Moment(C, 0.0, last=view(62)), PALETTE)
    wide = [pitch for pitch in np.flatnonzero(mask) if abs(pitch - view(62)) > rules.WIDE_LEAP]
    assert wide and {int(pitch) % 12 for pitch in wide} <= set(C.pitch_classes)


def test_a_wide_leap_is_recovered_by_a_small_move_back():
    mask = rules.pitch_mask(Moment(C, 0.0, last=view(76), before=view(62)), PALETTE)
    assert all(0 <= view(76) - pitch <= rules.STEP for pitch in np.flatnonzero(mask))


def test_an_ending_rests_on_what_it_must():
    mask = rules.pitch_mask(Moment(C, 1.0, last=view(65), must_rest_on=frozenset({0, 4})), PALETTE)
    assert names(mask) <= {0, 4}


def test_a_rule_that_would_forbid_everything_is_left_out():
    first = np.array([True, True, False])
    assert rules.agree([first, np.array([False, False, True]), np.array([True, False, False])]).tolist() == [
        True,
        False,
        False,
    ]


def test_a_copied_chord_tone_stays_one_on_the_beat():
    """G over C major becomes the nearest tone of F minor."""
    moved = rules.fit(view(67), Moment(FM, 1.0), PALETTE, from_chord_tone=True)
    assert moved == view(68)


def test_a_copied_note_that_fits_is_not_moved():
    assert rules.fit(view(67), Moment(C, 1.0), PALETTE, from_chord_tone=True) == view(67)


@pytest.mark.parametrize(("now", "wrong"), [(4, {6 + 12 * 0, 9}), (3, {4, 8}), (6, {8})])
def test_triplets_and_sixteenths_do_not_mix_in_a_quarter(now, wrong):
    ticks = np.arange(now + 1, 12)
    assert set(ticks[~rules.keeps_division(now, ticks)]) >= {tick for tick in wrong if tick > now}


def test_the_grid_is_sixteenths_and_triplets():
    assert np.flatnonzero(rules.on_grid(48))[:7].tolist() == [0, 3, 4, 6, 8, 9, 12]


def test_steps_land_on_open_ticks_only():
    open_ticks = np.zeros(96, bool)
    open_ticks[[12, 24, 60]] = True
    mask = rules.step_mask(0, open_ticks, earliest=13, latest=59)
    assert np.flatnonzero(mask).tolist() == [24]


def test_an_avoid_note_is_short():
    mask = rules.duration_mask(6, 48, is_avoid_note=True)
    assert np.flatnonzero(mask).max() + 1 <= rules.SHORT


@pytest.mark.parametrize("until", [1, 5, 12, 47])
def test_durations_end_in_time(until):
    lengths = np.flatnonzero(rules.duration_mask(0, until, is_avoid_note=False)) + 1
    assert len(lengths) and lengths.max() <= until
