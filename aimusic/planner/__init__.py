"""Request and style -> plan: metre, key, form, phrases, cadences, energy and the exact length."""

from aimusic.planner.plan import make_plan

__all__ = ["make_plan"]
