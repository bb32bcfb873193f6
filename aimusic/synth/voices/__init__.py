"""Synthesis methods by family: each makes one note from a pitch, a velocity and a hold time."""
