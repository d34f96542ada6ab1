"""Renders the deployed widget as the dashboard does."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from balancectl.localcloud.cloud import LocalCloud


def widget_of(cloud: LocalCloud) -> dict[str, Any]:
    """Return the properties of the dashboard's widget."""
    cloudwatch = cloud.emulator.client("cloudwatch")
    body = cloudwatch.get_dashboard(DashboardName=cloud.deployment.name)["DashboardBody"]
    (widget,) = [one for one in json.loads(body)["widgets"] if one["type"] == "custom"]
    properties: dict[str, Any] = widget["properties"]
    return properties


def look(cloud: LocalCloud, days: float, client: Any = None) -> str:
    """Return the widget's HTML for a time range of some days."""
    widget = widget_of(cloud)
    end = round(datetime.now(UTC).timestamp() * 1000)
    time_range = {"mode": "relative", "start": end - round(days * 86_400_000), "end": end}
    context = {"theme": "dark", "width": 1150, "height": 600, "timeRange": time_range}
    answer = (client or cloud.emulator.client("lambda")).invoke(
        FunctionName=widget["endpoint"],
        Payload=json.dumps(widget["params"] | {"widgetContext": context}).encode(),
    )
    found = json.loads(answer["Payload"].read())
    assert not answer.get("FunctionError"), found
    assert isinstance(found, str)
    return found
