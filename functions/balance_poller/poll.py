"""The frame around every poll: who is due, keys, questions, records, and what is said at the end.

One account's failure never stops another's. What fails as a whole (secrets, metrics, records) is
raised, after everything else was attempted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from balance_poller.credentials.store import Keys, SecretStoreError
from balance_poller.definitions.definition import DefinitionError
from balance_poller.event import Account, BadAccount, PollEvent
from balance_poller.exchange.provider import Provider
from balance_poller.exchange.reading import Reading, describe_unexpected
from balance_poller.fetching.plan import load_providers, make_plan
from balance_poller.fetching.workers import Question, ask
from balance_poller.ports import Tools
from balance_poller.recording.latest_table import LatestRead, is_done
from balance_poller.recording.records import ProviderFacts, Recorded, record
from balance_poller.report import Row, RunReport
from shared.outcome import Outcome
from shared.telemetry import redactor

#: What another key may put right: it may be stored already.
_KEY_IS_WRONG: Final = frozenset({Outcome.INVALID_KEY, Outcome.INSUFFICIENT_SCOPE})


@dataclass(slots=True)
class _Run:
    """One run, as far as it has come."""

    event: PollEvent
    tools: Tools
    deadline: float
    known: LatestRead
    providers: Mapping[str, Provider | DefinitionError] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    failed_parts: list[str] = field(default_factory=list)
    write_failures: int = 0


def poll(event: PollEvent, tools: Tools, deadline: float) -> RunReport:
    """Poll every account of ``event`` that is due, write what was found, and report.

    Args:
        event: What to poll, and the time that the run stands for.
        tools: Adapters, clock and chance.
        deadline: When (on ``tools.pace.monotonic``) asking must end, so that writing still fits.
    """
    bad = [account for account in event.bad_accounts if account.is_recordable]
    known = tools.latest.read([a.id for a in event.accounts] + [a.label for a in bad])
    run = _Run(event, tools, deadline, known)
    if known.problem:
        run.errors.append(known.problem)
        run.failed_parts.append("reading the latest balances")
    due = [account for account in event.accounts if not _is_done(run, account.id)]
    run.providers = load_providers(due, event.providers)
    readings = asyncio.run(_ask_all(run, due))
    recorded = [*_records(run, due, readings), *_bad_records(run, bad)]
    _write(run, recorded)
    return _report(run, recorded)


def _is_done(run: _Run, account: str) -> bool:
    """Whether this run was already made for the account."""
    return is_done(run.known.items.get(account), run.event.scheduled_at)


async def _ask_all(run: _Run, due: Sequence[Account]) -> dict[str, Reading]:
    """Ask about every account; where a key was rejected, once more if a new one is stored."""
    if not due:
        return {}
    tools = run.tools
    keys = await asyncio.to_thread(tools.keys.read, [account.secret for account in due])
    if any(isinstance(problem, SecretStoreError) for problem in keys.missing.values()):
        run.errors.extend(
            dict.fromkeys(str(p) for p in keys.missing.values() if isinstance(p, SecretStoreError))
        )
        run.failed_parts.append("reading secrets")
    plan = make_plan(due, run.providers, keys, allow_http_loopback=tools.allow_http_loopback)
    readings = dict(plan.readings)
    if not plan.questions:
        return readings
    async with tools.sender() as sender:
        readings |= await ask(plan.questions, sender, run.deadline, tools.pace)
        rotated = await _rotated(run, plan.questions, readings, keys)
        if rotated:
            readings |= await ask(rotated, sender, run.deadline, tools.pace)
    return readings


async def _rotated(
    run: _Run, questions: Sequence[Question], readings: Mapping[str, Reading], keys: Keys
) -> list[Question]:
    """Return the rejected questions whose key, read again, is another one."""
    rejected = [
        account
        for question in questions
        for account in question.accounts
        if readings[account.id].outcome in _KEY_IS_WRONG
    ]
    if not rejected or run.tools.pace.monotonic() >= run.deadline:
        return []
    references = {account.secret for account in rejected}
    now_stored = await asyncio.to_thread(run.tools.keys.read_again, references)
    changed = [
        account
        for account in rejected
        if account.secret in now_stored.found
        and now_stored.found[account.secret] != keys.found[account.secret]
    ]
    plan = make_plan(
        changed,
        run.providers,
        now_stored,
        allow_http_loopback=run.tools.allow_http_loopback,
    )
    return plan.questions


def _records(
    run: _Run, due: Sequence[Account], readings: Mapping[str, Reading]
) -> Iterable[Recorded]:
    """Yield what each poll leaves behind."""
    for account in due:
        reading = _without_keys(readings[account.id])
        facts = _facts(run.providers[account.provider], account.provider)
        previous = run.known.items.get(account.id)
        try:
            yield record(account, facts, reading, previous, run.event.scheduled_at)
        except Exception as exc:  # noqa: BLE001 -- one account's trouble is never another's
            # A failure computes nothing: it keeps the last good balance as it stands.
            reading = Reading(Outcome.TRANSIENT, describe_unexpected(exc))
            yield record(account, facts, reading, previous, run.event.scheduled_at)


def _without_keys(reading: Reading) -> Reading:
    """Mask keys in the reason: an answer may echo one where the definition selects a code."""
    if reading.reason is None:
        return reading
    return replace(reading, reason=redactor().clean(reading.reason))


def _bad_records(run: _Run, bad: Sequence[BadAccount]) -> Iterable[Recorded]:
    """Yield records of entries that name an account but cannot be polled."""
    for entry in bad:
        if not _is_done(run, entry.label):
            previous = run.known.items.get(entry.label)
            # An entry that does not even name its provider is still the account that it was.
            provider = previous.provider if previous and entry.provider == "-" else entry.provider
            account = Account(id=entry.label, provider=provider, secret="")
            reading = Reading(Outcome.BAD_CONFIG, entry.reason)
            facts = ProviderFacts(provider)
            yield record(account, facts, reading, previous, run.event.scheduled_at)


def _facts(provider: Provider | DefinitionError, name: str) -> ProviderFacts:
    """Return what LATEST says of a provider; a definition that cannot be read has only a name."""
    if isinstance(provider, DefinitionError):
        return ProviderFacts(name)
    return ProviderFacts(provider.definition.title, provider.definition.top_up_url)


def _write(run: _Run, recorded: Sequence[Recorded]) -> None:
    """Write metrics, then history, then LATEST: the mark that the run is done comes last."""
    tools = run.tools
    problems = tools.metrics.write([point for made in recorded for point in made.points])
    problems += tools.history.write([made.attempt for made in recorded])
    problems += tools.latest.write(
        [made.latest for made in recorded if made.latest.account not in run.known.unknown]
    )
    run.write_failures = sum(len(problem.accounts) for problem in problems)
    run.errors.extend(problem.words for problem in problems)
    whole = dict.fromkeys(problem.target for problem in problems if problem.is_whole)
    run.failed_parts.extend(f"writing {target}" for target in whole)


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
    )
