"""`callrouter scheme init`: a document to start from."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option("--language", type=click.Choice(["ru", "en"]), default="ru", show_default=True, help="Of the comments.")
@click.argument("file", type=click.Path(path_type=Path), required=False)
def init(language: str, file: Path | None) -> None:
    """Write a commented document to start from; without FILE to stdout. A file that is there is not touched."""
    from callrouter.cli.opening import WrongInputError

    start = Path(__file__).with_name(f"start.{language}.toml").read_bytes()
    if file is None:
        click.echo(start, nl=False)
        return
    try:
        with file.open("xb") as written:
            written.write(start)
    except FileExistsError:
        raise WrongInputError(f"{file} is there already: name another file") from None
    except OSError as error:
        raise WrongInputError(f"{file}: {error.strerror}") from None
    click.echo(f"{file} is written; now: callrouter scheme plan {file}", err=True)
