"""``status``: every account's balance and condition. Read-only."""

from __future__ import annotations

from datetime import timedelta

import typer
from botocore.exceptions import ClientError

from balancectl.cli.errors import is_denied
from balancectl.cli.exit_codes import ExitCode
from balancectl.cli.output import print_json, print_warning
from balancectl.commands.options import AccountsArgument, JsonOption, target_of
from balancectl.deployment.accounts import DEFAULT_STALE_AFTER, Stack, read_stack
from balancectl.deployment.balances import read_all_latest
from balancectl.deployment.target import Target
from balancectl.views.status import as_json, print_status
from status_page.health import Condition, assess


def status(
    context: typer.Context,
    accounts: AccountsArgument = None,
    as_json_: JsonOption = False,
) -> None:
    """Show the accounts' balances and conditions, worst first.

    Exits 0 if all accounts are in order, 1 if one is not, 2 if their state is unknown.
    """
    target = target_of(context)
    stack = _stack(target, accounts)
    names = list(dict.fromkeys(accounts or stack.accounts))
    if stack.shards:
        for name in names:
            stack.account(name)
    now = target.now()
    latest = read_all_latest(target, names)
    health = {name: assess(latest.get(name), now, _stale_after(stack, name)) for name in names}
    names.sort(key=lambda name: (health[name].condition, name))
    if as_json_:
        rows = [as_json(name, latest.get(name), health[name], stack, now) for name in names]
        print_json({"accounts": rows})
    else:
        print_status(target, stack, names, latest, health, now)
    if any(health[name].condition is not Condition.OK for name in names):
        raise typer.Exit(ExitCode.NO)


def _stack(target: Target, accounts: list[str] | None) -> Stack:
    """Return the deployment's accounts; none if access is denied and accounts were named."""
    try:
        return read_stack(target)
    except ClientError as exc:
        if not accounts or not is_denied(exc):
            raise
        print_warning(
            "assuming that balances are stale after 30 min: access denied (scheduler:GetSchedule)"
        )
        return Stack(())


def _stale_after(stack: Stack, name: str) -> timedelta:
    """Return the age from which on the account's balance is stale."""
    account = stack.accounts.get(name)
    return DEFAULT_STALE_AFTER if account is None else account.stale_after
