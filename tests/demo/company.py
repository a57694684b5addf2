"""The company of the demo: the scheme of docs/examples/scheme.toml with shortened steps, and its clients."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

STEP = 1.2
"""Seconds of a step in the demo; the shipped default is 10."""
AT_MOST = 5 * STEP
"""Seconds after which the last step gives up; the shipped default is 60."""
CLAIM = 0.5
"""Seconds of talk from which a new client is one's own; the shipped default is 10."""
ZONE = ZoneInfo("Europe/Moscow")
LINE = "+74951234567"


@dataclass(frozen=True, slots=True)
class Employee:
    """Somebody of the company; `devices=0`: the phone is not registered."""

    key: str
    name: str
    number: str
    role: str
    devices: int = 1

    @property
    def short(self) -> str:
        """The first name: what the live view says."""
        return self.name.split()[0]


STAFF = (
    Employee("anna", "Анна Петрова", "101", "manager, sales"),
    Employee("boris", "Борис Орлов", "102", "manager, sales"),
    Employee("vera", "Вера Ильина", "103", "manager, sales"),
    Employee("dina", "Дина Маркова", "104", "manager on the road, phone not registered", devices=0),
    Employee("gleb", "Глеб Титов", "110", "head of sales"),
    Employee("irina", "Ирина Соколова", "120", "owner of the business"),
)
BY_KEY = {one.key: one for one in STAFF}

ROMASHKA, VASILEK, KLEVER = "+79161234567", "+79161234568", "+79161234569"
LYUTIK, LANDYSH, NEW = "+79161234570", "+79161234571", "+79265550101"

CLIENTS = """phone;name;responsible;priority
8(916)123-45-67;ООО Ромашка;anna;A
+79161234568;ЗАО Василёк;boris;B
79161234569;ИП Клевер;Вера Ильина;B
9161234570;ООО Лютик;anna;C
89161234571;ООО Ландыш;dina;A
"""

PEOPLE = "\n".join(f'{one.key} = {{name = "{one.name}", phones = ["PJSIP/{one.number}"]}}' for one in STAFF)
SCHEME = f"""version = 1
timezone = "{ZONE}"
country = "RU"

[people]
{PEOPLE}

[company]
owner = "irina"
ring_at_most = {AT_MOST}
claim_after = {CLAIM}

[departments]
sales = {{name = "Отдел продаж", members = ["anna", "boris", "vera"], head = "gleb"}}

[ladders]
default = [
  {{ring = "responsible", seconds = {STEP}}},
  {{ring = "department",  seconds = {STEP}}},
  {{ring = "head",        seconds = {STEP}}},
  {{add  = "owner"}},
]

[lines]
"{LINE}" = {{name = "Сайт", department = "sales", ladder = "default"}}
"""
