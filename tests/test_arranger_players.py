"""What each player promises: the lead, the bass, the drummer, the comping, the answers and the bells."""

from dataclasses import replace
from itertools import pairwise

import pytest

from aimusic.arranger import arpeggio, bass, comping, drums, inner, lead, roots
from aimusic.arranger.chart import ACCENT, GHOST, HIT, read_chart
from aimusic.arranger.ending import LONG_HOLD_S, roll, second_gesture, strike
from aimusic.arranger.voicing import ROOTLESS, power_tones
from aimusic.errors import InvalidStyle
from aimusic.music.harmony import parse_chord
from aimusic.music.score import LeadSheet, Note
from aimusic.style import Groove, Player
from tests.factories import STYLES, make_lead, plan_for


def chart_of(name, melody=None, **wishes):
    style = STYLES[name]
    plan = plan_for(style, **{"duration": 45, **wishes})
    sheet = make_lead(plan, style)
    return read_chart(sheet if melody is None else LeadSheet(tuple(melody), sheet.chords), plan, style)


def player(role, pattern, low=28, high=55, **more):
    return Player(name="Someone", role=role, instrument="x", pattern=pattern, low=low, high=high, **more)


SWINGING = next(name for name, s in STYLES.items() if any(p.pattern == "walking" for p in s.parts))
DRIVING = next(name for name, s in STYLES.items() if any(p.pattern == "eighths" for p in s.parts))
PULSING = next(name for name, s in STYLES.items() if any(p.pattern == "offbeat" for p in s.parts))
QUIET = next(name for name, s in STYLES.items() if not s.grooves)


# -- the chart ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", STYLES)
def test_the_chart_cuts_the_chords_at_the_bar_lines_without_gaps(name):
    chart = chart_of(name, duration=20)
    for measure in (*chart.measures, chart.ending):
        assert measure.chords[0].onset_ticks == measure.start_ticks
        assert measure.chords[-1].end_ticks == measure.end_ticks
        assert all(a.end_ticks == b.onset_ticks for a, b in pairwise(measure.chords))
        assert all(span.chord == chart.chord_at(span.onset_ticks) for span in measure.chords)
    assert chart.ending.end_ticks == chart.plan.end_ticks


def test_the_next_chord_is_the_one_after_the_bar_line():
    chart = chart_of(SWINGING)
    for measure, following in pairwise((*chart.measures, chart.ending)):
        assert measure.next_chord == following.chords[0].chord


# -- leads ----------------------------------------------------------------------------------------------------


def test_the_melody_keeps_its_notes_and_finds_its_octave():
    chart = chart_of(DRIVING)
    played = lead.melody(replace_lead(chart, low=40, high=64), replace_player(low=40, high=64))
    assert len(played) == len(chart.melody)
    for note, written in zip(played, chart.melody, strict=True):
        assert (note.onset_ticks, note.pitch % 12) == (written.onset_ticks, written.pitch % 12)
        assert 40 <= note.pitch <= 64


def replace_player(**more):
    return replace(next(p for p in STYLES[DRIVING].parts if p.role == "lead"), **more)


def replace_lead(chart, **more):
    """The chart as it looks to a lead of another range."""
    leader = replace_player(**more)
    measures = tuple(replace(m, leader=m.leader and leader) for m in chart.measures)
    return replace(chart, measures=measures, ending=replace(chart.ending, leader=leader))


def test_of_several_leads_the_first_whose_sections_fit_has_the_melody():
    style = STYLES[DRIVING]
    first, *others = style.parts
    section = "verse"
    soloist = replace(first, name="Soloist", sections=(section,))
    everyone = replace(style, parts=(soloist, replace(first, sections=()), *others))
    plan = plan_for(everyone, duration=60)
    chart = read_chart(make_lead(plan, everyone), plan, everyone)
    solo, rest = lead.melody(chart, everyone.parts[0]), lead.melody(chart, everyone.parts[1])
    assert solo
    assert rest
    assert len(solo) + len(rest) == len(chart.lead.melody)
    for notes, expected in ((solo, True), (rest, False)):
        names = {plan.sections[plan.bar_at(note.onset_ticks).section].name == section for note in notes}
        assert names == {expected}


def test_nobody_plays_the_melody_where_nobody_leads():
    """A lead that keeps to the chorus leaves the other bars to the band; the last note is always led."""
    style = STYLES[DRIVING]
    parts = tuple(replace(p, sections=("chorus",)) if p.role == "lead" else p for p in style.parts)
    plan = plan_for(replace(style, parts=parts), duration=60)
    chart = read_chart(make_lead(plan, style), plan, replace(style, parts=parts))
    elsewhere = [m for m in chart.measures if m.section != "chorus"]
    assert elsewhere
    assert all(measure.leader is None and measure.melody == () for measure in elsewhere)
    assert chart.ending.leader
    assert chart.melody[-1].onset_ticks == chart.ending.start_ticks


