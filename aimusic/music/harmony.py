"""Pitches, scales, keys, chords and Roman numerals.

A pitch is a MIDI number (60 = middle C). A pitch class is 0-11 with C = 0.
"""

import re
from dataclasses import dataclass, replace

SHARP_NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
FLAT_NAMES = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")
LETTERS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}

SCALES = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "harmonic_minor": (0, 2, 3, 5, 7, 8, 11),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
    "lydian": (0, 2, 4, 6, 7, 9, 11),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "major_pentatonic": (0, 2, 4, 7, 9),
    "minor_pentatonic": (0, 3, 5, 7, 10),
    "minor_blues": (0, 3, 5, 6, 7, 10),
    "major_blues": (0, 2, 3, 4, 5, 6, 7, 9, 10),
}

# Chord qualities: the suffix of the symbol, and the intervals above the root in semitones.
QUALITIES = {
    "maj": ("", (0, 4, 7)),
    "min": ("m", (0, 3, 7)),
    "7": ("7", (0, 4, 7, 10)),
    "maj7": ("maj7", (0, 4, 7, 11)),
    "m7": ("m7", (0, 3, 7, 10)),
    "6": ("6", (0, 4, 7, 9)),
    "m6": ("m6", (0, 3, 7, 9)),
    "m7b5": ("m7b5", (0, 3, 6, 10)),
    "dim": ("dim7", (0, 3, 6, 9)),
    "aug": ("aug", (0, 4, 8)),
    "sus": ("sus4", (0, 5, 7)),
    "alt": ("7alt", (0, 4, 8, 10, 1)),
    "9": ("9", (0, 4, 7, 10, 2)),
}

# Other spellings of a quality that people and data sets write after the root.
SPELLINGS = {
    **{suffix: name for name, (suffix, _) in QUALITIES.items()},
    "M": "maj",
    "maj": "maj",
    "min": "min",
    "-": "min",
    "5": "maj",
    "add9": "maj",
    "sus2": "sus",
    "sus": "sus",
    "M7": "maj7",
    "j7": "maj7",
    "maj9": "maj7",
    "maj13": "maj7",
    "min7": "m7",
    "-7": "m7",
    "m9": "m7",
    "m11": "m7",
    "69": "6",
    "add6": "6",
    "min6": "m6",
    "-6": "m6",
    "-7b5": "m7b5",
    "dim": "dim",
    "o": "dim",
    "o7": "dim",
    "+": "aug",
    "7#5": "alt",
    "+7": "alt",
    "7b9": "alt",
    "7#9": "alt",
    "7b5": "alt",
    "alt": "alt",
    "7sus4": "sus",
    "9sus4": "sus",
    "7sus": "sus",
    "13": "9",
    "11": "9",
}

# Spellings that name exactly one of our chords; the others of SPELLINGS stand for something richer or poorer.
EXACT_SPELLINGS = {
    *(suffix for suffix, _ in QUALITIES.values()),
    *("M", "maj", "min", "-", "sus", "M7", "j7", "min7", "-7", "add6", "min6", "-6", "-7b5", "o7", "+", "alt"),
}

_DEGREES = {"I": 0, "II": 2, "III": 4, "IV": 5, "V": 7, "VI": 9, "VII": 11}
_ROMAN = re.compile(r"^([b#]?)(VII|VI|V|IV|III|II|I|vii|vi|v|iv|iii|ii|i)([^/]*)(?:/([b#]?)([1-7]))?$")
_SYMBOL = re.compile(r"^([A-G])([b#]?)([^/]*)(?:/([A-G])([b#]?))?$")


@dataclass(frozen=True, slots=True)
class Chord:
    """A chord: root pitch class, quality (a key of QUALITIES), and a bass other than the root."""

    root: int
    quality: str
    bass: int | None = None

    @property
    def pitch_classes(self) -> tuple[int, ...]:
        """The chord's pitch classes, root first."""
        return tuple((self.root + interval) % 12 for interval in QUALITIES[self.quality][1])

    @property
    def bass_pitch_class(self) -> int:
        return self.root if self.bass is None else self.bass

    def transposed(self, semitones: int) -> "Chord":
        bass = None if self.bass is None else (self.bass + semitones) % 12
        return replace(self, root=(self.root + semitones) % 12, bass=bass)

    def symbol(self, key: "Key | None" = None) -> str:
        """The chord as written on a lead sheet in a key (C major unless told): `Am7`, `Bb/D`."""
        key = key or Key(0, "major")
        slash = "" if self.bass is None else f"/{key.spell(self.bass)}"
        return key.spell(self.root) + QUALITIES[self.quality][0] + slash


