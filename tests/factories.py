"""Small deterministic requests, plans, lead sheets and scores for tests that need one."""

from aimusic.arranger.arrange import arrange
from aimusic.music.chance import stream
from aimusic.music.harmony import Chord, roman
from aimusic.music.request import Plan, Request
from aimusic.music.score import ChordSpan, LeadSheet, Note, Score
from aimusic.planner import make_plan
from aimusic.style import Style, load_styles

STYLES = load_styles()


def make_request(style: str = "classical", **wishes) -> Request:
    """A request with every wish that the planner needs; seed 7 unless told."""
    return Request(**{"style": style, "duration": 20.0, "seed": 7, **wishes})


def plan_for(style: Style, **wishes) -> Plan:
    """The plan of a request for this very style value, which need not lie on the disk."""
    return make_plan(make_request(style.name, **wishes), style)


def make_lead(plan: Plan, style: Style) -> LeadSheet:
    """A composer without a network: stock chords, the plan's own harmony, and a tune along the scale."""
    chords = []
    for number, bar in enumerate(plan.bars):
        numerals = bar.harmony or _stock_numerals(plan, style, number)
        chords += _share(plan, number, [roman(numeral, plan.key.tonic) for numeral in numerals])
    return LeadSheet(_tune(plan, style, chords), tuple(chords))


def make_score(style: str = "classical", **wishes) -> Score:
    """A whole arranged score over `make_lead`."""
    plan = plan_for(STYLES[style], **wishes)
    return arrange(make_lead(plan, STYLES[style]), plan, STYLES[style])


def _stock_numerals(plan: Plan, style: Style, number: int) -> list[str]:
    bar = plan.bars[number]
    if bar.cadence:
        return style.harmony.cadences[f"{plan.key.mode}.{bar.cadence}"].replace("|", " ").split()[-2:]
    loops = {"major": ["I", "vi", "IV", "V"], "minor": ["i", "bVI", "iv", "V"]}
    return [loops[plan.key.mode][bar.index % 4]]


def _bar_ticks(plan: Plan, number: int) -> int:
    return plan.final_ticks if number == len(plan.bars) - 1 else plan.metre.bar_ticks


def _share(plan: Plan, number: int, chords: list[Chord]) -> list[ChordSpan]:
    """The chords of one bar, in whole beats, together as long as the bar."""
    start, length = number * plan.metre.bar_ticks, _bar_ticks(plan, number)
    beat, count = plan.metre.beat_ticks, len(chords)
    cuts = [k * length // count // beat * beat for k in range(count)] + [length]
    spans = zip(chords, cuts, cuts[1:], strict=False)
    return [ChordSpan(start + a, b - a, chord) for chord, a, b in spans if b > a]


def _tune(plan: Plan, style: Style, chords: list[ChordSpan]) -> tuple[Note, ...]:
    """Up and down the scale in beats and half beats, resting at phrase ends; the tonic at the very end."""
    rng = stream(plan.seed, "fake tune")
    ladder = [p for p in range(style.melody.low, style.melody.high + 1) if p % 12 in plan.key.scale]
    place, notes = len(ladder) // 2, []
    for number, bar in enumerate(plan.bars[:-1]):
        start, tick = number * plan.metre.bar_ticks, 0
        end = plan.metre.bar_ticks // (2 if bar.ends_phrase else 1)
        while tick < end:
            length = min(plan.metre.beat_ticks // int(rng.integers(1, 3)), end - tick)
            place = int(min(len(ladder) - 1, max(0, place + rng.integers(-2, 3))))
            notes.append(Note(start + tick, ladder[place], length))
            tick += length
    tonic = min((p for p in ladder if p % 12 == chords[-1].chord.root), key=lambda p: abs(p - ladder[place]))
    notes.append(Note((len(plan.bars) - 1) * plan.metre.bar_ticks, tonic, plan.final_ticks))
    return tuple(notes)
