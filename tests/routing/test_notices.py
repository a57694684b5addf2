"""Who is told of what, and when."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from callrouter.core.outcome import CallRow, TalkRow
from callrouter.core.words import CallId, LostReason, PersonId
from callrouter.routing.notices import Addressee, Cause, addressee, causes, gathered, is_neglected
from callrouter.routing.scheme import parse
from callrouter.routing.values import Notice
from callrouter.routing.worklist import LostClient

if TYPE_CHECKING:
    from callrouter.core.words import Instant

ANNA, BORIS, GLEB, IRINA, GONE = (PersonId(one) for one in ("anna", "boris", "gleb", "irina", "gone"))
TEXT = """version = 1
timezone = "Europe/Moscow"
country = "RU"
[people]
anna = {name = "Anna", phones = ["PJSIP/101"], mail = "anna@example.org"}
boris = {name = "Boris", phones = ["PJSIP/102"], mail = "boris@example.org"}
gleb = {name = "Gleb", phones = ["PJSIP/110"], mail = "gleb@example.org"}
irina = {name = "Irina", phones = ["PJSIP/120"], mail = "irina@example.org"}
[company]
owner = "irina"
[calendars]
week = {hours = ["Mon-Fri 09:00-18:00"], holidays = "none"}
[departments]
sales = {members = ["anna", "boris"], head = "gleb", hours = "week"}
care = {members = ["anna"]}
[ladders]
default = [{ring = "department"}]
[lines]
"+74951234567" = {department = "sales"}
"+74951230000" = {department = "care"}
"""
LEAVE = ', absences = [{from = "2026-11-16", to = "2026-11-30"}]'


def at(local: str) -> Instant:
    """Return the instant of a time in Moscow."""
    return datetime.fromisoformat(f"{local}+03:00").timestamp()


NOON = at("2026-11-18T12:00")
CLIENT = LostClient(
    task=1,
    client=1,
    name=None,
    number="+79161234567",
    priority=None,
    line="+74951234567",
    department="sales",
    responsible=None,
    lost=1,
    since=NOON,
    last_at=NOON,
    attempts=0,
    attempted_at=None,
    taken_by=None,
    taken_at=None,
    snoozed_until=None,
    closed_at=None,
    closed_how=None,
)
LOST = CallRow(
    id=CallId("a"),
    line="+74951234567",
    department="sales",
    caller="+79161234567",
    caller_raw="89161234567",
    client_id=1,
    client=None,
    responsible=None,
    priority=None,
    segment=None,
    direction="in",
    arrived_at=NOON,
    answered_at=None,
    ended_at=NOON + 20,
    outcome="lost",
    lost_reason=LostReason.ABANDONED,
    lost_step=1,
    answered_by=None,
    answered_step=None,
    scheme_revision=1,
    asterisk_id="1.1",
    talk=(),
    steps=(),
    legs=(),
)


def answered(*people: PersonId | None, responsible: PersonId | None = None) -> CallRow:
    """A call that these people talked on, one after the other."""
    talk = tuple(TalkRow(person, NOON, NOON + 20) for person in people)
    return replace(LOST, outcome="answered", lost_reason=None, responsible=responsible, talk=talk)


@pytest.mark.parametrize(
    ("row", "claimed_by", "cause"),
    [
        (answered(BORIS, responsible=ANNA), None, [Notice.ANSWERED]),
        (answered(None, responsible=ANNA), None, [Notice.ANSWERED]),
        (answered(BORIS, ANNA, responsible=ANNA), None, []),
        (answered(GLEB), None, [Notice.UNDISTRIBUTED]),
        (answered(None), None, [Notice.UNDISTRIBUTED]),
        (answered(GLEB, ANNA), ANNA, []),
        (answered(ANNA), None, []),
        (replace(answered(GLEB), direction="internal"), None, []),
        (LOST, None, []),
    ],
)
def test_what_an_answered_call_gives_cause_for(row: CallRow, claimed_by: PersonId | None, cause: list[Notice]) -> None:
    """A client answered by others than his own manager; one who is nobody's, answered by who gets no clients.

    A colleague who handed him on, and a member who talked too briefly to get him, are no cause.
    """
    assert list(causes(row, (ANNA, BORIS), claimed_by)) == cause


@pytest.mark.parametrize(
    ("client", "now", "neglected"),
    [
        (CLIENT, "2026-11-18T12:19:59", False),
        (CLIENT, "2026-11-18T12:20", True),
        (replace(CLIENT, since=at("2026-11-18T17:50")), "2026-11-19T09:09:59", False),
        (replace(CLIENT, since=at("2026-11-18T17:50")), "2026-11-19T09:10", True),
        (replace(CLIENT, since=at("2026-11-20T19:00")), "2026-11-23T09:20", True),
        (replace(CLIENT, attempted_at=at("2026-11-18T12:15")), "2026-11-18T12:34", False),
        (replace(CLIENT, attempted_at=at("2026-11-18T12:15")), "2026-11-18T12:35", True),
        (replace(CLIENT, snoozed_until=at("2026-11-18T15:00")), "2026-11-18T14:00", False),
        (replace(CLIENT, snoozed_until=at("2026-11-18T15:00")), "2026-11-18T15:20", True),
        (replace(CLIENT, line="+74951230000", since=at("2026-11-20T23:00")), "2026-11-20T23:20", True),
        (replace(CLIENT, line="+74950000000", since=at("2026-11-20T23:00")), "2026-11-20T23:19", False),
    ],
)
def test_when_nobody_has_called_back_for_too_long(client: LostClient, now: str, *, neglected: bool) -> None:
    """Twenty minutes of the line's working time; an attempt and the end of a snooze begin them anew."""
    assert is_neglected(client, parse(TEXT.encode()), at(now)) is neglected


