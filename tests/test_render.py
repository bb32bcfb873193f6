"""Every note sounds on its sample, once rendered, the same from a cold and a warm cache."""

from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from aimusic.errors import GenerationFailed
from aimusic.music.harmony import Key
from aimusic.music.rhythm import METRES, Tempo
from aimusic.music.score import Note, Part, Score
from aimusic.synth.kernels import SAMPLE_RATE, samples
from aimusic.synth.note_cache import NoteCache
from aimusic.synth.render import events, render
from tests.measures import played

TEMPO = Tempo(97.0, METRES["4/4"])  # nothing falls on round numbers


@dataclass(frozen=True)
class Fake:
    """An instrument whose notes can be told apart: `length` samples of pitch / 1000 + variant / 10000."""

    name: str = "fake"
    family: str = "struck"
    insert: str = ""
    is_drum: bool = False
    release_s: float = 0.5
    length: int = 1
    calls: list = field(default_factory=list, compare=False)

    def note(self, pitch, velocity, hold_s, variant=0):
        self.calls.append((pitch, velocity, hold_s, variant))
        return np.full((2, self.length), pitch / 1000 + variant / 10000, np.float32)


def score(notes, duration_s=4.0, role="lead", parts=1, is_drum=False):
    made = [Part(f"Part {k}", role, "fake", tuple(notes), is_drum) for k in range(parts)]
    return Score("x", Key(0, "major"), TEMPO, duration_s, tuple(made), ())


def play(piece, fake, cache=None):
    tracks = render(piece, {"fake": fake}, cache or NoteCache(1 << 24))
    return [played(track, samples(piece.duration_s)) for track in tracks]


def test_an_onset_is_on_its_exact_sample():
    notes = [Note(0, 60, 6), Note(7, 61, 6, shift_s=0.0123), Note(36, 62, 6, shift_s=-0.004)]
    piece = score(notes)
    audio = play(piece, Fake())[0]
    assert np.flatnonzero(audio[0]).tolist() == [round(piece.onset_s(note) * SAMPLE_RATE) for note in notes]
    assert audio.shape == (2, 4 * SAMPLE_RATE)
    assert audio.dtype == np.float32


def test_the_gain_is_exact_for_every_velocity():
    """Twice the layer's velocity is 2^1.6 of its amplitude, whichever layer the timbre came from."""
    for velocity in (1, 37, 64, 100, 127):
        fake = Fake()
        audio = play(score([Note(0, 60, 6, velocity)]), fake)[0]
        rendered = fake.calls[0][1]
        assert abs(rendered - velocity) <= 8
        assert audio[0, 0] == pytest.approx(0.06 * (velocity / rendered) ** 1.6, rel=1e-5)


def test_velocity_has_eight_layers():
    fake = Fake()
    play(score([Note(4 * k, 60, 4, k + 1) for k in range(127)], 60.0), fake)
    assert len({velocity for _, velocity, _, _ in fake.calls}) == 8


def test_equal_notes_are_rendered_once_for_each_take():
    fake = Fake()
    play(score([Note(6 * k, 60, 6) for k in range(20)], 20.0), fake)
    assert sorted(variant for *_, variant in fake.calls) == [0, 1]


def test_repeated_notes_take_turns():
    heard = [e.variant for e in events(score([Note(6 * k, 60, 6) for k in range(4)]).parts[0], score([]), Fake())]
    assert heard == [0, 1, 0, 1]


def test_doubled_parts_play_takes_of_their_own():
    """Two guitars on the same notes are two guitars, not one in the middle."""
    first, second = play(score([Note(0, 60, 6), Note(6, 60, 6)], parts=2), Fake())
    assert not np.array_equal(first, second)


def test_the_hold_is_the_written_length_in_hundredths():
    fake = Fake()
    play(score([Note(0, 60, 7)]), fake)
    assert fake.calls[0][2] == pytest.approx(TEMPO.seconds(7), abs=0.005)


@pytest.mark.parametrize("choke", [42, 44])
def test_a_closed_hat_silences_the_open_one(choke):
    fake = Fake(family="drums", is_drum=True, length=2 * SAMPLE_RATE)
    open_alone = score([Note(0, 46, 3)], role="drums", is_drum=True)
    both = score([Note(0, 46, 3), Note(12, choke, 3, 1)], role="drums", is_drum=True)
    at = round(TEMPO.seconds(12) * SAMPLE_RATE)
    ringing, choked = play(open_alone, fake)[0][0], play(both, fake)[0][0]
    assert np.array_equal(ringing[:at], choked[:at])
    assert choked[at + 1400] < 0.1 * ringing[at + 1400]


def test_other_drums_ring_on():
    fake = Fake(family="drums", is_drum=True, length=SAMPLE_RATE)
    piece = score([Note(0, 49, 3), Note(12, 42, 3)], role="drums", is_drum=True)
    assert [event.stop for event in events(piece.parts[0], piece, fake)] == [None, None]


