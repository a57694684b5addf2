"""What changes for callers: every line, kind of caller and minute of the week, in words."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from callrouter.routing.callers import Compared, for_callers
from callrouter.routing.scheme import parse
from callrouter.routing.week import week_of
from tests.routing.documents import documents, toml
from tests.routing.test_plan import LINE, OLEG, WEEK
from tests.routing.test_scheme import TEXT, changed

OFFICE = '[calendars]\noffice = {hours = ["Mon-Fri 09:00-19:00"], holidays = "none"}\n[ladders]'
HEAD = '{ring = "head",        seconds = 10},\n'
MAIL = f'{LINE}\n"+74951230000" = {{name = "Почта", department = "sales"}}'
NEW = "everybody but a client of anna"


def effects(before: str, after: str) -> list[str]:
    """Return what changes for callers from one document to the other."""
    return [str(one) for one in for_callers(parse(before.encode()), parse(after.encode()), WEEK).effects]


def of(*made: tuple[str, str]) -> list[str]:
    """Return what these changes of the example change for callers."""
    return effects(TEXT, changed(*made))


@settings(max_examples=30, deadline=None)
@given(documents())
def test_an_unchanged_document_changes_nothing_for_anybody(document: dict[str, object]) -> None:
    """Whatever the document is."""
    scheme = parse(toml(document).encode())
    assert for_callers(scheme, parse(toml(document).encode()), week_of(WEEK.since, scheme.timezone)) == Compared()


@pytest.mark.parametrize(
    ("old", "new"),
    [('"Анна Петрова"', '"Анна Иванова"'), ('["PJSIP/101"]', '["PJSIP/201", "PJSIP/301"]'), ('"Сайт"', '"Почта"'),
     ("[company]", "[company]\nclaim_after = 2"), ('"Отдел продаж"', '"Продажи"')],
)  # fmt: skip
def test_what_no_caller_notices_is_no_change_for_him(old: str, new: str) -> None:
    """Names, phones and claims are the document's own matter."""
    assert of((old, new)) == []


def test_the_head_is_no_longer_reached() -> None:
    """Who is reached no more, who rings for longer, and who earlier."""
    assert of((HEAD, "")) == [
        (
            f"Сайт, {NEW}: no longer reaches the head (gleb); "
            "rings the department (anna, boris, vera) for 60 s, not 10 s; "
            "reaches the owner (irina) after 10 s, not after 20 s"
        ),
        (
            "Сайт, a client of anna: no longer reaches the head (gleb); "
            "rings the responsible (anna) for 60 s, not 20 s; "
            "rings the department (boris, vera) for 50 s, not 10 s; "
            "reaches the owner (irina) after 20 s, not after 30 s"
        ),
    ]


def test_hours_change_the_answer_at_some_minutes_of_the_week() -> None:
    """Only those minutes are told, and for a line that is closed then that nobody is reached."""
    before = changed(("[ladders]", OFFICE), (', head = "gleb"', ', head = "gleb", hours = "office"'))
    assert effects(before, before.replace("19:00", "18:00")) == [
        "Сайт, everybody, Mon-Fri 18:00-19:00: finds the line closed, no ladder; no longer reaches anybody"
    ]
    assert effects(before.replace("19:00", "18:00"), before) == [
        "Сайт, everybody, Mon-Fri 18:00-19:00: finds the line open, ladder default"
    ]


def test_a_rule_changes_the_answer_for_its_kind_of_caller() -> None:
    """Class B gets another ladder; the others are not concerned; a refusal is told as one."""
    ladder = ("[lines]", 'short = [{ring = "person:vera", seconds = 30}]\n[lines]')
    rule = '\n[[rules]]\nname = "b"\nwhen = {priority = "B"}\n'
    (said,) = effects(changed(ladder), changed(ladder) + rule + 'ladder = "short"\n')
    assert said == (
        "Сайт, class B: no longer reaches the department (anna, boris); no longer reaches the head (gleb); "
        "no longer reaches the owner (irina); rings vera for 30 s, not 10 s; waits for 30 s at the most, not 60 s"
    )
    refused = changed(ladder) + rule + "refuse = true\n"
    assert effects(changed(ladder), refused) == ["Сайт, class B: is refused; no longer reaches anybody"]
    (back,) = effects(refused, changed(ladder))
    assert back.startswith(
        "Сайт, class B: is no longer refused; now reaches the department (anna, boris, vera) at once; "
    )


