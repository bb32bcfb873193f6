"""Every note sounds on its sample, once rendered, the same from a cold and a warm cache."""

from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from aimusic.errors import GenerationFailed
from aimusic.music.harmony import Key
from aimusic.music.rhythm import METRES, Tempo
from aimusic.music.score import Note, Part, Score
from aimusic.synth.kernels import SAMPLE_RATE
from aimusic.synth.render import NoteCache, events, render

TEMPO = Tempo(97.0, METRES["4/4"])  # nothing falls on round numbers


@dataclass(frozen=True)
class Fake:
    """An instrument whose notes can be told apart: `length` samples of pitch / 1000 + variant / 10000."""

    name: str = "fake"
    family: str = "struck"
    insert: str = ""
    is_drum: bool = False
    length: int = 1
    calls: list = field(default_factory=list, compare=False)

    def note(self, pitch, velocity, hold_s, variant=0):
        self.calls.append((pitch, velocity, hold_s, variant))
        return np.full((2, self.length), pitch / 1000 + variant / 10000, np.float32)


def score(notes, duration_s=4.0, role="lead", parts=1, is_drum=False):
    made = [Part(f"Part {k}", role, "fake", tuple(notes), is_drum) for k in range(parts)]
    return Score("x", Key(0, "major"), TEMPO, duration_s, tuple(made), ())


def play(piece, fake, cache=None):
    return list(render(piece, {"fake": fake}, cache or NoteCache(1 << 24)))


def test_an_onset_is_on_its_exact_sample():
    notes = [Note(0, 60, 6), Note(7, 61, 6, shift_s=0.0123), Note(36, 62, 6, shift_s=-0.004)]
    piece = score(notes)
    audio = play(piece, Fake())[0].audio
    assert np.flatnonzero(audio[0]).tolist() == [round(piece.onset_s(note) * SAMPLE_RATE) for note in notes]
    assert audio.shape == (2, 4 * SAMPLE_RATE)
    assert audio.dtype == np.float32


def test_the_gain_is_exact_for_every_velocity():
    """Twice the layer's velocity is 2^1.6 of its amplitude, whichever layer the timbre came from."""
    for velocity in (1, 37, 64, 100, 127):
        fake = Fake()
        audio = play(score([Note(0, 60, 6, velocity)]), fake)[0].audio
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
    assert not np.array_equal(first.audio, second.audio)


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
    ringing, choked = play(open_alone, fake)[0].audio[0], play(both, fake)[0].audio[0]
    assert np.array_equal(ringing[:at], choked[:at])
    assert choked[at + 1400] < 0.1 * ringing[at + 1400]


def test_other_drums_ring_on():
    fake = Fake(family="drums", is_drum=True, length=SAMPLE_RATE)
    piece = score([Note(0, 49, 3), Note(12, 42, 3)], role="drums", is_drum=True)
    assert [event.stop for event in events(piece.parts[0], piece, fake)] == [None, None]


def test_one_breath_plays_one_note_at_a_time():
    fake = Fake(family="blown", length=2 * SAMPLE_RATE)
    audio = play(score([Note(0, 60, 12), Note(12, 70, 12)]), fake)[0].audio[0]
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
    audio = play(piece, fake)[0].audio
    assert audio.shape == (2, 3 * SAMPLE_RATE)
    assert audio[0, -1] == pytest.approx(0.121 * (80 / fake.calls[0][1]) ** 1.6, rel=1e-3)


def test_cold_and_warm_give_the_same_bytes():
    notes = [Note(5 * k, 60 + k % 5, 5 + k % 3, 40 + 7 * k % 80) for k in range(30)]
    cache = NoteCache(1 << 24)
    cold, warm, tiny = (play(score(notes), Fake(length=5000), c)[0].audio for c in (cache, cache, NoteCache(0)))
    assert cold.tobytes() == warm.tobytes() == tiny.tobytes()


def test_a_warm_cache_asks_the_instrument_for_nothing():
    cache, fake = NoteCache(1 << 24), Fake()
    play(score([Note(0, 60, 6)]), fake, cache)
    play(score([Note(0, 60, 6)]), fake, cache)
    assert len(fake.calls) == 1


def test_instruments_with_other_settings_share_nothing():
    cache = NoteCache(1 << 24)
    play(score([Note(0, 60, 6)]), Fake(), cache)
    audio = play(score([Note(0, 60, 6)]), replace(Fake(), length=3), cache)[0].audio
    assert np.count_nonzero(audio[0]) == 3


def test_the_cache_keeps_within_its_bytes_and_drops_the_oldest():
    cache = NoteCache(4000)
    made = []

    def ask(key):
        return cache.get((key,), lambda: made.append(key) or np.zeros(250, np.float32))

    for key in (1, 2, 3, 4, 1, 5, 1, 2):
        ask(key)
    assert cache.held_bytes <= 4000
    assert made == [1, 2, 3, 4, 5, 2]


def test_parts_without_notes_make_no_stem():
    piece = score([], parts=2)
    assert play(piece, Fake()) == []


def test_unknown_instruments_and_inserts_are_named():
    with pytest.raises(GenerationFailed, match="no instrument 'fake'"):
        list(render(score([Note(0, 60, 6)]), {}))
    with pytest.raises(GenerationFailed, match="no insert 'warmth'"):
        play(score([Note(0, 60, 6)]), Fake(insert="warmth"))


def test_reused_memory_changes_no_sound():
    """A caller that is done with each stem gets the same sounds in one piece of memory."""
    piece = score([Note(0, 60, 6), Note(6, 60, 6)], parts=3)
    kept = [stem.audio for stem in play(piece, Fake())]
    reused = render(piece, {"fake": Fake()}, NoteCache(1 << 24), reuse=True)
    places = set()
    for sound, stem in zip(kept, reused, strict=True):
        assert np.array_equal(sound, stem.audio)
        places.add(stem.audio.ctypes.data)
    assert len(places) == 1
