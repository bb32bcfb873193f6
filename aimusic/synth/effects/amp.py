"""Guitar amplifiers on a whole track, so that the notes of a chord intermodulate as they must.

    DI -> high-pass 110 Hz -> +6 dB at 750 Hz -> low-pass 5 kHz -> oversampled valves -> cabinet

The oversampling is cheap because it may be crude above the cabinet's range: the tone stack has taken the top off
what goes in, and the cabinet takes off what folds back above 6 kHz. Only the stretches with signal are played.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.fft import irfft, rfft

from aimusic.synth.effects import filters
from aimusic.synth.kernels import SAMPLE_RATE

ROW = 16  # samples made by one row of the matrix products
TAPS = 8  # of the interpolator and the decimator, per phase
KAISER_BETA = 7.0
CABINET_TAPS = 1024
CHUNK = 14336  # samples played at a time: 896 rows, 1 MB at 6x
CABINET_FFT = 15360  # holds a chunk and its ring
IDLE = 1e-5  # -100 dB: below this a chunk is silent
RING = 4096  # samples after which nothing of the sound before rings on

# Response of a closed-back cabinet with a 12-inch speaker under a close microphone: hertz, decibels.
CABINET_DB = (
    (20.0, -40.0), (50.0, -18.0), (80.0, -4.0), (110.0, 2.0), (160.0, 1.5), (250.0, 0.0), (400.0, -2.0),
    (650.0, -2.5), (1000.0, -1.0), (1600.0, 1.5), (2300.0, 4.0), (3000.0, 5.0), (3800.0, 2.0), (4600.0, -3.0),
    (5500.0, -11.0), (7000.0, -24.0), (10000.0, -42.0), (15000.0, -60.0), (22050.0, -75.0),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Amp:
    """One setting of the amplifier.

    Attributes:
        drive: gain before the first valve; a DI note of mezzo forte peaks at .3 to .5.
        bias: asymmetry of the first valve, which brings even harmonics.
        second_drive: gain before the second valve.
        oversampling: rate of the valves over the sample rate.
        level_db: brings the output to the level of the other instruments.
    """

    drive: float
    bias: float
    second_drive: float
    oversampling: int
    level_db: float


OVERDRIVE = Amp(drive=8.0, bias=0.9, second_drive=1.5, oversampling=3, level_db=-9.0)
DISTORTION = Amp(drive=30.0, bias=1.2, second_drive=2.5, oversampling=6, level_db=-11.0)


class Amplifier:
    """An amplifier and its cabinet; a DI track, (2, samples), comes out the same on both sides."""

    latency = TAPS  # the interpolator's and the decimator's reach together
    saturates = True

    def __init__(self, amp: Amp):
        self._amp = amp
        self._tone = filters.Filter(_tone_stack())
        self._quiet = RING  # samples of silence so far
        self._forget()

    def process(self, block: np.ndarray) -> np.ndarray:
        di = (block[0] + block[1]) * np.float32(0.5)
        level = np.float32(10.0 ** (self._amp.level_db / 20.0))
        for start in range(0, len(di), CHUNK):
            block[:, start : start + CHUNK] = level * self._play(di[start : start + CHUNK])
        return block

    def _play(self, di: np.ndarray) -> np.ndarray:
        silent = np.abs(di).max() <= IDLE
        if silent and self._quiet >= RING:
            self._forget()
            return np.zeros_like(di)
        self._quiet = self._quiet + len(di) if silent else 0
        return self._cabinet(self._valves(self._tone.process(di)))

    def _forget(self) -> None:
        self._tone.forget()
        self._past = np.zeros(2 * TAPS)
        self._ring = np.zeros(CABINET_TAPS - 1, np.float32)

    def _valves(self, di: np.ndarray) -> np.ndarray:
        """Two asymmetric tanh stages at `oversampling` times the sample rate, (samples,) float32, TAPS late.

        Interpolation and decimation are one matrix product each, in float64, because float32 products differ
        between processors. A row of `up` is ROW samples at the high rate; `down` needs the neighbouring rows'
        ends, so the rows overlap by half of the taps on either side.
        """
        up, down = _resamplers(self._amp.oversampling)
        rows = -(-len(di) // ROW)
        known = np.zeros(len(self._past) + rows * ROW)
        known[: len(self._past)] = self._past
        known[len(self._past) : len(self._past) + len(di)] = di * np.float32(self._amp.drive)
        self._past = known[len(di) : len(di) + len(self._past)].copy()
        windows = np.lib.stride_tricks.sliding_window_view(known, ROW + 2 * TAPS)[::ROW]
        fast = (windows @ up).astype(np.float32)
        fast += np.float32(self._amp.bias)
        np.tanh(fast, out=fast)
        fast -= np.float32(np.tanh(self._amp.bias))
        fast *= np.float32(self._amp.second_drive)
        np.tanh(fast, out=fast)
        return (fast.astype(np.float64) @ down).astype(np.float32).ravel()[: len(di)]

    def _cabinet(self, sound: np.ndarray) -> np.ndarray:
        """Convolution with the cabinet; what rings on is kept for the next chunk."""
        n = len(sound)
        wet = irfft(rfft(sound, CABINET_FFT) * _cabinet_spectrum(), CABINET_FFT)
        wet[: len(self._ring)] += self._ring
        self._ring = wet[n : n + len(self._ring)].copy()
        return wet[:n]


@cache
def _tone_stack() -> np.ndarray:
    stages = (
        filters.high_pass(110.0),
        filters.peak(750.0, 6.0, 0.7),
        filters.low_pass(5000.0, 0.541),  # the two Q of a fourth-order Butterworth
        filters.low_pass(5000.0, 1.307),
    )
    return np.concatenate(stages)


@cache
def _resamplers(factor: int) -> tuple[np.ndarray, np.ndarray]:
    """Matrices to the high rate and back.

    Both use one low-pass of TAPS * factor taps with its edge at half of the low rate. `up` takes ROW + 2 TAPS
    samples to (ROW + TAPS) * factor fast ones, `down` takes those back to ROW.
    """
    reach = TAPS // 2
    wide = ROW + TAPS
    fast_t = np.arange(wide * factor) / factor - reach  # in samples, 0 at the row's first sample
    slow_t = np.arange(ROW + 2 * TAPS) - TAPS
    up = _low_pass_taps(fast_t[None, :] - slow_t[:, None])
    down = _low_pass_taps(fast_t[:, None] - np.arange(ROW)[None, :]) / factor
    return up, down


def _low_pass_taps(t: np.ndarray) -> np.ndarray:
    """Kaiser-windowed sinc at times in samples of the low rate; zero beyond half of the taps."""
    x = t / (TAPS / 2)
    window = np.i0(KAISER_BETA * np.sqrt(np.maximum(0.0, 1.0 - x * x))) / np.i0(KAISER_BETA)
    return np.where(np.abs(x) < 1.0, np.sinc(t) * window, 0.0)


@cache
def cabinet_response() -> np.ndarray:
    """Minimum-phase impulse response of CABINET_DB, (CABINET_TAPS,), float64.

    The phase of a minimum-phase filter is the Hilbert transform of its log magnitude: fold the cepstrum of the
    magnitude onto positive time. Source: Oppenheim and Schafer, Discrete-Time Signal Processing, ch. 13.
    """
    n = 1 << 14
    f = np.maximum(np.arange(n // 2 + 1) * SAMPLE_RATE / n, 1.0)
    hertz, decibels = np.array(CABINET_DB).T
    log_magnitude = np.interp(np.log(f), np.log(hertz), decibels) * np.log(10.0) / 20.0
    cepstrum = irfft(log_magnitude, n)
    cepstrum[1 : n // 2] *= 2.0
    cepstrum[n // 2 + 1 :] = 0.0
    response = irfft(np.exp(rfft(cepstrum)), n)[:CABINET_TAPS]
    response[CABINET_TAPS // 2 :] *= np.cos(np.linspace(0.0, np.pi / 2, CABINET_TAPS // 2)) ** 2
    return response


@cache
def _cabinet_spectrum() -> np.ndarray:
    return rfft(cabinet_response().astype(np.float32), CABINET_FFT)