def test_sparse_lets_notes_ring_into_the_next():
    chart = chart_of(QUIET)
    who = next(p for p in STYLES[QUIET].parts if p.pattern == "sparse")
    notes = lead.sparse(chart, who)
    longest = lead.LONGEST_RING_BARS * chart.plan.metre.bar_ticks
    for a, b in pairwise(notes):
        assert a.end_ticks == b.onset_ticks or a.length_ticks == longest


# -- basses ---------------------------------------------------------------------------------------------------


def test_degrees_follow_the_chord_s_quality():
    assert [roots.degree(parse_chord("Cm7b5"), d) for d in ("1", "3", "5", "6", "b7", "8")] == [0, 3, 6, 9, 10, 12]
    assert [roots.degree(parse_chord("Gaug"), d) for d in ("3", "5")] == [4, 8]
    assert roots.degree(parse_chord("Dsus4"), "3") == 5


def test_walking_plays_every_beat_and_leads_into_changes():
    """One note on every beat; most roots on changes are reached by a step, a fourth or a fifth."""
    chart = chart_of(SWINGING, duration=60)
    line = [n for n in bass.walking(chart, player("bass", "walking")) if n.onset_ticks < chart.ending.start_ticks]
    lively = [m for m in chart.measures if m.bar.energy >= roots.HIGH_FROM_ENERGY]
    onsets = {note.onset_ticks for note in line}
    assert all(m.start_ticks + beat in onsets for m in lively for beat in range(0, 48, 12))
    changes = {span.onset_ticks for span in chart.lead.chords}
    steps = [abs(a.pitch - b.pitch) for a, b in pairwise(line) if b.onset_ticks in changes]
    assert sum(step in (1, 2, 5, 7) for step in steps) >= 0.75 * len(steps)
    assert max(abs(a.pitch - b.pitch) for a, b in pairwise(line)) <= 12


def test_walking_strong_beats_are_chord_tones():
    chart = chart_of(SWINGING, duration=60)
    line = bass.walking(chart, player("bass", "walking"))
    strong = [n for n in line if n.onset_ticks % 24 == 0 and n.onset_ticks < chart.ending.start_ticks]
    inside = [n.pitch % 12 in chart.chord_at(n.onset_ticks).pitch_classes for n in strong]
    assert sum(inside) >= 0.85 * len(inside)


@pytest.mark.parametrize("pattern", ["boogie", "eighths", "offbeat"])
def test_figures_return_with_their_phrase_letter(pattern):
    """Bars of one letter, energy, chord and place have one rhythm, apart from the way into the next chord.

    The driving bass follows the kicks, so there the drummer must have played the same bar.
    """
    chart = chart_of(DRIVING, duration=90)
    notes = bass.PATTERNS[pattern](chart, player("bass", pattern))
    locks = pattern == "eighths"
    rhythms = {}
    for m in chart.measures:
        stays = m.number and chart.chord_at(m.start_ticks - 1) == m.chords[0].chord
        key = (m.bar.letter, m.bar.energy, bool(stays and m.bar.index), m.bar.index % 2, len(m.chords))
        key += tuple(tick - m.start_ticks for tick in drums.kicks(chart, m)) if locks else ()
        inside = (n.onset_ticks - m.start_ticks for n in notes if m.start_ticks <= n.onset_ticks < m.end_ticks)
        rhythms.setdefault(key, set()).add(tuple(tick for tick in inside if tick < 24))
    assert all(len(found) <= 2 for found in rhythms.values())  # a bar of drum fill may add its kicks


def test_the_drone_holds_its_root_while_the_root_stays():
    chart = chart_of(QUIET)
    line = bass.drone(chart, player("bass", "drone"))
    assert all(a.end_ticks == b.onset_ticks for a, b in pairwise(line))
    assert {n.pitch % 12 for n in line} <= {span.chord.bass_pitch_class for span in chart.lead.chords}


