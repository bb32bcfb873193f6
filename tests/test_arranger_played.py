"""The drummer plays what people played: their strokes, loudness and timing, where tempo and energy suit."""

from dataclasses import replace

import pytest

from aimusic.arranger import drums, played
from aimusic.arranger.arrange import arrange
from aimusic.arranger.chart import read_chart
from aimusic.arranger.feel import MOST_ON_BEAT_S, MOST_SHIFT_S, perform
from aimusic.music.grooves import GrooveFamily, HumanGrooves, Take
from aimusic.music.rhythm import swing_shift
from aimusic.style import Groove
from tests.factories import STYLES, make_lead, plan_for

HUMAN = [name for name, style in STYLES.items() if style.human_grooves]
DRIVING = next(name for name in HUMAN if any(p.pattern == "eighths" for p in STYLES[name].parts))
EVERY_HUMAN = pytest.mark.parametrize("name", HUMAN)


def take(*kicks, bars=1, velocity=92, shift_ms=0.0, **drums):
    """A take with kicks at ticks, and other drums as tuples of strokes."""
    strokes = {"kick": tuple((tick, velocity, shift_ms) for tick in kicks)} if kicks else {}
    return Take(file="a.mid", bar=0, bars=bars, strokes={**strokes, **drums})


def family(*takes, fill=False, energy=(0, 4), tempo=(0.0, 400.0), count=1):
    return GrooveFamily(fill=fill, energy=energy, tempo=tempo, count=count, takes=takes)


def chart_with(*families, name=DRIVING, duration=60, tempo=120, written=None, **feel):
    grooves = HumanGrooves(data_set="d", licence="l", attribution="a", bars=1, files=1, families=families)
    style = STYLES[name]
    style = replace(style, human_grooves=grooves, feel=replace(style.feel, looseness=0.0, **feel))
    style = replace(style, grooves=written) if written is not None else style
    plan = plan_for(style, duration=duration, tempo=tempo)
    return read_chart(make_lead(plan, style), plan, style)


def drummer(chart):
    return next(player for player in chart.style.parts if player.role == "drums")


def places(chart, measure):
    return tuple(tick - measure.start_ticks for tick in drums.kicks(chart, measure))


def unfilled(chart):
    return [m for m in chart.measures if not drums.ends_with_fill(chart, m)]


def test_two_bars_of_a_take_alternate():
    chart = chart_with(family(take(0, 48, 51, bars=2)))
    for measure in unfilled(chart):
        assert places(chart, measure) == ((0, 3) if measure.bar.index % 2 else (0,))


