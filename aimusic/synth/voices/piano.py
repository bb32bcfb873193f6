"""The grand piano: stiff strings under a felt hammer, a soundboard, a damper.

Each partial is heard twice: the prompt sound of the strings moving together, and the weaker aftersound of the
strings moving against each other, which the bridge drains slowly (G. Weinreich, JASA 62, 1977).
"""

from functools import cache

import numpy as np

from aimusic.music.chance import stream
from aimusic.synth.kernels import (
    AUDIBLE_HZ,
    LEVEL_EXPONENT,
    MEZZO_FORTE,
    burst,
    damp,
    decibels,
    edges,
    hertz,
    low_pass,
    modal,
    overlay,
    samples,
)
from aimusic.synth.voices.contours import recipe

MAX_PARTIALS = 72
MAX_RING_S = 12.0
VOICING = 0.85  # share of the board's unevenness in dB that the technician has taken out of each key's level


@recipe
class Hammer:
    """What the blow puts into the string.

    Attributes:
        felt_hz: corner of the felt's low-pass at pitch 60, velocity 80; felt_tracking: its octaves per octave of
            pitch; felt_slope: order of its roll-off; brightness: octaves that it rises from soft to loud.
        tilt: the hammer's weight; partial k falls as k^-tilt, and tilt grows by tilt_tracking per octave.
    """

    felt_hz: float
    felt_tracking: float
    felt_slope: float
    brightness: float
    tilt: float
    tilt_tracking: float


@recipe
class Strings:
    """How long a key rings.

    Attributes:
        t60_s: prompt decay of the fundamental at pitch 60; t60_slopes: octaves lost per octave of pitch below and
            above it; t60_loss: how much faster partials fall, per kHz above the fundamental.
        aftersound_db, aftersound_ratio: level and T60 of the aftersound against the prompt sound.
    """

    t60_s: float
    t60_slopes: tuple[float, float]
    t60_loss: float
    aftersound_db: float
    aftersound_ratio: float


@recipe
class Board:
    """The soundboard: standard deviation of its response, its low-pass, and the spread of the keys, 0..1."""

    deviation_db: float
    top_hz: float
    spread: float


@recipe
class Noises:
    """Levels of what is not string: the board's thump at the blow and at the release, and the hammer's noise.

    hammer_db is at pitch 60 and grows by hammer_tracking_db per octave.
    """

    knock_db: float
    lift_db: float
    hammer_db: float
    hammer_tracking_db: float


def grand_piano(
    pitch: int,
    velocity: float,
    hold_s: float,
    rng: np.random.Generator,
    *,
    hammer: Hammer,
    strings: Strings,
    board: Board,
    noises: Noises,
    undamped_from: int,
) -> np.ndarray:
    """One key of a grand piano, (2, samples); keys from `undamped_from` on have no damper."""
    damped = pitch < undamped_from
    damper_s = damper_t60(pitch)
    f = partials(pitch)
    prompt, after = decays(f, pitch, strings)
    ring_s = min(MAX_RING_S, after[0])
    n = samples(min(ring_s, hold_s + 1.25 * damper_s) if damped else ring_s)

    level = blow(f, pitch, velocity, hammer) * decibels(rng.normal(0.0, 0.4, len(f)))  # no two blows are the same
    amp, phase = radiation(f, level, pitch, board)
    beat = 2.0 ** (rng.uniform(0.25, 0.7, len(f)) / 1200.0)  # cents between the strings of a key
    sound = modal(
        np.concatenate((f, f * beat)),
        np.concatenate((prompt, after)),
        np.concatenate((amp, decibels(strings.aftersound_db) * amp), axis=1),
        np.concatenate((phase, phase), axis=1),
        n,
    )
    octaves = (pitch - 60) / 12.0
    hammer_db = noises.hammer_db + noises.hammer_tracking_db * octaves
    overlay(sound, decibels(noises.knock_db) * knock(velocity))
    overlay(sound, decibels(hammer_db) * hammer_noise(pitch, velocity, rng))
    sound *= np.float32(velocity**LEVEL_EXPONENT)
    contact_s = 0.0035 * 2.0 ** (-0.45 * octaves - 0.5 * (velocity - MEZZO_FORTE))  # felt on string: 6 to 1 ms
    sound = edges(sound, contact_s, 0.0)
    if damped:
        damp(sound, hold_s, damper_s)
        overlay(sound[:, samples(hold_s) :], decibels(noises.lift_db) * knock(velocity))
    return sound


def inharmonicity(pitch: float) -> float:
    """B of f_k = k f₀ √(1 + B k²): plain steel rises with pitch, wound bass strings fall."""
    return float(np.exp(0.0926 * pitch - 13.64) + 0.35 * np.exp(-0.0847 * pitch - 5.82))


def stretch_cents(pitch: float) -> float:
    """How far tuners stretch the octaves, from -12 cents at the bottom to +15 at the top."""
    octaves = (pitch - 62) / 12.0
    return 0.45 * octaves**3 if octaves < 0 else 0.28 * octaves**3


def damper_t60(pitch: int) -> float:
    """Seconds that the damper needs: .4 in the bass, .16 in the treble."""
    return float(np.interp(pitch, (21, 45, 72, 88), (0.40, 0.30, 0.21, 0.16)))


def partials(pitch: int) -> np.ndarray:
    """Frequencies of the partials that are heard, (K,); the first is the tuned one."""
    first_hz = hertz(pitch + stretch_cents(pitch) / 100.0)
    b = inharmonicity(pitch)
    k = np.arange(1, MAX_PARTIALS + 1)
    f = first_hz * k * np.sqrt((1.0 + b * k * k) / (1.0 + b))
    return f[f < min(AUDIBLE_HZ, 60.0 * first_hz + 2000.0)]


