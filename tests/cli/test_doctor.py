"""`callrouter doctor` where there is nothing yet: what it prints, and how it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from callrouter.doctor.examination import CHECKS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from tests.cli.conftest import Said


def test_a_line_each_with_the_mend(run: Callable[..., Said], monkeypatch: pytest.MonkeyPatch) -> None:
    """As text and as JSON the same lines in the table's order; a fail is exit 1, and nothing is coloured here."""
    monkeypatch.setenv("CALLROUTER_ARI_URL", "http://127.0.0.1:1/ari")
    monkeypatch.setenv("CALLROUTER_ARI_PASSWORD", "hidden")
    monkeypatch.setenv("CALLROUTER_AGI_BIND", "127.0.0.1:1")
    monkeypatch.setenv("CALLROUTER_HTTP_BIND", "127.0.0.1:1")
    said = run("doctor", "--json")
    assert said.code == 1
    assert {tuple(one) for one in said.json} == {("check", "state", "seen", "mend")}
    found = [one["check"] for one in said.json]
    table = [check.name for check in CHECKS]
    assert [name for name in table if name in found] == [name for name in found if name in table]
    text = run("doctor")
    assert text.code == 1
    lines = [f"{one['state']:8}{one['check']}: " for one in said.json]
    assert [line[: len(begin)] for line, begin in zip(text.out.splitlines(), lines, strict=True)] == lines
    assert all(
        (" -> " in line) == (one["mend"] != "") for line, one in zip(text.out.splitlines(), said.json, strict=True)
    )
    assert "\x1b" not in text.out
    assert "hidden" not in text.out


def test_a_folder_that_is_not_there(run: Callable[..., Said], tmp_path: Path) -> None:
    """It is no folder of Asterisk's: exit 2, and it is said."""
    said = run("doctor", "--etc", str(tmp_path / "none"))
    assert (said.code, said.err) == (2, f"error: --etc: there is no folder {tmp_path / 'none'}\n")


def test_settings_of_a_folder(run: Callable[..., Said], tmp_path: Path) -> None:
    """Without an Asterisk that answers, its files say what will be wrong."""
    (tmp_path / "http.conf").write_text("[general]\nenabled=no\n", "utf-8")
    found = {one["check"]: one for one in run("doctor", "--json", "--etc", str(tmp_path)).json}
    assert found["settings"]["seen"] == f"read from {tmp_path}"
    assert (found["http.conf enabled"]["state"], found["http.conf enabled"]["seen"]) == ("fail", "no")
    assert (found["cdr.conf unanswered"]["state"], found["cdr.conf unanswered"]["seen"]) == ("warn", "not set (no)")
