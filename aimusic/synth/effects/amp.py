"""Guitar amplifiers on a whole track, so that the notes of a chord intermodulate as they must.

    DI -> high-pass 110 Hz -> +6 dB at 750 Hz -> low-pass 5 kHz -> oversampled valves -> cabinet

The oversampling is cheap because it may be crude above the cabinet's range: the tone stack has taken the top off
what goes in, and the cabinet takes off what folds back above 6 kHz. Only the stretches with signal are played.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.fft import irfft, rfft

from aimusic.synth.effects import filters
from aimusic.synth.kernels import SAMPLE_RATE

ROW = 16  # samples made by one row of the matrix products
TAPS = 8  # of the interpolator and the decimator, per phase
KAISER_BETA = 7.0
ROWS = 2048  # at a time: 3 MB at 6x
CABINET_TAPS = 1024
CABINET_FFT = 1 << 14
IDLE = 1e-5  # -100 dB: below this a track is silent
IDLE_BLOCK = 4096

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


def play_through(amp: Amp, audio: np.ndarray) -> np.ndarray:
    """A DI track, (2, samples), through the amplifier and its cabinet: the same on both sides."""
    out = np.zeros_like(audio)
    for start, stop in _sounding(audio):
        di = (audio[0, start:stop] + audio[1, start:stop]) * np.float32(0.5)
        out[:, start:stop] = _cabinet(_valves(amp, filters.filter_in_place(_tone_stack(), di)))
    out *= np.float32(10.0 ** (amp.level_db / 20.0))
    return out


def _sounding(audio: np.ndarray) -> Iterator[tuple[int, int]]:
    """Stretches with signal, each with a block of room for the ring after it."""
    n = audio.shape[-1]
    count = -(-n // IDLE_BLOCK)
    loud = np.zeros(count + 1, dtype=bool)
    for block in range(count):
        loud[block] = np.abs(audio[:, block * IDLE_BLOCK : (block + 1) * IDLE_BLOCK]).max() > IDLE
    loud[1:] |= loud[:-1]
    edges = np.flatnonzero(np.diff(np.concatenate(([False], loud, [False])).astype(int)))
    for first, last in edges.reshape(-1, 2):
        yield first * IDLE_BLOCK, min(n, last * IDLE_BLOCK)


@cache
def _tone_stack() -> np.ndarray:
    stages = (
        filters.high_pass(110.0),
        filters.peak(750.0, 6.0, 0.7),
        filters.low_pass(5000.0, 0.541),  # the two Q of a fourth-order Butterworth
        filters.low_pass(5000.0, 1.307),
    )
    return np.concatenate(stages)


def _valves(amp: Amp, di: np.ndarray) -> np.ndarray:
    """Two asymmetric tanh stages at `oversampling` times the sample rate, (samples,) float32.

    Interpolation and decimation are one matrix product each, in float64, because float32 products differ
    between processors. A row of `up` is ROW samples at the high rate; `down` needs the neighbouring rows'
    ends, so the rows overlap by half of the taps on either side.
    """
    up, down = _resamplers(amp.oversampling)
    reach = TAPS // 2
    n = len(di)
    rows = -(-n // ROW)
    padded = np.zeros(rows * ROW + 4 * reach)
    padded[2 * reach : 2 * reach + n] = di * np.float32(amp.drive)
    windows = np.lib.stride_tricks.sliding_window_view(padded, ROW + 4 * reach)[::ROW]
    out = np.empty((rows, ROW), dtype=np.float32)
    rest = np.tanh(amp.bias)
    for start in range(0, rows, ROWS):
        fast = (windows[start : start + ROWS] @ up).astype(np.float32)
        fast += np.float32(amp.bias)
        np.tanh(fast, out=fast)
        fast -= np.float32(rest)
        fast *= np.float32(amp.second_drive)
        np.tanh(fast, out=fast)
        out[start : start + ROWS] = fast.astype(np.float64) @ down
    return out.ravel()[:n]


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


def _cabinet(sound: np.ndarray) -> np.ndarray:
    """Convolution with the cabinet, cut to the sound's length, (samples,) float32."""
    spectrum = rfft(cabinet_response().astype(np.float32), CABINET_FFT)
    block = CABINET_FFT - CABINET_TAPS + 1
    out = np.zeros_like(sound)
    for start in range(0, len(sound), block):
        wet = irfft(rfft(sound[start : start + block], CABINET_FFT) * spectrum, CABINET_FFT)
        out[start : start + CABINET_FFT] += wet[: len(sound) - start]
    return out
