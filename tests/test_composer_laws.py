"""Laws of composed music, on every style folder, with its real weights."""

import shutil
from dataclasses import replace

import pytest

from aimusic.composer.chart import TONIC
from aimusic.composer.checkpoint import PARTS, load_checkpoint, save_checkpoint
from aimusic.composer.compose import Composer, view_shift
from aimusic.composer.harmonise import divide, prescribed
from aimusic.composer.melodise import resting_bars
from aimusic.composer.rules import chord_scale, palette_of
from aimusic.composer.vocabulary import PITCH_LOW
from aimusic.errors import InvalidCheckpoint, InvalidStyle
from aimusic.music.harmony import Chord, parse_key, roman
from aimusic.music.rhythm import METRES
from aimusic.style import STYLES_DIR
from tests.factories import STYLES, plan_for
from tests.songs import toy_plan

COMPOSER = Composer()
LEADS = {}
each_style = pytest.mark.parametrize("style", STYLES)


def lead_of(style, seed=7, duration=20.0):
    """A plan and its lead sheet, composed once for all tests."""
    key = (style, seed, duration)
    if key not in LEADS:
        plan = plan_for(STYLES[style], seed=seed, duration=duration)
        LEADS[key] = plan, COMPOSER(plan, STYLES[style])
    return LEADS[key]


@each_style
def test_the_melody_is_one_voice_in_range(style):
    plan, lead = lead_of(style)
    limits = STYLES[style].melody
    for note, following in zip(lead.melody, lead.melody[1:], strict=False):
        assert note.length_ticks >= 1 and note.end_ticks <= following.onset_ticks
    assert all(limits.low <= note.pitch <= limits.high for note in lead.melody)
    assert lead.melody[-1].end_ticks == plan.end_ticks


@each_style
def test_chords_cover_the_piece_without_gaps(style):
    plan, lead = lead_of(style)
    assert lead.chords[0].onset_ticks == 0 and lead.chords[-1].end_ticks == plan.end_ticks
    for span, following in zip(lead.chords, lead.chords[1:], strict=False):
        assert span.end_ticks == following.onset_ticks and span.chord != following.chord


@each_style
@pytest.mark.parametrize("duration", [1.0, 2.5, 20.0])
def test_the_piece_ends_at_home(style, duration):
    """The last chord is the tonic; the melody enters it on the downbeat on 1, 3 or 5 and holds it to the end."""
    plan, lead = lead_of(style, duration=duration)
    last, chord = lead.melody[-1], lead.chords[-1].chord
    downbeat = (len(plan.bars) - 1) * plan.metre.bar_ticks
    assert chord.root == plan.key.tonic
    assert (last.onset_ticks, last.length_ticks) == (downbeat, plan.final_ticks)
    assert last.pitch % 12 in chord.pitch_classes[:3]


@each_style
def test_every_note_belongs_to_scale_chord_or_colour(style):
    plan, lead = lead_of(style)
    shift = view_shift(plan, STYLES[style])
    palette = palette_of(STYLES[style], plan.key.mode, shift)
    for note in lead.melody:
        chord = lead.chord_at(note.onset_ticks).transposed(-shift)
        assert chord_scale(palette, Chord(chord.root, chord.quality))[note.pitch - shift - PITCH_LOW], note


@each_style
def test_chords_are_of_the_style(style):
    """Apart from those that the plan or a cadence prescribes."""
    plan, lead = lead_of(style)
    wanted = prescribed(plan, STYLES[style])
    for place, bar in enumerate(plan.bars):
        if not wanted[place] and bar.reference is None:
            chord = lead.chord_at(place * plan.metre.bar_ticks)
            assert chord.quality in STYLES[style].harmony.qualities


@each_style
def test_the_same_plan_gives_the_same_notes(style):
    plan, lead = lead_of(style)
    assert Composer()(plan, STYLES[style]) == lead


@each_style
def test_another_seed_gives_another_tune(style):
    (_, one), (_, other) = lead_of(style), lead_of(style, seed=8)
    assert one.melody != other.melody


@each_style
def test_long_leaps_go_to_chord_tones(style):
    _, lead = lead_of(style)
    copied = 0
    for note, following in zip(lead.melody, lead.melody[1:], strict=False):
        if abs(following.pitch - note.pitch) > 9:
            copied += following.pitch % 12 not in lead.chord_at(following.onset_ticks).pitch_classes
    assert copied <= len(lead.melody) / 50  # a copied bar keeps its leap over another chord


@pytest.mark.slow
@each_style
def test_a_later_phrase_changes_no_more_than_the_one_that_leads_to_it(style):
    """Two plans that differ in their last phrase share everything before the phrase that hears it coming."""
    one, other = (toy_plan(style, letters=letters) for letters in ("AABA", "AABB"))
    border = 8 * one.metre.bar_ticks
    before = [
        [note for note in COMPOSER(plan, STYLES[style]).melody if note.onset_ticks < border]
        for plan in (one, other)
    ]
    assert before[0] == before[1]


