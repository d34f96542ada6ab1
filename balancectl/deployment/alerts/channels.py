"""The channels of a deployment, and tests of one."""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import ClientError

from balancectl.cli.errors import CliError, is_missing
from balancectl.deployment.subscribers.addressees import read_channels
from balancectl.deployment.target import Target
from courier.message import Subscription
from shared.text import one_line


def declared_channels(target: Target) -> list[Subscription]:
    """Return the subscribers that are channels.

    Raises:
        CliError: When there is none, so that nothing posts to one.
    """
    channels = read_channels(target)
    if not channels:
        raise CliError(
            "no subscriber is a channel: add one to `subscribers`, such as"
            ' chat = { protocol = "channel", endpoint = "ops-slack" }, and run `make deploy`'
        )
    return channels


def test_channel(target: Target, channel: str) -> str:
    """Post a test to a channel, as the deployed courier does; return why not, or nothing.

    Raises:
        CliError: When there is no courier, or it failed.
    """
    function = target.names.courier_function
    event = {"kind": "test", "channel": channel}
    try:
        answer = target.functions.invoke(FunctionName=function, Payload=json.dumps(event).encode())
    except ClientError as exc:
        if is_missing(exc):
            raise CliError(f"there is no function {function}; run `make deploy`") from exc
        raise
    payload = answer["Payload"].read()
    try:
        found: Any = json.loads(payload)
        if found["accepted"]:
            return ""
        return str(found["reason"])
    except (ValueError, KeyError, TypeError):
        raise CliError(f"{function} failed: {one_line(payload.decode(errors='replace'))}") from None
