"""The command line. Each command imports what it needs inside its function, so that --help is instant."""

import click

from aimusic import __version__


@click.group()
@click.version_option(__version__)
def main() -> None:
    """Self-hosted music generator."""


if __name__ == "__main__":
    main()
