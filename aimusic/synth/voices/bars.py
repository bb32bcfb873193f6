"""Struck bars and bells: vibraphone, marimba, celesta, tubular and frequency-modulated bells."""

import numpy as np

from aimusic.synth.kernels import (
    LEVEL_EXPONENT,
    MEZZO_FORTE,
    burst,
    damp,
    decibels,
    hertz,
    low_pass,
    modal,
    samples,
)


def struck_bar(
    pitch: int,
    velocity: float,
    hold_s: float,
    rng: np.random.Generator,
    *,
    ratios: tuple[float, ...],
    levels_db: tuple[float, ...],
    t60_s: tuple[float, ...],
    t60_slope: float,
    mallet_hz: float,
    mallet_tracking: float,
    brightness: float,
    knock_db: float,
    knock_hz: float,
    knock_s: float,
    damper_s: float,
) -> np.ndarray:
    """A tuned bar under a mallet: a few inharmonic modes, each with its own life, and the mallet's knock.

    Args:
        ratios: mode frequencies over the fundamental.
        levels_db: mode levels under a bare point, the strongest 0.
        t60_s: decay of each mode at pitch 60; `t60_slope`: octaves of decay lost per octave of pitch.
        mallet_hz: low-pass of the mallet's felt or rubber at pitch 60 at velocity 80;
            `mallet_tracking`: its octaves per octave of pitch; `brightness`: octaves from soft to loud.
        knock_db, knock_hz, knock_s: level, cutoff and T60 of the mallet's noise, against the fundamental.
        damper_s: T60 after the release.

    Returns:
        Mono, (samples,).
    """
    octaves = (pitch - 60) / 12.0
    f = hertz(pitch) * np.asarray(ratios)
    t60 = np.asarray(t60_s) * 2.0 ** (-t60_slope * octaves)
    n = samples(min(hold_s + 1.3 * damper_s, 1.3 * t60.max()))
    cutoff_hz = mallet_hz * 2.0 ** (mallet_tracking * octaves + brightness * (velocity - MEZZO_FORTE))
    felt = low_pass(f, cutoff_hz, 0.6)
    felt /= felt[np.argmax(felt * decibels(levels_db))]
    strike = decibels(rng.uniform(-1.0, 1.0, len(f)))  # the mallet never lands on the same spot twice
    strike[0] = 1.0
    loudness = velocity**LEVEL_EXPONENT
    sound = modal(f, t60, loudness * decibels(levels_db) * felt * strike, np.full(len(f), -np.pi / 2), n)
    knock = burst(rng, lambda x: low_pass(x, knock_hz * 2.0 ** (velocity - MEZZO_FORTE)), knock_s)[:n]
    sound[: len(knock)] += loudness * decibels(knock_db) * knock
    return damp(sound, hold_s, damper_s)
