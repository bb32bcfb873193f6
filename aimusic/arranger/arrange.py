"""Lead sheet -> score: each player of the style reads the chart and plays.

A player is a role and a skill ("bass", "walking"); the skills of a role are a table in that role's file.
"""

from collections.abc import Callable

from aimusic.arranger import arpeggio, bass, comping, drums, inner, lead
from aimusic.arranger.chart import Chart, read_chart
from aimusic.arranger.feel import ONE_VOICE, perform, tidy
from aimusic.errors import InvalidStyle
from aimusic.music.request import Plan
from aimusic.music.score import LeadSheet, Marker, Note, Part, Score
from aimusic.style import Player, Style

Skill = Callable[[Chart, Player], list[Note]]

SKILLS: dict[str, dict[str, Skill]] = {
    "lead": lead.PATTERNS,
    "comping": comping.PATTERNS,
    "pad": inner.PAD_PATTERNS,
    "inner": inner.INNER_PATTERNS,
    "arpeggio": arpeggio.PATTERNS,
    "bass": bass.PATTERNS,
    "drums": drums.PATTERNS,
}


def arrange(lead_sheet: LeadSheet, plan: Plan, style: Style) -> Score:
    """Give every player of the style a part, in the style's order.

    Raises InvalidStyle for a pattern that the role does not know, or a range that holds no voicing.
    """
    chart = read_chart(lead_sheet, plan, style)
    markers = tuple(Marker(s.start_bar * plan.metre.bar_ticks, s.name) for s in plan.sections)
    return Score(
        title=f"{style.name.capitalize()} in {plan.key.name}",
        key=plan.key,
        tempo=plan.tempo,
        duration_s=plan.duration_s,
        parts=tuple(_part(chart, player) for player in style.parts),
        chords=lead_sheet.chords,
        markers=markers,
        fade_s=plan.fade_s,
    )


def skill(player: Player, style: Style) -> Skill:
    """The function behind a player's role and pattern."""
    known = SKILLS[player.role]
    if player.pattern not in known:
        raise InvalidStyle(
            f"{style.name}/style.toml: parts.{player.name}.pattern: {player.pattern!r} is no pattern of "
            f"{player.role}, use one of {', '.join(sorted(known))}"
        )
    return known[player.pattern]


def _part(chart: Chart, player: Player) -> Part:
    written = skill(player, chart.style)(chart, player)
    notes = tidy(written, chart.plan.end_ticks, one_voice=player.role in ONE_VOICE)
    return Part(
        name=player.name,
        role=player.role,
        instrument=player.instrument,
        notes=perform(notes, chart, player),
        is_drum=player.role == "drums",
    )
