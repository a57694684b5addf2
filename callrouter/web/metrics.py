"""What is counted and measured while calls go on: a look-up, a bisection and two additions, nothing more."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate
from typing import Any

from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

from callrouter.web.live import Figures, Live

LAG = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""Upper bounds of the lag of events, in seconds; Asterisk's timestamps are whole milliseconds."""
REQUEST = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0)
"""Upper bounds of the time a request takes, in seconds; after 2 s it is given up."""
STATUSES = range(100, 600)


class Histogram:
    """How often a measurement fell between these bounds."""

    __slots__ = ("_bounds", "_counts", "_sum")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def add(self, value: float) -> None:
        """Count one measurement."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self._sum += value

    def put(self, family: HistogramMetricFamily, *labels: str) -> None:
        """Add what was counted to what is shown."""
        names = [*map(str, self._bounds), "+Inf"]
        family.add_metric(labels, list(zip(names, accumulate(self._counts), strict=True)), self._sum)


class Metrics:
    """All that one worker has counted since its start."""

    def __init__(self, reasons: Iterable[str]) -> None:
        """`reasons` are those a call may be lost for: what never happened is shown as 0, so that its first is seen."""
        endings = [("answered", ""), *(("lost", reason) for reason in reasons)]
        self._calls = Counter({(*ending, by): 0 for ending in endings for by in ("router", "fallback")})
        self._flood = 0
        self._lag = Histogram(LAG)
        self._requests: dict[str, Histogram] = {}
        self._failed: Counter[tuple[str, str]] = Counter()

    def ended(self, outcome: str, lost_reason: str | None, routed_by: str) -> None:
        """A call from outside has ended so."""
        self._calls[outcome, lost_reason or "", routed_by] += 1

    def flooded(self) -> None:
        """A call came that belongs to a flood."""
        self._flood += 1

    def lagged(self, seconds: float) -> None:
        """An event came so long after it had happened."""
        self._lag.add(seconds)

    def took(self, route: str, seconds: float, status: int | None) -> None:
        """A request to Asterisk was answered so after so long; None: not at all."""
        if (requests := self._requests.get(route)) is None:
            requests = self._requests[route] = Histogram(REQUEST)
        requests.add(seconds)
        if status is None or status >= 400:  # noqa: PLR2004 - where HTTP's errors begin
            shown = "none" if status is None else str(status) if status in STATUSES else "other"
            self._failed[route, shown] += 1

    def collect(self, live: Live) -> Iterator[Metric]:
        """Yield everything, with what is read off the worker at this moment."""
        figures = live.figures()
        yield GaugeMetricFamily("callrouter_ready", "1: the worker takes calls in full health", value=not live.why())
        yield from _state(figures)
        yield from _journal(figures)
        yield from _outbox(figures)
        yield _counted("calls", "Calls from outside that ended", ("outcome", "lost_reason", "routed_by"), self._calls)
        flood = "Calls of a number that called more than 10 times within 10 s"
        yield CounterMetricFamily("callrouter_flood_calls", flood, value=self._flood)
        lag = HistogramMetricFamily("callrouter_event_lag_seconds", "How late events of Asterisk's came", labels=())
        self._lag.put(lag)
        yield lag
        took = HistogramMetricFamily(
            "callrouter_request_seconds", "How long requests to Asterisk took", labels=["route"]
        )
        for route, requests in sorted(self._requests.items()):
            requests.put(took, route)
        yield took
        failed = "Requests to Asterisk that it refused or did not answer"
        yield _counted("requests_failed", failed, ("route", "status"), self._failed)


def _state(figures: Figures) -> Iterator[Metric]:
    calls = GaugeMetricFamily("callrouter_live_calls", "Calls that go on now", labels=["phase"])
    for phase, count in figures.calls.items():
        calls.add_metric([phase], count)
    yield calls
    again = "Attempts to connect to Asterisk again"
    yield CounterMetricFamily("callrouter_reconnects", again, value=figures.reconnects)
    if figures.lease_age is not None:
        age = "Seconds since the last confirmed beat of the lease"
        yield GaugeMetricFamily("callrouter_lease_age_seconds", age, value=figures.lease_age)


def _journal(figures: Figures) -> Iterator[Metric]:
    if figures.spool is not None:
        spool = "Bytes of the journal that the database has not got"
        yield GaugeMetricFamily("callrouter_spool_bytes", spool, value=figures.spool)
    memory = "Bytes of the journal that the disk does not take"
    yield GaugeMetricFamily("callrouter_journal_memory_bytes", memory, value=figures.memory)
    failures = "Writes to the journal that failed"
    yield CounterMetricFamily("callrouter_journal_failures", failures, value=figures.failures)
    dropped = "Records that could not be read or stored"
    yield CounterMetricFamily("callrouter_records_dropped", dropped, value=figures.dropped)


def _outbox(figures: Figures) -> Iterator[Metric]:
    if (outbox := figures.outbox) is None:
        return
    waiting = "Exports and notices that wait to be delivered"
    yield GaugeMetricFamily("callrouter_outbox_waiting", waiting, value=outbox.waiting)
    yield GaugeMetricFamily("callrouter_outbox_dead", "Exports and notices that were given up", value=outbox.dead)
    age = "Seconds the oldest of those that wait has waited"
    yield GaugeMetricFamily("callrouter_outbox_oldest_seconds", age, value=outbox.age)


def _counted(name: str, said: str, labels: tuple[str, ...], counted: Mapping[Any, int]) -> Metric:
    family = CounterMetricFamily(f"callrouter_{name}", said, labels=labels)
    for key, count in sorted(counted.items()):
        family.add_metric(key, count)
    return family