def test_the_groove_stays_and_a_neighbour_varies_the_eighth_bar():
    """Bars 1, 2, 5 and 6 of a phrase keep the typical take; bars 7 and 8 have a neighbour, 3 and 4 sometimes."""
    chart = chart_with(family(take(0), take(0, 30), take(0, 42)), duration=180)
    found = {}
    for measure in unfilled(chart):
        found.setdefault(measure.bar.index // 2 % 4, set()).add(places(chart, measure))
    assert found[0] == found[2] == {(0,)}
    assert found[3] <= {(0, 30), (0, 42)}
    assert (0,) in found[1] and len(found[1]) > 1


def test_a_phrase_keeps_its_family():
    """The energy with which the phrase begins chooses; returning letters at that energy return."""
    families = [family(take(0, 3 * k + 6), energy=(e, e)) for e in range(5) for k in range(3)]
    chart = chart_with(*families, duration=180)
    chosen = {}
    for measure in unfilled(chart):
        first = chart.measures[measure.number - measure.bar.index].bar
        chosen.setdefault((first.letter, first.energy), set()).add(places(chart, measure))
    assert len(chosen) > 3
    assert all(len(found) == 1 for found in chosen.values())


def test_tempo_and_energy_choose_the_family():
    chart = chart_with(
        family(take(0), tempo=(100.0, 140.0)),
        family(take(0, 24), tempo=(60.0, 99.0)),
        family(take(6), energy=(0, 0)),
    )
    assert {places(chart, m) for m in unfilled(chart) if m.bar.energy} == {(0,)}


def test_families_are_chosen_in_proportion_to_their_bars():
    rare, common = family(take(6)), family(take(0), count=10_000)
    assert {places(chart_with(rare, common), m) for m in unfilled(chart_with(rare, common))} == {(0,)}


def test_without_a_family_that_suits_the_written_groove_plays():
    written = (Groove(patterns={"kick": "x...x...x...x..."}),)
    chart = chart_with(family(take(0), tempo=(200.0, 300.0)), written=written)
    assert {places(chart, m) for m in chart.measures} == {(0, 12, 24, 36)}
    plain = replace(chart.plan, tempo=replace(chart.plan.tempo, bpm=210.0))
    assert {places(replace(chart, plan=plain), m) for m in chart.measures} == {(0,)}


def test_other_metres_have_written_grooves():
    style = replace(
        STYLES[DRIVING], metres={"3/4": 1.0}, grooves=(Groove(patterns={"kick": "x....."}, metre="3/4"),)
    )
    plan = plan_for(style, duration=30)
    chart = read_chart(make_lead(plan, style), plan, style)
    assert all(drums.human_bar(chart, measure) is None for measure in chart.measures)


def test_a_fill_takes_over_on_the_beat_where_it_begins():
    """Before the first stroke of the fill the beat goes on."""
    roll = take(snare=((27, 90, 0.0), (30, 90, 0.0), (36, 110, 0.0)))
    chart = chart_with(family(take(0, 12, 24, 36)), family(roll, fill=True))
    filled = [m for m in chart.measures if drums.ends_with_fill(chart, m)]
    assert chart.measures[-1] in filled
    for measure in filled:
        assert places(chart, measure) == (0, 12)
        snares = [s.tick - measure.start_ticks for s in drums.human_bar(chart, measure) if s.drum == "snare"]
        assert snares == [27, 30, 36]
    assert all(m.bar.ends_phrase or m is chart.measures[-1] for m in filled)


def test_without_a_played_fill_the_written_one_ends_the_phrase():
    written = (Groove(patterns={"kick": "x"}), Groove(patterns={"kick": "xxxxxxxx"}, fill=True))
    chart = chart_with(family(take(0)), written=written)
    assert places(chart, chart.measures[-1]) == tuple(range(0, 48, 6))
    bare = chart_with(family(take(0)), written=())
    assert places(bare, bare.measures[-1]) == (0,)


def test_soft_strokes_keep_their_proportion():
    """A loud stroke becomes as loud as a written one, a ghost stroke of the same drum stays a ghost."""
    loud = tuple((tick, 120, 0.0) for tick in range(0, 48, 4))
    quiet = tuple((tick, velocity // 2, 0.0) for tick, velocity, _ in loud)
    for strokes, ghost in ((loud, 30), (quiet, 15)):
        chart = chart_with(family(take(snare=(*strokes, (46, ghost, 0.0)))))
        bar = drums.human_bar(chart, chart.measures[0])
        assert max(stroke.velocity for stroke in bar) == pytest.approx(played.LOUD, abs=2)
        assert bar[-1].velocity == pytest.approx(played.LOUD / 4, abs=2)


def test_a_feathered_kick_stays_feathered():
    ride = tuple((tick, 92, 0.0) for tick in range(0, 48, 4))
    chart = chart_with(family(take(0, 12, velocity=25, ride=ride)))
    kicks = [s.velocity for s in drums.human_bar(chart, chart.measures[0]) if s.drum == "kick"]
    assert max(kicks) < 30


def test_micro_timing_is_played_and_bounded():
    """A habit of 2 ms is heard; wilder ones end 4 ms from a beat and 12 ms from another place."""
    hats = ((6, 92, 2.0), (18, 92, -30.0), (30, 92, 30.0), (12, 92, 3.0), (36, 92, -30.0))
    chart = chart_with(family(take(0, closed_hat=hats)), timing_ms=0.001)
    start = chart.measures[1].start_ticks
    notes = perform(drums.groove(chart, drummer(chart)), chart, drummer(chart))
    shifts = {n.onset_ticks - start: n.shift_s for n in notes if n.pitch == drums.DRUMS["closed_hat"]}
    assert [shifts[tick] for tick in (6, 12, 18, 30, 36)] == pytest.approx(
        [0.002, 0.003, -MOST_SHIFT_S, MOST_SHIFT_S, -MOST_ON_BEAT_S], abs=5e-5
    )


def test_a_band_on_the_grid_has_no_micro_timing():
    chart = chart_with(family(take(0, 30, shift_ms=9.0)), timing_ms=0.0)
    notes = perform(drums.groove(chart, drummer(chart)), chart, drummer(chart))
    assert {note.shift_s for note in notes} == {0.0}


# -- the shipped grooves --------------------------------------------------------------------------------------


def piece(name, **wishes):
    style = STYLES[name]
    plan = plan_for(style, **{"duration": 60, **wishes})
    lead = make_lead(plan, style)
    return plan, read_chart(lead, plan, style), arrange(lead, plan, style)


@EVERY_HUMAN
def test_most_bars_are_played_by_people(name):
    """At every tempo of the style at least nine bars in ten come from a drummer."""
    tempo = STYLES[name].tempo
    for bpm in (tempo.low, tempo.default, tempo.high):
        _, chart, _ = piece(name, tempo=bpm)
        people = [drums.human_bar(chart, measure) is not None for measure in chart.measures]
        assert sum(people) >= 0.9 * len(people), bpm


@EVERY_HUMAN
def test_takes_name_drums_of_the_kit_and_their_source(name):
    grooves = STYLES[name].human_grooves
    assert "CC-BY-4.0" in grooves.licence and "Groove MIDI Dataset" in grooves.attribution
    for groups in grooves.families:
        for shipped in groups.takes:
            assert set(shipped.strokes) <= set(drums.DRUMS)
            assert shipped.file.endswith(".mid")
    assert (STYLES[name].folder / "grooves.json").stat().st_size < 150_000


@EVERY_HUMAN
def test_band_and_drummer_swing_together(name):
    """Off-beat eighths of the drums fall where the style's ratio puts them, on average within 3 ms."""
    plan, _, score = piece(name)
    (kit,) = [part for part in score.parts if part.is_drum]
    swung_s = plan.tempo.seconds(swing_shift(6, plan.swing))
    late = [note.shift_s - swung_s for note in kit.notes if note.onset_ticks % 12 == 6]
    assert len(late) > 30
    assert abs(sum(late) / len(late)) < 0.003


@EVERY_HUMAN
def test_ghost_strokes_and_accents_are_far_apart(name):
    """The velocities of the snare spread as people's do; a written groove has three levels."""
    _, _, score = piece(name)
    snare = [note.velocity for part in score.parts if part.is_drum for note in part.notes if note.pitch == 38]
    assert min(snare) < 45 < 95 < max(snare)


@EVERY_HUMAN
def test_another_drummer_changes_nobody_but_a_locked_bass(name):
    style = STYLES[name]
    plan, _, score = piece(name)
    other = arrange(make_lead(plan, style), plan, replace(style, human_grooves=None))
    for before, after, player in zip(score.parts, other.parts, style.parts, strict=True):
        assert (before == after) == (player.role != "drums" and player.pattern != "eighths"), player.name
