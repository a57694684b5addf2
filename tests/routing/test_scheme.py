"""The scheme document: what is accepted, and every fault of what is not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from callrouter.core.words import Action, IfBusy, PersonId
from callrouter.routing.scheme import Company, Department, Line, SchemePerson, SchemeStep, WrongScheme, parse
from callrouter.routing.toml import LARGEST

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "scheme.toml"
STEP_RINGS = (
    "a step rings responsible, last, department, on_duty, segment, head, higher, owner, department:KEY or person:KEY"
)
TEXT = EXAMPLE.read_text(encoding="utf-8")


def faults(text: str | bytes) -> list[str]:
    """Return the lines that the user reads, without the file's name and the sum."""
    document = text.encode() if isinstance(text, str) else text
    with pytest.raises(WrongScheme) as caught:
        parse(document, "FILE")
    *lines, last = str(caught.value).split("\n")
    count = "1 fault" if len(lines) == 1 else f"{len(lines)} faults"
    assert last == f"error: FILE: {count}, nothing applied"
    assert all(line.startswith("FILE: ") for line in lines)
    return [line.removeprefix("FILE: ") for line in lines]


def ids(*keys: str) -> tuple[PersonId, ...]:
    """Return the keys as ids of people."""
    return tuple(PersonId(key) for key in keys)


def changed(*changes: tuple[str, str]) -> str:
    """Return the example with these changes, each made exactly once."""
    text = TEXT
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def test_the_example_of_the_documentation_is_read_whole() -> None:
    """The shortest useful document gives these values and no others."""
    scheme = parse(EXAMPLE.read_bytes())
    assert (scheme.timezone, scheme.country) == ("Europe/Moscow", "RU")
    assert scheme.company == Company(owner=PersonId("irina"), ring_at_most=60, claim_after=10)
    assert list(scheme.people) == ["anna", "boris", "vera", "gleb", "irina"]
    assert scheme.people[PersonId("anna")] == SchemePerson(
        PersonId("anna"), "Анна Петрова", ("PJSIP/101",), claims=None
    )
    assert scheme.departments == {
        "sales": Department("sales", "Отдел продаж", ids("anna", "boris", "vera"), PersonId("gleb"))
    }
    assert scheme.ladders == {
        "default": (
            SchemeStep(Action.RING, "responsible", 10, IfBusy.SKIP),
            SchemeStep(Action.RING, "department", 10, IfBusy.WAIT),
            SchemeStep(Action.RING, "head", 10, IfBusy.SKIP),
            SchemeStep(Action.ADD, "owner", None, IfBusy.SKIP),
        )
    }
    line = Line("+74951234567", "+74951234567", "Сайт", "sales", "default")
    assert scheme.lines == scheme.spelled == {"+74951234567": line}


def test_everything_that_may_be_left_out_has_its_default() -> None:
    """A line needs no name, department, ladder or prompt, a department no name and no head."""
    scheme = parse(
        b"""version = 1
        timezone = "Europe/Berlin"
        country = "DE"
        [people]
        a = {name = "A", phones = ["SIP/a", "Local/100@from-internal/n", "DAHDI/g1/0301234567"], claims = false}
        [departments]
        d = {members = ["a"]}
        [ladders]
        default = [{ring = "person:a"}]
        [lines]
        101 = {prompt = "sound:custom/closed"}
        default = {department = "d"}
        """
    )
    assert scheme.company == Company(None, 60, 10)
    assert scheme.departments["d"] == Department("d", "d", ids("a"), None)
    assert scheme.lines["101"] == Line("101", None, "101", None, "default", "sound:custom/closed")
    assert list(scheme.spelled) == ["101"]


def test_a_document_may_come_from_windows() -> None:
    """A byte order mark and carriage returns are no fault."""
    assert parse(b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode()) == parse(TEXT.encode())


def test_all_faults_are_listed_at_once_in_the_documents_order() -> None:
    """One fault does not hide the others, and what refers to a wrong part is not blamed as well."""
    text = changed(
        ('phones = ["PJSIP/101"]', "phones = [101]"),
        ('owner = "irina"', 'owner = "irene"\nring_for = 3'),
        ('"boris", "vera"]', '"boriss", "vera"]'),
        ('{ring = "head",        seconds = 10}', '{ring = "heads"}'),
        ('department = "sales"', 'department = "sale"'),
        ('country = "RU"', 'country = "ru"\ncontry = 1'),
    )
    assert faults(text) == [
        'contry: there is no such key (did you mean "country"?)',
        'country: no country has the code "ru" (did you mean "RU"?)',
        "company.ring_for: there is no such key",
        "people.anna.phones[1]: must be a string, in quotes",
        'departments.sales.members[2]: no person is called "boriss" (did you mean "boris"?)',
        f'ladders.default[3].ring: {STEP_RINGS} (did you mean "head"?)',
        "ladders.default[3].seconds: is missing: only the last step may leave it out",
        'lines."+74951234567".department: no department is called "sale" (did you mean "sales"?)',
    ]


