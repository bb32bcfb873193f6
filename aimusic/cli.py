"""The command line. Each command imports what it needs inside its function, so that --help is instant."""

from pathlib import Path

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


class Wishes(click.Command):
    """Has an option for each field of the request; the fields are read when the command is used."""

    def get_params(self, context: click.Context) -> list[click.Parameter]:
        from aimusic.music.request import Request
        from aimusic.service.schemas import allowed

        options = [
            click.Option([f"--{name.replace('_', '-')}"], help=f"{field.description} Takes {allowed(name)}.")
            for name, field in Request.model_fields.items()
        ]
        return [*options, *super().get_params(context)]


def _value(name: str, text: str) -> object:
    """An option's text as the value that JSON would hold; what cannot be read stays text, to be refused later."""
    import json

    from aimusic.service.schemas import allowed

    if allowed(name).startswith("text"):
        return text
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


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

    from aimusic.service.logs import start_log
    from aimusic.service.worker import Worker
    from aimusic.settings import load_settings, use_one_thread

    def load():
        from aimusic.service.maker import Studio

        return Studio(settings.data_dir / "sounds")

    use_one_thread()
    settings = load_settings()
    start_log(settings)
    Worker(settings, supervised or f"by-hand-{os.getpid()}", load).run(supervised=supervised is not None)


@main.command(cls=Wishes)
@click.option("--out", type=click.Path(dir_okay=False), help="The WAV file; a MIDI file is written beside it.")
@click.option(
    "--stems",
    type=click.Path(file_okay=False, path_type=Path),
    help="A folder for every part and the room as 24-bit WAV files.",
)
def generate(out: str | None, stems: Path | None, **options) -> None:
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
    wishes = parse_request(
        {name: _value(name, text) for name, text in options.items() if text is not None}, styles
    )
    request = resolved(wishes, styles[wishes.style])
    wav = Path(out or f"{request.style}_{request.seed}.wav")
    if wav.suffix.lower() != ".wav":
        raise click.BadParameter("must end with .wav", param_hint="--out")
    if not wav.absolute().parent.is_dir():
        raise click.BadParameter(f"there is no folder {wav.parent}", param_hint="--out")
    recording = record(request, styles[request.style], Composer())
    save(recording, wav, wav.with_suffix(".mid"))
    if stems is not None:
        from aimusic.stems import save_stems

        stems.mkdir(parents=True, exist_ok=True)
        save_stems(recording, stems)
    key, bpm = recording.plan.key.name, recording.plan.tempo.bpm
    click.echo(f"{wav}: {recording.plan.duration_s:g} s, {key}, {bpm:g} bpm, seed {request.seed}")


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


@main.command()
@click.option("--from", "place", required=True, metavar="DIR_OR_URL", help="Holds manifest.json and the files.")
@click.option("--to", type=click.Path(file_okay=False), help="The data directory to fill.")
@click.option("--list", "listing", is_flag=True, help="Only say what there is: title, licence, size, styles.")
@click.argument("names", nargs=-1)
def download(place: str, to: str | None, listing: bool, names: tuple[str, ...]) -> None:
    """Bring training data from a directory or a web server, and check every file.

    NAMES are data sets; every core one where absent. There is no public server of this project: name a
    directory or a mirror that holds a manifest. A broken download goes on where it stopped.
    """
    from pathlib import Path

    from tqdm import tqdm

    from aimusic.training.download import chosen, files_of, read_source
    from aimusic.training.download import download as bring

    manifest, data_sets = read_source(place)
    if listing:
        for d in data_sets:
            click.echo(f"{d.id:27} {d.size_bytes / 1e6:6.1f} MB  {d.tier:8}  {', '.join(d.styles)}")
            click.echo(f"{'':27} {d.title}; {d.licence}{'; share-alike' if d.share_alike else ''}")
        return
    if to is None:
        raise click.UsageError("--to: name the data directory to fill")
    total = sum(file.size_bytes for file in files_of(manifest, chosen(data_sets, names)))
    with tqdm(total=total, unit="B", unit_scale=True, disable=None) as bar:
        outcome = bring(place, Path(to), names, bar.update)
    for reason in outcome.refused.values():
        click.echo(f"refused: {reason}", err=True)
    click.echo(f"{len(outcome.kept)} files are in {to}, {len(outcome.refused)} were refused")
    if outcome.refused:
        raise SystemExit(1)


@main.command()
@click.option(
    "--data", type=click.Path(file_okay=False), required=True, help="A directory that `download` filled."
)
@click.option("--out", type=click.Path(dir_okay=False), required=True, help="The corpus, corpus.jsonl.gz.")
@click.option("--share-alike/--no-share-alike", default=True, help="Use pieces under share-alike licences.")
@click.option("--processes", type=click.IntRange(1), default=1, show_default=True)
@click.argument("names", nargs=-1)
def prepare(data: str, out: str, share_alike: bool, processes: int, names: tuple[str, ...]) -> None:
    """Turn the data sets into one corpus of songs to train on; NAMES are data sets, every core one if absent.

    Needs the extra `train`. The same data give the same file. A report is printed, and written beside it.
    """
    from pathlib import Path

    from tqdm import tqdm

    from aimusic.training.corpus import save_corpus
    from aimusic.training.prepare import prepare as make_songs
    from aimusic.training.report import report_text, style_table, write_report

    with tqdm(unit="data set", disable=None) as bar:

        def progress(name: str) -> None:
            bar.set_description(name)
            bar.update()

        songs, accounts = make_songs(
            Path(data), share_alike=share_alike, names=names, processes=processes, progress=progress
        )
    save_corpus(songs, Path(out))
    table = style_table(songs)
    report = write_report(Path(out), accounts, table)
    click.echo(report_text(accounts, table))
    click.echo(f"{len(songs)} songs in {out}, report in {report}")


