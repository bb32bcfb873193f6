"""A WAV file of ours as FLAC, MP3, Ogg Vorbis or Opus: the same bytes each time, with the tags of the WAV file.

Three faults of libsndfile 1.2 are kept away here. Vorbis written in one call of a minute or more ends the
process, so everything is written in blocks. MP3 from whole numbers is noisy and differs each time, so lossy
codecs get floats. Ogg streams get random serial numbers, so they are numbered again.
"""

import wave
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from math import gcd
from pathlib import Path

import numpy as np
import soundfile
from scipy.signal import resample_poly

from aimusic.formats.audio import read_tags

BLOCK = 65_536
SERIAL = 1
OPUS_HZ = 48_000  # the codec knows no 44.1 kHz


@dataclass(frozen=True, slots=True)
class Codec:
    """How libsndfile is asked for a format. `is_lossy`: gets floats.

    `level`: 0 best .. 1 smallest; chosen for some 160 to 190 kbit/s of a band where the codec is lossy.
    """

    container: str
    subtype: str
    level: float
    is_lossy: bool = True


CODECS = {
    "flac": Codec("FLAC", "PCM_16", 0.6, is_lossy=False),
    "mp3": Codec("MP3", "MPEG_LAYER_III", 0.2),
    "ogg": Codec("OGG", "VORBIS", 0.4),
    "opus": Codec("OGG", "OPUS", 0.7),
}


def encode(wav: Path, path: Path, name: str) -> None:
    """Write the sound of a 16-bit WAV file in one of CODECS. Raises KeyError for another name."""
    codec = CODECS[name]
    with wave.open(str(wav), "rb") as file:
        sample_rate, channels = file.getframerate(), file.getnchannels()
    blocks = _frames(wav, codec.is_lossy)
    if codec.subtype == "OPUS":
        frames = np.concatenate(list(_frames(wav, as_float=False)))
        blocks, sample_rate = resampled(frames, sample_rate, OPUS_HZ), OPUS_HZ
    kind = {"format": codec.container, "subtype": codec.subtype, "compression_level": codec.level}
    with soundfile.SoundFile(path, "w", sample_rate, channels, **kind) as out:
        for tag, text in read_tags(wav).items():
            setattr(out, tag, text)
        for block in blocks:
            out.write(block)
    if codec.container == "OGG":
        path.write_bytes(renumbered(path.read_bytes()))


def _frames(wav: Path, as_float: bool) -> Iterator[np.ndarray]:
    """Blocks of frames, (frames, channels): int16 as they are, or float32 within ±1."""
    with wave.open(str(wav), "rb") as file:
        while data := file.readframes(BLOCK):
            block = np.frombuffer(data, dtype="<i2").reshape(-1, file.getnchannels())
            yield block.astype(np.float32) / np.float32(32768) if as_float else block


def resampled(frames: np.ndarray, sample_rate: int, target_hz: int) -> Iterator[np.ndarray]:
    """Blocks of float32 frames at another rate, the same as of one `resample_poly` over all frames.

    Each block is computed with a stretch of `down` frames on both sides, which is more than the filter sees.
    """
    common = gcd(target_hz, sample_rate)
    up, down = target_hz // common, sample_rate // common
    size = BLOCK // down * down
    for start in range(0, len(frames), size):
        before = down if start else 0
        stretch = frames[start - before : start + size + down].astype(np.float32) / np.float32(32768)
        sound = resample_poly(stretch, up, down, axis=0).astype(np.float32)
        skip = up if start else 0
        is_last = start + size >= len(frames)
        yield sound[skip:] if is_last else sound[skip : skip + size // down * up]


def renumbered(ogg: bytes) -> bytes:
    """An Ogg stream with the serial number SERIAL on each page, and the checksums that belong to it.

    Source: RFC 3533, section 6.
    """
    stream, start = bytearray(ogg), 0
    while start < len(stream):
        if stream[start : start + 4] != b"OggS":
            raise ValueError(f"no Ogg page begins at byte {start}")
        table = start + 27
        body = table + stream[start + 26]
        end = body + sum(stream[table:body])
        stream[start + 14 : start + 18] = SERIAL.to_bytes(4, "little")
        stream[start + 22 : start + 26] = bytes(4)
        stream[start + 22 : start + 26] = ogg_crc(stream[start:end]).to_bytes(4, "little")
        start = end
    return bytes(stream)


_MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def ogg_crc(data: bytes) -> int:
    """The checksum of an Ogg page: polynomial 0x04c11db7, from 0, the highest bit first.

    zlib has the same polynomial with the lowest bit first and with inverted ends; with each byte mirrored, and
    the ends and the result turned back, it computes this one a hundred times faster than Python could.
    """
    mirrored = zlib.crc32(data.translate(_MIRRORED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{mirrored:032b}"[::-1], 2)
