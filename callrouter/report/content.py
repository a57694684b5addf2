"""What an export says, before it is put into words: the ledger's figures of the date, and what they do not hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from callrouter.report.audit import Audit, audit
from callrouter.report.inbound import Inbound

if TYPE_CHECKING:
    from collections.abc import Mapping

    from callrouter.report.night import Night


@dataclass(frozen=True, slots=True)
class Content:
    """Everything an export of a date says."""

    night: Night
    figures: Mapping[str, Any]
    audit: Audit
    inbound: Inbound


def content(night: Night) -> Content:
    """Return what is to be said of a date."""
    return Content(
        night=night,
        figures=night.figures,
        audit=audit(night),
        inbound=Inbound(night),
    )
