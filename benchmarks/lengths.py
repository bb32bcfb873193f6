"""Any length at any tempo: exact frames, and drums on the grid in the MIDI file and in the sound.

    python benchmarks/lengths.py --durations 1 2.5 7 30 61.3 300 --tempos 60 97.5 200

For each style it makes every combination, reads the WAV with libsndfile and the MIDI with mido, and prints the
worst case. `MIDI` is how far drum strokes written on a beat stand from it; `sound` how far the strokes of the drum
that marks the beat, rendered alone, are heard from it. Exits with 1 unless all frames are exact and all beats
within 5 ms.
"""

import argparse
import itertools
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

import mido
import numpy as np
import soundfile

from aimusic.composer.compose import Composer
from aimusic.music.request import Request
from aimusic.pipeline import record, save
from aimusic.style import load_styles
from aimusic.synth.instruments import load_instruments
from aimusic.synth.kernels import SAMPLE_RATE
from aimusic.synth.render import render

LIMIT_S = 0.005
LONGEST_HEARD_S = 62.0  # the sound of longer pieces is not searched for onsets


def beats_of(score):
    """The drum strokes written on a beat."""
    drums = next((part for part in score.parts if part.is_drum), None)
    ticks = score.tempo.metre.beat_ticks
    return drums, [note for note in drums.notes if note.onset_ticks % ticks == 0] if drums else []


def worst_in_midi(score, path):
    """Largest distance in seconds from a written beat to its stroke in the MIDI file."""
    _, beats = beats_of(score)
    now, played = 0.0, {}
    for message in mido.MidiFile(path):
        now += message.time
        if message.type == "note_on" and message.channel == 9:
            played.setdefault(message.note, []).append(now)
    grid = [(note.pitch, score.tempo.seconds(note.onset_ticks)) for note in beats]
    return max((np.abs(np.array(played[pitch]) - at).min() for pitch, at in grid), default=0.0)


def worst_in_sound(score):
    """The same for the rendered strokes of the drum that marks the beat, all at one velocity."""
    drums, beats = beats_of(score)
    if not beats or score.duration_s > LONGEST_HEARD_S:
        return 0.0
    timekeeper = Counter(note.pitch for note in beats).most_common(1)[0][0]
    strokes = [replace(note, velocity=100) for note in beats if note.pitch == timekeeper][::2]
    alone = replace(score, parts=(replace(drums, notes=tuple(strokes)),))
    (track,) = render(alone, load_instruments())
    end = round(score.duration_s * SAMPLE_RATE)
    sound = np.concatenate([block.copy() for block in track.play(0, end, 129024)], axis=1)[:, :end]
    slope = np.abs(np.diff(sound, axis=-1)).max(axis=0)
    worst = 0.0
    for note in strokes:
        at = score.tempo.seconds(note.onset_ticks)
        start = max(0, round((at - 0.02) * SAMPLE_RATE))
        window = slope[start : round((at + 0.02) * SAMPLE_RATE)]
        heard = (start + int(np.argmax(window > 0.25 * window.max()))) / SAMPLE_RATE
        worst = max(worst, abs(heard - at))
    return worst


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--durations", type=float, nargs="+", default=[1, 2.5, 7, 30, 61.3, 300])
    parser.add_argument("--tempos", type=float, nargs="+", default=[60, 97.5, 200])
    parser.add_argument("--seed", type=int, default=5)
    arguments = parser.parse_args()
    compose, good = Composer(), True
    print(f"{'style':12} {'pieces':>6} {'exact':>6} {'MIDI ms':>8} {'sound ms':>8}")
    with tempfile.TemporaryDirectory() as name:
        wav, midi = Path(name) / "a.wav", Path(name) / "a.mid"
        for style in load_styles().values():
            rows = []
            for duration, tempo in itertools.product(arguments.durations, arguments.tempos):
                request = Request(style=style.name, duration=duration, tempo=tempo, seed=arguments.seed)
                recording = record(request, style, compose)
                save(recording, wav, midi)
                exact = soundfile.info(wav).frames == round(duration * SAMPLE_RATE)
                rows.append((exact, worst_in_midi(recording.score, midi), worst_in_sound(recording.score)))
            exact, in_midi, in_sound = zip(*rows, strict=True)
            good &= all(exact) and max(in_midi + in_sound) <= LIMIT_S
            worst = f"{1000 * max(in_midi):8.2f} {1000 * max(in_sound):8.2f}"
            print(f"{style.name:12} {len(rows):6} {sum(exact):6} {worst}", flush=True)
    raise SystemExit(0 if good else 1)


if __name__ == "__main__":
    main()
