"""Tonewheel organ: nine drawbars, key click and percussion. The rotating speaker is the track's insert."""

import numpy as np

from aimusic.synth.kernels import additive, decibels, hertz, samples
from aimusic.synth.voices.contours import block_times, release

# Footages 16', 5 1/3', 8', 4', 2 2/3', 2', 1 3/5', 1 1/3', 1' in semitones above the key.
DRAWBARS = (-12, 7, 0, 12, 19, 24, 28, 31, 36)
LOWEST_WHEEL, HIGHEST_WHEEL = 24, 114  # 91 wheels; beyond them the wiring folds back by octaves
DRAWBAR_STEP_DB = 3.0
CLICK_S = 0.004  # contacts close one after another within this time


def tonewheel(
    pitch: int,
    velocity: float,
    hold_s: float,
    rng: np.random.Generator,
    *,
    drawbars: tuple[int, ...],
    percussion_db: float,
    percussion_s: float,
    click_db: float,
    leakage_db: float,
    brightness: float,
) -> np.ndarray:
    """One key of a tonewheel organ.

    Args:
        drawbars: nine settings from 0 (in) to 8 (out), 3 dB a step.
        percussion_db, percussion_s: level and T60 of the decaying third harmonic.
        click_db: level of the contact noise; leakage_db: of the neighbouring wheels.
        brightness: dB by which the wheels above the fundamental rise from soft to loud, as through the
            volume pedal and a tube preamplifier.

    Returns:
        Mono, (samples,).
    """
    pulled = np.asarray(drawbars)
    wheels = np.array([fold_back(pitch + step) for step in DRAWBARS])
    amp = np.where(pulled > 0, decibels(DRAWBAR_STEP_DB * (pulled - 8.0)), 0.0)
    amp *= decibels(brightness * (velocity - 0.63) * np.sign(np.arange(9) - 2).clip(0))
    n = samples(hold_s + 0.06)
    t = block_times(n)
    env = np.outer(np.ones(len(t)), amp)
    env[:, 4] += decibels(percussion_db) * 10.0 ** (-3.0 * t / percussion_s)
    f = np.concatenate([hertz(wheels), hertz(wheels + 1.0), hertz(wheels - 1.0), 2.0 * hertz(wheels)])
    leak = np.tile(np.maximum(amp, 0.05), 3) * decibels(leakage_db)
    env = np.hstack([env, np.outer(np.ones(len(t)), leak)]) * release(t, hold_s, 0.04)[:, None]
    sound = additive(f, env, rng.uniform(-np.pi, np.pi, len(f)), n) * np.float32(velocity**1.2)
    return sound * _contacts(rng, n, decibels(click_db))


def fold_back(wheel: int) -> int:
    """The wheel that sounds where a drawbar asks for one beyond the ends of the generator."""
    while wheel > HIGHEST_WHEEL:
        wheel -= 12
    while wheel < LOWEST_WHEEL:
        wheel += 12
    return wheel


def _contacts(rng: np.random.Generator, n: int, click: float) -> np.ndarray:
    """Gain of bouncing contacts: a few random steps while the key goes down, then 1. (n,), float32."""
    gain = np.ones(n, np.float32)
    closing = min(samples(CLICK_S), n)
    steps = np.sort(rng.random(9))
    ramp = np.arange(closing) / closing
    gain[:closing] = np.searchsorted(steps, ramp) / 9.0
    bounce = rng.standard_normal(closing) * click * np.sin(np.pi * ramp)
    gain[:closing] += bounce.astype(np.float32)
    return gain