CASES = re.findall(
    r"^- (.*)\n\+ ?(.*)\n= (.*)$", Path(__file__).with_name("faults.txt").read_text("utf-8"), re.MULTILINE
)


@pytest.mark.parametrize(("old", "new", "fault"), CASES)
def test_a_fault_says_where_it_is_and_what_was_meant(old: str, new: str, fault: str) -> None:
    """Each fault alone has one line with its path, its cause and, where one is near, the right word."""
    lines = faults(changed((old, new.replace("⏎", "\n"))))
    if old == "[people]":
        lines = [line for line in lines if "no person is called" not in line]
    assert lines == [fault]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("people = 5", "people: must be a table, [people]"),
        ("company = 5", "company: must be a table, in braces"),
        ("departments = 5", "departments: must be a table, [departments]"),
        ("ladders = 5", "ladders: must be a table, [ladders]"),
        ("lines = 5", "lines: must be a table, [lines]"),
        ("calendars = 5", "calendars: must be a table, [calendars]"),
        ("segments = 5", "segments: must be a table, [segments]"),
        ("numbers = 5", "numbers: must be a table, in braces"),
        ("duty = 5", "duty: must be a list of tables, [[duty]]"),
        ("rules = {a = 5}", "rules: must be a list of tables, [[rules]]"),
        ("prefixes = [5]", "prefixes[1]: must be a table, in braces"),
        ("lines = 5\nrules = [{name = 'r', when = {line = 'x', source = 'y'}, refuse = true}]",
         "lines: must be a table, [lines]"),
        ("ladders = {a = 5}", "ladders.a: must be a list of steps, in brackets"),
        ("ladders = {a = []}", "ladders.a: a ladder has 1 to 20 steps, this one has 0"),
        ("ladders = {a = [5]}", "ladders.a[1]: must be a table, in braces"),
        ('people = {nobody = {name = "N", phones = ["PJSIP/1"]}}',
         'people.nobody: "nobody" means that there is no person: choose another key'),
        ('lines = {11 = {ladder = "x"}}', 'lines.11.ladder: no ladder is called "x"'),
        ("lines = {11 = {}}", 'lines.11.ladder: no ladder is called "default"'),
        ('people = 5\nladders = {a = [{ring = "person:b"}]}', "people: must be a table, [people]"),
        ('company = 5\nladders = {a = [{ring = "owner"}]}', "company: must be a table, in braces"),
        ('ladders = {a = [{ring = "boss"}]}',
         f"ladders.a[1].ring: {STEP_RINGS}"),
        ('lines = {"x y" = {ladder = 5}}', None),
    ],
)  # fmt: skip
def test_a_wrong_section_is_one_fault(text: str, fault: str | None) -> None:
    """A section of the wrong kind is named once, and what refers to it is not blamed."""
    lines = faults(f'version = 1\ntimezone = "UTC"\ncountry = "RU"\n{text}\n')
    assert lines == [fault] if fault else len(lines) == 2


def test_a_ladder_has_twenty_steps_at_most() -> None:
    """A ladder of twenty-one steps is refused with its length."""
    steps = ", ".join('{ring = "responsible", seconds = 0.5}' for _ in range(21))
    text = f'version = 1\ntimezone = "UTC"\ncountry = "RU"\nladders = {{a = [{steps}]}}\n'
    assert faults(text) == ["ladders.a: a ladder has 1 to 20 steps, this one has 21"]


