"""What lies on every music stand: the lead sheet cut into measures, with what the plan says about each.

All players read the same chart and nothing of each other, so that one more player changes no other part.
"""

from bisect import bisect_right
from dataclasses import dataclass

import numpy as np

from aimusic.music.chance import stream
from aimusic.music.harmony import Chord
from aimusic.music.request import Bar, Plan
from aimusic.music.score import ChordSpan, LeadSheet, Note
from aimusic.style import Player, Style

# Written dynamics; `feel.py` shapes them by energy, metre and phrase.
ACCENT, HIT, GHOST = 100, 82, 46
MARKS = {"X": ACCENT, "x": HIT, "o": GHOST}


@dataclass(frozen=True, slots=True)
class Measure:
    """One bar as the players see it.

    Attributes:
        chords: the chords that sound in it, cut at the bar lines.
        next_chord: the chord after the bar line.
        phrase: number of the phrase in the piece; section: name of the section.
        leader: who has the melody: the first lead player whose sections and energies include the bar, or None;
            the last note always has one.
        melody: the melody notes that begin in it, none where nobody leads.
    """

    number: int
    start_ticks: int
    length_ticks: int
    bar: Bar
    section: str
    phrase: int
    chords: tuple[ChordSpan, ...]
    next_chord: Chord
    leader: Player | None
    melody: tuple[Note, ...]

    @property
    def end_ticks(self) -> int:
        return self.start_ticks + self.length_ticks


@dataclass(frozen=True, slots=True)
class Chart:
    """The whole piece: `measures` without the ending, the held last bar as `ending`, the melody as it is led."""

    plan: Plan
    style: Style
    lead: LeadSheet
    measures: tuple[Measure, ...]
    ending: Measure
    melody: tuple[Note, ...]
    chord_onsets: tuple[int, ...]

    def rng(self, *names: str | int) -> np.random.Generator:
        """A stream of the arrangement, by player and place."""
        return stream(self.plan.seed, "arrange", *names)

    def span_index(self, tick: int) -> int:
        """Which of `lead.chords` governs a tick."""
        return max(0, bisect_right(self.chord_onsets, tick) - 1)

    def chord_at(self, tick: int) -> Chord:
        return self.lead.chords[self.span_index(tick)].chord

    def played_by(self, player: Player) -> list[Measure]:
        """The measures, without the ending, in which a player plays."""
        return [m for m in self.measures if plays(player, m.bar, m.section)]

    def seconds(self, ticks: float) -> float:
        return self.plan.tempo.seconds(ticks)


def plays(player: Player, bar: Bar, section: str) -> bool:
    """Whether a player plays in a bar of this energy and section."""
    low, high = player.energy
    return low <= bar.energy <= high and (not player.sections or section in player.sections)


def read_chart(lead: LeadSheet, plan: Plan, style: Style) -> Chart:
    """Cut the lead sheet at the bar lines."""
    bar_ticks = plan.metre.bar_ticks
    onsets = tuple(span.onset_ticks for span in lead.chords)
    melody_onsets = [note.onset_ticks for note in lead.melody]
    measures, phrase = [], -1
    for number, bar in enumerate(plan.bars):
        start = number * bar_ticks
        is_ending = number == len(plan.bars) - 1
        end = plan.end_ticks if is_ending else start + bar_ticks
        phrase += bar.index == 0
        here = slice(bisect_right(melody_onsets, start - 1), bisect_right(melody_onsets, end - 1))
        section = plan.sections[bar.section].name
        leads = [p for p in style.parts if p.role == "lead"]
        leader = next((p for p in leads if plays(p, bar, section)), leads[0] if leads and is_ending else None)
        measures.append(
            Measure(
                number=number,
                start_ticks=start,
                length_ticks=end - start,
                bar=bar,
                section=section,
                phrase=phrase,
                chords=_cut(lead, onsets, start, end),
                next_chord=lead.chords[max(0, bisect_right(onsets, end) - 1)].chord,
                leader=leader,
                melody=lead.melody[here] if leader else (),
            )
        )
    melody = tuple(note for measure in measures for note in measure.melody)
    return Chart(plan, style, lead, tuple(measures[:-1]), measures[-1], melody, onsets)


def _cut(lead: LeadSheet, onsets: tuple[int, ...], start: int, end: int) -> tuple[ChordSpan, ...]:
    """The chords between two ticks; the last chord of the lead sheet holds beyond its end."""
    first = max(0, bisect_right(onsets, start) - 1)
    last = bisect_right(onsets, end - 1)
    cut = []
    for k in range(first, last):
        a = max(start, onsets[k])
        b = end if k == last - 1 else onsets[k + 1]
        cut.append(ChordSpan(a, b - a, lead.chords[k].chord))
    return tuple(cut)
