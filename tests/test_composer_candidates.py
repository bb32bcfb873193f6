"""The shipped weights and what chooses among their candidates: damage is refused, rules leave a way on."""

import hashlib
import json
import shutil

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.numpy import save_file

from aimusic.composer import rules
from aimusic.composer.checkpoint import MANIFEST, PARTS, Card, file_of, load_checkpoint
from aimusic.composer.critic import measure, objections
from aimusic.composer.inference import ChordStep, MelodyStep
from aimusic.composer.rules import Moment, palette_of
from aimusic.composer.sampling import DECIMALS, draw
from aimusic.composer.vocabulary import (
    CHORD_LENGTHS,
    CHORDS,
    DURATIONS,
    MAX_STEP,
    PITCHES,
    VERSION,
    ChordEvent,
    NoteEvent,
    chord_of,
    decode_chords,
    decode_melody,
    encode_chords,
    encode_melody,
)
from aimusic.errors import InvalidCheckpoint
from aimusic.music.chance import stream
from aimusic.training.batches import chart_of, lessons_of
from aimusic.training.evaluate import network_of
from tests.factories import STYLES
from tests.songs import toy_song

every_style = pytest.mark.parametrize("style", STYLES)
every_part = pytest.mark.parametrize("part", PARTS)


# Damage to the shipped files


def truncated(path):
    path.write_bytes(path.read_bytes()[:-1000])


def flipped(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def rewritten(path, *, without: str = "", **fields):
    """The same file without an array, or with other fields of its card."""
    with safe_open(path, framework="numpy") as file:
        arrays = {name: file.get_tensor(name) for name in list(file.keys()) if name != without}
        card = json.loads(file.metadata()["aimusic"]) | fields
    save_file(arrays, path, {"aimusic": json.dumps(card)})


def vouch_for(path):
    """Write the sum of the file as it now is into the manifest."""
    manifest = path.with_name(MANIFEST)
    sums = json.loads(manifest.read_text()) | {path.name: hashlib.sha256(path.read_bytes()).hexdigest()}
    manifest.write_text(json.dumps(sums))


@pytest.fixture
def copied(tmp_path, style):
    """A copy of a style's weights that a test may spoil."""
    for name in (MANIFEST, *(file_of(tmp_path, part).name for part in PARTS)):
        shutil.copy(STYLES[style].folder / name, tmp_path / name)
    return tmp_path


def refused(folder, part, match):
    with pytest.raises(InvalidCheckpoint, match=match) as caught:
        load_checkpoint(folder, part)
    assert str(file_of(folder, part)) in str(caught.value)


@every_style
@every_part
@pytest.mark.parametrize("spoil", [truncated, flipped])
def test_a_shipped_file_that_was_cut_or_flipped_is_damaged(copied, part, spoil):
    spoil(file_of(copied, part))
    refused(copied, part, "is damaged: its SHA-256")
    other = PARTS[1 - PARTS.index(part)]
    assert load_checkpoint(copied, other).card.part == other  # the sound file beside it still loads


@every_style
def test_a_cut_file_is_no_checkpoint_even_where_the_manifest_vouches_for_it(copied):
    path = file_of(copied, "melody")
    truncated(path)
    vouch_for(path)
    refused(copied, "melody", "not a checkpoint of this program")


@every_style
@every_part
@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"without": "gru.weight_hh_l1"}, "gru.weight_hh_l1"),
        ({"vocabulary": VERSION + 1}, f"of vocabulary {VERSION + 1}, wanted .* of {VERSION}; train again"),
    ],
    ids=["missing tensor", "other vocabulary"],
)
def test_a_shipped_file_that_does_not_fit_this_program_is_refused(copied, part, changes, match):
    path = file_of(copied, part)
    rewritten(path, **changes)
    vouch_for(path)
    refused(copied, part, match)


@pytest.mark.parametrize("style", list(STYLES)[:1])
@pytest.mark.parametrize("length", [0, 1, 2])
def test_a_trigram_that_lost_a_table_is_refused(copied, length):
    path = file_of(copied, "chords")
    rewritten(path, without=f"trigram.context{length}")
    vouch_for(path)
    refused(copied, "chords", f"trigram.context{length}")


@pytest.mark.parametrize("style", list(STYLES)[:1])
@pytest.mark.parametrize("size", [{}, {"embedding": 128, "hidden": "wide", "head": 160, "layers": 2}])
def test_a_card_without_the_widths_of_its_network_is_refused(copied, size):
    path = file_of(copied, "melody")
    rewritten(path, size=size)
    vouch_for(path)
    refused(copied, "melody", "not a checkpoint of this program")


@pytest.mark.parametrize("style", list(STYLES)[:1])
@pytest.mark.parametrize("text", ["[]", "3", "{", '"melody"'])
def test_a_manifest_that_is_no_table_of_sums_is_refused(copied, text):
    (copied / MANIFEST).write_text(text)
    with pytest.raises(InvalidCheckpoint, match=rf"{MANIFEST}: missing or damaged"):
        load_checkpoint(copied, "melody")


