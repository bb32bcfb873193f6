"""A style is a folder of data, read into frozen values.

`style.toml` names the skills of the planner, the composer, the band and the studio, and beside it lie the trained
weights, their card, and what people played. No code asks which style it plays.
"""

from aimusic.style.reading import load_grooves, load_style, load_styles
from aimusic.style.tables import STYLES_DIR, Form, Groove, Mix, Player, Style

__all__ = ["STYLES_DIR", "Form", "Groove", "Mix", "Player", "Style", "load_grooves", "load_style", "load_styles"]
