"""Laws of the band, run on every style folder found and several seeds, lengths and tempi."""

from dataclasses import replace
from functools import cache
from itertools import pairwise

import pytest

from aimusic.arranger.arrange import SKILLS, arrange
from aimusic.arranger.chart import read_chart
from aimusic.arranger.drums import DRUMS, kicks
from aimusic.arranger.feel import MOST_ON_BEAT_S, MOST_SHIFT_S
from aimusic.arranger.voicing import MUD
from aimusic.errors import InvalidStyle
from aimusic.music.rhythm import swing_shift
from tests.factories import STYLES, make_lead, plan_for

CASES = ((1, 60, 1), (2.5, 200, 2), (7, 97.5, 3), (30, None, 4), (61.3, None, 5), (40, 200, 6), (45, 60, 7))
EVERY_STYLE = pytest.mark.parametrize("name", STYLES)
DRIVING = [name for name, style in STYLES.items() if any(p.pattern == "eighths" for p in style.parts)]


@cache
def session(name, duration=30, tempo=None, seed=4):
    """(plan, lead sheet, score) of one piece."""
    style = STYLES[name]
    plan = plan_for(style, duration=duration, tempo=tempo, seed=seed)
    lead = make_lead(plan, style)
    return plan, lead, arrange(lead, plan, style)


def sessions(name):
    return [session(name, *case) for case in CASES]


def parts_of(name, *roles):
    return [
        (plan, lead, part) for plan, lead, score in sessions(name) for part in score.parts if part.role in roles
    ]


@EVERY_STYLE
def test_the_band_is_the_style_s_in_its_order(name):
    players = STYLES[name].parts
    for plan, lead, score in sessions(name):
        assert [(p.name, p.role, p.instrument) for p in score.parts] == [
            (p.name, p.role, p.instrument) for p in players
        ]
        assert [p.is_drum for p in score.parts] == [p.role == "drums" for p in players]
        assert (score.key, score.tempo, score.duration_s) == (plan.key, plan.tempo, plan.duration_s)
        assert score.chords == lead.chords


@EVERY_STYLE
def test_everybody_stays_in_range_and_in_time(name):
    """Notes lie in the player's range, begin in the piece and are released with the last chord."""
    for plan, _, score in sessions(name):
        for part, player in zip(score.parts, STYLES[name].parts, strict=True):
            low, high = (0, 127) if part.is_drum else (player.low, player.high)
            for note in part.notes:
                assert low <= note.pitch <= high, (part.name, note)
                assert note.onset_ticks >= 0
                assert note.length_ticks >= 1
                assert note.end_ticks <= plan.end_ticks
                assert 1 <= note.velocity <= 127
            assert list(part.notes) == sorted(part.notes)


@EVERY_STYLE
def test_nobody_plays_one_pitch_twice_at_once(name):
    for _, _, score in sessions(name):
        for part in score.parts:
            sounding = {}
            for note in part.notes:
                assert note.onset_ticks >= sounding.get(note.pitch, 0), (part.name, note)
                sounding[note.pitch] = note.end_ticks


@EVERY_STYLE
def test_leads_and_basses_have_one_voice(name):
    for _, _, part in parts_of(name, "lead", "bass"):
        for a, b in pairwise(part.notes):
            assert a.end_ticks <= b.onset_ticks, (part.name, a, b)


@EVERY_STYLE
def test_the_last_chord_is_struck_together_and_held(name):
    """Everyone but a lead without a last note strikes the final downbeat; what can ring is held to the end."""
    for plan, lead, score in sessions(name):
        start = (len(plan.bars) - 1) * plan.metre.bar_ticks
        for part in score.parts:
            last = [note for note in part.notes if note.onset_ticks >= start]
            assert last, part.name
            assert last[0].onset_ticks == start
            assert max(note.end_ticks for note in last) == plan.end_ticks
            if not part.is_drum and part.role != "lead":
                assert {n.pitch % 12 for n in last if n.pitch % 12 not in lead.chords[-1].chord.pitch_classes} <= {
                    (lead.chords[-1].chord.root + colour) % 12 for colour in (2, 9)
                }


@EVERY_STYLE
def test_long_last_chords_do_not_die(name):
    """A last chord held longer than 3.5 s is struck again, softly, by the players whose sound decays."""
    style = STYLES[name]
    plan, _, score = session(name, 32 + style.ending_s - 0.3, 60, 7)
    assert plan.tempo.seconds(plan.final_ticks) > 3.5
    start = (len(plan.bars) - 1) * plan.metre.bar_ticks
    decaying = [p for p, player in zip(score.parts, style.parts, strict=True) if _decays(player)]
    for part in decaying:
        first = [n.velocity for n in part.notes if n.onset_ticks == start]
        again = [n.velocity for n in part.notes if n.onset_ticks >= start + plan.metre.beat_ticks]
        assert again, part.name
        assert max(again) < max(first)


def _decays(player):
    struck = {"comping": ("stabs",), "bass": ("drone", "pedal"), "arpeggio": (), "drums": ()}
    return player.role in struck and player.pattern not in struck[player.role]


@EVERY_STYLE
def test_low_chords_are_not_muddy(name):
    """Notes that one player strikes together keep their distance in the low register."""
    for _, _, part in parts_of(name, "comping", "pad", "inner"):
        chords = {}
        for note in part.notes:
            chords.setdefault(note.onset_ticks, []).append(note.pitch)
        for tick, pitches in chords.items():
            for a, b in pairwise(sorted(pitches)):
                assert all(a >= limit or b - a >= least for limit, least in MUD), (part.name, tick, pitches)


