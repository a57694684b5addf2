"""How a phone stands, asked from Asterisk at the moment a step needs it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from callrouter.ari.errors import AriAway, AriRefused
from callrouter.ari.requests import Request, Requests
from callrouter.core.events import Contact
from callrouter.core.facts import PhoneState
from callrouter.core.words import Instant, Why

ASK_AT_MOST = 0.3
"""Seconds one question about a phone may take: a step must not wait for Asterisk longer."""
_IN_USE = {"INUSE", "BUSY", "RINGING", "RINGINUSE", "ONHOLD"}
_NO_CHANNEL = 404
_NOT_THERE = {"UNAVAILABLE", "INVALID"}


WRITES_UP = "CALLROUTER_WRITES_UP_"
"""A global variable of Asterisk's for each phone, where every worker sees it: until when it is busy still."""


async def look(ari: Requests, phone: str, caller: str, *, custom_states: bool = False) -> PhoneState:
    """Return how a phone stands; raise AriAway where Asterisk does not say. `caller` is any channel that lives."""
    technology, _, resource = phone.partition("/")
    if technology != "PJSIP":
        there = await _by_device_state(ari, phone)
        return await _known(ari, phone, caller, there) if there.contacts else there
    _, _, trunk = resource.partition("@")
    endpoint = await _endpoint(ari, trunk or resource)
    if endpoint is None or endpoint.get("state") == "offline":
        return PhoneState(())
    if trunk:  # what else the trunk carries says nothing about this number
        return await _known(ari, phone, caller, PhoneState((Contact(phone, phone),)))
    there = PhoneState((), tuple(endpoint.get("channel_ids", ())))
    return await _known(ari, phone, caller, there, resource, custom_states=custom_states)


async def channels_on(ari: Requests, phone: str) -> tuple[str, ...]:
    """Return the channels of a phone of the PBX, none of one behind a trunk; raise AriAway."""
    technology, _, resource = phone.partition("/")
    endpoint = await _endpoint(ari, resource) if technology == "PJSIP" and "@" not in resource else None
    return () if endpoint is None else tuple(endpoint.get("channel_ids", ()))


async def write_up(ari: Requests, phones: Iterable[str], until: Instant) -> None:
    """Have these phones count as busy until then; raise AriAway or AriRefused."""
    for phone in phones:
        await ari.send(Request("POST", "asterisk/variable", {"variable": _writes_up(phone), "value": f"{until:.3f}"}))


def _writes_up(phone: str) -> str:
    return WRITES_UP + re.sub(r"[^A-Za-z0-9]", "_", phone)


async def _endpoint(ari: Requests, resource: str) -> dict[str, Any] | None:
    try:
        answer = await ari.send(Request("GET", f"endpoints/PJSIP/{quote(resource, safe='')}"), ASK_AT_MOST)
    except AriRefused:
        return None
    return answer if isinstance(answer, dict) else None


async def _known(
    ari: Requests,
    phone: str,
    caller: str,
    there: PhoneState,
    resource: str = "",
    *,
    custom_states: bool = False,
) -> PhoneState:
    """Add what one expression says, which Asterisk evaluates on behalf of a channel.

    Every contact of a phone of the PBX: `PJSIP/101` alone would ring the first one only.
    """
    states = [f"${{DEVICE_STATE(Custom:{kind}{resource})}}" if custom_states else "" for kind in ("DND", "CF")]
    contacts = f"${{PJSIP_DIAL_CONTACTS({resource})}}" if resource else ""
    asked = "|".join((f"${{{_writes_up(phone)}}}", *states, contacts))
    try:
        answer = await ari.send(
            Request("GET", f"channels/{caller}/variable", {"variable": f"EVAL({asked})"}), ASK_AT_MOST
        )
    except AriRefused as refused:
        if refused.status == _NO_CHANNEL:
            raise AriAway(f"the caller left before {phone} could be looked up") from refused
        return there
    value = answer.get("value", "") if isinstance(answer, dict) else ""
    until, disturb, forward, dials = (*value.split("|", 3), "", "", "", "")[:4]
    away = Why.DO_NOT_DISTURB if disturb in _IN_USE else Why.FORWARDED if forward in _IN_USE else None
    found = tuple(Contact(phone, dial) for dial in dials.split("&") if dial)
    return replace(there, contacts=there.contacts or found, away=away, writes_up_until=_instant(until))


def _instant(text: str) -> Instant:
    try:
        return float(text)
    except ValueError:  # not set, or not by us
        return 0.0


async def _by_device_state(ari: Requests, phone: str) -> PhoneState:
    try:
        answer = await ari.send(Request("GET", f"deviceStates/{quote(phone, safe='')}"), ASK_AT_MOST)
    except AriRefused:
        return PhoneState(())
    state = answer.get("state") if isinstance(answer, dict) else None
    if state in _NOT_THERE:
        return PhoneState(())
    return PhoneState((Contact(phone, phone),), (phone,) if state in _IN_USE else ())
