"""Asterisk's files of settings, read as it reads them."""

from __future__ import annotations

from callrouter.pbx.conf import parse

FILES = {
    "http.conf": """
; a comment
[general] ; another
enabled = no
ENABLED=yes;really
;-- enabled=no
servername=of a block --;
servername => a\\;b = c
#include "more.conf"
[template](!)
type = user
read_only=yes
[callrouter](template)
read_only = no
[general](+)
sessionlimit=500
[other](none,+)
a=b
""",
    "more.conf": "bindaddr=127.0.0.1\n#tryinclude gone.conf\n[late]\nx=1\n#include http.conf\n",
}


def read(name: str) -> list[str]:
    """Return the file of that name, if there is one."""
    return [FILES[name]] if name in FILES else []


def test_what_a_file_holds() -> None:
    """The last of one name counts; templates, `(+)`, comments and files that include each other are understood."""
    found = parse(read, "http.conf")
    assert found["general"] == {
        "enabled": "yes",
        "servername": "a;b = c",
        "bindaddr": "127.0.0.1",
        "sessionlimit": "500",
    }
    assert found["callrouter"] == {"type": "user", "read_only": "no"}
    assert (found["late"], found["other"]) == ({"x": "1"}, {"a": "b"})


def test_no_file_holds_nothing() -> None:
    """A file that is not there has no sections; neither has a line outside of one."""
    assert parse(read, "gone.conf") == {}
    assert parse(lambda _: ["alone=1\nnothing\n"], "x") == {}