@EVERY_STYLE
def test_basses_play_the_root_where_the_chord_changes(name):
    """The first bass note under a chord is its bass note, at least four times in five."""
    right = total = 0
    for _, lead, part in parts_of(name, "bass"):
        for span in lead.chords:
            inside = [n for n in part.notes if span.onset_ticks <= n.onset_ticks < span.end_ticks]
            if inside:
                total += 1
                right += inside[0].pitch % 12 == span.chord.bass_pitch_class
    assert total
    assert right >= 0.8 * total


@pytest.mark.parametrize("name", DRIVING)
def test_a_driving_bass_is_locked_to_the_kick(name):
    """Where the bass drives eighths, at least 70 % of the kicks have a bass onset."""
    for plan, lead, part in parts_of(name, "bass"):
        chart = read_chart(lead, plan, STYLES[name])
        onsets = {note.onset_ticks for note in part.notes}
        struck = [tick in onsets for measure in chart.measures for tick in kicks(chart, measure)]
        assert sum(struck) >= 0.7 * len(struck)


@EVERY_STYLE
def test_players_swing_together_within_a_few_milliseconds(name):
    """Played time is the written time, swung, plus at most 12 ms (drums on beats 4 ms)."""
    for plan, _, score in sessions(name):
        for part in score.parts:
            for note in part.notes:
                most = MOST_SHIFT_S + (0 if part.is_drum else 0.03)  # chords may be strummed
                if part.is_drum and note.onset_ticks % 12 == 0:
                    most = MOST_ON_BEAT_S
                swung_s = plan.tempo.seconds(note.onset_ticks + swing_shift(note.onset_ticks, plan.swing))
                assert abs(score.onset_s(note) - swung_s) <= most + 1e-5, (part.name, note)
                assert plan.tempo.seconds(note.onset_ticks) + note.shift_s >= -1e-9


@EVERY_STYLE
def test_same_seed_same_notes_other_seed_other_notes(name):
    style = STYLES[name]
    plan, lead, score = session(name)
    assert arrange(lead, plan, style) == score
    other = arrange(lead, replace(plan, seed=plan.seed + 1), style)
    for a, b in zip(score.parts, other.parts, strict=True):
        assert a.notes != b.notes or style.feel.timing_ms == 0, a.name


@EVERY_STYLE
def test_one_player_more_or_less_leaves_the_others_alone(name):
    style = STYLES[name]
    plan, lead, score = session(name)
    for k, left_out in enumerate(style.parts):
        if left_out.role == "lead":
            continue  # the melody would go to another lead
        smaller = arrange(lead, plan, replace(style, parts=style.parts[:k] + style.parts[k + 1 :]))
        assert smaller.parts == score.parts[:k] + score.parts[k + 1 :]


@EVERY_STYLE
def test_markers_stand_on_the_bar_lines_of_the_sections(name):
    for plan, _, score in sessions(name):
        assert [(m.onset_ticks, m.text) for m in score.markers] == [
            (s.start_bar * plan.metre.bar_ticks, s.name) for s in plan.sections
        ]


@EVERY_STYLE
def test_the_title_names_style_and_key(name):
    plan, _, score = session(name)
    assert score.title == f"{name.capitalize()} in {plan.key.name}"


@EVERY_STYLE
def test_every_skill_a_style_names_exists(name):
    for player in STYLES[name].parts:
        assert player.pattern in SKILLS[player.role]
    for groove in STYLES[name].grooves:
        assert set(groove.patterns) <= set(DRUMS)


@EVERY_STYLE
def test_an_unknown_pattern_is_refused_by_name(name):
    plan, lead, _ = session(name)
    style = STYLES[name]
    parts = (replace(style.parts[0], pattern="yodel"), *style.parts[1:])
    with pytest.raises(InvalidStyle, match=r"yodel.*use one of"):
        arrange(lead, plan, replace(style, parts=parts))


@EVERY_STYLE
def test_accompaniment_varies_and_returns(name):
    """Over a minute most players play at least three different bars, and none plays one bar throughout."""
    plan, _, score = session(name, 61.3, None, 5)
    bar_ticks = plan.metre.bar_ticks
    for part in score.parts:
        bars = {}
        for note in part.notes:
            where = bars.setdefault(note.onset_ticks // bar_ticks, set())
            where.add((note.onset_ticks % bar_ticks, note.pitch))
        assert len(bars) < 8 or len({frozenset(bar) for bar in bars.values()}) >= 3, part.name


@EVERY_STYLE
def test_loud_sections_are_played_louder(name):
    """Velocities follow the energy: the mean of the most energetic bars exceeds that of the calmest."""
    plan, _, score = session(name, 61.3, None, 5)
    levels = {}
    for part in score.parts:
        for note in part.notes:
            number = note.onset_ticks // plan.metre.bar_ticks
            if number < len(plan.bars) - 1 and part.role == "bass":
                levels.setdefault(plan.bars[number].energy, []).append(note.velocity)
    means = {energy: sum(v) / len(v) for energy, v in levels.items()}
    assert means[max(means)] > means[min(means)]


@EVERY_STYLE
def test_the_longest_piece_at_the_fastest_tempo_is_played_to_its_end(name):
    """Somebody plays in every bar of five minutes at 200 beats per minute."""
    style = STYLES[name]
    plan = plan_for(style, duration=300, tempo=200)
    score = arrange(make_lead(plan, style), plan, style)
    bar_ticks = plan.metre.bar_ticks
    sounding = {
        bar
        for part in score.parts
        for note in part.notes
        for bar in range(note.onset_ticks // bar_ticks, -(-note.end_ticks // bar_ticks))
    }
    assert set(range(len(plan.bars))) <= sounding
