"""`callrouter dialplan install`: what Asterisk's folder holds afterwards, and that it can be as before."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest

from callrouter.cli.installing import files
from tests.cli.conftest import SCHEME, Said

Run = Callable[..., Said]
PLAIN = {
    "extensions.conf": b"[from-trunk]\nexten => _X.,1,Dial(PJSIP/101)\n; no end",
    "ari.conf": b"[general]\nenabled = yes\n\n[other]\ntype = user\npassword = secret-of-another\n",
    "http.conf": b"[general]\nenabled = no\nbindaddr = 10.0.0.1 ; for the others\nbindport = 8088\n",
    "cdr.conf": b"",
    "cdr_custom.conf": b"[mappings]\nMaster.csv => ${CSV_QUOTE(${CDR(src)})}\n",
}
FREEPBX = {
    "extensions.conf": b"#include extensions_additional.conf\n#include extensions_custom.conf\n",
    "extensions_additional.conf": b"; generated\n",
    "extensions_custom.conf": b"[from-internal-custom]\r\n",
    "http.conf": b"#include http_additional.conf\n#include http_custom.conf\n",
    "http_custom.conf": b"",
}


@pytest.fixture
def company(run: Run, tmp_path: Path) -> Run:
    """A database with a scheme in force."""
    (tmp_path / "scheme.toml").write_text(SCHEME, "utf-8")
    assert run("db", "upgrade").code == 0
    assert run("scheme", "apply", "scheme.toml").code == 0
    return run


def test_without_ari_there_is_no_user_and_no_server(
    company: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only dialplan and records: http.conf and ari.conf stay as they are, and no password is made up."""
    monkeypatch.setenv("CALLROUTER_ARI_URL", "off")
    folder = etc(tmp_path, PLAIN)
    done = company("dialplan", "install", "--etc", str(folder), "--yes")
    assert (done.code, "password" in done.err) == (0, False), done.err
    there = contents(folder)
    assert {name for name in PLAIN if there[name] == PLAIN[name]} == {"http.conf", "ari.conf"}
    assert b"#include callrouter-agi.conf" in there["extensions.conf"]
    refused = company("dialplan", "check")
    assert (refused.code, "ARI_URL is off" in refused.err) == (2, True)


class Terminal(io.StringIO):
    """Somebody at a keyboard."""

    def isatty(self) -> bool:
        """He is there."""
        return True


def etc(folder: Path, contents: dict[str, bytes]) -> Path:
    """Make a folder of Asterisk's."""
    there = folder / "etc"
    there.mkdir()
    for name, content in contents.items():
        (there / name).write_bytes(content)
        (there / name).chmod(0o640)
    return there


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file of a folder."""
    return {one.name: one.read_bytes() for one in folder.iterdir()}


@pytest.mark.parametrize("before", [PLAIN, FREEPBX, {}], ids=["plain", "freepbx", "empty"])
def test_installed_twice_and_taken_out_it_is_as_before(company: Run, tmp_path: Path, before: dict[str, bytes]) -> None:
    """The second time changes nothing; --remove leaves every file as it was, and none of ours."""
    folder = etc(tmp_path, before)
    first = company("dialplan", "install", "--etc", str(folder), "--yes")
    assert (first.code, "files are written" in first.err) == (0, True), first.err
    there = contents(folder)
    needed = {name for name in files() if name != "callrouter-freepbx.conf"}
    assert needed < set(there)
    assert ("callrouter-freepbx.conf" in there) is (before is FREEPBX)
    assert b"+74951234567" in there["callrouter-fallback.conf"]
    again = company("dialplan", "install", "--etc", str(folder), "--yes")
    assert (again.code, again.out) == (0, "")
    assert "nothing to do" in again.err
    assert contents(folder) == there
    assert company("dialplan", "install", "--etc", str(folder), "--remove", "--yes").code == 0
    assert contents(folder) == before


def test_the_differences_are_shown(company: Run, tmp_path: Path) -> None:
    """Without the password; where no terminal is, nobody is asked."""
    folder = etc(tmp_path, PLAIN)
    shown = company("dialplan", "install", "--etc", str(folder))
    assert "+#include callrouter.conf" in shown.out
    assert "+password = ********" in shown.out
    assert (shown.code, "files are written" in shown.err) == (0, True)


def test_who_says_no_has_nothing_written(company: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal it asks; exit 1."""
    folder = etc(tmp_path, PLAIN)
    monkeypatch.setattr("sys.stdin", Terminal("n\n"))
    said = company("dialplan", "install", "--etc", str(folder))
    assert (said.code, "nothing is written" in said.err) == (1, True)
    assert contents(folder) == PLAIN
    assert not (tmp_path / "var" / "asterisk-before").exists()
    monkeypatch.setattr("sys.stdin", Terminal("y\n"))
    assert company("dialplan", "install", "--etc", str(folder)).code == 0
    assert contents(folder) != PLAIN


