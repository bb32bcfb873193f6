"""Feel: tidy parts, swing in the right place, human but bounded timing and dynamics."""

from dataclasses import replace

import numpy as np
import pytest

from aimusic.arranger.chart import HIT, read_chart
from aimusic.arranger.feel import MOST_DRUM_SHIFT_S, MOST_SHIFT_S, perform, tidy
from aimusic.music.score import Note
from tests.factories import STYLES, make_lead, plan_for

SWUNG = next(style for style in STYLES.values() if style.feel.swing[0][1] > 0.55)
STRAIGHT = next(
    s for s in STYLES.values() if s.feel.swing[0][1] == 0.5 and any(p.role == "drums" for p in s.parts)
)


def chart_of(style, *, seed=1, **feel):
    style = replace(style, feel=replace(style.feel, **feel))
    plan = plan_for(style, duration=20, seed=seed)
    return read_chart(make_lead(plan, style), plan, style)


def player_of(chart, role):
    return next(player for player in chart.style.parts if player.role == role)


def test_tidy_cuts_what_passes_the_end_and_drops_what_begins_after_it():
    notes = [Note(0, 60, 100), Note(90, 62, 30), Note(120, 64, 5)]
    assert tidy(notes, 100, one_voice=False) == [Note(0, 60, 100), Note(90, 62, 10)]


def test_tidy_releases_a_pitch_before_it_is_struck_again():
    notes = [Note(0, 60, 50), Note(10, 64, 50), Note(20, 60, 10)]
    assert tidy(notes, 100, one_voice=False) == [Note(0, 60, 20), Note(10, 64, 50), Note(20, 60, 10)]


def test_tidy_gives_one_voice_one_note_at_a_time():
    notes = [Note(0, 60, 50), Note(10, 64, 50), Note(10, 67, 5)]
    assert tidy(notes, 100, one_voice=True) == [Note(0, 60, 10), Note(10, 64, 50)]


def test_tidy_keeps_the_longer_of_two_equal_strokes():
    assert tidy([Note(0, 60, 5), Note(0, 60, 9)], 100, one_voice=False) == [Note(0, 60, 9)]


def test_without_human_timing_the_swing_is_exact():
    """Off-beat eighths come at the ratio of the beat; beats and written triplets stay."""
    chart = chart_of(SWUNG, timing_ms=0.0)
    bass = player_of(chart, "bass")
    played = perform(
        [Note(0, 40, 6), Note(6, 40, 6), Note(12, 40, 4), Note(16, 40, 4), Note(20, 40, 4)], chart, bass
    )
    beat_s = chart.seconds(12)
    shifts = [note.shift_s for note in played]
    assert shifts == pytest.approx([0, (chart.plan.swing - 0.5) * beat_s, 0, 0, 0], abs=1e-6)


def test_swung_notes_end_where_the_beat_does():
    chart = chart_of(SWUNG, timing_ms=0.0)
    (late,) = perform([Note(6, 40, 6)], chart, player_of(chart, "bass"))
    end_s = chart.seconds(late.onset_ticks + late.length_ticks) + late.shift_s
    assert end_s == pytest.approx(chart.seconds(12), abs=chart.seconds(0.51))


def test_straight_styles_have_no_swing():
    chart = chart_of(STRAIGHT, timing_ms=0.0)
    played = perform([Note(t, 40, 3) for t in range(0, 48, 3)], chart, player_of(chart, "bass"))
    assert {note.shift_s for note in played} == {0.0}


@pytest.mark.parametrize(("role", "most_s"), [("bass", MOST_SHIFT_S), ("drums", MOST_DRUM_SHIFT_S)])
def test_timing_is_human_but_bounded(role, most_s):
    """With a wild spread of 40 ms nobody strays further than allowed, and nobody plays before the start."""
    chart = chart_of(STRAIGHT, timing_ms=40.0)
    notes = [Note(t, 40, 3) for t in range(0, 300, 6)]
    shifts = np.array([note.shift_s for note in perform(notes, chart, player_of(chart, role))])
    assert np.abs(shifts).max() <= most_s + 1e-6
    assert shifts[0] >= 0
    assert shifts.std() > most_s / 5


def test_drums_are_tighter_than_the_band():
    chart = chart_of(STRAIGHT, timing_ms=5.0)
    notes = [Note(t, 40, 3) for t in range(0, 600, 6)]
    spread = {
        role: np.std([n.shift_s for n in perform(notes, chart, player_of(chart, role))])
        for role in ("bass", "drums")
    }
    assert spread["drums"] < spread["bass"] / 2


def test_the_notes_of_a_chord_come_together():
    chart = chart_of(STRAIGHT, timing_ms=8.0)
    chords = [Note(t, p, 10) for t in range(0, 480, 12) for p in (60, 64, 67)]
    played = perform(chords, chart, player_of(chart, "comping"))
    for t in range(0, 480, 12):
        shifts = [note.shift_s for note in played if note.onset_ticks == t]
        assert max(shifts) - min(shifts) < 0.006


def test_more_energy_is_louder_by_the_style_s_dynamics():
    chart = chart_of(STRAIGHT, velocity=0.0, dynamics=32.0)
    bar = chart.measures[0].bar
    heard = {}
    for energy in (0, 4):
        measures = tuple(replace(m, bar=replace(m.bar, energy=energy)) for m in chart.measures)
        loud = replace(chart, measures=measures)
        (note,) = perform([Note(0, 40, 6, 60)], loud, player_of(chart, "bass"))
        heard[energy] = note.velocity
    assert heard[4] - heard[0] == pytest.approx(32, abs=1), bar


def test_downbeats_are_stressed():
    chart = chart_of(STRAIGHT, velocity=0.0)
    notes = perform([Note(0, 40, 6, HIT), Note(6, 40, 6, HIT)], chart, player_of(chart, "bass"))
    assert notes[0].velocity > notes[1].velocity


def test_sections_have_feels_of_their_own():
    """Leaving out the notes of one section changes the feel of no other."""
    chart = chart_of(STRAIGHT, timing_ms=8.0)
    bass = player_of(chart, "bass")
    last = chart.ending.bar.section
    start = chart.plan.sections[last].start_bar * 48
    notes = [Note(t, 40, 6) for t in range(0, chart.ending.start_ticks, 6)]
    without = perform([n for n in notes if n.onset_ticks >= start], chart, bass)
    assert without == tuple(n for n in perform(notes, chart, bass) if n.onset_ticks >= start)