@every_style
def test_a_file_under_the_other_parts_name_is_refused(copied):
    shutil.copy(file_of(copied, "chords"), file_of(copied, "melody"))
    vouch_for(file_of(copied, "melody"))
    refused(copied, "melody", "holds 'chords' of vocabulary")


# Networks and trigrams as shipped


@every_style
@every_part
def test_the_step_in_numpy_equals_the_module_with_shipped_weights(style, part):
    checkpoint = load_checkpoint(STYLES[style].folder, part)
    lessons = lessons_of([toy_song(n) for n in (1, 2)], part, checkpoint.card.styles)
    length = min(12, *map(len, lessons))
    rows = [
        np.stack([lesson.inputs[k][:length] for lesson in lessons]).astype(np.int64)
        for k in range(len(lessons[0].inputs))
    ]
    with torch.no_grad():
        expected = [head.numpy() for head in network_of(checkpoint)(*map(torch.from_numpy, rows))]
    step = (MelodyStep if part == "melody" else ChordStep)(checkpoint.weights)
    state = step.start(len(lessons))
    for t in range(length):
        now = [table[:, t] for table in rows]
        state = step.advance(state, now[0])
        if part == "melody":
            pitch, seen = step.pitch(state, *now[:2])
            found = [step.step(state, now[0]), pitch, step.duration(seen, now[2])]
        else:
            found = [step.chord(state, now[0]), step.length(state, now[1])]
        for ours, theirs in zip(found, expected, strict=True):
            assert ours == pytest.approx(theirs[:, t], abs=2e-4)


@every_style
def test_the_shipped_trigram_is_a_distribution_and_falls_back(style):
    gram = load_checkpoint(STYLES[style].folder, "chords").trigram
    for context in ([CHORDS, CHORDS], [CHORDS, 0], [0, chord_of(0).root], [5, 5]):
        p = gram.probabilities(context)
        assert p.min() > 0 and p.sum() == pytest.approx(1)
    seen = {tuple(row[:2]) for row in gram.to_arrays()["context2"].tolist()}
    unseen = next((old, 0) for old in range(CHORDS) if (old, 0) not in seen)
    assert np.array_equal(gram.probabilities(unseen), gram.probabilities([0], order=2))


@every_style
def test_a_card_lists_the_licence_of_every_data_set_that_was_used(style):
    folder = STYLES[style].folder
    lines = (folder / "card.md").read_text(encoding="utf-8").splitlines()
    for part in PARTS:
        card: Card = load_checkpoint(folder, part).card
        assert card.datasets
        for entry in card.datasets:
            (row,) = {line for line in lines if line.startswith(f"| {entry['title']} |")}
            share_alike = "yes" if entry["share_alike"] else "no"
            assert entry["licence"] and row.startswith(
                f"| {entry['title']} | {entry['licence']} | {share_alike} |"
            )
            assert not entry["attribution"] or f"- {entry['attribution']}" in lines
            assert entry["share_alike"] or "-SA" not in entry["licence"]


# Drawing


@settings(max_examples=60)
@given(st.integers(0, 10_000), st.floats(0.1, 1.0), st.floats(0.3, 2.0))
def test_only_the_smallest_set_that_holds_top_p_is_drawn(seed, top_p, temperature):
    rng = stream(seed, "logits")
    logits, mask = rng.normal(0, 2, (1, 12)).round(DECIMALS), rng.random((1, 12)) < 0.7
    mask[0, 0] = True
    p = np.exp(logits[0] / temperature) * mask[0]
    p /= p.sum()
    drawn = draw(
        *(np.repeat(x, 50, 0) for x in (logits, mask)), rng.random(50), temperature=temperature, top_p=top_p
    )
    assert mask[0, drawn].all()
    assert all(p[p > p[k]].sum() < top_p + 1e-9 for k in np.unique(drawn))


def test_a_row_is_drawn_whatever_the_other_rows_are():
    rng = stream(1, "rows")
    logits, u = rng.normal(size=(8, 20)), rng.random(8)
    mask = np.ones_like(logits, bool)
    together = draw(logits, mask, u, temperature=1.0, top_p=0.9)
    alone = [draw(logits[[k]], mask[[k]], u[[k]], temperature=1.0, top_p=0.9)[0] for k in range(8)]
    assert together.tolist() == alone


def test_logits_that_round_alike_draw_alike_and_a_draw_leaves_them_as_they_were():
    rng = stream(2, "rounding")
    logits = rng.normal(size=(200, 20)).round(DECIMALS)
    noisy = logits + rng.uniform(-0.4, 0.4, logits.shape) * 10**-DECIMALS
    before, mask, u = noisy.copy(), np.ones_like(logits, bool), rng.random(200)
    found = [draw(x, mask, u, temperature=0.8, top_p=0.95) for x in (logits, noisy)]
    assert np.array_equal(*found) and np.array_equal(noisy, before)


