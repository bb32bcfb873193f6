"""The effect that a whole track passes through, by the name that `instruments.toml` gives.

An insert takes the dry track, (2, samples), and the tempo; it returns the same shape.
"""

from collections.abc import Callable

import numpy as np

from aimusic.music.rhythm import TICKS_PER_QUARTER, Tempo
from aimusic.synth.effects import amp, modulation

Insert = Callable[[np.ndarray, Tempo], np.ndarray]


def dry(audio: np.ndarray, tempo: Tempo) -> np.ndarray:
    """The track as it is."""
    return audio


def amp_overdrive(audio: np.ndarray, tempo: Tempo) -> np.ndarray:
    """A valve combo on the edge: bends and double stops growl."""
    return amp.play_through(amp.OVERDRIVE, audio)


def amp_distortion(audio: np.ndarray, tempo: Tempo) -> np.ndarray:
    """A high-gain stack: power chords become one sound."""
    return amp.play_through(amp.DISTORTION, audio)


def leslie(audio: np.ndarray, tempo: Tempo) -> np.ndarray:
    """An organ's rotating speaker, at its fast speed."""
    return modulation.leslie(audio)


def tremolo(audio: np.ndarray, tempo: Tempo) -> np.ndarray:
    """A vibraphone's motor: both sides together, shallow."""
    return modulation.tremolo(audio, rate_hz=5.2, depth=0.35, spread=0.0)


def autopan(audio: np.ndarray, tempo: Tempo) -> np.ndarray:
    """An electric piano's stereo tremolo."""
    return modulation.tremolo(audio, rate_hz=4.1, depth=0.4, spread=0.5)


def chorus(audio: np.ndarray, tempo: Tempo) -> np.ndarray:
    """Two drifting copies, for clean guitars and electric pianos."""
    return modulation.chorus(audio, wet=0.6)


def ensemble(audio: np.ndarray, tempo: Tempo) -> np.ndarray:
    """The three voices of a string machine."""
    return modulation.ensemble(audio)


def echo(audio: np.ndarray, tempo: Tempo) -> np.ndarray:
    """Echoes every dotted eighth."""
    delay_s = tempo.seconds(TICKS_PER_QUARTER * 3 / 4)
    return modulation.echo(audio, delay_s, feedback=0.45, wet=0.35)


INSERTS: dict[str, Insert] = {
    "": dry,
    "amp_overdrive": amp_overdrive,
    "amp_distortion": amp_distortion,
    "leslie": leslie,
    "tremolo": tremolo,
    "autopan": autopan,
    "chorus": chorus,
    "ensemble": ensemble,
    "echo": echo,
}
