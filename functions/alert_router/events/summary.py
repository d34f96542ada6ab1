"""Summarises a foreign alarm: its metric, and its last value. Pure."""

from __future__ import annotations

from decimal import Context, Decimal
from typing import Final

from alert_router.events.alarm import AlarmChange

#: More digits of a foreign metric are noise.
_DIGITS: Final = Context(prec=4)


def watching(change: AlarmChange) -> str:
    """Return what the alarm watches, in one line."""
    metric = change.metric
    if metric.is_composite:
        return metric.label
    text = " of ".join(filter(None, (metric.statistic, metric.label)))
    if metric.dimensions:
        text += f" ({', '.join(f'{k}={v}' for k, v in sorted(metric.dimensions.items()))})"
    return " ".join(filter(None, (text, condition(change))))


def condition(change: AlarmChange) -> str:
    """Return the condition on the value: "above 50"; empty if unknown."""
    metric = change.metric
    if metric.lower is not None and metric.upper is not None:
        return f"outside {_short(metric.lower)} to {_short(metric.upper)}"
    if metric.threshold is not None:
        return f"{metric.comparison or 'compared with'} {_short(metric.threshold)}"
    return metric.comparison


def brief(change: AlarmChange) -> str:
    """Return a short reason for the alarm's change: "99.5, above 50"."""
    if change.metric.is_composite and change.metric.children:
        return f"changed by {', '.join(change.metric.children)}"
    if change.latest is not None:
        return ", ".join(filter(None, (_short(change.latest.value), condition(change))))
    return change.reason.partition(". ")[0].rstrip(".") or change.state.value


def _short(value: Decimal) -> str:
    """Return a number with four significant digits, or all before the decimal point."""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value.normalize(_DIGITS):f}"
