"""Lambda: unguessable temporary credentials for functions.

MiniStack derives a function's credentials from its ARN and role, so any process on the machine
could compute them.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Any, Final

from ministack.core import lambda_runtime
from ministack.services import lambda_svc, sts

from balancectl.localcloud.emulator.settings import ServerSettings

_SALT: Final = secrets.token_bytes(32)


def apply(_settings: ServerSettings) -> None:
    """Install the patch."""
    lambda_runtime.execution_credentials = _credentials
    lambda_svc.execution_credentials = _credentials


def _credentials(config: dict[str, Any]) -> dict[str, str]:
    """Return credentials of the function's role, the same for every start of the function."""
    function, role = config["FunctionArn"], config["Role"]
    account, role_name = role.split(":")[4], role.rsplit("/", 1)[-1]
    access_key = f"ASIA{_derive('key', function, role)[:16].upper()}"
    secret_key, token = _derive("secret", function, role), _derive("token", function, role)
    sts.register_session(
        access_key,
        {
            "Arn": f"arn:aws:sts::{account}:assumed-role/{role_name}/{config['FunctionName']}",
            "UserId": f"{role_name}:{config['FunctionName']}",
            "SecretAccessKey": secret_key,
            "SessionToken": token,
        },
    )
    return {
        "AWS_ACCESS_KEY_ID": access_key,
        "AWS_SECRET_ACCESS_KEY": secret_key,
        "AWS_SESSION_TOKEN": token,
    }


def _derive(*parts: str) -> str:
    """Return a text that only this process can derive from ``parts``."""
    return hmac.new(_SALT, "\n".join(parts).encode(), hashlib.sha256).hexdigest()
