"""The planner's promises: exact length at the exact tempo, whole forms, references that mean something."""

from dataclasses import replace
from math import floor

import pytest

from aimusic.errors import InvalidStyle
from aimusic.music.chance import stream
from aimusic.music.harmony import roman
from aimusic.planner.form import lay_out, letters
from aimusic.planner.plan import RING_SHARE
from aimusic.style import STYLES_DIR, load_style
from tests.factories import STYLES, plan_for

DURATIONS = (1, 2.5, 7, 30, 61.3, 300)
TEMPI = (60, 97.5, 200)
STYLE_METRES = [(name, metre) for name in STYLES for metre in sorted({*STYLES[name].metres, "3/4", "6/8"})]
EVERY_STYLE = pytest.mark.parametrize("style", STYLES.values(), ids=STYLES)


def in_metre(name, metre):
    return replace(STYLES[name], metres={metre: 1.0})


@pytest.mark.parametrize(("name", "metre"), STYLE_METRES)
def test_length_and_tempo_are_exact(name, metre):
    """The last chord enters after every whole bar that leaves room for it, and rings out until the end."""
    style = in_metre(name, metre)
    for duration in DURATIONS:
        for bpm in TEMPI:
            plan = plan_for(style, duration=duration, tempo=bpm)
            bar_s = plan.tempo.seconds(plan.metre.bar_ticks)
            full_bars = max(0, floor((duration - style.ending_s) / bar_s + 1e-9))
            assert plan.tempo.bpm == bpm
            assert plan.metre.name == metre
            assert len(plan.bars) == full_bars + 1
            ring_s = min(style.ring_s, RING_SHARE * duration)
            release_s = plan.tempo.seconds(plan.end_ticks)
            assert duration - ring_s - plan.tempo.seconds(1) <= release_s <= duration - ring_s + 1e-6


@pytest.mark.parametrize(("name", "metre"), STYLE_METRES)
def test_the_ending_is_neither_cut_nor_stretched(name, metre):
    style = in_metre(name, metre)
    for duration in DURATIONS:
        for bpm in TEMPI:
            plan = plan_for(style, duration=duration, tempo=bpm)
            bar_s = plan.tempo.seconds(plan.metre.bar_ticks)
            ending_s = duration - (len(plan.bars) - 1) * bar_s
            assert ending_s >= min(duration, style.ending_s) - 1e-6
            assert ending_s < style.ending_s + bar_s
            assert plan.final_ticks >= 1


@EVERY_STYLE
def test_sections_and_phrases_cover_every_bar_once(style):
    for duration in DURATIONS:
        for seed in range(4):
            plan = plan_for(style, duration=duration, seed=seed)
            starts = [section.start_bar for section in plan.sections]
            ends = [section.start_bar + section.bars for section in plan.sections]
            assert starts == [0, *ends[:-1]]
            assert ends[-1] == len(plan.bars)
            for number, bar in enumerate(plan.bars):
                assert starts[bar.section] <= number < ends[bar.section]
                assert bar.index == 0 or plan.bars[number - 1].index == bar.index - 1
                assert 0 <= bar.index < bar.phrase_bars
            assert plan.bars[-1].ends_phrase
            assert all(b.ends_phrase for a, b in zip(plan.bars[1:], plan.bars, strict=False) if a.index == 0)


@EVERY_STYLE
def test_references_point_to_the_same_place_of_earlier_material(style):
    """A returning phrase refers to the first with its letter; a new one to itself or to the changes it uses."""
    for seed in range(6):
        plan = plan_for(style, duration=120, seed=seed)
        first = {}
        for number, bar in enumerate(plan.bars):
            start = number - bar.index
            first.setdefault(bar.letter, start)
            if bar.reference is None:
                assert bar.directive == "free"
                continue
            assert bar.reference < number
            earlier = plan.bars[bar.reference]
            source = style.form.changes.get(bar.letter[0])
            if earlier.letter == bar.letter and bar.reference < start:
                assert bar.reference == first[bar.letter] + bar.index
            elif bar.letter == "outro":
                assert earlier.letter in style.form.letters
            elif bar.reference < start:
                assert earlier.letter[0] == source
                assert bar.directive == "free"


@EVERY_STYLE
def test_repeats_are_heard(style):
    """In a minute of music at least a quarter of the bars refer to earlier ones."""
    for seed in range(4):
        bars = plan_for(style, duration=60, seed=seed).bars
        assert sum(bar.reference is not None for bar in bars) >= len(bars) / 4


@EVERY_STYLE
def test_phrases_close_with_cadences_that_the_style_knows(style):
    for mode in ("C major", "C minor"):
        for seed in range(4):
            plan = plan_for(style, duration=90, seed=seed, key=mode)
            for bar in plan.bars:
                assert bool(bar.cadence) == bar.ends_phrase
                assert not bar.cadence or f"{plan.key.mode}.{bar.cadence}" in style.harmony.cadences


