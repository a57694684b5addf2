"""Lamps of desk phones as Asterisk keeps them: only what differs is told."""

from __future__ import annotations

from typing import Any

from callrouter.ari.lamps import light
from callrouter.ari.requests import Request


class States:
    """The device states of an Asterisk."""

    def __init__(self, **shown: str) -> None:
        self.shown = {f"Stasis:{name.replace('_', '-')}": state for name, state in shown.items()}
        self.told: list[tuple[str, object]] = []

    async def send(self, request: Request, deadline: float = 2.0) -> Any:
        """List them, or change one."""
        assert deadline == 2.0
        if request.method == "GET":
            return [{"name": name, "state": state} for name, state in self.shown.items()]
        assert request.params is not None
        self.told.append((request.path.removeprefix("deviceStates/"), request.params["deviceState"]))
        return None


async def test_only_what_differs_is_told() -> None:
    """A lamp of ours that is nobody's any more goes out; others' are left alone; phones outside have none."""
    states = States(callrouter_101="INUSE", callrouter_102="NOT_INUSE", callrouter_9="INUSE", other="INUSE")
    phones = {"PJSIP/101": True, "PJSIP/102": True, "PJSIP/я": False, "PJSIP/7916@trunk": True, "SIP/5": True}
    await light(states, phones)
    assert states.told == [
        ("Stasis%3Acallrouter-102", "INUSE"),
        ("Stasis%3Acallrouter-9", "NOT_INUSE"),
        ("Stasis%3Acallrouter-%D1%8F", "NOT_INUSE"),
    ]