def test_how_long_is_too_long_is_said_by_the_scheme() -> None:
    """`head_after` is in minutes."""
    scheme = parse(f"{TEXT}[notices]\nhead_after = 0.5\n".encode())
    assert [is_neglected(CLIENT, scheme, NOON + after) for after in (29, 30)] == [False, True]


def without(*people: PersonId) -> str:
    """The scheme, in which these people have no mail."""
    text = TEXT
    for person in people:
        text = text.replace(f', mail = "{person}@example.org"', "")
    return text


HIS = Cause(Notice.LOST, "sales", replace(LOST, responsible=ANNA), CLIENT)
NOBODYS = Cause(Notice.LOST, "sales", LOST, CLIENT)
WAITS = Cause(Notice.WAITING, "sales", None, replace(CLIENT, responsible="anna"))
OTHERS = Cause(Notice.ANSWERED, "sales", answered(BORIS, responsible=ANNA))


@pytest.mark.parametrize(
    ("text", "cause", "told"),
    [
        (TEXT, HIS, Addressee(ANNA)),
        (TEXT, NOBODYS, Addressee(GLEB)),
        (TEXT, replace(NOBODYS, department="care"), Addressee(IRINA)),
        (TEXT, replace(NOBODYS, department=None), Addressee(IRINA)),
        (TEXT, replace(NOBODYS, client=replace(CLIENT, responsible="boris")), Addressee(BORIS)),
        (TEXT, replace(NOBODYS, client=replace(CLIENT, responsible="left us")), Addressee(GLEB)),
        (TEXT, replace(HIS, row=replace(LOST, responsible=ANNA, dropped_by=BORIS)), Addressee(BORIS)),
        (TEXT, replace(OTHERS, row=replace(answered(BORIS, responsible=ANNA), dropped_by=BORIS)), Addressee(ANNA)),
        (TEXT, WAITS, Addressee(GLEB)),
        (TEXT, OTHERS, Addressee(ANNA)),
        (TEXT, Cause(Notice.UNDISTRIBUTED, "sales", answered(GLEB)), Addressee(GLEB)),
        (TEXT, replace(HIS, row=replace(LOST, responsible=GONE)), Addressee(GLEB, ((GONE, "unknown_person"),))),
        (without(ANNA), HIS, Addressee(GLEB, ((ANNA, "no_mail"),))),
        (without(ANNA, GLEB), HIS, Addressee(IRINA, ((ANNA, "no_mail"), (GLEB, "no_mail")))),
        (without(GLEB, IRINA), NOBODYS, Addressee(None, ((GLEB, "no_mail"), (IRINA, "no_mail")))),
        (TEXT.replace('owner = "irina"', ""), replace(NOBODYS, department="care"), Addressee(None)),
    ],
)
def test_who_is_told(text: str, cause: Cause, told: Addressee) -> None:
    """The responsible, the head of the department, the owner: the first who has a mail; and who was passed over."""
    assert addressee(parse(text.encode()), cause, NOON) == told


