"""The card of a style's weights: what they learned from, under which licences, and how good they are."""

import hashlib
from collections.abc import Mapping, Sequence

from aimusic.composer.checkpoint import Card
from aimusic.music.grooves import HumanGrooves
from aimusic.training.corpus import Song
from aimusic.training.datasets import DataSet


def provenance(songs: Sequence[Song], data_sets: Sequence[DataSet]) -> tuple[dict, ...]:
    """For each data set of the songs: id, title, licence, attribution, share-alike, songs and notes."""
    known = {data_set.id: data_set for data_set in data_sets}
    entries = []
    for name in sorted({song.dataset for song in songs}):
        own = [song for song in songs if song.dataset == name]
        entries.append(
            {
                "id": name,
                "title": known[name].title if name in known else name,
                "licence": "; ".join(sorted({song.licence for song in own})),
                "share_alike": any(song.share_alike for song in own),
                "attribution": known[name].attribution if name in known else "",
                "songs": len(own),
                "notes": sum(len(song.melody) for song in own),
                "chords": sum(len(song.chords) for song in own),
            }
        )
    return tuple(entries)


def split_hash(songs: Sequence[Song]) -> str:
    """SHA-256 over the ids and splits of the songs: two trainings on one split have one hash."""
    lines = sorted(f"{song.id}\t{song.split}" for song in songs)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def render_card(style: str, cards: Mapping[str, Card], grooves: HumanGrooves | None = None) -> str:
    """`card.md` of a style folder, from the cards of its parts and from whose drumming it plays."""
    lines = [f"# Weights of {style}", ""]
    lines += ["Written by training; how it works is in docs/training.md.", ""]
    for part, card in cards.items():
        lines += [f"## {part.capitalize()}", "", *_part(card), ""]
    if grooves:
        lines += ["## Drums", "", *_drums(grooves), ""]
    lines += ["## Data", "", "Training songs of all styles (the backbone learns from all of them).", ""]
    lines += ["| data set | licence | share-alike | songs | notes | chords |", "|---|---|---|---|---|---|"]
    entries = {entry["id"]: entry for card in cards.values() for entry in card.datasets}
    for entry in entries.values():
        share_alike = "yes" if entry["share_alike"] else "no"
        lines.append(
            f"| {entry['title']} | {entry['licence']} | {share_alike} | {entry['songs']} | {entry['notes']} "
            f"| {entry['chords']} |"
        )
    lines += ["", "Attribution:", ""]
    lines += [f"- {entry['attribution']}" for entry in entries.values() if entry["attribution"]]
    return "\n".join(lines) + "\n"


def _drums(grooves: HumanGrooves) -> list[str]:
    takes = [take for family in grooves.families for take in family.takes]
    return [
        f"- `grooves.json`: {len(takes)} takes in {len(grooves.families)} families, found among {grooves.bars} "
        f"bars of {grooves.files} recordings of the training split, adapted.",
        "- Each take names its recording and bar.",
        f"- From: {grooves.data_set}, {grooves.licence}.",
        f"- Attribution: {grooves.attribution}",
    ]


def _part(card: Card) -> list[str]:
    """What a part's network is, how it was trained, and which of network, trigram and mixture plays."""
    size, recipe, scores = card.size, card.recipe, card.scores
    lines = [
        f"- Network: recurrent, {size['layers']} layers of {size['hidden']}, rows of {size['embedding']}, "
        f"heads of {size['head']}; vocabulary {card.vocabulary}.",
        f"- Training: {recipe['seconds']:.0f} s for the backbone and this style together, "
        f"{recipe['steps']} steps, seed {recipe['seed']}; split {recipe['split'][:16]}.",
    ]
    if scores:
        lines += [
            f"- On {scores['songs']} test songs ({scores['events']} events), bits per event: unigram "
            f"{scores['unigram']:.2f}, trigram {scores['trigram']:.2f}, network {scores['network']:.2f}, "
            f"without being told the form {scores['network_without_references']:.2f}.",
            f"- Plays: {_player(card)}, {scores['plays']:.2f} bits per event, {scores['gain']:.0%} below the "
            "trigram.",
        ]
    return lines


def _player(card: Card) -> str:
    if card.part == "melody" or card.trigram_weight == 0:
        return "the network alone"
    if card.trigram_weight == 1:
        return "the trigram alone"
    return f"the log-linear mixture with {card.trigram_weight:.0%} of the trigram"
