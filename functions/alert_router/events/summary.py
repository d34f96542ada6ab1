"""A foreign alarm in words: what it watches, and what it found. Pure."""

from __future__ import annotations

from decimal import Context, Decimal
from typing import Final

from alert_router.events.alarm import AlarmChange

#: More digits of somebody else's metric are no more news.
_DIGITS: Final = Context(prec=4)


def watching(change: AlarmChange) -> str:
    """Return what the alarm watches, in one line."""
    watched = change.watched
    if watched.is_composite:
        return watched.label
    text = " of ".join(filter(None, (watched.statistic.capitalize(), watched.label)))
    if watched.dimensions:
        text += f" ({', '.join(f'{k}={v}' for k, v in sorted(watched.dimensions.items()))})"
    return " ".join(filter(None, (text, condition(change))))


def condition(change: AlarmChange) -> str:
    """Return what the value is compared with: "above 50"; empty when nothing says it."""
    watched = change.watched
    if watched.lower is not None and watched.upper is not None:
        return f"outside of {_short(watched.lower)} to {_short(watched.upper)}"
    if watched.threshold is not None:
        return f"{watched.comparison or 'compared with'} {_short(watched.threshold)}"
    return watched.comparison


def brief(change: AlarmChange) -> str:
    """Return in a few words what made the alarm change: "99.5, above 50"."""
    if change.watched.is_composite and change.watched.children:
        return f"changed by {', '.join(change.watched.children)}"
    if change.latest is not None:
        return ", ".join(filter(None, (_short(change.latest.value), condition(change))))
    return change.reason.partition(". ")[0].rstrip(".") or change.state.value


def _short(value: Decimal) -> str:
    """Return a number with at most four significant digits, but all that are before the point."""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value.normalize(_DIGITS):f}"
