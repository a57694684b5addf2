"""The wheel is the whole product: installed into an empty environment of each Python that is on this machine."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from callrouter import __version__
from callrouter.store import schema
from tests.lab.root import cache, locked

ROOT = Path(__file__).parent.parent
VERSIONS = ("3.11", "3.12", "3.13")
INSIDE = {"callrouter": "callrouter", "dialplan": "callrouter/_dialplan", "migrations": "callrouter/_migrations"}
"""The project's folders, and where the wheel has them."""


def interpreters() -> dict[str, Path]:
    """Return the Pythons that can make an environment: ours, those of the path, those that pyenv has."""
    found = {}
    for version in VERSIONS:
        places = [Path(where) for folder in os.get_exec_path() if (where := f"{folder}/python{version}")]
        places += sorted((Path.home() / ".pyenv" / "versions").glob(f"{version}.*/bin/python{version}"))
        if sys.version_info[:2] == tuple(map(int, version.split("."))):
            places.insert(0, Path(sys.base_prefix) / "bin" / f"python{version}")
        real = [place.resolve() for place in places if place.exists() and "shims" not in place.parts]
        able = [one for one in real if list(one.parents[1].glob(f"lib/python{version}/ensurepip/__init__.py"))]
        if able:
            found[version] = able[0]
    return found


PYTHONS = interpreters()


def run(*words: str | Path, folder: Path, **more: str) -> str:
    """Run a program that has to succeed, with nothing of ours in its environment; return what it says."""
    others = {key: value for key, value in os.environ.items() if not key.startswith(("CALLROUTER_", "PYTHON"))}
    done = subprocess.run(
        list(map(str, words)),
        cwd=folder,
        env=others | {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"} | more,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{words}\n{done.stdout}"
    return done.stdout


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    for name in (*INSIDE, "pyproject.toml", "README.md", "LICENSE"):  # the build leaves nothing in the checkout
        there = ROOT / name
        if there.is_dir():
            shutil.copytree(there, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(there, source)
    run(
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "-q",
        "--no-build-isolation",
        "--no-deps",
        "-w",
        ".",
        source,
        folder=folder,
    )
    (made,) = folder.glob("*.whl")
    return made


def dependencies(version: str, wheel: Path) -> Path:
    """Return a folder with what the wheel asks for, in the lock's versions; kept for later runs."""
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    key = hashlib.sha256(f"{lock}{asked}".encode()).hexdigest()[:12]
    house = cache() / f"wheels-{version}-{key}"
    with locked(house.with_name(f"{house.name}.lock")):
        if not house.exists():
            fresh = house.with_name(f"{house.name}.new")
            shutil.rmtree(fresh, ignore_errors=True)
            fresh.mkdir(parents=True)
            pins = re.findall(r"^[\w.-]+==[^\\\n]+", lock, re.MULTILINE)
            (fresh / "pins.txt").write_text("\n".join(pins), "utf-8")
            run(PYTHONS[version], "-m", "pip", "wheel", "-q", "-w", ".", "-c", "pins.txt", wheel, folder=fresh)
            (fresh / wheel.name).unlink()
            fresh.rename(house)
    return house


def test_everything_is_inside(wheel: Path) -> None:
    """Modules, migrations, dialplan files, templates, words of both languages: no file is left out."""
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    for folder, inside in INSIDE.items():
        files = [file for file in (ROOT / folder).rglob("*") if file.is_file() and "__pycache__" not in file.parts]
        missing = [one for file in files if (one := f"{inside}/{file.relative_to(ROOT / folder)}") not in names]
        assert missing == []
    assert {".py", ".conf", ".toml", ".json", ".jinja"} <= {Path(name).suffix for name in names}


def test_what_it_says_of_itself(wheel: Path) -> None:
    """From 3.11 on, and named for each Python that it is tried with; no source but the index's is recorded."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith("/METADATA")]
        told = archive.read(name).decode()
    assert "Requires-Python: >=3.11\n" in told
    assert re.findall(r"Python :: (3\.\d+)\n", told) == list(VERSIONS)


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("version", PYTHONS)
def test_it_is_the_whole_product(version: str, wheel: Path, tmp_path: Path) -> None:
    """`pip install` into an empty environment, and a company is set up, routed by forecast, put in and counted."""
    house = dependencies(version, wheel)
    run(PYTHONS[version], "-m", "venv", "empty", folder=tmp_path)
    bins = tmp_path / "empty" / "bin"
    pip = (bins / "python", "-m", "pip")
    run(*pip, "install", "-q", "--no-compile", "--no-index", "--find-links", house, wheel, folder=tmp_path)
    run(*pip, "check", folder=tmp_path)

    def types(said: str) -> str:
        return run(bins / "callrouter", *said.split(), folder=tmp_path)

    assert types("--version") == f"callrouter, version {__version__}\n"
    types("scheme init --language en scheme.toml")
    assert f"-> {schema.newest()}" in types("db upgrade")
    types("scheme apply scheme.toml")
    line = re.findall(r'^\[lines\."(.+)"\]$', (tmp_path / "scheme.toml").read_text("utf-8"), re.MULTILINE)[0]
    tests = f'[[tests]]\nname = "at noon"\nline = "{line}"\nfrom = "+4915112345678"\nat = "2026-11-20 12:00"\n'
    (tmp_path / "scheme.tests.toml").write_text(tests + "expect = {closed = false}\n", "utf-8")
    assert "1 test, none failed" in types("scheme test scheme.toml")
    assert "ring department" in types(f"route --line {line} --from +4915112345678")
    (tmp_path / "asterisk").mkdir()
    (tmp_path / "asterisk" / "extensions.conf").write_text("[from-trunk]\n", "utf-8")
    types("dialplan install --etc asterisk --yes")
    for name in ("callrouter.conf", "callrouter-fallback.conf"):
        assert (tmp_path / "asterisk" / name).stat().st_size > 500
    assert types("lcr --json").startswith("{")
    made = types("export --date 2026-11-20 --format csv,json,xlsx,html,text --language ru --out out").split()
    assert len(made) == len(list((tmp_path / "out").iterdir())) == 6
    shutil.copy(ROOT / "tests" / "cdr" / "pbx" / "freepbx.sql", tmp_path / "cdr.sql")
    assert "57.1%" in types("lcr --from-cdr cdr.sql")


def test_a_python_is_tried() -> None:
    """The one that runs this is among them; none that pyproject names is out of sight where it is on the machine."""
    assert f"{sys.version_info.major}.{sys.version_info.minor}" in PYTHONS
