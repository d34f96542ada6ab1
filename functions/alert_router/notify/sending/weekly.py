"""Send the weekly reports: to each subscriber at most once, and only about its accounts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from alert_router.incidents.incident import ConflictError, IncidentKey, Scope
from alert_router.incidents.snapshot import EnrichmentError
from alert_router.incidents.subscriber import Form, Subscriber
from alert_router.notify.context import RouterContext
from alert_router.notify.sending.publish import publish
from alert_router.reports.message import report_message
from alert_router.reports.period import Period
from alert_router.reports.report import Facts, Report, report
from alert_router.reports.sent import SentReport
from shared.records import DayTotals, Latest


def send_reports(context: RouterContext, due: datetime) -> None:
    """Send the reports that were due then to subscribers who have not got them.

    A report is marked before it is published: a crash in between loses one week's report, and no
    retry sends it twice.

    Raises:
        EnrichmentError, botocore.exceptions.ClientError: when their data cannot be read;
            nothing was sent then.
    """
    declared, _ = context.alert_table.subscribers()
    names, accounts = context.open_reports().configuration()
    # An SMS is one line; Terraform refuses reports by SMS.
    wanted = [s for s in declared if s.name in names and s.form is not Form.SMS]
    before = {s: context.open_reports().sent(s.address) for s in wanted}
    pending = [s for s in wanted if not before[s].covers(due)]
    watched = {
        account: provider
        for account, provider in accounts.items()
        if any(subscriber.watches(account, provider) for subscriber in pending)
    }
    period = Period.before(due)
    facts = gather_facts(context, watched, period) if pending else {}
    for own, subscribers in _shares(pending, watched).items():
        weekly = report([facts[account] for account in own], period)
        _send(context, weekly, {s: before[s] for s in subscribers})


def gather_facts(
    context: RouterContext, accounts: Mapping[str, str], period: Period
) -> dict[str, Facts]:
    """Return what is known of accounts, given with their providers.

    Raises:
        EnrichmentError: when the tables cannot be read.
    """
    keys = {account: IncidentKey(Scope.ACCOUNT, account) for account in accounts}
    context.snapshots.prepare(keys.values())
    latest = {account: context.snapshots.latest(key) for account, key in keys.items()}
    readable = {account for account, key in keys.items() if context.snapshots.is_readable(key)}
    if keys and not readable:
        raise EnrichmentError("the records cannot be read")
    days = context.map_concurrently(
        lambda account: (account, context.open_reports().days(account, period.first_read)), accounts
    )
    incidents = {incident.key: incident for incident in context.alert_table.incidents()}
    metered = [a for a, record in latest.items() if record is not None and record.good.meter]
    anchors = context.open_reports().anchors(metered)
    return {
        account: Facts(
            account=account,
            provider=accounts[account],
            latest=latest[account],
            days=_with_last_day(found, latest[account]),
            incident=incidents.get(keys[account]),
            is_readable=account in readable,
            anchor_at=anchors.get(account),
        )
        for account, found in days
    }


def _with_last_day(days: Sequence[DayTotals], latest: Latest | None) -> list[DayTotals]:
    """Return an account's days; a past day may still be only in its record."""
    found = {day.day: day for day in days}
    if latest is not None and latest.day is not None:
        found.setdefault(latest.day.day, latest.day)
    return list(found.values())


def _shares(
    subscribers: Sequence[Subscriber], accounts: Mapping[str, str]
) -> dict[tuple[str, ...], list[Subscriber]]:
    """Return the subscribers by the accounts that they may see."""
    shares: dict[tuple[str, ...], list[Subscriber]] = {}
    for subscriber in subscribers:
        own = tuple(a for a, provider in accounts.items() if subscriber.watches(a, provider))
        if own:
            shares.setdefault(own, []).append(subscriber)
    return shares


def _send(
    context: RouterContext, weekly: Report, subscribers: Mapping[Subscriber, SentReport]
) -> None:
    """Publish one report to the subscribers, given with their marks, whose mark can be set."""
    to: dict[Form, list[str]] = {}
    for subscriber, before in subscribers.items():
        if _mark(context, subscriber, before, weekly):
            to.setdefault(subscriber.form, []).append(subscriber.name)
    message = report_message(weekly, context.links, context.clock())
    for form, names in to.items():
        publish(context, message, form, names)


def _mark(
    context: RouterContext, subscriber: Subscriber, before: SentReport, weekly: Report
) -> bool:
    """Mark a report as sent; return whether to send it: it is ours, and not empty."""
    marked, is_sent = before.next(weekly.period.due, is_empty=weekly.is_empty)
    try:
        context.open_reports().mark(subscriber.address, before, marked)
    except ConflictError:
        context.log.info("report left to another invocation", subscriber=subscriber.name)
        return False
    if not is_sent:
        context.log.info("report is empty", subscriber=subscriber.name)
    return is_sent
