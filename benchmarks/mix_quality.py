"""Render a piece in every style and print what the ear would notice: levels, balance, width, spectrum, cost.

    python benchmarks/mix_quality.py --duration 30 --seeds 1 2

The notes come from the planner and the band over the stock tune of `tests/factories.py`, so the figures are about
the sound alone. Exits with 1 when a figure leaves its window. CPU times are of warm runs, the fastest of three.
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np
from scipy.signal import butter, sosfilt, welch

sys.path.insert(0, str(Path(__file__).parents[1]))

from aimusic.style import load_styles
from aimusic.synth.instruments import load_instruments
from aimusic.synth.kernels import SAMPLE_RATE
from aimusic.synth.loudness import integrated_loudness, true_peak_db
from aimusic.synth.mastering import capture, master
from aimusic.synth.mixer import mix
from aimusic.synth.render import render
from tests.factories import make_score

WINDOWS = {
    "lufs": (-14.3, -13.7),
    "peak": (-9.0, -1.0),
    "crest": (8.0, 20.0),
    "corr": (0.05, 0.95),
    "low": (0.95, 1.0),
    "fold": (-3.0, 0.1),
    "slope": (-7.0, -3.0),
    "air": (-38.0, -20.0),
    "end": (-400.0, -60.0),
}
SLOPE_WITHOUT_DRUMS = (-10.0, -4.0)  # a band without drums has no cymbals to lift the top
AIR_WITHOUT_DRUMS = (-60.0, -20.0)


def decibels(power):
    return float(10 * np.log10(max(power, 1e-40)))


def spectrum(audio):
    """Slope of the power density from 100 Hz to 8 kHz in dB per octave, and energy above 5 kHz in dB."""
    f, density = welch(audio, SAMPLE_RATE, nperseg=8192)
    density = density.mean(axis=0)
    centres = 100 * 2 ** np.arange(0, 6.4, 1 / 3)
    bands = [decibels(density[(f >= c / 2 ** (1 / 6)) & (f < c * 2 ** (1 / 6))].mean()) for c in centres]
    slope = np.polyfit(np.log2(centres), bands, 1)[0]
    return float(slope), decibels(density[f > 5000].sum() / density.sum())


def measure(audio):
    low = sosfilt(butter(4, 120, fs=SAMPLE_RATE, output="sos"), audio)
    slope, air = spectrum(audio)
    power = (audio.astype(float) ** 2).mean()
    return {
        "lufs": integrated_loudness(audio),
        "peak": true_peak_db(audio),
        "crest": decibels(np.abs(audio).max() ** 2 / power),
        "corr": float(np.corrcoef(audio)[0, 1]),
        "low": float(np.corrcoef(low)[0, 1]),
        "fold": decibels((audio.mean(axis=0).astype(float) ** 2).mean() / power),
        "slope": slope,
        "air": air,
        "end": decibels(np.abs(audio[:, -SAMPLE_RATE // 50 :]).max() ** 2),
    }


def timed(step, times=1):
    """What the step returns, and the CPU milliseconds of its fastest run."""
    spent = []
    for _ in range(times):
        start = time.process_time()
        result = step()
        spent.append(1000 * (time.process_time() - start))
    return result, min(spent)


def solo(track, score, style):
    """The mix of one part alone, as one array."""
    return np.concatenate([block.copy() for block in mix([track], score, style)], axis=1)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--duration", type=float, default=30.0)
    parser.add_argument("--seeds", type=int, nargs="+", default=[7])
    parser.add_argument("--styles", nargs="+", default=list(load_styles()))
    arguments = parser.parse_args()
    instruments, outside = load_instruments(), 0
    print("style        seed", *(f"{name:>6}" for name in WINDOWS), "  render+mix master ms (cold)")
    for name in arguments.styles:
        style = load_styles()[name]
        for seed in arguments.seeds:
            score = make_score(name, duration=arguments.duration, seed=seed)
            tracks = render(score, instruments)

            def play(tracks=tracks, score=score, style=style):
                return capture(mix(tracks, score, style), score)

            _, cold = timed(play)
            tape, t_mix = timed(play, 3)
            finished, t_master = timed(lambda tape=tape, style=style: master(tape, style.mix), 3)
            audio = np.asarray(finished)
            figures, windows = measure(audio), dict(WINDOWS)
            if not style.grooves and all(player.role != "drums" for player in style.parts):
                windows.update(slope=SLOPE_WITHOUT_DRUMS, air=AIR_WITHOUT_DRUMS)
            wrong = {key for key, (low, high) in windows.items() if not low <= figures[key] <= high}
            outside += len(wrong)
            row = (f"{figures[key]:6.2f}{'!' if key in wrong else ' '}"[:7].rjust(7) for key in WINDOWS)
            print(f"{name:12} {seed:4}", "".join(row), f"  {t_mix:4.0f} {t_master:4.0f}  ({cold:.0f})")
            whole = integrated_loudness(tape)
            alone = {t.name: integrated_loudness(solo(t, score, style)) - whole for t in tracks}
            print(
                "             ",
                ", ".join(f"{part} {level:+.1f}" for part, level in alone.items()),
                "LU",
                flush=True,
            )
    raise SystemExit(1 if outside else 0)


if __name__ == "__main__":
    main()
