"""Effects on whole tracks and on the mix: filters, reverb, amplifiers, modulation, dynamics.

An effect takes and returns (2, samples), float32, of the same length, and adds no latency.
"""
