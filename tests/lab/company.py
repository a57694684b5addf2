"""A company as Asterisk's configuration sees it: phones, trunks, lines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A phone number of the PBX.

    `contacts` are UDP ports on 127.0.0.1; none is a phone that is not registered. Phones that share one of the named
    `groups` may pick each other's calls up with *8. `options` are more lines of pjsip.conf for it.
    """

    name: str
    contacts: tuple[int, ...] = ()
    display: str = ""
    groups: tuple[str, ...] = ("all",)
    options: str = ""


@dataclass(frozen=True, slots=True)
class TrunkEndpoint:
    """A provider's side, known by its address; its calls enter the lines."""

    name: str
    address: str = "127.0.0.2"
    port: int | None = None


@dataclass(frozen=True, slots=True)
class Company:
    """Everything an instance is configured from.

    `entry`: the context calls from a trunk enter. `fallback`: the text of callrouter-fallback.conf, None leaves the
    file away. `dialplan`: more text at the end of extensions.conf. `globals`: global variables of the dialplan.
    `files`: more configuration files, or other texts for those the lab writes, by name.
    """

    endpoints: tuple[Endpoint, ...] = ()
    trunks: tuple[TrunkEndpoint, ...] = (TrunkEndpoint("trunk"),)
    entry: str = "callrouter"
    fallback: str | None = None
    dialplan: str = ""
    globals: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
