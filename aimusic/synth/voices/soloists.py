"""One player who sustains: winds and bowed strings, as partials that follow the player's dynamic.

Loudness and brightness are one thing here: a dynamic contour (attack, vibrato, unsteadiness, release) sets both
the level and the cutoff of the source at every block, so a note blooms as it begins and darkens as it dies.
The body is a fixed response; vibrato moves each partial along it, which makes every partial beat in its own way.
"""

import numpy as np

from aimusic.music.chance import stream
from aimusic.synth import padsynth
from aimusic.synth.bank import cached
from aimusic.synth.kernels import SAMPLE_RATE, additive, band_pass, burst, decibels, hertz, peaks, samples
from aimusic.synth.kernels import vibrato as bend
from aimusic.synth.voices.contours import (
    Vibrato,
    block_times,
    per_sample,
    recipe,
    release,
    swell,
    vibrato_wave,
    wander,
)

MEZZO_FORTE = 0.63  # velocity 80 of 127, where the settings are given
_CEILING_HZ = 16000.0
_UNHEARD = 3e-5  # partials that never come within 90 dB of the strongest are left out


@recipe
class Tone:
    """The source: what reed, lips, jet or bow feed into the body.

    Attributes:
        slope: partial k starts as k^-slope; partials_db: corrections of the first partials.
        cutoff_hz: at pitch 60 and velocity 80; above it the source falls by `rolloff` times 6 dB an octave.
        tracking: octaves of the cutoff per octave of pitch; brightness: octaves from no dynamic to full.
        formants: (centre_hz, gain_db, q) of the body; ripple_db: its finer, irregular response.
    """

    slope: float
    cutoff_hz: float
    rolloff: float
    tracking: float
    brightness: float
    partials_db: tuple[float, ...] = ()
    formants: tuple[tuple[float, float, float], ...] = ()
    ripple_db: float = 0.0


@recipe
class Attack:
    """How the note begins and ends.

    Attributes:
        attack_s: time of the swell at velocity 80; accent: overshoot of the dynamic that dies in .1 s.
        release_s: T60 after the note.
        scoop_cents: how far below the note the pitch begins; scoop_s: time constant of its rise.
        chiff_db, chiff_hz, chiff_s: tongue, spit or bow scratch: level against the note, centre and T60;
            chiff_tracking: its octaves per octave of pitch.
    """

    attack_s: float
    release_s: float
    accent: float = 0.0
    scoop_cents: float = 0.0
    scoop_s: float = 0.03
    chiff_db: float = -40.0
    chiff_hz: float = 2500.0
    chiff_s: float = 0.05
    chiff_tracking: float = 0.0


@recipe
class Noise:
    """What is heard besides the tone, and how unsteady the tone is.

    Attributes:
        breath_db: level of breath or bow noise against the tone.
        breath_hz, breath_q: its band, falling by 12 dB an octave on either side.
        pipe: how much of it is tuned to the note's harmonics (0..1).
        jitter_cents, jitter_db: slow random motion of the pitch, and of each partial.
        growl: depth of the fast flutter of the loudest notes (0..1).
    """

    breath_db: float
    breath_hz: float
    breath_q: float
    pipe: float = 0.0
    jitter_cents: float = 2.0
    jitter_db: float = 0.6
    growl: float = 0.0


def soloist(
    pitch: int,
    velocity: float,
    hold_s: float,
    rng: np.random.Generator,
    *,
    name: str,
    tone: Tone,
    attack: Attack,
    noise: Noise,
    vibrato: Vibrato,
) -> np.ndarray:
    """One note of a wind or bowed instrument.

    Args:
        name: of the instrument: its breath in the bank, and the seed of its body.

    Returns:
        Stereo, (2, samples): the tone in the middle, its noise wide.
    """
    n = samples(hold_s + 1.15 * attack.release_s)
    t = block_times(n)
    wave = vibrato_wave(rng, t, vibrato)
    dynamic = velocity * _dynamic(rng, t, velocity, hold_s, attack, noise)
    dynamic = dynamic * decibels(vibrato.depth_db / 1.5 * wave)
    cents = vibrato.depth_cents * wave + noise.jitter_cents * wander(rng, t, 4.0)
    f = padsynth.harmonics(hertz(pitch), _CEILING_HZ)
    body, slope = _body(f, tone, name)
    env = _source(f, dynamic, tone, pitch) * body * np.exp(np.outer(cents, slope))
    env *= (dynamic**1.5 / np.sqrt((env**2).sum(axis=1)))[:, None]
    env *= decibels(noise.jitter_db * wander(rng, t, 5.0, len(f)))
    heard = env.max(axis=0) > _UNHEARD * env.max()
    sound = additive(f[heard], env[:, heard], _phases(len(f))[heard], n)
    cents -= attack.scoop_cents * np.exp(-t / attack.scoop_s) * rng.uniform(0.6, 1.2)
    out = np.stack([bend(sound, per_sample(cents, n))] * 2)
    breath = cached(name, breath_loop, pitch=pitch, centre_hz=noise.breath_hz, q=noise.breath_q, pipe=noise.pipe)
    level = 0.7 * decibels(noise.breath_db) * velocity**0.5 * dynamic
    out += padsynth.stereo_loop(breath, int(rng.integers(len(breath))), n, hertz(pitch)) * per_sample(level, n)
    return _chiff(out, rng, pitch, velocity, attack)


