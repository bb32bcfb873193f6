"""The form: how many phrases of which letter and length fill a number of bars exactly.

A letter has one length throughout the piece, so that its phrases can share material bar by bar.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import sqrt

import numpy as np

from aimusic.music.chance import choose
from aimusic.music.request import SectionWish
from aimusic.style import Form

# How gladly the introduction takes bars that no phrase fills, and the last phrase one bar more.
REMAINDER_WEIGHT = 0.15
TAG_WEIGHT = 0.5
MOST_LEFT_BARS = 12
# Longer pieces are framed by an introduction and an ending, or at least by one of them.
ONE_SIDED_FRAME = 0.4


@dataclass(frozen=True, slots=True)
class Phrase:
    """One phrase of the form.

    Attributes:
        letter: names its material; base: its entry in the style's form; turn: the round it belongs to.
        bars: its length, with the `tag` bars that are added to the last phrase.
    """

    letter: str
    base: str
    name: str
    bars: int
    turn: int
    tag: int = 0

    @property
    def own_bars(self) -> int:
        """The length that it shares with the other phrases of its letter."""
        return self.bars - self.tag


@dataclass(frozen=True, slots=True)
class _Layout:
    """One way to fill a piece: `count` phrases of together `filled` bars, a tag of 0 or 1, and the frame; the tag
    belongs to the last phrase or to the outro."""

    count: int
    filled: int
    tag: int
    intro: int
    outro: int


def lay_out(bars: int, form: Form, rng: np.random.Generator) -> tuple[Phrase, ...]:
    """Phrases that fill exactly `bars` bars (at least 1), drawn in proportion to the weights of the style."""
    frames = {(0, 0): 1.0}
    if bars >= form.framed_from_bars:
        one_sided = {(form.intro_bars, 0): ONE_SIDED_FRAME, (0, form.outro_bars): ONE_SIDED_FRAME}
        frames = {**one_sided, (form.intro_bars, form.outro_bars): 1.0}
    tables = {}
    layouts = {
        layout: weight * share
        for (intro, outro), share in frames.items()
        for layout, weight in _layouts(bars - intro - outro, intro, outro, form, tables).items()
    }
    if not layouts:
        return (_phrase(form, letters(1, form)[0], bars),)
    return _phrases(choose(rng, layouts), form, tables, rng)


def lay_out_as_asked(asked: Sequence[SectionWish], form: Form) -> tuple[Phrase, ...]:
    """The phrases of the sections that a caller wants, and one bar more, the ending.

    A name that the style knows brings its material and its place in the form; equal names share material.
    """
    known = {name: letter for letter, name in reversed(form.names.items())}
    phrases: list[Phrase] = []
    for section in asked:
        letter = known.get(section.name, section.name)
        again = phrases and phrases[-1].name == section.name
        turn = phrases[-1].turn + 1 if again else 0  # a section of the same name is a new section
        phrases += [Phrase(letter, letter, section.name, bars, turn) for bars in _divided(section.bars, form)]
    phrases[-1] = replace(phrases[-1], bars=phrases[-1].bars + 1, tag=1)
    return tuple(phrases)


def _divided(bars: int, form: Form) -> list[int]:
    """Equal phrases of the longest likely length that divides the bars, else long ones and a rest."""
    most = max(form.phrases.values())
    likely = sorted((int(n) for n, weight in form.phrases.items() if weight >= most / 2), reverse=True)
    length = next((n for n in likely if bars % n == 0), likely[0])
    rest = [bars % length] if bars % length else []
    return [length] * (bars // length) + rest


def _phrases(layout: _Layout, form: Form, tables: dict, rng: np.random.Generator) -> tuple[Phrase, ...]:
    """The phrases of one layout, with lengths drawn letter by letter."""
    sheet = letters(layout.count, form)
    lengths = _draw_lengths(tables[layout.count], layout.filled, rng)
    phrases = [_phrase(form, at, lengths[_source(at[0], form)]) for at in sheet]
    if layout.tag and not layout.outro:
        phrases[-1] = replace(phrases[-1], bars=phrases[-1].bars + layout.tag, tag=layout.tag)
    if layout.intro:
        phrases.insert(0, Phrase("intro", "intro", "intro", layout.intro, 0))
    if layout.outro:
        phrases.append(Phrase("outro", "outro", "outro", layout.outro + layout.tag, sheet[-1][1]))
    return tuple(phrases)


def letters(count: int, form: Form) -> list[tuple[str, int]]:
    """The letter and the round of each of `count` phrases.

    The first round is the cycle, and the piece closes with the end of the cycle. What lies between goes
    through `form.middle` as often as needed.
    """
    if count <= len(form.short):
        return [(letter, 0) for letter in form.short[count - 1]]
    cycle = form.cycle
    if count <= len(cycle):
        return [(letter, 0) for letter in cycle[-count:]]
    rest = count - len(cycle)
    half = (len(cycle) + 1) // 2
    tail = min(rest, half if rest < len(cycle) + half else len(cycle))
    middle = form.middle or cycle
    between = [(middle[k % len(middle)], 1 + k // len(middle)) for k in range(rest - tail)]
    last = between[-1][1] + 1 if between else 1
    return [(a, 0) for a in cycle] + between + [(a, last) for a in cycle[len(cycle) - tail :]]


def _phrase(form: Form, at: tuple[str, int], bars: int) -> Phrase:
    """A letter outside the cycle is new music each time its round comes: C, then C2, C3."""
    base, turn = at
    letter = f"{base}{turn}" if base not in form.cycle and turn > 1 else base
    return Phrase(letter, base, form.names[base], bars, turn)


def _source(base: str, form: Form) -> str:
    """The letter that decides the length: a solo is as long as the changes it plays over."""
    return form.changes.get(base, base)


def _layouts(body: int, intro: int, outro: int, form: Form, tables: dict) -> dict[_Layout, float]:
    """Every layout of `body` bars inside a frame, with its weight; `tables` gains what lengths are drawn from."""
    layouts = {}
    for count in range(1, body // min(map(int, form.phrases)) + 1):
        if count not in tables:
            tables[count] = _length_table(count, form)
        for tag in (0, 1):
            for filled, weight in tables[count][-1][2].items():
                left = body - tag - filled
                if 0 <= left <= MOST_LEFT_BARS:
                    weight *= TAG_WEIGHT**tag * REMAINDER_WEIGHT**left
                    layouts[_Layout(count, filled, tag, intro + left, outro)] = weight
    return layouts


def _length_table(count: int, form: Form) -> list[tuple[str, int, dict[int, float], dict[int, float]]]:
    """Dynamic programming over the distinct letters of `count` phrases.

    Each row is (letter, occurrences, {bars filled so far: weight}, {length: weight}). A letter's length counts
    with the square root of its occurrences: long forms are not drawn to few long phrases alone, nor to many
    short ones.
    """
    most = max(form.phrases.values())
    sums, rows = {0: 1.0}, []
    for letter, times in Counter(_source(base, form) for base, _ in letters(count, form)).items():
        weights = {int(n): (w / most) ** sqrt(times) for n, w in form.phrases.items() if w > 0}
        grown: dict[int, float] = {}
        for filled, weight in sums.items():
            for length, own in weights.items():
                total = filled + times * length
                grown[total] = grown.get(total, 0.0) + weight * own
        sums = grown
        rows.append((letter, times, sums, weights))
    return rows


def _draw_lengths(rows: list, total: int, rng: np.random.Generator) -> dict[str, int]:
    """Walk the table backwards, drawing each letter's length in proportion to the fillings it allows."""
    lengths = {}
    for k in range(len(rows) - 1, -1, -1):
        letter, times, _, weights = rows[k]
        before = rows[k - 1][2] if k else {0: 1.0}
        options = {
            length: before[total - times * length] * own
            for length, own in weights.items()
            if total - times * length in before
        }
        lengths[letter] = choose(rng, options)
        total -= times * lengths[letter]
    return lengths
