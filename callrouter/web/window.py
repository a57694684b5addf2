"""What can be seen of a worker from outside: no number, no name, no secret."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import orjson
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from callrouter.web.live import Live
from callrouter.web.metrics import Metrics

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Page:
    """What is answered."""

    status: int
    kind: str
    body: bytes


class Window(Collector):
    """The pages of one worker; `live` is exchanged as the worker comes to life."""

    def __init__(self, app: str, live: Live, metrics: Metrics) -> None:
        self.live = live
        self.metrics = metrics
        self._app = app
        self._registry = CollectorRegistry()
        self._registry.register(self)
        ProcessCollector(registry=self._registry)

    def page(self, path: str) -> Page | None:
        """Return what is there; None: nothing."""
        match path:
            case "/livez":
                return Page(200, JSON, orjson.dumps({"live": True}))
            case "/healthz":
                return self._health()
            case "/metrics":
                return Page(200, CONTENT_TYPE_LATEST, generate_latest(self._registry))
        return None

    def _health(self) -> Page:
        why = self.live.why()
        says = {"live": True, "ready": not why, "why": why, "app": self._app, "role": self.live.role}
        return Page(503 if why else 200, JSON, orjson.dumps(says))

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics of this moment."""
        return self.metrics.collect(self.live)
