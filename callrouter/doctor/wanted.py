"""Asterisk's settings that matter, one by one: what is right, what Asterisk takes without it, why, and the mend."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass

from callrouter.doctor.finding import Check, Fault, Finding, State, unknown, warn
from callrouter.doctor.reading import Source, UnreadError

USER = "USER"
"""Stands for the section of ARI_USERNAME."""
_YES = frozenset({"yes", "true", "y", "t", "1", "on"})
LEAST_PORTS = 400
"""A hundred calls, each with a caller and a phone."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting.

    `unset`: what Asterisk takes where it is not set. `mend`: the line as it has to be, or what to do.
    """

    file: str
    section: str
    key: str
    is_right: Callable[[str], bool]
    unset: str
    why: str
    mend: str
    state: State = "warn"
    load: str = "core reload"

    @property
    def check(self) -> Check:
        """Its line."""
        mend = f'{self.mend}; then asterisk -rx "{self.load}"'
        faults = {"wrong": Fault(self.state, mend), "unread": UNREAD}
        return Check(f"{self.file} {self.key}", self.why, faults)


UNREAD = unknown("run it as root, or as the user who runs Asterisk")


def is_yes(value: str) -> bool:
    """Whether Asterisk takes it for yes."""
    return value.lower() in _YES


def at_least(least: int) -> Callable[[str], bool]:
    """Return what tells a number that is large enough."""
    return lambda value: value.isdecimal() and int(value) >= least


def _is_no(value: str) -> bool:
    return not is_yes(value)


def _is_empty(value: str) -> bool:
    return value == ""


def _is_one_address(value: str) -> bool:
    return value not in ("", "0.0.0.0", "::", "[::]")  # noqa: S104 - that is what is looked for


_HTTP, _ARI, _OPTIONS = ("http.conf", "general"), ("ari.conf", "general"), ("asterisk.conf", "options")
_OF_ARI = frozenset({"http.conf", "ari.conf"})
_MINE, _RESTART = ("ari.conf", USER), "core restart when convenient"
SETTINGS = (
    Setting(*_HTTP, "enabled", is_yes, "no", "There is no ARI without it.", "enabled=yes in [general] of http.conf",
            "fail"),
    Setting(*_HTTP, "bindaddr", _is_one_address, "",
            "One address, loopback where the router is on the same host: who reaches ARI may try passwords.",
            "bindaddr=127.0.0.1 in [general] of http.conf, or the one address at which the router's host reaches it"),
    Setting(*_HTTP, "sessionlimit", at_least(500), "100",
            "Web sockets count too; above it Asterisk closes connections without a word.",
            "sessionlimit=500 in [general] of http.conf"),
    Setting(*_HTTP, "session_keep_alive", at_least(60_000), "15000",
            "Asterisk and the router must not close an idle connection in the same moment.",
            "session_keep_alive=60000 in [general] of http.conf"),
    Setting(*_ARI, "enabled", is_yes, "yes", "There is no ARI without it.", "enabled=yes in [general] of ari.conf",
            "fail"),
    Setting(*_ARI, "websocket_write_timeout", at_least(5000), "100",
            "A short one drops events, and Asterisk puts the application off, when the router is busy for a moment.",
            "websocket_write_timeout=5000 in [general] of ari.conf"),
    Setting(*_ARI, "allowed_origins", lambda value: "*" not in value, "",
            "The router needs none; with * every page in a browser that reaches ARI may use it.",
            "take allowed_origins out of ari.conf"),
    Setting(*_ARI, "channelvars", _is_empty, "", "The router needs none; each makes every event longer.",
            "take channelvars out of ari.conf"),
    Setting(*_MINE, "type", lambda value: value == "user", "", "The user exists.",
            "callrouter dialplan install --etc DIR puts the user there", "fail"),
    Setting(*_MINE, "read_only", _is_no, "no", "A user who may only read rings nobody.",
            "read_only=no in the user's section of ari.conf", "fail"),
    Setting(*_MINE, "password_format", lambda value: value == "plain", "plain",
            "crypt costs 2 ms of processor time for each request.",
            "password_format=plain in the user's section of ari.conf, and the password itself"),
    Setting(*_OPTIONS, "maxfiles", at_least(65_536), "",
            "Each call takes open files; without it the shell's or systemd's limit counts.",
            "maxfiles=65536 in [options] of asterisk.conf", load=_RESTART),
    Setting(*_OPTIONS, "live_dangerously", _is_no, "no",
            "With yes whoever gets at ARI reads files and runs programs on the PBX.",
            "live_dangerously=no in [options] of asterisk.conf", load=_RESTART),
    Setting("pjsip.conf", "global", "taskprocessor_overload_trigger", lambda value: value == "pjsip_only", "global",
            "With global a queue that has nothing to do with phones makes Asterisk refuse calls.",
            "taskprocessor_overload_trigger=pjsip_only in [global] (type=global) of pjsip.conf",
            load="module reload res_pjsip.so"),
    Setting("cdr.conf", "general", "enable", is_yes, "yes",
            "The ledger has the calls that the fallback served from Asterisk's records.",
            "enable=yes in [general] of cdr.conf"),
    Setting("cdr.conf", "general", "unanswered", is_yes, "no",
            "Calls that the fallback lost are not in Asterisk's records without it.",
            "unanswered=yes in [general] of cdr.conf"),
)  # fmt: skip
MAPPING = Check(
    "cdr_custom.conf callrouter.csv",
    "Asterisk's records come into CDR_FILE, with the fields that this version reads.",
    {
        "none": warn('callrouter dialplan install --etc DIR; then asterisk -rx "module load cdr_custom.so"'),
        "other": warn(
            "another version's: callrouter dialplan install --etc DIR, or the line of dialplan/cdr_custom.conf; "
            'then asterisk -rx "module reload cdr_custom.so"'
        ),
        "unread": UNREAD,
    },
)
PORTS = Check(
    "rtp.conf ports",
    f"From rtpstart to rtpend there are {LEAST_PORTS} at least: two for a caller and two for each phone that rings.",
    {
        "few": warn(
            "rtpstart=10000 and rtpend=20000 in [general] of rtp.conf, open in the firewall; "
            'then asterisk -rx "module reload res_rtp_asterisk.so"'
        ),
        "unread": UNREAD,
    },
)
CHECKS = (*(one.check for one in SETTINGS), MAPPING, PORTS)


def judge(one: Setting, value: str | None) -> Finding:
    """Return whether a setting is as it has to be; None: it is not set."""
    shown = one.unset if value is None else value
    seen = (shown or "empty") if value is not None else f"not set ({shown})" if shown else "not set"
    return one.check.ok(_short(seen)) if one.is_right(shown) else one.check.fault("wrong", _short(seen))


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."  # noqa: PLR2004 - a line of a terminal


async def look(read: Source, user: str | None, mapping: str) -> AsyncGenerator[Finding]:
    """Yield how each setting is; `mapping`: the line of records as it has to be.

    `user`: his section in ari.conf; None: there is no ARI, and what it needs is not looked at.
    """
    for one in SETTINGS:
        if user is None and one.file in _OF_ARI:
            continue
        try:
            value = await read.value(one.file, (user or "") if one.section == USER else one.section, one.key)
        except UnreadError as error:
            yield one.check.fault("unread", str(error))
        else:
            yield judge(one, value)
    try:
        yield records(await read.value("cdr_custom.conf", "mappings", "callrouter.csv"), mapping)
    except UnreadError as error:
        yield MAPPING.fault("unread", str(error))
    try:
        first, last = [await read.value("rtp.conf", "general", key) for key in ("rtpstart", "rtpend")]
        yield ports(first or "5000", last or "31000")
    except UnreadError as error:
        yield PORTS.fault("unread", str(error))


def records(line: str | None, ours: str) -> Finding:
    """Return whether Asterisk writes the records that we read."""
    if line is None:
        return MAPPING.fault("none", "not set")
    if "".join(line.split()) == "".join(ours.split()):
        return MAPPING.ok("as this version has it")
    return MAPPING.fault("other", "not as this version has it")


def ports(first: str, last: str) -> Finding:
    """Return whether there are enough ports for the audio."""
    count = int(last) - int(first) + 1 if first.isdecimal() and last.isdecimal() else 0
    seen = f"{first} to {last}"
    return PORTS.ok(seen) if count >= LEAST_PORTS else PORTS.fault("few", seen)
