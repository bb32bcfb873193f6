"""How phrases are written: directives, breaths, cadences and choices, with a small untrained network.

An untrained network has no taste, so whatever is orderly here comes from the plan and the rules.
"""

from dataclasses import asdict, replace

import numpy as np
import pytest
import torch

from aimusic.composer.checkpoint import PARTS, Card, Checkpoint, save_checkpoint
from aimusic.composer.compose import Composer, chart_of
from aimusic.composer.harmonise import at_home, phrase_lengths
from aimusic.composer.model import NETWORKS, Size
from aimusic.composer.vocabulary import chord_of
from aimusic.music.harmony import Chord
from tests.factories import STYLES
from tests.songs import toy_plan

NAME = next(iter(STYLES))
PLAIN = replace(
    STYLES[NAME],
    melody=replace(STYLES[NAME].melody, rests=0.0, tacet=(), low=60, high=84),
    harmony=replace(STYLES[NAME].harmony, opens_at_home=1.0, longest_bars=2),
)
SEEDS = range(4)


@pytest.fixture(scope="module")
def composer(tmp_path_factory):
    folder = tmp_path_factory.mktemp("styles")
    size = Size(embedding=12, hidden=16, head=12)
    for part in PARTS:
        torch.manual_seed(4)
        weights = {name: 2 * value.numpy() for name, value in NETWORKS[part](size).state_dict().items()}
        save_checkpoint(Checkpoint(Card(part, NAME, (NAME,), asdict(size)), weights), folder / NAME)
    return Composer(folder)


def leads(composer, style=PLAIN, **wishes):
    for seed in SEEDS:
        plan = toy_plan(NAME, seed=seed, **wishes)
        yield plan, composer(plan, style)


def bar_of(plan, lead, place):
    """(place in the bar, pitch, length) of the notes of a bar."""
    ticks = plan.metre.bar_ticks
    return [
        (note.onset_ticks - place * ticks, note.pitch, note.length_ticks)
        for note in lead.melody
        if note.onset_ticks // ticks == place
    ]


def test_a_copied_bar_over_the_same_chord_is_the_same_bar(composer):
    for plan, lead in leads(composer, letters="AABA", directive="copy"):
        for place in (8 + 4, 8 + 5):
            same = lead.chord_at(place * 48) == lead.chord_at((place - 12) * 48)
            old, new = bar_of(plan, lead, place - 12), bar_of(plan, lead, place)
            assert [note[0] for note in old] == [note[0] for note in new]
            assert not same or [note[1] for note in old] == [note[1] for note in new]


def test_a_rhythm_bar_keeps_onsets_and_finds_new_pitches(composer):
    changed = 0
    for plan, lead in leads(composer, letters="AA", directive="rhythm"):
        for place in (4, 5, 6):
            old, new = bar_of(plan, lead, place - 4), bar_of(plan, lead, place)
            assert [note[0] for note in old] == [note[0] for note in new]
            changed += [note[1] for note in old] != [note[1] for note in new]
    assert changed > len(SEEDS)


def test_free_bars_are_new(composer):
    for plan, lead in leads(composer, letters="AA", directive="free"):
        assert any(bar_of(plan, lead, place) != bar_of(plan, lead, place + 4) for place in range(3))


def test_phrases_end_in_the_chord_and_breathe(composer):
    for _, lead in leads(composer, letters="ABCD", directive="free"):
        for end in (4, 8, 12):
            last = max((n for n in lead.melody if n.onset_ticks < end * 48), key=lambda note: note.onset_ticks)
            assert last.pitch % 12 in lead.chord_at(last.onset_ticks).pitch_classes
            assert last.end_ticks <= end * 48 - 6
            assert last.onset_ticks >= (end - 1) * 48 - 12


def test_no_phrase_is_left_empty(composer):
    for plan, lead in leads(composer, letters="ABCD", directive="free"):
        for start in (0, 4, 8):
            assert sum(len(bar_of(plan, lead, place)) for place in range(start, start + 4)) >= 3


def test_notes_stay_on_the_grid(composer):
    for _, lead in leads(composer, letters="ABC", directive="free"):
        assert all(note.onset_ticks % 3 == 0 or note.onset_ticks % 4 == 0 for note in lead.melody)


def test_an_avoid_note_on_a_strong_beat_is_never_sung(composer):
    for plan, lead in leads(composer, letters="AB", directive="free"):
        for note in lead.melody:
            if plan.metre.strength(note.onset_ticks) >= 0.75:
                tones = lead.chord_at(note.onset_ticks).pitch_classes
                assert note.pitch % 12 in tones or (note.pitch - 1) % 12 not in tones


def test_the_piece_opens_at_home_where_the_style_says_so(composer):
    for plan, lead in leads(composer, letters="AB", key="Eb major"):
        assert lead.chords[0].chord.root == plan.key.tonic


def test_no_chosen_chord_outstays_its_bars(composer):
    """Two bars at most, unless the cadence prescribes one more of the same."""
    for _, lead in leads(composer, letters="ABCD", phrase_bars=8):
        assert all(span.length_ticks <= (2 + 1) * 48 for span in lead.chords[:-1])


def test_a_repeated_phrase_repeats_its_chords(composer):
    for _, lead in leads(composer, letters="AABA"):
        first, third = ([lead.chord_at(48 * bar) for bar in range(start, start + 3)] for start in (0, 12))
        assert first[:2] == third[:2]


@pytest.mark.parametrize(("mode", "home"), [("major", Chord(0, "maj7")), ("minor", Chord(9, "m7"))])
def test_home_is_the_tonic_with_the_third_of_the_mode(mode, home):
    chords = [chord_of(int(index)) for index in np.flatnonzero(at_home(mode))]
    assert home in chords and {chord.root for chord in chords} == {home.root}


def test_phrase_lengths_fill_the_plan():
    assert phrase_lengths(toy_plan(NAME, letters="ABA", phrase_bars=6)) == [6, 6, 6]


def test_a_density_level_lies_between_the_quantiles():
    card = Card("melody", NAME, (NAME,), {}, statistics={"density": (0.1, 0.5, 1.0, 1.6, 3.0)})
    plan = toy_plan(NAME, letters="A")
    levels = [replace(plan.bars[0], density=level) for level in range(5)]
    assert chart_of(replace(plan, bars=tuple(levels)), card).density == (0, 1, 2, 4, 4)
