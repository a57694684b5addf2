"""The documentation of the scheme, kept true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from callrouter.routing import document_calls, document_people, document_report
from callrouter.routing.document import Part
from callrouter.routing.scheme import WrongScheme, parse
from tests.routing.test_scheme import EXAMPLE

TEXT = (EXAMPLE.parents[1] / "scheme.md").read_text("utf-8")


PARTS = [
    part
    for module in (document_people, document_calls, document_report)
    for part in vars(module).values()
    if isinstance(part, type) and issubclass(part, Part) and part is not Part
]


@pytest.mark.parametrize("part", PARTS)
def test_every_key_is_documented(part: type[Part]) -> None:
    """No key of any table is missing from docs/scheme.md."""
    keys = [field.alias or name for name, field in part.model_fields.items()]
    assert [key for key in keys if not re.search(rf"^\| .*`{key}[` ]", TEXT, re.MULTILINE)] == []


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
