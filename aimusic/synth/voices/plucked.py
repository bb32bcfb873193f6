"""Plucked strings: guitars, basses, harp. A string, the place where it is plucked, a body, and fingers."""

import numpy as np

from aimusic.synth.kernels import (
    AUDIBLE_HZ,
    LEVEL_EXPONENT,
    MEZZO_FORTE,
    SAMPLE_RATE,
    burst,
    damp,
    decibels,
    hertz,
    hiss,
    low_pass,
    modal,
    overlay,
    peaks,
    samples,
)
from aimusic.synth.voices.contours import recipe

MAX_PARTIALS = 64
LIFT_HZ, LIFT_S = 1500.0, 0.08  # the noise of a finger that leaves or stops a string
POLARISATION_CENTS = 0.35  # a string swings in two planes, and the bridge tunes them apart


@recipe
class Pluck:
    """The finger or pick.

    Attributes:
        at: its place over the string length.
        corner_hz: its low-pass at pitch 60, velocity 80; tracking: octaves that this rises per octave of pitch;
            brightness: octaves from soft to loud. tilt: partial k falls as k^-tilt.
    """

    at: float
    corner_hz: float
    tracking: float
    brightness: float
    tilt: float


@recipe
class String:
    """The string itself.

    Attributes:
        inharmonicity: B of f_k = k f √(1 + B k²) at pitch 60; it doubles in an octave.
        t60_s: decay of the fundamental at pitch 60; t60_slope: octaves lost per octave of pitch.
        t60_loss: 1 / T60(f) = 1 / t60_s + t60_loss (f / 1 kHz)².
        damper_s: T60 after the release.
    """

    inharmonicity: float
    t60_s: float
    t60_slope: float
    t60_loss: float
    damper_s: float


@recipe
class Body:
    """What the string is heard through.

    Attributes:
        formants: (Hz, dB, q) each. pickup_at: place of a pickup over the string length, 0 for none.
        top_hz: low-pass of body, pickup or cable.
    """

    formants: tuple[tuple[float, float, float], ...] = ()
    pickup_at: float = 0.0
    top_hz: float = 16000.0


@recipe
class Noises:
    """What is not string: the finger that plucks, the finger that stops the string, and friction as it rings."""

    finger_db: float
    finger_hz: float
    finger_s: float
    lift_db: float = -46.0
    hiss_db: float = -58.0
    hiss_hz: float = 3000.0


def plucked_string(
    pitch: int,
    velocity: float,
    hold_s: float,
    rng: np.random.Generator,
    *,
    pluck: Pluck,
    string: String,
    body: Body,
    noises: Noises,
    knock: tuple[tuple[float, float, float], ...] = (),
    width: float = 0.0,
) -> np.ndarray:
    """A plucked string with body or pickup.

        level of partial k = |sin(π k p)| k^-tilt · low-pass · body · |sin(π k q)|,    p finger, q pickup

    Args:
        knock: modes that the pluck sets off in body and neck, as (Hz, T60 in seconds, dB).
        width: phase difference between left and right, in radians; 0 is mono.

    Returns:
        (samples,) or, with a width, (2, samples).
    """
    octaves = (pitch - 60) / 12.0
    bright = 2.0 ** (pluck.tracking * octaves + pluck.brightness * (velocity - MEZZO_FORTE))
    place = pluck.at * rng.uniform(0.93, 1.07)  # nobody plucks the same spot twice
    f = string_partials(pitch, string.inharmonicity)
    level = plucked_levels(f, place, pluck.tilt, pluck.corner_hz * bright, body)
    t60 = 1.0 / (2.0 ** (string.t60_slope * octaves) / string.t60_s + string.t60_loss * (f / 1000.0) ** 2)
    n = samples(min(hold_s + 1.3 * string.damper_s, 1.4 * t60.max()))

    sound = _two_planes(f, t60, level, n, rng, width)
    finger = burst(rng, lambda x: low_pass(x, noises.finger_hz * bright), noises.finger_s, 0.002)
    overlay(sound, decibels(noises.finger_db) * finger)
    if knock:
        overlay(sound, body_knock(knock, rng))
    fade = np.exp(-np.log(1000.0) / (0.6 * t60[0] * SAMPLE_RATE) * np.arange(n))
    sound += decibels(noises.hiss_db) * hiss(rng, noises.hiss_hz, n) * fade.astype(np.float32)
    sound *= np.float32(velocity**LEVEL_EXPONENT)
    damp(sound, hold_s, string.damper_s)
    lift = burst(rng, lambda x: low_pass(x, LIFT_HZ), LIFT_S)
    overlay(sound[..., samples(hold_s) :], decibels(noises.lift_db) * lift)
    return sound


def plucked_levels(f: np.ndarray, place: float, tilt: float, corner_hz: float, body: Body) -> np.ndarray:
    """Level of each partial, (K,), power 1 in all."""
    k = np.arange(1, len(f) + 1)
    level = (np.abs(np.sin(np.pi * place * k)) + 0.03) * k**-tilt * low_pass(f, corner_hz, 0.6)
    level *= peaks(f, body.formants) * low_pass(f, body.top_hz)
    if body.pickup_at:
        level *= np.abs(np.sin(np.pi * body.pickup_at * k)) + 0.05
    return level / np.sqrt(np.sum(level**2))


def string_partials(pitch: int, inharmonicity: float) -> np.ndarray:
    """Frequencies of a stiff string whose first partial is in tune, (K,)."""
    b = inharmonicity * 2.0 ** ((pitch - 60) / 12.0)
    k = np.arange(1, MAX_PARTIALS + 1)
    f = hertz(pitch) * k * np.sqrt((1.0 + b * k * k) / (1.0 + b))
    return f[f < AUDIBLE_HZ]


def _two_planes(
    f: np.ndarray, t60: np.ndarray, level: np.ndarray, n: int, rng: np.random.Generator, width: float
) -> np.ndarray:
    """The string swinging across the top, and weaker, longer and a little off along it."""
    apart = 2.0 ** (POLARISATION_CENTS * rng.uniform(0.6, 1.4, len(f)) / 1200.0)
    amp = level * decibels(rng.normal(0.0, 0.5, len(f)))
    phase = np.full(2 * len(f), -np.pi / 2)
    if width:
        turn = width * rng.uniform(-0.5, 0.5, len(phase))
        amp, phase = np.stack((amp, amp)), np.stack((phase - turn, phase + turn))
    along = decibels(rng.uniform(-11.0, -7.0)) * amp
    return modal(
        np.concatenate((f, f * apart)),
        np.concatenate((t60, 1.8 * t60)),
        np.concatenate((amp, along), axis=-1),
        phase,
        n,
    )


def body_knock(modes: tuple[tuple[float, float, float], ...], rng: np.random.Generator) -> np.ndarray:
    """The body's own modes, rung by the pluck; (samples,)."""
    f, t60, db = np.array(modes).T
    amp = decibels(db + rng.uniform(-2.0, 2.0, len(db)))
    return modal(f, t60, amp, rng.uniform(-np.pi, np.pi, len(f)), samples(1.2 * t60.max()))
