"""``ledger set``, ``top-up`` and ``show``: what the console showed, and what was paid since."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated

import typer

from balancectl.cli.errors import CliError
from balancectl.cli.exit_codes import ExitCode
from balancectl.cli.output import print_json, print_line, print_note, print_warning, progress
from balancectl.commands.completion import complete_account
from balancectl.commands.options import JsonOption, target_of
from balancectl.deployment.accounts import DeployedAccount, Stack, read_stack
from balancectl.deployment.polls.ledgers import change_ledger, read_ledger, spend_of
from balancectl.deployment.polls.polling import poll_shards
from balancectl.deployment.target import Target
from balancectl.views.ledger import as_json, print_statement
from shared.money import NumberError, format_amount, parse_number, within_limits
from shared.records.ledger import MAX_TOP_UPS, Anchor, DeclaredTopUp, Ledger, new_ledger
from shared.times import format_clock, parse_time

AccountArgument = Annotated[
    str,
    typer.Argument(metavar="ACCOUNT", autocompletion=complete_account, help="An account."),
]


def set_anchor(
    context: typer.Context,
    account: AccountArgument,
    amount: Annotated[
        str,
        typer.Argument(
            metavar="AMOUNT", help="The balance that the console shows now, such as 41.20."
        ),
    ],
) -> None:
    """Set the anchor of a ledger: what the provider's console shows now.

    The poller runs immediately and records today's cost so far, so that it is not subtracted
    again. Choose a quiet hour: cost that was incurred before and is reported after it is
    subtracted twice. A past time cannot be given, since its cost was not recorded.

    Prints how far the ledger was off since the previous anchor.

    Exits 0 if the cost was recorded, 1 if it could not be.
    """
    shown = _amount(amount)
    target = target_of(context)
    stack = read_stack(target)
    deployed = stack.account(account)
    unit = spend_of(stack, deployed).unit
    now = target.now().replace(microsecond=0)
    anchor = Anchor(shown, now, target.caller)
    ledger = change_ledger(target, account, lambda known: _anchored(known, deployed, unit, anchor))
    print_line(f"{account}: {format_amount(shown, unit)} at {format_clock(now, now)}", "green")
    if ledger.drifts and ledger.drifts[-1].at == now:
        drift = ledger.drifts[-1]
        expected = format_amount(drift.expected, unit)
        print_line(f"drift {format_amount(drift.amount, unit)}: the ledger said {expected}")
    _note_cost(target, stack, deployed, now)


def top_up(
    context: typer.Context,
    account: AccountArgument,
    amount: Annotated[str, typer.Argument(metavar="AMOUNT", help="The amount paid, such as 100.")],
    at: Annotated[
        str | None,
        typer.Option(
            "--at", metavar="TIME", help="When, such as 2026-11-26T09:12:00Z; default: now."
        ),
    ] = None,
    note: Annotated[
        str, typer.Option("--note", metavar="TEXT", help="For others to read, such as an invoice.")
    ] = "",
) -> None:
    """Declare a top-up of a ledger, including an automatic one.

    It must be after the anchor, whose amount has all earlier ones in it.
    """
    paid = _amount(amount)
    if paid <= 0:
        raise typer.BadParameter("a top-up is more than 0: a correction is a new anchor")
    target = target_of(context)
    stack = read_stack(target)
    unit = spend_of(stack, stack.account(account)).unit
    now = target.now().replace(microsecond=0)
    declared = DeclaredTopUp(
        paid, now if at is None else _time(at, now), target.caller, " ".join(note.split())[:200]
    )
    ledger = change_ledger(
        target, account, lambda known: _topped_up(known, target, account, declared)
    )
    left = format_amount(ledger.left, unit)
    print_line(f"{account}: topped up by {format_amount(paid, unit)}, {left} left", "green")
    print_note("the next poll publishes it")


def show(context: typer.Context, account: AccountArgument, as_json_: JsonOption = False) -> None:
    """Print a ledger as a statement: anchor, top-ups, cost of each day, and what is left."""
    target = target_of(context)
    ledger = _known(read_ledger(target, account), target, account)
    if as_json_:
        print_json(as_json(ledger))
    else:
        print_statement(ledger, target.now())


def _anchored(known: Ledger | None, account: DeployedAccount, unit: str, anchor: Anchor) -> Ledger:
    """Return the ledger with a new anchor; a new one if it is another provider's."""
    if known is None or (known.provider, known.unit) != (account.provider, unit):
        return new_ledger(account.id, account.provider, unit, anchor)
    return known.with_anchor(anchor)


def _topped_up(
    known: Ledger | None, target: Target, account: str, declared: DeclaredTopUp
) -> Ledger:
    """Return the ledger with one more top-up.

    Raises:
        CliError: When it is in the anchor already, or was declared already, or there are too many.
    """
    ledger = _known(known, target, account)
    if declared.at < ledger.anchor.at:
        raise CliError(
            f"the anchor of {ledger.anchor.at:%Y-%m-%d %H:%M} UTC is later, and has this top-up in"
            " it"
        )
    if any((each.at, each.amount) == (declared.at, declared.amount) for each in ledger.top_ups):
        raise CliError("this top-up is declared already")
    if len(ledger.top_ups) >= MAX_TOP_UPS:
        raise CliError(f"there are {MAX_TOP_UPS} top-ups: set a new anchor")
    return ledger.with_top_up(declared)


def _known(ledger: Ledger | None, target: Target, account: str) -> Ledger:
    """Return a ledger that must be there."""
    if ledger is None:
        raise CliError(
            f"account '{account}' has no anchor yet: look up what is left in the provider's"
            f" console, then `{target.command('ledger', 'set', account, 'AMOUNT')}`"
        )
    return ledger


def _note_cost(target: Target, stack: Stack, account: DeployedAccount, now: datetime) -> None:
    """Poll the account, so that today's cost is recorded, and print it."""
    shards = [shard for shard in stack.shards if shard.number == account.shard]
    with progress("noting today's cost …"):
        report = poll_shards(target, shards, {account.id}, now)
    ledger = read_ledger(target, account.id)
    if ledger is not None and ledger.anchor.day_cost is not None:
        cost = format_amount(ledger.anchor.day_cost, ledger.unit)
        print_note(f"{cost} of today's cost was reported already, and is not subtracted again")
        return
    reasons = [polled.detail for polled in report.polled if not polled.is_ok]
    print_warning(f"today's cost could not be recorded: {'; '.join(reasons) or 'no report'}")
    print_note("if no poll succeeds within the hour, set the anchor again")
    raise typer.Exit(ExitCode.NO)


def _amount(text: str) -> Decimal:
    """Read an amount."""
    try:
        return within_limits(parse_number(text))
    except NumberError as exc:
        raise typer.BadParameter(f"'{text}' is not an amount such as 41.20: {exc}") from None


def _time(text: str, now: datetime) -> datetime:
    """Read a time that has passed."""
    try:
        at = parse_time(text).replace(microsecond=0)
    except ValueError as exc:
        raise typer.BadParameter(
            f"'{text}' is not a time such as 2026-11-26T09:12:00Z: {exc}"
        ) from None
    if at > now:
        raise typer.BadParameter(f"'{text}' is in the future")
    return at