# Rules


@every_style
def test_no_rule_ever_leaves_a_melody_without_a_pitch(style):
    """Over every chord, after every leap, on and off the beat, there is a pitch, and it is in the palette."""
    rng = stream(4, "moments")
    for mode in STYLES[style].melody.scales:
        palette = palette_of(STYLES[style], mode, 0)
        for index in rng.permutation(CHORDS)[:60]:
            chord = chord_of(int(index))
            last, before = (int(x) for x in rng.integers(palette.low, palette.high + 1, 2))
            ends = frozenset(chord.pitch_classes) if rng.random() < 0.5 else frozenset()
            moment = Moment(chord, float(rng.choice([0.0, 0.5, 1.0])), last, before, ends)
            mask, names = rules.pitch_mask(moment, palette), rules.chord_scale(palette, chord)
            assert mask.any() and not (mask & ~names).any()
            fitted = rules.fit(last, moment, palette, from_chord_tone=bool(index % 2))
            assert names[fitted]
            assert rules.fit(fitted, moment, palette, from_chord_tone=bool(index % 2)) == fitted


@given(st.lists(st.lists(st.booleans(), min_size=5, max_size=5), min_size=1, max_size=5))
def test_agreement_narrows_the_first_rule_and_never_empties_it(masks):
    first, *others = (np.array(mask) for mask in masks)
    found = rules.agree([first, *others])
    assert not (found & ~first).any() and found.any() == first.any()
    kept = first
    for mask in others:  # an earlier rule counts before a later one
        kept = kept & mask if (kept & mask).any() else kept
    assert np.array_equal(found, kept)


@given(st.integers(0, 95), st.integers(1, 120), st.booleans())
def test_a_note_always_has_a_length_that_ends_in_time(onset, room, is_avoid_note):
    lengths = np.flatnonzero(rules.duration_mask(onset, onset + room, is_avoid_note=is_avoid_note)) + 1
    assert len(lengths) and lengths.max() <= min(room, DURATIONS)


@given(st.integers(0, 47), st.integers(0, 60), st.integers(0, 60))
def test_steps_stay_between_their_bounds_on_the_grid(now, earliest, more):
    mask = rules.step_mask(now, np.tile(rules.on_grid(48), 4), earliest=earliest, latest=earliest + more)
    ticks = now + np.flatnonzero(mask)
    assert mask.shape == (MAX_STEP + 1,)
    assert ((ticks >= earliest) & (ticks <= earliest + more) & ((ticks % 3 == 0) | (ticks % 4 == 0))).all()


@every_style
def test_a_leap_goes_no_farther_than_an_octave_and_a_half(style):
    palette = palette_of(STYLES[style], next(iter(STYLES[style].melody.scales)), 0)
    moment = Moment(chord_of(0), 0.0, last=palette.low)
    reached = np.flatnonzero(rules.within_leap(moment))
    assert reached.max() - palette.low <= 2 * rules.WIDE_LEAP
    assert not rules.leapt(moment)


# The critic


def phrase_values(onsets, pitches, durations):
    """Measures of four bars of a toy song's chart."""
    return measure(chart_of(toy_song(1), ""), 0, 4 * 48, onsets, pitches, durations)


@every_style
@pytest.mark.parametrize(
    ("onsets", "pitches", "length", "named"),
    [
        (range(0, 192, 3), [30 + k % 8 for k in range(64)], 3, {"notes"}),
        ([0, 12, 96], [30, 32, 31], 6, {"rests", "notes"}),
        (range(0, 192, 12), [20 + 40 * (k % 2) for k in range(16)], 12, {"leaps", "range", "steps"}),
        (range(0, 192, 12), [36] * 16, 12, {"repeats", "variety", "steps"}),
    ],
    ids=["one long run", "mostly silence", "nothing but leaps", "one pitch"],
)
def test_the_critic_of_every_style_vetoes_what_nobody_sings(style, onsets, pitches, length, named):
    ranges = load_checkpoint(STYLES[style].folder, "melody").card.statistics
    found = set(objections(phrase_values(list(onsets), pitches, [length] * len(pitches)), ranges))
    assert found & named
    assert found <= ranges.keys()


def test_two_notes_are_too_few_to_judge():
    assert phrase_values([0, 12], [30, 31], [12, 12]) == {}


# Every event of the vocabulary


def test_every_single_note_event_comes_back():
    """Each step, each pitch and each duration."""
    events = [NoteEvent(step, 30, 11) for step in range(1, MAX_STEP + 1)]
    events += [NoteEvent(6, pitch, 5) for pitch in range(PITCHES)]
    events += [NoteEvent(MAX_STEP, 0, duration) for duration in range(DURATIONS)]
    assert encode_melody(decode_melody(events)) == events


def test_every_single_chord_event_comes_back():
    for index in range(CHORDS):
        for length in range(CHORD_LENGTHS):
            event = ChordEvent(index, length)
            assert encode_chords(decode_chords([event]), 48) == [event]
