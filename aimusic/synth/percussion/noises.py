"""Noise of drums: snare wires, clicks, claps, jingles, and the square oscillators of the drum machines."""

import numpy as np

from aimusic.synth.kernels import (
    SAMPLE_RATE,
    additive,
    band_pass,
    blocks,
    decibels,
    high_pass,
    low_pass,
    noise,
    samples,
)
from aimusic.synth.voices.contours import block_times, recipe, swell

MEZZO_FORTE = 0.63
SQUARES_HZ = (205.3, 304.4, 369.6, 522.7, 540.0, 800.0)  # the six oscillators of the TR-808
_CEILING_HZ = 17000.0


@recipe
class Burst:
    """Noise between two frequencies, with an attack and an exponential decay.

    Attributes:
        level_db: RMS against a sine of amplitude 1; touch_db: its growth from the softest to the hardest stroke.
        low_hz, high_hz: 12 dB an octave below and above; brightness: octaves of high_hz from soft to hard.
        attack_s, t60_s: rise and decay; delay_s: start of each burst, so that several hands may clap.
        wide: True for independent noise on the left and on the right.
    """

    level_db: float
    low_hz: float
    high_hz: float
    t60_s: float
    attack_s: float = 0.001
    delay_s: tuple[float, ...] = (0.0,)
    touch_db: float = 6.0
    brightness: float = 1.0
    wide: bool = False

    def strike(self, level: float, rng: np.random.Generator) -> np.ndarray:
        """The noise, (1, samples) or (2, samples) where it is wide."""
        n = samples(max(self.delay_s) + self.attack_s + 1.1 * self.t60_s)
        t = np.arange(n) / SAMPLE_RATE
        envelope = np.zeros(n)
        for delay_s in self.delay_s:
            late = t - delay_s
            envelope = np.maximum(
                envelope, swell(late, self.attack_s) * 10.0 ** (-3.0 * np.maximum(late, 0.0) / self.t60_s)
            )
        high_hz = self.high_hz * 2 ** (self.brightness * (level - MEZZO_FORTE))

        def band(f: np.ndarray) -> np.ndarray:
            gain = high_pass(np.maximum(f, 1.0), self.low_hz) * low_pass(f, high_hz)
            return gain / np.sqrt(np.mean(gain**2))

        gain = decibels(self.level_db + self.touch_db * (level - MEZZO_FORTE))
        sides = [noise(rng, band, n) for _ in range(2 if self.wide else 1)]
        return (np.stack(sides) * envelope * gain).astype(np.float32)


@recipe
class Squares:
    """Six square waves into band-passes, as in the TR-808: hats, cymbal; two of them: the cowbell.

    Attributes:
        oscillators: which of SQUARES_HZ sound.
        bands: (centre_hz, q, level_db, t60_s): each band has its own decay.
        attack_s: rise of the level; first_s, first_db: a fast first decay, as of the cowbell.
    """

    oscillators: tuple[int, ...]
    bands: tuple[tuple[float, float, float, float], ...]
    attack_s: float = 0.001
    first_s: float = 0.0
    first_db: float = 0.0
    brightness: float = 1.0

    def strike(self, level: float, rng: np.random.Generator) -> np.ndarray:
        """The oscillators, mono; they run freely, so each stroke begins at other phases."""
        f, amp = zip(*(_square(SQUARES_HZ[i]) for i in self.oscillators), strict=True)
        f, amp = np.concatenate(f), np.concatenate(amp)
        n = samples(1.1 * max(t60 for *_, t60 in self.bands))
        t = block_times(n)
        env = np.zeros((blocks(n) + 1, len(f)))
        for centre_hz, q, level_db, t60 in self.bands:
            db = level_db + self.brightness * 6.0 * (level - MEZZO_FORTE) * np.log2(centre_hz / self.bands[0][0])
            env += np.outer(10.0 ** (-3.0 * t / t60), band_pass(f, centre_hz, q) ** 2 * amp * decibels(db))
        if self.first_s:
            env *= (1 + (decibels(self.first_db) - 1) * 10.0 ** (-3.0 * t / self.first_s))[:, None]
        heard = env.max(axis=0) > 1e-4 * env.max()
        sound = additive(f[heard], env[:, heard], rng.uniform(-np.pi, np.pi, heard.sum()), n)
        rise = samples(self.attack_s)
        sound[:rise] *= np.linspace(0, 1, rise, dtype=np.float32)
        return sound


def _square(f0_hz: float) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies and amplitudes of a band-limited square wave: odd harmonics, 1/k."""
    k = np.arange(1, int(_CEILING_HZ / f0_hz) + 1, 2)
    return f0_hz * k, 1.0 / k
