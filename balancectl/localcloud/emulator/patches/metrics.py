"""Lambda: every invocation is counted, and EMF lines in a function's log become metrics.

MiniStack counts only calls of its Invoke API, not invocations by schedules and queues, and treats
the embedded metric format as plain text.
"""

from __future__ import annotations

import json
import time
from typing import Any

from ministack.services import cloudwatch, lambda_svc

from balancectl.localcloud.emulator.settings import ServerSettings


def apply(_settings: ServerSettings) -> None:
    """Install the patch."""
    count, dispatch = lambda_svc._emit_lambda_metrics, lambda_svc._execute_function_dispatch

    def count_throttle(function_name: str, duration_ms: float, error: bool, throttle: bool) -> None:
        if throttle:
            count(function_name, duration_ms, error, throttle)

    def execute(function: Any, config: Any, event: Any, request_id: str, started: float) -> Any:
        result = dispatch(function, config, event, request_id, started)
        duration_ms = (time.time() - started) * 1000
        count(config["FunctionName"], duration_ms, bool(result.get("error")), False)
        for line in (result.get("log") or "").splitlines():
            if '"_aws"' in line:
                _publish(line)
        return result

    lambda_svc._emit_lambda_metrics = count_throttle
    lambda_svc._execute_function_dispatch = execute


def _publish(line: str) -> None:
    """Publish the metrics of one line in the embedded metric format; ignore other lines."""
    try:
        document = json.loads(line)
        directives = document["_aws"]["CloudWatchMetrics"]
    except (ValueError, KeyError, TypeError):
        return
    for directive in directives:
        for names in directive["Dimensions"]:
            dimensions = {name: str(document[name]) for name in names}
            for metric in directive["Metrics"]:
                values = document[metric["Name"]]
                for value in values if isinstance(values, list) else [values]:
                    cloudwatch.record_metric(
                        directive["Namespace"],
                        metric["Name"],
                        value,
                        metric.get("Unit", "None"),
                        dimensions,
                    )