def decays(f: np.ndarray, pitch: int, strings: Strings) -> tuple[np.ndarray, np.ndarray]:
    """T60 of each partial in the prompt sound and in the aftersound, (K,) each."""
    octaves = (pitch - 60) / 12.0
    first_s = strings.t60_s * 2.0 ** (-strings.t60_slopes[octaves > 0] * octaves)
    prompt = first_s / (1.0 + strings.t60_loss * (f - f[0]) / 1000.0)
    return prompt, prompt * (1.0 + (strings.aftersound_ratio - 1.0) / (1.0 + f / 4000.0))  # little of it up high


def blow(f: np.ndarray, pitch: int, velocity: float, hammer: Hammer) -> np.ndarray:
    """Level of each partial, (K,), power 1 in all: where the hammer strikes, its weight, and its felt."""
    octaves = (pitch - 60) / 12.0
    k = np.arange(1, len(f) + 1)
    place = np.interp(pitch, (21, 60, 108), (0.122, 0.118, 0.075))  # striking point over string length
    blur = np.interp(pitch, (36, 84), (0.15, 0.5))  # treble hammers stay on while the wave comes and goes
    comb = np.hypot(np.sin(np.pi * place * k), blur)
    weight = k ** -(hammer.tilt + hammer.tilt_tracking * octaves)
    octaves_up = hammer.felt_tracking * octaves + hammer.brightness * (velocity - MEZZO_FORTE)
    felt = (1.0 + (f / (hammer.felt_hz * 2.0**octaves_up)) ** 2) ** (-hammer.felt_slope / 2.0)
    level = comb * weight * felt
    return level / np.sqrt(np.sum(level**2))


def radiation(f: np.ndarray, level: np.ndarray, pitch: int, board: Board) -> tuple[np.ndarray, np.ndarray]:
    """Amplitude and phase of each partial at the left and the right ear, (2, K) each; the key is voiced."""
    gain, phase = soundboard(f, board.deviation_db)
    amp = gain * level * low_pass(f, board.top_hz)
    voiced = (np.sum(amp**2) / 2.0) ** (-0.5 * VOICING)
    return amp * voiced * key_pan(pitch, board.spread), phase


@cache
def _soundboard_table() -> tuple[np.ndarray, np.ndarray]:
    """Knots of log2 frequency, and standard normal responses (left, right, and two phases), (4, knots)."""
    knots = np.arange(np.log2(20.0), np.log2(24000.0), 1.0 / 18.0)
    table = stream(0, "soundboard").standard_normal((4, len(knots)))
    table[1] = 0.75 * table[0] + 0.66 * table[1]  # both ears hear one board
    return knots, table


def soundboard(f: np.ndarray, deviation_db: float) -> tuple[np.ndarray, np.ndarray]:
    """Gain and phase of the board at each partial for left and right, (2, K) each; fixed for ever."""
    knots, table = _soundboard_table()
    rows = np.stack([np.interp(np.log2(f), knots, row) for row in table])
    gain = decibels(deviation_db * rows[:2])
    shared = -np.pi / 2 + np.clip(np.log2(f / f[0]), 0.0, 1.5) * rows[2]
    return gain, np.stack((shared, shared + 0.35 * rows[3]))


def key_pan(pitch: int, spread: float) -> np.ndarray:
    """Left and right gain of a key, (2, 1): the bass lies left, as the player hears it."""
    angle = np.pi / 4 * (1.0 + spread * (pitch - 62) / 46.0)
    return np.sqrt(2.0) * np.array([[np.cos(angle)], [np.sin(angle)]])


KNOCK_MODES = 90


@cache
def _knock_modes() -> tuple[np.ndarray, ...]:
    rng = stream(0, "soundboard", "knock")
    f = 65.0 * 2.0 ** np.sort(rng.uniform(0.0, 5.3, KNOCK_MODES))  # 65 Hz to 2.6 kHz
    t60 = 0.8 * (f / 65.0) ** -0.6 * rng.uniform(0.7, 1.3, KNOCK_MODES)
    amp = (f / 65.0) ** -0.5 * rng.normal(0.0, 1.0, (2, KNOCK_MODES))
    phase = rng.uniform(-np.pi, np.pi, (2, KNOCK_MODES))
    return f, t60, amp / np.sqrt(np.sum(amp**2) / 2.0), phase


@cache
def _knock_sound() -> np.ndarray:
    f, t60, amp, phase = _knock_modes()
    return edges(modal(f, t60, amp, phase, samples(1.0)), 0.004, 0.05)


def knock(velocity: float) -> np.ndarray:
    """The blow on key bed and board, the same thud under every key; (2, samples)."""
    return _knock_sound() * np.float32(2.0 ** (0.4 * (velocity - MEZZO_FORTE)))


def hammer_noise(pitch: int, velocity: float, rng: np.random.Generator) -> np.ndarray:
    """Felt and string noise of the blow, different in each ear, (2, samples)."""
    corner_hz = 700.0 * 2.0 ** (0.5 * (pitch - 60) / 12.0 + 1.5 * (velocity - MEZZO_FORTE))

    def colour(f: np.ndarray) -> np.ndarray:
        return low_pass(f, 9000.0) * f / (f + 120.0) / np.hypot(1.0, f / corner_hz)

    t60_s = 0.5 * 2.0 ** (-0.25 * (pitch - 60) / 12.0)
    return np.stack([burst(rng, colour, t60_s, 0.002) for _ in range(2)])
