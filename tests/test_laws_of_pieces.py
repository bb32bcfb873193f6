"""Laws of whole pieces: planned, composed by the real networks and arranged, in every style.

Each law is a function of some pieces of one style. A few are judged always, twenty of each style in the slow
suite.
"""

from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from statistics import mean, median

import pytest

from aimusic.arranger.arrange import arrange
from aimusic.composer.compose import Composer
from aimusic.music.harmony import roman, scale
from aimusic.music.request import Plan
from aimusic.music.score import LeadSheet, Note, Score
from aimusic.pipeline import draft
from aimusic.planner.plan import RING_SHARE
from aimusic.style import Style
from tests.factories import STYLES, make_request

COMPOSER = Composer()
KICKS = (35, 36)  # General MIDI drum numbers
OFF_BEATS = {"jazz": (0.60, 0.68), "blues": (0.57, 0.68)}
STRAIGHT = (0.48, 0.54)
HUMAN = 0.005  # at 60 beats a minute a style's ratio may be the limit itself, and people scatter around it
LOCKED = ["rock"]  # where the bass plays with the kick
CONTRAST = 0.25  # sections whose energies differ by this much are heard to differ
ALWAYS = ((1, 60, 1), (12, 97.5, 2), (32, None, 3))  # seconds, tempo, seed
LENGTHS, TEMPI = (1, 2.5, 9, 20, 33.3, 61), (None, 60, 97.5, 200)
TWENTY = tuple((LENGTHS[seed % 6], TEMPI[seed % 4], seed) for seed in range(100, 120))


@dataclass(frozen=True, slots=True)
class Piece:
    style: Style
    plan: Plan
    lead: LeadSheet
    score: Score

    def notes(self, *roles: str) -> list[Note]:
        return [note for part in self.score.parts if part.role in roles for note in part.notes]


def written(name, duration, tempo, seed):
    request = make_request(name, duration=duration, tempo=tempo, seed=seed)
    style, plan, lead = draft(request, STYLES[name], COMPOSER)
    return Piece(style, plan, lead, arrange(lead, plan, style))


piece = cache(written)


def everyone_stays_in_range_and_in_the_piece(pieces):
    for p in pieces:
        for part, player in zip(p.score.parts, p.style.parts, strict=True):
            assert part.is_drum or all(player.low <= n.pitch <= player.high for n in part.notes), part.name
            assert all(0 <= n.onset_ticks < n.end_ticks <= p.plan.end_ticks for n in part.notes), part.name


def leads_and_bass_have_one_voice(pieces):
    """The leads together: they pass the tune on, they never sing at once."""
    for p in pieces:
        for role in ("lead", "bass"):
            line = sorted(p.notes(role))
            assert all(a.end_ticks <= b.onset_ticks for a, b in pairwise(line)), role


def the_bass_marks_the_chord_changes(pieces):
    """The bass has the chord's bass note on at least 80 % of the changes on which it plays."""
    right = []
    for p in pieces:
        struck = {n.onset_ticks: n.pitch % 12 for n in p.notes("bass")}
        changes = [span for span in p.lead.chords if span.onset_ticks in struck]
        right += [struck[span.onset_ticks] == span.chord.bass_pitch_class for span in changes]
    assert right and mean(right) >= 0.8


