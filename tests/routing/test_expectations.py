"""What a company expects of its scheme: read, checked, and told where it is otherwise."""

from __future__ import annotations

import pytest

from callrouter.routing.expectations import check, read
from callrouter.routing.faults import WrongScheme
from callrouter.routing.scheme import parse
from tests.routing.test_scheme import TEXT, changed

CALL = '[[tests]]\nname = "t"\nline = "84951234567"\nfrom = "89161234567"\nat = "2026-11-20 18:55"\n'


def faults(text: str) -> list[str]:
    """Return what is wrong with a file of tests."""
    with pytest.raises(WrongScheme) as caught:
        read(text.encode(), "t.toml")
    return [str(fault) for fault in caught.value.faults]


def wrong(expect: str, *, more: str = "", scheme: str = TEXT) -> tuple[str, ...]:
    """Return what is otherwise for a call of which this is expected."""
    (verdict,) = check(parse(scheme.encode()), read(f"{CALL}{more}\nexpect = {{{expect}}}\n".encode(), "t.toml"))
    assert (verdict.answer is None) == any("is called" in said for said in verdict.wrong)
    return verdict.wrong


@pytest.mark.parametrize(
    ("expect", "more"),
    [
        ('rings = [["vera", "boris", "anna"], ["gleb"], ["irina"]], closed = false, ladder = "default"', ""),
        ('rings = [["anna"], ["anna", "boris", "vera"], ["gleb"], ["irina"]], lost = "no_answer"',
         'client = {responsible = "anna", priority = "A", attributes = {region = "Москва"}}'),
        ('rings = [["boris", "vera"], ["gleb"], ["irina"]]', 'assume = {anna = "busy"}'),
        ("", 'last = "anna"'),
        ("", 'at = "2026-11-20T18:55+03:00"'),
    ],
)  # fmt: skip
def test_what_is_as_expected_holds(expect: str, more: str) -> None:
    """What is left out may be anything; who rings together may be listed in any order."""
    if "at =" in more:
        text = f"{CALL}expect = {{{expect}}}\n".replace('at = "2026-11-20 18:55"', more)
        assert not next(check(parse(TEXT.encode()), read(text.encode(), "t.toml"))).wrong
    else:
        assert wrong(expect, more=more) == ()


def test_what_is_otherwise_is_told() -> None:
    """Each thing by itself, with what would happen instead."""
    said = 'closed = true, ladder = "spare", rule = "key", lost = "closed", rings = [["anna"], []]'
    spare = changed(("[lines]", 'spare = [{ring = "owner"}]\n[lines]'))
    assert wrong(said, scheme=spare) == (
        "the line is open",
        'the ladder is "default", not "spare"',
        'the rule is none, not "key"',
        "the call is lost as no answer, not as closed",
        "rings anna + boris + vera, then gleb, then irina, not anna, then nobody",
    )


def test_a_line_that_is_closed_rings_nobody() -> None:
    """Nobody is written as an empty list."""
    hours = '[calendars]\noffice = {hours = ["Mon-Fri 09:00-18:55"]}\n[ladders]'
    closed = changed(("[ladders]", hours), (', head = "gleb"', ', head = "gleb", hours = "office"'))
    assert wrong('closed = true, rings = [], lost = "closed"', scheme=closed) == ()
    assert wrong('closed = false, rings = [["anna"]]', scheme=closed) == (
        "the line is closed",
        "rings nobody, not anna",
    )


def test_a_name_that_the_scheme_does_not_have_is_a_failure() -> None:
    """A test that names nobody would hold for ever."""
    assert wrong('rings = [["ana"]], ladder = "defalt"', more='last = "zzz"') == (
        'no person is called "ana" (did you mean "anna"?)',
        'no person is called "zzz"',
        'no ladder is called "defalt" (did you mean "default"?)',
    )
    assert wrong("", scheme=changed(('"+74951234567"', '"+74951230000"'))) == ('no line is called "84951234567"',)


def test_a_wrong_file_is_refused_with_every_fault() -> None:
    """Unknown keys, words and times, each with its place."""
    text = CALL.replace("2026-11-20 18:55", "Friday") + 'assume = {anna = "bsy"}\nexpect = {lost = "noanswer"}\n'
    assert faults(f"test = 1\n{text}") == [
        'test: there is no such key (did you mean "tests"?)',
        'tests[1].at: must be a time, such as "2026-11-20 18:55"',
        'tests[1].assume.anna: must be one of busy, offline, paused, dnd, away (did you mean "busy"?)',
        (
            "tests[1].expect.lost: must be one of abandoned, no_answer, unreachable, closed, rejected, failure "
            '(did you mean "no_answer"?)'
        ),
    ]
    assert faults("tests = 1\n") == ["tests: must be written [[tests]], once for each"]
    assert faults(f"{CALL}expects = {{}}\n") == [
        "tests[1].expect: is missing",
        'tests[1].expects: there is no such key (did you mean "expect"?)',
    ]
    assert faults("[[tests]\n")[0].startswith("line 1: ")
