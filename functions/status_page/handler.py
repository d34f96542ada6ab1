"""Lambda entry point of the widget: build the adapters, show the accounts. Read-only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

from shared.aws import clients
from status_page.chart import Window
from status_page.reading import read_points
from status_page.settings import settings
from status_page.widget.event import asks_for_description, parse_event
from status_page.widget.kept import Kept
from status_page.widget.records import read_records
from status_page.widget.show import PastError, Points, Sources, show

#: CloudWatch bills GetMetricData by the series, and balances change every few minutes.
_KEPT: Final = Kept[Points](timedelta(minutes=5))

#: What the console shows beside the widget's parameters, as Markdown (CloudWatch user guide,
#: "Creating a custom widget for a CloudWatch dashboard", read 2026-11).
DESCRIPTION: Final = """## Balances

What is left of prepaid accounts, how long it lasts, and a chart.

| Parameter | Description |
|---|---|
| **accounts** | At most 100, each with the minutes after which its balance is stale |

### Example

```yaml
accounts:
  openrouter-main: 30
```
"""


def lambda_handler(event: Mapping[str, Any], _context: object) -> str:
    """Return a widget's HTML, or its documentation as Markdown.

    Args:
        event: what a CloudWatch dashboard sends to a custom widget.

    Raises:
        EventError: when the widget's parameters are malformed; the dashboard shows the text.
        UnreadError, botocore.exceptions.ClientError: when the records cannot be read.
    """
    if asks_for_description(event):
        return DESCRIPTION
    table = settings().balances_table
    sources = Sources(
        records=lambda accounts: read_records(clients.dynamodb(), table, accounts),
        points=_points,
    )
    return show(parse_event(event), sources, datetime.now(UTC))


def _points(providers: Mapping[str, str], window: Window, step_hours: int) -> Points:
    """Return balances as they were within the last five minutes.

    Raises:
        PastError: when CloudWatch cannot be read.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 -- cold start

    key = tuple(providers.items()), window.behind
    try:
        return _KEPT.get(key, window.now, partial(_read, providers, window, step_hours))
    except (BotoCoreError, ClientError) as exc:
        raise PastError from exc


def _read(providers: Mapping[str, str], window: Window, step_hours: int) -> Points:
    """Read balances from CloudWatch."""
    found: Mapping[str, Sequence[Any]] = read_points(
        clients.cloudwatch(),
        settings().namespace,
        providers,
        window.start,
        window.now,
        step_hours=step_hours,
    )
    return found
