"""Many clients at once against a running service.

    make run                                              # in another terminal
    python benchmarks/load.py --clients 8 --seeds 10      # every style x 10 seeds = 60 requests

Prints successes, distinct files, tracks per minute, and how long /health took meanwhile. Exits with 1 unless every
request succeeded with a file of its own.
"""

import argparse
import itertools
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from statistics import median

import httpx


def watch_health(url, stop, times):
    with httpx.Client(base_url=url, timeout=30) as client:
        while not stop.is_set():
            began = time.perf_counter()
            assert client.get("/health").status_code == 200
            times.append(time.perf_counter() - began)
            time.sleep(0.05)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://127.0.0.1:5001")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first-seed", type=int, default=1000)
    parser.add_argument("--duration", type=float, default=30)
    arguments = parser.parse_args()
    with httpx.Client(base_url=arguments.url, timeout=300) as client:
        styles = [style["name"] for style in client.get("/api/styles").json()["styles"]]
        seeds = range(arguments.first_seed, arguments.first_seed + arguments.seeds)
        health, stop = [], threading.Event()
        watcher = threading.Thread(target=watch_health, args=(arguments.url, stop, health))
        watcher.start()

        def generate(case):
            body = {"style": case[0], "seed": case[1], "duration": arguments.duration}
            began = time.perf_counter()
            answer = client.post("/api/generate", json=body)
            return answer.status_code, answer.json().get("filename"), time.perf_counter() - began

        began = time.perf_counter()
        with ThreadPoolExecutor(arguments.clients) as pool:
            answers = list(pool.map(generate, itertools.product(styles, seeds)))
        took = time.perf_counter() - began
        stop.set()
        watcher.join()
    good = [filename for status, filename, _ in answers if status == 200]
    waits = sorted(seconds for *_, seconds in answers)
    print(
        f"{len(answers)} requests from {arguments.clients} clients: {len(good)} successes, {len(set(good))} files"
    )
    print(f"{took:.1f} s, {60 * len(good) / took:.0f} tracks a minute; a request {median(waits):.2f} s (median)")
    print(
        f"/health: {len(health)} calls, median {1000 * median(health):.0f} ms, slowest {1000 * max(health):.0f} ms"
    )
    raise SystemExit(0 if len(set(good)) == len(answers) else 1)


if __name__ == "__main__":
    main()
