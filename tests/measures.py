"""What the tests measure on a sound: level, spectrum, pitch, attack and decay."""

import numpy as np

SAMPLE_RATE = 44100


def played(track, stop: int, block: int = 63 * 700) -> np.ndarray:
    """The whole of a track, up to a sample: its blocks share their memory, so each is copied."""
    return np.concatenate([heard.copy() for heard in track.play(0, stop, block)], axis=1)


def through(effect, audio: np.ndarray) -> np.ndarray:
    """A whole sound through an effect in one block, without its latency."""
    late = effect.latency
    padded = np.concatenate((audio, np.zeros((2, late), np.float32)), axis=1)
    return effect.process(padded)[:, late:]


def mono(sound: np.ndarray) -> np.ndarray:
    return np.atleast_2d(sound).mean(axis=0).astype(np.float64)


def part(sound: np.ndarray, start_s: float, stop_s: float) -> np.ndarray:
    """The mono sound between two times."""
    return mono(sound)[round(start_s * SAMPLE_RATE) : round(stop_s * SAMPLE_RATE)]


def dc(sound: np.ndarray) -> float:
    """Mean under a window against the peak: what is left at zero frequency, not of the last cycle cut short."""
    x = mono(sound)
    window = np.hanning(len(x))
    return float(abs((x * window).sum() / window.sum()) / np.abs(x).max())


def db(ratio: float) -> float:
    return float(20 * np.log10(max(ratio, 1e-12)))


def spectrum(sound: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies in hertz and power, under a window whose sidelobes lie below -100 dB."""
    x = mono(sound)
    power = np.abs(np.fft.rfft(x * np.kaiser(len(x), 14.0))) ** 2
    return np.fft.rfftfreq(len(x), 1 / SAMPLE_RATE), power


def centroid_hz(sound: np.ndarray) -> float:
    x = mono(sound)
    power = np.abs(np.fft.rfft(x)) ** 2
    return float((np.fft.rfftfreq(len(x), 1 / SAMPLE_RATE) * power).sum() / power.sum())


def share(sound: np.ndarray, low_hz: float, high_hz: float) -> float:
    """Share of the energy between two frequencies."""
    x = mono(sound)
    f, power = np.fft.rfftfreq(len(x), 1 / SAMPLE_RATE), np.abs(np.fft.rfft(x)) ** 2
    return float(power[(f >= low_hz) & (f < high_hz)].sum() / power.sum())


def envelope(sound: np.ndarray, block: int = 256) -> np.ndarray:
    """RMS of the mono sound in blocks."""
    x = mono(sound)
    rows = x[: len(x) // block * block].reshape(-1, block)
    return np.sqrt((rows**2).mean(axis=1))


def decay_s(sound: np.ndarray, fall_db: float) -> float:
    """Time until the sound has fallen this far below its peak for good."""
    level = envelope(sound)
    loud = np.flatnonzero(level > level.max() * 10 ** (-fall_db / 20))
    return float((loud[-1] + 1) * 256 / SAMPLE_RATE)


def cents_over_time(sound: np.ndarray, f0_hz: float, width_hz: float | None = None) -> np.ndarray:
    """Deviation of the fundamental from f0 in cents at every sample: the slope of the phase of its band."""
    x = mono(sound)
    analytic = np.fft.fft(x)
    f = np.fft.fftfreq(len(x), 1 / SAMPLE_RATE)
    analytic[np.abs(f - f0_hz) > (width_hz or 0.4 * f0_hz)] = 0
    phase = np.unwrap(np.angle(np.fft.ifft(analytic)))
    hz = np.gradient(phase) * SAMPLE_RATE / (2 * np.pi)
    return 1200 * np.log2(np.maximum(hz, 1.0) / f0_hz)  # before and after the note there is only rounding
