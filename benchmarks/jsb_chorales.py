"""How well the chorale network predicts Bach: nats per (voice, 16th) on the held-out chorales.

    python benchmarks/jsb_chorales.py --data Jsb16thSeparated.json.gz --run runs/chorales
    python benchmarks/jsb_chorales.py --data Jsb16thSeparated.json.gz --run runs/forgetful --no-memory
    python benchmarks/jsb_chorales.py --data Jsb16thSeparated.json.gz --run runs/chorales --evaluate-only

The data are those of https://github.com/czhuang/JSB-Chorales-dataset: 382 chorales in three splits. They are for
measuring only; no weights made from them are shipped. A run that was cut off goes on where it was.
A tune is new if no twelve notes in a row of its soprano stand in a training soprano, in any key.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from aimusic.composer.chorale import ChoraleNet
from aimusic.composer.chorale_features import PITCHES, VOICES, history, written_pitches
from aimusic.composer.ngram import NGram
from aimusic.composer.tunes import TuneMemory
from aimusic.training.chorales import (
    ChoraleRecipe,
    Chorales,
    evaluate,
    load_network,
    load_recipe,
    read_chorales,
    remember,
    train,
)

CONVENTION = """\
Event: one voice in one 16th-note frame, silence and held notes included (the data write a held note as its pitch
again, so "the same as before" is part of the figure). Figure: the mean of -ln P(event) over all events of a split,
each given all earlier frames and, within its frame, the voices above it (order: soprano, alto, tenor, bass). The
first frame counts; the end of a piece is not predicted. No chord, key, fermata or length is given."""
MEMORY = """\
The network is told what followed the same last notes of the soprano in the training split, and earlier in the
piece itself."""
NO_MEMORY = "The network is told nothing of other pieces (--no-memory)."

BEAT = 4  # frames
CONTEXTS = {"repeat the frame, else unigram": 2, "Witten-Bell on the voice alone": 5}


def voice_events(chorale: np.ndarray) -> Iterator[tuple[int, tuple[int, ...], int]]:
    """Each event as (voice, context, pitch).

    The context begins with what a shorter one forgets first: the move that led to the voice's pitch, how long it
    has been held, the place in the beat, and last the pitch.
    """
    pitches = written_pitches(chorale, 0)
    held, moves = history(pitches)
    for frame in range(len(chorale)):
        for voice in range(VOICES):
            last = int(pitches[frame - 1, voice]) if frame else PITCHES
            context = (int(moves[frame, voice]), int(held[frame, voice]), frame % BEAT, last)
            yield voice, context, int(pitches[frame, voice])


def baseline_nats(splits: dict[str, list[np.ndarray]], order: int) -> dict[str, float]:
    """Nats per event of an interpolated n-gram of each voice, learned from the training split."""
    grams = [NGram(PITCHES, order) for _ in range(VOICES)]
    for chorale in splits["train"]:
        for voice, context, pitch in voice_events(chorale):
            grams[voice].learn(context, pitch)
    return {
        name: -float(
            np.mean([np.log(grams[v].probability(c, p)) for piece in pieces for v, c, p in voice_events(piece)])
        )
        for name, pieces in splits.items()
        if name != "train"
    }


def print_network_nats(network: ChoraleNet, splits: dict[str, Chorales]) -> None:
    """The figure of each held-out split, and that of its pieces whose tune no training piece shares."""
    tunes = TuneMemory()
    for chorale in splits["train"]:
        tunes.learn(chorale.voices)
    for name in ("valid", "test"):
        new = [chorale for chorale in splits[name] if not tunes.knows(chorale.voices)]
        for title, chorales in {"network": splits[name], "network, tunes new to it": new}.items():
            if not chorales:
                continue
            by_voice = evaluate(network, chorales)
            events = VOICES * sum(map(len, chorales))
            voices = " ".join(f"{voice} {value:.4f}" for voice, value in zip("SATB", by_voice, strict=True))
            print(f"{title:32} {name:5} {by_voice.mean():.4f}  {len(chorales)} pieces {events} events  {voices}")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    usual = ChoraleRecipe()
    parser.add_argument("--data", type=Path, required=True, help="Jsb16thSeparated.json, plain or gzipped")
    parser.add_argument("--run", type=Path, required=True, help="folder of the run")
    parser.add_argument("--minutes", type=float, default=usual.minutes, help="wall time of training at most")
    parser.add_argument("--seed", type=int, default=usual.seed)
    parser.add_argument("--no-memory", action="store_true", help="look up no other settings of a tune")
    parser.add_argument("--evaluate-only", action="store_true", help="measure the run as it is; do not train")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    recipe = ChoraleRecipe(seed=arguments.seed, memory=not arguments.no_memory, minutes=arguments.minutes)
    if arguments.evaluate_only:
        recipe = load_recipe(arguments.run)
    splits = read_chorales(arguments.data)
    chorales = remember(splits, recipe.memory)
    if not arguments.evaluate_only:
        train(recipe, chorales, arguments.run, lambda line: print(json.dumps(line), flush=True))
    print(CONVENTION)
    print(MEMORY if recipe.memory else NO_MEMORY)
    for title, order in CONTEXTS.items():
        for name, figure in baseline_nats(splits, order).items():
            print(f"{title:32} {name:5} {figure:.4f}", flush=True)
    print_network_nats(load_network(arguments.run), chorales)


if __name__ == "__main__":
    main()
