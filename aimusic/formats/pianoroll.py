"""A MIDI file of ours as a piano roll in SVG: a bar for each note, a colour for each part, drums below."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

import mido

COLOURS = ("#d1495b", "#00798c", "#edae49", "#30638e", "#6a994e", "#8e6c8a", "#7f5539", "#577590")
DRUM_COLOUR = "#444444"
DRUM_CHANNEL = 9
WIDTH, TOP, ROW = 1200.0, 46.0, 5.0  # of the drawing, of its captions, of a semitone


@dataclass(frozen=True, slots=True)
class Bar:
    """A note as it is drawn: when, how long, how high, how strong."""

    start_s: float
    length_s: float
    pitch: int
    velocity: int


@dataclass(frozen=True, slots=True)
class Lane:
    """The notes of one part."""

    name: str
    is_drum: bool
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Roll:
    """A whole piece: its length, its parts, and texts with the moment at which they stand."""

    length_s: float
    lanes: tuple[Lane, ...]
    sections: tuple[tuple[float, str], ...]
    chords: tuple[tuple[float, str], ...]


def write_piano_roll(midi: Path, path: Path) -> None:
    """Draw a MIDI file that `write_midi` wrote."""
    path.write_text(draw(read_roll(midi)), encoding="utf-8")


def read_roll(midi: Path) -> Roll:
    """The notes and markers of a MIDI file with one tempo; the first two tracks hold sections and chords."""
    file = mido.MidiFile(midi)
    tempo = next(message.tempo for message in file.tracks[0] if message.type == "set_tempo")
    pulse_s = tempo / 1e6 / file.ticks_per_beat
    conductor, chords, *parts = file.tracks
    return Roll(
        length_s=sum(message.time for message in conductor) * pulse_s,
        lanes=tuple(_lane(part, pulse_s) for part in parts),
        sections=tuple(_markers(conductor, pulse_s)),
        chords=tuple(_markers(chords, pulse_s)),
    )


def _markers(track: mido.MidiTrack, pulse_s: float) -> Iterator[tuple[float, str]]:
    now = 0
    for message in track:
        now += message.time
        if message.type == "marker":
            yield now * pulse_s, message.text


def _lane(track: mido.MidiTrack, pulse_s: float) -> Lane:
    """Notes of one track; where a pitch is struck again before it ended, the first struck ends first."""
    bars, sounding, now, is_drum = [], {}, 0, False
    for message in track:
        now += message.time
        if message.type == "note_on" and message.velocity:
            is_drum = message.channel == DRUM_CHANNEL
            sounding.setdefault(message.note, []).append((now, message.velocity))
        elif message.type in ("note_on", "note_off") and sounding.get(message.note):
            start, velocity = sounding[message.note].pop(0)
            bars.append(Bar(start * pulse_s, (now - start) * pulse_s, message.note, velocity))
    return Lane(track.name, is_drum, tuple(bars))


def draw(roll: Roll) -> str:
    """The piano roll as an SVG document; the drums have their rows below the others."""
    high = [bar.pitch for lane in roll.lanes if not lane.is_drum for bar in lane.bars] or [60]
    drums = sorted({bar.pitch for lane in roll.lanes if lane.is_drum for bar in lane.bars}, reverse=True)
    rows = {pitch: max(high) - pitch for pitch in range(min(high), max(high) + 1)}
    drum_rows = {pitch: len(rows) + 2 + row for row, pitch in enumerate(drums)}
    height = TOP + ROW * (len(rows) + (len(drums) + 2 if drums else 0)) + 8
    scale = WIDTH / roll.length_s
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {height:g}" font-family="sans-serif">',
        f'<rect width="{WIDTH:g}" height="{height:g}" fill="#ffffff"/>',
        *_captions(roll, scale, height),
    ]
    colours = iter(COLOURS * (len(roll.lanes) // len(COLOURS) + 1))
    for lane in roll.lanes:
        colour = DRUM_COLOUR if lane.is_drum else next(colours)
        lines.append(f"<g fill={quoteattr(colour)}><title>{escape(lane.name)}</title>")
        lines += [_bar(bar, (drum_rows if lane.is_drum else rows)[bar.pitch], scale) for bar in lane.bars]
        lines.append("</g>")
    return "\n".join([*lines, "</svg>"]) + "\n"


def _captions(roll: Roll, scale: float, height: float) -> Iterator[str]:
    for start_s, text in roll.sections:
        x = start_s * scale
        yield f'<path d="M{x:.2f} 4V{height:g}" stroke="#bbbbbb"/>'
        yield f'<text x="{x + 4:.2f}" y="16" font-size="13" font-weight="bold">{escape(text)}</text>'
    for start_s, text in roll.chords:
        yield f'<text x="{start_s * scale + 4:.2f}" y="34" font-size="9">{escape(text)}</text>'


def _bar(bar: Bar, row: int, scale: float) -> str:
    width = max(1.0, bar.length_s * scale)
    place = f'x="{bar.start_s * scale:.2f}" y="{TOP + row * ROW:g}" width="{width:.2f}" height="{ROW - 1:g}"'
    return f'<rect {place} fill-opacity="{0.35 + 0.65 * bar.velocity / 127:.2f}"/>'
