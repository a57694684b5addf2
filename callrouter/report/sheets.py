"""The workbook's further sheets, as rows: people, who called, from where, what went on to the head, shared clients."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from callrouter.report.cells import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from callrouter.report.content import Content
    from callrouter.report.inbound import Groups
    from callrouter.report.language import Language

TEXT, WHOLE, SHARE, CLOCK = Kind
PEOPLE = (
    *(("person", TEXT, 32), ("person_answered", WHOLE, 12), ("person_missed", WHOLE, 12), ("was_silent", WHOLE, 14)),
    *(("was_away", WHOLE, 12), ("talk_in", WHOLE, 14), ("talk_out", WHOLE, 14)),
)
TALK = (
    ("priority", TEXT, 18),
    ("talk_in", WHOLE, 14),
    ("talk_out", WHOLE, 14),
    ("share", SHARE, 10),
    ("goal_of", SHARE, 10),
)
GROUPS = (("calls_of", WHOLE, 10), ("lost_of", WHOLE, 10), ("lcr", SHARE, 22))
ESCALATIONS = (
    *(("arrived", CLOCK, 19), ("client", TEXT, 32), ("kind", TEXT, 14)),
    *(("was_silent", TEXT, 48), ("was_away", TEXT, 48)),
)
SHARED = (("client", TEXT, 32), ("who_talked", TEXT, 64))
Column: TypeAlias = tuple[str, Kind, int]
"""The key of its name, what its cells hold, how many characters wide it is."""
Rows: TypeAlias = "Iterable[tuple[object, ...]]"


class Sheets:
    """What they are made of: the content, the words, names and numbers as they may be shown, instants as cells."""

    def __init__(
        self,
        found: Content,
        language: Language,
        hide: Callable[[str], str],
        clock: Callable[[float], object],
    ) -> None:
        """Keep it."""
        self._found = found
        self._figures = found.figures
        self._language = language
        self._hide = hide
        self._clock = clock

    def people(self) -> Rows:
        """Return everybody's figures."""
        passed = {one["key"]: one for one in self._figures["escalations"]["people"]}
        for one in self._figures["people"]:
            past, talk = passed.get(one["key"], {"silent": 0, "away": 0}), one["talk"]
            times = (round(talk["seconds_in"]), round(talk["seconds_out"]))
            yield self.person(one["key"]), one["answered"], one["missed"], past["silent"], past["away"], *times

    def talk(self) -> Rows:
        """Return the talk with clients of each priority, beside its goal."""
        for one in self._figures["talk"]["by_priority"]:
            times = (round(one["seconds_in"]), round(one["seconds_out"]))
            yield one["key"] or self._language.say("of_no_priority"), *times, one["share"], one["goal"]

    def clients(self) -> Rows:
        """Return the calls of each client, who called most first."""
        return self._groups(self._found.inbound.by_client, "without_number", self._hide)

    def sources(self) -> Rows:
        """Return the calls by where callers have the number from."""
        return self._groups(self._found.inbound.by_source, "without_source", str)

    def escalations(self) -> Rows:
        """Return the calls that reached the head or beyond."""
        for one in self._figures["escalations"]["list"]:
            row = self._found.inbound.by_id[one["key"]]
            away = (f"{self.person(who['key'])}: {self._language.name('whys', who['why'])}" for who in one["away"])
            kind, silent = self._language.name("kinds", one["kind"]), ", ".join(map(self.person, one["silent"]))
            yield self._clock(row.arrived_at), self._hide(row.client or row.caller or ""), kind, silent, ", ".join(away)

    def shared(self) -> Rows:
        """Return the clients two of ours talked to."""
        for one in self._figures["shared_clients"]["list"]:
            yield self._hide(one["key"]), ", ".join(map(self.person, one["people"]))

    def person(self, key: str | None) -> str:
        """Return somebody's name."""
        people = self._found.night.company.people
        return self._language.say("not_in_scheme") if key is None else people.get(key, key)

    def _groups(self, found: Groups, nothing: str, shown: Callable[[str], str]) -> Rows:
        for key, one in found:
            name = shown(str(key)) if key else self._language.say(nothing)
            yield name, one.calls, one.lost, one.lcr
