"""The Grafana dashboard asks for series that exist."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from shared.names import DEFAULT_NAMESPACE, Dimension, Metric

DASHBOARD: dict[str, Any] = json.loads(
    (Path(__file__).parents[3] / "examples" / "grafana-dashboard.json").read_text()
)
SEARCH = re.compile(r"SEARCH\('\{([^}]*\}?),(\w+),(\w+)\} MetricName=\"(\w+)\"', '(\w+)'\)")


def test_each_panel_searches_a_series_of_the_monitor() -> None:
    searches = [
        found.groups()
        for panel in DASHBOARD["panels"]
        for target in panel["targets"]
        if (found := SEARCH.fullmatch(target["expression"]))
    ]

    assert len(searches) == len(DASHBOARD["panels"])
    assert {search[3] for search in searches} == set(Metric)
    assert {search[0] for search in searches} == {"${namespace}"}
    assert {search[1:3] for search in searches} == {(Dimension.ACCOUNT, Dimension.PROVIDER)}


def test_its_variables_are_declared_and_the_namespace_is_the_default() -> None:
    declared = {variable["name"]: variable for variable in DASHBOARD["templating"]["list"]}
    used = set(re.findall(r"\$\{(\w+)\}", json.dumps(DASHBOARD["panels"])))

    assert used == set(declared)
    assert declared["namespace"]["query"] == DEFAULT_NAMESPACE
