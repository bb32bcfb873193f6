"""Chords as a caller writes them: `| Am | F | C G |`, names or Roman numerals, bars split by `|`."""

from aimusic.music.harmony import EXACT_SPELLINGS, SCALES, Chord, Key, parse_chord, roman

Progression = tuple[tuple[str, ...], ...]  # the chords of each bar, as written
AT_THE_EDGE = 0.25  # what it counts for a key that the first or the last chord is its tonic, against all chords


def parse_progression(text: str) -> Progression:
    """Read bars of chords. Raises ValueError that names what cannot be read."""
    bars = tuple(tuple(bar.split()) for bar in text.strip().strip("|").split("|"))
    if not all(bars):
        raise ValueError("must have a chord in every bar, such as '| Am | F | C G |'")
    for symbol in (symbol for bar in bars for symbol in bar):
        chord_of(symbol, 0)
    return bars


def written(progression: Progression) -> str:
    """The text that `parse_progression` reads."""
    return "| " + " | ".join(" ".join(bar) for bar in progression) + " |"


def is_name(symbol: str) -> bool:
    """True for `Am`, which is the same chord in every key, False for `vi`."""
    return symbol[:1] in "ABCDEFG"


def chord_of(symbol: str, tonic: int) -> Chord:
    """The chord of a name or of a numeral on a tonic.

    Raises ValueError for what is not known, and for names of chords that we could play only in part.
    """
    try:
        chord = parse_chord(symbol) if is_name(symbol) else roman(symbol, tonic)
    except ValueError as error:
        raise ValueError(f"must be chord names or Roman numerals split by |, and {symbol!r} is neither") from error
    if not is_name(symbol):
        return chord
    suffix = symbol.split("/")[0].lstrip("ABCDEFG")
    suffix = suffix.removeprefix("#").removeprefix("b") if suffix[:1] in ("#", "b") else suffix
    if suffix not in EXACT_SPELLINGS:
        raise ValueError(
            f"must be chords that we know exactly; {symbol} would sound as {chord.symbol()}, write that"
        )
    return chord


def chords_of(progression: Progression, tonic: int) -> list[tuple[Chord, ...]]:
    """The chords of each bar in a key."""
    return [tuple(chord_of(symbol, tonic) for symbol in bar) for bar in progression]


def is_tonic(chord: Chord, key: Key) -> bool:
    """Whether a chord is at home in a key: its root is the tonic, its third the mode's."""
    third = 4 if key.mode == "major" else 3
    return chord.root == key.tonic and (chord.root + third) % 12 in chord.pitch_classes


def likely_key(chords: list[Chord]) -> Key:
    """The key in which most of the chords lie, leaning to one in which the piece begins and ends.

    A minor key also has its raised seventh degree. Of equals the key of the first chord wins.
    """

    def score(key: Key) -> tuple[float, bool]:
        names = {
            *key.scale,
            *((key.tonic + step) % 12 for step in SCALES["harmonic_minor"] if key.mode == "minor"),
        }
        inside = sum(len(names & {*c.pitch_classes}) / len({*c.pitch_classes}) for c in chords) / len(chords)
        edges = is_tonic(chords[0], key) + is_tonic(chords[-1], key)
        return round(inside + AT_THE_EDGE * edges, 6), key.tonic == chords[0].root

    return max((Key(tonic, mode) for mode in ("major", "minor") for tonic in range(12)), key=score)


def likely_mode(chords: list[Chord], tonic: int) -> str:
    """Minor where a tonic chord is minor."""
    return "minor" if any(is_tonic(chord, Key(tonic, "minor")) for chord in chords) else "major"
