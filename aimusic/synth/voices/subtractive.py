"""Saw or pulse oscillators through a ladder filter, made of partials: basses, leads and plucks without aliases.

The filter is never run. Its magnitude at each partial and block is that partial's amplitude, so the sweep is
exact and what lies above hearing is never made.
"""

import numpy as np

from aimusic.synth.kernels import additive, decibels, hertz, samples
from aimusic.synth.kernels import vibrato as bend
from aimusic.synth.padsynth import harmonics
from aimusic.synth.voices.contours import Vibrato, block_times, per_sample, recipe, release, swell, vibrato_wave

_CEILING_HZ = 17000.0
_UNHEARD = 1e-4


@recipe
class Ladder:
    """A four-pole low-pass with feedback, and the envelope that moves it.

    Attributes:
        cutoff_hz: at pitch 48, velocity 80, when the envelope has fallen.
        tracking: octaves of the cutoff per octave of pitch.
        feedback: 0 to below 4, where the real filter would whistle.
        envelope: octaves by which the cutoff starts higher; decay_s: time constant of its fall.
        brightness: octaves from velocity 0 to 1, of the cutoff and half as much of the envelope.
    """

    cutoff_hz: float
    tracking: float
    feedback: float
    envelope: float
    decay_s: float
    brightness: float

    def gain(self, f: np.ndarray, t: np.ndarray, pitch: int, velocity: float) -> np.ndarray:
        """|H| at each block and partial, (len(t), K): (1 + r) / |(1 + j f/fc)^4 + r|."""
        loud = self.brightness * (velocity - 0.63)
        octaves = (
            self.tracking * (pitch - 48) / 12 + loud + (self.envelope + 0.5 * loud) * np.exp(-t / self.decay_s)
        )
        pole = 1 + 1j * f / (self.cutoff_hz * 2.0**octaves)[:, None]
        return (1 + self.feedback) ** 0.5 / np.abs(pole**4 + self.feedback)


@recipe
class Amplifier:
    """Level over time: attack, exponential fall from 1 to `sustain` with time constant decay_s, release T60."""

    attack_s: float
    decay_s: float
    sustain: float
    release_s: float

    def gain(self, t: np.ndarray, hold_s: float) -> np.ndarray:
        fall = self.sustain + (1 - self.sustain) * np.exp(-t / self.decay_s)
        return swell(t, self.attack_s) * fall * release(t, hold_s, self.release_s)


def subtractive(
    pitch: int,
    velocity: float,
    hold_s: float,
    rng: np.random.Generator,
    *,
    oscillators_cents: tuple[float, ...],
    pulse: float,
    sub_db: float,
    ladder: Ladder,
    amplifier: Amplifier,
    vibrato: Vibrato,
) -> np.ndarray:
    """One note of a subtractive synthesiser.

    Args:
        oscillators_cents: detuning of each oscillator; two or more spread over the stereo field.
        pulse: 0 for a saw; otherwise the width of a pulse, .5 for a square.
        sub_db: level of a sine on the fundamental, untouched by the filter.

    Returns:
        (samples,) for one oscillator, (2, samples) for several.
    """
    n = samples(hold_s + 1.15 * amplifier.release_s)
    t = block_times(n)
    f0 = hertz(pitch)
    f = harmonics(f0, _CEILING_HZ)
    k = np.arange(1, len(f) + 1)
    wave = np.abs(np.sin(np.pi * k * pulse)) / k if pulse else 1 / k
    env = wave * ladder.gain(f, t, pitch, velocity)
    env[:, 0] += decibels(sub_db)
    env *= (velocity**1.5 * amplifier.gain(t, hold_s))[:, None]
    heard = env.max(axis=0) > _UNHEARD * env.max()
    sound = _oscillators(f[heard], env[:, heard], oscillators_cents, rng, n)
    if vibrato.depth_cents:
        sound = bend(sound, per_sample(vibrato.depth_cents * vibrato_wave(rng, t, vibrato), n))
    return sound


def _oscillators(f: np.ndarray, env: np.ndarray, cents: tuple[float, ...], rng, n: int) -> np.ndarray:
    """Saws with equal envelopes: one in the middle, several panned from left to right."""
    k = np.round(f / f[0])
    if len(cents) == 1:
        return additive(f, env, np.full(len(f), -np.pi / 2), n)
    detuned = [f * 2 ** (cent / 1200) for cent in cents]
    turns = [2 * np.pi * k * rng.random() - np.pi / 2 for _ in cents]
    out = np.zeros((2, n), np.float32)
    for voice_f, turn, pan in zip(detuned, turns, np.linspace(0.25, 0.75, len(cents)) * np.pi / 2, strict=True):
        out += np.float32([[np.cos(pan)], [np.sin(pan)]]) * additive(voice_f, env, turn, n)
    return out * np.float32(len(cents) ** -0.5)
