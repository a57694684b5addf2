"""Who gets the nightly export, at which address, and how much of it."""

from __future__ import annotations

import pytest

from callrouter.core.words import PersonId
from callrouter.routing.faults import WrongScheme
from callrouter.routing.receivers import Receiver, addresses, receivers
from callrouter.routing.scheme import parse

FIRM = """version = 1
timezone = "Europe/Moscow"
country = "RU"
[people]
anna = {{name = "Anna", phones = ["PJSIP/101"], mail = "anna@example.org"}}
boris = {{name = "Boris", phones = ["PJSIP/102"]}}
gleb = {{name = "Gleb", phones = ["PJSIP/110"], mail = "gleb@example.org"}}
irina = {{name = "Irina", phones = ["PJSIP/120"], mail = "irina@example.org"}}
[company]
owner = "irina"
[departments]
sales = {{members = ["anna", "boris", "gleb"], head = "gleb"}}
service = {{members = ["anna"], head = "irina"}}
[report]
to = {to}
"""
ANNA = Receiver("mail:anna@example.org", "own", PersonId("anna"))
GLEB = Receiver("mail:gleb@example.org", "head", PersonId("gleb"))
IRINA = Receiver("mail:irina@example.org", "company", PersonId("irina"))


def to(*words: str) -> tuple[Receiver, ...]:
    """Who gets it when these are named."""
    return receivers(parse(FIRM.format(to=list(words)).replace("'", '"').encode()))


def test_the_owner_gets_the_company_a_head_everybody_and_a_manager_himself() -> None:
    """Each once, as what he is; who has no address is passed over."""
    assert to("owner", "heads", "managers") == (IRINA, GLEB, ANNA)
    assert to("managers") == (ANNA, GLEB)
    assert to("gleb", "heads") == (GLEB, IRINA)
    assert to() == ()


def test_an_address_gets_the_companys() -> None:
    """Also if it is somebody's who is a manager only."""
    hook = "hook:https://example.org/x"
    assert to("anna", "mail:anna@example.org", hook) == (
        Receiver("mail:anna@example.org", "company"),
        Receiver(hook, "company"),
    )


def test_where_somebody_is_reached() -> None:
    """At his mail; who has none, or is nobody, nowhere."""
    scheme = parse(FIRM.format(to=[]).encode())
    assert addresses(scheme, PersonId("anna")) == ("mail:anna@example.org",)
    assert addresses(scheme, PersonId("boris")) == ()
    assert addresses(scheme, PersonId("nobody")) == ()


def test_a_company_without_an_owner_cannot_send_to_him() -> None:
    """The document says so; everybody else is reached."""
    document = FIRM.format(to='["owner", "anna"]').replace('owner = "irina"\n', "")
    with pytest.raises(WrongScheme) as refused:
        parse(document.encode())
    assert "there is no company.owner" in str(refused.value)
