"""Ask a running service for a piece in every style and check the files with independent readers.

    make run                                  # in another terminal
    python benchmarks/check_audio.py --duration 30

libsndfile reads the WAV, pyloudnorm measures the loudness, and 4x polyphase resampling finds the true peak. Exits
with 1 when a promise is broken.
"""

import argparse
import io

import httpx
import numpy as np
import pyloudnorm
import soundfile
from scipy.signal import resample_poly


def decibels(value):
    return 20 * np.log10(max(float(value), 1e-9))


def measure(data):
    """Frames, channels, sample rate, bits, loudness, true peak, last 20 ms and longest silence of a WAV file."""
    with soundfile.SoundFile(io.BytesIO(data)) as file:
        rate, subtype, audio = file.samplerate, file.subtype, file.read(always_2d=True)
    # Pieces shorter than the meter's 400 ms block do not occur: one second is the least.
    loudness = pyloudnorm.Meter(rate).integrated_loudness(audio)
    true_peak = max(np.abs(resample_poly(channel, 4, 1)).max() for channel in audio.T)
    blocks = np.abs(audio[: len(audio) // 441 * 441]).max(axis=1).reshape(-1, 441).max(axis=1)  # 10 ms each
    runs = "".join("#" if block < 1e-3 else " " for block in blocks[:-50]).split(" ")  # the ring-out may fade
    return {
        "frames": len(audio),
        "channels": audio.shape[1],
        "rate": rate,
        "subtype": subtype,
        "loudness": loudness,
        "true_peak_db": decibels(true_peak),
        "end_db": decibels(np.abs(audio[-rate // 50 :]).max()),
        "silence_s": max(len(run) for run in runs) / 100,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://127.0.0.1:5001")
    parser.add_argument("--duration", type=float, default=30)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    broken = 0
    print(f"{'style':12} {'frames':>9} ch {'rate':>6} {'LUFS':>6} {'dBTP':>6} {'end dB':>7} {'silence':>7}")
    with httpx.Client(base_url=arguments.url, timeout=300) as client:
        for style in client.get("/api/styles").json()["styles"]:
            body = {"style": style["name"], "duration": arguments.duration, "seed": arguments.seed}
            answer = client.post("/api/generate", json=body).raise_for_status().json()
            found = measure(client.get(answer["download_url"]).raise_for_status().content)
            good = (
                (found["frames"], found["channels"]) == (round(arguments.duration * 44100), 2)
                and (found["rate"], found["subtype"]) == (44100, "PCM_16")
                and abs(found["loudness"] + 14) <= 0.5
                and found["true_peak_db"] <= -1
                and found["end_db"] < -60
            )
            broken += not good
            print(
                f"{style['name']:12} {found['frames']:9} {found['channels']:2} {found['rate']:6} "
                f"{found['loudness']:6.2f} {found['true_peak_db']:6.2f} {found['end_db']:7.1f} "
                f"{found['silence_s']:6.2f}s {'ok' if good else 'BROKEN'}"
            )
    raise SystemExit(1 if broken else 0)


if __name__ == "__main__":
    main()
