"""Short cuts that edit the document in force, with its comments, and put it in force through the same validation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from callrouter.cli.scheme import clients_to_option, comment_option

if TYPE_CHECKING:
    from collections.abc import Callable

    from tomlkit import TOMLDocument


@click.group()
def lines() -> None:
    """Lines of the scheme in force: add, remove."""


@click.group()
def departments() -> None:
    """Departments of the scheme in force: add, remove, and their members."""


@departments.group()
def member() -> None:
    """Members of a department: add, remove."""


@lines.command("add")
@click.argument("number")
@click.option("--name", metavar="TEXT", help="What reports show.")
@click.option("--department", metavar="KEY")
@click.option("--ladder", metavar="KEY", help="Default: default.")
@comment_option
def add_line(number: str, comment: str | None, **fields: str | None) -> None:
    """Add a line."""
    from callrouter.cli import edits

    _edit(f"lines add {number}", comment, lambda document: edits.add(document, "lines", number, fields))


@lines.command("remove")
@click.argument("number")
@comment_option
def remove_line(number: str, comment: str | None) -> None:
    """Remove a line: its calls go to the default line, else to the dialplan's fallback."""
    from callrouter.cli import edits

    _edit(f"lines remove {number}", comment, lambda document: edits.remove(document, "lines", number))


@departments.command("add")
@click.argument("key")
@click.option("--name", metavar="TEXT", help="What reports show.")
@click.option("--member", "members", multiple=True, required=True, metavar="PERSON", help="Once for each.")
@click.option("--head", metavar="PERSON")
@comment_option
def add_department(key: str, members: tuple[str, ...], comment: str | None, **fields: str | None) -> None:
    """Add a department."""
    listed = {"name": fields["name"], "members": list(members), "head": fields["head"]}
    from callrouter.cli import edits

    _edit(f"departments add {key}", comment, lambda document: edits.add(document, "departments", key, listed))


@departments.command("remove")
@click.argument("key")
@comment_option
def remove_department(key: str, comment: str | None) -> None:
    """Remove a department that no line has."""
    from callrouter.cli import edits

    _edit(f"departments remove {key}", comment, lambda document: edits.remove(document, "departments", key))


@member.command("add")
@click.argument("key")
@click.argument("person")
@comment_option
def add_member(key: str, person: str, comment: str | None) -> None:
    """Make somebody a member, the last one."""
    from callrouter.cli import edits

    _edit(f"departments member add {key} {person}", comment, lambda document: edits.join(document, key, person))


@member.command("remove")
@click.argument("key")
@click.argument("person")
@comment_option
def remove_member(key: str, person: str, comment: str | None) -> None:
    """Take a member out."""
    from callrouter.cli import edits

    _edit(f"departments member remove {key} {person}", comment, lambda document: edits.leave(document, key, person))


@click.command("add")
@click.argument("key")
@click.option("--name", required=True, metavar="TEXT", help="What phones and reports show.")
@click.option("--phone", "phones", multiple=True, required=True, metavar="TECH/RESOURCE", help="Once for each.")
@click.option("--department", metavar="KEY", help="Of which he becomes a member, the last one.")
@comment_option
def add_person(key: str, name: str, phones: tuple[str, ...], department: str | None, comment: str | None) -> None:
    """Add somebody to the scheme in force."""
    fields = {"name": name, "phones": list(phones)}
    from callrouter.cli import edits

    _edit(f"people add {key}", comment, lambda document: edits.add_person(document, key, fields, department))


@click.command("remove")
@click.argument("key")
@clients_to_option
@comment_option
def remove_person(key: str, clients_to: str | None, comment: str | None) -> None:
    """Remove somebody from the scheme in force, and from the departments and segments he is in."""
    from callrouter.cli import edits

    _edit(f"people remove {key}", comment, lambda document: edits.remove_person(document, key), clients_to=clients_to)


def _edit(
    what: str, comment: str | None, change: Callable[[TOMLDocument], None], clients_to: str | None = None
) -> None:
    """Change the document in force and apply it; who was quicker meanwhile is not overwritten."""
    from callrouter.cli import edits
    from callrouter.cli.scheme import apply_content, revision_in_force

    current = revision_in_force()
    content = edits.edited(current.document, change)
    why = what if comment is None else f"{what}: {comment}"
    apply_content(content, f"revision {current.revision} with `{what}`", clients_to, why, onto=current)
