"""Whatever is wished together is played, in time and in range, or refused with a field's name."""

import random

import pytest

from aimusic.arranger.arrange import arrange
from aimusic.composer.compose import Composer
from aimusic.errors import InvalidRequest
from aimusic.music.harmony import QUALITIES, SCALES, SHARP_NAMES
from aimusic.music.request import ENDINGS
from aimusic.music.rhythm import METRES
from aimusic.planner import make_plan
from aimusic.service.identity import resolved
from aimusic.service.schemas import parse_request
from aimusic.wishes.band import guest_book
from aimusic.wishes.mood import moods
from aimusic.wishes.tailor import tailored
from tests.factories import STYLES

COMPOSER = Composer()
ROLES = ("lead", "comping", "pad", "inner", "bass", "drums")


def chords(dice):
    names = [root + suffix for root in SHARP_NAMES for suffix, _ in QUALITIES.values()]
    numerals = ["I", "ii7", "bVII", "V7", "i", "IV", "vi", "#IVdim", "VI7", "I/3"]
    bar = [" ".join(dice.choices(names + 9 * numerals, k=dice.choice([1, 1, 2, 3]))) for _ in range(4)]
    return "|".join(bar[: dice.randint(1, 4)])


def melody(dice):
    rows, now = [], 0.0
    for _ in range(dice.randint(1, 16)):
        now += dice.choice([0, 0, 0.5, 6])
        rows.append([now, dice.choice([0.25, 0.5, 1, 1.5, 3]), dice.randint(62, 79)])
        now += rows[-1][1]
    return rows


def sections(dice):
    pools = {"name": ["A", "intro", "solo", "outro", "x y"], "bars": [1, 3, 4, 8]}
    return [{field: dice.choice(pool) for field, pool in pools.items()} for _ in range(dice.randint(1, 3))]


LENGTHS = {
    "duration": lambda dice: dice.choice([1, 2.5, 7, 12]),
    "bars": lambda dice: dice.randint(1, 9),
    "sections": sections,
    "melody": melody,
}
OTHERS = {
    "tempo": lambda dice: dice.choice([60, 77.7, 200]),
    "key": lambda dice: dice.choice(["A minor", "Eb major", "F#m"]),
    "scale": lambda dice: dice.choice(list(SCALES)),
    "time_signature": lambda dice: dice.choice(list(METRES)),
    "chords": chords,
    "energy": lambda dice: dice.choice([0, 1, [[0, 0.1], [9, 0.9]]]),
    "density": lambda dice: dice.choice([0, 0.5, 1]),
    "swing": lambda dice: dice.choice([0.5, 0.6, 0.75]),
    "humanize": lambda dice: dice.choice([0, 0.4]),
    "mood": lambda dice: dice.choice(list(moods())),
    "ending": lambda dice: dice.choice(ENDINGS),
    "instruments": lambda dice: {
        dice.choice(["remove", "only"]): [dice.choice(ROLES)],
        "add": [dice.choice(list(guest_book().guests))],
    },
}


@pytest.mark.slow
@pytest.mark.parametrize("number", range(40))
def test_wishes_are_met_or_refused(number):
    dice = random.Random(number)
    length = dice.choice(list(LENGTHS))
    body = {"style": dice.choice(list(STYLES)), "seed": number, length: LENGTHS[length](dice)}
    body |= {name: wish(dice) for name, wish in OTHERS.items() if dice.random() < 0.2}
    try:
        request = parse_request(body, STYLES)
    except InvalidRequest as refusal:
        assert {error.pointer.removeprefix("#/") for error in refusal.errors} <= set(body)
        return
    request = resolved(request, STYLES[request.style])
    style = tailored(request, STYLES[request.style])
    plan = make_plan(request, style)
    score = arrange(COMPOSER(plan, style), plan, style)
    for part, player in zip(score.parts, style.parts, strict=True):
        assert part.notes or part.role == "lead"
        assert all(n.end_ticks <= plan.end_ticks for n in part.notes)
        assert part.is_drum or all(player.low <= n.pitch <= player.high for n in part.notes)
