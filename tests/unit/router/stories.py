"""Random stories of a few accounts, from a seed, with the router's output for each step.

A story turns everything that the router depends on: alarms that fire, clear, vanish, arrive late,
twice or never; records, silences, mute rules; refusals, conflicts, crashes. Its steps are whole
seconds and minutes, so that the router's own limits are often hit exactly. A transcript lists, for
every step, the messages with their subscribers and the reasons for saying nothing; then the stored
incidents. It is compared with a reviewed file, so whatever changes in a decision shows in a diff.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

from alert_router.events.alarm import AlarmState
from alert_router.incidents.incident import Incident
from alert_router.incidents.subscriber import Form, Subscriber
from shared.aws.dynamo import decode
from shared.names import AlarmKind
from shared.outcome import Outcome
from shared.records import Thresholds
from shared.silences import Silence
from tests.unit.router.builders import (
    AWS_ACCOUNT,
    REGION,
    alarm,
    eventbridge,
    foreign,
    latest,
    notification,
)
from tests.unit.router.world import Crash, World

ACCOUNTS = {"ada": "openrouter", "bob": "openrouter", "eve": "firecrawl"}
STEPS = 80

#: How far the clock goes between two steps, in seconds: the router's own limits are among them.
PAUSES = (0, 0, 1, 2, 3, 30, 57, 60, 62, 120, 300, 600, 720, 900, 1800, 3600, 14_400, 86_400)
#: How long ago what arrives happened, in seconds.
AGES = (0, 0, 0, 30, 120, 121, 600, 900, 3600)
KINDS = (*AlarmKind, AlarmKind.WARNING, AlarmKind.CRITICAL, AlarmKind.STALE)
HELD = frozenset({"critical"})
SUBSCRIBERS = [
    Subscriber("all", Form.EMAIL),
    Subscriber("phone", Form.SMS, severities=HELD),
    Subscriber("crawl", Form.EMAIL, providers=frozenset({"firecrawl"})),
    Subscriber("ends", Form.EVENTS, statuses=frozenset({"resolved"})),
]


class StoryWorld(World):
    """A world that writes down what happens."""

    def __init__(self, random: Random) -> None:
        here = f"arn:aws:cloudwatch:{REGION}:{AWS_ACCOUNT}:alarm:"
        super().__init__(
            group_wait=timedelta(seconds=random.choice((0, 60, 60, 60))),
            digest_above=random.choice((1, 5)),
            policy={"foreign_expiry": timedelta(days=1), "readable_alarms": here},
        )
        self.random = random
        self.lines: list[str] = []
        self.refused: dict[Form, int] = {}
        self.table.declared = SUBSCRIBERS if random.random() < 0.7 else []
        self.on_publish_form = self.refuse
        self.histories: dict[str, dict[Any, Decimal]] = {}

    def refuse(self, _: Any, form: Form, __: Any) -> None:
        """Refuse as often as asked for."""
        if self.refused.get(form, 0):
            self.refused[form] -= 1
            raise OSError("SNS says no")

    def note(self, text: str) -> None:
        """Write a line down."""
        self.lines.append(f"{self.now:%d %H:%M:%S} {text}")

    def step(self, text: str, action: Callable[[], Any]) -> None:
        """Do something, and write down what came of it."""
        sent, logged, flushed = len(self.deliveries), len(self.logged), len(self.flushes)
        self.note(text)
        try:
            failed = action()
        except Crash:
            failed = "crashed"
        except Exception as exc:  # noqa: BLE001 -- a reconcile that could not do everything
            failed = f"{type(exc).__name__}: {exc}"
        messages: dict[str, list[str]] = {}
        for delivery in self.deliveries[sent:]:
            text = f"{delivery.message.subject} [{delivery.message.status}]"
            messages.setdefault(text, []).append(f"{delivery.form} {' '.join(delivery.to)}")
        for text, to in messages.items():
            self.note(f"  {text} to {', '.join(to)}")
        for logged_text, fields in self.logged[logged:]:
            if logged_text != "message published":
                values = ", ".join(f"{k}={v}" for k, v in sorted(fields.items()))
                self.note(f"  {logged_text}: {values}")
        for at, group in self.flushes[flushed:]:
            self.note(f"  flush of {group} requested for {at:%H:%M:%S}")
        if failed:
            self.note(f"  failed: {sorted(failed) if isinstance(failed, list) else failed}")

    def stored(self) -> Iterator[str]:
        """Return what is stored of each incident; leases and budgets, too."""
        for key in sorted(self.table.items):
            item = decode(self.table.items[key])
            item.pop("history", None)  # the lines above say more
            yield json.dumps(item, sort_keys=True, default=str)
        for lease, until in sorted(self.table.leases.items()):
            yield f"lease {lease} until {until:%d %H:%M:%S}"
        for budget in sorted(self.table.budgets.values()):
            yield f"sms of {budget.name}: {len(budget.sent)}, {budget.held_back} held back"


def tell(seed: int) -> str:
    """Return the transcript of one story."""
    random = Random(seed)
    world = StoryWorld(random)
    for account, provider in ACCOUNTS.items():
        write_record(world, account, provider)
    actions = [change] * 9 + [record] * 4 + [reconcile] * 4 + [odd] * 3
    for _ in range(STEPS):
        random.choice(actions)(world)
        pause(world)
    return "\n".join([*world.lines, "", *world.stored(), ""])


def pause(world: StoryWorld) -> None:
    """Let time pass; flushes happen on the way."""
    length = timedelta(seconds=world.random.choice(PAUSES))
    end = world.now + length
    while due := sorted(flush for flush in world.flushes if flush[0] <= end):
        world.flushes.remove(due[0])
        world.now = max(world.now, due[0][0])
        request = {"kind": "flush", "group": due[0][1]}
        world.step(f"flush {due[0][1]}", lambda r=request: world.deliver(r))  # type: ignore[misc]
    world.now = end


def change(world: StoryWorld) -> None:
    """One to three alarms change."""
    random = world.random
    bodies, texts = [], []
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        state = random.choice((AlarmState.ALARM, AlarmState.ALARM, AlarmState.OK, AlarmState.OK))
        at = world.now - timedelta(seconds=random.choice(AGES))
        if random.random() < 0.15:
            state = random.choice((*AlarmState, AlarmState.ALARM))
            made = foreign(state, at=at)._replace(alarm_type="MetricAlarm")
            if random.random() < 0.3:
                arn = made.alarm_arn.replace(AWS_ACCOUNT, "999999999999")
                made = made._replace(alarm_arn=arn)
        else:
            account, kind = random.choice(sorted(ACCOUNTS)), random.choice(KINDS)
            threshold = random.choice(("5", "20", "20"))
            provider = ACCOUNTS[account]
            made = alarm(
                kind, state, account=account, at=at, provider=provider, threshold=threshold
            )
            point = f"{random.choice((3.2, 5, 12.3, 20, 62))} ({at:%d/%m/%y %H:%M:%S})"
            made = made._replace(reason=f"Threshold Crossed: 1 datapoint [{point}] was.")
        known = world.alarms.get(made.alarm_name)
        if random.random() < 0.85 and (known is None or known.changed_at <= at):
            world.alarms[made.alarm_name] = made
        write = random.choice((notification, eventbridge))
        bodies += [write(made)] * random.choice((0, 1, 1, 1, 1, 1, 2))
        texts.append(f"{made.alarm_name.removeprefix('balance-monitor/')} {state} {at:%H:%M:%S}")
    world.step(f"{len(bodies)} of: {'; '.join(texts)}", lambda: world.deliver(*bodies))


def record(world: StoryWorld) -> None:
    """An account is polled, or its record is lost."""
    account = world.random.choice(sorted(ACCOUNTS))
    if world.random.random() < 0.1:
        world.records.pop(account, None)
        world.note(f"the record of {account} is gone")
        return
    provider = ACCOUNTS[account]
    write_record(world, account, "moved" if world.random.random() < 0.05 else provider)


def write_record(world: StoryWorld, account: str, provider: str) -> None:
    """Write a record of an account."""
    random, now = world.random, world.now
    read_at = now - timedelta(seconds=random.choice((0, 0, 60, 600, 900, 901, 7200)))
    outcome = random.choice((Outcome.OK, Outcome.OK, Outcome.OK, Outcome.TRANSIENT))
    balance = random.choice((Decimal("3.20"), Decimal(5), Decimal("12.30"), Decimal(20)))
    limits = Thresholds(
        warning=random.choice((Decimal(20), Decimal(20), None)),
        critical=random.choice((Decimal(5), Decimal(5), None)),
        runway_warning_hours=random.choice((None, Decimal(24))),
        runway_critical_hours=random.choice((None, Decimal(6))),
        expiry_warning_days=random.choice((None, Decimal(7))),
    )
    is_read = random.random() < 0.85
    world.records[account] = latest(
        account,
        provider=provider,
        provider_title=provider.capitalize(),
        polled_at=now,
        outcome=outcome,
        reason=None if outcome is Outcome.OK else "HTTP 502",
        failing_since=None if outcome is Outcome.OK else read_at,
        thresholds=limits,
        balance=random.choice((balance, balance, Decimal(62))) if is_read else None,
        balance_at=read_at if is_read else None,
        at_least_hours=random.choice((None, Decimal(5), Decimal(9), Decimal(36))),
        credit_expires_at=random.choice((None, now + timedelta(days=7), now + timedelta(days=2))),
    )
    left = world.records[account].good.balance
    world.note(f"{account} at {provider} is {outcome}, {left} read at {read_at:%d %H:%M:%S}")


def reconcile(world: StoryWorld) -> None:
    """The schedule asks."""
    world.step("reconcile", world.reconcile)


def odd(world: StoryWorld) -> None:
    """Something rare happens."""
    world.random.choice(
        (delete, delete, silence, mute, refusal, refusal, conflict, crash, blind, close, ask)
    )(world)


def delete(world: StoryWorld) -> None:
    """An alarm is deleted; EventBridge tells of it, or nobody does."""
    if not world.alarms:
        return
    name = world.random.choice(sorted(world.alarms))
    made = world.alarms.pop(name)
    event = eventbridge(made) | {"detail-type": "CloudWatch Alarm Configuration Change"}
    event["time"] = world.now.isoformat()
    event["detail"] = {"alarmName": name, "operation": "delete"}
    bodies = [event] if world.random.random() < 0.6 else []
    world.step(f"{name} is deleted, {len(bodies)} event", lambda: world.deliver(*bodies))


def silence(world: StoryWorld) -> None:
    """Somebody silences an account, or ends all silences."""
    if world.table.silenced:
        world.table.silenced = []
        world.note("the silences end")
        return
    what = world.random.choice((*sorted(ACCOUNTS), "provider:openrouter", "api-*"))
    until = world.now + timedelta(hours=world.random.choice((1, 6)))
    world.table.silenced = [Silence(what, until)]
    world.note(f"{what} is silenced until {until:%d %H:%M}")


def mute(world: StoryWorld) -> None:
    """A mute rule of CloudWatch covers some alarms, or none any more."""
    names = sorted(world.alarms)
    count = min(len(names), 3)
    world.muted = set() if world.muted else set(world.random.sample(names, count))
    world.note(f"muted: {sorted(world.muted)}")


def refusal(world: StoryWorld) -> None:
    """SNS refuses some of the next messages."""
    form = world.random.choice(tuple(Form))
    world.refused[form] = world.random.choice((1, 2, 5))
    world.note(f"SNS refuses {form} {world.refused[form]} times")


def conflict(world: StoryWorld) -> None:
    """Another invocation writes an incident just before this one does."""

    def write(incident: Incident) -> None:
        world.table.before_save = lambda _: None
        key = (incident.key.scope.value, incident.key.id)
        if key in world.table.items:
            world.table.save(replace(world.table.load(incident.key)), world.now)

    world.table.before_save = write
    world.note("the next write meets a conflict")


def crash(world: StoryWorld) -> None:
    """The next invocation that publishes dies after its first message."""

    def die() -> None:
        world.after_delivery = lambda: None
        raise Crash

    world.after_delivery = die
    world.note("the next sender dies")


def blind(world: StoryWorld) -> None:
    """Records or CloudWatch cannot be read for a while."""
    if world.is_enrichment_down or world.is_cloudwatch_down:
        world.is_enrichment_down = world.is_cloudwatch_down = False
    else:
        world.is_enrichment_down = world.random.random() < 0.5
        world.is_cloudwatch_down = not world.is_enrichment_down
    down = {"records": world.is_enrichment_down, "CloudWatch": world.is_cloudwatch_down}
    world.note(f"unreadable: {[name for name, is_down in down.items() if is_down]}")


def close(world: StoryWorld) -> None:
    """Somebody closes an incident by hand."""
    account = world.random.choice(sorted(ACCOUNTS))
    request = {"kind": "close", "account": account, "at": world.now.isoformat(), "reason": "done"}
    world.step(f"{account} is closed by hand", lambda: world.deliver(request))


def ask(world: StoryWorld) -> None:
    """Somebody asks for a test message, twice."""
    account = world.random.choice(sorted(ACCOUNTS))
    request = {"kind": "test", "account": account, "at": world.now.isoformat()}
    world.step(f"a test of {account}", lambda: world.deliver(request, request))
