"""The secret with the channels' addresses: a JSON object by channel."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from shared.secret import Secret

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient


class ChannelsError(Exception):
    """The addresses cannot be read. The text quotes nothing of them."""


def read_addresses(client: SecretsManagerClient, secret_id: str) -> Mapping[str, Secret]:
    """Return the addresses by channel; none where the secret has no value yet.

    Raises:
        ChannelsError: when the secret is not a JSON object.
        botocore.exceptions.ClientError, BotoCoreError: when it cannot be read.
    """
    try:
        text = client.get_secret_value(SecretId=secret_id).get("SecretString", "")
    except client.exceptions.ResourceNotFoundException:
        return {}
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise ChannelsError(f"the secret {secret_id} is not a JSON object")
    return {name: Secret(value) for name, value in document.items() if isinstance(value, str)}
