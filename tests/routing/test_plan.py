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
        ("[company]", "[retention]\ncalls = 365\njournal = 30\n[company]",
         ["retention.calls: none -> 365", "retention.journal: 90 -> 30"]),
        ("[company]", '[notices]\nkinds = ["lost"]\nhead_after = 30\n[company]',
         ["notices.head_after: 20 -> 30", "notices.kinds: lost waiting answered undistributed -> lost"]),
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


NEW = """
[[rules]]
name = "key"
when = {segment = ["key"], open = true, region = ["Москва"]}
ladder = "default"
[[rules]]
name = "rest"
refuse = true
[[duty]]
from = "2026-11-28 09:00"
to = "2026-11-29"
people = ["vera"]
department = "sales"
[[prefixes]]
prefix = "+7495"
region = "Москва"
[numbers]
blocked = ["+79001234567"]
not_client = {"+74957654321" = "supplier"}
[calendars]
office = {hours = ["Mon-Fri 09:00-18:00"], short_before_holidays = 60, days = {"2026-12-31" = "closed"}}
[segments]
key = {members = ["anna"]}
"""
ABSENT = ('["PJSIP/103"]', '["PJSIP/103"], absences = [{from = "2026-12-01", to = "2026-12-14", reason = "отпуск"}]')
SHIFT = ('["PJSIP/102"]', '["PJSIP/102"], shift = {pattern = "2/2", since = "2026-11-02", hours = "09:00-21:00"}')
DUTY = "duty: {} (from 2026-11-28 09:00 to before 2026-11-30 00:00 vera for sales)"
OFFICE = "Mon-Fri 09:00-18:00 Europe/Moscow, holidays RU, short_before_holidays 60, 2026-12-31 closed"


def between(before: str, after: str) -> list[str]:
    """Return what the user reads for a change of one document to another."""
    return [str(change) for change in plan(parse(before.encode()), parse(after.encode()), WEEK).changes]


def test_every_section_is_compared() -> None:
    """Calendars, segments, rules, the duty table, prefixes and numbers are told as what they are."""
    told = {
        "calendars.office": f"({OFFICE})",
        "segments.key": "(anna)",
        "rules.key": "(when segment key, open true, region Москва, ladder default)",
        "rules.rest": "(when none, refuse)",
        'prefixes."+7495"': "(prefix +7495, attributes region Москва)",
        'numbers.not_client."+74957654321"': "(supplier)",
    }
    new = between(TEXT, TEXT + NEW)
    gone = between(TEXT + NEW, TEXT)
    for path, said in told.items():
        assert f"{path}: new {said}" in new
        assert f"{path}: removed {said}" in gone
    assert DUTY.format("new") in new
    assert DUTY.format("removed") in gone
    assert {"numbers.blocked: new (+79001234567)"} <= {*new}
    assert len(new) == len(gone) == len(told) + 2


def test_what_differs_within_a_part_is_told() -> None:
    """Hours, absences, shifts, members of a segment, and the order of the rules."""
    full = TEXT + NEW
    assert between(full, full.replace('18:00"]', '19:00"]')) == [
        f"calendars.office: {OFFICE} -> {OFFICE.replace('18:00', '19:00')}"
    ]
    assert between(full, full.replace('key = {members = ["anna"]}', 'key = {members = ["anna", "boris"]}')) == [
        "segments.key: anna -> anna boris"
    ]
    assert between(full, full.replace('"supplier"', '"job seeker"')) == [
        'numbers.not_client."+74957654321": supplier -> job seeker'
    ]
    first, rest = (
        '"key"\nwhen = {segment = ["key"], open = true, region = ["Москва"]}\nladder = "default"',
        '"rest"\nrefuse = true',
    )
    other = full.replace(first, "FIRST").replace(rest, first).replace("FIRST", rest)
    assert between(full, other) == ["rules.order: key rest -> rest key"]
    assert changes(ABSENT) == ["people.vera.absences: none -> from 2026-12-01 00:00 to before 2026-12-15 00:00 отпуск"]
    assert changes(SHIFT) == ["people.boris.shift: none -> 2/2 since 2026-11-02 09:00-21:00 Europe/Moscow"]
    assert changes(('"default"}', '"default", at_end = {again = true}, closed = {prompt = "sound:a"}}')) == [
        'lines."+74951234567".closed: none -> prompt sound:a',
        'lines."+74951234567".at_end: none -> again true',
    ]
    deputy = (ABSENT[0], ABSENT[1].replace('reason = "отпуск"', 'deputy = "anna"'))
    assert "deputy anna" in changes(deputy)[0]
    listed = ('{add  = "owner"}', '{ring = "person:vera", seconds = 9, order = "listed", each = 3}, {add = "owner"}')
    assert changes(listed) == ["ladders.default[4]: new (ring person:vera 9 s order listed each 3 at_once 1)"]