@EVERY_STYLE
def test_the_last_bar_is_one_tonic_chord(style):
    for key in ("Eb major", "F# minor"):
        for duration in DURATIONS:
            plan = plan_for(style, duration=duration, key=key)
            (numeral,) = plan.bars[-1].harmony
            chord = roman(numeral, plan.key.tonic)
            assert chord.root == plan.key.tonic
            assert (3 in [(p - chord.root) % 12 for p in chord.pitch_classes]) == (plan.key.mode == "minor")


@EVERY_STYLE
def test_levels_stay_on_their_scale_and_energy_moves(style):
    plan = plan_for(style, duration=120)
    assert {bar.energy for bar in plan.bars} | {bar.density for bar in plan.bars} <= set(range(5))
    assert len({bar.energy for bar in plan.bars}) >= 2
    assert all(0 <= section.energy <= 1 for section in plan.sections)


@EVERY_STYLE
def test_same_seed_same_plan_other_seed_other_plan(style):
    assert plan_for(style, seed=3) == plan_for(style, seed=3)
    assert len({plan_for(style, duration=60, seed=seed).bars for seed in range(8)}) >= 5


@EVERY_STYLE
def test_what_is_asked_is_kept_and_what_is_not_is_the_styles(style):
    asked = plan_for(style, tempo=111.5, key="Bb minor")
    assert (asked.tempo.bpm, asked.key.name) == (111.5, "Bb minor")
    free = plan_for(style)
    assert free.tempo.bpm == style.tempo.default
    assert free.key.name in style.keys


@EVERY_STYLE
def test_progressions_govern_phrases_of_their_length(style):
    """A phrase as long as a progression of its mode has harmony in each bar; a form that has none is composed."""
    for seed in range(4):
        for bar in plan_for(style, duration=120, seed=seed, key="A major").bars[:-1]:
            lengths = {line.count("|") + 1 for line in style.form.progressions if "I7" in line.split()}
            if bar.phrase_bars in lengths:
                assert bar.harmony
            elif not style.form.progressions:
                assert bar.harmony == ()


@EVERY_STYLE
def test_long_pieces_go_on_composing(style):
    """No phrase letter fills more than half of five minutes, and the middle rounds bring letters of their own."""
    plan = plan_for(style, duration=300, tempo=120)
    bars = [bar.letter for bar in plan.bars]
    assert max(bars.count(letter) for letter in set(bars)) <= len(bars) / 2
    assert set(bars) - {*style.form.cycle, "intro", "outro"}


def test_letters_close_with_the_end_of_the_cycle():
    form = replace(STYLES[next(iter(STYLES))].form, cycle=tuple("AABA"), short=(), middle=tuple("CCDC"))
    assert "".join(letter for letter, _ in letters(3, form)) == "ABA"
    assert "".join(letter for letter, _ in letters(6, form)) == "AABABA"
    assert "".join(letter for letter, _ in letters(8, form)) == "AABACCBA"
    assert "".join(letter for letter, _ in letters(12, form)) == "AABACCDCAABA"


@pytest.mark.parametrize(
    "phrases", [{"12": 1.0}, {"4": 1.0}, {"2": 0.1, "8": 1.0}, {"3": 1.0, "7": 2.0}, {"16": 1}]
)
def test_any_number_of_bars_is_filled(phrases):
    form = replace(STYLES[next(iter(STYLES))].form, phrases=phrases)
    for bars in (*range(1, 70), 121, 250):
        drawn = lay_out(bars, form, stream(bars, "form"))
        assert sum(phrase.bars for phrase in drawn) == bars
        assert min(phrase.bars for phrase in drawn) >= 1


def test_compound_metres_are_not_swung():
    swung = next(style for style in STYLES.values() if style.feel.swing[0][1] > 0.55)
    assert plan_for(swung).swing > 0.55
    assert plan_for(replace(swung, metres={"6/8": 1.0})).swing == 0.5


def test_swing_lies_between_the_points_of_the_style():
    style = STYLES[next(iter(STYLES))]
    feel = replace(style.feel, swing=((200.0, 0.5), (100.0, 0.6)))
    assert plan_for(replace(style, feel=feel), tempo=150).swing == pytest.approx(0.55)
    assert plan_for(replace(style, feel=feel), tempo=60).swing == pytest.approx(0.6)


def edited(tmp_path, old, new):
    """A copy of the first style with one line changed."""
    name = next(iter(STYLES))
    text = (STYLES_DIR / name / "style.toml").read_text()
    assert old in text
    folder = tmp_path / name
    folder.mkdir()
    (folder / "style.toml").write_text(text.replace(old, new))
    return folder


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('cycle = ["A", ', 'cycle = ["Z", ', "form.names: 'Z'"),
        ("energy = { intro = 0.15,", "energy = {", "form.energy: 'intro'"),
        ("plagal = 1.0 } }", "surprise = 1.0 } }", "harmony.cadences: 'major.surprise'"),
        ("phrases = { 4", "phrases = { four", "form.phrases"),
        ("energy = [1, 4]", 'sections = ["nowhere"]', "sections: 'nowhere'"),
    ],
)
def test_a_form_that_does_not_fit_together_is_refused(tmp_path, old, new, key):
    with pytest.raises(InvalidStyle, match=key):
        load_style(edited(tmp_path, old, new))
