"""A self-hosted music generator: plan, compose, arrange, render, mix, master."""

__version__ = "0.1.0"
