"""The documentation of the scheme, kept true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from callrouter.routing.document import CompanyPart, DepartmentPart, LinePart, Part, PersonPart, StepPart
from callrouter.routing.scheme import WrongScheme, parse
from tests.routing.test_scheme import EXAMPLE

TEXT = (EXAMPLE.parents[1] / "scheme.md").read_text("utf-8")


@pytest.mark.parametrize("part", [PersonPart, CompanyPart, DepartmentPart, StepPart, LinePart])
def test_every_key_is_documented(part: type[Part]) -> None:
    """No key of any table is missing from docs/scheme.md."""
    assert [key for key in part.model_fields if not re.search(rf"^\| .*`{key}`", TEXT, re.MULTILINE)] == []


def test_the_documents_example_is_valid() -> None:
    """What a reader copies works."""
    (example,) = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)
    assert len(parse(example.encode()).people) == 4


def test_the_documents_faults_are_what_the_program_says() -> None:
    """The refusal that is shown is a real one."""
    (example,) = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)
    wrong = example.replace('"PJSIP/101"', '"101"').replace('department = "sales"', 'department = "sale"')
    with pytest.raises(WrongScheme) as caught:
        parse(wrong.encode(), Path("scheme.toml").name)
    assert str(caught.value) in TEXT
