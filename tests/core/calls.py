"""Calls for tables: a company of five, a ladder of four steps, and short names for what happens."""

from __future__ import annotations

from dataclasses import replace

from callrouter.core import commands as cm, events as ev, machine
from callrouter.core.call import Call
from callrouter.core.ladder import Person, Step
from callrouter.core.words import Action, CallId, IfBusy, LegId, LostReason, PersonId, Release, Result, Why

T = 1000.0
"""When the call arrives."""
ID = CallId("c")
ANNA, BORIS, VERA, GLEB, IRINA = (PersonId(name) for name in ("anna", "boris", "vera", "gleb", "irina"))
PEOPLE = tuple(
    Person(person, name, (f"PJSIP/{number}",))
    for person, name, number in (
        (ANNA, "Анна Петрова", 101),
        (BORIS, "Борис Орлов", 102),
        (VERA, "Вера Ильина", 103),
        (GLEB, "Глеб Титов", 110),
        (IRINA, "Ирина Соколова", 120),
    )
)
PERSON = {person.id: person for person in PEOPLE}
RESPONSIBLE = Step(Action.RING, "responsible", (ANNA,), 10.0, IfBusy.SKIP)
DEPARTMENT = Step(Action.RING, "department", (ANNA, BORIS, VERA), 10.0, IfBusy.WAIT)
HEAD = Step(Action.RING, "head", (GLEB,), 10.0, IfBusy.SKIP)
OWNER = Step(Action.ADD, "owner", (IRINA,), None, IfBusy.SKIP)
LADDER = (RESPONSIBLE, DEPARTMENT, HEAD, OWNER)
ARRIVED = ev.CallArrived(
    at=T,
    arrived_at=T,
    asterisk_id="caller",
    line="+74951234567",
    caller="+79161234567",
    caller_raw="89161234567",
    department="sales",
    client_id=7,
    client="Ромашка",
    responsible=ANNA,
    ladder=LADDER,
    people=PEOPLE,
)


def arrived(*ladder: Step, **fields: object) -> ev.CallArrived:
    """Return an arrival with this ladder."""
    return replace(ARRIVED, ladder=ladder or LADDER, **fields)  # type: ignore[arg-type]


def leg(step: int, number: int, person: PersonId) -> LegId:
    """Return a leg's name."""
    return LegId(f"c.{step}.{number}.{person}")


def ask(step: int, *people: PersonId) -> cm.Ask:
    """Return the question who of these can ring."""
    return cm.Ask(step, tuple(PERSON[person] for person in people))


def contact(person: PersonId, number: int = 1) -> ev.Contact:
    """Return one place where somebody's phone rings."""
    phone = PERSON[person].phones[0]
    return ev.Contact(phone, f"{phone}/{number}")


def free(person: PersonId, contacts: int = 1) -> ev.Free:
    """Somebody can ring."""
    return ev.Free(person, tuple(contact(person, number) for number in range(1, contacts + 1)))


def found(after: float, step: int, *people: ev.Presence | PersonId) -> ev.Found:
    """Return an answer to `ask`; who is only named is free."""
    return ev.Found(T + after, step, tuple(free(one) if isinstance(one, str) else one for one in people))


def ring(step: int, number: int, person: PersonId, until: float, of: int = 1) -> cm.Ring:
    """Return the command that rings somebody's contact number `of`."""
    shows = "Ромашка" if person == ANNA else "Ромашка · Анна Петрова"
    place = contact(person, of)
    return cm.Ring(
        caller="caller",
        leg=leg(step, number, person),
        person=person,
        phone=place.phone,
        dial=place.dial,
        step=step,
        until=T + until,
        shows=shows,
        number="+79161234567",
    )


def hang_up(step: int, number: int, person: PersonId, result: Result) -> cm.HangUp:
    """Return the command that stops a leg."""
    return cm.HangUp(leg(step, number, person), result)


def let_go(release: Release = Release.NO_ANSWER, lost: LostReason | None = None) -> cm.LetGo:
    """Return the command that ends the caller's channel."""
    return cm.LetGo("caller", release, "+74951234567", lost)


def connect(leg_id: LegId, bridge: int = 1) -> cm.Connect:
    """Return the command that brings caller and winner together."""
    return cm.Connect("caller", leg_id, f"c.bridge{bridge}")


def away(person: PersonId, why: Why = Why.UNREACHABLE) -> ev.Away:
    """Somebody cannot ring."""
    return ev.Away(person, why)


def ended(after: float, step: int, number: int, person: PersonId, end: ev.End = ev.End.REFUSED) -> ev.LegEnded:
    """A leg is gone."""
    return ev.LegEnded(T + after, leg(step, number, person), end)


def rings(after: float, step: int, number: int, person: PersonId) -> ev.LegRinging:
    """A phone rings."""
    return ev.LegRinging(T + after, leg(step, number, person))


def picks_up(after: float, step: int, number: int, person: PersonId) -> ev.LegAnswered:
    """A phone is picked up."""
    return ev.LegAnswered(T + after, leg(step, number, person))


def elapsed(after: float) -> ev.Elapsed:
    """The deadline has come."""
    return ev.Elapsed(T + after)


def gone(after: float) -> ev.CallerGone:
    """The caller's channel is gone."""
    return ev.CallerGone(T + after)


def live(event: ev.CallArrived, *events: ev.Event) -> Call:
    """Return the call after these events."""
    call, _ = machine.arrive(ID, event)
    for one in events:
        call, _ = machine.advance(call, one)
    return call


def last(event: ev.CallArrived, *events: ev.Event) -> list[cm.Command]:
    """Return the commands that the last of these events led to."""
    call, commands = machine.arrive(ID, event)
    for one in events:
        call, commands = machine.advance(call, one)
    return list(commands)


def joined(after: float, step: int, number: int, person: PersonId) -> tuple[ev.Event, ...]:
    """The caller and the winner are in the bridge."""
    return ev.Joined(T + after, None), ev.Joined(T + after, leg(step, number, person))
