"""What a long piece costs beside a short one: CPU and memory of render, mix and master.

    python benchmarks/long_pieces.py --styles classical rock --rounds 3

Every figure comes from a fresh process that makes the piece twice: first with empty caches (cold), then again
(warm). The lengths take turns in each round, so their ratio holds when the machine's speed drifts. The notes come
from the planner and the band over the stock tune of `tests/factories.py`. CPU seconds are of all threads; memory
is the highest resident set of the process, and in brackets what it was above that of the loaded process. Exits
with 1 when the warm CPU for ten times the length passes `--cpu` times that of the shortest piece, or the memory
`--memory` times.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1]))


def memory_mib(name):
    """VmRSS (resident now) or VmHWM (its highest) of this process."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(name)).split()[1]) / 1024


def make_twice(style, duration_s):
    """One child's work: the figures as JSON on standard output."""
    from aimusic.pipeline import record
    from aimusic.style import load_styles
    from aimusic.synth.instruments import load_instruments
    from tests.factories import make_lead, make_request

    load_instruments()
    request, found = make_request(style, duration=duration_s), {"loaded": memory_mib("VmRSS")}
    for state in ("cold", "warm"):
        marks = {}
        record(
            request, load_styles()[style], make_lead, lambda stage, m=marks: m.update({stage: time.process_time()})
        )
        found[state] = time.process_time() - marks["render"]
    print(json.dumps({**found, "peak": memory_mib("VmHWM")}))


def in_a_child(style, duration_s):
    command = [sys.executable, __file__, "--child", style, str(duration_s)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--styles", nargs="+", default=["classical", "rock", "electronic"])
    parser.add_argument("--durations", type=float, nargs="+", default=[30, 100, 300])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cpu", type=float, default=11.0, help="limit of the ratio for ten times the length")
    parser.add_argument("--memory", type=float, default=1.3)
    parser.add_argument("--child", nargs=2, metavar=("STYLE", "SECONDS"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        make_twice(arguments.child[0], float(arguments.child[1]))
        return
    outside = 0
    print(
        f"{'style':12} {'seconds':>7} {'cold s':>7} {'warm s':>7} {'ratio':>6} {'peak MiB':>15} {'ratio':>6} above"
    )
    for style in arguments.styles:
        rows = {duration_s: [] for duration_s in arguments.durations}
        for _ in range(arguments.rounds):
            for duration_s, runs in rows.items():
                runs.append(in_a_child(style, duration_s))
        shortest = rows[min(rows)]
        for duration_s, runs in rows.items():
            warm = median(run["warm"] / short["warm"] for run, short in zip(runs, shortest, strict=True))
            peak = median(run["peak"] / short["peak"] for run, short in zip(runs, shortest, strict=True))
            above = [median(run["peak"] - run["loaded"] for run in r) for r in (runs, shortest)]
            cpu = [median(run[state] for run in runs) for state in ("cold", "warm")]
            outside += warm > arguments.cpu / 10 * duration_s / min(rows) or peak > arguments.memory
            print(
                f"{style:12} {duration_s:7.0f} {cpu[0]:7.2f} {cpu[1]:7.2f} {warm:6.1f} "
                f"{median(run['peak'] for run in runs):7.0f} ({above[0]:5.0f}) {peak:6.2f} "
                f"{above[0] / above[1]:5.2f}",
                flush=True,
            )
    raise SystemExit(1 if outside else 0)


if __name__ == "__main__":
    main()
