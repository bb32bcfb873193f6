"""Synthesis methods by family: each makes one note from a pitch, a velocity and a hold time.

A voice is `voice(pitch, velocity, hold_s, rng, *, settings...)`: MIDI pitch, velocity 0..1, seconds until the
release, a named random stream. It returns (samples,) or (2, samples), float32, with the release tail; a table of
`instruments.toml` names it in `method` and gives its keyword arguments in `settings`.
"""

from collections.abc import Callable

import numpy as np

from aimusic.synth.percussion.kit import drum_kit
from aimusic.synth.voices.bars import struck_bar
from aimusic.synth.voices.organ import tonewheel
from aimusic.synth.voices.piano import grand_piano
from aimusic.synth.voices.plucked import plucked_string
from aimusic.synth.voices.sections import section, supersaw
from aimusic.synth.voices.soloists import soloist
from aimusic.synth.voices.subtractive import subtractive
from aimusic.synth.voices.tines import electric_piano

Voice = Callable[..., np.ndarray]

METHODS: dict[str, Voice] = {
    voice.__name__: voice
    for voice in (
        grand_piano,
        electric_piano,
        struck_bar,
        plucked_string,
        section,
        soloist,
        tonewheel,
        supersaw,
        subtractive,
        drum_kit,
    )
}
