"""Each reader turns its format into pieces, and says why it refuses what it refuses."""

import json

import pytest

from aimusic.music.harmony import Chord, Key
from aimusic.training.datasets import Source
from aimusic.training.pieces import Piece, Rejection, chord_spans, group_name
from aimusic.training.readers.chord_charts import analyses, chord_charts, progressions, twelve_bar_share
from aimusic.training.readers.lead_sheets import lead_sheets, solos
from tests.training_data import json_lines, lead_sheet

C, F, G = Chord(0, "maj"), Chord(5, "maj"), Chord(7, "maj")


def source(folder, content: bytes, name: str = "rows.jsonl.gz") -> Source:
    (folder / name).write_bytes(content)
    return Source(folder, "CC0-1.0", False, {})


def read_sheets(folder, *rows, **options) -> list:
    given = {"styles": ["other"], "tags": [["Jazz", "one"], ["Rock", "two"]], "title_words": [["blue", "three"]]}
    found = lead_sheets(
        source(folder, json_lines(rows)), file="rows.jsonl.gz", require="pd_strict", **given | options
    )
    return list(found)


def test_chord_spans_join_equal_neighbours_and_leave_no_gap():
    spans = chord_spans([(48, C), (12, C), (96, G), (96, F), (200, C)], 144)
    assert [(span.onset_ticks, span.length_ticks, span.chord) for span in spans] == [(0, 96, C), (96, 48, F)]
    assert chord_spans([], 144) == ()


def test_titles_that_differ_in_signs_only_are_one_group():
    assert group_name("Body And Soul!") == group_name("body and soul")


def test_a_lead_sheet_becomes_a_piece(tmp_path):
    (piece,) = read_sheets(tmp_path, lead_sheet("tune"))
    assert isinstance(piece, Piece)
    assert (piece.metre, piece.bars, piece.key) == ("4/4", 16, Key(0, "major"))
    assert len(piece.melody) == 64 and piece.melody[1].onset_ticks == 12
    assert piece.chords[1].chord == Chord(7, "7") and piece.chords[1].onset_ticks == 96
    assert piece.chords[-1].end_ticks == 16 * 48


@pytest.mark.parametrize(
    ("changes", "style"),
    [
        ({}, "one"),
        ({"genres": {"Rock": 2}}, "two"),
        ({"genres": {}, "styles": {"Rock": 1}}, "two"),
        ({"genres": {"Polka": 1}}, "other"),
        ({"title": "So Blue"}, "three"),
    ],
)
def test_tags_and_titles_decide_the_style(tmp_path, changes, style):
    (piece,) = read_sheets(tmp_path, lead_sheet("tune", **changes))
    assert piece.styles == (style,)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"pd_strict": False}, "not pd_strict"),
        ({"metre": "5/4"}, "metre 5/4"),
        ({"metre": "2/4", "bars": 15}, "odd number of bars in 2/4"),
        ({"melody": [[0.29 * n, 0.2, 60] for n in range(40)]}, "off the grid"),
        ({"chords": [[0.0, "Hmm"]]}, "unknown chord symbol"),
        ({"melody": []}, "no melody"),
    ],
)
def test_lead_sheets_that_are_not_used_have_a_reason(tmp_path, changes, reason):
    assert read_sheets(tmp_path, lead_sheet("tune", **changes)) == [Rejection("tune", reason)]


def test_two_bars_of_two_four_become_one_bar(tmp_path):
    (piece,) = read_sheets(tmp_path, lead_sheet("tune", metre="2/4", bars=32))
    assert (piece.metre, piece.bars) == ("4/4", 16)


SOLO = {
    "id": "solo",
    "performer": "Somebody",
    "title": "Blue Thing",
    "signature": "4/4",
    "form": [[-1, "I1"], [1, "A1"], [3, "B1"], [5, "A2"], [99, "A3"]],
    "melody": [
        [bar, beat + offset, 0.3, 60 + beat, 0.0, 0.1]
        for bar in range(1, 9)
        for beat in range(4)
        for offset in (0.0, 0.667)
    ],
    "beats": [[bar, beat, "F-7" if bar % 2 else "Bb7", None, 0.0, 1] for bar in range(9) for beat in (1, 2, 3, 4)],
    "blues": False,
}


def read_solos(folder, **changes) -> list:
    given = source(folder, json_lines([{**SOLO, **changes}]))
    return list(solos(given, file="rows.jsonl.gz", styles=["one"], blues_field="blues", blues_styles=["two"]))


def test_a_solo_is_written_straight_with_its_chords_and_form(tmp_path):
    (piece,) = read_solos(tmp_path)
    assert [note.onset_ticks for note in piece.melody[:4]] == [0, 6, 12, 18]
    assert piece.melody[1].length_ticks == 6  # .3 of a beat before a note at the next: legato
    assert [span.chord for span in piece.chords[:2]] == [Chord(5, "m7"), Chord(10, "7")]
    assert piece.bars == 8 and piece.sections == ((0, "A"), (2, "B"), (4, "A"))
    assert piece.styles == ("one",) and piece.group == "bluething"


def test_blues_solos_teach_blues(tmp_path):
    assert read_solos(tmp_path, blues=True)[0].styles == ("two",)


