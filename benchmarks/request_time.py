"""How long one piece takes, beside FluidSynth rendering the same MIDI.

    python benchmarks/request_time.py --duration 30 --rounds 3

Both run one after the other in each round, so the ratio holds when the machine's speed drifts. Ours is the whole
journey (plan, compose, arrange, render, mix, master, WAV); FluidSynth only plays finished notes, with reverb and
chorus on. Needs the Debian packages fluidsynth and fluid-soundfont-gm. Times are CPU seconds of all threads, and
wall seconds in brackets.
"""

import argparse
import resource
import subprocess
import tempfile
import time
from pathlib import Path
from statistics import median

from aimusic.composer.compose import Composer
from aimusic.music.request import Request
from aimusic.pipeline import record, save
from aimusic.style import load_styles


def our_time(request, style, compose, folder):
    """CPU and wall seconds for one piece, and seconds of wall time by stage."""
    began: list[tuple[str, float]] = []
    cpu, wall = time.process_time(), time.perf_counter()
    recording = record(request, style, compose, lambda stage: began.append((stage, time.perf_counter())))
    began.append(("save", time.perf_counter()))
    save(recording, folder / "ours.wav", folder / "ours.mid")
    end = time.perf_counter()
    stages = {name: then - start for (name, start), (_, then) in zip(began, [*began[1:], ("", end)], strict=True)}
    return time.process_time() - cpu, end - wall, stages


def fluidsynth_time(soundfont, folder):
    """CPU and wall seconds of `fluidsynth` rendering the MIDI file to a WAV file."""
    before, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    command = ["fluidsynth", "-ni", "-r", "44100", "-F", folder / "fluid.wav", soundfont, folder / "ours.mid"]
    subprocess.run(command, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, time.perf_counter() - wall


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--duration", type=float, default=30)
    parser.add_argument("--tempo", type=float)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--soundfont", default="/usr/share/sounds/sf2/FluidR3_GM.sf2")
    arguments = parser.parse_args()
    compose = Composer()
    print(f"{'style':12} {'ours':>14} {'fluidsynth':>14} {'ratio':>6}  stages (wall ms)")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for style in load_styles().values():
            rows = []
            for seed in range(arguments.rounds + 1):  # the first round warms up and does not count
                request = Request(style=style.name, duration=arguments.duration, tempo=arguments.tempo, seed=seed)
                ours = our_time(request, style, compose, folder)
                rows.append((*ours[:2], *fluidsynth_time(arguments.soundfont, folder), ours[2]))
            cpu, wall, fluid_cpu, fluid_wall = (median(column) for column in list(zip(*rows[1:], strict=True))[:4])
            ratio = median(row[0] / row[2] for row in rows[1:])
            stages = " ".join(f"{stage} {seconds * 1000:.0f}" for stage, seconds in rows[-1][4].items())
            times = f"{cpu:6.2f} ({wall:.2f}s) {fluid_cpu:6.2f} ({fluid_wall:.2f}s) {ratio:6.2f}"
            print(f"{style.name:12} {times}  {stages}", flush=True)


if __name__ == "__main__":
    main()
