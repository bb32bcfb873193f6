"""The composer: a plan becomes a lead sheet, written by a style's two networks."""

from dataclasses import replace
from pathlib import Path

from aimusic.composer.chart import CENTRE, TONIC, UNKNOWN, Chart, density_class
from aimusic.composer.checkpoint import Card, load_checkpoint
from aimusic.composer.harmonise import ChordBrain, harmonise, phrase_lengths
from aimusic.composer.melodise import MelodyBrain, melodise
from aimusic.composer.rules import palette_of
from aimusic.music.request import Plan
from aimusic.music.score import ChordSpan, LeadSheet
from aimusic.style import STYLES_DIR, Style


class Composer:
    """Writes lead sheets. Each style's weights are loaded once, when first needed.

    Raises InvalidCheckpoint from a call where a style's weights are missing or damaged.
    """

    def __init__(self, styles_dir: Path = STYLES_DIR):
        self.styles_dir = styles_dir
        self._brains: dict[str, tuple[ChordBrain, MelodyBrain]] = {}

    def load(self, style: str) -> tuple[ChordBrain, MelodyBrain]:
        """The networks of a style, read from its folder the first time."""
        if style not in self._brains:
            folder = self.styles_dir / style
            chords, melody = (load_checkpoint(folder, part) for part in ("chords", "melody"))
            self._brains[style] = ChordBrain.of(chords), MelodyBrain.of(melody)
        return self._brains[style]

    def __call__(self, plan: Plan, style: Style) -> LeadSheet:
        """Compose a plan; the same plan, style and weights give the same notes."""
        chord_brain, melody_brain = self.load(style.name)
        chart = chart_of(plan, melody_brain.checkpoint.card)
        chart = replace(chart, chords=harmonise(plan, style, chart, chord_brain))
        shift = view_shift(plan, style)
        if plan.melody:
            return LeadSheet(plan.melody, _sounding(chart.chords, shift))
        tune = melodise(plan, style, chart, palette_of(style, plan.key.mode, shift), melody_brain)
        notes = [replace(note, pitch=note.pitch + shift) for note in tune.notes()]
        notes[-1] = replace(notes[-1], length_ticks=plan.final_ticks)
        return LeadSheet(tuple(notes), _sounding(chart.chords, shift))


def _sounding(chords: tuple[ChordSpan, ...], shift: int) -> tuple[ChordSpan, ...]:
    return tuple(replace(span, chord=span.chord.transposed(shift)) for span in chords)


def view_shift(plan: Plan, style: Style) -> int:
    """Semitones from the network's view to the sounding pitch: into the key, and into the style's range."""
    into_key = plan.key.tonic - TONIC[plan.key.mode]
    middle = (style.melody.low + style.melody.high) / 2
    return into_key + 12 * round((middle - CENTRE - into_key) / 12)


def chart_of(plan: Plan, card: Card) -> Chart:
    """The plan as the networks of a card see it, without chords.

    `card.statistics["density"]` holds five quantiles of the style's notes per quarter. A level of the plan means
    the middle between its own quantile and the next, the highest level the highest quantile.
    """
    levels = card.statistics.get("density")
    density = [UNKNOWN] * len(plan.bars)
    if levels is not None:
        meant = [(low + high) / 2 for low, high in zip(levels, (*levels[1:], levels[-1]), strict=True)]
        density = [density_class(meant[bar.density]) for bar in plan.bars]
    left = [length - 1 - index for length in phrase_lengths(plan) for index in range(length)]
    return Chart(
        style=card.style,
        mode=plan.key.mode,
        metre=plan.metre,
        references=tuple(bar.reference for bar in plan.bars),
        phrase_bar=tuple(bar.index for bar in plan.bars),
        bars_left=tuple(left),
        density=tuple(density),
    )
