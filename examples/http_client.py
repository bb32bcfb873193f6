"""Ask a running service for a piece and save it, with nothing but the standard library.

python examples/http_client.py --url http://127.0.0.1:5001 --style blues --duration 20 --out blues.wav
"""

import argparse
import json
import urllib.error
import urllib.request
from pathlib import Path


def generate(url, **wishes):
    """POST the wishes; return the answer as a dict. Raises SystemExit with the service's own sentence."""
    body = json.dumps(wishes).encode()
    request = urllib.request.Request(f"{url}/api/generate", body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise SystemExit(json.load(error)["error"]) from error


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://127.0.0.1:5001")
    parser.add_argument("--style", default="classical")
    parser.add_argument("--duration", type=float, default=30)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--out", type=Path, default=Path("piece.wav"))
    arguments = parser.parse_args()
    wishes = {"style": arguments.style, "duration": arguments.duration}
    if arguments.seed is not None:
        wishes["seed"] = arguments.seed
    piece = generate(arguments.url, **wishes)
    with urllib.request.urlopen(arguments.url + piece["download_url"], timeout=120) as audio:
        arguments.out.write_bytes(audio.read())
    print(f"{arguments.out}: {piece['style']} in {piece['key']}, {piece['tempo']:g} BPM, seed {piece['seed']}")


if __name__ == "__main__":
    main()
