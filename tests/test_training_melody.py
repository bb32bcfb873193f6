"""Performed notes become written ones; metres, upbeats and leads are found."""

import numpy as np
import pytest

from aimusic.music.rhythm import METRES
from aimusic.training.downbeat import downbeat_shift
from aimusic.training.melody import monophonic, off_grid_share, quantise_beat, written_lengths
from aimusic.training.metre import Fit, fits, rewrite, written_bar_ticks
from aimusic.training.tracks import Track, jumpiness, lead_tracks, leadership, named_track, skyline


def test_the_highest_of_simultaneous_notes_sings_until_the_next():
    notes = monophonic([(0, 24, 60), (0, 24, 67), (12, 6, 64), (18, 0, 90)])
    assert [(n.onset_ticks, n.pitch, n.length_ticks) for n in notes] == [(0, 67, 12), (12, 64, 6)]
    assert monophonic([]) == ()


def test_off_grid_share_counts_onsets_between_ticks():
    assert off_grid_share(np.array([0, 1 / 12, 0.25, 1 / 3])) == 0
    assert off_grid_share(np.array([0, 1 / 24, 0.25, 1.0])) == 0.25
    assert off_grid_share(np.array([])) == 0


@pytest.mark.parametrize(
    ("offsets", "ticks"),
    [
        ([0.0, 0.5], [0, 6]),
        ([0.0, 0.667], [0, 6]),  # swung eighths are written straight
        ([0.62], [6]),
        ([0.667, 0.833], [6, 9]),  # swung sixteenths
        ([0.0, 0.333, 0.667], [0, 4, 8]),  # true triplets stay
        ([0.333, 0.667], [4, 8]),
        ([0.0, 0.25, 0.5, 0.75], [0, 3, 6, 9]),
        ([0.0, 0.75], [0, 9]),
        ([0.0, 0.167, 0.333, 0.5, 0.667, 0.833], [0, 2, 4, 6, 8, 10]),
        ([0.02, 0.26, 0.49], [0, 3, 6]),
    ],
)
def test_a_beat_goes_to_the_grid_that_fits(offsets, ticks):
    assert quantise_beat(np.array(offsets)).tolist() == ticks


def test_nearly_legato_notes_reach_the_next_and_short_ones_stay_short():
    onsets, played = np.array([0, 12, 24, 48]), np.array([11.0, 7.5, 3.2, 47.0])
    assert written_lengths(onsets, played, 96).tolist() == [12, 12, 6, 48]


def test_no_written_note_passes_the_next_onset():
    rng = np.random.Generator(np.random.PCG64(1))
    onsets = np.sort(rng.choice(200, 60, replace=False))
    lengths = written_lengths(onsets, rng.uniform(0.1, 60, 60), 200)
    assert (lengths >= 1).all() and (onsets + lengths <= np.append(onsets[1:], 200)).all()


@pytest.mark.parametrize(
    ("metre", "bars", "first", "fitted"),
    [
        ("4/4", 9, 36, Fit("4/4", 9, 0)),
        ("2/2", 8, 0, Fit("4/4", 8, 0)),
        ("2/4", 16, 0, Fit("4/4", 8, 0)),
        ("2/4", 15, 12, Fit("4/4", 8, 24)),  # the upbeat bar becomes a second half
        ("12/8", 8, 0, Fit("6/8", 16, 0)),
        ("6/4", 8, 0, Fit("3/4", 16, 0)),
    ],
)
def test_written_metres_become_ours(metre, bars, first, fitted):
    assert rewrite(metre, bars, first) == fitted
    assert fitted.metre in METRES


def test_metres_that_do_not_fit_are_named():
    assert rewrite("5/4", 8, 0) == "metre 5/4" and not fits("5/4")
    assert rewrite("2/4", 15, 0) == "odd number of bars in 2/4"
    assert written_bar_ticks("7/8") == 42


def accompanied(upbeat: int, bars: int = 16, bar: int = 36) -> np.ndarray:
    """A waltz that begins with an upbeat: low bass and new harmony on one, chords on two and three."""
    roots = [0, 5, 7, 0, 9, 2, 7, 0] * 2
    notes = [(tick, 6, 72 + tick % 5) for tick in range(0, upbeat, 6)]
    for number in range(bars):
        start = upbeat + number * bar
        root = roots[number % 16]
        notes += [(start, 12, 36 + root), (start, 24, 72 + root)]
        notes += [(start + beat, 12, pitch + root) for beat in (12, 24) for pitch in (60, 64, 67)]
        notes += [(start + 30, 6, 74 + root)]
    return np.array(sorted(notes))


@pytest.mark.parametrize("upbeat", [0, 6, 12, 18])
def test_the_first_downbeat_is_found_after_an_upbeat(upbeat):
    assert downbeat_shift(accompanied(upbeat), 36) == upbeat


def test_an_upbeat_that_is_padded_with_rests_is_left_alone():
    notes = accompanied(12) + np.array([24, 0, 0])
    assert downbeat_shift(notes, 36) == 0
    assert downbeat_shift(np.zeros((0, 3), dtype=int), 36) == 0


def test_the_skyline_drops_what_begins_below_a_sounding_note():
    notes = np.array([[0, 24, 72], [0, 24, 60], [12, 12, 64], [24, 12, 71], [36, 12, 67]])
    assert skyline(notes) == [(0, 24, 72), (24, 12, 71), (36, 12, 67)]


def track(name: str, notes: list, program: int = 80, is_drum: bool = False) -> Track:
    return Track(name, program, is_drum, np.array(notes))


def band() -> list[Track]:
    """Drums, a bass, a riff of one bar, chords, and a tune of stepwise eighths."""
    rng = np.random.Generator(np.random.PCG64(5))
    walk = 70 + np.cumsum(rng.integers(-2, 3, 128))
    tune = [(6 * n, 6, int(np.clip(pitch, 60, 84))) for n, pitch in enumerate(walk)]
    riff = [(12 * n, 12, 64 + (n % 4)) for n in range(64)]
    chords = [(24 * n, 24, pitch) for n in range(32) for pitch in (60, 64, 67)]
    bass = [(12 * n, 12, 38 + n % 5) for n in range(64)]
    drums = [(12 * n, 3, 60 + n % 7) for n in range(64)]
    return [
        track("Drums", drums, 0, True),
        track("Bass", bass, 33),
        track("Riff", riff),
        track("Pad", chords),
        track("Solo", tune),
    ]


def test_the_tune_leads_the_band():
    tracks = band()
    assert [found.name for found in lead_tracks(tracks, 48, 3)] == ["Solo", "Riff"]
    assert lead_tracks(tracks[:2] + tracks[3:4], 48) == []
    assert leadership(tracks[4], 48) > 3 * leadership(tracks[2], 48)


def test_tracks_are_found_by_name():
    tracks = band()
    assert named_track(tracks, "solo|voice").name == "Solo"
    assert named_track(tracks, "drums") is None


def test_jumpiness_is_the_mean_interval():
    assert jumpiness([(0, 1, 60), (1, 1, 64), (2, 1, 62)]) == 3
    assert jumpiness([(0, 1, 60)]) == 0
