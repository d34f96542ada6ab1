"""Poll every account of an event: find those that are due, fetch, record, and report.

A failing account never stops the others. When secrets, metrics or records fail as a whole,
everything else is attempted before that is reported.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from balance_poller.definitions.definition import DefinitionError
from balance_poller.event import Account, BadAccount, PollEvent
from balance_poller.exchange.answer.reading import Reading, describe_unexpected
from balance_poller.exchange.provider import Provider
from balance_poller.fetching.fetch import BalanceFetcher, Fetched, Providers
from balance_poller.fetching.plan import load_providers
from balance_poller.recording.cloudwatch import MetricPublisher
from balance_poller.recording.records import ProviderFacts, Recorded, record
from balance_poller.recording.tables.history_table import HistoryTable
from balance_poller.recording.tables.latest_table import LatestRead, LatestTable, is_done
from balance_poller.recording.write_order import Sinks, write_all
from balance_poller.report import Row, RunReport
from shared.names import PUSHED_TITLE
from shared.outcome import Outcome
from shared.redactor import redactor

if TYPE_CHECKING:
    from balance_poller.polling.bookkeeping import Books
    from balance_poller.recording.tables.breakdown_table import BreakdownTable
    from balance_poller.recording.tables.ledger_table import LedgerTable

#: Objects between two collections: what a thousand accounts allocate, and a few MiB at most.
_UNTIL_COLLECTED: Final = 50_000


class Adapters(NamedTuple):
    """The adapters of a run, built once per process."""

    fetcher: BalanceFetcher
    latest: LatestTable
    history: HistoryTable
    metrics: MetricPublisher
    ledgers: Callable[[], LedgerTable]
    """Called only if a balance is computed, as is the next if an account becomes alarming."""
    breakdowns: Callable[[], BreakdownTable]


class _Run:
    """The state of one run.

    Args:
        event: What to poll.
        adapters: Access to providers and AWS.
        known: What is known of the accounts.
        waiting: Accounts of the event that are not due yet.
    """

    def __init__(
        self, event: PollEvent, adapters: Adapters, known: LatestRead, waiting: int
    ) -> None:
        self.event = event
        self.adapters = adapters
        self.known = known
        self.waiting = waiting
        self.providers: Providers = {}
        self.errors: list[str] = []
        self.failed_parts: list[str] = []
        self.write_failures = 0


@contextmanager
def _rarely_collecting() -> Iterator[None]:
    """Collect cyclic garbage rarely: a run makes little, and looking for it costs CPU."""
    before = gc.get_threshold()
    gc.set_threshold(_UNTIL_COLLECTED, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


@_rarely_collecting()
def poll(event: PollEvent, adapters: Adapters, deadline: float) -> RunReport:
    """Poll every account of ``event`` that is due, write the results, and report.

    An event with intervals also names accounts that are not due; only their marks are read.

    Args:
        event: What to poll, and the run's scheduled time.
        adapters: Access to providers and AWS.
        deadline: When fetching must end (on the fetcher's clock), so that there is time to write.
    """
    named = len(event.accounts)
    event = _only_due(event, adapters.latest)
    bad = [account for account in event.bad_accounts if account.is_recordable]
    known = adapters.latest.read([a.id for a in event.accounts] + [a.label for a in bad])
    run = _Run(event, adapters, known, named - len(event.accounts))
    if known.problem:
        run.errors.append(known.problem)
        run.failed_parts.append("reading the latest balances")
    due = [account for account in event.accounts if not _is_done(run, account.id)]
    clock = adapters.fetcher.limits.monotonic
    asked = [account for account in due if not account.is_pushed]
    run.providers = load_providers(asked, event.providers, lambda: clock() >= deadline)
    readings = {**_fetch(run, asked, deadline).readings, **_repeat(run, due)}
    recorded = [*_records(run, due, readings), *_bad_records(run, bad)]
    _write(run, recorded)
    _explain(run, recorded, deadline)
    return _report(run, recorded)


def _only_due(event: PollEvent, latest: LatestTable) -> PollEvent:
    """Return the event with the accounts that are due by its intervals."""
    if event.intervals is None:
        return event
    # An entry without a usable name has no mark: it is reported whenever the clock says so.
    nameless = frozenset(bad.label for bad in event.bad_accounts if not bad.is_recordable)
    shortest = {bad.label: timedelta() for bad in event.bad_accounts}
    shortest |= {account.id: account.min_interval for account in event.accounts}
    marks = latest.read_marks([*(shortest.keys() - nameless)])
    marks = marks._replace(unknown=marks.unknown | (nameless - marks.known.keys()))
    due = event.intervals.due(shortest, marks, event.scheduled_at)
    return event._replace(
        accounts=tuple(account for account in event.accounts if account.id in due),
        bad_accounts=tuple(bad for bad in event.bad_accounts if bad.label in due),
    )


def _is_done(run: _Run, account: str) -> bool:
    """Return whether the account was already polled for this run."""
    return is_done(run.known.items.get(account), run.event.scheduled_at)


def _fetch(run: _Run, due: Sequence[Account], deadline: float) -> Fetched:
    """Return a reading for every account that is due."""
    if not due:
        return Fetched({})
    fetcher = run.adapters.fetcher
    not_before = _not_before(run, due)
    books = _books(run, due)
    windows = books.windows if books else {}
    fetched = asyncio.run(fetcher.fetch(due, run.providers, not_before, deadline, windows))
    if books:
        readings = books.with_balances(due, fetched.readings, run.known.items)
        fetched = fetched._replace(readings=readings)
    if fetched.secret_errors:
        run.errors.extend(fetched.secret_errors)
        run.failed_parts.append("reading secrets")
    return fetched


def _books(run: _Run, due: Sequence[Account]) -> Books | None:
    """Return the ledgers and budgets of the accounts whose provider reports cost, if any does."""
    providers = [each for each in run.providers.values() if isinstance(each, Provider)]
    if all(provider.definition.spend is None for provider in providers):
        return None
    from balance_poller.polling.bookkeeping import open_books  # noqa: PLC0415 -- few providers

    adapters = run.adapters
    return open_books(due, run.providers, adapters.ledgers(), adapters.fetcher.limits.now())


def _repeat(run: _Run, due: Sequence[Account]) -> dict[str, Reading]:
    """Return the reading of every pushed account: its last pushed balance."""
    if not any(account.is_pushed for account in due):
        return {}
    from balance_poller.pushed import figure  # noqa: PLC0415 -- few accounts are pushed

    unread = Reading(Outcome.TRANSIENT, "the last pushed balance could not be read")
    at, known = run.event.scheduled_at, run.known
    return {
        each.id: unread
        if each.id in known.unknown
        else figure.repeat(each, known.items.get(each.id), at)
        for each in due
        if each.is_pushed
    }


def _not_before(run: _Run, due: Sequence[Account]) -> dict[str, datetime]:
    """Return the accounts whose provider asked to wait beyond this run, and until when."""
    waits = {
        account.id: run.known.items[account.id].retry_at
        for account in due
        if account.id in run.known.items
    }
    return {account: at for account, at in waits.items() if at and at > run.event.scheduled_at}


def _records(
    run: _Run, due: Sequence[Account], readings: Mapping[str, Reading]
) -> Iterable[Recorded]:
    """Yield the records of each poll."""
    at = run.event.scheduled_at
    for account in due:
        reading = _without_keys(readings[account.id])
        facts = _facts(run.providers.get(account.provider), account)
        previous = run.known.items.get(account.id)
        try:
            yield record(account, facts, reading, previous, at)
        except Exception as exc:  # noqa: BLE001 -- one account's error is never another's
            # A failure computes nothing: it keeps the last good balance.
            reading = Reading(Outcome.TRANSIENT, describe_unexpected(exc))
            yield record(account, facts, reading, previous, at)


def _without_keys(reading: Reading) -> Reading:
    """Mask keys in the reason: an answer may echo one, or a part, where a code should be."""
    if reading.reason is None:
        return reading
    words, colon, code = redactor().clean(reading.reason).rpartition(": ")
    return reading._replace(reason=f"{words}{colon}{redactor().clean_code(code)}")


def _bad_records(run: _Run, bad: Sequence[BadAccount]) -> Iterable[Recorded]:
    """Yield records of entries that name an account but cannot be polled."""
    for entry in bad:
        if not _is_done(run, entry.label):
            previous = run.known.items.get(entry.label)
            # An entry that does not even name its provider still belongs to the same account.
            provider = previous.provider if previous and entry.provider == "-" else entry.provider
            account = Account(id=entry.label, provider=provider, secret="")
            reading = Reading(Outcome.BAD_CONFIG, entry.reason)
            facts = ProviderFacts(provider)
            yield record(account, facts, reading, previous, run.event.scheduled_at)


def _facts(provider: Provider | DefinitionError | None, account: Account) -> ProviderFacts:
    """Return the provider's texts for LATEST; without a usable definition, only its name."""
    if account.is_pushed:
        return ProviderFacts(PUSHED_TITLE)
    if not isinstance(provider, Provider):
        return ProviderFacts(account.provider)
    return ProviderFacts(provider.definition.title, provider.definition.top_up_url)


def _write(run: _Run, recorded: Sequence[Recorded]) -> None:
    """Write metrics, then history, then LATEST: the mark that the run is done comes last."""
    adapters = run.adapters
    sinks = Sinks(adapters.metrics, adapters.history, adapters.latest)
    problems = write_all(sinks, recorded, run.known).problems
    run.write_failures = sum(len(problem.accounts) for problem in problems)
    run.errors.extend(problem.words for problem in problems)
    whole = dict.fromkeys(problem.target for problem in problems if problem.is_whole)
    run.failed_parts.extend(f"writing {target}" for target in whole)


def _explain(run: _Run, recorded: Sequence[Recorded], deadline: float) -> None:
    """Request breakdowns for accounts that have just become alarming."""
    if not any(made.latest.good.is_alarming for made in recorded):
        return
    from balance_poller.polling import breakdown  # noqa: PLC0415 -- a few times a month

    alarming = set(breakdown.newly_alarming(recorded, run.known.items))
    accounts = [account for account in run.event.accounts if account.id in alarming]
    adapters = run.adapters
    try:
        errors = breakdown.record_breakdowns(
            accounts, run.providers, adapters.fetcher, adapters.breakdowns, deadline
        )
    except Exception as exc:  # noqa: BLE001 -- an extra costs at most itself
        errors = [describe_unexpected(exc)]
    run.errors.extend(errors)


def _report(run: _Run, recorded: Sequence[Recorded]) -> RunReport:
    """Return one row per entry of the event, in the event's order."""
    made = {result.attempt.account: result.attempt for result in recorded}
    rows: list[Row] = []
    for account in run.event.accounts:
        if account.id in made:
            rows.append(Row.polled(made[account.id]))
        else:
            rows.append(Row.skipped(run.known.items[account.id]))
    rows += [Row.bad(entry) for entry in run.event.bad_accounts]
    return RunReport(
        scheduled_at=run.event.scheduled_at,
        shard=run.event.shard,
        rows=tuple(rows),
        errors=tuple(run.errors),
        failed_parts=tuple(dict.fromkeys(run.failed_parts)),
        write_failures=run.write_failures,
        waiting=run.waiting,
    )
