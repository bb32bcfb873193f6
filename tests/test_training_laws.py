"""Laws of the training data: analysis, duplicates, splits, manifests, grooves, reports and cards."""

import io
import json
import random
import tarfile
from dataclasses import replace

import numpy as np
import pytest

from aimusic.composer.checkpoint import Card
from aimusic.composer.vocabulary import VERSION
from aimusic.errors import InvalidData
from aimusic.music.harmony import SCALES, Chord, Key
from aimusic.music.score import Note
from aimusic.training.analysis import (
    TEMPLATE_QUALITIES,
    find_key,
    find_references,
    labelled_references,
    phrase_starts,
    read_chords,
)
from aimusic.training.cards import provenance, render_card, split_hash
from aimusic.training.datasets import DataSet, catalog_file, read_manifest
from aimusic.training.download import download
from aimusic.training.duplicates import GRAM_NOTES, KnownGrams, melody_grams
from aimusic.training.grooves import Unit, distances, medoids, mine, timing_habits, to_json
from aimusic.training.prepare import MAX_OVERLAP, SPLITS, Account, hashed_split, prepare
from aimusic.training.readers.drums import DrumBar, Stroke, drum_bars
from aimusic.training.report import CELLS, report_text, style_table
from tests.songs import toy_song
from tests.training_data import json_lines, lead_sheet, melody, midi, tar, write_data

BAR = 48


