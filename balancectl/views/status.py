"""Prints accounts for ``status``: a table, one account's details, JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from balancectl.cli.formatting import format_age
from balancectl.cli.output import (
    Cell,
    Column,
    print_fields,
    print_line,
    print_note,
    print_table,
    print_warning,
)
from balancectl.deployment.accounts import Stack
from balancectl.deployment.target import Target
from shared.money import format_amount, format_number
from shared.records import TOP_UP_IS_LATE, LastGood, Latest, Thresholds, TopUp
from shared.times import format_clock, format_duration
from status_page.health import Condition, Health, hours_left, least_left

Latests = Mapping[str, Latest]

_STYLES = {
    Condition.CRITICAL: "bold red",
    Condition.FAILING: "red",
    Condition.STALE: "yellow",
    Condition.WARNING: "yellow",
    Condition.NOT_SET_UP: "cyan",
    Condition.OK: "green",
}


_COLUMNS = (
    Column("Account", wraps=True),
    Column("Provider", min_terminal_width=130, wraps=True),
    Column("Balance", justify="right"),
    Column("Warn", justify="right", min_terminal_width=100),
    Column("Crit", justify="right", min_terminal_width=100),
    Column("Empty in", justify="right"),
    Column("Age", justify="right"),
    Column("State", wraps=True),
)


def print_status(  # noqa: PLR0913, PLR0917 -- a table's parts
    target: Target,
    stack: Stack,
    names: Sequence[str],
    latest: Latests,
    health: Mapping[str, Health],
    now: datetime,
) -> None:
    """Print the table, and the details of a single account."""
    if not names:
        print_note("no account is configured yet: add one to `accounts`, then run `make deploy`")
        return
    print_table(
        _COLUMNS, [_row(name, latest.get(name), health[name], stack, now) for name in names]
    )
    if len(names) == 1 and (only := latest.get(names[0])) is not None:
        print_line()
        print_fields(_details(only, stack, now))
    if stack.shards and not any(shard.is_enabled for shard in stack.shards):
        print_warning("polling is switched off (Terraform variable polling_enabled)")
    waiting = [name for name in names if name not in latest]
    if waiting and stack.shards:
        print_note(_how_to_set_up(target, stack, waiting[0]))


def _how_to_set_up(target: Target, stack: Stack, name: str) -> str:
    """Return the commands that get an account that was never polled its first balance."""
    steps = [target.command("keys", "set", name), target.command("poll", name)]
    if name in stack.accounts and stack.accounts[name].is_pushed:
        steps = [target.command("poll", name), target.command("push", name, "AMOUNT")]
    return f"to set up: {steps[0]}, then {steps[1]}"


def _row(
    name: str, latest: Latest | None, health: Health, stack: Stack, now: datetime
) -> list[Cell | str]:
    """Return an account's row."""
    condition = health.condition
    watched = "watched closely" if latest and stack.is_watched_closely(latest) else ""
    detail = "; ".join(filter(None, [health.detail, watched]))
    state = Cell(": ".join(filter(None, [condition.label, detail])), _STYLES[condition])
    if latest is None:
        return [name, "-", "-", "-", "-", "-", "-", state]
    good = latest.good
    unit, limits = good.unit or "", latest.thresholds
    age = "-" if good.balance_at is None else format_duration(now - good.balance_at)
    return [
        name,
        latest.provider_title,
        Cell(_amount(good.balance, unit), "bold"),
        _number(limits.warning, unit),
        _number(limits.critical, unit),
        _empty_in(latest, now),
        Cell(age, "yellow" if condition is Condition.STALE else ""),
        state,
    ]


def _details(latest: Latest, stack: Stack, now: datetime) -> list[tuple[str, Cell | str]]:
    """Return the details that do not fit the table."""
    good = latest.good
    unit, limits = good.unit or "", latest.thresholds
    burn = "" if good.burn_per_day is None else f"{format_amount(good.burn_per_day, unit)} a day"
    top_up = good.last_top_up
    pairs: list[tuple[str, Cell | str]] = [
        ("provider", f"{latest.provider_title} ({latest.provider})"),
        ("wallet", good.wallet or ""),
        *[
            (f"wallet {name}", format_amount(wallet.remaining, wallet.unit))
            for name, wallet in good.others.items()
        ],
        ("warning below", _amount(limits.warning, unit, "")),
        ("critical below", _amount(limits.critical, unit, "")),
        ("burn", " ".join(filter(None, [burn, _basis(latest)]))),
        (
            "empty",
            _empty_at(latest, now),
        ),
        ("last top-up", "" if top_up is None else _top_up(top_up, unit, now)),
        ("resets", "" if good.resets_at is None else format_clock(good.resets_at, now)),
        (
            "expires",
            "" if good.credit_expires_at is None else format_clock(good.credit_expires_at, now),
        ),
        ("polled", _polled(latest, stack, now)),
        ("cost reported", _cost_reported(latest, now)),
        ("last outcome", latest.outcome.value),
        ("auto top-up", _auto_top_up(latest, now)),
        ("pushed by", f"{good.pushed_by}, as the caller says" if good.pushed_by else ""),
        ("next request", _next_request(latest, now)),
        ("top up at", latest.top_up_url or ""),
    ]
    return pairs


