"""Many players or oscillators at once, read from PADsynth loops: string section, choir, pad, supersaw.

Each note fades between a dark and a bright loop with equal phases, so what is heard is one sound whose spectrum
moves: it opens with velocity, with the swell of the note, and wanders while it is held.
"""

from dataclasses import asdict

import numpy as np

from aimusic.music.chance import stream
from aimusic.synth import padsynth
from aimusic.synth.bank import cached
from aimusic.synth.kernels import SAMPLE_RATE, decibels, hertz, low_pass, peaks, samples
from aimusic.synth.voices.contours import block_times, per_sample, recipe, release, swell, wander

_BLUR_HZ = 1500.0  # where half of a partial's steadiness is lost; by ear and by eye on spectrograms


@recipe
class Colour:
    """The spectrum of one of the two loops.

    Attributes:
        slope: partial k has the amplitude k^-slope.
        cutoff_hz, q: of a resonant low-pass over it.
        formants: (centre_hz, gain_db, q) of a body or a vowel.
    """

    slope: float
    cutoff_hz: float
    q: float = 0.7071
    formants: tuple[tuple[float, float, float], ...] = ()

    def gain(self, freq_hz: np.ndarray) -> np.ndarray:
        """What the filters make of each frequency, as an amplitude ratio."""
        return low_pass(freq_hz, self.cutoff_hz, self.q) * peaks(freq_hz, self.formants)


@recipe
class Motion:
    """How a section moves while it plays.

    Attributes:
        attack_s, release_s: time of the swell at velocity 80, and T60 of the release.
        attack_octaves: the swell is this many octaves faster at full velocity than at none.
        bloom_s: time in which the sound opens to its full brightness.
        rate_hz, depth: of the wandering brightness (0..1 between the loops); depth_db: of the level.
        fall, fall_s: share of the brightness that is lost, and how fast, as under a filter envelope.
    """

    attack_s: float
    release_s: float
    attack_octaves: float = 1.0
    bloom_s: float = 0.05
    rate_hz: float = 1.5
    depth: float = 0.1
    depth_db: float = 0.4
    fall: float = 0.0
    fall_s: float = 0.3


def section(
    pitch: int,
    velocity: float,
    hold_s: float,
    rng: np.random.Generator,
    *,
    loops: str,
    dark: Colour,
    bright: Colour,
    motion: Motion,
    players_cents: tuple[float, ...],
    width_cents: float,
    steady: float,
    loop_s: float,
    noise_db: float,
    brightness: tuple[float, float],
) -> np.ndarray:
    """Players whose pitches scatter around the note, so that every partial is a narrow band of noise.

    Args:
        loops: name under which the bank keeps the tables.
        players_cents: detuning of groups of players; width_cents: scatter within each group.
        steady: share of a low partial's energy that stays on the note; the band alone would fade in and out as
            deeply as a distant radio station. Higher partials lose it, as players no longer agree in phase.
        loop_s: length of the loop at least.
        noise_db: bow, breath or air noise over the colour's filters, against the partials.
        brightness: share of the bright loop (0..1) at velocity 0 and at velocity 1.

    Returns:
        Stereo, (2, samples).
    """
    tables = cached(
        loops,
        section_loops,
        pitch=pitch,
        colours=(asdict(dark), asdict(bright)),
        players_cents=players_cents,
        width_cents=width_cents,
        steady=steady,
        loop_s=loop_s,
        noise_db=noise_db,
    )
    return play_loops(tables, hertz(pitch), velocity, hold_s, rng, motion, brightness)


def section_loops(
    pitch: int,
    colours: tuple[dict, ...],
    players_cents: tuple[float, ...],
    width_cents: float,
    steady: float,
    loop_s: float,
    noise_db: float,
) -> np.ndarray:
    """The PADsynth tables of `section`, one row for each colour, with equal phases. (colours, samples), RMS 1."""
    f0 = hertz(pitch)
    length = padsynth.loop_length(f0, samples(loop_s))
    rows = [
        _section_energy(Colour(**colour), f0, length, players_cents, width_cents, steady, noise_db)
        for colour in colours
    ]
    return padsynth.from_energy(np.stack(rows), stream(0, "section", pitch))


