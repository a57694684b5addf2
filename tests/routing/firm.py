"""A company with everything that a decision looks at, small enough to be kept in mind."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from callrouter.core.words import PersonId
from callrouter.routing.caller import Caller, Client, Talked
from callrouter.routing.choose import Chosen, choose
from callrouter.routing.lines import find_line
from callrouter.routing.numbers import read
from callrouter.routing.order import UNKNOWN, Standing
from callrouter.routing.scheme import parse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from callrouter.core.words import Instant
    from callrouter.routing.values import Scheme

ANNA, BORIS, VERA, GLEB, IRINA, PETR = (PersonId(one) for one in ("anna", "boris", "vera", "gleb", "irina", "petr"))
NUMBER = "+79161234567"
SALES, DIRECT, ENDLESS, ONWARD, BARE = "+74951234567", "+74951230001", "+74951230002", "+74951230003", "700"
TEXT = """version = 1
timezone = "Europe/Moscow"
country = "RU"
[company]
owner = "irina"
not_people = ["lead-exchange"]
wrap_up = 5
language = "en"
[calendars]
office = {hours = ["Mon-Fri 09:00-18:00"], holidays = "none"}
[people]
anna = {name = "Anna", phones = ["PJSIP/101", {phone = "PJSIP/79161110000@trunk", confirm = true}], \
absences = [{from = "2026-12-01", to = "2026-12-14", deputy = "boris"}, {from = "2026-12-20", to = "2026-12-20"}], \
numbers = ["+79161110001"]}
boris = {name = "Boris", phones = ["PJSIP/102"], wrap_up = 7, reports_to = "vera"}
vera = {name = "Vera", phones = ["PJSIP/103"], hours = "office"}
gleb = {name = "Gleb", phones = ["PJSIP/110"]}
irina = {name = "Irina", phones = ["PJSIP/120"]}
petr = {name = "Petr", phones = ["PJSIP/131"], shift = {pattern = "2/2", since = "2026-11-02", hours = "09:00-21:00"}}
[departments]
sales = {members = ["anna", "boris", "vera"], head = "gleb", hours = "office", extension = "600"}
service = {members = ["petr"]}
[segments]
key = {members = ["vera", "petr"]}
small = {}
new = {}
[[duty]]
from = "2026-12-05"
to = "2026-12-06"
people = ["vera", "gleb"]
department = "sales"
RULES
[ladders]
default = [LADDER]
vip = [{ring = "segment", seconds = 20}]
night = [{ring = "on_duty"}]
[lines]
"+74951234567" = {department = "sales", source = "site", prompt = "sound:bye", music = "soft", \
numbers = ["+7495765XXXX", "+74957651XXX", "+74951234500..+74951234549"], \
closed = {ladder = "night", prompt = "sound:closed"}}
"+74951230001" = {department = "sales", person = "anna", person_seconds = 12}
"+74951230002" = {department = "sales", hours = "never", at_end = {again = true, seconds = 15}}
"+74951230003" = {department = "service", source = "ads", at_end = {ladder = "night"}}
"+74951230004" = {department = "service", at_end = {context = "ivr,s,1"}}
"700" = {ladder = "alone"}
default = {department = "service"}
[[prefixes]]
prefix = "+7"
region = "Россия"
[[prefixes]]
prefix = "+7916"
segment = "small"
region = "Москва"
trade = "металл"
[numbers]
blocked = ["+79001234567"]
not_client = {"+74957654321" = "supplier"}
"""
TEXT = TEXT.replace("[ladders]\n", '[ladders]\nalone = [{ring = "responsible", seconds = 5}]\n').replace(
    'hours = "never"', 'hours = "office"'
)


def firm(*steps: str, rules: str = "") -> Scheme:
    """Return the company, its default ladder and its rules as they are told."""
    ladder = ", ".join(steps or ('{ring = "responsible", seconds = 5}',))
    return parse(TEXT.replace("LADDER", ladder).replace("RULES", rules).encode())


def moment(text: str) -> Instant:
    """Return an instant by Moscow's clock, `2026-11-23 12:00` (a Monday)."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Moscow")).timestamp()


MONDAY = moment("2026-11-23 12:00")
NIGHT = moment("2026-11-23 23:00")


def decide(
    scheme: Scheme,
    client: Client | None = None,
    *,
    at: Instant | None = MONDAY,
    line: str = SALES,
    number: str = NUMBER,
    last: Sequence[tuple[PersonId, Instant]] = (),
    standing: Standing = UNKNOWN,
) -> Chosen:
    """Return the decision for a call."""
    found = find_line(scheme, line)
    assert found is not None
    caller = Caller(read(number, scheme.country), client, tuple(Talked(person, when) for person, when in last))
    return choose(scheme, found, caller, at, standing)