def test_a_rule_for_open_hours_is_no_matter_outside_them() -> None:
    """Whom a rule serves in open hours only is told of what changes for everybody while the line is closed."""
    night = (LINE, LINE.replace("}", ', closed = {ladder = "night"}}'))
    ladder = ("[lines]", 'night = [{ring = "person:vera", seconds = 30}]\n[lines]')
    hours = ("[ladders]", OFFICE), (', head = "gleb"', ', head = "gleb", hours = "office"')
    rule = '\n[[rules]]\nname = "b"\nwhen = {priority = "B", open = true}\nrefuse = true\n'
    before = changed(night, ladder, *hours) + rule
    assert effects(before, before.replace("seconds = 30", "seconds = 15")) == [
        (
            "Сайт, everybody, Mon-Fri 00:00-09:00, 19:00-24:00; Sat-Sun: rings vera for 15 s, not 30 s; "
            "waits for 15 s at the most, not 30 s"
        )
    ]
    shut, served = effects(before, before.replace("open = true", "open = false"))
    assert shut == "Сайт, class B, Mon-Fri 00:00-09:00, 19:00-24:00; Sat-Sun: is refused; no longer reaches anybody"
    assert served.startswith("Сайт, class B, Mon-Fri 09:00-19:00: is no longer refused; now reaches the department")


def test_lines_that_nothing_tells_apart_are_told_together() -> None:
    """The same effect for all lines is said once; a new line is taken by the router, a removed one no longer."""
    both = changed((LINE, MAIL))
    said, *_ = effects(both, both.replace(HEAD, ""))
    assert said.startswith(f"every line, {NEW}: no longer reaches the head (gleb)")
    assert effects(TEXT, both) == ["Почта, everybody: is taken by the router"]
    assert effects(both, TEXT) == ["Почта, everybody: goes to the dialplan's fallback"]
    default = changed((LINE, f'{LINE}\ndefault = {{name = "Rest", department = "sales", prompt = "sound:a"}}'))
    assert effects(default, default.replace("sound:a", "sound:b")) == [
        "every other number, everybody: hears sound:b at the end, not sound:a"
    ]


def test_a_condition_on_a_line_tells_lines_apart() -> None:
    """Where a rule names a line, each line is looked at by itself."""
    both = changed((LINE, MAIL)) + '[[rules]]\nname = "mail"\nwhen = {line = "+74951230000"}\nrefuse = true\n'
    (said,) = effects(changed((LINE, MAIL)), both)
    assert said == "Почта, everybody: is refused; no longer reaches anybody"


def test_whose_entry_differs_has_clients_who_are_looked_at() -> None:
    """Vera is absent this week: her clients get her deputy, and nobody gets her."""
    absent = ('["PJSIP/103"]', '["PJSIP/103"], deputy = "boris", absences = [{from = "2026-11-01", to = "2026-12-31"}]')
    hers = next(one for one in of(absent) if one.startswith("Сайт, a client of vera"))
    assert "no longer reaches the responsible (vera); reaches the responsible (boris) at once, not after 10 s" in hers


def test_segments_stages_attributes_prefixes_and_the_last_are_kinds() -> None:
    """Every value that a rule, a step or a section names is looked at."""
    ladder = 'spare = [{ring = "segment", seconds = 10}, {ring = "last", seconds = 10, when = {stage = "hunter"}}]\n'
    base = changed(("[ladders]", f'[segments]\nkey = {{members = ["vera"]}}\n[ladders]\n{ladder}'))
    base += '[[prefixes]]\nprefix = "+7495"\nregion = "Москва"\n'
    rules = "".join(
        f'[[rules]]\nname = "{number}"\nwhen = {{{when}}}\nladder = "spare"\n'
        for number, when in enumerate(('segment = "key"', 'region = ["Москва", "Тверь"]', 'stage = "hunter"'))
    )
    said = "\n".join(effects(base, base + rules))
    for kind in ("segment key", "region Москва", "region Тверь", "stage hunter", "a new caller from +7495"):
        assert kind in said
    last = base.replace('ring = "responsible", seconds = 10', 'ring = ["responsible", "last"], seconds = 10')
    assert effects(base, last) == [
        (
            "Сайт, who talked to anna just now: "
            "rings the responsible or who talked to him last (anna) for 20 s, not 10 s; "
            "reaches the department (boris, vera) after 10 s, not at once; "
            "reaches the head (gleb) after 20 s, not after 10 s; reaches the owner (irina) after 30 s, not after 20 s"
        )
    ]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('ladder = "default"}', 'ladder = "default", music = "default"}', "hears default, not ringing"),
        ('ladder = "default"}', 'ladder = "default", at_end = {context = "x,s,1"}}', "goes on in x,s,1"),
        ('"head",        seconds = 10}', '"head", seconds = 10, announce = "sound:a"}', "hears sound:a after 10 s"),
        ('"owner"}', '"owner", seconds = 5}', ("rings the head (gleb) for 15 s, not 50 s; "
         "rings the owner (irina) for 5 s, not 40 s; waits for 25 s at the most, not 60 s")),
    ],
)  # fmt: skip
def test_what_he_hears_and_where_it_ends_is_told(old: str, new: str, said: str) -> None:
    """Music, an announcement, another place of the dialplan, and how long he waits; and back again."""
    assert f"Сайт, {NEW}: {said}" in of((old, new)) or f"Сайт, everybody: {said}" in of((old, new))
    assert effects(changed((old, new)), TEXT)


