"""Secrets Manager: no value for empty secrets, and no batch across accounts.

MiniStack gives a secret without a value an empty version that is current. On AWS it has no
version, reading it fails, and its first version becomes current whatever its labels (CreateSecret
and PutSecretValue, Secrets Manager API reference). BatchGetSecretValue does not reach secrets of
other AWS accounts, whatever their policies ("Access AWS Secrets Manager secrets from a different
account", Secrets Manager user guide). All read 2026-11.
"""

from __future__ import annotations

import json
from typing import Any, Final

from ministack.core import responses
from ministack.services import secretsmanager

from balancectl.localcloud.emulator.settings import ServerSettings

_CURRENT: Final = "AWSCURRENT"


def apply(_settings: ServerSettings) -> None:
    """Install the patch."""
    create, put = secretsmanager._create_secret, secretsmanager._put_secret_value
    batch_get = secretsmanager._batch_get_secret_value

    def create_secret(request: dict[str, Any]) -> Any:
        answer = create(request)
        if answer[0] != 200 or {"SecretString", "SecretBinary"} & request.keys():
            return answer
        secretsmanager._secrets[request["Name"]]["Versions"].clear()
        document = json.loads(answer[2])
        del document["VersionId"]
        return responses.json_response(document)

    def put_secret_value(request: dict[str, Any]) -> Any:
        _, secret = secretsmanager._resolve(request.get("SecretId"))
        is_first = bool(secret) and not secret["Versions"]
        answer = put(request)
        if answer[0] != 200 or not is_first:
            return answer
        document = json.loads(answer[2])
        secretsmanager._add_stage(secret, document["VersionId"], _CURRENT)
        stages = list(secret["Versions"][document["VersionId"]]["Stages"])
        return responses.json_response(document | {"VersionStages": stages})

    def batch_get_secret_value(request: dict[str, Any], access_key: str | None = None) -> Any:
        names = request.get("SecretIdList") or []
        foreign = [name for name in names if _is_foreign(name)]
        if not foreign:
            return batch_get(request, access_key)
        own = [name for name in names if name not in foreign]
        document: dict[str, Any] = {"SecretValues": [], "Errors": []}
        if own:
            answer = batch_get(request | {"SecretIdList": own}, access_key)
            if answer[0] != 200:
                return answer
            document |= json.loads(answer[2])
        errors = [*document["Errors"], *map(_denied, foreign)]
        return responses.json_response(document | {"Errors": errors})

    secretsmanager._create_secret = create_secret
    secretsmanager._put_secret_value = put_secret_value
    secretsmanager._batch_get_secret_value = batch_get_secret_value


def _is_foreign(secret: str) -> bool:
    """Whether an ARN names another account's secret."""
    parts = secret.split(":")
    return len(parts) > 4 and parts[0] == "arn" and parts[4] != responses.get_account_id()


def _denied(secret: str) -> dict[str, str]:
    """Return a batch's error for one secret."""
    return {
        "SecretId": secret,
        "ErrorCode": "AccessDeniedException",
        "Message": "BatchGetSecretValue does not read secrets of another account",
    }