def on_leave(person: PersonId, deputy: PersonId | None = None, text: str = TEXT) -> str:
    """The scheme, in which somebody is absent."""
    stands = "" if deputy is None else f', deputy = "{deputy}"'
    return text.replace(f'"{person}@example.org"', f'"{person}@example.org"{LEAVE}{stands}')


@pytest.mark.parametrize(
    ("text", "cause", "told"),
    [
        (on_leave(ANNA, BORIS), HIS, Addressee(BORIS, ((ANNA, "absent"),))),
        (on_leave(ANNA, BORIS, without(BORIS)), HIS, Addressee(GLEB, ((ANNA, "absent"), (BORIS, "no_mail")))),
        (on_leave(ANNA), HIS, Addressee(GLEB, ((ANNA, "absent"),))),
        (on_leave(GLEB), WAITS, Addressee(IRINA, ((GLEB, "absent"),))),
        (on_leave(ANNA), OTHERS, Addressee(ANNA)),
        (
            on_leave(ANNA, None, without(GLEB, IRINA)),
            HIS,
            Addressee(ANNA, ((GLEB, "no_mail"), (IRINA, "no_mail"))),
        ),
    ],
)
def test_who_is_told_instead_of_who_is_absent(text: str, cause: Cause, told: Addressee) -> None:
    """What is urgent goes to the deputy, else to the next above; what is not waits for him; nobody else: he gets it."""
    assert addressee(parse(text.encode()), cause, NOON) == told


@pytest.mark.parametrize(
    ("cause", "is_over"),
    [
        (NOBODYS, False),
        (replace(NOBODYS, client=None), True),
        (replace(WAITS, client=replace(CLIENT, closed_at=NOON)), True),
        (OTHERS, False),
        (replace(OTHERS, row=None), True),
        (Cause(Notice.UNDISTRIBUTED, "sales", answered(GLEB)), False),
        (Cause(Notice.UNDISTRIBUTED, "sales", answered(GLEB), has_responsible=True), True),
    ],
)
def test_when_there_is_nothing_to_tell_any_more(cause: Cause, *, is_over: bool) -> None:
    """Who was talked to meanwhile, who was given to somebody, and who was forgotten."""
    assert cause.is_over is is_over


def test_letters_are_gathered() -> None:
    """One letter for a person and kind; who had one a moment ago gets the next later; what reaches nobody goes."""
    decided = {
        1: (Notice.LOST, Addressee(ANNA)),
        2: (Notice.LOST, Addressee(GLEB)),
        3: (Notice.WAITING, Addressee(GLEB)),
        4: (Notice.LOST, Addressee(ANNA, ((GONE, "unknown_person"),))),
        5: (Notice.LOST, Addressee(None)),
    }
    told = {(Notice.LOST, GLEB): NOON - 29, (Notice.LOST, ANNA): NOON - 30}
    assert list(gathered(decided, told, NOON)) == [(1, 4), (3,), (5,)]
    assert list(gathered(decided, told, NOON + 1)) == [(1, 4), (2,), (3,), (5,)]