def test_what_there_was_no_time_for_is_named() -> None:
    """A big document is compared as long as somebody wants to wait, and what is left out is told."""
    both = changed((LINE, MAIL))
    after = parse(
        both.replace('"Почта", department = "sales"', '"Почта", department = "sales", prompt = "sound:a"')
        .replace(HEAD, "")
        .encode()
    )
    found = for_callers(parse(both.encode()), after, WEEK, lambda done, among: done < among - 1)
    assert found.left_out == ("Почта",)
    assert {one.lines for one in found.effects} == {("Сайт",)}


def test_many_kinds_are_counted() -> None:
    """Six are named, of the others the number is said."""
    words = ", ".join(f'"t{number}"' for number in range(8))
    others = ", ".join(f'"o{number}"' for number in range(20))
    ladders = ("[lines]", 'short = [{ring = "person:vera", seconds = 10}, {add = "owner"}]\n[lines]')
    base = changed(ladders) + f'[[rules]]\nname = "o"\nwhen = {{trade = [{others}]}}\nladder = "default"\n'
    (said,) = effects(base, base + f'[[rules]]\nname = "t"\nwhen = {{trade = [{words}]}}\nladder = "short"\n')
    assert said.startswith(
        "Сайт, trade t0, trade t1, trade t2, trade t3, trade t4, trade t5 and 2 more kinds of caller: "
    )


def test_oleg_is_one_of_many() -> None:
    """A department of more than five is told by its first five."""
    people = "".join(f'm{number} = {{name = "M", phones = ["PJSIP/9{number}"]}}\n' for number in range(5))
    keys = ", ".join(f'"m{number}"' for number in range(5))
    base = changed(("[company]", f"{people}{OLEG}\n[company]"))
    after = base.replace('"anna", "boris", "vera"', f'"anna", "boris", "vera", {keys}, "oleg"')
    said, *_ = effects(base, after)
    assert "now reaches the department (m0, m1, m2, m3, m4 and 1 more) at once" in said


def test_who_is_on_duty_decides_by_the_minute() -> None:
    """The duty table and another department's members are looked at too; a line needs no department."""
    line = '"101" = {ladder = "duty"}'
    ladder = 'duty = [{ring = "on_duty", seconds = 30}, {ring = "department:sales", seconds = 30}]\n[lines]'
    duty = '[[duty]]\nfrom = "2026-11-28 08:00"\nto = "2026-11-28 20:00"\npeople = ["gleb"]\n'
    before = changed(("[lines]", ladder), (LINE, f"{LINE}\n{line}")) + duty
    assert effects(before, before.replace("20:00", "21:00")) == [
        (
            "101, everybody, Sat 20:00-21:00: now reaches who is on duty (gleb) at once; "
            "reaches the department sales (anna, boris, vera) after 30 s, not at once; "
            "waits for 60 s at the most, not 30 s"
        )
    ]


def test_a_ladder_that_reached_nobody_is_lost_otherwise() -> None:
    """Where somebody rings now, nobody answers."""
    only = changed(("[lines]", 'only = [{ring = "responsible", seconds = 30}]\n[lines]'))
    (said, *_) = effects(only.replace('ladder = "default"', 'ladder = "only"'), only)
    assert said.endswith("waits for 60 s at the most, not 0 s; is lost as no answer, not as unreachable")