def off_beats_fall_where_the_style_has_them(pieces):
    """The middle of where the off-beat eighths are played, as a share of the beat."""
    low, high = OFF_BEATS.get(pieces[0].style.name, STRAIGHT)
    for p in pieces:
        if p.plan.metre.is_compound:
            continue
        beat = p.plan.metre.beat_ticks
        played = [n for n in p.notes("lead", "bass", "drums") if n.onset_ticks % beat == beat // 2]
        places = [p.plan.tempo.ticks(p.score.onset_s(n)) % beat / beat for n in played]
        assert len(places) < 12 or low - HUMAN <= median(places) <= high + HUMAN, p.plan.tempo


def the_bass_is_locked_to_the_kick(pieces):
    """At least 70 % of the kicks have a bass onset, where the style's bass drives."""
    if pieces[0].style.name not in LOCKED:
        return
    together = []
    for p in pieces:
        bass = {n.onset_ticks for n in p.notes("bass")}
        together += [n.onset_ticks in bass for n in p.notes("drums") if n.pitch in KICKS]
    assert together and mean(together) >= 0.7


def the_tune_ends_on_one_three_or_five(pieces):
    """And that note enters on the downbeat of the last bar."""
    for p in pieces:
        assert max(p.notes("lead")).onset_ticks == (len(p.plan.bars) - 1) * p.plan.metre.bar_ticks
        assert max(p.notes("lead")).pitch % 12 in p.lead.chords[-1].chord.pitch_classes[:3]


def the_tune_keeps_to_scale_chord_and_colours(pieces):
    for p in pieces:
        tonic, melody = p.plan.key.tonic, p.style.melody
        free = {*scale(tonic, melody.scales[p.plan.key.mode]), *((tonic + c) % 12 for c in melody.colours)}
        for note in p.notes("lead"):
            assert note.pitch % 12 in free | {*p.lead.chord_at(note.onset_ticks).pitch_classes}, note


def the_length_is_exact(pieces):
    """What is asked is kept; chords and players stop together, less than a tick before the ring-out."""
    for p in pieces:
        last_s = p.plan.tempo.seconds(p.plan.end_ticks)
        ring_s = min(p.style.ring_s, RING_SHARE * p.plan.duration_s)
        assert p.score.duration_s == p.plan.duration_s
        assert -1e-6 <= p.plan.duration_s - ring_s - last_s <= p.plan.tempo.seconds(1) + 1e-6
        assert p.lead.chords[-1].end_ticks == p.plan.end_ticks
        assert max(n.end_ticks for part in p.score.parts for n in part.notes) == p.plan.end_ticks


def the_last_chord_is_that_of_the_cadence(pieces):
    for p in pieces:
        cadence = p.style.harmony.cadences[f"{p.plan.key.mode}.{p.plan.bars[-1].cadence}"]
        assert p.plan.bars[-1].cadence in p.style.form.cadences.last
        assert p.lead.chords[-1].chord == roman(cadence.split()[-1], p.plan.key.tonic)


def sections_begin_with_a_phrase_on_a_bar_line(pieces):
    for p in pieces:
        bar = p.plan.metre.bar_ticks
        assert all(marker.onset_ticks % bar == 0 for marker in p.score.markers)
        assert all(p.plan.bars[marker.onset_ticks // bar].index == 0 for marker in p.score.markers)
        assert all(a.text != "" and a.onset_ticks < b.onset_ticks for a, b in pairwise(p.score.markers))


def sections_are_heard_in_the_energy(pieces):
    """Where the plan's loudest section is clearly above its quietest, more is played, and louder."""
    ratios = []
    for p in pieces:
        of_energy = sorted((s for s in p.plan.sections if s.bars > 1), key=lambda s: s.energy)
        if of_energy and of_energy[-1].energy - of_energy[0].energy >= CONTRAST:
            ratios.append(power(p, of_energy[-1]) / power(p, of_energy[0]))
    assert all(ratio > 1 for ratio in ratios)


def power(p, section):
    """Squared velocities a bar, of everyone, without the held last chord."""
    bars = range(section.start_bar, min(section.start_bar + section.bars, len(p.plan.bars) - 1))
    notes = [n for part in p.score.parts for n in part.notes]
    return sum(n.velocity**2 for n in notes if n.onset_ticks // p.plan.metre.bar_ticks in bars) / len(bars)


LAWS = (
    everyone_stays_in_range_and_in_the_piece,
    leads_and_bass_have_one_voice,
    the_bass_marks_the_chord_changes,
    off_beats_fall_where_the_style_has_them,
    the_bass_is_locked_to_the_kick,
    the_tune_ends_on_one_three_or_five,
    the_tune_keeps_to_scale_chord_and_colours,
    the_length_is_exact,
    the_last_chord_is_that_of_the_cadence,
    sections_begin_with_a_phrase_on_a_bar_line,
    sections_are_heard_in_the_energy,
)


@pytest.mark.parametrize("name", STYLES)
@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_a_few_pieces(law, name):
    law([piece(name, *case) for case in ALWAYS])


@pytest.mark.slow
@pytest.mark.parametrize("name", STYLES)
@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_twenty_pieces_of_many_lengths_and_tempi(law, name):
    law([piece(name, *case) for case in TWENTY])


@pytest.mark.parametrize("name", STYLES)
def test_a_seed_is_a_piece(name):
    """The same seed gives the same score down to the last millisecond; the next seed gives another tune."""
    first = piece(name, *ALWAYS[1])
    assert written(name, *ALWAYS[1]).score == first.score
    other = written(name, *ALWAYS[1][:2], ALWAYS[1][2] + 1)
    assert other.lead.melody != first.lead.melody and other.score.parts != first.score.parts


@pytest.mark.parametrize("name", STYLES)
def test_a_tempo_keeps_the_length_and_changes_the_bars(name):
    slow, fast = written(name, 9, 66, 5), written(name, 9, 180, 5)
    assert slow.score.duration_s == fast.score.duration_s == 9
    assert len(slow.plan.bars) < len(fast.plan.bars)


@pytest.mark.parametrize("seed", [100, 112, 117, 131])
def test_the_tune_reaches_its_end_over_bars_that_rest(seed):
    """Where only silent bars lie before a bar that repeats an earlier one, the tune waits and goes on."""
    tune = written("ambient", 20, 60 if seed % 2 else None, seed)
    the_tune_ends_on_one_three_or_five([tune])
