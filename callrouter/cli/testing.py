"""The tests beside a scheme document: where they are, whether they hold, and how a failure is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from callrouter.cli.opening import WrongInputError, content_of
from callrouter.cli.route import told
from callrouter.cli.show import clean
from callrouter.routing import scheme as document
from callrouter.routing.expectations import check, read

if TYPE_CHECKING:
    from pathlib import Path

    from callrouter.routing.expectations import Verdict


def tests_of(file: Path, named: Path | None) -> Path | None:
    """Return the tests of a document: those that are named, else those beside it, `scheme.tests.toml`; None: none."""
    if named is not None:
        return named
    beside = file.with_suffix(".tests.toml")
    return beside if beside.is_file() else None


def needed_tests(file: Path, named: Path | None) -> Path:
    """Return the tests of a document, which has to have some."""
    found = tests_of(file, named)
    if found is None:
        raise WrongInputError(f"there is no {file.with_suffix('.tests.toml')}: docs/routing.md says how to write tests")
    return found


def verdicts_of(content: bytes, file: Path, tests: Path) -> tuple[Verdict, ...]:
    """Return what becomes of each test."""
    scheme = document.parse(content, str(file))
    return tuple(check(scheme, read(content_of(tests), str(tests))))


def hold(content: bytes, file: Path, tests: Path) -> bool:
    """Whether a document's tests hold; if not, what is wrong is said, and that nothing is applied."""
    verdicts = verdicts_of(content, file, tests)
    wrong = [one for one in verdicts if one.wrong]
    for one in wrong:
        _print_failure(one)
    if wrong:
        click.echo(f"error: {tests}: {len(wrong)} of {len(verdicts)} tests fail, nothing applied", err=True)
    return not wrong


def print_verdicts(verdicts: tuple[Verdict, ...]) -> None:
    """Print each test, with what is wrong and what would happen instead; the sum on stderr."""
    for one in verdicts:
        if one.wrong:
            _print_failure(one)
        else:
            click.echo(f"ok    {clean(one.name)}")
    wrong = sum(1 for one in verdicts if one.wrong)
    count = "1 test" if len(verdicts) == 1 else f"{len(verdicts)} tests"
    click.echo(f"{count}, {wrong or 'none'} failed", err=True)


def _print_failure(verdict: Verdict) -> None:
    click.echo(f"FAIL  {clean(verdict.name)}")
    for said in verdict.wrong:
        click.echo(f"      {clean(said)}")
    for line in () if verdict.answer is None else told(verdict.answer):
        click.echo(f"        {clean(line)}")


def verdicts_document(verdicts: tuple[Verdict, ...]) -> list[dict[str, object]]:
    """Return the verdicts as JSON has them."""
    return [{"name": one.name, "ok": not one.wrong, "wrong": list(one.wrong)} for one in verdicts]
