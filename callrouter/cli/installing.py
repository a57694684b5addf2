"""`callrouter dialplan install`: what belongs in Asterisk's folder, shown before it is written, and taken out again."""

from __future__ import annotations

import difflib
import os
import re
import secrets
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

import callrouter
from callrouter.pbx import etc
from callrouter.pbx.marked import MarksError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from callrouter.settings import Settings
    from callrouter.store.database import Database

_SECRET = re.compile(r"(?m)^([+ -]password = ).*$")
_COLOURS = {"+": "green", "-": "red", "@": "cyan"}
NEXT = """\
now, in this order:
  asterisk -rx "core reload"              Asterisk reads them (and once: module load cdr_custom.so)
  callrouter doctor                       until nothing fails
  callrouter serve
and lead the calls of one line into callrouter first: the head of callrouter.conf says how"""


@click.command(
    epilog="""\b
Examples:
  callrouter dialplan install --etc /etc/asterisk            show what would change, then ask
  callrouter dialplan install --etc /etc/asterisk --yes      do not ask; a second time changes nothing
  callrouter dialplan install --etc /etc/asterisk --remove   everything as it was before
""",
)
@click.option(
    "--etc",
    "folder",
    required=True,
    metavar="DIR",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Asterisk's folder of settings, usually /etc/asterisk.",
)
@click.option("--remove", is_flag=True, help="Take everything of callrouter's out again.")
@click.option("--yes", is_flag=True, help="Do not ask; nobody is asked either where input is no terminal.")
def install(folder: Path, *, remove: bool, yes: bool) -> int:
    """
    Put callrouter's files into Asterisk's folder: dialplan, fallback, ARI user, records; shows the difference first.

    On FreePBX and Issabel only files are touched that the PBX leaves to its administrator (…_custom.conf). What was
    there before is kept in DATA_DIR/asterisk-before. Exit 1: whoever was asked said no.
    """
    from callrouter import settings
    from callrouter.cli.applying import remember_fallback
    from callrouter.cli.opening import WrongInputError

    told = settings.load()
    try:
        changes = etc.remove(_reader(folder), files()) if remove else _wanted(folder, told)
    except MarksError as error:
        raise WrongInputError(f"{folder}: {error}") from None
    if not changes:
        click.echo("nothing to do: everything is as it has to be", err=True)
        return 0
    _show(changes)
    if not yes and not _agreed():
        click.echo("nothing is written", err=True)
        return 1
    kept = _keep(told.data_dir, changes)
    _write(folder, changes)
    said = "1 file is" if len(changes) == 1 else f"{len(changes)} files are"
    click.echo(f"{said} written; what was there before: {kept}", err=True)
    if remove:
        click.echo('now: asterisk -rx "core reload"', err=True)
        return 0
    if (folder / etc.FALLBACK).exists():
        remember_fallback(told.data_dir, folder / etc.FALLBACK)
    if told.has_ari and told.ari_password is None:
        _tell_password(_reader(folder), told)
    click.echo(NEXT, err=True)
    return 0


def files() -> dict[str, str]:
    """Return callrouter's own files for Asterisk, by name: those of the wheel, else of the checkout."""
    package = Path(callrouter.__file__).parent
    installed = package / "_dialplan"
    folder = installed if installed.is_dir() else package.parent / "dialplan"
    return {one.name: one.read_text("utf-8") for one in sorted(folder.glob("*.conf"))}


