"""From stems to a stereo mix: level, place, ducking and room of every part, as the style's players ask.

Filters are linear, so parts that need the same one are added first and filtered once.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from aimusic.errors import GenerationFailed
from aimusic.music.score import Score
from aimusic.style import Mix, Player, Style
from aimusic.synth.effects import filters
from aimusic.synth.effects.dynamics import HOP, apply_gain, ducking
from aimusic.synth.effects.reverb import add_reverb
from aimusic.synth.kernels import decibels, samples
from aimusic.synth.render import Stem

REFERENCE_RMS = 0.12
ACTIVE_BLOCK = 2205  # 50 ms
ACTIVE_DB = -30.0  # a block this far below the loudest is a rest

FOUNDATION_ROLES = {"bass", "drums"}
LOW_CUT_HZ = 80.0  # for everything above the foundation, when there is a bass
SIDE_CUT_HZ = 180.0  # fourth order: 120 Hz and below are as good as mono
SIDE_CUT_Q = (0.541, 1.307)
KICKS = {35, 36}
BLOCK = HOP * 512


@dataclass(frozen=True, slots=True)
class Desk:
    """The buses of the mix: foundation and body (2, samples), the reverb's send (samples,)."""

    foundation: np.ndarray
    body: np.ndarray
    send: np.ndarray


def mix(stems: Iterable[Stem], score: Score, style: Style) -> np.ndarray:
    """Mix the stems as the style's players and studio ask.

    Args:
        stems: each named as one of the style's players; taken one at a time.

    Returns:
        (2, samples), float32, before mastering: its level is the master's business.

    Raises:
        GenerationFailed: for a stem that is silent or not finite, or that no player of the style made.
    """
    n = samples(score.duration_s)
    desk = Desk(np.zeros((2, n), np.float32), np.zeros((2, n), np.float32), np.zeros(n, np.float32))
    players = {player.name: player for player in style.parts}
    kicks_s = kick_onsets_s(score)
    for stem in stems:
        if stem.name not in players:
            raise GenerationFailed(f"{stem.name}: the style {style.name} has no such part")
        _add(stem, players[stem.name], kicks_s, desk)
        del stem  # before the next one is rendered
    return _sum(desk, style)


def kick_onsets_s(score: Score) -> list[float]:
    """When the bass drum sounds, in seconds."""
    drums = (part for part in score.parts if part.is_drum)
    return sorted(score.onset_s(note) for part in drums for note in part.notes if note.pitch in KICKS)


def active_rms(audio: np.ndarray) -> float:
    """Root mean square over the 50 ms blocks within 30 dB of the loudest one; NaN or inf where the sound is."""
    n = audio.shape[1]
    starts = range(0, n, ACTIVE_BLOCK)
    # Not a dot product: its last digits depend on the linear algebra library's choice for the processor.
    power = np.array([np.square(audio[:, i : i + ACTIVE_BLOCK], dtype=np.float64).mean() for i in starts])
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


def _add(stem: Stem, player: Player, kicks_s: list[float], desk: Desk) -> None:
    """Set one stem's level, duck it, and put it on its bus and the send."""
    rms = active_rms(stem.audio)
    if not np.isfinite(rms):
        raise GenerationFailed(f"{stem.name}: the sound is not finite")
    if rms == 0.0:
        raise GenerationFailed(f"{stem.name}: made no sound")
    level = REFERENCE_RMS / rms * decibels(player.gain_db)
    matrix = (pan_matrix(player.pan) * level).astype(np.float32)
    send = np.float32(0.5 * decibels(player.reverb_db))
    duck = ducking(kicks_s, player.duck_db, stem.audio.shape[1]) if player.duck_db and kicks_s else None
    bus = desk.foundation if player.role in FOUNDATION_ROLES else desk.body
    for start in range(0, stem.audio.shape[1], BLOCK):
        left, right = stem.audio[:, start : start + BLOCK]
        placed = np.stack([a * left + b * right for a, b in matrix])
        if duck is not None:
            apply_gain(placed, duck[start // HOP : (start + BLOCK) // HOP + 1])
        bus[:, start : start + BLOCK] += placed
        desk.send[start : start + BLOCK] += send * (placed[0] + placed[1])


def _sum(desk: Desk, style: Style) -> np.ndarray:
    """Foundation, body and room together, on the desk's own memory."""
    out = desk.body
    if any(player.role == "bass" for player in style.parts):
        filters.filter_in_place(filters.high_pass(LOW_CUT_HZ), out)
    out += desk.foundation
    add_reverb(desk.send, style.mix.room, out)
    _shape_stereo(out, style.mix)
    if style.mix.tilt_db:
        filters.filter_in_place(filters.tilt(style.mix.tilt_db), out)
    return out


def _shape_stereo(audio: np.ndarray, settings: Mix) -> None:
    """Mono below the side cut, and the style's width: both act on the side signal, half of left minus right."""
    _turn(audio, 0.5)
    cut = np.concatenate([filters.high_pass(SIDE_CUT_HZ, q) for q in SIDE_CUT_Q])
    cut[0, :3] *= settings.width
    filters.filter_in_place(cut, audio[1])
    _turn(audio, 1.0)


def _turn(audio: np.ndarray, scale: float) -> None:
    """Left and right into middle and side where they lie (scale .5), and back (scale 1)."""
    for start in range(0, audio.shape[1], BLOCK):
        left, right = audio[:, start : start + BLOCK] * np.float32(scale)
        np.add(left, right, out=audio[0, start : start + BLOCK])
        np.subtract(left, right, out=audio[1, start : start + BLOCK])