@main.command()
@click.option("--data", type=click.Path(file_okay=False), help="A directory that `download` filled.")
@click.option(
    "--corpus", type=click.Path(dir_okay=False), help="What `prepare` wrote; made from --data if absent."
)
@click.option("--run", "run_dir", type=click.Path(file_okay=False), default="runs/latest", show_default=True)
@click.option("--style", "names", multiple=True, help="Adapt only to this style; may be given several times.")
@click.option("--part", type=click.Choice(["chords", "melody"]), help="Train only this network.")
@click.option("--minutes", type=click.FloatRange(min=0, min_open=True), help="Limit of each backbone.")
@click.option("--device", default="cpu", show_default=True, help="Of PyTorch: cpu, cuda.")
@click.option("--start", type=click.Path(file_okay=False), help="Continue the backbones of an earlier run.")
@click.option(
    "--out", type=click.Path(file_okay=False), help="Style folders to write; the package's own if absent."
)
def train(data, corpus, run_dir, names, part, minutes, device, start, out) -> None:
    """Train the networks and write every style's weights and card (docs/training.md).

    With --data alone it does everything: corpus, backbones, one adaptation a style, scores, cards. A run that
    was stopped goes on where it was when the same command is given again.
    """
    from pathlib import Path

    from aimusic.composer.checkpoint import PARTS
    from aimusic.style import STYLES_DIR, load_styles
    from aimusic.training.build import School, build, corpus_of
    from aimusic.training.datasets import load_data_sets

    if data is None and corpus is None:
        raise click.UsageError("name --data, or a --corpus")
    styles = load_styles()
    unknown = sorted(set(names) - set(styles))
    if unknown:
        raise click.BadParameter(f"there is no style {unknown[0]!r}", param_hint="--style")
    songs = corpus_of(Path(run_dir), Path(corpus) if corpus else None, Path(data) if data else None)
    school = School(
        songs=songs,
        styles=tuple(styles),
        data_sets=load_data_sets(Path(data)) if data else (),
        run=Path(run_dir),
        device=device,
        minutes=minutes,
        start=Path(start) if start else None,
        say=click.echo,
    )
    chosen = {name: style for name, style in styles.items() if not names or name in names}
    build(school, Path(out) if out else STYLES_DIR, chosen, [part] if part else PARTS)


@main.command()
@click.option(
    "--corpus", type=click.Path(dir_okay=False, exists=True), required=True, help="What `prepare` wrote."
)
@click.option("--pieces", type=click.IntRange(2), default=24, show_default=True, help="Sampled for each style.")
@click.option("--json", "json_file", type=click.Path(dir_okay=False), default="evaluation.json", show_default=True)
@click.option("--page", type=click.Path(dir_okay=False), default="evaluation.md", show_default=True)
def evaluate(corpus: str, pieces: int, json_file: str, page: str) -> None:
    """Measure the shipped networks on held-out songs, and their music against real music."""
    from pathlib import Path

    from aimusic.settings import use_one_thread

    use_one_thread()

    from aimusic.style import STYLES_DIR, load_styles
    from aimusic.training.corpus import load_corpus
    from aimusic.training.evaluate import evaluate as measure
    from aimusic.training.evaluate import write_report

    report = measure(load_styles(), STYLES_DIR, load_corpus(Path(corpus)), pieces)
    write_report(report, Path(json_file), Path(page))
    click.echo(f"{page} and {json_file} are written")


@main.command()
@click.option(
    "--data", type=click.Path(file_okay=False), required=True, help="A directory that `download` filled."
)
@click.option(
    "--out",
    type=click.Path(file_okay=False),
    default=None,
    help="Folder of style folders; the package's if absent.",
)
def grooves(data: str, out: str | None) -> None:
    """Find families of typical bars and fills in human drumming: grooves.json of each style."""
    from pathlib import Path

    from aimusic.style import STYLES_DIR, load_styles
    from aimusic.training.build import write_card
    from aimusic.training.grooves import write_grooves

    written = write_grooves(Path(data), Path(out) if out else STYLES_DIR, load_styles())
    for path, mined in written.items():
        write_card(path.parent, path.parent.name)
        click.echo(f"{path}: {len(mined.families)} families from {mined.bars} bars of {mined.files} files")


@main.command()
@click.option("--style", "styles", multiple=True, help="Name of a style; may be repeated. All where absent.")
@click.option("--duration", type=float, default=30.0, show_default=True, help="Length in seconds, 1 to 300.")
@click.option("--seed", type=int, default=1, show_default=True, help="Seed of the pieces.")
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), default=Path("pictures"), show_default=True
)
def show(styles: tuple[str, ...], duration: float, seed: int, out: Path) -> None:
    """Draw a piano roll and a spectrogram of one piece in each style. Needs matplotlib (extra `train`)."""
    from aimusic.composer.compose import Composer
    from aimusic.formats.pictures import draw_piano_roll, draw_spectrogram
    from aimusic.pipeline import record
    from aimusic.service.schemas import parse_request
    from aimusic.style import load_styles
    from aimusic.synth.kernels import SAMPLE_RATE

    known, compose = load_styles(), Composer()
    requests = [
        parse_request({"style": name, "duration": duration, "seed": seed}, known) for name in styles or known
    ]
    out.mkdir(parents=True, exist_ok=True)
    for request in requests:
        name = request.style
        recording = record(request, known[name], compose)
        draw_piano_roll(recording.score, out / f"{name}-notes.png")
        draw_spectrogram(recording.audio, SAMPLE_RATE, out / f"{name}-sound.png")
        click.echo(f"{out / name}-notes.png {out / name}-sound.png")


if __name__ == "__main__":
    main()
