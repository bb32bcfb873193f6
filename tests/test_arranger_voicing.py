"""Voicings: complete, in range, not muddy, and moving little."""

from itertools import pairwise

import numpy as np
import pytest

from aimusic.arranger.voicing import MUD, candidates, is_muddy, lead_voices
from aimusic.errors import InvalidStyle
from aimusic.music.harmony import QUALITIES, Chord, parse_chord, parse_key
from aimusic.music.score import ChordSpan
from aimusic.style import Player
from tests.factories import STYLES

PIANO = Player(name="Piano", role="comping", instrument="grand_piano", pattern="rootless", low=48, high=76)


def spans(*symbols):
    return tuple(ChordSpan(48 * k, 48, parse_chord(symbol)) for k, symbol in enumerate(symbols))


@pytest.mark.parametrize("quality", QUALITIES)
@pytest.mark.parametrize("voices", [3, 4])
def test_full_voicings_have_the_tones_that_make_the_chord(quality, voices):
    """Third (or its suspension) and seventh are kept in every voicing; nothing foreign is added."""
    chord = Chord(2, quality)
    intervals = QUALITIES[quality][1]
    needed = [next((i for i in (3, 4, 5) if i in intervals), None)]
    needed += [next((i for i in (10, 11) if i in intervals), None)]
    table = candidates(chord, 48, 76, voices, "full")
    assert len(table)
    for voicing in table:
        classes = {(int(p) - 2) % 12 for p in voicing}
        assert {i for i in needed if i is not None} <= classes
        assert classes <= set(intervals)


@pytest.mark.parametrize("quality", QUALITIES)
def test_rootless_voicings_leave_the_root_to_the_bass(quality):
    """Except where the chord is its four tones (diminished, half-diminished), the root is left out."""
    table = candidates(Chord(5, quality), 48, 76, 4, "rootless")
    assert len(table)
    has_root = any(int(p) % 12 == 5 for voicing in table for p in voicing)
    assert has_root == (quality in ("dim", "m7b5"))


@pytest.mark.parametrize(
    ("symbol", "key", "tensions"),
    [("G7", "C major", {9, 4}), ("G7", "C minor", {8, 3}), ("Em7", "C major", {4}), ("Dm7", "C major", {4})],
)
def test_tensions_belong_to_the_key(symbol, key, tensions):
    """Ninth and thirteenth on G7 are A and E in C major, Ab and Eb in C minor; the iii chord takes its root."""
    chord, scale = parse_chord(symbol), parse_key(key).scale
    classes = {int(p) % 12 for voicing in candidates(chord, 48, 76, 4, "rootless", scale) for p in voicing}
    assert classes - set(chord.pitch_classes[1:]) == tensions


@pytest.mark.parametrize("quality", QUALITIES)
def test_power_chords_are_root_fifth_octave(quality):
    for voicing in candidates(Chord(4, quality), 40, 64, 3, "power"):
        root, fifth, octave = (int(p) for p in voicing)
        assert root % 12 == 4
        assert octave - root == 12
        assert fifth - root in (6, 7, 8)


def test_no_candidate_is_muddy_or_out_of_range():
    for root in range(12):
        for quality in QUALITIES:
            for voicing in candidates(Chord(root, quality), 40, 67, 3, "full"):
                pitches = [int(p) for p in voicing]
                assert 40 <= pitches[0] <= pitches[-1] <= 67
                for a, b in pairwise(pitches):
                    assert all(a >= limit or b - a >= least for limit, least in MUD)


def test_mud_is_close_and_low():
    assert is_muddy((40, 44, 47))
    assert not is_muddy((40, 47, 56))
    assert not is_muddy((60, 61, 64))


def test_hands_move_as_little_as_any_path_allows():
    """The path found is the cheapest of all paths, by trying every one."""
    chords = spans("C", "Am", "F")
    narrow = Player(name="Hand", role="comping", instrument="x", pattern="rootless", low=55, high=69)
    found = lead_voices(chords, narrow, 3, "full")
    tables = [candidates(span.chord, 55, 69, 3, "full") for span in chords]

    def motion(path):
        return sum(int(np.abs(np.subtract(a, b)).sum()) for a, b in pairwise(path))

    least = min(motion((a, b, c)) for a in tables[0] for b in tables[1] for c in tables[2])
    assert motion(found) <= least + 2  # the wish for the middle of the range may cost a little


def test_common_tones_stay_in_a_two_five_one():
    """Dm7 G7 Cmaj7 without roots: each voice moves by a tone at most."""
    path = lead_voices(spans("Dm7", "G7", "Cmaj7"), PIANO, 4, "rootless")
    for a, b in pairwise(path):
        assert max(abs(x - y) for x, y in zip(a, b, strict=True)) <= 2


def test_a_repeated_chord_keeps_its_voicing():
    path = lead_voices(spans("F", "F", "F"), PIANO, 4, "full")
    assert len(set(path)) == 1


def test_jitter_lets_the_hands_wander():
    chords = spans(*["Cmaj7"] * 8)
    jitter = np.array([0, 9, 9, 9, -9, -9, -9, 0.0])
    assert len(set(lead_voices(chords, PIANO, 4, "rootless", jitter=jitter))) > 1


@pytest.mark.parametrize("name", STYLES)
def test_every_chord_can_be_voiced_by_every_player(name):
    """Whatever the composer writes, nobody's range is too narrow for it."""
    shapes = {
        "rootless": (4, "rootless"),
        "power_chords": (3, "power"),
        "shuffle": (3, "full"),
        "sustained": (3, "full"),
    }
    for someone in STYLES[name].parts:
        if someone.role not in ("comping", "pad", "inner"):
            continue
        voices, shape = shapes.get(someone.pattern, (4, "full"))
        for root in range(12):
            for quality in QUALITIES:
                for scale in ((), parse_key("C major").scale, parse_key("C minor").scale):
                    chord = Chord(root, quality)
                    assert len(candidates(chord, someone.low, someone.high, voices, shape, scale)), someone.name


def test_a_range_too_narrow_is_refused_with_the_chord():
    narrow = Player(name="Tiny", role="pad", instrument="x", pattern="held", low=60, high=62)
    with pytest.raises(InvalidStyle, match=r"parts\.Tiny: the range 60\.\.62 holds no voicing of C"):
        lead_voices(spans("C"), narrow, 3, "full")
