"""From tracks to a stereo mix, block by block: level, place, ducking and room of every part, as the style asks.

Filters are linear, so parts that need the same one are added first and filtered once. Levels are set before the
first block, in a sound check of every track.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np

from aimusic.errors import GenerationFailed
from aimusic.music.score import Score
from aimusic.style import Mix, Player, Style
from aimusic.synth.effects import filters
from aimusic.synth.effects.dynamics import HOP, apply_gain, ducking
from aimusic.synth.effects.reverb import Reverb
from aimusic.synth.kernels import decibels, samples
from aimusic.synth.render import BLOCK

REFERENCE_RMS = 0.12
ACTIVE_BLOCK = 2205  # 50 ms
ACTIVE_DB = -30.0  # a block this far below the loudest is a rest
CHECK_BLOCK = 64 * ACTIVE_BLOCK
CHECK_WINDOW = 6 * ACTIVE_BLOCK  # 0.3 s
CHECK_WINDOWS = 12

FOUNDATION_ROLES = {"bass", "drums"}
LOW_CUT_HZ = 80.0  # for everything above the foundation, when there is a bass
SIDE_CUT_HZ = 180.0  # fourth order: 120 Hz and below are as good as mono
SIDE_CUT_Q = (0.541, 1.307)
KICKS = {35, 36}


class Playable(Protocol):
    """What the mixer needs of a track; see `render.Track`."""

    @property
    def name(self) -> str: ...

    @property
    def onsets(self) -> list[int]: ...

    @property
    def saturates(self) -> bool: ...

    def play(self, start: int, stop: int, block: int) -> Iterator[np.ndarray]: ...


def mix(tracks: Sequence[Playable], score: Score, style: Style, block: int = BLOCK) -> Iterator[np.ndarray]:
    """Mix the tracks as the style's players and studio ask.

    Args:
        tracks: each named as one of the style's players.
        block: samples that travel together, a whole number of hops; the sound is the same for any.

    Yields:
        (2, samples), float32, before mastering: the level is the master's business. A block is gone when the
        next one is asked for.

    Raises:
        GenerationFailed: for a track that is silent or not finite, or that no player of the style made.
    """
    desk = Desk(style, block)
    for parts in _placed(tracks, score, style, block):
        yield desk.sum(parts)


def take_apart(
    tracks: Sequence[Playable], score: Score, style: Style, block: int = BLOCK
) -> Iterator[tuple[list[np.ndarray], np.ndarray]]:
    """The mix and what each track contributes to it: stems.

    A stem passes through everything that the mix does to its part (level, pan, ducking, filters) except the
    room, so the mix minus all stems is the return of the room.

    Yields:
        For each block the stems, (2, samples) each, in the order of the tracks, and the mix.
    """
    desk, channels = Desk(style, block), [Channel(style) for _ in tracks]
    for parts in _placed(tracks, score, style, block):
        alone = [channel.process(*part) for channel, part in zip(channels, parts, strict=True)]
        yield alone, desk.sum(parts)


def kick_onsets_s(score: Score) -> list[float]:
    """When the bass drum sounds, in seconds."""
    drums = (part for part in score.parts if part.is_drum)
    return sorted(score.onset_s(note) for part in drums for note in part.notes if note.pitch in KICKS)


def sound_check(track: Playable, stop: int) -> float:
    """The level of a track that is played until sample `stop`; see `active_rms`.

    A track that saturates has nearly the same level everywhere and costs most to play: 12 notes, spread
    evenly over the piece, 0.3 s of each, tell its level within half a decibel. All others are heard whole.

    Raises:
        GenerationFailed: for a track that is silent or not finite.
    """
    spans = _windows(track, stop) if track.saturates else [(0, stop)]
    blocks = (block for start, end in spans for block in track.play(start, end, CHECK_BLOCK))
    rms = active_rms(np.concatenate([power(block) for block in blocks] or [np.zeros(1)]))
    if not np.isfinite(rms):
        raise GenerationFailed(f"{track.name}: the sound is not finite")
    if rms == 0.0:
        raise GenerationFailed(f"{track.name}: made no sound")
    return rms


def _windows(track: Playable, stop: int) -> list[tuple[int, int]]:
    """First and last sample of the windows in which a track's level is measured."""
    onsets = sorted({onset // HOP * HOP for onset in track.onsets if onset < stop})
    count = min(CHECK_WINDOWS, len(onsets))
    starts = [onsets[k * len(onsets) // count] for k in range(count)]
    return [(start, min(start + CHECK_WINDOW, stop)) for start in starts]


def power(audio: np.ndarray) -> np.ndarray:
    """Mean square of every 50 ms of (2, samples), float64; the last piece may be shorter."""
    # Not a dot product: its last digits depend on the linear algebra library's choice for the processor.
    both = audio[0] * audio[0] + audio[1] * audio[1]
    starts = np.arange(0, len(both), ACTIVE_BLOCK)
    lengths = np.diff(starts, append=len(both))
    return np.add.reduceat(both, starts, dtype=np.float64) / (2.0 * lengths)


def active_rms(power: np.ndarray) -> float:
    """Root mean square over the 50 ms within 30 dB of the loudest; NaN where the sound is not finite."""
    if not np.isfinite(power).all():
        return float("nan")
    return float(np.sqrt(power[power >= power.max() * 10.0 ** (ACTIVE_DB / 10.0)].mean()))


def pan_matrix(pan: float) -> np.ndarray:
    """Where a stereo sound goes: out = matrix @ (left, right), (2, 2).

    The sound grows narrower as it leaves the middle, side signal times 1 - |pan|, and is then balanced with
    constant power: cos and sin of the angle, both 1 in the middle.
    """
    angle = (pan + 1.0) * np.pi / 4.0
    near, far = 0.5 * (2.0 - abs(pan)), 0.5 * abs(pan)
    narrow = np.array([[near, far], [far, near]])
    return np.sqrt(2.0) * np.array([[np.cos(angle)], [np.sin(angle)]]) * narrow


class Desk:
    """The buses of a mix, which remember from block to block."""

    def __init__(self, style: Style, block: int):
        self._low_cut = _low_cut(style)
        self._room = Reverb(style.mix.room, block)
        self._shape = Shape(style.mix)

    def sum(self, parts: list[tuple[Player, np.ndarray]]) -> np.ndarray:
        """Foundation, body and room of the next block together, (2, samples)."""
        n = parts[0][1].shape[1]
        foundation, body, send = (
            np.zeros((2, n), np.float32),
            np.zeros((2, n), np.float32),
            np.zeros(n, np.float32),
        )
        for player, placed in parts:
            bus = foundation if player.role in FOUNDATION_ROLES else body
            bus += placed
            send += np.float32(0.5 * decibels(player.reverb_db)) * (placed[0] + placed[1])
        for cut in self._low_cut:
            cut.process(body)
        body += foundation
        body += self._room.process(send)
        return self._shape.process(body)


class Channel:
    """One track's way through the filters of the mix, for its stem."""

    def __init__(self, style: Style):
        self._low_cut = _low_cut(style)
        self._shape = Shape(style.mix)

    def process(self, player: Player, placed: np.ndarray) -> np.ndarray:
        """The stem's next block; what was placed stays as it is."""
        alone = placed.copy()
        for cut in self._low_cut if player.role not in FOUNDATION_ROLES else []:
            cut.process(alone)
        return self._shape.process(alone)


class Shape:
    """What the whole mix passes through: mono below the side cut, the style's width, and its tilt."""

    def __init__(self, settings: Mix):
        cut = np.concatenate([filters.high_pass(SIDE_CUT_HZ, q) for q in SIDE_CUT_Q])
        cut[0, :3] *= settings.width
        self._side = filters.Filter(cut)
        self._tilt = [filters.Filter(filters.tilt(settings.tilt_db))] if settings.tilt_db else []

    def process(self, block: np.ndarray) -> np.ndarray:
        """The next block, where it lies. Cut and width act on the side signal, half of left minus right."""
        left, right = np.float32(0.5) * block
        middle, side = left + right, self._side.process(left - right)
        np.add(middle, side, out=block[0])
        np.subtract(middle, side, out=block[1])
        for tilt in self._tilt:
            tilt.process(block)
        return block


def _low_cut(style: Style) -> list[filters.Filter]:
    """The filter that leaves the cellar to the bass, where there is one."""
    has_bass = any(player.role == "bass" for player in style.parts)
    return [filters.Filter(filters.high_pass(LOW_CUT_HZ))] if has_bass else []


def _placed(
    tracks: Sequence[Playable], score: Score, style: Style, block: int
) -> Iterator[list[tuple[Player, np.ndarray]]]:
    """Every track's next block at its level and place, with the player that it belongs to."""
    if not tracks:
        raise GenerationFailed("no part of the score has a note")
    n, players = samples(score.duration_s), {player.name: player for player in style.parts}
    for track in tracks:
        if track.name not in players:
            raise GenerationFailed(f"{track.name}: the style {style.name} has no such part")
    kicks_s = kick_onsets_s(score)
    strips = [_strip(track, players[track.name], kicks_s, n, block) for track in tracks]
    band = [players[track.name] for track in tracks]
    for blocks in zip(*strips, strict=True):
        yield list(zip(band, blocks, strict=True))


def _strip(track: Playable, player: Player, kicks_s: list[float], n: int, block: int) -> Iterator[np.ndarray]:
    """One track at its level, panned and ducked, block by block."""
    level = REFERENCE_RMS / sound_check(track, n) * decibels(player.gain_db)
    matrix = (pan_matrix(player.pan) * level).astype(np.float32)
    duck = ducking(kicks_s, player.duck_db, n) if player.duck_db and kicks_s else None
    for number, (left, right) in enumerate(track.play(0, n, block)):
        placed = np.stack([a * left + b * right for a, b in matrix])
        if duck is not None:
            first = number * block // HOP
            apply_gain(placed, duck[first : first + block // HOP + 1])
        yield placed
