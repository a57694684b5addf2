"""The scheme of the tests' company."""

from __future__ import annotations

LINE = "+74951234567"
PEOPLE = {"anna": "101", "boris": "102", "vera": "103", "gleb": "110", "irina": "120"}
NAMES = {
    "anna": "Анна Петрова",
    "boris": "Борис Орлов",
    "vera": "Вера Ильина",
    "gleb": "Глеб Титов",
    "irina": "Ирина Соколова",
}
LADDER = """
  {ring = "responsible", seconds = 1},
  {ring = "department", seconds = 1},
  {ring = "head", seconds = 1},
  {add = "owner"},
"""


def scheme(ladder: str = LADDER, *, company: str = "", line: str = "", claim_after: float = 0.3) -> str:
    """Return the scheme document of the tests' company, with this ladder (its steps, one to a line)."""
    people = "\n".join(
        f'{key} = {{name = "{NAMES[key]}", phones = ["PJSIP/{number}"]}}' for key, number in PEOPLE.items()
    )
    return f"""version = 1
timezone = "Europe/Moscow"
country = "RU"
[people]
{people}
[company]
owner = "irina"
ring_at_most = 6
claim_after = {claim_after}
{company}
[departments]
sales = {{name = "Отдел продаж", members = ["anna", "boris", "vera"], head = "gleb"}}
[ladders]
default = [{ladder}]
[lines]
"{LINE}" = {{name = "Сайт", department = "sales", ladder = "default"{line}}}
"""
