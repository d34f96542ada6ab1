"""Says what an unknown name in a variables file probably means. Pure."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from balancectl.cli.formatting import did_you_mean
from balancectl.configuration.problems import Path

_THRESHOLDS: Final = "thresholds are warning and critical, as in warning = 20"
_KEYS: Final = (
    "remove it: keys never stand in this file (store them with balancectl keys set, and revoke one"
    " that was saved here)"
)
_CREDENTIALS: Final = "AWS credentials come from the environment, such as AWS_PROFILE"
_PEOPLE: Final = (
    'people are listed in subscribers, as in team = { protocol = "email", endpoint ='
    ' "team@example.com" }'
)
_PROTOCOL: Final = "did you mean 'protocol'?"
_ENDPOINT: Final = (
    'write protocol and endpoint, as in { protocol = "email", endpoint = "team@example.com" }'
)

#: What people write for a field, by the variable that it stands in.
_FIELDS: Final[dict[str, dict[str, str]]] = {
    "accounts": {
        **dict.fromkeys(
            ("alert_at", "alert_below", "balance", "limit", "low", "low_balance", "min",
             "min_balance", "minimum", "minimum_balance", "threshold", "thresholds"),
            _THRESHOLDS,
        ),
        **dict.fromkeys(
            ("api_key", "api_key_env", "api_token", "apikey", "auth", "env", "key", "key_env",
             "password", "token"),
            _KEYS,
        ),
        **dict.fromkeys(
            ("email", "emails", "endpoint", "notify", "recipients", "subscribers"), _PEOPLE
        ),
        **dict.fromkeys(("kind", "service", "type", "vendor"), "did you mean 'provider'?"),
        **dict.fromkeys(
            ("api_base", "api_url", "base", "host", "project", "region", "url"),
            "a parameter of the provider goes into params = { … }, the address of a self-hosted"
            " service into base_url",
        ),
        **dict.fromkeys(
            ("id", "name", "title"), "the account's name stands before its brace: my-name = { … }"
        ),
        "currency": "the provider says its currency; a pushed account has unit",
        "drain_factor": "drain_sensitivity replaced it in 0.2, as in drain_sensitivity = 2",
        "enabled": "put a # before the account's lines to leave it out",
    },
    "subscribers": {
        **dict.fromkeys(("channel", "kind", "method", "type", "via"), _PROTOCOL),
        **dict.fromkeys(
            ("address", "arn", "destination", "email", "mail", "number", "phone", "sms", "target",
             "to", "url", "webhook"),
            _ENDPOINT,
        ),
    },
    "": {
        **dict.fromkeys(
            ("access_key", "aws_access_key_id", "aws_profile", "aws_secret_access_key",
             "credentials", "profile", "secret_key"),
            _CREDENTIALS,
        ),
        **dict.fromkeys(
            ("alert_email", "email", "emails", "notification_email", "notify", "phone",
             "recipients", "sms", "sns_topic", "sns_topic_arn"),
            _PEOPLE,
        ),
        **dict.fromkeys(("api_key", "api_keys", "key", "keys", "secrets"), _KEYS),
        "backend": "a backend is named on the command line: make deploy BACKEND_CONFIG=file",
    },
}  # fmt: skip
_FIELDS["operations_subscribers"] = _FIELDS["subscribers"]
_LONG_LIST: Final = 20


def unknown_field_hint(path: Path, known: Collection[str], variables: Collection[str]) -> str:
    """Return what was probably meant by the unknown field at ``path``.

    Args:
        path: The variable, the entry and the field.
        known: The fields that an entry has.
        variables: The variables that a file may set.
    """
    variable, name = path[0], path[-1]
    if hint := _FIELDS.get(variable, {}).get(name.lower()):
        return hint
    if name in variables:
        return f"{name} is a variable of its own: move it out of {variable}"
    hint = did_you_mean(name, known)
    if hint.startswith("known") and len(known) <= _LONG_LIST:
        return f"fields are {', '.join(sorted(known))}"
    return hint


def unknown_variable_hint(
    name: str, variables: Collection[str], account_fields: Collection[str]
) -> str:
    """Return what was probably meant by the unknown variable ``name``."""
    if hint := _FIELDS[""].get(name.lower()):
        return hint
    if name in account_fields:
        return f"{name} belongs to an account: move it into accounts = {{ my-account = {{ … }} }}"
    return did_you_mean(name, variables)