def _reader(folder: Path) -> etc.Read:
    from callrouter.cli.opening import WrongInputError

    def read(name: str) -> bytes | None:
        try:
            return (folder / name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise WrongInputError(f"{folder / name}: {error.strerror}") from None

    return read


def _wanted(folder: Path, told: Settings) -> tuple[etc.Change, ...]:
    from callrouter.cli.opening import with_database

    read = _reader(folder)
    user = None if not told.has_ari or etc.user_there(read, told.ari_username) else _user(read, told)
    if user is None and told.has_ari:
        click.echo(f"note: ari.conf has a user {told.ari_username} already: it stays as it is", err=True)
    fallback = with_database(_fallback)
    return etc.install(read, files(), fallback, user, has_ari=told.has_ari)


async def _fallback(database: Database) -> str | None:
    """Return the rendered fallback, None without a scheme: then there are no lines yet."""
    from callrouter.cli.dialplan import rendered
    from callrouter.store import schemes

    async with database.reading() as connection:
        is_there = await schemes.current(connection) is not None
    if not is_there:
        click.echo("note: there is no scheme yet, so no fallback: once more after `callrouter scheme apply`", err=True)
    return await rendered(database) if is_there else None


def _user(read: etc.Read, told: Settings) -> etc.User:
    """Return our user at ARI; a password that nobody has said is the one that is there, else made up."""
    if told.ari_password is not None:
        return etc.User(told.ari_username, told.ari_password.get_secret_value())
    return etc.User(told.ari_username, etc.password_there(read, told.ari_username) or secrets.token_urlsafe(24))


def _tell_password(read: etc.Read, told: Settings) -> None:
    """Write the password of our user at ARI where only its owner reads it, and say how `serve` gets to know it."""
    password = etc.password_there(read, told.ari_username)
    if password is None:
        return
    file = told.data_dir / "ari-password"
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as kept:
        kept.write(password + "\n")
    click.echo(f"ARI's password: export CALLROUTER_ARI_PASSWORD_FILE={file.absolute()}", err=True)


def _show(changes: Iterable[etc.Change]) -> None:
    """Print the differences, without the password."""
    for change in changes:
        before, after = (
            ("" if text is None else text.decode("utf-8", "replace")).splitlines()
            for text in (change.before, change.after)
        )
        was, becomes = (
            "(no file)" if text is None else f"{change.name} ({when})"
            for text, when in ((change.before, "now"), (change.after, "then"))
        )
        drawn = "\n".join(difflib.unified_diff(before, after, was, becomes, lineterm=""))
        for line in _SECRET.sub(r"\1********", drawn).splitlines():
            shown = "".join(
                char if char.isprintable() or char == "\t" else "\N{REPLACEMENT CHARACTER}" for char in line
            )
            click.echo(click.style(shown, fg=_COLOURS.get(line[:1])))


def _agreed() -> bool:
    return not sys.stdin.isatty() or click.confirm("write this?", err=True)


def _keep(data: Path, changes: Iterable[etc.Change]) -> Path:
    """Copy what is there before it is changed; return where."""
    from callrouter.cli.opening import WrongInputError

    folder = data / "asterisk-before" / time.strftime("%Y-%m-%dT%H%M%SZ", time.gmtime())
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for change in changes:
            if change.before is not None:
                (folder / change.name).write_bytes(change.before)
    except OSError as error:
        raise WrongInputError(f"{folder}: {error.strerror}; nothing is written") from None
    return folder


def _write(folder: Path, changes: tuple[etc.Change, ...]) -> None:
    """Replace each file in one step; when one of them cannot be, those before are put back."""
    from callrouter.cli.opening import WrongInputError

    done: list[etc.Change] = []
    try:
        for change in changes:
            _put(folder, change.name, change.after)
            done.append(change)
    except OSError as error:
        for written in done:
            _put(folder, written.name, written.before)
        raise WrongInputError(f"{folder / change.name}: {error.strerror}; everything is as it was") from None


def _put(folder: Path, name: str, content: bytes | None) -> None:
    """Write beside it and rename; owner and rights are those of the file, else of the folder's other files."""
    path = (folder / name).resolve()
    if content is None:
        path.unlink(missing_ok=True)
        return
    like = path if path.exists() else _neighbour(folder)
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    its = like.stat()
    if (its.st_uid, its.st_gid) != (os.geteuid(), os.getegid()):
        os.chown(fresh, its.st_uid, its.st_gid)
    fresh.chmod(its.st_mode & 0o666)
    fresh.replace(path)


def _neighbour(folder: Path) -> Path:
    """Return a file of Asterisk's whose owner and rights a new one gets: one with a password in it, if there is one."""
    return next((folder / name for name in ("ari.conf", "extensions.conf") if (folder / name).exists()), folder)
