"""The subscribers of reports, and the last report of each. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple


class ReportConfiguration(NamedTuple):
    """The reports that Terraform configured."""

    names: frozenset[str] = frozenset()
    """Their subscribers."""
    accounts: Mapping[str, str] = {}
    """The provider of each account."""


class SentReport(NamedTuple):
    """The last report of one subscriber, stored before it is published."""

    due: datetime | None = None
    """When it was due; None before the first."""
    month: str = ""
    """The last month in which anything was sent: "2026-11"."""

    def covers(self, due: datetime) -> bool:
        """Whether a report due then was sent, or left out because there was nothing to say."""
        return self.due is not None and due <= self.due

    def next(self, due: datetime, *, is_empty: bool) -> tuple[SentReport, bool]:
        """Return what to store for a report due then, and whether to send it.

        A report with nothing to say is sent if nothing else was in its month.
        """
        month = f"{due:%Y-%m}"
        is_sent = not is_empty or self.month != month
        return SentReport(due, month if is_sent else self.month), is_sent
