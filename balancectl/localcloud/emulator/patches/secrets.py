"""Secrets Manager: no value where there is none, and no batch across accounts.

MiniStack returns a secret without a value as if it had an empty one. BatchGetSecretValue does not
reach secrets of other AWS accounts, whatever their policies ("Access AWS Secrets Manager secrets
from a different account", Secrets Manager user guide, read 2026-11).
"""

from __future__ import annotations

import json
from typing import Any

from ministack.core import responses
from ministack.services import secretsmanager

from balancectl.localcloud.emulator.settings import ServerSettings

_NO_VALUE = "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT"


def apply(_settings: ServerSettings) -> None:
    """Install the patch."""
    get, batch_get = secretsmanager._get_secret_value, secretsmanager._batch_get_secret_value

    def get_secret_value(request: dict[str, Any]) -> Any:
        answer = get(request)
        if answer[0] != 200 or {"SecretString", "SecretBinary"} & json.loads(answer[2]).keys():
            return answer
        return responses.error_response_json("ResourceNotFoundException", _NO_VALUE, 400)

    def batch_get_secret_value(request: dict[str, Any], access_key: str | None = None) -> Any:
        names = request.get("SecretIdList") or []
        foreign = [name for name in names if _is_foreign(name)]
        own = [name for name in names if name not in foreign]
        if not foreign:
            return batch_get(request, access_key)
        if own:
            answer = batch_get(request | {"SecretIdList": own}, access_key)
        else:
            answer = responses.json_response({"SecretValues": [], "Errors": []})
        if answer[0] != 200:
            return answer
        document = json.loads(answer[2])
        errors = [*document.get("Errors", []), *map(_denied, foreign)]
        return responses.json_response(document | {"Errors": errors})

    secretsmanager._get_secret_value = get_secret_value
    secretsmanager._batch_get_secret_value = batch_get_secret_value


def _is_foreign(secret: str) -> bool:
    """Whether an ARN is that of another account's secret."""
    parts = secret.split(":")
    return len(parts) > 4 and parts[0] == "arn" and parts[4] != responses.get_account_id()


def _denied(secret: str) -> dict[str, str]:
    """Return a batch's error for one secret."""
    return {
        "SecretId": secret,
        "ErrorCode": "AccessDeniedException",
        "Message": "BatchGetSecretValue does not read secrets of another account",
    }
