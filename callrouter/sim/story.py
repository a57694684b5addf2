"""Stories: a call told in plain text, with what everybody does above the line and what came of it below.

# The responsible is silent, a colleague answers
caller: client Romashka of anna, talks for 30 s
step: ring responsible (anna) for 10 s
step: ring department (anna boris) for 10 s
anna: silent
boris: answers after 4 s
---
0.0 Romashka (client of anna) calls +74951234567 -> who is free: anna?
…
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from callrouter.core import events as ev, outcome
from callrouter.core.call import Call
from callrouter.core.ladder import Person, Step
from callrouter.core.story import tell
from callrouter.core.words import Action, CallId, IfBusy, LostReason, PersonId, Why
from callrouter.sim.world import Acts, Caller, Rung, World

START = 1_000_000.0
LINE = "---"

T = TypeVar("T")
Table = dict[str, Callable[..., T]]
"""What a clause of a story means: its words, and the change they make."""


class StoryError(ValueError):
    """A line of a story that nobody understands."""


@dataclass(frozen=True, slots=True)
class Story:
    """The upper part of a story: the call, the people and the caller."""

    arrived: ev.CallArrived
    people: dict[PersonId, Acts]
    caller: Caller
    there: ev.CallArrived | None = None
    """What awaits the caller at the department to which somebody sends him."""


def transcript(text: str) -> str:
    """Return the story with its lower part written anew: what happens, line by line, and the outcome."""
    head = text.partition(f"{LINE}\n")[0].rstrip("\n")
    story = read(head)
    world = World(story.arrived, story.people, story.caller, CallId("call"), story.there)
    told = [tell(event, commands, START) for event, commands in world.run()]
    return "\n".join([head, LINE, *told, "", *_ended(world.call), ""])


def read(head: str) -> Story:
    """Read the upper part of a story."""
    story = Story(ev.CallArrived(START, START, "caller", "+74951234567", "+79161234567", "89161234567"), {}, Caller())
    for line in head.splitlines():
        if line.strip() and not line.startswith("#"):
            key, _, rest = line.partition(":")
            parts = [part.strip() for part in rest.split(",")]
            story = (_there if key.endswith("there") else _line)(story, key.strip(), parts)
    people = tuple(_person(one, acts) for one, acts in story.people.items())
    there = None if story.there is None else replace(story.there, people=people)
    return replace(story, arrived=replace(story.arrived, people=people), there=there)


def _person(one: PersonId, acts: Acts) -> Person:
    phone = f"PJSIP/{one}"
    return Person(one, one.capitalize(), (phone,), (phone,) if acts.confirms else (), acts.planned)


def _line(story: Story, key: str, parts: list[str]) -> Story:
    arrived = story.arrived
    match key:
        case "step":
            return replace(story, arrived=replace(arrived, ladder=(*arrived.ladder, _step(parts))))
        case "closed":
            return _call(story, is_closed=parts[0] == "yes")
        case "music":
            return _call(story, music=parts[0])
        case "goes on":
            return _call(story, goes_on=",".join(parts))
        case "prompt":
            return replace(story, arrived=replace(arrived, prompt=parts[0]))
        case "ring at most":
            return replace(story, arrived=replace(arrived, ring_at_most=float(parts[0].removesuffix(" s"))))
        case "refused":
            return replace(story, arrived=replace(arrived, refusal=LostReason(parts[0])))
        case "caller":
            for part in parts:
                story = _apply(_CALLER, story, part)
            return story
    return replace(story, people=story.people | {PersonId(key): _acts(", ".join(parts))})


def _there(story: Story, key: str, parts: list[str]) -> Story:
    there = story.there or replace(story.arrived, line="600", department="service", ladder=(), prompt=None)
    match key:
        case "there":
            there = replace(there, ladder=(*there.ladder, _step(parts)))
        case "prompt there":
            there = replace(there, prompt=parts[0])
        case _:
            there = replace(there, refusal=LostReason(parts[0]))
    return replace(story, there=there)


def _acts(text: str) -> Acts:
    acts = Acts(rung=())
    for each in text.split("; then "):
        acts = replace(acts, rung=(*acts.rung, Rung()))
        for clause in each.split(", "):
            acts = _apply(_PERSON, acts, clause)
    return acts


def _step(parts: list[str]) -> Step:
    found = re.fullmatch(r"(ring|add) (\w+) \((nobody: )?([\w ]*)\)(?: for ([\d.]+) s)?", parts[0])
    if found is None:
        raise StoryError(f"a step reads 'ring department (anna boris) for 10 s', not {parts[0]!r}")
    action, target, nobody, names, seconds = found.groups()
    step = Step(
        Action(action),
        target,
        () if nobody else tuple(PersonId(name) for name in names.split()),
        float(seconds) if seconds else None,
        IfBusy.WAIT if target == "department" else IfBusy.SKIP,
        Why(names) if nobody else None,
    )
    for part in parts[1:]:
        step = _apply(_STEP, step, part)
    return step


def _apply(table: Table[T], value: T, clause: str) -> T:
    for pattern, change in table.items():
        found = re.fullmatch(pattern, clause)
        if found is not None:
            return change(value, *found.groups())
    raise StoryError(f"nobody understands {clause!r}")


_STEP: Table[Step] = {
    r"(wait|skip) if busy": lambda step, what: replace(step, if_busy=IfBusy(what)),
    r"(\d+) at a time": lambda step, number: replace(step, at_once=int(number)),
    r"([\d.]+) s each": lambda step, seconds: replace(step, each=float(seconds)),
    r"say (\S+)": lambda step, media: replace(step, announce=media),
    r"say (\S+) if away": lambda step, media: replace(step, announce_away=media),
    r"say (\S+) if busy": lambda step, media: replace(step, announce_busy=media),
}


def _call(story: Story, **fields: object) -> Story:
    return replace(story, arrived=replace(story.arrived, **fields))  # type: ignore[arg-type]


def _him(story: Story, **fields: object) -> Story:
    return replace(story, caller=replace(story.caller, **fields))  # type: ignore[arg-type]


def _client(story: Story, client: str, responsible: str | None) -> Story:
    return _call(story, client=client, responsible=responsible and PersonId(responsible))


_SECONDS = r"([\d.]+) s"
_CALLER: Table[Story] = {
    r"new": lambda story: story,
    r"client (\w+)(?: of (\w+))?": _client,
    rf"leaves after {_SECONDS}": lambda story, after: _him(story, leaves=float(after)),
    r"leaves before the ladder begins": lambda story: _call(story, left_at=START),
    r"leaves as somebody picks up": lambda story: _him(story, at_answer=True),
    rf"talks for {_SECONDS}": lambda story, seconds: _him(story, talks=float(seconds)),
    rf"meets a defect of ours after {_SECONDS}": lambda story, after: _him(story, router_fails=float(after)),
}


def _now(acts: Acts, **fields: object) -> Acts:
    """Change what happens the latest time he is rung."""
    return replace(acts, rung=(*acts.rung[:-1], replace(acts.rung[-1], **fields)))  # type: ignore[arg-type]


def _taken(acts: Acts, by: str, after: str) -> Acts:
    return _now(acts, taken_by=PersonId(by), taken_after=float(after))


def _passed(acts: Acts, to: str, after: str, waits: str | None = None) -> Acts:
    return _now(acts, passes_to=PersonId(to), passes_after=float(after), waits=None if waits is None else float(waits))


_PERSON: Table[Acts] = {
    r"silent": lambda acts: acts,
    r"dead phone": lambda acts: _now(acts, dead=True),
    rf"answers after {_SECONDS}": lambda acts, after: _now(acts, answers=float(after)),
    rf"refuses after {_SECONDS} with (\d+)": lambda acts, after, code: _now(acts, refuses=float(after), code=int(code)),
    r"replies (\d+) at once": lambda acts, code: _now(acts, reply=int(code)),
    r"picks up too late": lambda acts: _now(acts, late=True),
    r"is gone at once": lambda acts: _now(acts, dies=True),
    r"cannot be connected": lambda acts: _now(acts, fails=True),
    rf"(\w+) picks up for him after {_SECONDS}": _taken,
    rf"talks for {_SECONDS}": lambda acts, seconds: _now(acts, talks=float(seconds)),
    rf"transfers to (\w+) after {_SECONDS}": _passed,
    rf"transfers to (\w+) after {_SECONDS} who picks up after {_SECONDS}": _passed,
    rf"sends him to the department after {_SECONDS}": lambda acts, after: _now(
        acts, sends_on=True, passes_after=float(after)
    ),
    r"confirms": lambda acts: replace(acts, confirms=True),
    rf"presses (\w) after {_SECONDS}": lambda acts, key, after: _now(acts, presses=key, after=float(after)),
    rf"hangs up after {_SECONDS}": lambda acts, after: _now(acts, hangs_up=float(after)),
    r"away \((\w+)\)": lambda acts, why: replace(acts, away=Why(why)),
    r"away by the scheme \((\w+)\)": lambda acts, why: replace(acts, planned=Why(why)),
    rf"writes up for {_SECONDS}": lambda acts, until: replace(acts, wraps_up_until=float(until)),
    rf"on the phone for {_SECONDS}": lambda acts, until: replace(acts, talks_until=float(until)),
    r"(\d) contacts": lambda acts, number: replace(acts, contacts=int(number)),
}


def _ended(call: Call) -> list[str]:
    """The outcome as the ledger has it, in a few lines."""
    row = outcome.row(call)
    if row.ended_at is None:
        return ["the call goes on"]
    if row.answered_at is not None:
        wait, talked = row.answered_at - row.arrived_at, row.ended_at - row.answered_at
        who = f"answered by {row.answered_by} in step {row.answered_step}"
        lines = [f"{who}, waited {wait:.1f} s, talked {talked:.1f} s", *_sent_on(row)]
    else:
        step = f" in step {row.lost_step}" if row.lost_step else ""
        lines = [f"lost: {row.lost_reason}{step}, waited {row.ended_at - row.arrived_at:.1f} s"]
    lines += [f"step {run.step}: {_step_told(run)}" for run in row.steps]
    return lines + [f"{leg.person} (step {leg.step}): {_leg_told(leg)}" for leg in row.legs]


def _sent_on(row: outcome.CallRow) -> list[str]:
    """Who talked when, where more than one did, and who was it in the end."""
    if row.is_dropped:
        return [f"dropped in the transfer by {row.dropped_by}"]
    if len(row.talk) == 1:
        return []
    return [
        f"{talk.person} talked from {talk.started_at - START:.1f} to {(talk.ended_at or START) - START:.1f}"
        for talk in row.talk
    ] + [f"ended with {row.ended_with}"]


def _step_told(run: outcome.StepRow) -> str:
    if run.skipped:
        return f"{run.action} {run.target}, skipped at {run.started_at - START:.1f} ({run.skipped.value})"
    return f"{run.action} {run.target}, {run.started_at - START:.1f} to {(run.ended_at or START) - START:.1f}"


def _leg_told(leg: outcome.LegRow) -> str:
    result = leg.result.value if leg.result else "unknown"
    rang = "" if leg.ringing_at is None else f", rang from {leg.ringing_at - START:.1f}"
    return result.replace("_", " ") + rang