def generator(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


# Analysis


@pytest.mark.parametrize("tonic", range(12))
@pytest.mark.parametrize(("mode", "scale"), [("major", "major"), ("minor", "harmonic_minor")])
def test_a_scale_up_and_down_shows_its_key_in_all_24(tonic, mode, scale):
    """From tonic to tonic and back; the tonic is struck three times and the fifth held."""
    up = [*SCALES[scale], 12]
    pitches = [*up, *reversed(up[:-1]), 7, 0]
    weights = np.bincount([(tonic + pitch) % 12 for pitch in pitches], minlength=12).astype(float)
    assert find_key(weights, ()) == Key(tonic, mode)


@pytest.mark.parametrize("tonic", [0, 5, 11])
def test_a_key_moves_with_its_notes(tonic):
    weights = generator(1).random(12)
    found, moved = find_key(weights, ()), find_key(np.roll(weights, tonic), ())
    assert moved == Key((found.tonic + tonic) % 12, found.mode)


@pytest.mark.parametrize("quality", [quality for quality in TEMPLATE_QUALITIES if quality != "sus"])
@pytest.mark.parametrize("root", range(0, 12, 5))
def test_an_arpeggio_over_its_root_is_one_chord_of_tones_that_sound(quality, root):
    """Tones in eighths, one after another. A triad is read exactly; a seventh chord may be read as its triad."""
    chord = Chord(root, quality)
    tones = chord.pitch_classes
    notes = [(6 * k, 6, 60 + tones[k % len(tones)]) for k in range(4 * BAR // 6)]
    notes += [(BAR * bar, BAR, 36 + root) for bar in range(4)]
    (found,) = read_chords(np.array(notes), 4, BAR, 24)
    assert (found.onset_ticks, found.end_ticks, found.chord.root) == (0, 4 * BAR, root)
    assert set(found.chord.pitch_classes) <= set(tones)
    assert len(tones) > 3 or found.chord == chord


def tune(form: str, bars_each: int, seed: int = 3) -> list[tuple[int, int]]:
    """Four random notes a bar, the same for every section of one letter."""
    sections = {letter: generator(seed + ord(letter)).integers(55, 80, (bars_each, 4)) for letter in set(form)}
    lines = np.concatenate([sections[letter] for letter in form])
    return [
        (BAR * bar + 12 * beat, int(pitch)) for bar, line in enumerate(lines) for beat, pitch in enumerate(line)
    ]


@pytest.mark.parametrize("bars_each", [2, 4, 8])
@pytest.mark.parametrize("form", ["ABAB", "AABA", "ABAC", "ABCA"])
def test_a_section_that_returns_refers_to_bars_with_its_own_notes(form, bars_each):
    events = tune(form, bars_each)
    found = find_references(events, len(form) * bars_each, BAR)
    bars = [[pitch for tick, pitch in events if tick // BAR == bar] for bar in range(len(found))]
    for place, letter in enumerate(form):
        returns = letter in form[:place]
        for bar in range(place * bars_each, (place + 1) * bars_each):
            assert not returns or bars[found[bar]] == bars[bar]
            assert returns or bars_each < 8 or found[bar] is None  # no long section passes for a repeat


@pytest.mark.parametrize("form", ["ABAB", "ABCA", "ABCABC"])
def test_labels_and_notes_tell_the_same_form(form):
    labels = tuple((4 * place, letter) for place, letter in enumerate(form))
    assert labelled_references(labels, 4 * len(form)) == find_references(tune(form, 4), 4 * len(form), BAR)


@pytest.mark.parametrize("seed", range(6))
def test_phrases_ascend_from_bar_zero_and_none_is_longer_than_five_bars(seed):
    rng = generator(seed)
    references = tuple(int(rng.integers(bar)) if bar and rng.random() < 0.5 else None for bar in range(20))
    starts = phrase_starts(references, ())
    assert starts[0] == 0 and list(starts) == sorted(set(starts)) and starts[-1] < 20
    assert max(np.diff([*starts, 20])) <= 5


# Duplicates


def song_of(pitches, steps, **changes):
    onsets = np.cumsum([0, *steps])
    notes = tuple(Note(int(onset), int(pitch), 6) for onset, pitch in zip(onsets, pitches, strict=True))
    return replace(toy_song(), melody=notes, **changes)


@pytest.fixture
def walk():
    """Pitches of sixty notes and the ticks between them."""
    return generator(5).integers(50, 80, 60), generator(6).choice([6, 12, 18], 59)


def overlap(one, other) -> float:
    known = KnownGrams()
    known.add(melody_grams(one))
    return known.overlap(melody_grams(other))


def test_a_gram_is_twelve_notes(walk):
    pitches, steps = walk
    for count in (1, GRAM_NOTES - 1, GRAM_NOTES, GRAM_NOTES + 5):
        grams = melody_grams(song_of(pitches[:count], steps[: count - 1]))
        assert len(grams) == max(0, count - GRAM_NOTES + 1) and grams.dtype == np.uint64


def test_a_tune_in_another_key_and_at_another_bar_is_known(walk):
    pitches, steps = walk
    later = song_of(pitches + 7, steps)
    later = replace(later, melody=tuple(replace(n, onset_ticks=n.onset_ticks + 96) for n in later.melody))
    assert overlap(song_of(pitches, steps), later) == 1.0


def test_one_changed_note_spoils_twelve_grams_and_no_more(walk):
    pitches, steps = walk
    changed = pitches.copy()
    changed[30] += 1
    shared = np.intersect1d(*(melody_grams(song_of(p, steps)) for p in (pitches, changed)))
    assert len(shared) == 60 - GRAM_NOTES + 1 - GRAM_NOTES
    assert overlap(song_of(pitches, steps), song_of(changed, steps)) > MAX_OVERLAP


def test_the_same_pitches_in_another_rhythm_are_another_tune(walk):
    pitches, steps = walk
    assert overlap(song_of(pitches, steps), song_of(pitches, 2 * steps)) == 0.0


def test_overlap_counts_one_earlier_song_not_their_sum(walk):
    pitches, steps = walk
    known = KnownGrams()
    for part in (slice(0, 30), slice(30, 60)):
        known.add(melody_grams(song_of(pitches[part], steps[part][:29])))
    found = known.overlap(melody_grams(song_of(pitches, steps)))
    assert found == pytest.approx((30 - GRAM_NOTES + 1) / (60 - GRAM_NOTES + 1))
    assert known.songs == 2


def test_a_near_duplicate_is_dropped_and_versions_of_a_title_share_a_split(tmp_path):
    """The second sheet is the first a fifth higher; the third is other music of the same name."""
    moved = [[onset, length, pitch + 7] for onset, length, pitch in melody(16, seed=1)]
    sheets = [
        lead_sheet("first", seed=1, title="My Tune"),
        lead_sheet("copy", seed=1, title="Other Name", key="G major", melody=moved, chords=[[0.0, "G"]]),
        lead_sheet("version", seed=2, title="my tune!"),
    ]
    folder = write_data(tmp_path, {"openewld": {"openewld-leadsheets.jsonl.gz": json_lines(sheets)}})
    songs, accounts = prepare(folder)
    assert accounts["openewld"].reasons == {"near duplicate of an earlier song": 1}
    assert [song.id for song in songs] == ["openewld/first", "openewld/version"]
    assert len({song.split for song in songs}) == 1


# Splits and licences


@pytest.mark.parametrize(
    ("group", "split"),
    [("autumn", "train"), ("bodyandsoul", "train"), ("air", "test"), ("x2", "test"), ("x5", "validation")],
)
def test_a_split_depends_on_the_name_of_its_group_for_ever(group, split):
    """A corpus of tomorrow holds out the songs that the shipped weights never saw."""
    assert hashed_split(group) == split


def test_a_corpus_without_share_alike_holds_none_even_where_one_set_mixes_licences(tmp_path):
    files = {f"midi/{name}.mid": midi({"Voice": melody(10, 72, seed)}) for seed, name in enumerate("abc")}
    index = "file,licence\na.mid,CC-BY-SA-4.0\nb.mid,CC0-1.0\nc.mid,CC-BY-NC-SA-3.0\n"
    common = {"dataset": "mutopia", "title": "Air", "styles": "classical", "split": "train"}
    sets = {"mutopia": {"mutopia-midi.tar.gz": tar(files), "index.csv": index.encode()}}
    folder = write_data(tmp_path, sets, [{**common, "file": name} for name in files])
    every, _ = prepare(folder)
    free, accounts = prepare(folder, share_alike=False)
    assert [song.share_alike for song in every] == [True, False, True]
    assert [song.licence for song in free] == ["CC0-1.0"]
    assert accounts["mutopia"] == Account(3, 1, {"share-alike licence": 2})


def test_the_hash_of_a_split_ignores_order_and_sees_every_move():
    songs = [toy_song(number) for number in range(4)]
    moved = [replace(songs[0], split="test"), *songs[1:]]
    assert split_hash(songs) == split_hash(songs[::-1])
    assert len({split_hash(songs), split_hash(moved), split_hash(songs[1:])}) == 3


# Manifests and downloads


def entry(**changes) -> dict:
    fields = {"id": "tunes", "title": "T", "licence": "CC0-1.0", "share_alike": False, "tier": "core"}
    return {**fields, "styles": [], "attribution": "", "files": [], **changes}


@pytest.mark.parametrize("changes", [{"files": 3}, {"files": ["a"]}, {"files": [{"path": "a"}]}, {"styles": None}])
def test_a_mistyped_field_is_an_error_that_names_the_data_set(changes):
    text = json.dumps({"datasets": [entry(**changes)]})
    with pytest.raises(InvalidData, match=r"tunes: .* is missing or mistyped"):
        read_manifest(text, "")


@pytest.mark.parametrize("catalog", [None, 3, {}, {"path": "c.gz", "bytes": 3}])
def test_a_mistyped_catalog_is_named(catalog):
    with pytest.raises(InvalidData, match="the catalog is missing or mistyped"):
        catalog_file(json.dumps({"catalog": catalog}))


@pytest.mark.parametrize("path", ["/tmp/stolen", "../stolen", "tunes/../../stolen", "tunes//a", "C:\\stolen"])
@pytest.mark.parametrize("place", ["catalog", "file"])
def test_an_unsafe_path_stops_the_download_before_anything_is_written(tmp_path, path, place):
    source = write_data(tmp_path / "source", {"tunes": {"a.txt": b"hello"}})
    manifest = json.loads((source / "manifest.json").read_text())
    (manifest["catalog"] if place == "catalog" else manifest["datasets"][0]["files"][0])["path"] = path
    (source / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(InvalidData, match="not a path inside the data directory"):
        download(str(source), tmp_path / "to")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["source"]


def test_a_download_replaces_a_link_and_never_writes_through_it(tmp_path):
    source = write_data(tmp_path / "source", {"tunes": {"a.txt": b"hello"}})
    outside, link = tmp_path / "outside", tmp_path / "to" / "tunes" / "a.txt"
    outside.write_bytes(b"mine")
    link.parent.mkdir(parents=True)
    link.symlink_to(outside)
    assert not download(str(source), tmp_path / "to").refused
    assert outside.read_bytes() == b"mine"
    assert link.read_bytes() == b"hello" and not link.is_symlink()


# Grooves


def drum_bar(number: int, file: str = "a.mid", *, fill: bool = False, tempo: float = 100.0) -> DrumBar:
    rng = generator(number + 100 * len(file))
    strokes = {(0, "kick"), (24, "kick"), (12, "snare"), (36, "snare")}
    strokes |= {(int(tick), "closed_hat") for tick in rng.choice(range(0, 48, 3), 6, replace=False)}
    if fill:
        strokes |= {(tick, "low_tom") for tick in range(24, 48, 3)}
    played = [
        Stroke(tick, drum, int(rng.integers(50, 120)), float(rng.integers(-9, 9)))
        for tick, drum in sorted(strokes)
    ]
    return DrumBar(file, number, "plain", tempo, "train", fill, 0.5, tuple(played))


def test_a_link_among_the_recordings_is_not_followed(tmp_path):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        info = tarfile.TarInfo("a.mid")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(info)
    index = b"style,bpm,beat_type,time_signature,midi_filename,split\nrock,120,beat,4-4,a.mid,train\n"
    folder = write_data(tmp_path, {"groove": {"groove-midi.tar.gz": stream.getvalue(), "info.csv": index}})
    assert list(drum_bars(folder)) == []


DRUMS = DataSet("groove", "Drums", "CC-BY-4.0", False, "core", (), "Drummers", ())


def test_mining_does_not_depend_on_the_order_of_the_bars():
    bars = [drum_bar(n, file, tempo=tempo) for file, tempo in (("a.mid", 80), ("bb.mid", 130)) for n in range(12)]
    bars += [drum_bar(n, "fills.mid", fill=True) for n in range(4)]
    found = to_json(mine(bars, False, (), DRUMS))
    for seed in range(3):
        shuffled = random.Random(seed).sample(bars, len(bars))
        assert to_json(mine(shuffled, False, (), DRUMS)) == found


def test_mined_takes_are_bars_that_were_played():
    bars = [drum_bar(n) for n in range(20)] + [drum_bar(n, "fills.mid", fill=True) for n in range(4)]
    played = {(bar.file, bar.number): bar for bar in bars}
    grooves = mine(bars, False, (), DRUMS)
    assert (grooves.bars, grooves.files, grooves.licence) == (24, 2, "CC-BY-4.0")
    assert {family.fill for family in grooves.families} == {True, False}
    for family in grooves.families:
        for take in family.takes:
            strokes = {(drum, s[0], s[1]) for drum, rows in take.strokes.items() for s in rows}
            for step in range(take.bars):
                bar = played[take.file, take.bar + step]
                assert {(s.drum, s.tick + BAR * step, s.velocity) for s in bar.strokes} <= strokes


def test_distance_between_bars_is_a_distance():
    table = distances([Unit((drum_bar(n),)) for n in range(8)])
    assert np.allclose(np.diag(table), 0) and np.allclose(table, table.T)
    assert ((table >= -1e-6) & (table <= 1)).all()
    assert (table[:, :, None] <= table[:, None, :] + table.T[None, :, :] + 1e-5).all()  # over any third bar


def test_more_medoids_never_fit_worse():
    table = distances([Unit((drum_bar(n),)) for n in range(10)])
    costs = [table[medoids(table, count)].min(0).sum() for count in range(1, 11)]
    assert costs == sorted(costs, reverse=True) and costs[-1] == pytest.approx(0, abs=1e-6)
    assert len(set(medoids(table, 20))) == 10


def test_habits_are_measured_against_the_familys_own_beat():
    """A drummer who is late as a whole has the same habits as one who is not."""
    unit = Unit((drum_bar(1),))
    late = Unit(
        tuple(
            replace(bar, strokes=tuple(replace(s, shift_ms=s.shift_ms + 7) for s in bar.strokes))
            for bar in unit.bars
        )
    )
    assert timing_habits([unit]) == timing_habits([late])


# Report and card


def test_the_tables_of_the_report_add_up():
    songs = [
        toy_song(n, styles=styles, split=SPLITS[n % 3])
        for n, styles in enumerate([("a",), ("a", "b"), ("b",)] * 3)
    ]
    songs.append(replace(toy_song(9, styles=("a",)), melody=()))
    table = style_table(songs)
    for style, splits in table.items():
        own = [song for song in songs if style in song.styles]
        sums = {cell: sum(splits[split][cell] for split in SPLITS) for cell in CELLS}
        assert sums["songs"] == len(own)
        assert sums["melodies"] == sum(bool(song.melody) for song in own)
        assert sums["notes"] == sum(len(song.melody) for song in own)
        assert sums["chords"] == sum(len(song.chords) for song in own)
    text = report_text({"set": Account(5, 3, {"no melody": 2})}, table)
    assert "2 no melody" in text and len(text.splitlines()) == 2 + 2 + 3 * len(table)


def test_a_card_lists_every_licence_that_the_songs_of_a_set_came_under():
    songs = [
        replace(toy_song(1), dataset="mixed", licence="CC0-1.0"),
        replace(toy_song(2), dataset="mixed", licence="CC-BY-SA-4.0", share_alike=True),
        replace(toy_song(3), dataset="plain", licence="CC-BY-4.0"),
    ]
    data_sets = [
        replace(DRUMS, id=name, title=name.title(), attribution=f"By {name}")
        for name in ("mixed", "plain", "unused")
    ]
    entries = provenance(songs, data_sets)
    assert [(e["id"], e["licence"], e["share_alike"]) for e in entries] == [
        ("mixed", "CC-BY-SA-4.0; CC0-1.0", True),
        ("plain", "CC-BY-4.0", False),
    ]
    size = {"layers": 1, "hidden": 8, "embedding": 8, "head": 8}
    recipe = {"seconds": 1, "steps": 1, "seed": 1, "split": "0" * 64}
    card = Card("melody", "plain", ("plain",), size, VERSION, entries, recipe=recipe)
    text = render_card("plain", {"melody": card})
    assert "| Mixed | CC-BY-SA-4.0; CC0-1.0 | yes | 2 |" in text and "| Plain | CC-BY-4.0 | no | 1 |" in text
    assert "- By mixed" in text and "- By plain" in text and "unused" not in text.lower()
