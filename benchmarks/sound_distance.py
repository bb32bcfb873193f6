"""How far each instrument is from a sampled one: mean |log-mel| difference in dB to the FluidR3 SoundFont.

    python benchmarks/sound_distance.py [INSTRUMENT ...]

Prints the distance of our instrument beside that of another General MIDI set (TimGM6mb) and of a plain sine,
dry and level-aligned, the mean over three pitches and two velocities. Needs the `fluidsynth` command and both
SoundFonts (Debian: fluidsynth, fluid-soundfont-gm, timgm6mb-soundfont). It measures likeness to one set of
samples, not beauty: a difference of 1 dB says little, of 5 dB much.
"""

import argparse
import subprocess
import tempfile
from pathlib import Path

import mido
import numpy as np
import soundfile
from scipy.signal import stft

from aimusic.music.rhythm import METRES, Tempo
from aimusic.synth.inserts import INSERTS
from aimusic.synth.instruments import Instrument, load_instruments
from aimusic.synth.kernels import SAMPLE_RATE, hertz

REFERENCE = Path("/usr/share/sounds/sf2/FluidR3_GM.sf2")
OTHER = Path("/usr/share/sounds/sf2/TimGM6mb.sf2")
VELOCITIES = (60, 105)
HOLD_S, SLOT_S = 1.2, 3.0  # each note sounds for HOLD_S and is compared over COMPARE_S
COMPARE_S = 1.8
BANDS, LOW_HZ, HIGH_HZ = 64, 50.0, 16000.0
FLOOR_DB = -70.0
DRUMS = (36, 38, 42, 46, 49, 51)

Note = tuple[int, int]  # pitch, velocity


def notes_of(instrument: Instrument) -> list[Note]:
    """Three pitches across the middle of the range (six drums for a kit), each soft and loud."""
    if instrument.is_drum:
        pitches = [pitch for pitch in DRUMS if instrument.low <= pitch <= instrument.high]
    else:
        pitches = [round(instrument.low + (instrument.high - instrument.low) * x) for x in (0.25, 0.5, 0.75)]
    return [(pitch, velocity) for pitch in pitches for velocity in VELOCITIES]


def sampled(soundfont: Path, instrument: Instrument, notes: list[Note]) -> list[np.ndarray]:
    """The notes as FluidSynth plays them from a SoundFont, without reverb and chorus; mono arrays."""
    with tempfile.TemporaryDirectory() as folder:
        midi, wav = Path(folder) / "notes.mid", Path(folder) / "notes.wav"
        _midi_file(instrument, notes).save(midi)
        command = ["fluidsynth", "-niq", "-R", "0", "-C", "0", "-g", "0.5", "-r", str(SAMPLE_RATE)]
        subprocess.run([*command, "-F", str(wav), str(soundfont), str(midi)], check=True, capture_output=True)
        sound = soundfile.read(wav, dtype="float32")[0].mean(axis=1)
    slot = round(SLOT_S * SAMPLE_RATE)
    sound = np.pad(sound, (0, max(0, slot * len(notes) - len(sound))))
    return [sound[i * slot : (i + 1) * slot] for i in range(len(notes))]


def _midi_file(instrument: Instrument, notes: list[Note]) -> mido.MidiFile:
    """One note in each slot, at 120 beats per minute and 1000 pulses to the quarter."""
    channel = 9 if instrument.is_drum else 0
    track = mido.MidiTrack([mido.Message("program_change", channel=channel, program=instrument.program)])
    hold, rest = round(HOLD_S * 2000), round((SLOT_S - HOLD_S) * 2000)
    for index, (pitch, velocity) in enumerate(notes):
        wait = rest if index else 0
        track.append(mido.Message("note_on", channel=channel, note=pitch, velocity=velocity, time=wait))
        track.append(mido.Message("note_off", channel=channel, note=pitch, time=hold))
    track.append(mido.MetaMessage("end_of_track", time=rest))
    return mido.MidiFile(ticks_per_beat=1000, tracks=[track])


def ours(instrument: Instrument, notes: list[Note]) -> list[np.ndarray]:
    """The notes as our instrument plays them through its amplifier or other track effect; mono arrays."""
    insert = INSERTS[instrument.insert]
    tempo = Tempo(120.0, METRES["4/4"])
    return [insert(instrument.note(pitch, velocity, HOLD_S), tempo).mean(axis=0) for pitch, velocity in notes]


def sines(notes: list[Note]) -> list[np.ndarray]:
    """The fundamental alone, fading over the hold: the distance of knowing nothing but the pitch."""
    t = np.arange(round(HOLD_S * SAMPLE_RATE)) / SAMPLE_RATE
    return [np.sin(2 * np.pi * hertz(pitch) * t) * (1 - t / HOLD_S) for pitch, _ in notes]


def log_mel(sound: np.ndarray) -> np.ndarray:
    """Mel spectrogram in dB from the onset on, (bands, frames), floored at -70 dB of its maximum."""
    loud = np.flatnonzero(np.abs(sound) > 0.01 * np.abs(sound).max())
    start = max(0, int(loud[0]) - 64)
    sound = sound[start : start + round(COMPARE_S * SAMPLE_RATE)]
    sound = np.pad(sound, (1024, round(COMPARE_S * SAMPLE_RATE) - len(sound)))
    f, _, spectrum = stft(sound, SAMPLE_RATE, nperseg=2048, noverlap=1536, boundary=None)
    power = _mel_bands(f) @ np.abs(spectrum) ** 2
    db = 10 * np.log10(power + 1e-20)
    return np.maximum(db, db.max() + FLOOR_DB)


def _mel_bands(f: np.ndarray) -> np.ndarray:
    """Triangular bands equally spaced on the mel scale, (bands, bins)."""
    mel = np.linspace(2595 * np.log10(1 + LOW_HZ / 700), 2595 * np.log10(1 + HIGH_HZ / 700), BANDS + 2)
    edge = 700 * (10 ** (mel / 2595) - 1)
    rise = (f - edge[:-2, None]) / (edge[1:-1] - edge[:-2])[:, None]
    fall = (edge[2:, None] - f) / (edge[2:] - edge[1:-1])[:, None]
    return np.maximum(0, np.minimum(rise, fall)) + 1e-6


def distance(sounds: list[np.ndarray], reference: list[np.ndarray]) -> float:
    """Mean |difference| in dB over notes, bands and frames, after aligning the level of each note."""
    differences = [log_mel(a) - log_mel(b) for a, b in zip(sounds, reference, strict=True)]
    return float(np.mean([np.abs(d - np.median(d)).mean() for d in differences]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("instruments", nargs="*", help="names in instruments.toml; all if none")
    names = parser.parse_args().instruments
    instruments = load_instruments()
    print(f"{'instrument':20}{'ours':>8}{'TimGM6mb':>10}{'sine':>8}   dB from FluidR3")
    rows = []
    for name in names or instruments:
        instrument = instruments[name]
        notes = notes_of(instrument)
        reference = sampled(REFERENCE, instrument, notes)
        played = (ours(instrument, notes), sampled(OTHER, instrument, notes), sines(notes))
        rows.append([distance(sounds, reference) for sounds in played])
        print(f"{name:20}{rows[-1][0]:8.1f}{rows[-1][1]:10.1f}{rows[-1][2]:8.1f}", flush=True)
    mean = np.mean(rows, axis=0)
    print(f"{'mean':20}{mean[0]:8.1f}{mean[1]:10.1f}{mean[2]:8.1f}")


if __name__ == "__main__":
    main()
