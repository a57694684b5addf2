"""What callrouter wants in Asterisk's folder of settings: files of its own, and lines in those that are there.

Which files take foreign lines: on a plain Asterisk the files themselves, on FreePBX and Issabel those that the PBX
includes and never writes (`extensions_custom.conf`, and the `_custom.conf` that its `http.conf`, `ari.conf` and
`cdr.conf` include last).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from callrouter.pbx import marked

Read = Callable[[str], bytes | None]
"""Returns a file of the folder by its name, None where there is none."""

FALLBACK = "callrouter-fallback.conf"
_CDR = "cdr_custom.conf"
_FREEPBX = "callrouter-freepbx.conf"
_GENERATED = "extensions_additional.conf"
"""FreePBX and Issabel write their dialplan there."""
_SECTION = re.compile(r"^\s*\[([^\]]+)\]")
_SETTING = re.compile(r"^\s*([A-Za-z_]+)\s*=>?\s*([^;]*)")
_WANTED_HTTP = (("enabled", "yes"), ("bindaddr", "127.0.0.1"), ("sessionlimit", "500"), ("session_keep_alive", "60000"))
_WANTED_ARI = (("enabled", "yes"), ("websocket_write_timeout", "5000"))
_WANTED_CDR = (("enable", "yes"), ("unanswered", "yes"))
_SWITCHES = frozenset({"enabled", "enable", "unanswered"})
"""Have to be as we want them; of the other settings, those that are there stay as they are."""


@dataclass(frozen=True, slots=True)
class Change:
    """One file: what it holds, and what it is to hold; None: no such file."""

    name: str
    before: bytes | None
    after: bytes | None


@dataclass(frozen=True, slots=True)
class Places:
    """Which file takes which lines."""

    dialplan: str
    http: str
    ari: str
    ari_user: str
    cdr: str
    is_included: bool
    """They are read inside the `[general]` of another file."""


PLAIN = Places("extensions.conf", "http.conf", "ari.conf", "ari.conf", "cdr.conf", is_included=False)
FREEPBX = Places(
    "extensions_custom.conf",
    "http_custom.conf",
    "ari_general_custom.conf",
    "ari_additional_custom.conf",
    "cdr_general_custom.conf",
    is_included=True,
)


@dataclass(frozen=True, slots=True)
class User:
    """Who we are at ARI: there are no finer rights there than reading and writing."""

    name: str
    password: str


def places(read: Read) -> Places:
    """Return where the lines belong in this folder."""
    return PLAIN if read(_GENERATED) is None else FREEPBX


def user_there(read: Read, name: str) -> bool:
    """Whether somebody else has put this user into ARI's settings already. Raises MarksError."""
    names = {"ari.conf", places(read).ari_user}
    texts = [marked.theirs(text) for one in names if (text := read(one)) is not None]
    return any(found[1] == name for text in texts for line in text.splitlines() if (found := _SECTION.match(line)))


def password_there(read: Read, name: str) -> str | None:
    """Return the password that we gave this user before. Raises MarksError."""
    text = read(places(read).ari_user)
    section = ""
    for line in () if text is None else marked.lines(text).splitlines():
        if found := _SECTION.match(line):
            section = found[1]
        elif section == name and line.startswith("password = "):
            return line.removeprefix("password = ")
    return None


def install(
    read: Read, own: Mapping[str, str], fallback: str | None, user: User | None, *, has_ari: bool = True
) -> tuple[Change, ...]:
    """Return what has to change; nothing where everything is as it should be. Raises MarksError.

    `own`: our dialplan files by name; `fallback`: the rendered one, None: it is left as it is; `user`: None: it is
    somebody else's; without ARI neither that nor Asterisk's HTTP server is touched.
    """
    where = places(read)
    own = {name: text for name, text in own.items() if name != _FREEPBX or where is FREEPBX}
    wanted: dict[str, list[str]] = {}
    for name, lines in (
        (where.dialplan, [f"#include {name}" for name in sorted(own) if name != _CDR]),
        (where.http, _general(read, where.http, where, _WANTED_HTTP) if has_ari else []),
        (where.ari, _general(read, where.ari, where, _WANTED_ARI) if has_ari else []),
        (where.ari_user, [] if user is None else _section(user)),
        (where.cdr, _general(read, where.cdr, where, _WANTED_CDR)),
        (_CDR, _mappings(read, own[_CDR])),
    ):
        wanted.setdefault(name, []).extend(lines)
    whole = {name: text for name, text in own.items() if name != _CDR}
    if fallback is not None:
        whole[FALLBACK] = fallback
    changes = [Change(name, read(name), text.encode()) for name, text in whole.items()]
    for name, lines in wanted.items():
        before = read(name)
        after = marked.put(before, "\n".join(lines)) if lines else _without(before)
        changes.append(Change(name, before, after))
    return tuple(change for change in changes if change.before != change.after)


def remove(read: Read, own: Mapping[str, str]) -> tuple[Change, ...]:
    """Return what takes everything of ours out again. Raises MarksError."""
    where = places(read)
    shared = dict.fromkeys((where.dialplan, where.http, where.ari, where.ari_user, where.cdr, _CDR))
    changes = [Change(name, before, _without(before)) for name in shared if (before := read(name)) is not None]
    ours = [name for name in (*own, FALLBACK) if name != _CDR]
    changes += [Change(name, before, None) for name in ours if (before := read(name)) is not None]
    return tuple(change for change in changes if change.before != change.after)


def _without(before: bytes | None) -> bytes | None:
    return None if before is None else marked.take_out(before)


def _general(read: Read, name: str, where: Places, wanted: tuple[tuple[str, str], ...]) -> list[str]:
    """Return a `[general]` with what is missing or wrong there, nothing where nothing is."""
    text = read(name)
    has_section, there = _settings("" if text is None else marked.theirs(text), is_included=where.is_included)
    lines = [
        f"{key} = {value}"
        for key, value in wanted
        if key not in there or (key in _SWITCHES and there[key] not in ("yes", "true", "on", "1"))
    ]
    return [f"[general]{'(+)' if has_section else ''}", *lines] if lines else []


def _settings(text: str, *, is_included: bool) -> tuple[bool, dict[str, str]]:
    """Return whether there is a `[general]`, and its settings; of several of one name the last counts."""
    has_section, section, found = is_included, "general" if is_included else "", dict[str, str]()
    for line in text.splitlines():
        if begun := _SECTION.match(line):
            section = begun[1]
            has_section = has_section or section == "general"
        elif section == "general" and (setting := _SETTING.match(line)):
            found[setting[1].lower()] = setting[2].strip().lower()
    return has_section, found


def _section(user: User) -> list[str]:
    return [f"[{user.name}]", "type = user", "read_only = no", "password_format = plain", f"password = {user.password}"]


def records_line(ours: str) -> str:
    """Return what our `cdr_custom.conf` has to be written in a record."""
    return _records(ours).partition("=>")[2].strip()


def _records(ours: str) -> str:
    return next(line for line in ours.splitlines() if line.startswith("callrouter.csv"))


def _mappings(read: Read, ours: str) -> list[str]:
    text = read(_CDR)
    there = "" if text is None else marked.theirs(text)
    line = _records(ours)
    if any(other.startswith("callrouter.csv") for other in there.splitlines()):
        return []
    has_section = any(found[1] == "mappings" for other in there.splitlines() if (found := _SECTION.match(other)))
    return [f"[mappings]{'(+)' if has_section else ''}", line]
