"""The command line: this file imports click and the standard library only, so that `--help` is there at once."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING

import click

from callrouter import __version__
from callrouter.core.errors import CallrouterError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

COMMANDS = {
    "serve": ("callrouter.cli.serve", "Run the router."),
    "scheme": ("callrouter.cli.scheme", "The routing document: plan, apply, show, history, roll back."),
    "route": ("callrouter.cli.route", "What would happen to a call: every step, who rings, who does not and why."),
    "clients": ("callrouter.cli.clients", "Clients and whose they are: import, show, find, assign, forget."),
    "people": ("callrouter.cli.people", "People and their pauses: list, add, remove, pause, resume."),
    "departments": ("callrouter.cli.editing", "Departments and their members: add, remove."),
    "lines": ("callrouter.cli.editing", "Lines: add, remove."),
    "calls": ("callrouter.cli.calls", "Calls: the list, one call with its trace, the live view."),
    "lost": ("callrouter.cli.lost", "Lost clients, until somebody has talked to them: list, show, take, snooze, done."),
    "lcr": ("callrouter.cli.lcr", "The Lost Call Rate by lcr/1."),
    "export": ("callrouter.cli.export", "The nightly export of one date."),
    "outbox": ("callrouter.cli.outbox", "Exports and notices on their way: list, retry, drop, send."),
    "reconcile": ("callrouter.cli.reconcile", "Asterisk's own records read back, and the ledger audited by them."),
    "dialplan": ("callrouter.cli.dialplan", "Asterisk's side: install, take out, render the fallback in native Dial."),
    "doctor": ("callrouter.cli.doctor", "Is everything as it has to be?"),
    "db": ("callrouter.cli.db", "The database: its schema, and what in it is too old."),
}
"""Each command: the module that has it under the command's own name, and what it does."""


class Lazy(click.Group):
    """A group that imports a command's module only when the command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names in the order in which they are met."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import and return a command."""
        if cmd_name not in COMMANDS:
            return None
        command = getattr(import_module(COMMANDS[cmd_name][0]), cmd_name)
        assert isinstance(command, click.Command)
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Offer the commands without importing them: TAB is to answer at once."""
        from click.shell_completion import CompletionItem

        found = [CompletionItem(name, help=said) for name, (_, said) in COMMANDS.items() if name.startswith(incomplete)]
        return found + click.Command.shell_complete(self, ctx, incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, said) for name, (_, said) in COMMANDS.items()])


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="callrouter")
def root() -> None:
    """Route the calls of a sales department so that no client is lost."""


def main() -> None:
    """Run the command line and exit with the contract's codes: 0 done, 1 no, 2 wrong, 3 a server is away."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command; return its exit code."""
    try:
        code = root.main(arguments, prog_name="callrouter", standalone_mode=False)
        sys.stdout.flush()
    except (CallrouterError, click.ClickException) as error:
        return _refuse(error)
    except BrokenPipeError:  # `| head` has seen enough; what is still buffered has nowhere to go
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        click.echo(f"error: {error.strerror or error}", err=True)
        return 2
    except SystemExit:  # that is how click meets it
        if type(sys.stdout).__name__.endswith("PacifyFlushWrapper"):
            return 0
        raise
    except (click.Abort, KeyboardInterrupt):
        return 130
    return code if isinstance(code, int) else 0


def _refuse(error: CallrouterError | click.ClickException) -> int:
    if isinstance(error, CallrouterError):
        text = str(error)
        said = text.rpartition("\n")[2].startswith("error: ")  # a list of faults ends with its own sum
        click.echo(text if said else f"error: {text}", err=True)
        return error.exit_code
    hint = ""
    if isinstance(error, click.UsageError) and error.ctx is not None:
        hint = f" (see `{error.ctx.command_path} --help`)"
    click.echo(f"error: {error.format_message().rstrip('.')}{hint}", err=True)
    return 2
