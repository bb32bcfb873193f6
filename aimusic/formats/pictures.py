"""Pictures of a piece for people who would rather look than read: piano roll and spectrogram as PNG.

Needs matplotlib, which the extra `train` installs.
"""

from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from scipy.signal import ShortTimeFFT, windows

from aimusic.formats.pianoroll import COLOURS, DRUM_COLOUR
from aimusic.music.score import Part, Score


def draw_piano_roll(score: Score, path: Path) -> None:
    """Every note as a bar, a colour a part, with chord symbols and sections; drums in a lane of their own."""
    melodic = [part for part in score.parts if not part.is_drum and part.notes]
    drums = [part for part in score.parts if part.is_drum and part.notes]
    figure = Figure(figsize=(16, 8), layout="constrained")
    rows = figure.subplots(
        2 if drums else 1, 1, sharex=True, height_ratios=[5, 1] if drums else [1], squeeze=False
    )
    roll, lowest = rows[0, 0], rows[-1, 0]
    for part, colour in zip(melodic, COLOURS * len(melodic), strict=False):
        _draw_notes(roll, score, part, colour)
    for part in drums:
        _draw_notes(lowest, score, part, DRUM_COLOUR)
        lowest.set_ylabel("drums")
    _draw_labels(roll, score)
    pitches = [note.pitch for part in melodic for note in part.notes] or [60]
    octaves = [pitch for pitch in range(12, 120, 12) if min(pitches) - 6 <= pitch <= max(pitches) + 6]
    roll.set_yticks(octaves, [f"C{pitch // 12 - 1}" for pitch in octaves])
    roll.grid(axis="y", alpha=0.3)
    roll.legend(loc="lower right", ncols=len(melodic), fontsize=8)
    roll.set_title(f"{score.title}, {score.tempo.bpm:g} BPM, {score.tempo.metre.name}", loc="left", pad=26)
    roll.set_xlim(0, score.duration_s)
    lowest.set_xlabel("seconds")
    _save(figure, path)


def _draw_notes(axes, score: Score, part: Part, colour: str) -> None:
    starts = [score.onset_s(note) for note in part.notes]
    lengths = [score.length_s(note) for note in part.notes]
    pitches = [note.pitch for note in part.notes]
    shades = [0.35 + 0.65 * note.velocity / 127 for note in part.notes]
    bars = axes.barh(pitches, lengths, left=starts, height=0.8, color=colour, label=part.name)
    for bar, shade in zip(bars, shades, strict=True):
        bar.set_alpha(shade)


def _draw_labels(axes, score: Score) -> None:
    """Chord symbols above the roll, section names above them."""
    above = axes.get_xaxis_transform()
    for span in score.chords:
        at = score.tempo.seconds(span.onset_ticks)
        axes.text(at, 1.005, span.chord.symbol(score.key), fontsize=7, va="bottom", transform=above)
    for marker in score.markers:
        at = score.tempo.seconds(marker.onset_ticks)
        axes.axvline(at, color="#999999", linewidth=0.8)
        axes.text(at, 1.03, marker.text, fontsize=8, va="bottom", weight="bold", transform=above)


def draw_spectrogram(audio: np.ndarray, sample_rate: int, path: Path) -> None:
    """Power over time and (logarithmic) frequency of the mono sum, and the waveform below.

    Args:
        audio: shape (2, samples); anything that `np.asarray` makes an array of.
    """
    figure = Figure(figsize=(16, 8), layout="constrained")
    spectrum, wave = figure.subplots(2, 1, sharex=True, height_ratios=[4, 1])
    mono = np.asarray(audio).mean(axis=0)
    transform = ShortTimeFFT(windows.hann(4096, sym=False), hop=1024, fs=sample_rate)
    power_db = 20 * np.log10(np.abs(transform.stft(mono)) + 1e-6)
    times = transform.t(len(mono))
    mesh = spectrum.pcolormesh(
        times, transform.f[1:], power_db[1:], vmin=power_db.max() - 90, cmap="magma", rasterized=True
    )
    spectrum.set(yscale="log", ylim=(30, sample_rate / 2), ylabel="Hz")
    figure.colorbar(mesh, ax=spectrum, label="dB")
    step = max(1, len(mono) // 20000)
    wave.plot(np.arange(0, len(mono), step) / sample_rate, mono[::step], linewidth=0.4, color=COLOURS[1])
    wave.set(xlabel="seconds", ylim=(-1, 1), xlim=(0, len(mono) / sample_rate))
    _save(figure, path)


def _save(figure: Figure, path: Path) -> None:
    FigureCanvasAgg(figure)
    figure.savefig(path, dpi=64, metadata={"Software": None})
