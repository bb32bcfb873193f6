"""Drums and cymbals: a drum is a sum of swept skins, ringing metal, bursts of noise and square oscillators."""