def breath_loop(pitch: int, centre_hz: float, q: float, pipe: float) -> np.ndarray:
    """Noise through two band-passes, gathered around the pitch's harmonics by the share `pipe`. Mono, RMS 1."""
    length = 1 << 16
    f = np.fft.rfftfreq(length, 1 / SAMPLE_RATE)
    comb = np.cos(np.pi * f / hertz(pitch)) ** 8
    energy = (band_pass(f, centre_hz, q) ** 2 * (1 - pipe + pipe * comb)) ** 2
    return padsynth.from_energy(energy, stream(0, "breath", pitch))


def _dynamic(rng, t: np.ndarray, velocity: float, hold_s: float, attack: Attack, noise: Noise) -> np.ndarray:
    """The dynamic over time, about 1 while the note is held."""
    attack_s = attack.attack_s * 2 ** (MEZZO_FORTE - velocity) * rng.uniform(0.9, 1.1)
    contour = swell(t, attack_s) * (1 + attack.accent * velocity * np.exp(-t / 0.1))
    contour = contour * (1 + 0.03 * wander(rng, t, 2.0))
    flutter = noise.growl * max(0.0, velocity - 0.7) / 0.3
    contour = contour * (1 + flutter * wander(rng, t, 28.0))
    # Level follows the dynamic to the power 1.5, so the dynamic falls by 40 dB where the level falls by 60.
    return contour * release(t, hold_s, 1.5 * attack.release_s)


def _source(f: np.ndarray, dynamic: np.ndarray, tone: Tone, pitch: int) -> np.ndarray:
    """Amplitudes of the partials before the body at every block, (blocks + 1, K)."""
    k = np.arange(1, len(f) + 1)
    octaves = tone.tracking * (pitch - 60) / 12 + tone.brightness * (dynamic - MEZZO_FORTE)
    cutoff_hz = tone.cutoff_hz * 2.0**octaves
    amp = k**-tone.slope
    amp[: len(tone.partials_db)] *= decibels(np.array(tone.partials_db[: len(f)]))
    return amp * (1 + (f / cutoff_hz[:, None]) ** 2) ** (-tone.rolloff / 2)


def _body(f: np.ndarray, tone: Tone, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Response of the body at each partial, and its slope in nepers per cent of pitch."""
    rng = stream(0, "body", name)
    rates, turns = rng.uniform(2.0, 7.0, 8), rng.random(8)

    def nepers(f: np.ndarray) -> np.ndarray:
        ripple = np.cos(2 * np.pi * (np.outer(np.log2(f), rates) + turns)).sum(axis=1) / 2
        return np.log(peaks(f, tone.formants)) + tone.ripple_db * np.log(10) / 20 * ripple

    here = nepers(f)
    return np.exp(here), (nepers(f * 2 ** (5 / 1200)) - here) / 5


def _phases(count: int) -> np.ndarray:
    """Schroeder phases: the lowest crest, so that loud notes need no more room than soft ones."""
    k = np.arange(1, count + 1)
    return -np.pi / 2 - np.pi * k * (k - 1) / max(count, 24)


def _chiff(sound: np.ndarray, rng, pitch: int, velocity: float, attack: Attack) -> np.ndarray:
    """Add the noise of the attack, stronger and brighter in louder notes."""
    centre_hz = attack.chiff_hz * 2 ** (attack.chiff_tracking * (pitch - 60) / 12 + velocity - MEZZO_FORTE)
    noise = burst(rng, lambda f: band_pass(f, centre_hz, 1.2), attack.chiff_s, 0.3 * attack.chiff_s)
    noise = noise[: sound.shape[-1]] * np.float32(decibels(attack.chiff_db) * velocity**1.8)
    sound[:, : len(noise)] += noise
    return sound
