"""compose.yaml is valid, names nothing that is not there, and opens nothing beyond this machine."""

from __future__ import annotations

import re
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from callrouter.settings import load
from tests.containers.engine import compose
from tests.containers.images import ROOT

TOLD = compose()
SERVICES: dict[str, dict[str, Any]] = TOLD["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"] == "callrouter"}


def test_it_is_what_the_specification_says() -> None:
    """The schema of the Compose specification accepts it, and would not accept anything."""
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run([*check, str(ROOT / "compose.yaml")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    wrong = (ROOT / "compose.yaml").read_text("utf-8").replace("read_only:", "readonly:")
    done = subprocess.run(
        [*check, "--force-filetype", "yaml", "-"], input=wrong, capture_output=True, text=True, check=False
    )
    assert (done.returncode, "readonly" in done.stdout) == (1, True), done.stdout + done.stderr


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_names_only_what_is_there(name: str) -> None:
    """Secrets, volumes, mounted files, Dockerfiles and the services it waits for exist."""
    service = SERVICES[name]
    assert set(service.get("secrets", [])) <= TOLD["secrets"].keys()
    for volume in service.get("volumes", []):
        source = volume.partition(":")[0]
        assert (ROOT / source).is_file() if source.startswith(".") else source in TOLD["volumes"], volume
    if build := service.get("build"):
        assert (ROOT / build["context"] / build["dockerfile"]).is_file()
    else:
        assert re.fullmatch(r"[a-z]+:[0-9][0-9a-z-]*", service["image"]), "an image of others has its version"
    for other, how in service.get("depends_on", {}).items():
        waits = how["condition"] == "service_healthy"
        assert not waits or other in {"asterisk", *OURS} or "healthcheck" in SERVICES[other]


def test_everything_that_is_declared_is_used() -> None:
    """No volume and no secret that no service has."""
    volumes = {volume.partition(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])}
    assert set(TOLD["volumes"]) <= volumes
    assert set(TOLD["secrets"]) == {secret for service in SERVICES.values() for secret in service.get("secrets", [])}


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_has_no_rights_and_no_open_port(name: str) -> None:
    """Read-only root, no capabilities, no new ones; what it publishes is on the loopback unless one says otherwise."""
    service = SERVICES[name]
    assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "network_mode", "cap_add", "pid", "ipc"} & service.keys()
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))


@pytest.mark.parametrize("name", OURS)
def test_the_settings_of_a_worker_are_settings(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The program takes what the environment says; every secret comes from a file that the service has."""
    monkeypatch.chdir(tmp_path)
    environment = {key: str(value) for key, value in OURS[name]["environment"].items()}
    for key, path in environment.items():
        if key.endswith("_FILE"):
            assert Path(path).parent == Path("/run/secrets")
            assert Path(path).name in OURS[name]["secrets"]
            environment[key] = str(tmp_path / key)
            (tmp_path / key).write_text("sqlite:///x.db" if "DATABASE" in key else "x")
    told = load(environment)
    assert told.http_bind is not None, "its health check asks there"


def test_the_workers_differ_where_they_have_to() -> None:
    """Each has an application, a folder and a published port of its own."""
    workers = [SERVICES["worker-a"], SERVICES["worker-b"]]
    assert len({worker["environment"]["CALLROUTER_APP"] for worker in workers}) == 2
    assert len({worker["volumes"][0] for worker in workers}) == 2
    assert len({port.split(":")[1] for worker in workers for port in worker["ports"]}) == 2


def test_the_ports_of_asterisk_are_published() -> None:
    """The audio ports it is told are those that are published, one to one."""
    asterisk = SERVICES["asterisk"]
    published = [port.removeprefix("127.0.0.1:").removesuffix("/udp").split(":") for port in asterisk["ports"]]
    assert all(outside == inside for outside, inside in published)
    audio = asterisk["environment"]["ASTERISK_RTP"]
    assert {outside for outside, _ in published} == {audio, asterisk["environment"]["ASTERISK_SIP_BIND"].split(":")[1]}


def test_the_secrets_are_made_once_and_kept_from_others(tmp_path: Path) -> None:
    """secrets.sh makes every secret that is declared, none twice; the folder is for its owner only."""
    folder = tmp_path / "secrets"
    make = ["sh", str(ROOT / "docker/secrets.sh"), str(folder)]
    said = subprocess.run(make, capture_output=True, text=True, check=True).stdout
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    made = {path.name: path.read_text() for path in folder.iterdir()}
    assert {Path(secret["file"]).name for secret in TOLD["secrets"].values()} == made.keys()
    assert made["postgres_password"] in made["database_url"]
    assert made["postgres_password"] not in said
    assert len(set(re.findall(r"[0-9a-f]{36}", " ".join(made.values())))) == 5
    subprocess.run(make, capture_output=True, check=True)
    assert {path.name: path.read_text() for path in folder.iterdir()} == made
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert "/docker/secrets/" in ignored
    assert "docker/secrets" in (ROOT / ".dockerignore").read_text().splitlines()
