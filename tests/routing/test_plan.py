"""What another document would change, in words."""

from __future__ import annotations

import pytest

from callrouter.routing.plan import plan
from callrouter.routing.scheme import parse
from callrouter.routing.week import week_of
from tests.routing.test_scheme import TEXT, changed

OLEG = 'oleg = {name = "Олег", phones = ["PJSIP/130"]}'
LINE = '"+74951234567" = {name = "Сайт", department = "sales", ladder = "default"}'


WEEK = week_of(1_795_300_000.0, "Europe/Moscow")


def changes(*made: tuple[str, str]) -> list[str]:
    """Return the lines that the user reads for these changes of the example."""
    return [str(change) for change in plan(parse(TEXT.encode()), parse(changed(*made).encode()), WEEK).changes]


def warned(*made: tuple[str, str]) -> list[str]:
    """Return what is odd in the example with these changes."""
    return [str(warning) for warning in plan(None, parse(changed(*made).encode()), WEEK).warnings]


def test_an_unchanged_document_changes_nothing() -> None:
    """Comments, layout and order are no change, and the example has nothing odd."""
    found = plan(parse(TEXT.encode()), parse(changed(("version = 1", "# a comment\nversion = 1")).encode()), WEEK)
    assert (found.changes, found.warnings) == ((), ())


def test_the_first_document_is_all_new() -> None:
    """Where there was none, each part is told in one line."""
    assert [str(change) for change in plan(None, parse(TEXT.encode()), WEEK).changes] == [
        "timezone: none -> Europe/Moscow",
        "country: none -> RU",
        "company.owner: none -> irina",
        "people.anna: new (name Анна Петрова, phones PJSIP/101)",
        "people.boris: new (name Борис Орлов, phones PJSIP/102)",
        "people.vera: new (name Вера Ильина, phones PJSIP/103)",
        "people.gleb: new (name Глеб Титов, phones PJSIP/110)",
        "people.irina: new (name Ирина Соколова, phones PJSIP/120)",
        "departments.sales: new (name Отдел продаж, members anna boris vera, head gleb)",
        "ladders.default: new (ring responsible 10 s, ring department 10 s, ring head 10 s, add owner to the end)",
        'lines."+74951234567": new (name Сайт, department sales, ladder default)',
    ]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"Europe/Moscow"', '"Europe/Samara"', ["timezone: Europe/Moscow -> Europe/Samara"]),
        ('owner = "irina"', 'owner = "gleb"\nclaim_after = 2.5',
         ["company.owner: irina -> gleb", "company.claim_after: 10 -> 2.5"]),
        ("[company]", f"{OLEG}\n[company]", ["people.oleg: new (name Олег, phones PJSIP/130)"]),
        ('["PJSIP/101"]', '["PJSIP/201", "SIP/1"]', ["people.anna.phones: PJSIP/101 -> PJSIP/201 SIP/1"]),
        ('"PJSIP/101"]', '"PJSIP/101"], claims = false', ["people.anna.claims: none -> false"]),
        ('"PJSIP/101"]', '"PJSIP/101"], claims = true', ["people.anna.claims: none -> true"]),
        (', head = "gleb"', "", ["departments.sales.head: gleb -> none"]),
        ('"anna", "boris"', '"boris", "anna"', ["departments.sales.members: anna boris vera -> boris anna vera"]),
        ('"department",  seconds = 10', '"department", seconds = 8, if_busy = "skip"',
         ["ladders.default[2].seconds: 10 -> 8", "ladders.default[2].if_busy: wait -> skip"]),
        ('  {add  = "owner"},', '  {add = "owner", seconds = 20},', ["ladders.default[4].seconds: none -> 20"]),
        ('  {ring = "responsible", seconds = 10},\n', "", ["ladders.default[1]: removed (ring responsible 10 s)"]),
        ('  {ring = "head",', '  {add = "person:vera", seconds = 2},\n  {ring = "head",',
         ["ladders.default[3]: new (add person:vera 2 s)"]),
        ('  {ring = "head",', '  {add = "head",',
         ["ladders.default[3]: removed (ring head 10 s)", "ladders.default[3]: new (add head 10 s)"]),
        ('name = "Сайт", ', "", ['lines."+74951234567".name: Сайт -> +74951234567']),
        (LINE, LINE.replace("}", ', prompt = "sound:bye"}'), ['lines."+74951234567".prompt: none -> sound:bye']),
        ('"+74951234567" =', '"+74951234568" =', [
            'lines."+74951234567": removed (name Сайт, department sales, ladder default)',
            'lines."+74951234568": new (name Сайт, department sales, ladder default)',
        ]),
    ],
)  # fmt: skip
def test_each_difference_is_told_with_its_place(old: str, new: str, said: list[str]) -> None:
    """One change of the document is one line, with what was and what will be."""
    assert changes((old, new)) == said


ONLY_HIS_OWN = "rings only for clients who are his own: no step of any line's ladder means this person otherwise"
NEVER = "never rings: no step of any line's ladder means this person otherwise"


def test_people_whom_no_step_means_are_warned_of() -> None:
    """Somebody outside the ladders is rung by his own clients, or by nobody."""
    assert warned(("[company]", f"{OLEG}\n[company]")) == [f"people.oleg: {ONLY_HIS_OWN}"]
    no_responsible = ('{ring = "responsible", seconds = 10},\n', "")
    assert warned(("[company]", f"{OLEG}\n[company]"), no_responsible) == [f"people.oleg: {NEVER}"]
    assert warned(('{ring = "head",        seconds = 10},\n', "")) == [f"people.gleb: {ONLY_HIS_OWN}"]


def test_parts_that_nothing_uses_are_warned_of() -> None:
    """A department or a ladder that no line has is told; one that a step names is used."""
    spare = ("[ladders]", 'spare = {members = ["anna"]}\n[ladders]\nspare = [{ring = "owner"}]')
    assert warned(spare) == [
        "departments.spare: no line has this department, and no step of a line's ladder names it",
        "ladders.spare: no line has this ladder",
    ]
    assert warned(spare, (LINE, f'{LINE}\n101 = {{ladder = "spare"}}'), ('"head",', '"department:spare",')) == [
        f"people.gleb: {ONLY_HIS_OWN}"
    ]


def test_a_last_step_that_comes_too_late_is_warned_of() -> None:
    """The steps before it use up the time that a call may ring."""
    late = ('owner = "irina"', 'owner = "irina"\nring_at_most = 30')
    (said,) = warned(late)
    assert said == (
        "ladders.default[4]: rings only if earlier steps are skipped: those take 30 s, "
        "and company.ring_at_most ends it 30 s after the call's arrival"
    )
    assert warned(late, ('"owner"}', '"owner", seconds = 5}')) == []


def test_a_head_step_for_a_department_without_a_head_is_warned_of() -> None:
    """The step will be skipped in every call of that line; a line without a department is not concerned."""
    assert warned((', head = "gleb"', ""), ("[lines]", '[lines]\n101 = {ladder = "short"}'),
                  ("[ladders]", '[ladders]\nshort = [{ring = "person:gleb"}]')) == [
        'lines."+74951234567": the ladder "default" rings the head, but "sales" has none: always skipped'
    ]  # fmt: skip


def test_a_document_without_lines_is_warned_of() -> None:
    """Such a scheme routes no call at all."""
    assert "lines: there is none: every call goes to the dialplan's fallback" in warned((LINE, ""))
