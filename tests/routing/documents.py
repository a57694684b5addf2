"""Valid scheme documents of every kind, as hypothesis draws them, and how they are written."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from callrouter.routing.document_calls import WORDS
from callrouter.routing.times import DAYS

PEOPLE = ("anna", "boris", "vera", "глеб", "irina")
DEPARTMENTS = ("sales", "service")
SEGMENTS = ("key", "small")
CALENDARS = ("office", "night")
LADDERS = ("default", "key", "duty")

Table = dict[str, Any]


def toml(document: Table) -> str:
    """Return a document as text: a line for each key of the top."""
    return "".join(f"{key} = {_value(value)}\n" for key, value in document.items())


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {_value(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def table(needed: dict[str, st.SearchStrategy[Any]], /, **optional: st.SearchStrategy[Any]) -> st.SearchStrategy[Table]:
    """Draw a table with these keys and some of those."""
    return st.fixed_dictionaries(needed, optional=optional)


def several(keys: tuple[str, ...]) -> st.SearchStrategy[list[str]]:
    """Draw one to three of the keys."""
    return st.lists(st.sampled_from(keys), min_size=1, max_size=3, unique=True)


def one_or_several(keys: tuple[str, ...]) -> st.SearchStrategy[str | list[str]]:
    """Draw a key, or a list of them."""
    return st.sampled_from(keys) | several(keys)


def clock(minutes: int) -> str:
    """Return minutes after midnight as they are written."""
    return f"{minutes // 60:02}:{minutes % 60:02}"


@st.composite
def spans(draw: st.DrawFn) -> str:
    """Draw one or two stretches of a day, in order."""
    count = draw(st.sampled_from([2, 4]))
    minutes = sorted(draw(st.lists(st.integers(0, 1440), min_size=count, max_size=count, unique=True)))
    return ", ".join(f"{clock(start)}-{clock(end)}" for start, end in zip(minutes[::2], minutes[1::2], strict=True))


def moments(first: int, last: int) -> st.SearchStrategy[str]:
    """Draw a moment of the days of a month, with its time or without."""
    days = st.integers(first, last).map(lambda day: f"2026-11-{day:02}")
    return days | st.builds("{} {}".format, days, st.integers(0, 1439).map(clock))


seconds = st.integers(1, 1200).map(lambda half: half / 2)
prompts = st.sampled_from(["sound:vm-goodbye", "recording:a.b", "tone:busy", "digits:123#", "number:42"])
names = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=12)
between = {"from": moments(1, 14), "to": moments(15, 30)}
calendars = st.builds(
    lambda days, hours, others: {"hours": [f"{day} {hours}" for day in days]} | others,
    st.lists(st.sampled_from(DAYS), min_size=1, unique=True),
    spans(),
    table(
        {},
        holidays=st.sampled_from(["none", "RU", "DE-BY"]),
        short_before_holidays=st.integers(0, 720),
        timezone=st.sampled_from(["Asia/Yekaterinburg", "Europe/Berlin", "UTC"]),
        days=st.dictionaries(st.sampled_from(["2026-11-20", "2027-01-09"]), st.just("closed") | spans()),
    ),
)
shifts = table(
    {"pattern": st.sampled_from(["2/2", "5/2", "1/3"]), "since": moments(1, 30).map(lambda moment: moment[:10])},
    timezone=st.just("Europe/Berlin"),
).flatmap(lambda shift: spans().map(lambda hours: shift | {"hours": hours.partition(",")[0]}))
conditions = table(
    {},
    priority=one_or_several(("A", "B", "C", "X", "none")),
    segment=one_or_several(SEGMENTS),
    stage=one_or_several(("potential", "regular")),
    line=st.just("default"),
    department=one_or_several(DEPARTMENTS),
    region=one_or_several(("Москва", "Урал")),
    known=st.booleans(),
    responsible=st.booleans(),
    open=st.booleans(),
)
targets = one_or_several((*WORDS, *(f"person:{key}" for key in PEOPLE), "department:service"))
orders = st.sampled_from(["listed", "longest_idle", "round_robin", "fewest_calls"])
steps = table(
    {"seconds": seconds},
    if_busy=st.sampled_from(["wait", "skip"]),
    at_once=st.integers(1, 50),
    when=conditions,
    announce=prompts,
    announce_away=prompts,
    announce_busy=prompts,
).flatmap(
    lambda step: st.builds(
        lambda action, target, order: {action: target} | order | step,
        st.sampled_from(["ring", "add"]),
        targets,
        table({}, order=orders) | table({"order": orders, "each": seconds}),
    )
)
rules = st.builds(
    lambda when, then: {"when": when} | then,
    conditions,
    st.sampled_from([{"refuse": True}]) | st.sampled_from(LADDERS).map(lambda ladder: {"ladder": ladder}),
)
people = table(
    {"name": names},
    claims=st.booleans(),
    hours=st.sampled_from(CALENDARS),
    shift=shifts,
    wrap_up=st.integers(0, 60),
    absences=st.lists(table(between, reason=names), max_size=2),
    deputy=st.sampled_from(["vera", "irina"]),
)
lines = table(
    {"department": st.sampled_from(DEPARTMENTS)},
    name=names,
    ladder=st.sampled_from(["default", "key"]),
    prompt=prompts,
    source=names,
    person=st.sampled_from(PEOPLE),
    hours=st.sampled_from(CALENDARS),
    closed=table({}, ladder=st.sampled_from(LADDERS), prompt=prompts),
    at_end=st.sampled_from(
        [{"again": True}, {"again": True, "seconds": 5}, {"ladder": "duty"}, {"context": "from-internal,600,1"}]
    ),
    music=st.just("default"),
)
NUMBERS = {
    "+74951234567": [],
    "+74951230000": ["+7495765XXXX", "+74951234500..+74951234549"],
    "84951112233": ["84951112234"],
    "101": [],
    "default": [],
}


@st.composite
def documents(draw: st.DrawFn) -> Table:
    """Draw a document that is valid, with any of its sections and keys."""
    persons = {key: draw(people) | {"phones": _phones(draw, which)} for which, key in enumerate(PEOPLE)}
    persons["anna"] |= draw(
        table({}, reports_to=st.just("глеб"), extension=st.just("111"), numbers=st.just(["+79161112233"]))
    )
    persons["irina"]["mail"] = "irina.s+x@mail.example.org"
    persons["irina"].pop("deputy", None)
    persons["vera"].pop("deputy", None)
    drawn = {key: draw(lines) | ({"numbers": more} if more else {}) for key, more in NUMBERS.items()}
    called = draw(st.lists(st.sampled_from(list(drawn)), unique=True).map(lambda keys: {*keys, "default"}))
    return {
        "version": 1,
        "timezone": draw(st.sampled_from(["Europe/Moscow", "Europe/Berlin"])),
        "country": "RU",
        "company": {"owner": "irina"}
        | draw(table({}, wrap_up=seconds, custom_states=st.booleans(), language=st.just("en"))),
        "retention": draw(
            table({}, **dict.fromkeys(("calls", "journal", "records", "exports", "notices"), st.integers(1, 36_500)))
        ),
        "notices": draw(table({}, head_after=seconds, kinds=several(("lost", "waiting", "answered", "undistributed")))),
        "report": draw(
            table(
                {},
                at=st.integers(0, 1439).map(clock),
                to=several(("owner", "heads", "managers", "irina", "mail:a@b.ru", "hook:https://b.ru/x?y=1", "dir:/x")),
                formats=several(("html", "csv", "json")),
                goal=st.sampled_from([0.01, 1]),
            )
        ),
        "calendars": {key: draw(calendars) for key in CALENDARS},
        "people": persons,
        "departments": {
            key: {"members": draw(several(PEOPLE))}
            | draw(table({}, head=st.sampled_from(PEOPLE), hours=st.sampled_from(CALENDARS)))
            for key in DEPARTMENTS
        },
        "segments": {key: draw(table({}, members=several(PEOPLE))) for key in SEGMENTS},
        "duty": draw(
            st.lists(table(between | {"people": several(PEOPLE)}, department=st.sampled_from(DEPARTMENTS)), max_size=3)
        ),
        "rules": [{"name": f"rule {number}"} | rule for number, rule in enumerate(draw(st.lists(rules, max_size=4)))],
        "ladders": {key: draw(st.lists(steps, min_size=1, max_size=5)) for key in LADDERS},
        "lines": {key: line for key, line in drawn.items() if key in called},
        "prefixes": draw(st.sampled_from([[], [{"prefix": "+7495", "segment": "small", "region": "Москва"}]])),
        "numbers": draw(
            table({}, blocked=st.just(["+79001234567"]), not_client=st.just({"+79007654321": "поставщик"}))
        ),
    }


def _phones(draw: st.DrawFn, which: int) -> list[Any]:
    outside = {"phone": f"PJSIP/7916000000{which}@trunk", "confirm": draw(st.booleans())}
    return [f"PJSIP/10{which}", outside][: draw(st.integers(1, 2))]
