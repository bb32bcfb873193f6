"""What all bass players share: chord degrees, where a root lies on their strings, and the last note."""

from aimusic.arranger.chart import Chart
from aimusic.arranger.ending import strike
from aimusic.music.harmony import QUALITIES, Chord
from aimusic.music.score import Note
from aimusic.style import Player

HIGH_FROM_ENERGY = 2  # from this energy level bass players play their lively figures


def degree(chord: Chord, name: str) -> int:
    """Semitones of a chord degree above the root, as the chord's quality has it."""
    intervals = QUALITIES[chord.quality][1]
    third = next((i for i in (3, 4, 5) if i in intervals), 4)
    fifth = next((i for i in (7, 6, 8) if i in intervals), 7)
    return {"1": 0, "3": third, "5": fifth, "6": 9, "b7": 10, "8": 12}[name]


def nearest(pitch_class: int, around: float, player: Player) -> int:
    """The pitch of a class within the player's range that is closest to `around`."""
    fitting = [p for p in range(player.low, player.high + 1) if p % 12 == pitch_class]
    return min(fitting, key=lambda p: (abs(p - around), p))


def home(player: Player) -> float:
    """Where a bass player is comfortable: the lower third of the range."""
    return player.low + (player.high - player.low) / 3


def last_note(chart: Chart, player: Player, around: float, *, again: bool = True) -> list[Note]:
    """The root of the last chord, low and held."""
    chord = chart.ending.chords[0].chord
    pitch = nearest(chord.bass_pitch_class, min(around, home(player) + 3), player)
    return strike(chart, (pitch,), again=again)