@pytest.mark.parametrize(
    ("document", "fault"),
    [
        (b"a = 1\nb = \xff\n", "line 2: is not UTF-8: save the file as UTF-8"),
        (b"x = " + b"[" * 100_000, "line 1: is nested too deeply"),
        (b"x = " + b"9" * 10_000, "line 1: is not TOML: "),
        (b"x" * (LARGEST + 1), f"line 1: a document has at most {LARGEST} bytes, this one has {LARGEST + 1}"),
        (b"x = 1\ny = ", "line 2: Invalid value (at the end of the document)"),
        (b"x = 1\n\nanna: Anna\n", "line 3: Expected '=' after a key in a key/value pair (column 5)"),
        (
            "[people]\nанна = {}\n".encode(),
            "line 2: Invalid statement (column 1); a name with other than Latin letters stands in quotes",
        ),
        (
            "[people.анна]\n".encode(),
            "line 1: Invalid initial character for a key part (column 9); a name with other than Latin letters stands",
        ),
        (b"", "version: is missing: write version = 1"),
    ],
)
def test_a_document_that_is_no_toml_is_told_its_line(document: bytes, fault: str) -> None:
    """What cannot be read at all is one fault with a line."""
    (line,) = faults(document)
    assert line.startswith(fault)


HOSTILE = [
    "PJSIP/101&PJSIP/102",
    "PJSIP/101,30,T",
    "PJSIP/${EXTEN}",
    "PJSIP/101\n",
    "PJSIP/101 ",
    'PJSIP/"101"',
    "PJSIP/101;x",
    "PJSIP/101|30",
    "PJSIP/101(x)",
    "PJSIP/101^U(x)",
    "PJSIP/",
    "PJSIP",
    "/101",
    "PJSIP/иван",
    "PJSIP/101@a@b",
    "PJSIP/" + "1" * 80,
]


@pytest.mark.parametrize("phone", HOSTILE)
def test_a_phone_cannot_smuggle_anything_into_the_dialplan(phone: str) -> None:
    """A phone reaches a dial string, so nothing that has a meaning there is accepted."""
    escaped = phone.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    (line,) = faults(changed(('"PJSIP/101"', f'"{escaped}"')))
    assert line.startswith('people.anna.phones[1]: a phone is written TECH/resource, such as "PJSIP/101"')


@pytest.mark.parametrize(
    ("phone", "meant"),
    [
        ("101", "PJSIP/101"),
        ("pjsip/101", "PJSIP/101"),
        (" PJSIP/101", "PJSIP/101"),
        ("a&b", None),
        ("PJSIP/101&", None),
    ],
)
def test_a_phone_nearly_right_is_put_right(phone: str, meant: str | None) -> None:
    """The usual slips have a suggestion that would be accepted."""
    (line,) = faults(changed(('"PJSIP/101"', f'"{phone}"')))
    found = re.search(r"\(did you mean \"(.*)\"\?\)", line)
    assert (found and found[1]) == meant


@pytest.mark.parametrize(
    "phone",
    ["PJSIP/79161234567@trunk", "PJSIP/+79161234567@trunk-1.example", "Local/101@from-internal/n", "SIP/a_b", "IAX2/x"],
)
def test_a_phone_may_be_behind_a_trunk_or_the_dialplan(phone: str) -> None:
    """The forms that a PBX administrator uses are accepted as they are."""
    assert parse(changed(('"PJSIP/101"', f'"{phone}"')).encode()).people[PersonId("anna")].phones == (phone,)


@pytest.mark.parametrize("key", ["анна", "ivan.petrov", "a-b", "7", "_x", "x" * 40])
def test_a_person_may_be_called_in_any_script(key: str) -> None:
    """Keys of people are words of any language."""
    text = changed(("[people]", f'[people]\n"{key}" = {{name = "N", phones = ["PJSIP/1"]}}'))
    assert key in parse(text.encode()).people


@pytest.mark.parametrize(
    "prompt",
    ["sound:vm-goodbye", "sound:ru/custom/no_answer", "recording:a.b", "tone:busy", "digits:123#", "number:42"],
)
def test_a_prompt_is_a_media_uri(prompt: str) -> None:
    """Sounds, recordings, tones, digits and numbers can close a call."""
    text = changed(('ladder = "default"', f'ladder = "default", prompt = "{prompt}"'))
    assert parse(text.encode()).lines["+74951234567"].prompt == prompt


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_document_is_too_strange_to_refuse(data: st.DataObject) -> None:
    """A document with a piece replaced by anything is read, or refused with lines that can be printed."""
    start = data.draw(st.integers(0, len(TEXT)))
    length = data.draw(st.integers(0, 30))
    piece = data.draw(st.text(max_size=20) | st.sampled_from(["{", "}", "[", "]", '"', "= 5", "\x00", "nan", "[[x]]"]))
    document = (TEXT[:start] + piece + TEXT[start + length :]).encode("utf-8", "surrogatepass")
    try:
        said = str(parse(document))
    except WrongScheme as error:
        said = str(error)
    assert said.encode()
