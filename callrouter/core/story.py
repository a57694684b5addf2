"""A call's life in lines that a customer can read: `10.0 elapsed -> hang up anna (no answer); ring boris`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from callrouter.core import commands as cm, events as ev
from callrouter.core.legs import person_of
from callrouter.core.timeline import Stage
from callrouter.core.words import Instant

TOGETHER = 0.5
"""Seconds within which somebody rings at the beginning of a step."""


def tell(event: ev.Event, commands: tuple[cm.Command, ...], since: Instant) -> str:
    """Return one line: seconds since `since`, what happened, what was done about it."""
    line = f"{event.at - since:.1f} {heard(event)}"
    return f"{line} -> {'; '.join(_grouped(commands))}" if commands else line


def heard(event: ev.Event) -> str:  # noqa: C901, PLR0912 - the table of events, one line each
    """Return what happened, in words."""
    match event:
        case ev.CallArrived():
            return _arrived(event)
        case ev.Found(people=people):
            return ", ".join(_present(one) for one in people)
        case ev.PersonChanged(person=person):
            return f"{person} is perhaps free"
        case ev.Elapsed():
            return "elapsed"
        case ev.LegRinging(leg=leg):
            return f"{person_of(leg)} rings"
        case ev.LegProgressed(leg=leg):
            return f"sound comes from {person_of(leg)}"
        case ev.LegDelayed(leg=leg, seconds=seconds):
            return f"{person_of(leg)} is called {seconds:.1f} s late"
        case ev.LegAnswered(leg=leg):
            return f"{person_of(leg)} picks up"
        case ev.KeyPressed(leg=leg, key=key):
            return f"{person_of(leg)} presses {key}"
        case ev.LegEnded(leg=leg, end=ev.End.REFUSED, sip=None):
            return f"{person_of(leg)} is gone"
        case ev.LegEnded(leg=leg, end=end, sip=sip):
            return f"{person_of(leg)} ended ({end.value}{f' {sip}' if sip else ''})"
        case ev.LegReplaced(leg=leg, phone=phone, person=person):
            return f"{person or phone} takes the place of {person_of(leg)}"
        case ev.LeadsTo(leg=leg, phone=phone, person=person):
            return f"{person or phone} is heard on {person_of(leg)}"
        case ev.Transferred(to=to):
            return f"the caller is transferred to {to.department or 'nobody'} ({to.line})"
        case ev.Joined(leg=leg):
            return f"{person_of(leg) if leg else 'the caller'} is in the bridge"
        case ev.ConnectFailed(leg=leg):
            return f"{person_of(leg)} could not be connected"
        case ev.PromptEnded():
            return "the prompt has ended"
        case ev.AnnouncementEnded():
            return "the announcement has ended"
        case ev.CallerReplaced(by=by):
            return f"the caller goes on in channel {by}"
        case ev.CallerGone():
            return "the caller is gone"
        case ev.RouterFailed(why=why):
            return f"the router failed: {why}"
        case ev.Recovered():
            return _recovered(event)
        case ev.Reported():  # pragma: no branch - the last of the union
            return _reported(event)


def introduced(arrived: ev.CallArrived) -> Iterator[str]:
    """Yield what was known of the caller and from where, and what was decided by that."""
    yield f"caller    {', '.join(_caller(arrived))}"
    if arrived.also:
        yield f"          others have this number too: {', '.join(arrived.also)}"
    yield f"line      {', '.join(_line(arrived))}"
    yield f"decision  {', '.join(_decision(arrived))}"


def _caller(arrived: ev.CallArrived) -> Iterator[str]:
    yield arrived.caller or arrived.caller_raw or "a number that is withheld"
    if arrived.direction != "in":
        yield plain(arrived.direction)
    if arrived.known_from is None and arrived.client_id is None:
        yield "nobody knows him"
        return
    yield arrived.client or ("a client without a name" if arrived.client_id is not None else "no client")
    yield f"client of {arrived.responsible}" if arrived.responsible else "no responsible"
    known = {"class": arrived.priority, "segment": arrived.segment, "stage": arrived.stage}
    yield from (f"{name} {said}" for name, said in (*known.items(), *arrived.attributes) if said is not None)
    if arrived.known_from is not None:
        yield f"by {arrived.known_from}"


def _line(arrived: ev.CallArrived) -> Iterator[str]:
    yield arrived.line
    yield from (
        f"{name} {said}" for name, said in (("department", arrived.department), ("source", arrived.source)) if said
    )
    yield "closed" if arrived.is_closed else "open"


def _decision(arrived: ev.CallArrived) -> Iterator[str]:
    if arrived.refusal is not None:
        yield f"refused, {plain(arrived.refusal)}"
    yield f"rule {arrived.rule}" if arrived.rule else "no rule"
    if not arrived.ladder:
        yield "no ladder"
    elif arrived.ladder_name is not None:
        yield f"ladder {arrived.ladder_name}"
    yield (
        "a document that is not in force" if arrived.scheme_revision is None else f"revision {arrived.scheme_revision}"
    )


def climbed(stage: Stage) -> str:
    """Return one line for a step: when it began, whom it rang, who did not ring and why."""
    head = f"{stage.at:6.1f}  {stage.step} {stage.action.value} {stage.target}"
    not_rung = [f"{person or 'nobody'} {plain(why)}" for person, why in stage.not_rung]
    if stage.skipped is not None:
        reasons = f" ({', '.join(not_rung)})" if stage.not_rung[:1] not in {(), ((None, stage.skipped),)} else ""
        return f"{head}: skipped, {plain(stage.skipped)}{reasons}"
    said = [", ".join(_rings(stage)) or "nobody"]
    said += [f"beside {', '.join(stage.rings_on)}"] if stage.rings_on else []
    said += [f"not {', '.join(not_rung)}"] if not_rung else []
    return f"{head}: {'; '.join(said)}"


def _rings(stage: Stage) -> Iterator[str]:
    stands_for = dict(stage.deputies)
    for rung in stage.rings:
        meant = f"{rung.person} (for {stands_for[rung.person]})" if rung.person in stands_for else rung.person
        yield meant if rung.at - stage.at < TOGETHER else f"{meant} at {rung.at:.1f}"


def plain(word: str) -> str:
    """Return one of the contract's words as people write it."""
    return str(word).replace("_", " ")


