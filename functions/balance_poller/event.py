"""The poller's event: which accounts to poll, and the run's scheduled time. Pure.

A bad entry becomes a :class:`BadAccount` and does not affect the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final, NamedTuple

from balance_poller.poll_intervals import PollIntervals
from shared.money import NumberError, parse_number, within_limits
from shared.names import ACCOUNT_PATTERN, PUSHED, UNIT_PATTERN
from shared.records import Thresholds
from shared.times import parse_time

#: CloudWatch refuses timestamps older or further ahead (PutMetricData, API reference, read
#: 2026-11).
MAX_BEHIND: Final = timedelta(days=14)
MAX_AHEAD: Final = timedelta(hours=2)

#: As in Terraform, for accounts that set none.
_STALE_AFTER_MINUTES: Final = Decimal(30)
_LONGEST_STALENESS: Final = Decimal(7 * 24 * 60)
#: The same for pushed accounts: a day and two hours, so that a daily job may be late.
_PUSHED_STALE_AFTER_MINUTES: Final = Decimal(1_560)
_LONGEST_PUSHED_STALENESS: Final = Decimal(31 * 24 * 60)
#: As definitions may ask for; seconds.
_LONGEST_MIN_INTERVAL: Final = Decimal(86_400)


class EventError(ValueError):
    """The event is not a poller event; the text says why."""


class AccountError(ValueError):
    """An account's entry is wrong; the text names the field."""


class Account(NamedTuple):
    """One account to poll, as Terraform described it."""

    id: str
    provider: str
    secret: str
    """A Secrets Manager name or ARN, optionally ``#json_key``; empty for a pushed account."""
    params: Mapping[str, str] = {}
    wallet: str | None = None
    base_url: str | None = None
    thresholds: Thresholds = Thresholds()
    top_up_url: str | None = None
    """Overrides the provider's."""
    budget: Decimal | None = None
    """The budget for a calendar month, if the provider reports cost."""
    stale_after: timedelta = timedelta(minutes=int(_STALE_AFTER_MINUTES))
    """How long it may go without a balance before an alert."""
    unit: str | None = None
    """The unit of a pushed account's balance; None for any other."""
    min_interval: timedelta = timedelta()
    """The shortest interval that its provider allows, if that matters."""

    @property
    def is_pushed(self) -> bool:
        """Whether its balance is pushed rather than polled."""
        return self.provider == PUSHED


class BadAccount(NamedTuple):
    """An entry that cannot be polled."""

    label: str
    """The account's id, or "accounts[3]" for an entry without a usable one."""
    reason: str
    provider: str = "-"
    is_recordable: bool = False
    """Whether ``label`` is an account's id, and the first entry of that id."""


class PollEvent(NamedTuple):
    """One run: its time, its accounts, and the definitions that came with it."""

    scheduled_at: datetime
    """UTC, whole seconds; the idempotency key of the run."""
    accounts: tuple[Account, ...]
    bad_accounts: tuple[BadAccount, ...] = ()
    providers: Mapping[str, object] = {}
    shard: int = 0
    intervals: PollIntervals | None = None
    """How often accounts are due; None polls all that the event names."""
    heartbeat: bool = False
    """Whether the event is a schedule's, whose complete runs send a heartbeat."""
    is_time_invalid: bool = False
    """Whether the event had no usable time, so that ``scheduled_at`` is the current one."""


def parse_event(event: object, now: datetime) -> PollEvent:
    """Read a poller event; ``now`` (UTC) replaces an unusable scheduled time.

    Raises:
        EventError: when it has no list of accounts, or its time is too far ahead.
    """
    if not isinstance(event, Mapping) or not isinstance(event.get("accounts"), Sequence):
        raise EventError("the event has no list of accounts")
    scheduled_at = _scheduled_at(event.get("scheduled_at"), now)
    accounts, bad_accounts = _accounts(event["accounts"])
    providers = event.get("providers")
    shard = event.get("shard")
    return PollEvent(
        scheduled_at=scheduled_at or now.replace(microsecond=0),
        accounts=accounts,
        bad_accounts=bad_accounts,
        providers=providers if isinstance(providers, Mapping) else {},
        shard=shard if isinstance(shard, int) else 0,
        intervals=PollIntervals.from_minutes(
            event.get("poll_interval_minutes"), event.get("close_interval_minutes")
        ),
        heartbeat=event.get("heartbeat") is True,
        is_time_invalid=scheduled_at is None,
    )


def _scheduled_at(value: object, now: datetime) -> datetime | None:
    """Return the event's time; None when it has none, or one too long ago.

    Raises:
        EventError: when it is too far ahead. No schedule fires before its time, and a record from
            the future would be newer than every run until then.
    """
    if not isinstance(value, str):
        return None
    try:
        at = parse_time(value)
    except ValueError:
        return None
    if at - now > MAX_AHEAD:
        raise EventError(f"the event's scheduled_at, {at:%Y-%m-%d %H:%M} UTC, is in the future")
    return at.replace(microsecond=0) if at - now >= -MAX_BEHIND else None


