"""`callrouter doctor` on a real Asterisk: what is well, what is not, and how to mend it."""

from __future__ import annotations

import json
from datetime import timedelta

from callrouter.routing.fallback import runs_out
from tests.lab import Company, Desk
from tests.lab.config import MODULES
from tests.real.rig import LINE, PEOPLE, Rig, scheme

DESKS: list[str | Desk] = [Desk(number, devices=0 if number == PEOPLE["vera"] else 1) for number in PEOPLE.values()]
HOURS = """
[calendars.office]
hours = ["Mon-Fri 09:00-18:00"]
timezone = "Europe/Berlin"
"""


async def test_everything_is_well_but_a_phone_and_the_fallback() -> None:
    """A router that works has no fail: what is missing is a warn or unknown, each with its mend; exit 0."""
    async with Rig(desks=DESKS) as rig:
        found = {one["check"]: one for one in json.loads(await rig.run("doctor", "--json"))}
        states = {check: one["state"] for check, one in found.items()}
        assert states == {
            "database": "ok",
            "schema": "ok",
            "scheme": "ok",
            "notices": "warn",
            "outbox": "ok",
            "ari": "ok",
            "asterisk": "ok",
            "modules": "ok",
            "router callrouter": "ok",
            "clock": "ok",
            "settings": "unknown",
            f"line {LINE}": "warn",
            "phone PJSIP/101 (anna)": "ok",
            "phone PJSIP/102 (boris)": "ok",
            "phone PJSIP/103 (vera)": "warn",
            "phone PJSIP/110 (gleb)": "ok",
            "phone PJSIP/120 (irina)": "ok",
        }
        assert all(one["mend"] for one in found.values() if one["state"] != "ok")
        assert "callrouter dialplan render" in found[f"line {LINE}"]["mend"]
        lines = (await rig.run("doctor")).splitlines()
        assert [line.split()[0] for line in lines] == list(states.values())


async def test_the_fallback_that_was_rendered_is_found() -> None:
    """With the rendered fallback in Asterisk the line is well."""
    async with Rig(desks=DESKS) as rig:
        rendered = await rig.run("dialplan", "render")
        (rig.lab.asterisk.folder / "etc/callrouter-fallback.conf").write_text(rendered)
        await rig.lab.asterisk.cli("dialplan reload")
        found = {one["check"]: one["state"] for one in json.loads(await rig.run("doctor", "--json"))}
        assert found[f"line {LINE}"] == "ok"


async def test_until_when_the_fallback_knows_holidays_and_whether_asterisk_knows_the_zone() -> None:
    """A year after it was rendered; a month before it runs out doctor warns."""
    document = scheme().replace('department = "sales"', 'department = "sales", hours = "office"') + HOURS
    async with Rig(document, desks=DESKS) as rig:
        file = rig.folder / "callrouter-fallback.conf"
        await rig.run("dialplan", "render", "--out", str(file))
        found = {one["check"]: one for one in json.loads(await rig.run("doctor", "--json"))}
        assert [found[check]["state"] for check in ("fallback", "zone Europe/Berlin")] == ["ok", "ok"]
        until = runs_out(file.read_text("utf-8"))
        assert until is not None
        assert str(until) in found["fallback"]["seen"]
        file.write_text(file.read_text("utf-8").replace(str(until), str(until - timedelta(days=336))), "utf-8")
        found = {one["check"]: one for one in json.loads(await rig.run("doctor", "--json"))}
        assert found["fallback"]["state"] == "warn"
        assert f"dialplan render --out {file}" in found["fallback"]["mend"]


async def test_what_is_broken_is_a_fail_and_exit_1() -> None:
    """A router that does not run is a warn; Asterisk away, a wrong password, no schema are fails, with exit 1."""
    async with Rig() as rig:
        assert await rig.router.end() == 0
        found = {one["check"]: one for one in json.loads(await rig.run("doctor", "--json"))}
        assert (found["router callrouter"]["state"], found["router callrouter"]["mend"]) == ("warn", "callrouter serve")
        right = rig.lab.asterisk.ari_password
        try:
            rig.lab.asterisk.ari_password = "wrong"
            refused = {one["check"]: one for one in json.loads(await rig.run("doctor", "--json", code=1))}
        finally:
            rig.lab.asterisk.ari_password = right
        assert refused["ari"]["state"] == "fail"
        assert "ARI_PASSWORD" in refused["ari"]["mend"]
        await rig.lab.asterisk.kill()
        away = {one["check"]: one for one in json.loads(await rig.run("doctor", "--json", code=1))}
        assert away["ari"]["state"] == "fail"
        assert away["schema"]["state"] == "ok"
        assert {away[one]["state"] for one in ("asterisk", "modules", "clock", "phones")} == {"unknown"}
        (rig.folder / "callrouter.db").unlink()
        empty = {one["check"]: one for one in json.loads(await rig.run("doctor", "--json", code=1))}
        assert (empty["schema"]["state"], empty["schema"]["mend"]) == ("fail", "callrouter db upgrade")
        assert empty["scheme"]["state"] == "unknown"
        await rig.lab.asterisk.start()


async def test_a_missing_module_is_named() -> None:
    """Without the module that says `completed elsewhere` calls go through: a warn that says what is lost."""
    modules = [name for name in MODULES.split() if name != "res_pjsip_rfc3326"]
    text = "[modules]\nautoload=no\n" + "".join(f"load = {name}.so\n" for name in modules)
    async with Rig(scheme(), company=Company(files={"modules.conf": text})) as rig:
        found = json.loads(await rig.run("doctor", "--json"))
        (warned,) = [one for one in found if one["check"] == "asterisk" and one["state"] == "warn"]
        assert warned["seen"] == "Asterisk lacks res_pjsip_rfc3326.so"
        assert "missed" in warned["mend"]
