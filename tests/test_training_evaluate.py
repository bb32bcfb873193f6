"""Measurements of networks and of sampled music are what their names say."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from aimusic.cli import main
from aimusic.composer.checkpoint import Card, Checkpoint
from aimusic.composer.compose import Composer
from aimusic.composer.model import NETWORKS, Size
from aimusic.composer.ngram import NGram
from aimusic.music.score import Note
from aimusic.training import sampled
from aimusic.training.baselines import Baseline
from aimusic.training.batches import chart_of, lessons_of
from aimusic.training.cards import provenance, render_card, split_hash
from aimusic.training.corpus import save_corpus
from aimusic.training.evaluate import (
    best_share,
    likelihoods,
    mixture_bits,
    network_bits,
    network_of,
    render_page,
    write_report,
)
from aimusic.training.sampled import Piece, compare_sampled, real_piece
from aimusic.training.statistics import style_statistics
from tests.factories import STYLES
from tests.songs import toy_song

SIZE = Size(embedding=12, hidden=16, head=12)
NAMES = ("folk",)
SONGS = [toy_song(number) for number in range(8)]


def checkpoint_of(part):
    torch.manual_seed(1)
    weights = {name: value.numpy() for name, value in NETWORKS[part](SIZE).state_dict().items()}
    trigram = NGram(1, 1) if part == "chords" else None
    return Checkpoint(Card(part, "folk", NAMES, asdict(SIZE), trigram_weight=0.3), weights, trigram)


def test_a_unigram_knows_only_how_often():
    """Four equally frequent chords cost about two bits each, plus a little for what was never seen."""
    lessons = lessons_of(SONGS, "chords", NAMES)
    assert 2.0 < Baseline.learn("chords", lessons).bits(lessons, order=1)[0] < 2.5


def test_a_trigram_learns_a_fixed_progression():
    lessons = lessons_of(SONGS, "chords", NAMES)
    assert Baseline.learn("chords", lessons).bits(lessons)[0] < 0.5


def test_the_mixture_ends_at_its_parts():
    """Share 0 is the network, share 1 the trigram."""
    lessons = lessons_of(SONGS, "chords", NAMES)
    network, baseline = network_of(checkpoint_of("chords")), Baseline.learn("chords", lessons)
    mixed = mixture_bits(network, baseline.heads[0], lessons, NAMES, "folk")
    assert mixed[0.0] == pytest.approx(network_bits(network, "chords", lessons, NAMES, "folk")[0], abs=1e-4)
    assert mixed[1.0] == pytest.approx(baseline.bits(lessons)[0], abs=1e-6)


def test_the_best_share_has_the_fewest_bits():
    assert best_share({0.0: 3.0, 0.2: 2.5, 0.3: 2.5, 1.0: 4.0}) == 0.2


@pytest.mark.parametrize("part", NETWORKS)
def test_a_row_of_the_table_is_complete(part):
    lessons = lessons_of(SONGS, part, NAMES)
    row = likelihoods(checkpoint_of(part), Baseline.learn(part, lessons), lessons)
    assert row["events"] == sum(len(lesson.targets) for lesson in lessons)
    assert row["gain"] == pytest.approx(1 - row["plays"] / row["trigram"])
    assert sum(row["heads"]) == pytest.approx(row["network"])


def piece(pitches, steps, lengths=12):
    onsets = np.cumsum([0, *steps])
    notes = tuple(Note(int(o), p, lengths) for o, p in zip(onsets, pitches, strict=True))
    return Piece(chart_of(SONGS[0], ""), notes)


def test_shares_of_intervals():
    tune = piece([60, 62, 62, 72, 71], [12] * 4)
    assert sampled.step_share(tune) == 0.5
    assert sampled.repeated_pitches(tune) == 0.25
    assert sampled.leap_share(tune) == 0.25


def test_chord_tones_on_strong_beats():
    """C major for four quarters: C and G are chord tones, the third quarter has a D."""
    assert sampled.strong_chord_tones(piece([60, 62, 62, 67], [12] * 3)) == 0.5


def test_repeated_bars_and_rhythms():
    tune = piece([60, 62, 64, 65, 60, 62, 64, 65, 70, 71, 72, 73], [12] * 11)
    assert sampled.repeated_rhythms(tune) == pytest.approx(2 / 3)
    assert sampled.repeated_bars(tune) == pytest.approx(1 / 3)


def test_a_transposed_copy_is_memorised():
    pitches = [60, 62, 64, 65, 67, 65, 64, 62, 60, 59, 57, 59, 60]
    known = sampled.grams(piece(pitches, [6] * 12), 12)
    assert sampled.memorised([piece([p + 5 for p in pitches], [6] * 12)], known, 12) == 1.0
    assert sampled.memorised([piece(pitches, [7] * 12)], known, 12) == 0.0


def test_equal_pieces_overlap_and_others_do_not():
    one, other = piece([60, 62, 64], [12, 12]), piece([61, 63, 65], [12, 12])
    assert sampled.diversity([one, one]) == 1.0 and sampled.diversity([one, other]) == 0.0


def test_histograms_are_shares():
    assert all(share.sum() == pytest.approx(1) for share in sampled.histograms([real_piece(SONGS[0])]).values())


def test_sampled_music_is_compared_with_real_music():
    name = next(iter(STYLES))
    songs = [replace(toy_song(n, styles=(name,)), split=s) for n, s in enumerate(["train"] * 3 + ["test"] * 2)]
    table = compare_sampled(Composer(), STYLES[name], songs, 2)
    assert table["ends_on_tonic_chord"][0] == 1.0
    assert all(0 <= table[f"overlap_{x}"][0] <= 1 for x in ("pitch_classes", "steps", "intervals"))
    assert table["outside"][0] == 0.0


def test_the_statistics_of_a_style_hold_ranges_and_rising_densities():
    found = style_statistics(SONGS)
    assert len(found["density"]) == 5 and list(found["density"]) == sorted(found["density"])
    assert all(values[0] <= values[1] for values in found.values())


def report():
    row = likelihoods(*_row_parts())
    table = {"step_share": (0.5, 0.6), "ends_on_tonic_chord": (1.0, None)}
    return {"folk": {"melody": row, "chords": row, "sampled": table}}


def _row_parts():
    lessons = lessons_of(SONGS, "melody", NAMES)
    return checkpoint_of("melody"), Baseline.learn("melody", lessons), lessons


def test_the_report_is_written_as_json_and_as_a_page(tmp_path):
    made = report()
    write_report(made, tmp_path / "r.json", tmp_path / "r.md")
    assert json.loads((tmp_path / "r.json").read_text())["folk"]["melody"]["songs"] == len(SONGS)
    assert (tmp_path / "r.md").read_text() == render_page(made)
    assert "| step share | 0.50 / 0.60 |" in render_page(made)
    assert "| ends on tonic chord | 1.00 / - |" in render_page(made)


def test_a_card_names_data_licences_and_scores():
    checkpoint, baseline, lessons = _row_parts()
    recipe = {"steps": 10, "seconds": 2.0, "seed": 1, "split": split_hash(SONGS)}
    card = replace(
        checkpoint.card,
        datasets=provenance(SONGS, ()),
        scores=likelihoods(checkpoint, baseline, lessons),
        recipe=recipe,
    )
    text = render_card("folk", {"melody": card})
    assert "| toy | CC0-1.0 | no | 8 |" in text
    assert "the network alone" in text and split_hash(SONGS)[:16] in text


def test_a_card_names_whose_drumming_a_style_plays():
    played = next(style.human_grooves for style in STYLES.values() if style.human_grooves)
    text = render_card("folk", {}, played)
    takes = sum(len(family.takes) for family in played.families)
    assert f"{takes} takes in {len(played.families)} families" in text
    assert played.licence in text and played.attribution in text
    assert "## Drums" not in render_card("folk", {})


def test_the_split_hash_knows_the_split():
    moved = [replace(SONGS[0], split="test"), *SONGS[1:]]
    assert split_hash(SONGS) == split_hash(SONGS[::-1]) != split_hash(moved)


def _corpus_of(splits):
    """Two toy songs of every style in each split."""
    return [
        replace(toy_song(10 * n + k, styles=(name,)), split=split)
        for n, name in enumerate(STYLES)
        for k, split in enumerate(splits)
    ]


@pytest.mark.slow
def test_the_command_writes_the_report_of_every_style(tmp_path):
    save_corpus(_corpus_of(["train", "train", "test", "test"]), tmp_path / "c.jsonl.gz")
    files = ["--json", str(tmp_path / "r.json"), "--page", str(tmp_path / "r.md")]
    result = CliRunner().invoke(
        main, ["evaluate", "--corpus", str(tmp_path / "c.jsonl.gz"), "--pieces", "2", *files]
    )
    assert result.exit_code == 0, result.output
    assert list(json.loads((tmp_path / "r.json").read_text())) == list(STYLES)


def test_a_corpus_without_test_songs_is_refused(tmp_path):
    save_corpus(_corpus_of(["train"]), tmp_path / "c.jsonl.gz")
    result = CliRunner().invoke(main, ["evaluate", "--corpus", str(tmp_path / "c.jsonl.gz")])
    assert result.exit_code != 0 and next(iter(STYLES)) in result.output
