"""What one note costs: CPU milliseconds of one thread for a stereo note of 1.6 s, warm.

    python benchmarks/note_cost.py [INSTRUMENT ...]

Prints, for a low, a middle and a high note of each instrument, the fastest of several renders.
"""

import argparse
import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before NumPy is loaded

import time

from aimusic.synth.instruments import Instrument, load_instruments

HOLD_S = 1.6
REPEATS = 7
DRUMS = (36, 38, 49)


def pitches(instrument: Instrument) -> list[int]:
    """Low, middle and high in the range; kick, snare and crash of a kit."""
    if instrument.is_drum:
        return list(DRUMS)
    return [round(instrument.low + (instrument.high - instrument.low) * x) for x in (0.2, 0.5, 0.8)]


def cost_ms(instrument: Instrument, pitch: int) -> float:
    """CPU time of this process for one note; the fastest is the one least disturbed."""
    found = []
    for variant in range(REPEATS + 1):
        start = time.process_time()
        instrument.note(pitch, 80, HOLD_S, variant)
        found.append((time.process_time() - start) * 1e3)
    return min(found[1:])  # the first fills tables


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("instruments", nargs="*", help="names in instruments.toml; all if none")
    names = parser.parse_args().instruments
    instruments = load_instruments()
    print(f"{'instrument':20}{'low':>8}{'middle':>8}{'high':>8}   CPU ms a note")
    for name in names or instruments:
        costs = [cost_ms(instruments[name], pitch) for pitch in pitches(instruments[name])]
        print(f"{name:20}" + "".join(f"{cost:8.1f}" for cost in costs), flush=True)


if __name__ == "__main__":
    main()
