"""One reader for each format: from the files of a data set to pieces."""

from aimusic.training.readers.chord_charts import analyses, chord_charts, progressions
from aimusic.training.readers.lead_sheets import lead_sheets, solos
from aimusic.training.readers.midi import midi_files

READERS = {
    reader.__name__: reader for reader in (lead_sheets, solos, chord_charts, analyses, progressions, midi_files)
}