def test_without_a_scheme_there_is_no_fallback_yet(run: Run, tmp_path: Path) -> None:
    """The way in is put there all the same, and what is left to do is said."""
    folder = etc(tmp_path, PLAIN)
    run("db", "upgrade")
    said = run("dialplan", "install", "--etc", str(folder), "--yes")
    assert (said.code, "there is no scheme yet, so no fallback" in said.err) == (0, True), said.err
    assert (folder / "callrouter.conf").exists()
    assert not (folder / "callrouter-fallback.conf").exists()


def test_only_what_is_missing_is_added(company: Run, tmp_path: Path) -> None:
    """A server that listens elsewhere, other users and other records stay; what has to be on is put on."""
    folder = etc(tmp_path, PLAIN)
    company("dialplan", "install", "--etc", str(folder), "--yes")
    there = {name: text.decode() for name, text in contents(folder).items()}
    ours = there["http.conf"].removeprefix(PLAIN["http.conf"].decode())
    assert [line for line in ours.splitlines() if not line.startswith(";")] == [
        "[general](+)",
        "enabled = yes",
        "sessionlimit = 500",
        "session_keep_alive = 60000",
    ]
    assert "[mappings](+)\ncallrouter.csv => callrouter," in there["cdr_custom.conf"]
    assert "[general]\nenable = yes\nunanswered = yes\n" in there["cdr.conf"]
    assert there["ari.conf"].index("[other]") < there["ari.conf"].index("[general](+)\nwebsocket_write_timeout = 5000")
    assert (folder / "callrouter.conf").stat().st_mode & 0o777 == 0o640


def test_on_freepbx_only_the_administrators_files_are_touched(company: Run, tmp_path: Path) -> None:
    """What the PBX writes itself is left alone."""
    folder = etc(tmp_path, FREEPBX)
    company("dialplan", "install", "--etc", str(folder), "--yes")
    there = contents(folder)
    changed = {name for name, text in FREEPBX.items() if there[name] != text}
    assert changed == {"extensions_custom.conf", "http_custom.conf"}
    assert b"[general](+)\nunanswered = yes" in there["cdr_general_custom.conf"].replace(b"enable = yes\n", b"")
    assert b"[callrouter]\ntype = user" in there["ari_additional_custom.conf"]


def test_the_password_is_kept_for_the_router(company: Run, tmp_path: Path) -> None:
    """One that nobody has said is made up once, and lies where only its owner reads it."""
    folder = etc(tmp_path, PLAIN)
    said = company("dialplan", "install", "--etc", str(folder), "--yes")
    file = tmp_path / "var" / "ari-password"
    assert f"CALLROUTER_ARI_PASSWORD_FILE={file}" in said.err
    assert f"password = {file.read_text('utf-8')}" in (folder / "ari.conf").read_text("utf-8")
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_text("utf-8").strip() not in said.out + said.err


def test_a_user_of_somebody_elses_stays(company: Run, tmp_path: Path) -> None:
    """Asterisk would take one of two with the same name."""
    folder = etc(tmp_path, {**PLAIN, "ari.conf": b"[callrouter]\ntype = user\npassword = theirs\n"})
    said = company("dialplan", "install", "--etc", str(folder), "--yes")
    assert "ari.conf has a user callrouter already" in said.err
    assert (folder / "ari.conf").read_bytes().count(b"[callrouter]") == 1


def test_what_was_there_is_kept(company: Run, tmp_path: Path) -> None:
    """Every file that changes is copied before."""
    company("dialplan", "install", "--etc", str(etc(tmp_path, PLAIN)), "--yes")
    (kept,) = (tmp_path / "var" / "asterisk-before").iterdir()
    assert contents(kept) == PLAIN


def test_half_applied_never(company: Run, tmp_path: Path) -> None:
    """When one file cannot be written, those before it are put back; a broken mark stops everything."""
    folder = etc(tmp_path, PLAIN)
    (folder / ".http.conf.new").mkdir()
    said = company("dialplan", "install", "--etc", str(folder), "--yes")
    assert (said.code, "everything is as it was" in said.err) == (2, True), said.err
    (folder / ".http.conf.new").rmdir()
    assert contents(folder) == PLAIN
    (folder / "ari.conf").write_bytes(b"; <<< callrouter\n")
    assert "mend them by hand" in company("dialplan", "install", "--etc", str(folder), "--yes").err


def test_the_folder_has_to_be_there(company: Run, tmp_path: Path) -> None:
    """It is not made."""
    said = company("dialplan", "install", "--etc", str(tmp_path / "none"))
    assert (said.code, "none" in said.err) == (2, True)
