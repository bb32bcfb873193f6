"""The effect that a whole track passes through, by the name that `instruments.toml` gives.

An insert is made for the piece's tempo and for the sample at which it comes in, a whole number of hops.
"""

from collections.abc import Callable

import numpy as np

from aimusic.music.rhythm import TICKS_PER_QUARTER, Tempo
from aimusic.synth.effects import Effect, amp, modulation

Insert = Callable[[Tempo, int], Effect]


class Dry:
    """The track as it is."""

    latency, saturates = 0, False

    def process(self, block: np.ndarray) -> np.ndarray:
        return block


def dry(tempo: Tempo, start: int = 0) -> Effect:
    return Dry()


def amp_overdrive(tempo: Tempo, start: int = 0) -> Effect:
    """A valve combo on the edge: bends and double stops growl."""
    return amp.Amplifier(amp.OVERDRIVE)


def amp_distortion(tempo: Tempo, start: int = 0) -> Effect:
    """A high-gain stack: power chords become one sound."""
    return amp.Amplifier(amp.DISTORTION)


def leslie(tempo: Tempo, start: int = 0) -> Effect:
    """An organ's rotating speaker, at its fast speed."""
    return modulation.Leslie(start)


def tremolo(tempo: Tempo, start: int = 0) -> Effect:
    """A vibraphone's motor: both sides together, shallow."""
    return modulation.Tremolo(rate_hz=5.2, depth=0.35, spread=0.0, start=start)


def autopan(tempo: Tempo, start: int = 0) -> Effect:
    """An electric piano's stereo tremolo."""
    return modulation.Tremolo(rate_hz=4.1, depth=0.4, spread=0.5, start=start)


def chorus(tempo: Tempo, start: int = 0) -> Effect:
    """Two drifting copies, for clean guitars and electric pianos."""
    return modulation.Chorus(wet=0.6, start=start)


def ensemble(tempo: Tempo, start: int = 0) -> Effect:
    """The three voices of a string machine."""
    return modulation.Ensemble(start)


def echo(tempo: Tempo, start: int = 0) -> Effect:
    """Echoes every dotted eighth."""
    return modulation.Echo(tempo.seconds(TICKS_PER_QUARTER * 3 / 4), feedback=0.45, wet=0.35)


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