def _polled(latest: Latest, stack: Stack, now: datetime) -> str:
    """Return the last poll's time and age, and when the next one is due if that matters."""
    polled = f"{format_clock(latest.polled_at, now)}, {format_age(latest.polled_at, now)}"
    if not stack.is_watched_closely(latest):
        return polled
    minutes = stack.shards[stack.accounts[latest.account].shard].event["close_interval_minutes"]
    often = "every minute" if minutes == 1 else f"every {minutes} minutes"
    return f"{polled}; {often} while a threshold is near"


def _cost_reported(latest: Latest, now: datetime) -> str:
    """Return up to when cost is reported, where the balance is computed from it."""
    meter = latest.good.meter
    return f"up to {format_clock(meter.cost_at, now)}" if meter and meter.cost_at else ""


def _empty_at(latest: Latest, now: datetime) -> str:
    """Return the most likely time, and the range that holds in 4 cases of 5."""
    good = latest.good
    if good.empty_at is None:
        return ""
    likely = f"around {format_clock(good.empty_at, now)}"
    if good.empty_between is None:
        return likely
    first, last = good.empty_between
    if last is None:
        return f"{likely}, {format_clock(first, now)} or later"
    return f"{likely}, between {format_clock(first, now)} and {format_clock(last, now)}"


def _auto_top_up(latest: Latest, now: datetime) -> str:
    """Return whether the account tops up by itself, and for how long it has failed to."""
    due = latest.good.top_up_due_since
    if not latest.good.tops_up_itself:
        return ""
    if due is None or now - due < TOP_UP_IS_LATE:
        return "on"
    return f"tops up automatically, but has not for {format_duration(now - due)}"


def _next_request(latest: Latest, now: datetime) -> str:
    """Return when the provider will accept requests again; empty if it already does."""
    if latest.retry_at is None or latest.retry_at <= now:
        return ""
    return f"not before {format_clock(latest.retry_at, now)}: the provider asked to wait"


def _basis(latest: Latest) -> str:
    """Return the source of the burn figure, or why there is none."""
    return f"({latest.good.burn_basis})" if latest.good.burn_basis else ""


def _top_up(top_up: TopUp, unit: str, now: datetime) -> str:
    """Return the last top-up and its age."""
    return f"{format_amount(top_up.amount, unit)}, {format_age(top_up.at, now)}"


def _empty_in(latest: Latest, now: datetime) -> str:
    """Return how long the balance will last."""
    left = hours_left(latest, now)
    if left is None:
        return "-"
    if left <= timedelta():
        return "now"
    least = least_left(latest, now)
    likely = format_duration(left)
    return likely if least is None else f"{likely}, at least {format_duration(least)}"


def _amount(amount: Decimal | None, unit: str, missing: str = "-") -> str:
    """Return an optional amount."""
    return missing if amount is None else format_amount(amount, unit)


def _number(amount: Decimal | None, unit: str) -> str:
    """Return an optional amount without its unit."""
    return "-" if amount is None else format_number(amount, unit)


def as_json(
    name: str, latest: Latest | None, health: Health, stack: Stack, now: datetime
) -> dict[str, object]:
    """Return an account as JSON; unknown values are null."""
    found: dict[str, object] = {
        "account": name,
        "condition": health.condition.name.lower(),
        "detail": health.detail,
    }
    if latest is None:
        return found
    good = latest.good
    age = None if good.balance_at is None else int((now - good.balance_at).total_seconds())
    return found | {
        "provider": latest.provider,
        "balance": good.balance,
        "unit": good.unit,
        "balance_at": good.balance_at,
        "age_seconds": age,
        "polled_at": latest.polled_at,
        "is_watched_closely": stack.is_watched_closely(latest),
        "outcome": latest.outcome.value,
        "reason": latest.reason,
        "failing_since": latest.failing_since,
        "retry_at": latest.retry_at,
        "thresholds": {
            limit: value
            for limit in Thresholds._fields
            if (value := getattr(latest.thresholds, limit)) is not None
        },
        **_details_as_json(good),
        "top_up_url": latest.top_up_url,
    }


def _details_as_json(good: LastGood) -> dict[str, object]:
    """Return what the last good poll says beside the balance."""
    between, top_up = good.empty_between, good.last_top_up
    return {
        "wallet": good.wallet,
        "other_wallets": {
            other: {"remaining": wallet.remaining, "unit": wallet.unit}
            for other, wallet in good.others.items()
        },
        "runway_hours": good.runway_hours,
        "at_least_hours": good.at_least_hours,
        "empty_at": good.empty_at,
        "empty_between": between and {"from": between[0], "to": between[1]},
        "burn_per_day": good.burn_per_day,
        "burn_basis": good.burn_basis,
        "last_top_up": top_up and {"at": top_up.at, "amount": top_up.amount},
        "resets_at": good.resets_at,
        "credit_expires_at": good.credit_expires_at,
        "tops_up_itself": good.tops_up_itself,
        "top_up_due_since": good.top_up_due_since,
        "pushed_by": good.pushed_by,
    }