@pytest.mark.parametrize("pattern", bass.PATTERNS)
@pytest.mark.parametrize("metre", ["3/4", "6/8"])
def test_every_bass_plays_in_every_metre(pattern, metre):
    style = replace(STYLES[DRIVING], metres={metre: 1.0}, grooves=(groove("x....." * 2, metre=metre),))
    plan = plan_for(style, duration=30)
    chart = read_chart(make_lead(plan, style), plan, style)
    notes = bass.PATTERNS[pattern](chart, player("bass", pattern))
    assert {note.onset_ticks // 36 for note in notes} == set(range(len(plan.bars)))


# -- drums ----------------------------------------------------------------------------------------------------


def groove(kick, **more):
    return Groove(patterns={"kick": kick}, **more)


def with_grooves(*grooves, duration=30):
    style = replace(STYLES[DRIVING], grooves=grooves, human_grooves=None)
    plan = plan_for(style, duration=duration)
    return read_chart(make_lead(plan, style), plan, style)


def drummer():
    return player("drums", "groove", 0, 127)


def test_steps_marks_and_drums_become_notes():
    chart = with_grooves(Groove(patterns={"kick": "X.......x.......", "snare": "....x.......xo.."}))
    first = [n for n in drums.groove(chart, drummer()) if n.onset_ticks < 39 and n.pitch in (36, 38)]
    expected = {(0, 36, ACCENT + 3), (12, 38, HIT), (24, 36, HIT + 3), (36, 38, HIT)}
    assert expected <= {(n.onset_ticks, n.pitch, n.velocity) for n in first}


def test_hats_breathe_with_the_beat():
    """Beats are stressed above half beats, and those above what lies between."""
    chart = with_grooves(Groove(patterns={"closed_hat": "xxxxxxxxxxxxxxxx"}))
    hats = [n.velocity for n in drums.groove(chart, drummer()) if n.pitch == drums.DRUMS["closed_hat"]][:4]
    assert hats[0] > hats[2] > hats[1] == hats[3]


def test_a_groove_of_two_bars_alternates():
    chart = with_grooves(groove("x...............x...x...x...x...", bars=2))
    counts = [len(drums.kicks(chart, m)) for m in chart.measures]
    assert counts == [1 if m.bar.index % 2 == 0 else 4 for m in chart.measures]


def test_fills_end_phrases_and_always_precede_the_ending():
    chart = with_grooves(groove("x..............."), groove("xxxxxxxxxxxxxxxx", fill=True), duration=90)
    filled = [m for m in chart.measures if len(drums.kicks(chart, m)) == 16]
    assert chart.measures[-1] in filled
    assert all(m.bar.ends_phrase or m is chart.measures[-1] for m in filled)
    assert 2 <= len(filled) < len(chart.measures) / 3


def test_grooves_that_name_a_section_are_preferred_there():
    chart = with_grooves(groove("x..............."), groove("xx..............", sections=("chorus",)))
    for measure in chart.measures:
        assert len(drums.kicks(chart, measure)) == (2 if measure.section == "chorus" else 1)


def test_energy_and_tempo_choose_the_groove():
    chart = with_grooves(
        groove("x...............", energy=(0, 2)),
        groove("xx..............", energy=(3, 4)),
        groove("xxx.............", tempo=(190, 400), weight=1e9),
    )
    for measure in chart.measures:
        assert len(drums.kicks(chart, measure)) == (1 if measure.bar.energy <= 2 else 2)


def test_arrivals_have_a_crash():
    chart = chart_of(DRIVING, duration=90)
    crashes = {n.onset_ticks for n in drums.groove(chart, drummer()) if n.pitch == drums.DRUMS["crash"]}
    arrivals = [m for a, m in pairwise(chart.measures) if m.bar.section != a.bar.section and m.bar.energy >= 2]
    assert arrivals
    assert {m.start_ticks for m in arrivals} <= crashes


def test_a_metre_without_a_groove_and_a_drum_without_a_number_are_refused():
    waltz = with_grooves(groove("x.....", metre="3/4"))
    with pytest.raises(InvalidStyle, match="grooves: none for 4/4"):
        drums.groove(waltz, drummer())
    gong = with_grooves(Groove(patterns={"gong": "x..............."}))
    with pytest.raises(InvalidStyle, match="'gong' is no drum we know"):
        drums.groove(gong, drummer())


@pytest.mark.parametrize("name", [name for name, style in STYLES.items() if style.grooves])
@pytest.mark.parametrize("bpm", [60, 84.5, 130, 200])
def test_every_section_energy_and_tempo_has_a_groove(name, bpm):
    style = STYLES[name]
    plan = plan_for(style, duration=60, tempo=bpm)
    chart = read_chart(make_lead(plan, style), plan, style)
    for section in {"intro", "outro", *style.form.names.values()}:
        for energy in range(5):
            measure = chart.measures[0]
            asked = replace(measure, section=section, bar=replace(measure.bar, energy=energy))
            assert drums.bar_groove(chart, asked).patterns


# -- comping, pads, answers, arpeggios ------------------------------------------------------------------------


def test_two_guitars_with_one_pattern_play_the_same_notes():
    chart = chart_of(DRIVING)
    left, right = (p for p in STYLES[DRIVING].parts if p.pattern == "power_chords")
    assert comping.power_chords(chart, left) == comping.power_chords(chart, right)


@pytest.mark.parametrize("pattern", comping.PATTERNS)
def test_comping_sounds_the_chord_of_the_moment_or_an_early_next_one(pattern):
    """Each skill has its own tones: rootless tensions, fifth and sixth, root and fifth, or the plain chord."""
    chart = chart_of(SWINGING)
    for note in comping.PATTERNS[pattern](chart, player("comping", pattern, 48, 76)):
        chords = chart.chord_at(note.onset_ticks), chart.chord_at(note.onset_ticks + 6)
        assert any((note.pitch - c.root) % 12 in tones_of(pattern, c) for c in chords), (note, chords)


def tones_of(pattern, chord):
    plain = {(p - chord.root) % 12 for p in chord.pitch_classes}
    own = {
        "rootless": {0, 1, 7, 8, *ROOTLESS[chord.quality]},  # tensions are bent into the key
        "shuffle": plain | {7, 9, 10},
        "power_chords": {i % 12 for i in power_tones(chord)},
    }
    return own.get(pattern, plain)


def test_jazz_comping_leaves_room_for_a_busy_melody():
    calm = chart_of(SWINGING, melody=[])
    busy_tune = [Note(t, 72, 4) for t in range(0, calm.ending.start_ticks, 4)]
    busy = chart_of(SWINGING, melody=busy_tune)
    piano = player("comping", "rootless", 48, 76)
    assert len(comping.rootless(busy, piano)) < 0.8 * len(comping.rootless(calm, piano))


def test_pads_leave_no_hole():
    chart = chart_of(PULSING)
    pad = next(p for p in STYLES[PULSING].parts if p.pattern == "held")
    notes = inner.held(chart, pad)
    for tick in range(0, chart.plan.end_ticks, 6):
        assert sum(n.onset_ticks <= tick < n.end_ticks for n in notes) >= 3


def test_inner_voices_tie_common_tones():
    chart = chart_of(QUIET, duration=60)
    notes = inner.sustained(chart, player("inner", "sustained", 52, 76))
    assert any(note.length_ticks > chart.plan.metre.bar_ticks for note in notes)
    longest = max(n.length_ticks for n in notes if n.onset_ticks < chart.ending.start_ticks)
    assert longest <= inner.LONGEST_TIE_BARS * chart.plan.metre.bar_ticks


def test_answers_come_where_the_melody_is_silent():
    chart = chart_of(SWINGING)
    notes = inner.answers(chart, player("inner", "answers", 60, 86))
    body = [n for n in notes if n.onset_ticks < chart.ending.start_ticks]
    assert body
    for note in body:
        assert all(m.end_ticks <= note.onset_ticks or m.onset_ticks >= note.end_ticks for m in chart.melody)


@pytest.mark.parametrize("pattern", arpeggio.PATTERNS)
def test_arpeggios_are_chord_tones_when_they_begin(pattern):
    chart = chart_of(PULSING)
    notes = arpeggio.PATTERNS[pattern](chart, player("arpeggio", pattern, 55, 91))
    assert notes
    assert all(n.pitch % 12 in chart.chord_at(n.onset_ticks).pitch_classes for n in notes)


def test_sixteenths_are_sixteenths():
    chart = chart_of(PULSING)
    notes = arpeggio.sixteenths(chart, player("arpeggio", "sixteenths", 60, 91))
    assert {n.onset_ticks % 3 for n in notes} == {0}
    assert len(notes) > 4 * len(chart.measures)


# -- the ending -----------------------------------------------------------------------------------------------


def test_short_holds_are_struck_once_long_holds_twice():
    short, long = chart_of(QUIET, duration=2), chart_of(QUIET, duration=6, tempo=60)
    assert short.seconds(short.ending.length_ticks) <= LONG_HOLD_S < long.seconds(long.ending.length_ticks)
    assert second_gesture(short) is None
    assert len(strike(short, (60, 64), again=True)) == 2
    again = strike(long, (60, 64), again=True)
    assert [n.onset_ticks for n in again] == [long.ending.start_ticks] * 2 + [second_gesture(long)] * 2
    assert all(n.velocity > m.velocity > GHOST for n, m in zip(again[:2], again[2:], strict=True))
    assert {n.end_ticks for n in again[2:]} == {long.plan.end_ticks}


def test_a_roll_climbs_and_holds_to_the_end():
    chart = chart_of(QUIET, duration=2)
    notes = roll(chart, (60, 64, 67), 2)
    assert [n.pitch for n in notes] == [60, 64, 67]
    assert [n.onset_ticks - chart.ending.start_ticks for n in notes] == [0, 2, 4]
    assert {n.end_ticks for n in notes} == {chart.plan.end_ticks}
