"""How a phone stands, asked from Asterisk at the moment a step needs it."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from callrouter.ari.errors import AriAway, AriRefused
from callrouter.ari.requests import Request, Requests
from callrouter.core.events import Contact
from callrouter.core.facts import PhoneState

ASK_AT_MOST = 0.3
"""Seconds one question about a phone may take: a step must not wait for Asterisk longer."""
_IN_USE = {"INUSE", "BUSY", "RINGING", "RINGINUSE", "ONHOLD"}
_NO_CHANNEL = 404
_NOT_THERE = {"UNAVAILABLE", "INVALID"}


async def look(ari: Requests, phone: str, caller: str) -> PhoneState:
    """Return how a phone stands; raise AriAway where Asterisk does not say. `caller` is any channel that lives."""
    technology, _, resource = phone.partition("/")
    if technology != "PJSIP":
        return await _by_device_state(ari, phone)
    _, _, trunk = resource.partition("@")
    endpoint = await _endpoint(ari, trunk or resource)
    if endpoint is None or endpoint.get("state") == "offline":
        return PhoneState(())
    if trunk:  # what else the trunk carries says nothing about this number
        return PhoneState((Contact(phone, phone),))
    return PhoneState(await _contacts(ari, phone, resource, caller), tuple(endpoint.get("channel_ids", ())))


async def _endpoint(ari: Requests, resource: str) -> dict[str, Any] | None:
    try:
        answer = await ari.send(Request("GET", f"endpoints/PJSIP/{quote(resource, safe='')}"), ASK_AT_MOST)
    except AriRefused:
        return None
    return answer if isinstance(answer, dict) else None


async def _contacts(ari: Requests, phone: str, resource: str, caller: str) -> tuple[Contact, ...]:
    """Every contact of the phone: `PJSIP/101` alone would ring the first one only. Asterisk answers to a channel."""
    variable: dict[str, str | int] = {"variable": f"PJSIP_DIAL_CONTACTS({resource})"}
    try:
        answer = await ari.send(Request("GET", f"channels/{caller}/variable", variable), ASK_AT_MOST)
    except AriRefused as refused:
        if refused.status == _NO_CHANNEL:
            raise AriAway(f"the caller left before {phone} could be looked up") from refused
        return ()
    value = answer.get("value", "") if isinstance(answer, dict) else ""
    return tuple(Contact(phone, dial) for dial in value.split("&") if dial)


async def _by_device_state(ari: Requests, phone: str) -> PhoneState:
    try:
        answer = await ari.send(Request("GET", f"deviceStates/{quote(phone, safe='')}"), ASK_AT_MOST)
    except AriRefused:
        return PhoneState(())
    state = answer.get("state") if isinstance(answer, dict) else None
    if state in _NOT_THERE:
        return PhoneState(())
    return PhoneState((Contact(phone, phone),), (phone,) if state in _IN_USE else ())
