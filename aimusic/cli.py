"""The command line. Each command imports what it needs inside its function, so that --help is instant."""

import click

from aimusic import __version__


class Commands(click.Group):
    """Says our own errors in one line instead of a traceback."""

    def invoke(self, context: click.Context) -> object:
        from aimusic.errors import MusicError

        try:
            return super().invoke(context)
        except MusicError as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=Commands)
@click.version_option(__version__)
def main() -> None:
    """Self-hosted music generator."""


@main.command()
def serve() -> None:
    """Serve the web API and the page; AIMUSIC_* variables say how (docs/operations.md)."""
    from aimusic.service.server import Server
    from aimusic.settings import load_settings

    Server(load_settings()).run()


@main.command()
@click.option("--supervised", metavar="NAME", help="Given by the service to its own workers.")
def work(supervised: str | None) -> None:
    """Make the pieces that are queued in the data directory, one after another."""
    import os

    from aimusic.service.server import start_log
    from aimusic.service.worker import Worker
    from aimusic.settings import load_settings, use_one_thread

    def load():
        from aimusic.service.maker import Studio

        return Studio(settings.data_dir / "sounds")

    use_one_thread()
    settings = load_settings()
    start_log(settings)
    Worker(settings, supervised or f"by-hand-{os.getpid()}", load).run(supervised=supervised is not None)


@main.command()
@click.option("--style", help="One of `aimusic styles`.")
@click.option("--duration", type=float, help="Length in seconds, 1 to 300; 30 where absent.")
@click.option("--tempo", type=float, help="Beats per minute, 60 to 200; the style's own where absent.")
@click.option("--key", help="Such as 'A minor'; drawn from the style where absent.")
@click.option("--seed", type=int, help="The same seed gives the same music; drawn at random where absent.")
@click.option("--out", type=click.Path(dir_okay=False), help="The WAV file; a MIDI file is written beside it.")
def generate(out: str | None, **options) -> None:
    """Make one piece, without a server."""
    from pathlib import Path

    from aimusic.settings import use_one_thread

    use_one_thread()

    from aimusic.composer.compose import Composer
    from aimusic.pipeline import record, save
    from aimusic.service.identity import resolved
    from aimusic.service.schemas import parse_request
    from aimusic.style import load_styles

    styles = load_styles()
    wishes = parse_request({name: value for name, value in options.items() if value is not None}, styles)
    request = resolved(wishes, styles[wishes.style])
    wav = Path(out or f"{request.style}_{request.seed}.wav")
    if not wav.absolute().parent.is_dir():
        raise click.BadParameter(f"there is no folder {wav.parent}", param_hint="--out")
    recording = record(request, styles[request.style], Composer())
    save(recording, wav, wav.with_suffix(".mid"))
    key, bpm = recording.plan.key.name, recording.plan.tempo.bpm
    click.echo(f"{wav}: {request.duration:g} s, {key}, {bpm:g} bpm, seed {request.seed}")


@main.command()
def styles() -> None:
    """List the styles."""
    from aimusic.style import load_styles

    for style in load_styles().values():
        click.echo(f"{style.name:12} {style.tempo.default:4g} bpm  {style.description}")


@main.command()
def doctor() -> None:
    """Look for what may stand in the way: libraries, weights, permissions, disk, port."""
    from aimusic.service.doctor import examine
    from aimusic.settings import load_settings

    found = list(examine(load_settings()))
    for check in found:
        click.echo(f"{'ok   ' if check.ok else 'FAULT'} {check.name}: {check.detail}")
    if not all(check.ok for check in found):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
