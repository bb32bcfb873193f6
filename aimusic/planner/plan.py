"""The planner: every decision about a piece that is not a note.

The tempo is kept exactly as asked. What whole bars cannot fill becomes the held last chord and its ring.
"""

from math import floor

import numpy as np

from aimusic.music.chance import choose, stream
from aimusic.music.harmony import Key, parse_key, roman
from aimusic.music.progression import likely_mode
from aimusic.music.request import Bar, Plan, Request, Section
from aimusic.music.rhythm import METRES, Metre, Tempo
from aimusic.planner.form import Phrase, lay_out, lay_out_as_asked
from aimusic.planner.shape import level, shaped
from aimusic.style import Form, Style
from aimusic.wishes.tailor import bars_s

RING_SHARE = 0.35  # a very short piece gives at most this share of itself to the ring-out
FADE_BARS, FADE_SHARE = 8, 0.4  # a fade-out takes so many bars, at most this share of the piece
ARC = 0.24  # how much energy the peak of a piece has above its beginning
PEAK = 0.75  # where in the piece the peak lies


def make_plan(request: Request, style: Style) -> Plan:
    """Decide metre, key, form, phrases, cadences and the exact length.

    Args:
        request: with a seed; tempo and key may be absent, then the style decides.
        style: the style that the request names, as `tailored` made it for this request.
    """
    seed = request.seed
    metre = METRES[choose(stream(seed, "metre"), style.metres)]
    tempo = Tempo(request.tempo or style.tempo.default, metre)
    key = parse_key(request.key or choose(stream(seed, "key"), style.keys))
    duration_s = request.duration or bars_s(request.full_bars(metre), tempo, style)
    full_bars, final_ticks = exact_length(duration_s, tempo, style)
    if request.sections is None:
        phrases = lay_out(full_bars + 1, style.form, stream(seed, "form"))
    else:
        phrases = lay_out_as_asked(request.sections, style.form)
    sections, of_phrase = _sections(phrases, style.form)
    bars = _bars(phrases, of_phrase, sections, style, key, seed)
    plan = Plan(
        style=style.name,
        seed=seed,
        duration_s=duration_s,
        tempo=tempo,
        key=key,
        swing=_swing(style, tempo.bpm, metre),
        sections=sections,
        bars=bars,
        final_ticks=final_ticks,
        asked_scale=request.scale or "",
        humanize=request.humanize,
        fade_s=_fade_s(duration_s, tempo) if request.ending == "fade" else 0.0,
    )
    return shaped(plan, request)


def exact_length(duration_s: float, tempo: Tempo, style: Style) -> tuple[int, int]:
    """Full bars before the ending, and the ticks for which the last chord is held.

    With B = floor((duration - ending) / bar) full bars, the chord enters at bar B and is released `ring_s`
    before the end (in very short pieces `RING_SHARE` of the duration).
    """
    bar_s = tempo.seconds(tempo.metre.bar_ticks)
    full_bars = max(0, floor((duration_s - style.ending_s) / bar_s + 1e-9))
    release_s = duration_s - min(style.ring_s, RING_SHARE * duration_s)
    final_ticks = floor(tempo.ticks(release_s)) - full_bars * tempo.metre.bar_ticks
    return full_bars, max(1, final_ticks)


def _fade_s(duration_s: float, tempo: Tempo) -> float:
    return min(FADE_BARS * tempo.seconds(tempo.metre.bar_ticks), FADE_SHARE * duration_s)


def _swing(style: Style, bpm: float, metre: Metre) -> float:
    """The swing ratio at a tempo; compound metres are not swung, they have their triplets written."""
    if metre.beat_ticks != METRES["4/4"].beat_ticks:
        return 0.5
    points = sorted(style.feel.swing)
    return float(np.interp(bpm, [point[0] for point in points], [point[1] for point in points]))


def _sections(phrases: tuple[Phrase, ...], form: Form) -> tuple[tuple[Section, ...], list[int]]:
    """Sections, and for each phrase the section it belongs to; neighbours of one name share a section."""
    total = sum(phrase.bars for phrase in phrases)
    sections: list[Section] = []
    of_phrase: list[int] = []
    start = 0
    for k, phrase in enumerate(phrases):
        previous = phrases[k - 1] if k else None
        if previous and (previous.name, previous.turn) == (phrase.name, phrase.turn):
            old = sections[-1]
            sections[-1] = Section(old.name, old.start_bar, old.bars + phrase.bars, old.energy)
        else:
            energy = form.energy[phrase.name] + arc((start + phrase.bars / 2) / total)
            sections.append(Section(phrase.name, start, phrase.bars, round(min(1.0, max(0.0, energy)), 3)))
        of_phrase.append(len(sections) - 1)
        start += phrase.bars
    return tuple(sections), of_phrase


