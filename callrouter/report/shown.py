"""Figures as they are read: each carries its name, so that it can be held to the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from callrouter.ledger.figure import KEY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from callrouter.report.language import Language

PERCENT = frozenset({"lcr", "share"})
SECONDS = frozenset({"asa_seconds", "added_on_average"})


class Shown:
    """The figures of a block."""

    def __init__(self, block: Mapping[str, Any], language: Language) -> None:
        """Keep them."""
        self._block = block
        self._language = language

    def value(self, *path: object) -> Any:
        """Return the figure at this path; in a list its key tells which."""
        found: Any = self._block
        for name in path:
            found = next(one for one in found if one[KEY] == name) if isinstance(found, list) else found[name]
        return found

    def __call__(self, *path: object) -> Markup:
        """Return the figure in the reader's form."""
        said = self._said(str(path[-1]), self.value(*path))
        return Markup('<span data-figure="{}">{}</span>').format(".".join(map(str, path)), said)

    def counts(self, *path: object) -> Markup:
        """Return the counts of a rate: 9 из 121."""
        whole = "calls" if "calls" in self.value(*path) else "clients"
        words = Markup(self._language.phrase("of"))  # noqa: S704 -- our own words
        return words.format(part=self(*path, "lost"), whole=self(*path, whole))

    def of(self, *path: object) -> Markup:
        """Return a rate with its counts: 7,4 % (9 из 121)."""
        if self.value(*path, "lcr") is None:
            return Markup("{}").format(self._language.say("without_calls"))
        return Markup("{} ({})").format(self(*path, "lcr"), self.counts(*path))

    def _said(self, name: str, value: Any) -> str:
        if name in PERCENT:
            return self._language.percent(value)
        if name in SECONDS:
            return self._language.seconds(value)
        return self._language.talk(value) if name == "seconds" else self._language.number(value)
