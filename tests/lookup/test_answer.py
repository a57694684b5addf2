"""A CRM's answer is a client, nobody, or wrong."""

from __future__ import annotations

import orjson
import pytest

from callrouter.core.words import PersonId
from callrouter.lookup.answer import MOST_ATTRIBUTES, WrongAnswerError, client
from callrouter.routing.caller import Client


def test_a_client_with_everything() -> None:
    """The five words, and all others as attributes; what is empty or has parts of its own is left out."""
    said = {
        "name": " ООО Ромашка ", "responsible": "anna", "priority": "ааа", "segment": "key", "stage": "",
        "need": True, "budget": False, "area": 12.5, "region": "Москва", "deals": [1], "owner": {"a": 1}, "trade": None,
    }  # fmt: skip
    said["priority"] = "AAA"
    attributes = (("need", "yes"), ("budget", "no"), ("area", "12.5"), ("region", "Москва"))
    found = Client(None, "ООО Ромашка", PersonId("anna"), "A", "key", None, attributes, "crm")
    assert client(orjson.dumps(said)) == found


@pytest.mark.parametrize("body", [b"null", b"{}", b" null\n"])
def test_nobody(body: bytes) -> None:
    """An answer may say that there is no such client."""
    assert client(body) is None


def test_what_cannot_be_printed_is_replaced() -> None:
    """Line breaks reach no phone's display, and no name is endless."""
    found = client(orjson.dumps({"name": "a\nb" + "x" * 500}))
    assert found is not None
    assert found.name == "a\ufffdb" + "x" * 77


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"<html>Ivanov</html>", "it is not JSON"),
        (b"", "it is not JSON"),
        (b"[" * 60_000, "it is not JSON"),
        (b'["Ivanov"]', "it is no JSON object"),
        (b'"Ivanov"', "it is no JSON object"),
        (b'{"name": 5}', "its name is no text"),
        (b'{"responsible": {"id": 7}}', "its responsible is no text"),
        (b'{"priority": "Ivanov"}', "its priority is none of A, B, C, X, AAA, BBB, CCC"),
        (orjson.dumps({f"a{n}": n for n in range(MOST_ATTRIBUTES + 1)}), "it has more than 50 attributes"),
    ],
)
def test_a_wrong_answer(body: bytes, why: str) -> None:
    """It is told what is wrong, and nothing of what was in it."""
    with pytest.raises(WrongAnswerError) as raised:
        client(body)
    assert str(raised.value) == why
