"""`callrouter doctor` on a real Asterisk: what is well, what is not, and how to mend it."""

from __future__ import annotations

import json
from datetime import timedelta

from callrouter.doctor import wanted
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
    """A router that works has no fail: what is missing is a warn, each with its mend; exit 0."""
    async with Rig(desks=DESKS, is_seen=True) as rig:
        found = await examined(rig)
        states = {check: one["state"] for check, one in found.items()}
        states.pop("asterisk.conf maxfiles")  # as many as this host lets a process have
        settings = {one.name for one in wanted.CHECKS} - {"asterisk.conf maxfiles"}
        assert {states.pop(check) for check in settings} == {"ok"}
        assert states == {
            "database": "ok",
            "schema": "ok",
            "clock of the database": "ok",
            "scheme": "ok",
            "lease callrouter": "ok",
            "spool": "ok",
            "disk": "ok",
            "records": "ok",
            "fallback": "warn",
            "health": "ok",
            "ari": "ok",
            "ari rights": "ok",
            "asterisk": "ok",
            "asterisk entityid": "ok",
            "modules": "ok",
            "router callrouter": "ok",
            "clock": "ok",
            "switch CALLROUTER_OFF": "ok",
            "switch CALLROUTER_PILOT": "ok",
            "settings": "ok",
            f"line {LINE}": "warn",
            "phone PJSIP/101 (anna)": "ok",
            "phone PJSIP/102 (boris)": "ok",
            "phone PJSIP/103 (vera)": "warn",
            "phone PJSIP/110 (gleb)": "ok",
            "phone PJSIP/120 (irina)": "ok",
            "notices": "warn",
            "outbox": "ok",
        }
        assert all(one["mend"] for one in found.values() if one["state"] != "ok")
        assert "callrouter dialplan render" in found[f"line {LINE}"]["mend"]
        lines = (await rig.run("doctor")).splitlines()
        assert [line.split()[0] for line in lines] == [one["state"] for one in found.values()]
        assert "\x1b" not in "".join(lines)


async def test_the_fallback_that_was_rendered_is_found_until_the_scheme_changes() -> None:
    """With the rendered fallback in Asterisk the line is well; after a change of the scheme the file is named."""
    async with Rig(desks=DESKS) as rig:
        file = rig.lab.asterisk.folder / "etc/callrouter-fallback.conf"
        await rig.run("dialplan", "render", "--out", str(file))
        await rig.lab.asterisk.cli("dialplan reload")
        found = await examined(rig)
        assert (found[f"line {LINE}"]["state"], found["fallback"]["state"]) == ("ok", "ok")
        await rig.apply(scheme().replace("Ирина", "Ира"))
        found = await examined(rig)
        assert (found[f"line {LINE}"]["state"], found["fallback"]["state"]) == ("ok", "warn")
        assert found["fallback"]["seen"] == f"{file} is of revision 1, in force is 2"
        assert found["fallback"]["mend"].startswith(f"callrouter dialplan render --out {file}, then ")


async def test_until_when_the_fallback_knows_holidays_and_whether_asterisk_knows_the_zone() -> None:
    """A year after it was rendered; a month before it runs out doctor warns."""
    document = scheme().replace('department = "sales"', 'department = "sales", hours = "office"') + HOURS
    async with Rig(document, desks=DESKS) as rig:
        file = rig.folder / "callrouter-fallback.conf"
        await rig.run("dialplan", "render", "--out", str(file))
        found = await examined(rig)
        assert [found[check]["state"] for check in ("fallback holidays", "zone Europe/Berlin")] == ["ok", "ok"]
        until = runs_out(file.read_text("utf-8"))
        assert until is not None
        assert str(until) in found["fallback holidays"]["seen"]
        file.write_text(file.read_text("utf-8").replace(str(until), str(until - timedelta(days=336))), "utf-8")
        found = await examined(rig)
        assert found["fallback holidays"]["state"] == "warn"
        assert f"dialplan render --out {file}" in found["fallback holidays"]["mend"]


async def test_what_is_broken_is_a_fail_and_exit_1() -> None:
    """A router that does not run is a warn; Asterisk away, a wrong password, no schema are fails, with exit 1."""
    async with Rig() as rig:
        assert await rig.router.end() == 0
        found = await examined(rig)
        assert (found["router callrouter"]["state"], found["router callrouter"]["mend"]) == ("warn", "callrouter serve")
        right = rig.lab.asterisk.ari_password
        try:
            rig.lab.asterisk.ari_password = "wrong"
            refused = await examined(rig, code=1)
        finally:
            rig.lab.asterisk.ari_password = right
        assert refused["ari"]["state"] == "fail"
        assert "ARI_PASSWORD" in refused["ari"]["mend"]
        await rig.lab.asterisk.kill()
        away = await examined(rig, code=1)
        assert away["ari"]["state"] == "fail"
        assert away["schema"]["state"] == "ok"
        assert {away[one]["state"] for one in ("asterisk", "modules", "clock", "company in Asterisk")} == {"unknown"}
        (rig.folder / "callrouter.db").unlink()
        empty = await examined(rig, code=1)
        assert (empty["schema"]["state"], empty["schema"]["mend"]) == ("fail", "callrouter db upgrade")
        assert empty["scheme"]["state"] == "unknown"
        await rig.lab.asterisk.start()


async def test_a_missing_module_is_named() -> None:
    """Without the module that says `completed elsewhere` calls go through: a warn that says what is lost."""
    modules = [name for name in MODULES.split() if name != "res_pjsip_rfc3326"]
    text = "[modules]\nautoload=no\n" + "".join(f"load = {name}.so\n" for name in modules)
    async with Rig(scheme(), company=Company(files={"modules.conf": text})) as rig:
        warned = (await examined(rig))["module res_pjsip_rfc3326"]
        assert warned["state"] == "warn"
        assert warned["seen"].startswith("Asterisk lacks res_pjsip_rfc3326.so: phones will show")
        assert "load res_pjsip_rfc3326.so in modules.conf" in warned["mend"]


async def examined(rig: Rig, code: int = 0) -> dict[str, dict[str, str]]:
    """Return the doctor's lines by name: there is one of each."""
    found = json.loads(await rig.run("doctor", "--json", code=code))
    by_name = {one["check"]: one for one in found}
    assert len(by_name) == len(found)
    return by_name
