"""The deployment's settings: the environment, read once, typed. Nothing else reads it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple, TypeVar

from shared.names import DEFAULT_NAMESPACE, StackNames

#: Powertools' service: a dimension of the run metrics, which operations alarms name.
SERVICE: Final = "balance_poller"

_T = TypeVar("_T")


class SettingsError(ValueError):
    """An environment variable is missing or invalid; the text names it."""


class Settings(NamedTuple):
    """The poller's configuration; the accounts come with each event instead."""

    name: str
    """The stack's name."""
    balances_table: str
    metric_namespace: str = DEFAULT_NAMESPACE
    history_days: int = 90
    allow_http_loopback: bool = False
    """Whether a ``base_url`` may be plain http on loopback: never on AWS, where the Lambda runtime
    API listens there."""
    allow_private_addresses: bool = False
    """Whether requests may go to private addresses, such as those of services in a VPC."""
    key_hosts: frozenset[str] = frozenset()
    """Origins to which keys may be sent that ``keys set`` does not write."""
    max_in_flight: int = 100
    """The number of concurrent requests, over all providers."""
    request_timeout_seconds: float = 15
    """The timeout of one attempt, from connecting to the last byte."""
    secret_cache_seconds: float = 300

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Read ``environment``, by default the process's.

        Raises:
            SettingsError: naming the variable that is missing or wrong.
        """
        values = os.environ if environment is None else environment
        name = _text(values, "BALANCE_MONITOR_NAME", None)
        usual = cls(name, StackNames(name).balances_table)
        return cls(
            name=name,
            balances_table=_text(values, "BALANCES_TABLE", usual.balances_table),
            metric_namespace=_text(values, "METRIC_NAMESPACE", usual.metric_namespace),
            history_days=_positive(values, "HISTORY_DAYS", int, usual.history_days),
            allow_http_loopback=_flag(values, "ALLOW_HTTP_LOOPBACK"),
            allow_private_addresses=_flag(values, "ALLOW_PRIVATE_ADDRESSES"),
            key_hosts=frozenset(values.get("KEY_HOSTS", "").split()),
            max_in_flight=_positive(values, "MAX_IN_FLIGHT", int, usual.max_in_flight),
            request_timeout_seconds=_positive(
                values, "REQUEST_TIMEOUT_SECONDS", float, usual.request_timeout_seconds
            ),
            secret_cache_seconds=_positive(
                values, "SECRET_CACHE_SECONDS", float, usual.secret_cache_seconds
            ),
        )


def _text(values: Mapping[str, str], name: str, default: str | None) -> str:
    """Return a text, which is required unless it has a default."""
    text = values.get(name, "").strip() or default
    if text is None:
        raise SettingsError(f"the environment variable {name} is not set")
    return text


def _flag(values: Mapping[str, str], name: str) -> bool:
    """Return true or false; a missing variable is false."""
    match values.get(name, "").strip().lower():
        case "true":
            return True
        case "" | "false":
            return False
        case _:
            raise SettingsError(f"the environment variable {name} must be true or false")


def _positive(values: Mapping[str, str], name: str, kind: Callable[[str], _T], default: _T) -> _T:
    """Return a number above 0."""
    text = values.get(name, "").strip()
    if not text:
        return default
    try:
        number = kind(text)
    except ValueError:
        number = None
    if number is None or not 0 < float(text) < float("inf"):
        raise SettingsError(f"the environment variable {name} must be a number above 0")
    return number