def _section_energy(
    colour: Colour,
    f0: float,
    length: int,
    players_cents: tuple[float, ...],
    width_cents: float,
    steady: float,
    noise_db: float,
) -> np.ndarray:
    """Energy in each bin: bands of players, a line on every harmonic, and air over the colour's filters."""
    f = padsynth.harmonics(f0)
    k = np.arange(1, len(f) + 1)
    amp = k**-colour.slope * colour.gain(f)
    width_hz = padsynth.bandwidths_hz(f, f0, width_cents)
    steady = steady / (1 + (f / _BLUR_HZ) ** 2)
    energy = np.zeros(length // 2 + 1)
    for cents in players_cents:
        energy += padsynth.band_energy(f * 2 ** (cents / 1200), amp * np.sqrt(1 - steady), width_hz, length)
    energy /= len(players_cents)
    energy[round(f0 * length / SAMPLE_RATE) * k] += steady * amp**2
    some_hz = np.linspace(0.0, SAMPLE_RATE / 2, 1025)
    some_air = (colour.gain(some_hz) * some_hz / (some_hz + 1000.0)) ** 2
    air = np.interp(np.linspace(0.0, SAMPLE_RATE / 2, len(energy)), some_hz, some_air)
    return energy + air * (energy.sum() / air.sum() * decibels(noise_db) ** 2)


def supersaw(
    pitch: int,
    velocity: float,
    hold_s: float,
    rng: np.random.Generator,
    *,
    dark: Colour,
    bright: Colour,
    motion: Motion,
    saws_cents: tuple[float, ...],
    side_db: float,
    loop_s: float,
    brightness: tuple[float, float],
) -> np.ndarray:
    """Several free-running saw waves, slightly detuned, through a low-pass filter with an envelope.

    Args:
        saws_cents: detuning of each oscillator; side_db: level of those that are detuned.
        loop_s, brightness: as in `section`. The slope of a colour is applied to the saw's own 1/k.

    Returns:
        Stereo, (2, samples).
    """
    colours = (asdict(dark), asdict(bright))
    recipe = {"pitch": pitch, "colours": colours, "saws_cents": saws_cents, "side_db": side_db, "loop_s": loop_s}
    tables = cached("supersaw", saw_loops, **recipe)
    return play_loops(tables, hertz(pitch), velocity, hold_s, rng, motion, brightness)


def saw_loops(
    pitch: int, colours: tuple[dict, ...], saws_cents: tuple[float, ...], side_db: float, loop_s: float
) -> np.ndarray:
    """The tables of `supersaw`, one row for each colour, with equal phases. (colours, samples), RMS 1."""
    f0 = hertz(pitch)
    length = padsynth.loop_length(f0, samples(loop_s))
    f = np.fft.rfftfreq(length, 1 / SAMPLE_RATE)
    made = [Colour(**colour) for colour in colours]
    tilt = np.stack([colour.gain(f) * np.maximum(f / f0, 1.0) ** -colour.slope for colour in made])
    cents = np.asarray(saws_cents)
    gains = np.where(cents == 0.0, 1.0, decibels(side_db))
    return padsynth.detuned_saws(f0, cents, gains, tilt, stream(0, "supersaw", pitch))


def play_loops(
    tables: np.ndarray,
    f0_hz: float,
    velocity: float,
    hold_s: float,
    rng: np.random.Generator,
    motion: Motion,
    brightness: tuple[float, float],
) -> np.ndarray:
    """One note from a dark and a bright loop, the rows of `tables`. Stereo, (2, samples)."""
    n = samples(hold_s + 1.15 * motion.release_s)
    t = block_times(n)
    attack_s = motion.attack_s * 2 ** (motion.attack_octaves * (0.63 - velocity))
    level = swell(t, attack_s) * release(t, hold_s, motion.release_s)
    level *= velocity**1.5 * decibels(motion.depth_db * wander(rng, t, motion.rate_hz))
    share = np.interp(velocity, (0.0, 1.0), brightness) * (0.4 + 0.6 * swell(t, attack_s + motion.bloom_s))
    share = share * (1 - motion.fall * (1 - np.exp(-t / motion.fall_s)))
    share = np.clip(share * (1 + motion.depth * wander(rng, t, motion.rate_hz)), 0.0, 1.0)
    start = int(rng.integers(tables.shape[-1]))
    dark, bright = (padsynth.stereo_loop(table, start, n, f0_hz) for table in tables)
    return dark * per_sample(level * (1 - share), n) + bright * per_sample(level * share, n)