def _bars(phrases, of_phrase, sections, style: Style, key: Key, seed: int) -> tuple[Bar, ...]:
    """The bars of every phrase, with references to the first phrase of the same material and length."""
    bars: list[Bar] = []
    first: dict[tuple[str, int], int] = {}
    for k, phrase in enumerate(phrases):
        start = len(bars)
        is_last = k == len(phrases) - 1
        length = phrase.own_bars
        origin = first.get((phrase.letter, length))
        over = _borrowed(phrase, length, first, style.form) if origin is None else None
        references = _references(phrase.bars, length, start, over if origin is None else origin)
        cadence = _cadence(k, phrases, style, key, seed)
        plays_changes = over is not None and phrase.base in style.form.changes
        directives = _directives(references, style.form, plays_changes, stream(seed, "directives", k))
        if origin is not None and cadence != bars[origin + length - 1].cadence:
            directives[length - 1] = directives[length - 1].replace("copy", "rhythm")
        harmony = _harmony(phrase, style, key, seed, is_last=is_last)
        energies, densities = _dynamics(phrase, start, sections[of_phrase[k]], sections, style.form, seed)
        for i in range(phrase.bars):
            bars.append(
                Bar(
                    section=of_phrase[k],
                    letter=phrase.letter,
                    index=i,
                    phrase_bars=phrase.bars,
                    reference=references[i],
                    directive=directives[i],
                    energy=energies[i],
                    density=densities[i],
                    cadence=cadence if i == phrase.bars - 1 else "",
                    harmony=harmony[i],
                )
            )
        first.setdefault((phrase.letter, length), start)
    return tuple(bars)


def _borrowed(phrase: Phrase, length: int, first: dict[tuple[str, int], int], form: Form) -> int | None:
    """Where new material leans on old: a solo on the changes it plays over, the outro on the first phrase."""
    if phrase.name == "outro":
        return next((bar for (letter, bars), bar in first.items() if letter != "intro" and bars >= length), None)
    return first.get((form.changes.get(phrase.base, ""), length))


def _references(bars: int, length: int, start: int, origin: int | None) -> list[int | None]:
    """The earlier bar that each bar repeats.

    A new phrase repeats itself: the second half of an eight-bar phrase begins like the first (bars 5-6 as
    1-2), that of a four-bar phrase too (bar 3 as bar 1), and a blues sings its first line twice.
    """
    if origin is not None:
        return [origin + i if i < length else None for i in range(bars)]
    unit = 8 if bars >= 16 else 4 if bars >= 8 else 2
    repeats = range(unit, min(bars - 1, unit + unit // 2))
    return [start + i - unit if i in repeats else None for i in range(bars)]


def _directives(references, form: Form, free: bool, rng: np.random.Generator) -> list[str]:
    """One directive for every two bars, so that a copied idea is long enough to be recognised."""
    drawn = [choose(rng, form.directives) for _ in range(0, len(references), 2)]
    return ["free" if free or reference is None else drawn[i // 2] for i, reference in enumerate(references)]


def _cadence(k: int, phrases: tuple[Phrase, ...], style: Style, key: Key, seed: int) -> str:
    """The cadence that closes phrase `k`, among those that the style knows in this mode."""
    phrase = phrases[k]
    following = phrases[k + 1] if k + 1 < len(phrases) else None
    roles = style.form.cadences
    if following is None:
        weights = roles.last
    elif phrase.name == "intro" or (phrase.letter, phrase.turn) == (following.letter, following.turn):
        weights = roles.antecedent
    elif following.turn != phrase.turn and following.name != "outro":
        weights = roles.round
    else:
        weights = roles.close
    known = {name: w for name, w in weights.items() if f"{key.mode}.{name}" in style.harmony.cadences}
    return choose(stream(seed, "cadence", k), known)


def _harmony(phrase: Phrase, style: Style, key: Key, seed: int, *, is_last: bool) -> list[tuple[str, ...]]:
    """Roman numerals for each bar: a progression of the phrase's length, and the tonic at the very end."""
    source = style.form.changes.get(phrase.base, phrase.letter)
    fitting = {
        line: weight
        for line, weight in style.form.progressions.items()
        if line.count("|") + 1 == phrase.own_bars and _mode(line) == key.mode
    }
    bars: list[tuple[str, ...]] = [()] * phrase.bars
    if fitting:
        line = choose(stream(seed, "progression", source), fitting)
        bars[: phrase.own_bars] = _numerals(line)
    if is_last:
        cadences = style.harmony.cadences
        closing = next(name for name in style.form.cadences.last if f"{key.mode}.{name}" in cadences)
        bars[-1] = _numerals(cadences[f"{key.mode}.{closing}"])[-1][-1:]
        if fitting and not phrase.tag and phrase.bars > 1 and f"{key.mode}.half" in cadences:
            bars[-2] = _numerals(cadences[f"{key.mode}.half"])[-1]
    return bars


def _numerals(line: str) -> list[tuple[str, ...]]:
    """The Roman numerals of each bar of a line whose bars are split by `|`."""
    return [tuple(bar.split()) for bar in line.split("|")]


def _mode(progression: str) -> str:
    """The mode of a line of Roman numerals."""
    return likely_mode([roman(numeral, 0) for bar in _numerals(progression) for numeral in bar], 0)


def _dynamics(phrase: Phrase, start: int, section: Section, sections, form: Form, seed: int):
    """Energy (rising through the section) and density of the melody (breathing at the cadence), 0 to 4."""
    rise = form.rise.get(phrase.name, 0.1)
    end = sections[-1].start_bar + sections[-1].bars
    energies = []
    for bar in range(start, start + phrase.bars):
        through = (bar - section.start_bar) / max(1, section.bars - 1)
        energies.append(level(form.energy[phrase.name] + rise * through + arc(bar / end)))
    lean = choose(stream(seed, "density", phrase.letter), {-1: 0.25, 0: 0.5, 1: 0.25})
    densities = [level(section.energy) + lean - (i == phrase.bars - 1) for i in range(phrase.bars)]
    return energies, [min(4, max(0, density)) for density in densities]


def arc(place: float) -> float:
    """Energy that the place in the piece (0 to 1) adds: from below the form's own up to a peak, then back."""
    shape = place / PEAK if place < PEAK else 1 - 0.5 * (place - PEAK) / (1 - PEAK)
    return ARC * shape - ARC / 3