def test_a_solo_with_few_chords_keeps_its_melody_only(tmp_path):
    beats = [[bar, 1, "NC" if bar > 2 else "C7", None, 0.0, 1] for bar in range(1, 9)]
    (piece,) = read_solos(tmp_path, beats=beats)
    assert piece.melody and piece.chords == ()


def test_odd_metres_of_solos_are_named(tmp_path):
    assert read_solos(tmp_path, signature="7/4") == [Rejection("solo", "metre 7/4")]


def read_chart(folder, sections: list, metre="4/4") -> Piece | Rejection:
    row = {"id": "1", "title": "Song", "artist": "Band", "metre": metre, "tonic": "D", "sections": sections}
    given = source(folder, json_lines([row]))
    return next(chord_charts(given, file="rows.jsonl.gz", styles=["one"], blues_styles=["two"]))


def test_a_chart_is_read_relative_to_its_tonic_with_its_sections(tmp_path):
    piece = read_chart(
        tmp_path,
        [
            {"labels": ["A", "verse"], "bars": ["N", "D:maj", "G:maj . . A:maj", "* D:maj"]},
            {"change": {"tonic": "E"}},
            {"labels": ["B"], "bars": ["E:maj (2/4)", "A:maj E:maj"]},
        ],
    )
    assert piece.sections == ((0, "A"), (3, "B")) and piece.bars == 4
    expected = [(0, C), (48, F), (84, G), (96, C), (144, F), (168, C)]
    assert [(span.onset_ticks, span.chord) for span in piece.chords] == expected
    assert piece.title == "Band: Song" and piece.melody == ()


def test_charts_that_are_not_used_have_a_reason(tmp_path):
    assert read_chart(tmp_path, [], metre="7/4").reason == "metre 7/4"
    assert read_chart(tmp_path, [{"change": {"metre": "3/4"}}]).reason == "metre changes"
    assert read_chart(tmp_path, [{"labels": [], "bars": ["Q:maj"]}]).reason == "unknown chord symbol"


BLUES = ["I7"] * 4 + ["IV7"] * 2 + ["I7"] * 2 + ["V7", "IV7", "I7", "V7"]


def test_twelve_bar_choruses_are_recognised():
    bars = [(Chord({"I": 0, "IV": 5, "V": 7}[text[:-1]], "7"),) for text in BLUES]
    assert twelve_bar_share(bars) == 1
    assert twelve_bar_share([*bars[:4], *bars, *bars[:8]]) == 0.5
    assert twelve_bar_share([*bars[:9], bars[0], *bars[10:]]) == 0
    held = [bar if index in (0, 4, 6, 8, 9, 10) else () for index, bar in enumerate(bars)]
    assert twelve_bar_share(held) == 1  # an empty bar holds the chord before


def read_analyses(folder, *rows) -> list:
    given = source(folder, json_lines(list(rows)))
    options = {"styles": ["one"], "blues_styles": ["two"], "annotators": ["first", "second"]}
    return list(analyses(given, file="rows.jsonl.gz", **options))


def analysis(annotator: str, bars: list, events=((0, "E"),), title="Song") -> dict:
    return {
        "id": f"song-{annotator}", "song": "song", "artist": "Band", "title": title,
        "annotator": annotator, "events": [list(event) for event in events], "bars": bars,
    }  # fmt: skip


def test_one_analysis_of_a_song_is_used(tmp_path):
    bars = [["R"], ["i"], [], ["bVII", "."], [".", "IV"]]
    rejected, piece = read_analyses(tmp_path, analysis("second", bars), analysis("first", bars, title=None))
    assert rejected == Rejection("song-second", "second analysis of a song")
    assert [(span.onset_ticks, span.chord.symbol()) for span in piece.chords] == [
        (0, "Cm"),
        (96, "Bb"),
        (168, "F"),
    ]
    assert piece.key == Key(0, "minor") and piece.bars == 4 and piece.title == "Band: song"


def test_blues_analyses_teach_blues(tmp_path):
    (piece,) = read_analyses(tmp_path, analysis("first", [[text.replace("7", "d7")] for text in BLUES]))
    assert piece.styles == ("two",)


def test_analyses_that_change_metre_are_refused(tmp_path):
    (refused,) = read_analyses(tmp_path, analysis("first", [["I"]], [(0, "4/4"), (3, "2/4")]))
    assert refused.reason == "metre changes"
    (odd,) = read_analyses(tmp_path, analysis("first", [["I"]], [(0, "7/8")]))
    assert odd.reason == "metre 7/8"


def read_loops(folder, *rows) -> list[Piece]:
    given = source(folder, json.dumps({"progressions": list(rows)}).encode(), "p.json")
    moods = [["Calm", "two"]]
    return list(progressions(given, file="p.json", styles=["one"], moods=moods, dialect={"diatonic": True}))


def test_loops_are_repeated_to_eight_bars_and_moods_add_a_style(tmp_path):
    calm, short = read_loops(
        tmp_path,
        {"mode": "min", "chords": ["i", "iv", "v"], "moods": ["Calm"]},
        {"id": "named", "mode": "major", "bars": [["I"], ["IV", "V"]], "styles": ["three", "one"]},
    )
    assert (calm.bars, calm.styles, calm.key.mode) == (9, ("one", "two"), "minor")
    assert (short.bars, short.styles, short.file) == (8, ("one", "three"), "named")
    assert [span.chord for span in short.chords[:3]] == [C, F, G]
    assert short.chords[1].length_ticks == 24
