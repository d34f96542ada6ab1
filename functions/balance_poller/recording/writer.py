"""What could not be written, as a value: a run goes on, and says so at its end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from balance_poller.aws_batches import error_code, is_rejection, send_halving

T = TypeVar("T")


class Target(StrEnum):
    """What was to be written."""

    METRICS = "metrics"
    HISTORY = "history records"
    LATEST = "latest balances"


class UnprocessedError(Exception):
    """DynamoDB kept returning entries unprocessed: the table is throttled."""


@dataclass(frozen=True, slots=True)
class WriteProblem:
    """Entries of some accounts that were not written."""

    target: Target
    accounts: tuple[str, ...]
    code: str
    """AWS's error code, or an exception's type: never its message, which may quote the entry."""
    is_whole: bool
    """Whether the service failed, rather than refused one entry."""

    @property
    def words(self) -> str:
        """The problem as a clause for the report."""
        if self.is_whole:
            return f"{self.target} of {len(self.accounts)} accounts not written: {self.code}"
        return f"{self.target} of {', '.join(self.accounts)} refused: {self.code}"


class Writer:
    """Writes batch after batch to one target, and gathers the problems.

    Once the service cannot be reached, is throttled for seconds, or refuses whatever it is sent,
    the remaining batches are not tried: each would cost the run more than it has left.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._unreachable: str | None = None
        self.problems: list[WriteProblem] = []

    def write(
        self, batch: list[T], send: Callable[[list[T]], None], account: Callable[[T], str]
    ) -> None:
        """Send ``batch``, halving it around entries that are refused."""
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
        """Note that the service took none of these."""
        self.problems.append(WriteProblem(self._target, tuple(accounts), code, is_whole=True))

    def refuse(self, account: str, code: str) -> None:
        """Note that one account's entry cannot be written."""
        self.problems.append(WriteProblem(self._target, (account,), code, is_whole=False))