def _arrived(event: ev.CallArrived) -> str:
    who = event.client or event.caller or "a number that is withheld"
    whose = f" (client of {event.responsible})" if event.responsible else ""
    remembered = ", the database is away" if event.is_remembered else ""
    refused = f", refused: {event.refusal.value}" if event.refusal else ""
    return f"{who}{whose} calls {event.line}{remembered}{refused}"


def _recovered(event: ev.Recovered) -> str:
    back = f"the router is back after {event.at - event.since:.1f} s"
    if (up := event.picked_up) is not None:
        return f"{back}; by Asterisk's record {person_of(up.leg)} picked up {event.at - up.at:.1f} s ago"
    if not event.is_caller_gone:
        return back
    if event.ending is None:
        return f"{back}; the caller left meanwhile, taken as gone when the router was last there"
    talked = "" if event.ending.answered_at is None else f" and talked to {event.ending.phone}"
    return f"{back}; by Asterisk's record the caller left {event.at - event.ending.at:.1f} s ago{talked}"


def _reported(event: ev.Reported) -> str:
    dialled = ", ".join(one.status.lower() or "no word" for one in event.dialled) or "nobody was dialled"
    return f"the dialplan tells how it went: {dialled}{'; the ladder ran out' if event.has_run_out else ''}"


def _present(presence: ev.Presence) -> str:
    match presence:
        case ev.Free(person=person):
            return f"{person} free"
        case ev.Busy(person=person, why=why):
            return f"{person} {why.value.replace('_', ' ')}"
        case ev.Away(person=person, why=why):  # pragma: no branch - the last of the union
            return f"{person} away ({why.value})"


def _grouped(commands: tuple[cm.Command, ...]) -> list[str]:
    """One word for the contacts of one person."""
    return [told for told, _ in groupby(_told(command) for command in commands)]


def _told(command: cm.Command) -> str:  # noqa: C901, PLR0912 - the table of commands, one line each
    match command:
        case cm.Ask(people=people):
            return f"who is free: {', '.join(one.id for one in people)}?"
        case cm.Ring(person=person):
            return f"ring {person}"
        case cm.HangUp(leg=leg, result=result):
            return f"hang up {person_of(leg)} ({result.value.replace('_', ' ')})"
        case cm.Connect(leg=leg):
            return f"connect {person_of(leg)}"
        case cm.Confirm(leg=leg):
            return f"ask {person_of(leg)} for 1"
        case cm.SendRinging():
            return "the caller hears ringing"
        case cm.PlayMusic(music=music):
            return f"the caller hears music ({music})"
        case cm.Announce(media=media):
            return f"announce {media}"
        case cm.Hush():
            return "stop announcing"
        case cm.Guard(seconds=seconds):
            return f"guard for {seconds} s"
        case cm.Play(media=media):
            return f"play {media}"
        case cm.LetGo(place=place) if place is not None:
            return f"let the caller go on to {place}"
        case cm.LetGo(release=release):
            return f"let the caller go ({release.value.replace('_', ' ')})"
        case cm.CloseBridge():  # pragma: no branch - the last of the union
            return "close the bridge"
