"""The scenes: who calls, who does what, and what has to come of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from tests.demo.company import KLEVER, LANDYSH, LINE, LYUTIK, NEW, ROMASHKA, STEP, VASILEK
from tests.demo.stage import PATIENCE, TALK, Stage, Wire
from tests.lab import answers, refuses

SOON = STEP / 3
"""Seconds after which somebody picks up who does."""

RANG_OUT = Wire(invites=1, cancels=1)
"""Rang and was stopped: nobody had answered."""
LOST_RACE = Wire(invites=1, cancels=1, elsewhere=1)
"""Rang and was stopped because a colleague had answered: no missed call on that phone."""
WON = Wire(invites=1, answered=1)


@dataclass(frozen=True, slots=True)
class Fate:
    """What the ledger has to say of one call."""

    caller: str
    answered_by: str | None = None
    step: int | None = None
    """In which it was answered, or in which the caller left."""
    lost_reason: str | None = None
    skipped: tuple[str | None, ...] = ()
    """Why each step was skipped; None: it ran."""
    responsible: str | None = None
    claimed_by: str | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """Something that happens in a sales department."""

    title: str
    play: Callable[[Stage], Awaitable[None]]
    fates: tuple[Fate, ...]
    wires: dict[str, Wire] = field(default_factory=dict)
    """What the phones have to see; who is not named sees nothing."""


async def _responsible(stage: Stage) -> None:
    stage.behave(anna=answers(SOON))
    await stage.talk(ROMASHKA)


async def _department(stage: Stage) -> None:
    stage.behave(boris=answers(SOON))
    await stage.talk(ROMASHKA)


async def _head(stage: Stage) -> None:
    stage.behave(gleb=answers(SOON))
    await stage.talk(ROMASHKA)


async def _owner(stage: Stage) -> None:
    stage.behave(irina=answers(SOON))
    await stage.talk(ROMASHKA)


async def _nobody(stage: Stage) -> None:
    stage.behave()
    await (await stage.dial(ROMASHKA)).wait("ended", PATIENCE)


async def _gives_up(stage: Stage) -> None:
    stage.behave()
    call = await stage.dial(ROMASHKA)
    boris = await stage.desk("boris").incoming(PATIENCE)
    await boris.wait("ringing")
    await asyncio.sleep(SOON)
    await call.hangup()


async def _all_talking(stage: Stage) -> None:
    stage.behave(anna=answers(SOON), boris=answers(SOON), vera=answers(SOON))
    talks = [await stage.dial(caller) for caller in (LYUTIK, VASILEK, KLEVER)]
    for talk in talks:
        await talk.wait("answered", PATIENCE)
    waiting = await stage.dial(ROMASHKA)
    await waiting.wait("ringing", PATIENCE)
    await asyncio.sleep(SOON)
    await talks[1].hangup()  # Boris is free
    await waiting.wait("answered", PATIENCE)
    await asyncio.sleep(TALK)
    await asyncio.gather(*(talk.hangup() for talk in (*talks, waiting) if not talk.ended_at))


async def _unregistered(stage: Stage) -> None:
    stage.behave(vera=answers(SOON))
    await stage.talk(LANDYSH)


async def _refused(stage: Stage) -> None:
    stage.behave(anna=refuses(603, after=SOON), vera=answers(SOON))
    await stage.talk(ROMASHKA)


async def _new_client(stage: Stage) -> None:
    stage.behave(boris=answers(SOON))
    await stage.talk(NEW)
    await stage.lull()
    await asyncio.sleep(0.3)  # the client is written once the call's row is closed
    await stage.talk(NEW)


async def _as_people_write_it(stage: Stage) -> None:
    stage.behave(vera=answers(SOON))
    await stage.talk(f"8{KLEVER[2:]}", f"8{LINE[2:]}")


async def _two_at_once(stage: Stage) -> None:
    stage.behave(anna=answers(2 * SOON), boris=answers(SOON))
    first = asyncio.create_task(stage.talk(ROMASHKA))
    await (await stage.desk("anna").incoming(PATIENCE)).wait("ringing")
    await asyncio.gather(first, stage.talk(LYUTIK))


def _answered(caller: str, by: str, step: int, *skipped: str | None, **more: str | None) -> Fate:
    return Fate(caller, by, step, skipped=skipped or (None,) * step, **more)


SCENES = (
    Scene(
        "The responsible manager answers. Nobody else's phone makes a sound.",
        _responsible,
        (_answered(ROMASHKA, "anna", 1, responsible="anna"),),
        {"anna": WON},
    ),
    Scene(
        "Anna does not react: the department joins while her phone rings on, and the quickest answers.",
        _department,
        (_answered(ROMASHKA, "boris", 2, responsible="anna"),),
        {"anna": LOST_RACE, "boris": WON, "vera": LOST_RACE},
    ),
    Scene(
        "Nor does the department: the head.",
        _head,
        (_answered(ROMASHKA, "gleb", 3, responsible="anna"),),
        {"anna": RANG_OUT, "boris": RANG_OUT, "vera": RANG_OUT, "gleb": WON},
    ),
    Scene(
        "Nor does the head: the owner is added while the head's phone rings on.",
        _owner,
        (_answered(ROMASHKA, "irina", 4, responsible="anna"),),
        {"anna": RANG_OUT, "boris": RANG_OUT, "vera": RANG_OUT, "gleb": LOST_RACE, "irina": WON},
    ),
    Scene(
        "Nobody answers: the call is lost, and counted.",
        _nobody,
        (Fate(ROMASHKA, lost_reason="no_answer", skipped=(None,) * 4, responsible="anna"),),
        dict.fromkeys(("anna", "boris", "vera", "gleb", "irina"), RANG_OUT),
    ),
    Scene(
        "The caller gives up in the second step: every phone stops.",
        _gives_up,
        (Fate(ROMASHKA, step=2, lost_reason="abandoned", skipped=(None, None), responsible="anna"),),
        dict.fromkeys(("anna", "boris", "vera"), RANG_OUT),
    ),
    Scene(
        "All managers talk: the step holds for them, and the first who hangs up is rung at once.",
        _all_talking,
        (
            _answered(LYUTIK, "anna", 1, responsible="anna"),
            _answered(VASILEK, "boris", 1, responsible="boris"),
            _answered(KLEVER, "vera", 1, responsible="vera"),
            _answered(ROMASHKA, "boris", 2, "busy", None, responsible="anna"),
        ),
        {"anna": WON, "boris": Wire(invites=2, answered=2), "vera": WON},
    ),
    Scene(
        "Dina's phone is not registered: her step takes no time.",
        _unregistered,
        (_answered(LANDYSH, "vera", 2, "unreachable", None, responsible="dina"),),
        {"anna": LOST_RACE, "boris": LOST_RACE, "vera": WON},
    ),
    Scene(
        "Anna refuses the call: the department at once, and Anna is not rung again.",
        _refused,
        (_answered(ROMASHKA, "vera", 2, responsible="anna"),),
        {"anna": Wire(invites=1), "boris": LOST_RACE, "vera": WON},
    ),
    Scene(
        "A new client: Boris is the quickest and gets him. The client calls again: Boris rings first.",
        _new_client,
        (
            _answered(NEW, "boris", 2, "no_responsible", None, claimed_by="boris"),
            _answered(NEW, "boris", 1, responsible="boris"),
        ),
        {"anna": LOST_RACE, "boris": Wire(invites=2, answered=2), "vera": LOST_RACE},
    ),
    Scene(
        f"The trunk writes 8{KLEVER[2:]} and 8{LINE[2:]}: client and line are found all the same.",
        _as_people_write_it,
        (_answered(KLEVER, "vera", 1, responsible="vera"),),
        {"vera": WON},
    ),
    Scene(
        "Two clients of Anna's at once: her phone rings for one at a time, the department has the other.",
        _two_at_once,
        (
            _answered(ROMASHKA, "anna", 1, responsible="anna"),
            _answered(LYUTIK, "boris", 2, "busy", None, responsible="anna"),
        ),
        {"anna": WON, "boris": WON, "vera": LOST_RACE},
    ),
)
