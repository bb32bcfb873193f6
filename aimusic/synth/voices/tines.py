"""The electric piano: a struck tine before a magnetic pickup."""

import numpy as np

from aimusic.synth.kernels import (
    BLOCK,
    LEVEL_EXPONENT,
    MEZZO_FORTE,
    SAMPLE_RATE,
    additive,
    blocks,
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

CYCLE = 64  # points of a cycle; enough for the 24 harmonics that are kept
HARMONICS = 24


def electric_piano(
    pitch: int,
    velocity: float,
    hold_s: float,
    rng: np.random.Generator,
    *,
    swing: float,
    offset: float,
    tracking: float,
    t60_s: float,
    t60_slope: float,
    modes: tuple[tuple[float, float, float], ...],
    top_hz: float,
    thump_db: float,
    damper_s: float,
) -> np.ndarray:
    """A tine swinging past a pickup, which hears the change of the magnetic flux.

        x = a e(t) sin θ + offset,    flux = 1 / (1 + x²),    sound = d flux / dt

    The pickup bends large swings more than small ones, so a hard blow barks and its bark dies first. The wave
    shape is found once a block, as the harmonics of one shaped cycle; so it cannot alias.

    Args:
        swing: amplitude a of a velocity of 80, in widths of the pickup's field at pitch 60; `tracking`: octaves
            that it loses per octave of pitch. offset: how far the tine rests from the pickup's axis.
        t60_s, t60_slope: decay of the tine at pitch 60, and octaves lost per octave.
        modes: other modes of tine and tone bar: (ratio to the fundamental, T60 in seconds, dB).
        top_hz: low-pass of pickup and amplifier. thump_db: key and hammer noise. damper_s: T60 of the damper.

    Returns:
        Mono, (samples,).
    """
    octaves = (pitch - 60) / 12.0
    t60 = t60_s * 2.0 ** (-t60_slope * octaves)
    n = samples(min(hold_s + 1.3 * damper_s, 1.2 * t60))
    t = np.arange(blocks(n) + 1) * BLOCK / SAMPLE_RATE
    mezzo_forte = swing * 2.0 ** (-tracking * octaves)
    dynamic = velocity / MEZZO_FORTE
    a = mezzo_forte * dynamic * rng.uniform(0.97, 1.03) * 10.0 ** (-3.0 * t / t60)
    harmonics = pickup_harmonics(a, offset) / np.linalg.norm(pickup_harmonics(np.array([mezzo_forte]), offset))
    f = hertz(pitch) * np.arange(1, HARMONICS + 1)
    env = dynamic**0.6 * harmonics * low_pass(f, top_hz)
    phase = np.tile([0.0, np.pi / 2], HARMONICS // 2)
    sound = edges(additive(f, env, phase, n), 0.002, 0.0)

    strike = _strike(pitch, rng, modes, n)
    overlay(strike, decibels(thump_db) * burst(rng, lambda x: low_pass(x, 350.0 * 2.0**velocity), 0.09, 0.002))
    sound += np.float32(velocity**LEVEL_EXPONENT) * strike
    return damp(sound, hold_s, damper_s)


def _strike(
    pitch: int, rng: np.random.Generator, modes: tuple[tuple[float, float, float], ...], n: int
) -> np.ndarray:
    """The other modes of tine and tone bar, no two blows the same; (n,)."""
    ratio, t60, db = np.array(modes).T
    amp = decibels(db + rng.uniform(-1.5, 1.5, len(db)))
    return modal(hertz(pitch) * ratio, t60, amp, np.full(len(db), -np.pi / 2), n)


def pickup_harmonics(a: np.ndarray, offset: float) -> np.ndarray:
    """Harmonics of d/dθ [1 / (1 + (a sin θ + offset)²)] for each amplitude, real, (len(a), HARMONICS).

    The flux is even about θ = π/2, so its odd harmonics are pure sines and its even ones pure cosines. With
    these signs, phases 0 (odd) and π/2 (even) in `additive` make the derivative.
    """
    theta = 2 * np.pi * np.arange(CYCLE) / CYCLE
    flux = 1.0 / (1.0 + (a[:, None] * np.sin(theta) + offset) ** 2)
    spectrum = np.fft.rfft(flux, axis=1)[:, 1 : HARMONICS + 1] * 2.0 / CYCLE
    odd = np.arange(1, HARMONICS + 1) % 2 == 1
    return np.where(odd, -spectrum.imag, spectrum.real) * np.arange(1, HARMONICS + 1)
