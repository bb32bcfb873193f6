"""Pictures show what the score and the sound hold."""

import numpy as np
import pytest
from matplotlib.image import imread

from aimusic.formats.pictures import draw_piano_roll, draw_spectrogram
from aimusic.music.score import Note, Part
from tests.test_midi import make_score


def coloured(image):
    """How many pixels are neither white nor grey."""
    return int((np.ptp(image[..., :3], axis=-1) > 0.2).sum())


def test_piano_roll_shows_more_for_more_notes(tmp_path):
    few = make_score()
    many = make_score(
        (*few.parts, Part("Harp", "arpeggio", "flute", tuple(Note(t, 50 + t, 20) for t in range(40))))
    )
    for name, score in (("few", few), ("many", many)):
        draw_piano_roll(score, tmp_path / f"{name}.png")
    images = [imread(tmp_path / f"{name}.png") for name in ("few", "many")]
    assert coloured(images[1]) > 1.5 * coloured(images[0]) > 0


def test_spectrogram_is_bright_where_the_tone_is(tmp_path):
    t = np.arange(2 * 44100) / 44100
    tone = np.sin(2 * np.pi * 3000 * t).astype(np.float32)
    draw_spectrogram(np.stack([tone, tone]), 44100, tmp_path / "tone.png")
    image = imread(tmp_path / "tone.png")[..., :3].sum(axis=2)
    height, width = image.shape  # the spectrogram fills the rows to 72 % of the height, the waveform those below
    spectrogram = image[height // 64 : height * 46 // 64, width // 12 : width * 10 // 12].sum(axis=1)
    brightest = int(np.argmax(spectrogram)) / len(spectrogram)
    place = 1 - np.log(3000 / 30) / np.log(22050 / 30)
    assert brightest == pytest.approx(place, abs=0.03)


@pytest.mark.parametrize("name", ["roll", "sound"])
def test_the_same_piece_gives_the_same_picture(tmp_path, name):
    def draw(path):
        if name == "roll":
            draw_piano_roll(make_score(), path)
        else:
            draw_spectrogram(np.zeros((2, 44100), np.float32), 44100, path)
        return path.read_bytes()

    assert draw(tmp_path / "a.png") == draw(tmp_path / "b.png")