MOBILE = '"PJSIP/79161234567@trunk"'


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ((('["PJSIP/101"]', f'["PJSIP/101", {MOBILE}]'),),
         ["people.anna.phones[2]: is outside and has no confirm = true: its voicemail would count as an answer"]),
        ((('["PJSIP/120"]', f"[{{phone = {MOBILE}, confirm = true}}]"), ('"owner"}', '"owner", seconds = 15}')),
         ["ladders.default[4]: rings phones outside only, for 15 s: less than 20 s"]),
        ((('["PJSIP/120"]', f"[{{phone = {MOBILE}, confirm = true}}]"),), []),
        ((('{add  = "owner"}', '{add = "owner", seconds = 0.5}'),
          ('"department",  seconds = 10', '"department", seconds = 1'),
          ('"responsible", seconds = 10', '"responsible", seconds = 1')),
         ["ladders.default: rings for 12.5 s at the most: less than 30 s"]),
        ((('"responsible", seconds = 10', '"responsible", seconds = 10}, {ring = "on_duty", seconds = 5'),),
         ['duty: nobody is on duty for "sales" in the coming week: always']),
        ((('"responsible", seconds = 10', '"responsible", seconds = 10}, {ring = "on_duty", seconds = 5'), SHIFT),
         ['duty: nobody is on duty for "sales" in the coming week: ']),
        ((("[lines]", '[[rules]]\nname = "a"\nladder = "default"\n[[rules]]\nname = "b"\nrefuse = true\n[lines]'),),
         ['rules.b: never taken: the rule "a" before it holds for every call']),
    ],
)  # fmt: skip
def test_what_is_probably_not_meant_so_is_warned_of(made: tuple[tuple[str, str], ...], said: list[str]) -> None:
    """Phones outside, ladders too short for a caller, a rule that shadows others, hours without duty."""
    found = warned(*made)
    assert len(found) == len(said)
    assert all(one.startswith(start) for one, start in zip(found, said, strict=True))


def test_who_is_reached_only_by_some_calls_is_reached() -> None:
    """Specialists, those on duty, superiors and the owner of a direct line are not warned of."""
    oleg = ("[company]", f"{OLEG}\n[company]")
    for more in (
        ("[lines]", '[segments]\nkey = {members = ["oleg"]}\n[lines]'),
        ("[lines]", '[[duty]]\nfrom = "2026-01-01"\nto = "2027-12-31"\npeople = ["oleg"]\n[lines]'),
    ):
        step = "segment" if "segments" in more[1] else "on_duty"
        used = ('"responsible", seconds = 10', f'"responsible", seconds = 10}}, {{ring = "{step}", seconds = 5')
        assert warned(oleg, more, used) == []
    higher = ('"responsible", seconds = 10', '"responsible", seconds = 10}, {ring = "higher", seconds = 5')
    reports = ('["PJSIP/101"]', '["PJSIP/101"], reports_to = "oleg"')
    assert warned(oleg, higher, reports) == []
    assert warned(oleg, ('ladder = "default"}', 'ladder = "default", person = "oleg"}')) == []
    assert (
        warned(
            oleg, ('"responsible", seconds = 10', '"responsible", seconds = 10}, {ring = "person:oleg", seconds = 5')
        )
        == []
    )
