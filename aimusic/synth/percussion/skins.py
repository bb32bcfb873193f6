"""A struck membrane: modes that share one falling pitch, and the click of the beater."""

import numpy as np

from aimusic.synth.kernels import SAMPLE_RATE, decibels, samples
from aimusic.synth.voices.contours import recipe

MEZZO_FORTE = 0.63


@recipe
class Skin:
    """A drum head.

    Attributes:
        f_hz: where the pitch settles; sweep_hz: how much higher it starts when hit with full force;
            sweep_s: time constant of its fall.
        ratios, levels_db, t60_s: of the modes; 1, 1.59, 2.14 ... are those of an ideal circular membrane.
        attack_s: time in which the head starts to move.
        touch_db: by how much the modes above the first grow from the softest to the hardest stroke.
    """

    f_hz: float
    sweep_hz: float
    sweep_s: float
    ratios: tuple[float, ...]
    levels_db: tuple[float, ...]
    t60_s: tuple[float, ...]
    attack_s: float = 0.0015
    touch_db: float = 10.0

    def strike(self, level: float, rng: np.random.Generator) -> np.ndarray:
        """The head alone, mono; the first mode has about amplitude 1 whatever the level (0..1).

        y(t) = sum a_m sin(r_m w(t)) 10^(-3 t/T_m),  w(t) = 2 pi (f t + d s (1 - exp(-t/s)))
        """
        n = samples(1.15 * max(self.t60_s))
        t = np.arange(n) / SAMPLE_RATE
        sweep_hz = self.sweep_hz * level * rng.uniform(0.92, 1.08)
        w = 2 * np.pi * (self.f_hz * t + sweep_hz * self.sweep_s * (1 - np.exp(-t / self.sweep_s)))
        sound = np.zeros(n)
        for ratio, level_db, t60 in zip(self.ratios, self.levels_db, self.t60_s, strict=True):
            life = samples(1.15 * t60)
            upper_db = (self.touch_db * (level - MEZZO_FORTE) + rng.uniform(-1.5, 1.5)) if ratio > 1 else 0.0
            mode = np.sin(ratio * w[:life]) * 10.0 ** (-3.0 * t[:life] / t60)
            sound[:life] += decibels(level_db + upper_db) * mode
        rise = samples(self.attack_s)
        sound[:rise] *= np.sin(np.pi / 2 * np.arange(rise) / rise)
        return sound.astype(np.float32)
