"""Plots as inline SVG: small pure functions from counts to pictures, legible on a phone and on paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from callrouter.report.content import Count
    from callrouter.report.language import Language

WIDTH = 420
"""In units of the picture: a phone shows about 340 points of it, letters of 12 units stay legible there."""
GREEN, AMBER, RED = "#2f8f5b", "#e0a021", "#c8372d"
INK, MUTED, FAINT = "#1b2430", "#5d6b7a", "#e6eaef"
_NONE, _SOME, _MORE, _MUCH = "#eef1f4", "#cfe8d8", "#f6d98f", "#e79a92"
_LEFT, _TOP, _HEIGHT = 36, 8, 120
_CELL, _NUMBER = 20, 16


def colour(lcr: float | None, goal: float, red: float) -> str:
    """Return the colour of a rate: at the goal, over it, far over it."""
    if lcr is None:
        return MUTED
    return GREEN if lcr <= goal else AMBER if lcr < red else RED


def by_day(days: Mapping[date, Count], goal: float, red: float, language: Language) -> Markup:
    """Return a bar for each day, the goal as a dashed line; a day without calls has a point on the ground."""
    top = max([goal * 2, *(count.lcr or 0.0 for count in days.values())]) * 1.1
    wide = (WIDTH - _LEFT) / len(days)
    drawn: list[Markup] = []
    for number, (day, count) in enumerate(days.items()):
        x, high = _LEFT + number * wide, _HEIGHT * (count.lcr or 0.0) / top
        drawn.append(_day(x, wide, max(high, 1.5), colour(count.lcr, goal, red), _told(day, count, language)))
        if (len(days) - 1 - number) % 7 == 0:
            drawn.append(_text(x + wide / 2, _TOP + _HEIGHT + 16, language.day(day), anchor=_anchor(number, len(days))))
    y = _TOP + _HEIGHT * (1 - goal / top)
    drawn += [
        _element("line", x1=_LEFT, x2=WIDTH, y1=y, y2=y, stroke=INK, stroke_dasharray="4 3"),
        _text(_LEFT - 4, y + 4, language.percent(goal), anchor="end"),
        _text(_LEFT - 4, _TOP + _HEIGHT, language.percent(0.0), anchor="end"),
    ]
    if top > goal * 3:
        drawn.append(_text(_LEFT - 4, _TOP + 10, language.percent(top / 1.1), anchor="end"))
    return _picture(drawn, _TOP + _HEIGHT + 22, language.say("days_title", n=len(days)))


def by_hour(hours: Mapping[tuple[int, int], Count], goal: float, red: float, language: Language) -> Markup:
    """Return a cell for each hour of the week: how many calls were lost, coloured by their share."""
    shown = range(min(hour for _, hour in hours), max(hour for _, hour in hours) + 1)
    wide = (WIDTH - _LEFT) / max(len(shown), 12)
    drawn = [_text(_LEFT + (at + 0.5) * wide, 12, str(hour)) for at, hour in enumerate(shown) if _fits(at, wide)]
    for weekday in range(1, 8):
        y = 18 + (weekday - 1) * _CELL
        drawn.append(_text(_LEFT - 6, y + 14, language.weekday(weekday), anchor="end"))
        for at, hour in enumerate(shown):
            count = hours.get((weekday, hour))
            if count is not None:
                said = f"{language.weekday(weekday)} {hour}:00, {_share(count, language)}"
                drawn.append(_cell(_LEFT + at * wide, y, wide, _shade(count.lcr, goal, red), count.lost, said))
    return _picture(drawn, 20 + 7 * _CELL, language.say("week_title"))


def legend(goal: float, red: float, language: Language) -> list[tuple[str, str]]:
    """Return the colours of the hours, and what they mean."""
    goal_said, red_said = language.percent(goal), language.percent(red)
    return [
        (_NONE, language.say("legend_none")),
        (_SOME, language.say("legend_goal", goal=goal_said)),
        (_MORE, language.say("legend_red", red=red_said)),
        (_MUCH, language.say("legend_over", red=red_said)),
    ]


def bar(parts: Iterable[tuple[float, str]]) -> Markup:
    """Return a bar whose parts are shares of its whole width, each in its colour; the numbers stand beside it."""
    x, drawn = 0.0, [_element("rect", x=0, y=0, width=100, height=10, fill=FAINT)]
    for share, fill in parts:
        drawn.append(_element("rect", x=x, y=0, width=100 * share, height=10, fill=fill))
        x += 100 * share
    inner = Markup("").join(drawn)
    whole = {"viewBox": "0 0 100 10", "preserveAspectRatio": "none", "aria-hidden": "true"}
    return _element("svg", inner, width="100%", height=10, **whole)


def _picture(drawn: Sequence[Markup], height: int, title: str) -> Markup:
    inner = _element("title", title) + Markup("").join(drawn)
    return _element("svg", inner, viewBox=f"0 0 {WIDTH} {height}", width="100%", role="img", class_="plot")


def _day(x: float, wide: float, high: float, fill: str, said: str) -> Markup:
    ground = _TOP + _HEIGHT
    title = _element("title", said)
    return _element("rect", title, x=x + 1, y=ground - high, width=wide - 2, height=high, fill=fill)


def _cell(x: float, y: float, wide: float, fill: str, lost: int, said: str) -> Markup:
    title = _element("title", said)
    box = _element("rect", title, x=x + 0.5, y=y + 0.5, width=wide - 1, height=_CELL - 1, fill=fill)
    return box + _text(x + wide / 2, y + 14, str(lost), fill=INK) if lost else box


def _text(x: float, y: float, said: str, *, anchor: str = "middle", fill: str = MUTED) -> Markup:
    return _element("text", said, x=x, y=y, text_anchor=anchor, fill=fill, font_size=11)


def _element(name: str, inner: str = "", **attributes: str | float) -> Markup:
    """Return an element; whatever stands in it is escaped unless it is one itself."""
    named = {key.rstrip("_").replace("_", "-"): value for key, value in attributes.items()}
    written = Markup("").join(Markup(' {}="{}"').format(key, _written(value)) for key, value in named.items())
    return Markup("<{0}{1}>{2}</{0}>").format(name, written, inner)


def _written(value: str | float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def _told(day: date, count: Count, language: Language) -> str:
    return f"{language.day(day)}: {_share(count, language)}"


def _share(count: Count, language: Language) -> str:
    if not count.calls:
        return language.say("without_calls")
    part, whole = language.number(count.lost), language.number(count.calls)
    return f"{language.percent(count.lcr)} ({language.say('of', part=part, whole=whole)})"


def _shade(lcr: float | None, goal: float, red: float) -> str:
    if not lcr:
        return _NONE
    return _SOME if lcr <= goal else _MORE if lcr < red else _MUCH


def _fits(at: int, wide: float) -> bool:
    """Whether there is room for an hour's number."""
    return at % (1 if wide >= _NUMBER else 2) == 0


def _anchor(number: int, days: int) -> str:
    return "end" if number == days - 1 else "middle"
