"""Parses the metric of an alarm from either form of document. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from alert_router.events.alarm import AlarmMetric
from alert_router.events.state_reason import as_number, band_in, comparison_in, threshold_in

Document = Mapping[str, Any]

#: The wording of a condition in a sentence.
COMPARISONS: Final = {
    "GreaterThanOrEqualToThreshold": "at or above",
    "GreaterThanThreshold": "above",
    "LessThanThreshold": "below",
    "LessThanOrEqualToThreshold": "at or below",
    "LessThanLowerOrGreaterThanUpperThreshold": "outside the expected band",
    "LessThanLowerThreshold": "below the expected band",
    "GreaterThanUpperThreshold": "above the expected band",
}


#: The basic statistics as CloudWatch writes them. SNS notifications write them in capitals; all
#: others ("p99.9", "tm99", "IQM", "PR(:300)") are written the same everywhere (CloudWatch user
#: guide, "CloudWatch statistics definitions", read 2026-11).
_STATISTICS: Final = {
    name.lower(): name for name in ("Average", "Maximum", "Minimum", "SampleCount", "Sum")
}

#: The names in an expression: ids of other queries, and functions.
_NAME: Final = re.compile(r"[A-Za-z]\w*", re.ASCII)

#: An expression with more metrics than this is long enough without their names.
_MOST_TERMS: Final = 4


def metric_in_trigger(document: Document, reason: str) -> AlarmMetric:
    """Parse an SNS notification's ``Trigger``, or a composite alarm's rule and children."""
    if "AlarmRule" in document:
        return _composite(_text(document, "AlarmRule"), document.get("TriggeringChildren"))
    trigger = _map(document.get("Trigger"))
    queries = _maps(trigger.get("Metrics"))
    label, dimensions, statistic = _from_queries(queries) if queries else _from_metric(trigger)
    lower, upper = band_in(reason, {})
    threshold = as_number(trigger.get("Threshold"))
    return AlarmMetric(
        label=label,
        dimensions=dimensions,
        statistic=statistic,
        comparison=COMPARISONS.get(_text(trigger, "ComparisonOperator")) or comparison_in(reason),
        threshold=threshold_in(reason, {}) if threshold is None else threshold,
        lower=lower,
        upper=upper,
    )


def metric_in_configuration(configuration: Document, reason: str, data: Document) -> AlarmMetric:
    """Parse the ``configuration`` of an event or a Lambda action."""
    if "alarmRule" in configuration:
        return _composite(_text(configuration, "alarmRule"), data.get("triggeringAlarms"))
    label, dimensions, statistic = _from_queries(_maps(configuration.get("metrics")))
    lower, upper = band_in(reason, data)
    return AlarmMetric(
        label=label,
        dimensions=dimensions,
        statistic=statistic,
        comparison=comparison_in(reason),
        threshold=threshold_in(reason, data),
        lower=lower,
        upper=upper,
    )


def _composite(rule: str, children: object) -> AlarmMetric:
    """Describe a composite alarm by its rule and by the alarms that changed it."""
    arns = (_text(child, "arn") or _text(child, "Arn") for child in _maps(children))
    names = tuple(arn.partition(":alarm:")[2] or arn for arn in arns if arn)
    return AlarmMetric(label=rule, is_composite=True, children=names)


def metric_in_description(alarm: Document, reason: str, data: Document) -> AlarmMetric:
    """Parse an alarm as DescribeAlarms describes it, which is as in a ``Trigger``."""
    if "AlarmRule" in alarm:
        return _composite(_text(alarm, "AlarmRule"), data.get("triggeringAlarms"))
    queries = _maps(alarm.get("Metrics"))
    label, dimensions, statistic = _from_queries(queries) if queries else _from_metric(alarm)
    lower, upper = band_in(reason, data)
    return AlarmMetric(
        label=label,
        dimensions=dimensions,
        statistic=statistic,
        comparison=COMPARISONS.get(_text(alarm, "ComparisonOperator")) or comparison_in(reason),
        threshold=threshold_in(reason, data),
        lower=lower,
        upper=upper,
    )


def _from_metric(trigger: Document) -> tuple[str, dict[str, str], str]:
    """Describe a single metric of a ``Trigger``."""
    label = " ".join(filter(None, (_text(trigger, "Namespace"), _text(trigger, "MetricName"))))
    statistic = _text(trigger, "Statistic") or _text(trigger, "ExtendedStatistic")
    return label, _dimensions(trigger.get("Dimensions")), _statistic(statistic)


def _statistic(name: str) -> str:
    """Return a statistic's name as CloudWatch writes it."""
    return _STATISTICS.get(name.replace("_", "").lower(), name)


def _from_queries(queries: Iterable[Document]) -> tuple[str, dict[str, str], str]:
    """Describe metric queries by the one that is compared; keys may have either case.

    An anomaly detection alarm compares two, the metric and its band: name the metric.
    """
    lowered = [_lower_keys(query) for query in queries]
    compared = [query for query in lowered if query.get("returndata") is not False]
    plain = next((query for query in compared if "metricstat" in query), None)
    if plain is not None:
        return _from_metric_stat(_lower_keys(_map(plain["metricstat"])))
    for query in compared or lowered:
        label, expression = _text(query, "label"), _text(query, "expression")
        if not label or label.startswith("Expression"):
            return f"{expression or label}{_terms(expression, lowered)}", {}, ""
        return label, {}, ""
    return "", {}, ""


def _terms(expression: str, queries: Iterable[Document]) -> str:
    """Return what an expression's metrics are: " (m1 is Sum of AWS/SQS …)"."""
    used = set(_NAME.findall(expression))
    terms = []
    for query in queries:
        if "metricstat" in query and _text(query, "id") in used:
            label, _, statistic = _from_metric_stat(_lower_keys(_map(query["metricstat"])))
            text = " of ".join(filter(None, (statistic, label)))
            terms.append(f"{_text(query, 'id')} is {text}")
    return f" ({', '.join(terms)})" if 0 < len(terms) <= _MOST_TERMS else ""


def _from_metric_stat(stat: Document) -> tuple[str, dict[str, str], str]:
    """Describe one metric with its statistic."""
    metric = _lower_keys(_map(stat.get("metric")))
    name = _text(metric, "name") or _text(metric, "metricname")
    label = " ".join(filter(None, (_text(metric, "namespace"), name)))
    return label, _dimensions(metric.get("dimensions")), _statistic(_text(stat, "stat"))


def _dimensions(value: object) -> dict[str, str]:
    """Read dimensions: a map, or a list of name and value in either case."""
    if isinstance(value, dict):
        return {k: v for k, v in value.items() if isinstance(v, str)}
    pairs = (_lower_keys(pair) for pair in _maps(value))
    return {_text(pair, "name"): _text(pair, "value") for pair in pairs if _text(pair, "name")}


def _lower_keys(document: Document) -> dict[str, Any]:
    """Return the document with its keys in lower case."""
    return {key.lower(): value for key, value in document.items()}


def _text(document: Document, name: str) -> str:
    """Return a text; empty if it is absent or of another type."""
    value = document.get(name)
    return value if isinstance(value, str) else ""


def _map(value: object) -> Document:
    """Return a map; empty if it is absent or of another type."""
    return value if isinstance(value, dict) else {}


def _maps(value: object) -> list[Document]:
    """Return the maps of a list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
