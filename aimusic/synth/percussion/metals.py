"""Cymbals, hats and bells: hundreds of modes at random frequencies, different on the left and on the right."""

import numpy as np

from aimusic.music.chance import stream
from aimusic.synth.kernels import modal, samples
from aimusic.synth.voices.contours import recipe

MEZZO_FORTE = 0.63
_SPLASH_OCTAVES = 2.0  # brightness from the softest to the hardest stroke


@recipe
class Metal:
    """A plate of metal.

    The modes lie between two frequencies, one in each of `modes` equal steps of a scale between linear (a flat
    plate: equal density in hertz) and logarithmic. Energy climbs from the low modes into the high ones for
    some milliseconds after the stroke, as it does in a cymbal.

    Attributes:
        seed: which plate it is; the same plate struck, half open or damped has the same modes.
        modes, low_hz, high_hz: how many, and where.
        t60_s: decay at low_hz; t60_slope: it falls as f^-slope.
        tilt_db: per octave of the modes' level; peak_hz, peak_q: band in which they are strongest.
        wash_s: time constant in which modes far above the stroke's own spectrum build up.
        ping: (frequency_hz, level_db, t60_s) of single modes that stand out: the stick on a ride, a bell.
    """

    seed: int
    modes: int
    low_hz: float
    high_hz: float
    t60_s: float
    t60_slope: float
    tilt_db: float
    peak_hz: float
    peak_q: float
    wash_s: float = 0.0
    ping: tuple[tuple[float, float, float], ...] = ()

    def strike(self, level: float, rng: np.random.Generator) -> np.ndarray:
        """The plate alone, (2, samples), RMS of the sum of its modes 1 at the start."""
        plate = stream(self.seed, "plate")
        f = self._frequencies(plate)
        t60 = self.t60_s * (f / self.low_hz) ** -self.t60_slope * plate.uniform(0.7, 1.3, len(f))
        peak_hz = self.peak_hz * 2 ** (_SPLASH_OCTAVES * (level - MEZZO_FORTE) / 2)
        r = f / peak_hz
        amp = r ** (self.tilt_db / 6.02) / np.sqrt((1 - r * r) ** 2 + (r / self.peak_q) ** 2)
        amp *= plate.rayleigh(1.0, len(f)) * rng.uniform(0.7, 1.3, len(f))
        amp *= np.sqrt(2.0 / (amp**2).sum())
        turns = rng.uniform(-np.pi, np.pi, (2, len(f)))
        n = samples(1.1 * max(t60.max(), *(life for *_, life in self.ping), 0.0))
        sound = modal(f, t60, np.stack([amp, amp]), turns, n)
        if self.wash_s:
            # 1 - exp(-t/w) as a second, short-lived set of the same modes: what has not yet arrived.
            late = amp * (r / (1 + r))
            brief = 1 / (1 / t60 + 1 / (6.9 * self.wash_s))
            sound -= modal(f, brief, np.stack([late, late]), turns, n)
        return sound + self._pings(level, rng, n)

    def _frequencies(self, plate: np.random.Generator) -> np.ndarray:
        """One random frequency in each step of a square-root scale between low and high, (modes,)."""
        step = (np.arange(self.modes) + plate.random(self.modes)) / self.modes
        low, high = self.low_hz**0.5, self.high_hz**0.5
        return (low + (high - low) * step) ** 2

    def _pings(self, level: float, rng: np.random.Generator, n: int) -> np.ndarray:
        if not self.ping:
            return np.zeros((2, n), np.float32)
        f, level_db, t60 = np.array(self.ping).T
        amp = 10 ** ((level_db + rng.uniform(-1.0, 1.0, len(f))) / 20) * (f / f[0]) ** (level - MEZZO_FORTE)
        turns = np.tile(rng.uniform(-np.pi, np.pi, len(f)), (2, 1))
        return modal(f, t60, np.stack([amp, amp]), turns, n)
