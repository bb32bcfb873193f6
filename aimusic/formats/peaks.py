"""The outline of a sound for players that draw it: lowest and highest sample of each short stretch.

The format is that of audiowaveform's JSON, which wavesurfer.js and peaks.js read.
"""

import json
import wave
from pathlib import Path

import numpy as np

SAMPLES_PER_PIXEL = 1024


def write_peaks(wav: Path, path: Path) -> None:
    """Write the outline of all channels of a 16-bit WAV file together, in steps of 1/128 of full scale."""
    with wave.open(str(wav), "rb") as file:
        sample_rate, channels = file.getframerate(), file.getnchannels()
        frames = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
    starts = np.arange(0, len(frames), SAMPLES_PER_PIXEL * channels)
    lows, highs = np.minimum.reduceat(frames, starts) >> 8, np.maximum.reduceat(frames, starts) >> 8
    outline = {
        "version": 2,
        "channels": 1,
        "sample_rate": sample_rate,
        "samples_per_pixel": SAMPLES_PER_PIXEL,
        "bits": 8,
        "length": len(starts),
        "data": np.stack((lows, highs), axis=1).ravel().tolist(),
    }
    path.write_text(json.dumps(outline, separators=(",", ":")), encoding="utf-8")
