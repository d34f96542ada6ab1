"""Errors as one line each: what failed, where, and the remedy. Translates those of AWS.

The text of an AWS error is cut to one line; the root group masks known keys before it prints it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from balancectl.cli.exit_codes import ExitCode
from balancectl.cli.permissions import action_of, is_read_only

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

_SIGN_IN: Final = (
    "set AWS_PROFILE or pass --profile, sign in with `aws sso login`, or set AWS_ACCESS_KEY_ID "
    "and AWS_SECRET_ACCESS_KEY"
)
_EXPIRED: Final = frozenset(
    {"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"}
)
_REJECTED: Final = frozenset(
    {
        "UnrecognizedClientException",
        "InvalidClientTokenId",
        "InvalidAccessKeyId",
        "SignatureDoesNotMatch",
        "InvalidSignatureException",
        "AuthFailure",
        "IncompleteSignature",
    }
)
_DENIED: Final = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "AuthorizationErrorException",
        "UnauthorizedOperation",
        "NotAuthorized",
    }
)
_THROTTLED: Final = frozenset(
    {
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
    }
)
_MISSING: Final = frozenset(
    {
        "ResourceNotFoundException",
        "NotFound",
        "NotFoundException",
        "AWS.SimpleQueueService.NonExistentQueue",
        "QueueDoesNotExist",
    }
)
_PERFORM: Final = re.compile(r"not authorized to perform:? ([a-z0-9-]+:[A-Za-z0-9]+)")


class CliError(Exception):
    """A failure, described in one line that a person can act on. Carries no key.

    Args:
        message: Names what failed, where, and the remedy.
        code: The exit code of the process.
    """

    def __init__(self, message: str, code: ExitCode = ExitCode.UNKNOWN) -> None:
        super().__init__(message)
        self.code = code


class StackNotFoundError(CliError):
    """Nothing is deployed under the given name in this account and Region."""

    def __init__(self, name: str, region: str, missing: str) -> None:
        super().__init__(
            f"no deployment named '{name}' in {region}: {missing} does not exist; check --name "
            f"(or BALANCE_MONITOR_NAME), --region and --profile, or deploy it with `make deploy`"
        )


def translate(exc: BaseException) -> CliError | None:  # noqa: PLR0911 -- one case, one answer
    """Return an error of AWS or its client as a CliError; None for any other error."""
    from botocore import exceptions as aws  # noqa: PLC0415 -- verify and --help need no AWS

    match exc:
        case aws.ClientError():
            return _client_error(exc)
        case aws.NoRegionError():
            return CliError("no AWS Region is set: pass --region, or set AWS_REGION")
        case aws.ProfileNotFound():
            return CliError(f"{one_line(exc)}; `aws configure list-profiles` lists the profiles")
        case aws.NoCredentialsError():
            return CliError(f"no AWS credentials were found: {_SIGN_IN}")
        case aws.PartialCredentialsError() | aws.CredentialRetrievalError():
            return CliError(f"the AWS credentials cannot be used: {one_line(exc)}; {_SIGN_IN}")
        case aws.SSOError() | aws.TokenRetrievalError():
            return CliError("the AWS sign-in has expired: run `aws sso login`, then try again")
        case aws.HTTPClientError() if "Invalid header value" in str(exc):
            # The error quotes the header: a session token, or a signature.
            return CliError("the AWS credentials contain a line break or control character")
        case aws.HTTPClientError() | aws.ConnectionError():
            return CliError(f"AWS cannot be reached: {one_line(exc)}")
        case aws.BotoCoreError():
            return CliError(f"the AWS client failed: {one_line(exc)}")
        case _:
            return None


def one_line(exc: BaseException, limit: int = 300) -> str:
    """Return the error's text on one line, at most ``limit`` characters long."""
    text = " ".join(str(exc).split()).rstrip(".")
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def code_of(exc: ClientError) -> str:
    """Return the service's error code, such as ``AccessDeniedException``."""
    return str(exc.response.get("Error", {}).get("Code", ""))


def is_missing(exc: ClientError) -> bool:
    """Whether the service answered that the resource does not exist."""
    return code_of(exc) in _MISSING


def is_denied(exc: ClientError) -> bool:
    """Whether the service denied access."""
    return code_of(exc) in _DENIED


def _client_error(exc: ClientError) -> CliError:
    """Translate an error response of a service."""
    code = code_of(exc)
    if code in _EXPIRED:
        return CliError("the AWS session token has expired: sign in again, then try again")
    if code in _REJECTED:
        return CliError(f"AWS does not accept these credentials ({code}): {_SIGN_IN}")
    if code in _DENIED:
        return _denied(exc)
    if code in _THROTTLED:
        return CliError(f"AWS is throttling {exc.operation_name}: try again in a minute")
    message = exc.response.get("Error", {}).get("Message") or "no further details"
    text = " ".join(str(message).split())[:300]
    return CliError(f"{exc.operation_name} failed: {code or 'unknown error'}: {text}")


def _denied(exc: ClientError) -> CliError:
    """Name the action that is not allowed, and the policy that would allow it."""
    named = _PERFORM.search(str(exc))
    action = named.group(1) if named else action_of(exc.operation_name)
    remedy = (
        "the deployment's read-only policy allows it (Terraform output `read_only_policy_json`)"
        if is_read_only(action)
        else "docs/balancectl.md lists what each command needs"
    )
    return CliError(f"access denied: these credentials lack {action}; {remedy}")
