"""Sound to and from WAV files: 16 bits, dithered, the same bytes for the same sound and seed; 24 bits for stems.

Inside the program time is on the last axis; here alone it is turned to the interleaved frames of files.
"""

import struct
import wave
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np

from aimusic.formats.files import atomically
from aimusic.music.chance import stream

BLOCK = 1 << 16
FULL_SCALE = 32767
FULL_SCALE_24 = 1 << 23
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
        audio: (2, samples), float32, within ±1; anything that is read as `audio[:, start:stop]`.
        seed: of the dither.
        tags: by the names of INFO_TAGS; players show them.

    Raises:
        ValueError: for sound that is not finite or exceeds ±1, or an unknown tag.
    """
    with atomically(path) as file:
        file.write(_head(audio.shape, sample_rate, 2, tags))
        for frames in pcm16(audio, seed):
            file.write(frames.tobytes())


@contextmanager
def wav24(
    path: Path, shape: tuple[int, int], sample_rate: int, tags: Mapping[str, str]
) -> Iterator[Callable[[np.ndarray], None]]:
    """A 24-bit WAV file that grows block by block, and appears whole or not at all.

    Gives a function that appends (channels, samples) of int32 steps, see `pcm24`. Raises ValueError at the end
    where fewer or more samples were written than `shape` says.
    """
    given = 0

    def write(steps: np.ndarray) -> None:
        nonlocal given
        given += steps.shape[1]
        low_bytes = np.ascontiguousarray(steps.T).astype("<i4").view(np.uint8).reshape(-1, 4)[:, :3]
        file.write(low_bytes.tobytes())

    with atomically(path) as file:
        file.write(_head(shape, sample_rate, 3, tags))
        yield write
        if given != shape[1]:
            raise ValueError(f"{path}: must have {shape[1]} samples, got {given}")


def pcm24(audio: np.ndarray) -> np.ndarray:
    """The nearest 24-bit steps, int32, without dither. Raises ValueError for sound that does not fit."""
    steps = np.rint(audio * np.float64(FULL_SCALE_24))
    if not np.abs(steps).max() < FULL_SCALE_24:
        raise ValueError("the sound must be finite and within ±1")
    return steps.astype(np.int32)


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


def read_tags(path: Path) -> dict[str, str]:
    """The tags of a WAV file by the names of INFO_TAGS. Raises ValueError for other files."""
    with path.open("rb") as file:
        if struct.unpack("<4s4x4s", file.read(12)) != (b"RIFF", b"WAVE"):
            raise ValueError(f"{path}: not a WAV file")
        for name, body in _chunks(file):
            if name == b"LIST" and body[:4] == b"INFO":
                return _texts(body[4:])
    return {}


def _chunks(file: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    """The chunks before the sound."""
    while len(head := file.read(8)) == 8 and head[:4] != b"data":
        size = int.from_bytes(head[4:], "little")
        yield head[:4], file.read(size + size % 2)[:size]


def _texts(info: bytes) -> dict[str, str]:
    names, found, at = {code: name for name, code in INFO_TAGS.items()}, {}, 0
    while at + 8 <= len(info):
        code, size = struct.unpack_from("<4sI", info, at)
        if code in names:
            found[names[code]] = info[at + 8 : at + 8 + size].rstrip(b"\0").decode("utf-8")
        at += 8 + size + size % 2
    return found


def _head(shape: tuple[int, int], sample_rate: int, sample_bytes: int, tags: Mapping[str, str]) -> bytes:
    """Everything before the samples."""
    channels, n = shape
    frame_bytes = channels * sample_bytes
    info, data_bytes = _info_chunk(tags), frame_bytes * n
    fmt = struct.pack(
        "<4sIHHIIHH",
        *(b"fmt ", 16, 1, channels, sample_rate, frame_bytes * sample_rate, frame_bytes, 8 * sample_bytes),
    )
    riff = struct.pack("<4sI4s", b"RIFF", 4 + len(fmt) + len(info) + 8 + data_bytes, b"WAVE")
    return riff + fmt + info + struct.pack("<4sI", b"data", data_bytes)


def _info_chunk(tags: Mapping[str, str]) -> bytes:
    """The LIST chunk of type INFO; every text ends in a zero byte and is padded to an even length."""
    body = b"INFO"
    for name, text in tags.items():
        if name not in INFO_TAGS:
            raise ValueError(f"tags: must be among {', '.join(INFO_TAGS)}, got {name!r}")
        raw = text.encode("utf-8") + b"\0"
        body += struct.pack("<4sI", INFO_TAGS[name], len(raw)) + raw + b"\0" * (len(raw) % 2)
    return struct.pack("<4sI", b"LIST", len(body)) + body
