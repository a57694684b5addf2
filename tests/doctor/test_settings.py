"""Asterisk's settings: what is right, and from where they are read."""

from __future__ import annotations

from pathlib import Path

import pytest

from callrouter.doctor import wanted
from callrouter.doctor.reading import Files, Loaded, UnreadError, source

RIGHT = {
    "http.conf enabled": "yes",
    "http.conf bindaddr": "127.0.0.1",
    "http.conf sessionlimit": "500",
    "http.conf session_keep_alive": "60000",
    "ari.conf enabled": None,
    "ari.conf websocket_write_timeout": "5000",
    "ari.conf allowed_origins": None,
    "ari.conf channelvars": None,
    "ari.conf type": "user",
    "ari.conf read_only": None,
    "ari.conf password_format": None,
    "asterisk.conf maxfiles": "65536",
    "asterisk.conf live_dangerously": None,
    "pjsip.conf taskprocessor_overload_trigger": "pjsip_only",
    "cdr.conf enable": None,
    "cdr.conf unanswered": "yes",
}
WRONG = {
    "http.conf enabled": (None, "no", "maybe"),
    "http.conf bindaddr": (None, "0.0.0.0", "::"),
    "http.conf sessionlimit": (None, "499", "many"),
    "http.conf session_keep_alive": (None, "15000"),
    "ari.conf enabled": ("no",),
    "ari.conf websocket_write_timeout": (None, "100"),
    "ari.conf allowed_origins": ("*", "https://example.org,*"),
    "ari.conf channelvars": ("LINE",),
    "ari.conf type": (None, "asterisk"),
    "ari.conf read_only": ("yes", "on"),
    "ari.conf password_format": ("crypt",),
    "asterisk.conf maxfiles": (None, "1024"),
    "asterisk.conf live_dangerously": ("yes",),
    "pjsip.conf taskprocessor_overload_trigger": (None, "global", "no"),
    "cdr.conf enable": ("no",),
    "cdr.conf unanswered": (None, "no"),
}
PORT = "[general]\nbindport=8090\n"


@pytest.mark.parametrize("one", wanted.SETTINGS, ids=lambda one: one.check.name)
def test_what_is_right_and_what_is_not(one: wanted.Setting) -> None:
    """What is not set is judged as what Asterisk takes then; the line says what was seen."""
    name = one.check.name
    assert wanted.judge(one, RIGHT[name]).state == "ok"
    for value in WRONG[name]:
        found = wanted.judge(one, value)
        assert (found.check, found.state) == (name, one.state)
        assert found.seen.startswith("not set" if value is None else value)
        assert f'; then asterisk -rx "{one.load}"' in found.mend


def test_what_is_seen_fits_a_line() -> None:
    """A value that is long, or empty, is shown so."""
    (channelvars,) = (one for one in wanted.SETTINGS if one.key == "channelvars")
    assert wanted.judge(channelvars, "X" * 500).seen == f"{'X' * 57}..."
    assert wanted.judge(channelvars, "").seen == "empty"


@pytest.mark.parametrize(
    ("line", "state", "mend"),
    [(None, "warn", "install"), ("a,${b}", "warn", "another version's"), ("a, ${b},${c} ", "ok", "")],
)
def test_the_records_that_we_read(line: str | None, state: str, mend: str) -> None:
    """The line has to be this version's; blanks do not count."""
    found = wanted.records(line, "a,${b},${c}")
    assert found.state == state
    assert mend in found.mend


@pytest.mark.parametrize(
    ("first", "last", "state"), [("5000", "31000", "ok"), ("10000", "10398", "warn"), ("10000", "all", "warn")]
)
def test_the_ports_of_the_audio(first: str, last: str, state: str) -> None:
    """Four hundred at least."""
    assert wanted.ports(first, last).state == state


async def test_files_are_read_as_asterisk_does(tmp_path: Path) -> None:
    """Included ones by name and by pattern; what Asterisk says that it works with comes first."""
    (tmp_path / "http.conf").write_text("[general]\nenabled=yes\n#include more/*.conf\n#include gone.conf\n", "utf-8")
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "a.conf").write_text("sessionlimit = 100\nbindaddr=::\n", "utf-8")
    (tmp_path / "more" / "b.conf").write_text("sessionlimit = 600 ; enough\n", "utf-8")
    read = Loaded({("http.conf", "bindaddr"): "127.0.0.1"}, Files(tmp_path))
    keys = ("enabled", "sessionlimit", "bindaddr", "session_keep_alive")
    assert [await read.value("http.conf", "general", key) for key in keys] == ["yes", "600", "127.0.0.1", None]
    found = {one.check: one async for one in wanted.look(read, "callrouter", "line")}
    assert found.keys() == {one.name for one in wanted.CHECKS}
    assert (found["http.conf sessionlimit"].state, found["rtp.conf ports"].seen) == ("ok", "5000 to 31000")
    without = {one.check async for one in wanted.look(read, None, "line")}
    assert found.keys() - without == {name for name in found if name.startswith(("http.conf", "ari.conf"))}


async def test_a_file_that_may_not_be_read_is_unknown(tmp_path: Path) -> None:
    """Each of its lines says who may read it."""

    class Closed:
        async def value(self, file: str, section: str, key: str) -> str | None:
            raise UnreadError(f"{file}: Permission denied")

    found = [one async for one in wanted.look(Closed(), "callrouter", "line")]
    assert {one.check for one in found} == {one.name for one in wanted.CHECKS}
    assert {(one.state, one.mend) for one in found} == {("unknown", wanted.UNREAD.mend)}
    (tmp_path / "http.conf").mkdir()
    assert await Files(tmp_path).value("http.conf", "general", "enabled") is None


@pytest.mark.parametrize(
    ("url", "is_ours"),
    [
        ("http://127.0.0.1:8090/ari", True),
        ("http://localhost:8090/ari", True),
        ("http://127.0.0.1:8088/ari", False),
        ("http://pbx.example.org:8090/ari", False),
        ("https://127.0.0.1/ari", True),
    ],
)
async def test_whose_files_they_are(url: str, is_ours: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The usual folder counts if it is on this host and has ARI's port; one that was named always does."""
    (tmp_path / "http.conf").write_text(PORT, "utf-8")
    monkeypatch.setattr("callrouter.doctor.reading.USUAL", tmp_path)
    assert (await source(None, None, url, "callrouter") is not None) == is_ours
    assert await source(None, tmp_path, url, "callrouter") == Files(tmp_path)
    monkeypatch.setattr("callrouter.doctor.reading.USUAL", tmp_path / "none")
    assert await source(None, None, url, "callrouter") is None
