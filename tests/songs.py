"""Small synthetic songs and plans for the tests of the composer and of training."""

from aimusic.music.chance import stream
from aimusic.music.harmony import Chord, parse_key
from aimusic.music.request import Bar, Plan, Section
from aimusic.music.rhythm import METRES, Tempo
from aimusic.music.score import ChordSpan, Note
from aimusic.training.corpus import Song

_PROGRESSION = (Chord(0, "maj"), Chord(9, "min"), Chord(5, "maj"), Chord(7, "7"))
_RHYTHMS = ((0, 12, 24, 36), (0, 18, 24), (0, 6, 12, 24, 36), (0, 24))


def toy_song(number: int = 0, *, bars: int = 8, styles: tuple[str, ...] = ("folk",), split: str = "train") -> Song:
    """A tune in C over I vi IV V whose second half repeats its first; `number` chooses the notes."""
    rng = stream(number, "toy song")
    melody = []
    for bar in range(bars):
        source = bar if bar < bars // 2 else bar - bars // 2
        chord = _PROGRESSION[source % 4]
        own = stream(number, "bar", source)
        onsets = _RHYTHMS[int(own.integers(len(_RHYTHMS)))]
        for place, end in zip(onsets, (*onsets[1:], 48), strict=True):
            pitch = 60 + chord.pitch_classes[int(own.integers(len(chord.pitch_classes)))]
            melody.append(Note(48 * bar + place, pitch + 12 * (pitch < 66), end - place))
    half = bars // 2
    return Song(
        id=f"toy/{number}",
        dataset="toy",
        title=f"Toy {number} {int(rng.integers(100))}",
        styles=styles,
        split=split,
        licence="CC0-1.0",
        share_alike=False,
        mode="major",
        metre="4/4",
        bars=bars,
        melody=tuple(melody),
        chords=tuple(ChordSpan(48 * bar, 48, _PROGRESSION[bar % half % 4]) for bar in range(bars)),
        references=tuple(None if bar < half else bar - half for bar in range(bars)),
        phrase_starts=(0, half),
    )


def toy_plan(
    style: str,
    *,
    letters: str = "AABA",
    phrase_bars: int = 4,
    key: str = "C major",
    metre: str = "4/4",
    seed: int = 1,
    directive: str = "copy",
    final_ticks: int | None = None,
) -> Plan:
    """Phrases of equal length; a repeated letter refers to its first phrase; the last bar is the ending."""
    first: dict[str, int] = {}
    bars, sections = [], []
    for number, letter in enumerate(letters):
        start = number * phrase_bars
        sections.append(Section(letter, start, phrase_bars, 0.5))
        for index in range(phrase_bars):
            last = index == phrase_bars - 1
            bars.append(
                Bar(
                    section=number,
                    letter=letter,
                    index=index,
                    phrase_bars=phrase_bars,
                    reference=first[letter] + index if letter in first else None,
                    directive=directive if letter in first else "free",
                    cadence=("authentic" if number % 2 or number == len(letters) - 1 else "half") if last else "",
                )
            )
        first.setdefault(letter, start)
    tempo = Tempo(120, METRES[metre])
    final = tempo.metre.bar_ticks if final_ticks is None else final_ticks
    duration_s = tempo.seconds((len(bars) - 1) * tempo.metre.bar_ticks + final) + 1
    return Plan(style, seed, duration_s, tempo, parse_key(key), 0.5, tuple(sections), tuple(bars), final)
