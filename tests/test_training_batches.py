"""Songs become rows of integers: every event once, nothing from the future, the same batches for the same seed."""

from dataclasses import replace

import numpy as np
import pytest

from aimusic.composer.features import DENSITIES, PHRASE_PLACES, SOURCES
from aimusic.composer.vocabulary import (
    MAX_DURATION,
    NO_DURATION,
    NO_PITCH,
    QUALITY_NAMES,
    REST,
    NoteEvent,
    decode_melody,
)
from aimusic.music.harmony import Chord
from aimusic.music.score import ChordSpan, Note
from aimusic.training.batches import (
    IGNORE,
    TABLES,
    Hiding,
    batch_of,
    chart_of,
    fit_chords,
    fit_melody,
    lessons_of,
    notes_in,
    style_batches,
    training_batches,
    windows,
)
from tests.songs import toy_song

STYLES = ("folk", "march")
SONGS = [toy_song(number) for number in range(6)]
HIDE_NOTHING = Hiding(0, 0, 0, 0, 0)


@pytest.mark.parametrize("part", TABLES)
def test_every_value_fits_its_column(part):
    for lesson in lessons_of(SONGS, part, STYLES):
        for table, rows in zip(TABLES[part], lesson.inputs, strict=True):
            assert rows.shape == (len(lesson), len(table.sizes))
            assert (rows >= 0).all() and (rows < np.array(table.sizes)).all()


def test_the_targets_are_the_song():
    lesson = lessons_of(SONGS, "melody", STYLES)[0]
    notes = decode_melody(NoteEvent(*map(int, row)) for row in lesson.targets)
    assert [note.onset_ticks for note in notes] == [note.onset_ticks for note in SONGS[0].melody]
    assert len({a.pitch - b.pitch for a, b in zip(notes, SONGS[0].melody, strict=True)}) == 1


def test_rows_never_know_the_future():
    """Cutting off the end of a song leaves the rows before the cut as they were."""
    song = SONGS[0]
    cut = replace(song, melody=song.melody[:12])
    whole, part = (lessons_of([s], "melody", STYLES)[0] for s in (song, cut))
    for name, rows, fewer in zip(("input", "pitch", "duration"), whole.inputs, part.inputs, strict=True):
        known = (
            [k for k, n in enumerate(TABLES["melody"][0].names) if n != "density"]
            if name == "input"
            else slice(None)
        )
        assert np.array_equal(rows[:12][:, known], fewer[:, known])


def test_the_reference_shows_the_bar_that_is_repeated():
    """In the second half the toy song repeats its first half, so the copied classes are the targets."""
    lesson = lessons_of(SONGS, "melody", STYLES)[0]
    pitch, duration = TABLES["melody"][1:]
    onsets = [note.onset_ticks for note in SONGS[0].melody]
    second = np.array(onsets) >= 4 * 48
    shown = (
        lesson.inputs[1][second, pitch.column("pitch_reference")],
        lesson.inputs[2][second, duration.column("duration_reference")],
    )
    assert np.array_equal(shown[0], lesson.targets[second, 1])
    assert np.array_equal(shown[1], lesson.targets[second, 2])


def test_a_long_silence_teaches_a_rest_without_pitch():
    song = replace(SONGS[0], melody=(Note(0, 60, 12), Note(300, 62, 12), Note(312, 64, 12)))
    targets = lessons_of([song], "melody", STYLES)[0].targets.tolist()
    assert targets[1][0] == REST and targets[1][1:] == [IGNORE, IGNORE]


def test_a_tune_is_moved_by_octaves_to_the_middle():
    low = fit_melody([Note(0, 40, 12), Note(12, 43, 12)])
    assert [note.pitch for note in low] == [76, 79]
    assert fit_melody([Note(0, 72, 400)])[0].length_ticks == MAX_DURATION


def test_chords_change_on_beats_and_equal_neighbours_join():
    spans = [
        ChordSpan(0, 13, Chord(0, "maj")),
        ChordSpan(13, 3, Chord(2, "min")),
        ChordSpan(16, 8, Chord(5, "maj", bass=9)),
        ChordSpan(24, 24, Chord(5, "maj")),
    ]
    assert fit_chords(spans, 12) == (ChordSpan(0, 12, Chord(0, "maj")), ChordSpan(12, 36, Chord(5, "maj")))


def test_the_chart_knows_phrases_and_density():
    chart = chart_of(SONGS[0], "folk")
    assert chart.phrase_bar == (0, 1, 2, 3, 0, 1, 2, 3)
    assert chart.bars_left == (3, 2, 1, 0, 3, 2, 1, 0)
    assert set(chart.density) <= set(range(DENSITIES - 1))


@pytest.mark.parametrize("part", TABLES)
def test_windows_cover_every_event_once(part):
    lessons = lessons_of(SONGS, part, STYLES)
    batch = batch_of(part, lessons, windows(lessons, 7, None), 7)
    heads = [lesson.targets for lesson in lessons]
    kept = batch.targets.reshape(-1, batch.targets.shape[-1])
    assert np.array_equal(kept[kept[:, 0] != IGNORE], np.concatenate(heads))
    assert notes_in(batch.targets) == sum(map(len, lessons))


def collect(seed, hiding=HIDE_NOTHING, songs=SONGS):
    lessons = lessons_of(songs, "melody", STYLES)
    return list(training_batches("melody", lessons, STYLES, seed=seed, epoch=0, batch=4, length=16, hiding=hiding))


def test_the_same_seed_gives_the_same_batches():
    for one, other in zip(collect(1), collect(1), strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(one.inputs, other.inputs, strict=True))
    assert any(not np.array_equal(a.targets, b.targets) for a, b in zip(collect(1), collect(2), strict=False))


def test_windows_carry_their_style():
    both = [*SONGS, *(toy_song(9 + number, styles=("march",)) for number in range(6))]
    tokens = {int(token) for batch in collect(1, songs=both) for token in batch.inputs[0][:, 0, 0]}
    assert tokens == {1, 2}


def test_measuring_reads_every_song_as_one_style():
    batches = style_batches("melody", lessons_of(SONGS, "melody", STYLES), STYLES, "march", batch=2, length=16)
    assert {int(token) for batch in batches for token in np.unique(batch.inputs[0][..., 0])} == {2}


def test_hiding_takes_away_what_it_names():
    hidden = collect(1, Hiding(1, 1, 1, 1, 1))
    tables = TABLES["melody"]
    for batch in hidden:
        real = batch.targets[..., 0] != IGNORE
        first = batch.inputs[0][real]
        assert (first[:, tables[0].column("style")] == 0).all()
        assert (first[:, tables[0].column("phrase_bar")] == PHRASE_PLACES - 1).all()
        assert (first[:, tables[0].column("density")] == DENSITIES - 1).all()
        qualities = {QUALITY_NAMES[q] for q in np.unique(first[:, tables[0].column("quality")])}
        assert qualities <= {"maj", "min"}
        assert (batch.inputs[1][..., tables[1].column("pitch_reference")] == NO_PITCH).all()
        assert (batch.inputs[1][..., tables[1].column("state_reference")] == 0).all()
        assert (batch.inputs[2][..., tables[2].column("duration_reference")] == NO_DURATION).all()


def test_every_source_has_its_columns():
    for name in ("pitch", "degree", "state"):
        found = TABLES["melody"][1].columns(f"{name}_")
        assert found.stop - found.start == len(SOURCES)
