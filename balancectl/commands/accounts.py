"""Account names from the command line, checked against the deployment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from botocore.exceptions import ClientError

from balancectl.cli.errors import CliError, is_denied
from balancectl.cli.formatting import did_you_mean
from balancectl.cli.output import print_warning
from balancectl.deployment.accounts import Stack, read_stack
from balancectl.deployment.target import Target


def known_stack(target: Target) -> Stack | None:
    """Return the deployment's accounts; warn and return None if access is denied."""
    try:
        return read_stack(target)
    except ClientError as exc:
        if not is_denied(exc):
            raise
        print_warning("account names are not checked: access denied (scheduler:GetSchedule)")
        return None


def require_accounts(stack: Stack | None, accounts: Iterable[str], *, force: bool = False) -> None:
    """Refuse names that are not accounts of the deployment; with ``force``, only warn.

    Raises:
        CliError: With the closest name that is configured.
    """
    for problem in _unknown(stack, accounts):
        if not force:
            raise CliError(f"{problem}; pass --force to accept it")
        print_warning(problem)


def warn_unknown(stack: Stack | None, accounts: Iterable[str]) -> None:
    """Warn about names that are not accounts of the deployment."""
    for problem in _unknown(stack, accounts):
        print_warning(problem)


def _unknown(stack: Stack | None, accounts: Iterable[str]) -> Iterator[str]:
    """Yield a sentence for every name that is not an account."""
    if stack is None:
        return
    for account in accounts:
        if account not in stack.accounts:
            hint = did_you_mean(account, stack.accounts)
            yield f"no account '{account}' is configured{'; ' if hint else ''}{hint}"