@dataclass(frozen=True, slots=True)
class Key:
    """A tonic pitch class and a mode, "major" or "minor"."""

    tonic: int
    mode: str

    @property
    def flats(self) -> bool:
        """True where the key signature has flats."""
        return self.signature < 0

    @property
    def signature(self) -> int:
        """Sharps (positive) or flats (negative) in the key signature, -6 to 5."""
        major_tonic = (self.tonic + (3 if self.mode == "minor" else 0)) % 12
        return (major_tonic * 7 + 6) % 12 - 6

    @property
    def name(self) -> str:
        """`Bb major`."""
        return f"{(FLAT_NAMES if self.flats else SHARP_NAMES)[self.tonic]} {self.mode}"

    def spell(self, pitch_class: int) -> str:
        """Name a pitch class as the key writes it: the seventh degree lowered in C major is Bb, not A#.

        Names lie on the line of fifths (... Bb F C G D ...). A major key reaches from its lowered second
        to its raised fourth degree, a minor key from its lowered fifth to its raised seventh.
        """
        lowest = self.signature + (-3 if self.mode == "minor" else -5)
        lowest = min(1, max(-8, lowest))  # from Fb (-8) to B# (12): no double accidentals
        fifths = lowest + (pitch_class * 7 - lowest) % 12
        letter = "FCGDAEB"[(fifths + 1) % 7]
        return letter + ("b" * -((fifths + 1) // 7) if fifths < -1 else "#" * ((fifths + 1) // 7))

    @property
    def scale(self) -> tuple[int, ...]:
        """Pitch classes of the mode's scale, tonic first."""
        return scale(self.tonic, self.mode)


def scale(tonic: int, name: str) -> tuple[int, ...]:
    """Pitch classes of a named scale (a key of SCALES), tonic first."""
    return tuple((tonic + step) % 12 for step in SCALES[name])


def pitch_class(letter: str, accidental: str = "") -> int:
    return (LETTERS[letter] + {"": 0, "#": 1, "b": -1}[accidental]) % 12


def parse_key(text: str) -> Key:
    """Read `A minor`, `Bb major`, `F#m` or `C`. Raises ValueError with what is allowed."""
    match = re.fullmatch(r"([A-Ga-g])([b#]?)\s*(major|minor|maj|min|m)?", text.strip())
    if match is None:
        raise ValueError(f"must be a key such as 'A minor', 'Bb major' or 'F#m', got {text!r}")
    letter, accidental, mode = match.groups()
    return Key(pitch_class(letter.upper(), accidental), "minor" if mode in ("minor", "min", "m") else "major")


def parse_chord(symbol: str) -> Chord:
    """Read a chord symbol such as `Am7`, `Bbmaj7/D`. Raises ValueError for what we do not know."""
    match = _SYMBOL.match(symbol.strip())
    if match is None or match[3] not in SPELLINGS:
        raise ValueError(f"not a chord symbol we know: {symbol!r}")
    bass = pitch_class(match[4], match[5]) if match[4] else None
    return Chord(pitch_class(match[1], match[2]), SPELLINGS[match[3]], bass)


def roman(numeral: str, tonic: int) -> Chord:
    """Read a Roman numeral on a tonic: `ii7`, `bVII`, `V7b9`, `II/1`.

    Degrees count on the major scale of the tonic in every mode, so the sixth degree of a minor key is
    `bVI`. Lower case is minor; a suffix on it extends the minor chord (`ii7` is a minor seventh).
    """
    match = _ROMAN.match(numeral)
    if match is None:
        raise ValueError(f"not a Roman numeral: {numeral!r}")
    accidental, degree, suffix, bass_accidental, bass_degree = match.groups()
    shift = {"": 0, "#": 1, "b": -1}
    root = (tonic + _DEGREES[degree.upper()] + shift[accidental]) % 12
    minor = degree.islower() and not suffix.startswith(("m", "dim", "o"))
    quality = SPELLINGS.get(("m" if minor else "") + suffix) or SPELLINGS.get(suffix)
    if quality is None:
        raise ValueError(f"not a chord quality we know: {suffix!r} in {numeral!r}")
    bass = None
    if bass_degree:
        bass = (tonic + SCALES["major"][int(bass_degree) - 1] + shift[bass_accidental]) % 12
    return Chord(root, quality, bass)


def numeral(chord: Chord, tonic: int) -> str:
    """The chord as a Roman numeral that `roman` reads back: the root's degree in capitals, then the suffix."""
    bass = "" if chord.bass is None else "/" + _degree(chord.bass - tonic, tuple("1234567"))
    return _degree(chord.root - tonic, tuple(_DEGREES)) + QUALITIES[chord.quality][0] + bass


def _degree(semitones: int, names: tuple[str, ...]) -> str:
    """The degree of the major scale, lowered where the scale has no such note."""
    steps = SCALES["major"]
    above = semitones % 12
    return names[steps.index(above)] if above in steps else f"b{names[steps.index(above + 1)]}"
