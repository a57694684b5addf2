"""The images are built, and docs/containers.md is followed with them: calls of softphones are routed."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.containers.engine import Container
from tests.containers.images import ROOT, Image, Store, built
from tests.containers.softphone import Softphone
from tests.containers.stack import Stack, standing
from tests.lab.behaviour import answers
from tests.lab.postgres import Postgres
from tests.lab.root import cache, locked

LINE = "+74951234567"
PAGE = (ROOT / "docs" / "containers.md").read_text("utf-8")
TYPED = "".join(re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)).splitlines()

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can build and mount images without a container engine"),
    pytest.mark.timeout(900),  # with nothing kept yet: two Debians, the pinned dependencies, two images
]


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Image, Image]]:
    """Both images, callrouter's first; nobody else builds meanwhile."""
    with locked(cache() / "containers.lock"):
        store = Store()
        yield built(store, tmp_path_factory.mktemp("containers"))
        store.leave()


@pytest.fixture
async def stack(images: tuple[Image, Image], postgres: Postgres, tmp_path: Path) -> AsyncIterator[Stack]:
    """A machine with the images, on which nothing has been typed yet."""
    async with standing(tmp_path, images, postgres) as here:
        yield here


async def test_the_page_is_followed(stack: Stack) -> None:
    """Secrets, a call, a stopped worker, none at all, another scheme; Asterisk goes; all end by SIGTERM with exit 0."""
    called = 0
    for line in TYPED:
        await stack.type(line)
        if re.search(r"--wait$| stop ", line):
            await _called(stack)
            called += 1
    rows = await stack.calls(called)
    assert [(row["caller"], row["answered_by"], row["routed_by"]) for row in rows] == [
        ("+79161234567", "anna", "router"),
        ("+79161234567", "anna", "router"),
        ("+79161234567", "anna", "fallback"),
    ]
    asterisk, worker = stack.running["asterisk"], stack.running["worker-a"]
    await _nothing_can_be_written(worker, "/opt/callrouter/x", "/etc/x")
    await _nothing_can_be_written(asterisk, "/etc/asterisk/x", "/usr/x")
    assert await asterisk.stop() == 0, asterisk.lines
    code, said = await worker.healthy()
    assert (code, '"ready":false' in said) == (1, True), said
    for name in ("worker-a", "worker-b"):
        assert await stack.running[name].stop() == 0, stack.running[name].lines
        assert not [text for text in stack.running[name].lines if "Traceback" in text]


async def test_what_is_wrong_is_said(stack: Stack) -> None:
    """Where no worker answers the health check fails; a password that would be a further setting is exit 2."""
    await stack.type("sh docker/secrets.sh")
    idle = await stack.start("prepare", command=["echo up; sleep 60"])
    await idle.says("up")
    code, said = await idle.healthy()
    assert (code, "/healthz does not answer" in said) == (1, True), said
    (stack.secrets / "phones").write_text("101 with;comment\n")
    broken = await stack.start("asterisk")
    assert await broken.ends() == 2
    assert broken.lines == ["error: phones: 101: only letters, digits and . _ ~ : - may be in it"]


def test_the_images_hold_what_runs_and_nothing_more(images: tuple[Image, Image]) -> None:
    """Not root; no pip, no compiler, no sources, no lists of packages, none of the tests' dependencies."""
    for image in images:
        assert image.config["User"] in {"10001:10001", "10002:10002"}
        assert image.config["Healthcheck"]["Test"][0] == "CMD"
        for name in ("pip", "pip3", "gcc", "cc", "make", "git", "curl"):
            assert shutil.which(name, path=f"{image.root}/usr/bin:{image.root}/opt/callrouter/bin") is None, name
        for left in ("src", "wheels", "build", "root/.cache"):
            assert not (image.root / left).exists(), left
        assert list((image.root / "var/lib/apt/lists").glob("*")) == []
    installed = images[0].root / "opt/callrouter/lib/python3.11/site-packages"
    assert list(installed.glob("callrouter/_migrations/versions/*.py"))
    assert not list(installed.glob("pytest*"))


async def _nothing_can_be_written(container: Container, *places: str) -> None:
    for place in places:
        code, said = await container.execute("touch", place)
        assert (code, "Read-only file system" in said) == (1, True), said


async def _called(stack: Stack) -> None:
    """The client's softphone dials the line; Anna's rings, and they hear each other."""
    accounts = dict(line.split() for line in (stack.secrets / "phones").read_text().splitlines())
    anna, client = Softphone("101", accounts["101"]), Softphone("client", accounts["client"])
    try:
        for phone in (anna, client):
            await phone.open()
            phone.pbx = ("127.0.0.1", stack.slot.sip)
            assert await phone.register("a wrong one") == 401
            assert await phone.register() == 200
        anna.behaviour = answers()
        call = await client.dial(LINE)
        taken = await anna.incoming(20.0)
        await call.hears(anna)
        await taken.hears(client)
        await call.hangup()
        await taken.wait("ended", 5.0)
    finally:
        for phone in (anna, client):
            await phone.close()
