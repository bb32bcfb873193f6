"""The drum kit: which drum a General MIDI number strikes, its place in the stereo picture, and its takes."""

from functools import cache

import numpy as np
from pydantic import TypeAdapter

from aimusic.errors import InvalidInstrument
from aimusic.music.chance import stream
from aimusic.synth.bank import cached
from aimusic.synth.kernels import decibels, edges
from aimusic.synth.percussion.metals import Metal
from aimusic.synth.percussion.noises import Burst, Squares
from aimusic.synth.percussion.skins import Skin
from aimusic.synth.voices.contours import recipe


@recipe
class Drum:
    """One drum: the sum of what it is made of.

    Attributes:
        numbers: General MIDI drum numbers that strike it.
        level_db: gain; pan: -1 left to 1 right.
        bursts, skins, metals, squares: its sounds, each at its own level_db where it has one.
        metal_db, square_db: levels of the metals and of the squares.
        layers: at how many forces strokes are made; the level in between is exact. Few for long cymbals.
        identical: True where every stroke is the same, as on a drum machine; otherwise each take differs.
    """

    numbers: tuple[int, ...]
    level_db: float = 0.0
    pan: float = 0.0
    skins: tuple[Skin, ...] = ()
    metals: tuple[Metal, ...] = ()
    metal_db: float = -12.0
    bursts: tuple[Burst, ...] = ()
    squares: tuple[Squares, ...] = ()
    square_db: float = -6.0
    layers: int = 8
    identical: bool = False


_DRUM = TypeAdapter(Drum)


def drum_kit(
    pitch: int,
    velocity: float,
    hold_s: float,
    rng: np.random.Generator,
    *,
    name: str,
    drums: dict[str, Drum],
) -> np.ndarray:
    """One stroke. Drums ring as long as they ring: `hold_s` is not used.

    Args:
        pitch: General MIDI drum number.
        name: of the kit: its files in the bank, and a part of the names of its random streams.

    Returns:
        Stereo, (2, samples).

    Raises:
        InvalidInstrument: for a number that no drum of the kit has.
    """
    for label, drum in drums.items():
        if pitch in drum.numbers:
            layer = min(drum.layers, 1 + int(velocity * drum.layers))
            take = 0 if drum.identical else int(rng.integers(1 << 32))
            sound = cached(f"{name}-{label}", stroke, kit=name, drum=_text(drum), layer=layer, take=take)
            return sound * np.float32(velocity**1.5)
    known = ", ".join(str(number) for drum in drums.values() for number in drum.numbers)
    raise InvalidInstrument(f"{name}: has the drums {known}, got {pitch}")


@cache
def _text(drum: Drum) -> str:
    """The drum as JSON: its recipe in the bank."""
    return _DRUM.dump_json(drum).decode()


def stroke(kit: str, drum: str, layer: int, take: int) -> np.ndarray:
    """A drum (as JSON) struck with the force of a layer, at the level of full velocity. Stereo, (2, samples)."""
    made = _DRUM.validate_json(drum)
    level = (layer - 0.5) / made.layers
    sounds = []
    for index, (gain_db, piece) in enumerate(_pieces(made)):
        rng = stream(take, kit, *made.numbers, index)
        sounds.append(np.atleast_2d(piece.strike(level, rng)) * np.float32(decibels(made.level_db + gain_db)))
    out = np.zeros((2, max(sound.shape[-1] for sound in sounds)), np.float32)
    for sound in sounds:
        out[:, : sound.shape[-1]] += sound
    angle = (1 + made.pan) * np.pi / 4
    out *= np.float32([[np.cos(angle)], [np.sin(angle)]]) * np.float32(2**0.5)
    return edges(out, 0.0002, 0.01)


def _pieces(drum: Drum) -> list[tuple[float, Skin | Burst | Metal | Squares]]:
    """What the drum is made of, each with its gain in decibels."""
    pieces = [(0.0, piece) for piece in (*drum.skins, *drum.bursts)]
    pieces += [(drum.metal_db, metal) for metal in drum.metals]
    return pieces + [(drum.square_db, squares) for squares in drum.squares]
