"""Sound to and from WAV files: 16 bits, dithered, the same bytes for the same sound and seed.

Inside the program time is on the last axis; here alone it is turned to the interleaved frames of files.
"""

import struct
import wave
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from aimusic.formats.files import atomically
from aimusic.music.chance import stream

BLOCK = 1 << 16
FULL_SCALE = 32767
INFO_TAGS = {
    "title": b"INAM",
    "artist": b"IART",
    "genre": b"IGNR",
    "date": b"ICRD",
    "comment": b"ICMT",
    "software": b"ISFT",
    "copyright": b"ICOP",
}


def write_wav(path: Path, audio: np.ndarray, sample_rate: int, *, seed: int, tags: Mapping[str, str]) -> None:
    """Write a 16-bit WAV file that appears whole or not at all.

    Args:
        audio: (2, samples), float32, within ±1.
        seed: of the dither.
        tags: by the names of INFO_TAGS; players show them.

    Raises:
        ValueError: for sound that is not finite or exceeds ±1, or an unknown tag.
    """
    channels, n = audio.shape
    data_bytes = 2 * channels * n
    info = _info_chunk(tags)
    fmt = struct.pack(
        "<4sIHHIIHH", b"fmt ", 16, 1, channels, sample_rate, 2 * channels * sample_rate, 2 * channels, 16
    )
    riff = struct.pack("<4sI4s", b"RIFF", 4 + len(fmt) + len(info) + 8 + data_bytes, b"WAVE")
    with atomically(path) as file:
        file.write(riff + fmt + info + struct.pack("<4sI", b"data", data_bytes))
        for frames in pcm16(audio, seed):
            file.write(frames.tobytes())


def pcm16(audio: np.ndarray, seed: int) -> Iterator[np.ndarray]:
    """Dithered 16-bit frames, (frames, channels) int16, block by block.

    The dither is the difference of successive uniform numbers: triangular, two steps wide, and rising with
    frequency, where it is heard least. It makes the rounding error independent of the music.

    Source: S. Lipshitz et al., "Quantization and dither", JAES 40(5), 1992.
    """
    rng = stream(seed, "dither")
    last = rng.random((audio.shape[0], 1), dtype=np.float32)
    for start in range(0, audio.shape[1], BLOCK):
        block = audio[:, start : start + BLOCK]
        if not np.abs(block).max() <= 1.0:
            raise ValueError(f"the sound must be finite and within ±1, got a peak of {np.abs(block).max()}")
        uniform = np.concatenate((last, rng.random(block.shape, dtype=np.float32)), axis=1)
        last = uniform[:, -1:]
        steps = block * np.float32(FULL_SCALE)
        steps += np.diff(uniform, axis=1)
        np.rint(steps, out=steps)
        np.clip(steps, -FULL_SCALE - 1, FULL_SCALE, out=steps)
        yield np.ascontiguousarray(steps.T).astype("<i2")


def read_wav(path: Path) -> tuple[np.ndarray, int]:
    """A 16-bit WAV file as (channels, samples) float32 and its sample rate. Raises ValueError for other files."""
    try:
        with wave.open(str(path), "rb") as file:
            if file.getsampwidth() != 2:
                raise ValueError(f"{path}: must have 16 bits, has {8 * file.getsampwidth()}")
            frames = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
            audio = frames.reshape(-1, file.getnchannels()).T.astype(np.float32) / np.float32(FULL_SCALE)
            return audio, file.getframerate()
    except (wave.Error, EOFError) as error:
        raise ValueError(f"{path}: not a WAV file we can read ({error})") from error


def _info_chunk(tags: Mapping[str, str]) -> bytes:
    """The LIST chunk of type INFO; every text ends in a zero byte and is padded to an even length."""
    body = b"INFO"
    for name, text in tags.items():
        if name not in INFO_TAGS:
            raise ValueError(f"tags: must be among {', '.join(INFO_TAGS)}, got {name!r}")
        raw = text.encode("utf-8") + b"\0"
        body += struct.pack("<4sI", INFO_TAGS[name], len(raw)) + raw + b"\0" * (len(raw) % 2)
    return struct.pack("<4sI", b"LIST", len(body)) + body