def test_copied_bars_repeat_their_bars():
    """In AABA with copied phrases, the third A has the first one's rhythm in every bar that is not a cadence."""
    name = next(iter(STYLES))
    style = replace(STYLES[name], melody=replace(STYLES[name].melody, rests=0.0, tacet=()))
    plan = toy_plan(name, directive="copy")
    lead = COMPOSER(plan, style)
    bar = plan.metre.bar_ticks

    def rhythm(place):
        return [note.onset_ticks % bar for note in lead.melody if note.onset_ticks // bar == place]

    assert all(rhythm(12 + place) == rhythm(place) for place in range(3))
    assert any(rhythm(place) for place in range(3))


def test_a_key_only_transposes():
    """With the range moved along, every note and chord is two semitones higher."""
    name = next(iter(STYLES))
    limits = STYLES[name].melody
    higher = replace(STYLES[name], melody=replace(limits, low=limits.low + 2, high=limits.high + 2))
    low = COMPOSER(toy_plan(name, key="C major"), STYLES[name])
    high = COMPOSER(toy_plan(name, key="D major"), higher)
    assert [replace(note, pitch=note.pitch + 2) for note in low.melody] == list(high.melody)
    assert [(s.chord.root + 2) % 12 for s in low.chords] == [s.chord.root for s in high.chords]


@pytest.mark.parametrize("metre", METRES)
def test_every_metre_can_be_composed(metre):
    name = next(iter(STYLES))
    plan = toy_plan(name, metre=metre, letters="AB", final_ticks=7)
    lead = COMPOSER(plan, STYLES[name])
    assert lead.melody[-1].end_ticks == lead.chords[-1].end_ticks == plan.end_ticks


def test_the_plans_own_harmony_is_used():
    name = next(iter(STYLES))
    plan = toy_plan(name, letters="A", key="A major")
    plan = replace(plan, bars=(replace(plan.bars[0], harmony=("bVII", "IV/1")), *plan.bars[1:]))
    chords = COMPOSER(plan, STYLES[name]).chords
    tonic = parse_key("A major").tonic
    assert [span.chord for span in chords[:2]] == [roman("bVII", tonic), roman("IV/1", tonic)]
    assert chords[1].onset_ticks == 24


def test_a_cadence_closes_its_phrase_bar_by_bar():
    name = next(iter(STYLES))
    harmony = replace(STYLES[name].harmony, cadences={"major.authentic": "ii V | I", "major.half": "V"})
    wanted = prescribed(toy_plan(name, letters="AB"), replace(STYLES[name], harmony=harmony))
    tonic = TONIC["major"]
    assert wanted[3] == (roman("V", tonic),)
    assert wanted[6:] == [(roman("ii", tonic), roman("V", tonic)), (roman("I", tonic),)]


def test_a_cadence_that_the_style_lacks_is_named():
    name = next(iter(STYLES))
    harmony = replace(STYLES[name].harmony, cadences={"major.authentic": "V | I"})
    with pytest.raises(InvalidStyle, match=r"major\.half"):
        prescribed(toy_plan(name), replace(STYLES[name], harmony=harmony))


@pytest.mark.parametrize(
    ("metre", "count", "bounds"),
    [
        ("4/4", 1, [0, 48]),
        ("4/4", 2, [0, 24, 48]),
        ("3/4", 2, [0, 24, 36]),
        ("6/8", 2, [0, 18, 36]),
        ("6/8", 3, [0, 12, 24, 36]),
    ],
)
def test_chords_share_a_bar_on_beats(metre, count, bounds):
    assert divide(METRES[metre], count) == bounds


def test_a_tacet_section_has_no_melody():
    name = next(iter(STYLES))
    style = replace(STYLES[name], melody=replace(STYLES[name].melody, tacet=("B",), rests=0.0))
    plan = toy_plan(name, letters="ABA")
    silent = range(4 * plan.metre.bar_ticks, 8 * plan.metre.bar_ticks)
    melody = COMPOSER(plan, style).melody
    assert not any(note.onset_ticks in silent for note in melody)
    assert any(note.onset_ticks >= silent.stop for note in melody)


def test_rests_leave_about_their_share_of_the_bars():
    name = next(iter(STYLES))
    style = replace(STYLES[name], melody=replace(STYLES[name].melody, rests=0.3, tacet=()))
    plan = toy_plan(name, letters="ABCDEFGHIJKLMNOPQRSTUVWXYZ", directive="free")
    assert 0.15 < len(resting_bars(plan, style)) / len(plan.bars) < 0.35


def test_a_copied_style_folder_plays_under_its_new_name(tmp_path):
    """Weights know their own style; the folder may be called otherwise."""
    name = next(iter(STYLES))
    shutil.copytree(STYLES_DIR / name, tmp_path / "renamed")
    plan = toy_plan(name, letters="AB")
    renamed = Composer(tmp_path)(replace(plan, style="renamed"), replace(STYLES[name], name="renamed"))
    assert renamed == COMPOSER(plan, STYLES[name])


def test_missing_weights_are_an_error_that_names_the_file(tmp_path):
    with pytest.raises(InvalidCheckpoint, match="manifest"):
        Composer(tmp_path)(toy_plan(next(iter(STYLES))), next(iter(STYLES.values())))


def test_weights_are_read_once(tmp_path):
    name = next(iter(STYLES))
    for part in PARTS:
        save_checkpoint(load_checkpoint(STYLES_DIR / name, part), tmp_path / name)
    composer = Composer(tmp_path)
    first = composer.load(name)
    for part in PARTS:
        (tmp_path / name / f"{part}.safetensors").unlink()
    assert composer.load(name) is first
