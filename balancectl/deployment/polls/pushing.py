"""Pushes balances to the deployed poller, through the alias that takes nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from botocore.exceptions import ClientError

from balancectl.cli.errors import CliError, is_missing
from balancectl.deployment.polls.polling import failure_of
from balancectl.deployment.target import Target


@dataclass(frozen=True, slots=True)
class Figure:
    """A balance to push; unit and time default to the account's own and now."""

    account: str
    balance: Decimal
    unit: str | None = None
    at: str | None = None

    def to_json(self) -> dict[str, str]:
        """Return it in the poller's form: the amount as text, so that it stays exact."""
        fields = {
            "account": self.account,
            "balance": f"{self.balance:f}",
            "unit": self.unit,
            "at": self.at,
        }
        return {name: value for name, value in fields.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Answer:
    """The poller's response to a push."""

    pushed: Sequence[Mapping[str, Any]]
    """Account, balance, unit and time of each accepted push."""
    refused: Mapping[str, str]
    """The reason by account."""


def push(target: Target, figures: Sequence[Figure]) -> Answer:
    """Push ``figures`` in one invocation.

    Raises:
        CliError: When there is no alias, or the poller refuses the whole event.
    """
    function = target.names.poller_function
    event = {"pushes": [each.to_json() for each in figures], "by": target.identity[1]}
    try:
        answer = target.functions.invoke(
            FunctionName=function,
            Qualifier=target.names.push_alias,
            Payload=json.dumps(event).encode(),
        )
    except ClientError as exc:
        if is_missing(exc):
            raise CliError(
                f"{function} takes no pushes in {target.region_name}: check --name and --region, or"
                ' declare an account with provider = "pushed" and deploy'
            ) from exc
        raise
    payload = answer["Payload"].read()
    if answer.get("FunctionError"):
        raise CliError(failure_of(payload))
    return _parse(payload)


def _parse(payload: bytes) -> Answer:
    """Parse the poller's response."""
    try:
        found = json.loads(payload)
        refused = {str(each["account"]): str(each["reason"]) for each in found["refused"]}
        return Answer([dict(each) for each in found["pushed"]], refused)
    except (ValueError, KeyError, TypeError) as exc:
        raise CliError(
            f"the poller's answer is none to a push ({type(exc).__name__}): are balancectl and the"
            " deployment of different versions?"
        ) from None
