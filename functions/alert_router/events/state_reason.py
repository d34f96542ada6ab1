"""Parses datapoints and thresholds from an alarm's ``NewStateReason`` and ``reasonData``. Pure.

What cannot be parsed is None, never a guess.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal, DecimalException
from typing import Any, Final

from alert_router.events.alarm import Datapoint
from shared.times import parse_time

#: DynamoDB's numbers have 38 digits and exponents up to 125; its serialiser raises beyond.
_STORABLE: Final = Context(prec=38)
_MAX_EXPONENT: Final = 120

#: "1 out of the last 1 datapoints [99.5 (02/10/19 16:59:00)] was ...": day/month/year, UTC.
#: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html
_DATAPOINT: Final = re.compile(
    r"(-?[\d.]+(?:E-?\d+)?) \((\d\d)/(\d\d)/(\d\d) (\d\d):(\d\d):(\d\d)\)", re.ASCII
)
_THRESHOLD: Final = re.compile(r"the threshold \((-?[\d.]+(?:E-?\d+)?)\)", re.ASCII)
_COMPARISON: Final = re.compile(
    r"(?:was|were) (?:not )?((?:greater|less) than(?: or equal to)?) the threshold", re.ASCII
)
_COMPARISONS: Final = {
    "greater than": "above",
    "greater than or equal to": "at or above",
    "less than": "below",
    "less than or equal to": "at or below",
}
_BAND: Final = re.compile(
    r"lower thresholds? \[(-?[\d.]+(?:E-?\d+)?).*?upper thresholds? \[(-?[\d.]+(?:E-?\d+)?)",
    re.ASCII,
)


def read_data(text: object) -> Mapping[str, Any]:
    """Return ``reasonData`` as a map; empty if it is absent or not a JSON object.

    It is absent from an alarm's first state, from contributors and after SetAlarmState.
    """
    if not isinstance(text, str) or not text:
        return {}
    try:
        data = json.loads(text, parse_float=Decimal, parse_int=Decimal)
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}


def newest_datapoint(reason: str, data: Mapping[str, Any]) -> Datapoint | None:
    """Return the newest datapoint of either form; None if neither has one."""
    found = [*_from_data(data), *_from_words(reason)]
    return max(found, key=lambda point: point.at, default=None)


def threshold_in(reason: str, data: Mapping[str, Any]) -> Decimal | None:
    """Return the fixed threshold on which the transition is based, if there is one."""
    number = as_number(data.get("threshold"))
    if number is not None:
        return number
    found = _THRESHOLD.search(reason)
    return as_number(found[1]) if found else None


def comparison_in(reason: str) -> str:
    """Return the comparison, such as "above"; empty if the reason does not give it."""
    found = _COMPARISON.search(reason)
    return _COMPARISONS[found[1]] if found else ""


def band_in(reason: str, data: Mapping[str, Any]) -> tuple[Decimal | None, Decimal | None]:
    """Return the newest edges of an anomaly detection band, lower and upper."""
    lower, upper = (_newest(data.get(f"recent{edge}Thresholds")) for edge in ("Lower", "Upper"))
    if lower is None and upper is None and (found := _BAND.search(reason)):
        return as_number(found[1]), as_number(found[2])
    return lower, upper


def as_number(value: object) -> Decimal | None:
    """Return ``value`` as a number that DynamoDB can store, or None."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        return None
    try:
        number = _STORABLE.create_decimal(value)
    except DecimalException:
        # "1E999999999" overflows; any other text that is no number is an invalid operation.
        return None
    if not number.is_finite() or abs(number.adjusted()) > _MAX_EXPONENT:
        return None
    return number


def _from_words(reason: str) -> Iterator[Datapoint]:
    """Yield the datapoints in the text of a reason."""
    for number, day, month, year, hour, minute, second in _DATAPOINT.findall(reason):
        value = as_number(number)
        try:
            at = datetime(
                2000 + int(year), int(month), int(day), int(hour), int(minute), int(second),
                tzinfo=UTC,
            )  # fmt: skip
        except ValueError:
            continue
        if value is not None:
            yield Datapoint(value, at)


def _from_data(data: Mapping[str, Any]) -> Iterator[Datapoint]:
    """Yield the datapoints of ``reasonData``, with their own times if it has them."""
    evaluated = data.get("evaluatedDatapoints")
    if isinstance(evaluated, list) and evaluated:
        for point in evaluated:
            value = as_number(point.get("value")) if isinstance(point, dict) else None
            at = _time(point.get("timestamp")) if isinstance(point, dict) else None
            if value is not None and at is not None:
                yield Datapoint(value, at)
        return
    recent, start, period = data.get("recentDatapoints"), data.get("startDate"), data.get("period")
    first, seconds = _time(start), as_number(period)
    if isinstance(recent, list) and first is not None and seconds is not None:
        for index, number in enumerate(recent):
            value = as_number(number)
            if value is not None:
                yield Datapoint(value, first + index * timedelta(seconds=int(seconds)))


def _newest(values: object) -> Decimal | None:
    """Return the last number of a list, which CloudWatch sorts oldest first."""
    return as_number(values[-1]) if isinstance(values, list) and values else None


def _time(text: object) -> datetime | None:
    """Parse a time; None if it is not one."""
    if not isinstance(text, str):
        return None
    try:
        return parse_time(text)
    except ValueError:
        return None