def _accounts(entries: Sequence[object]) -> tuple[tuple[Account, ...], tuple[BadAccount, ...]]:
    """Separate valid entries from bad ones; of two with the same id, the first counts."""
    accounts: list[Account] = []
    bad: list[BadAccount] = []
    seen: set[str] = set()
    for index, entry in enumerate(entries):
        label = account_id(entry)
        if label is None:
            bad.append(BadAccount(f"accounts[{index}]", "the account's id is missing or malformed"))
            continue
        provider = _label(entry, "provider")
        if label in seen:
            bad.append(BadAccount(label, "the event names the account twice", provider))
            continue
        seen.add(label)
        try:
            accounts.append(parse_account(entry))
        except AccountError as exc:
            bad.append(BadAccount(label, str(exc), provider, is_recordable=True))
    return tuple(accounts), tuple(bad)


def parse_account(entry: object) -> Account:
    """Read one account's entry. Fields that are null count as absent, unknown ones are ignored.

    Raises:
        AccountError: naming the field that is missing or wrong.
    """
    name = account_id(entry)
    if name is None or not isinstance(entry, Mapping):
        raise AccountError("the account's id is missing or malformed")
    thresholds = Thresholds(**{field: read_number(entry, field) for field in Thresholds._fields})
    if entry.get("provider") == PUSHED:
        return Account(
            id=name,
            provider=PUSHED,
            secret="",
            thresholds=thresholds,
            top_up_url=optional_text(entry, "top_up_url"),
            stale_after=_stale_after(entry, _PUSHED_STALE_AFTER_MINUTES, _LONGEST_PUSHED_STALENESS),
            unit=_unit(entry),
        )
    return Account(
        id=name,
        provider=_required(entry, "provider"),
        secret=_required(entry, "secret"),
        params=_params(entry.get("params")),
        wallet=optional_text(entry, "wallet"),
        base_url=optional_text(entry, "base_url"),
        thresholds=thresholds,
        top_up_url=optional_text(entry, "top_up_url"),
        budget=read_number(entry, "budget"),
        stale_after=_stale_after(entry, _STALE_AFTER_MINUTES, _LONGEST_STALENESS),
        min_interval=_min_interval(entry),
    )


def account_id(entry: object, field: str = "id") -> str | None:
    """Return the account that an entry's ``field`` names, or None when it names none."""
    name = entry.get(field) if isinstance(entry, Mapping) else None
    return name if isinstance(name, str) and ACCOUNT_PATTERN.fullmatch(name) else None


def _label(entry: Any, name: str) -> str:  # noqa: ANN401 -- any JSON value
    """Return a short text of a bad entry, for its report."""
    value = entry.get(name) if isinstance(entry, Mapping) else None
    return value[:64] if isinstance(value, str) and value else "-"


def _required(entry: Mapping[str, object], name: str) -> str:
    """Return a required text."""
    text = optional_text(entry, name)
    if text is None:
        raise AccountError(f"the account's {name} is missing")
    return text


def optional_text(entry: Mapping[str, object], name: str) -> str | None:
    """Return a text, or None when it is absent, null or empty.

    Raises:
        AccountError: when it is anything else.
    """
    value = entry.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise AccountError(f"the account's {name} is not a text")
    return value


def _unit(entry: Mapping[str, object]) -> str:
    """Return a pushed account's unit."""
    unit = _required(entry, "unit")
    if not UNIT_PATTERN.fullmatch(unit):
        raise AccountError("the account's unit is neither a currency such as USD nor a word")
    return unit


def _params(value: object) -> Mapping[str, str]:
    """Return the account's parameters, with numbers and booleans as Terraform writes them."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise AccountError("the account's params are not an object")
    params: dict[str, str] = {}
    for name, param in value.items():
        match param:
            case bool():
                params[name] = "true" if param else "false"
            case str() | int() | float() | Decimal():
                params[name] = str(param)
            case _:
                raise AccountError(f"the account's params.{name} is not a text")
    return params


def _stale_after(entry: Mapping[str, object], default: Decimal, longest: Decimal) -> timedelta:
    """Return the account's staleness limit; one beyond ``longest`` counts as that."""
    minutes = read_number(entry, "stale_after_minutes")
    if minutes is None:
        minutes = default
    if minutes <= 0:
        raise AccountError("the account's stale_after_minutes must be above 0")
    return timedelta(minutes=float(min(minutes, longest)))


def _min_interval(entry: Mapping[str, object]) -> timedelta:
    """Return the shortest interval between two polls; none unless the entry has one."""
    seconds = read_number(entry, "min_interval_seconds") or Decimal(0)
    return timedelta(seconds=float(min(max(seconds, Decimal(0)), _LONGEST_MIN_INTERVAL)))


def read_number(entry: Mapping[str, object], name: str) -> Decimal | None:
    """Return a number exactly as it was written; None when it is absent or null.

    Raises:
        AccountError: when it is no number, or one that cannot be stored.
    """
    value = entry.get(name)
    if value is None:
        return None
    try:
        # The runtime parses the event's JSON with floats; their shortest form is what was written.
        return within_limits(parse_number(repr(value) if isinstance(value, float) else value))
    except NumberError as exc:
        raise AccountError(f"the account's {name}: {exc}") from None
