"""The company of the house: its people, their phones, a line of its own for each ladder, a few clients."""

from __future__ import annotations

from dataclasses import dataclass

from tests.lab import Desk
from tests.real.rig import PEOPLE

RING_AT_MOST = 6.0
"""Seconds after arrival at which a last step without seconds ends, in this company."""
AT_ONCE = 1.0
"""Seconds within which a step of five seconds has been skipped, or has ended early, on a machine that is busy."""
CLAIM_AFTER = 0.5
"""Seconds of talk that make a client somebody's, in this company."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the company and its ladder: `responsible 0.7, department 2 skip, +owner`; `+` adds."""

    number: str
    ladder: str
    department: str = "sales"
    prompt: str = ""

    @property
    def steps(self) -> str:
        """The ladder as the scheme document has it."""
        return ", ".join(_step(*step.split()) for step in self.ladder.split(", "))


def _step(target: str, seconds: str = "", if_busy: str = "") -> str:
    fields = [f'{"add" if target[0] == "+" else "ring"} = "{target.lstrip("+")}"']
    fields += [f"seconds = {seconds}"] if seconds else []
    fields += [f'if_busy = "{if_busy}"'] if if_busy else []
    return "{" + ", ".join(fields) + "}"


CLIMB = "responsible 1.5, department 1.5, head 1.5, +owner"
"""A machine that stands still for a second lets no step run out before its phones have rung."""
LINES = {
    "climb": Line("+74951234567", CLIMB),
    "headless": Line("+74951230001", CLIMB, "headless"),
    "prompt": Line("+74951230002", "department 1.5", prompt="recording:sorry"),
    "tone": Line("+74951230003", "department 1.5", prompt="tone:busy"),
    "empty": Line("+74951230004", "responsible 5, department 5, head 5", "ghosts"),
    "hold": Line("+74951230005", "department 30, head 1"),
    "hold-short": Line("+74951230006", "department 0.5, head 5"),
    "skip": Line("+74951230007", "department 5 skip, head 5"),
    "wait": Line("+74951230008", "responsible 30 wait, head 1"),
    "twice": Line("+74951230009", "department 1.5, department 1.5"),
    "head-all-head": Line("+74951230010", "head 5, department 0.7, head 5"),
    "anna-then-all": Line("+74951230011", "person:anna 5, department 5"),
    "pavel": Line("+74951230012", "person:pavel 5, department 5", "pair"),
    "duo": Line("+74951230013", "person:duo 5"),
    "half": Line("+74951230014", "person:half 5"),
    "owner": Line("+74951230016", "owner 5"),
    "patient": Line("+74951230018", "responsible 5, department 5, department 5"),
    "mute": Line("+74951230019", "head 0.5, department 5"),
    "nobody": Line("+74951230017", "head 5, owner 5", "ghosts"),
    "service": Line("+74951230020", "department 30, head 30", "service"),
}
SERVICE = "600"
"""The extension of the department behind the line `service`."""
DIALPLAN = f"""[phones](+)
exten => {SERVICE},1,Goto(callrouter,${{EXTEN}},1)
"""
MORE = {"egor": "130", "fedor": "131", "pavel": "141", "duo": "150", "half": "160"}
DESKS: list[str | Desk] = [
    *PEOPLE.values(),
    Desk("130", devices=0),
    Desk("131", devices=0),
    "141",
    "142",
    Desk("150", devices=2),
    Desk("160", dead=True),
    "201",  # a phone of the PBX that is nobody's in the scheme
]
ANNAS = "89161234567"
"""The number of a client whose responsible is Anna; the others' follow."""
CLIENTS = f"""phone,name,responsible,priority,segment
{ANNAS},ООО Ромашка,anna,A,key
89161230002,ЗАО Лютик,boris,B,
89161230003,ИП Фиалка,egor,C,
89161230004,ООО Мак,,,
89161230005,ООО Астра,,,
"""
FALLBACK = """[callrouter-fallback]
exten => _[+0-9].,1,Dial(PJSIP/201,20)
 same => n,Hangup(${HANGUPCAUSE})
"""


def document() -> str:
    """Return the scheme of the company."""
    phones = {key: [number] for key, number in (PEOPLE | MORE).items()} | {"pavel": ["141", "142"]}
    names = {"anna": "Анна Петрова", "boris": "Борис Орлов", "vera": "Вера Ильина"}
    people = "\n".join(
        f'{key} = {{name = "{names.get(key, key.title())}", phones = {[f"PJSIP/{number}" for number in numbers]}}}'
        for key, numbers in phones.items()
    )
    ladders = "\n".join(f"{key} = [{line.steps}]" for key, line in LINES.items())
    lines = "\n".join(
        f'"{line.number}" = {{department = "{line.department}", ladder = "{key}"'
        f"{f', prompt = {line.prompt!r}' if line.prompt else ''}}}"
        for key, line in LINES.items()
    )
    return f"""version = 1
timezone = "Europe/Moscow"
country = "RU"
[people]
{people}
[company]
owner = "irina"
ring_at_most = {RING_AT_MOST}
claim_after = {CLAIM_AFTER}
[departments]
sales = {{members = ["anna", "boris", "vera"], head = "gleb"}}
headless = {{members = ["anna", "boris", "vera"], head = "egor"}}
ghosts = {{members = ["egor", "fedor"], head = "egor"}}
pair = {{members = ["pavel", "boris"], head = "gleb"}}
service = {{members = ["boris", "vera"], head = "gleb", extension = "{SERVICE}"}}
[ladders]
{ladders}
[lines]
{lines}
"""
