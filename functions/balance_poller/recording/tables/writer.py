"""Writes batches to one target; returns what could not be written, instead of raising."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import DecimalException
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from balance_poller.aws_batches import error_code, is_rejection, send_halving
from shared.aws.dynamo import encode

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

T = TypeVar("T")

#: The longest wait before each further attempt, in seconds; with full jitter, about 3 s in all.
_WAITS: Final = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2)


class Target(StrEnum):
    """The kind of entries written."""

    METRICS = "metrics"
    HISTORY = "history records"
    DAYS = "day records"
    LATEST = "latest balances"


class UnprocessedError(Exception):
    """DynamoDB kept returning entries unprocessed: the table is throttled."""


class WriteProblem(NamedTuple):
    """Entries that were not written, and why."""

    target: Target
    accounts: tuple[str, ...]
    code: str
    """AWS's error code or an exception's type, never its message, which may quote the entry."""
    is_whole: bool
    """Whether the service failed, rather than refusing one entry."""

    @property
    def words(self) -> str:
        """The problem as a clause of the report."""
        if self.is_whole:
            return f"{self.target} of {len(self.accounts)} accounts not written: {self.code}"
        return f"{self.target} of {', '.join(self.accounts)} refused: {self.code}"


class Writer:
    """Writes batches to one target, and collects the problems.

    Once the service cannot be reached, throttles for seconds or refuses everything, it skips the
    remaining batches: each would take more time than the run has left.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._unreachable: str | None = None
        self.problems: list[WriteProblem] = []
        self.superseded: list[str] = []
        """Accounts whose entry was not written because another one was there before."""

    def write(
        self, batch: list[T], send: Callable[[list[T]], None], account: Callable[[T], str]
    ) -> None:
        """Send ``batch``, halving it to isolate refused entries."""
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 -- cold start

        accounts = [account(entry) for entry in batch]
        if self._unreachable:
            self.fail(accounts, self._unreachable)
            return
        try:
            refused = send_halving(batch, send)
        except (BotoCoreError, ClientError, UnprocessedError) as exc:
            code = error_code(exc)
            if not isinstance(exc, ClientError) or is_rejection(exc):
                self._unreachable = code
            self.fail(accounts, code)
        else:
            for entry, code in refused:
                self.refuse(account(entry), code)

    def fail(self, accounts: Sequence[str], code: str) -> None:
        """Record that the service accepted none of these."""
        self.problems.append(WriteProblem(self._target, tuple(accounts), code, is_whole=True))

    def refuse(self, account: str, code: str) -> None:
        """Record that one account's entry cannot be written."""
        self.problems.append(WriteProblem(self._target, (account,), code, is_whole=False))


class Entry(NamedTuple):
    """One DynamoDB item, ready to be sent."""

    account: str
    item: dict[str, AttributeValueTypeDef]


def encode_entry(account: str, item: Mapping[str, Any], writer: Writer) -> Iterator[Entry]:
    """Yield the item's entry; if DynamoDB cannot store it, record the problem instead."""
    try:
        yield Entry(account, encode(item))
    except (TypeError, DecimalException) as exc:
        writer.refuse(account, type(exc).__name__)


def waits() -> Iterator[float]:
    """Yield the seconds to wait before each further attempt."""
    for longest in _WAITS:
        yield random.uniform(0, longest)  # noqa: S311 -- jitter, not a secret