def test_one_breath_plays_one_note_at_a_time():
    fake = Fake(family="blown", length=2 * SAMPLE_RATE)
    audio = play(score([Note(0, 60, 12), Note(12, 70, 12)]), fake)[0][0]
    at = round(TEMPO.seconds(12) * SAMPLE_RATE)
    assert audio[at - 1] == pytest.approx(audio[0])
    assert audio[at + SAMPLE_RATE // 50] == pytest.approx(audio[0] * 70 / 60, rel=1e-3)
    assert np.all(np.diff(audio[at + 1 : at + SAMPLE_RATE // 50]) <= 0)


def test_struck_notes_ring_into_each_other_and_double_stops_live():
    for family, notes in (
        ("struck", [Note(0, 60, 12), Note(12, 70, 12)]),
        ("plucked", [Note(0, 60, 9), Note(0, 67, 9)]),
    ):
        piece = score(notes)
        assert [event.stop for event in events(piece.parts[0], piece, Fake(family=family))] == [None, None]


def test_what_passes_the_end_is_lost_and_nothing_wraps():
    fake = Fake(length=10 * SAMPLE_RATE)
    piece = score([Note(0, 60, 6), Note(48, 61, 6), Note(480, 62, 6)], 3.0)
    audio = play(piece, fake)[0]
    assert audio.shape == (2, 3 * SAMPLE_RATE)
    assert audio[0, -1] == pytest.approx(0.121 * (80 / fake.calls[0][1]) ** 1.6, rel=1e-3)


def test_cold_and_warm_give_the_same_bytes():
    notes = [Note(5 * k, 60 + k % 5, 5 + k % 3, 40 + 7 * k % 80) for k in range(30)]
    cache = NoteCache(1 << 24)
    cold, warm, tiny = (play(score(notes), Fake(length=5000), c)[0] for c in (cache, cache, NoteCache(0)))
    assert cold.tobytes() == warm.tobytes() == tiny.tobytes()


def test_a_warm_cache_asks_the_instrument_for_nothing():
    cache, fake = NoteCache(1 << 24), Fake()
    play(score([Note(0, 60, 6)]), fake, cache)
    play(score([Note(0, 60, 6)]), fake, cache)
    assert len(fake.calls) == 1


def test_instruments_with_other_settings_share_nothing():
    cache = NoteCache(1 << 24)
    play(score([Note(0, 60, 6)]), Fake(), cache)
    audio = play(score([Note(0, 60, 6)]), replace(Fake(), length=3), cache)[0]
    assert np.count_nonzero(audio[0]) == 3


def test_parts_without_notes_make_no_stem():
    piece = score([], parts=2)
    assert play(piece, Fake()) == []


def test_unknown_instruments_and_inserts_are_named():
    with pytest.raises(GenerationFailed, match="no instrument 'fake'"):
        list(render(score([Note(0, 60, 6)]), {}))
    with pytest.raises(GenerationFailed, match="no insert 'warmth'"):
        play(score([Note(0, 60, 6)]), Fake(insert="warmth"))


def test_every_block_length_gives_the_same_samples():
    """Notes that begin in one block ring on, fade and end in others."""
    notes = [Note(5 * k, 60 + k % 3, 4 + k % 3, 50 + k) for k in range(40)]
    piece = score(notes, 9.0)
    (track,) = render(piece, {"fake": Fake(family="blown", length=30_000)}, NoteCache(1 << 24))
    whole = played(track, 9 * SAMPLE_RATE, 63 * 7000)
    for block in (63, 63 * 50, 63 * 2048):
        assert np.array_equal(played(track, 9 * SAMPLE_RATE, block), whole)


def test_a_track_may_come_in_anywhere():
    """What still sounds from before is there from the first sample; what ended long ago is not asked for."""
    piece, fake = score([Note(0, 60, 6), Note(24, 61, 6), Note(60, 62, 6)], 6.0), Fake(length=30_000)
    (track,) = render(piece, {"fake": fake}, NoteCache(0))
    start = 63 * (track.onsets[1] // 63 + 100)
    there = np.concatenate([block.copy() for block in track.play(start, 6 * SAMPLE_RATE)], axis=1)
    assert [pitch for pitch, *_ in fake.calls] == [61, 62]
    assert there[0, 0] > 0
    assert np.array_equal(there, played(track, 6 * SAMPLE_RATE)[:, start:])


def test_amplifiers_are_in_time():
    """The amplifier's latency is made up for: a click comes out where the note was struck."""
    fake = Fake(insert="amp_overdrive", length=4)
    piece = score([Note(12, 60, 6)])
    audio = np.abs(play(piece, fake)[0][0])
    assert abs(int(np.argmax(audio)) - round(TEMPO.seconds(12) * SAMPLE_RATE)) < 22
