"""What people should have been told, worked out from what happened alone.

It reads alarms' transitions, silences and messages; of the router it knows only the contract:

* while something holds long enough, people know it, and know how bad it is;
* when it is over long enough, they have been told so; nothing is ended that was not told;
* what comes and goes is announced as that, and then not before it has held for an hour;
* no message says what was said before, except once more for every sender that died or could not
  record what it had published;
* reminders come when they are due and not before; silenced accounts are silent.

What lasts shorter than ``GRACE`` may be told or not: it may be over before anybody hears of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise

from shared.names import AlarmKind
from tests.simulation.simulation import GROUP_WAIT, REPEAT, TICK, Published, Truth

#: Delivery, retries, a lease, a tick and a group's wait, with the worst of each.
GRACE = timedelta(minutes=50)

#: A reminder goes out at the first tick after it is due, or when its sender is replaced.
LATE = timedelta(minutes=25)

#: How long after a poll its alarms are evaluated, at most.
_ALARM_LAG = timedelta(seconds=90)

#: An alarm clears some polls after its cause; meanwhile, the record says that it is about to.
_CLEARING = timedelta(minutes=30)

_CRITICAL = {AlarmKind.CRITICAL, AlarmKind.RUNWAY_CRITICAL}
_END = {"recovered", "closed"}


@dataclass(frozen=True)
class Said:
    """What one message said of one account."""

    at: datetime
    event: str
    severity: str
    problems: frozenset[str]
    is_reduced: bool
    """Whether the account's record could not be read: then nobody knows if it was ever set up."""
    source: Published

    @property
    def leaves(self) -> str:
        """What people know after it."""
        match self.event:
            case "recovered" | "closed":
                return "none"
            case "not-set-up":
                return "setup"
            case "improved":
                return "warning"
        if self.is_reduced and self.problems == {"stale"}:
            return "stale"
        return self.severity


@dataclass(frozen=True)
class Phase:
    """A time in which nothing changed for an account."""

    start: datetime
    end: datetime
    level: str
    """``none``, ``warning``, ``critical`` or ``setup``."""
    is_silenced: bool


@dataclass
class Verdict:
    """What the oracle found."""

    violations: list[str] = field(default_factory=list)
    checked: dict[str, int] = field(default_factory=dict)

    def expect(self, what: str, *, holds: bool, words: str) -> None:
        """Count a check, and keep it when it failed."""
        self.checked[what] = self.checked.get(what, 0) + 1
        if not holds:
            self.violations.append(f"{what}: {words}")


def judge(truth: Truth, end: datetime) -> Verdict:
    """Check all accounts."""
    verdict = Verdict()
    accounts = {account for _, account, _, _ in truth.alarms} | {
        entry["account"] for m in truth.messages for entry in m.document.get("accounts", ())
    }
    for account in sorted(accounts):
        said = list(_said(truth, account))
        phases = list(_phases(truth, account, end))
        _check_order(verdict, account, said)
        _check_known(verdict, account, said, phases)
        _check_justified(verdict, account, said, phases)
        _check_reminders(verdict, account, said, phases)
        _check_silence(verdict, account, said, truth)
    return verdict


def _said(truth: Truth, account: str) -> Iterator[Said]:
    """Yield what was said of an account, in order."""
    for message in truth.messages:
        for entry in message.document.get("accounts", ()):
            if entry["account"] == account:
                yield Said(
                    message.at,
                    entry["event"],
                    entry.get("severity", "warning"),
                    frozenset(entry.get("problems", ())),
                    "outcome" not in entry,
                    message,
                )


def _phases(truth: Truth, account: str, end: datetime) -> Iterator[Phase]:
    """Cut an account's time where its alarms or its silences change."""
    firing: set[AlarmKind] = set()
    changes: list[tuple[datetime, AlarmKind | None, bool]] = [
        (at, kind, fires) for at, name, kind, fires in truth.alarms if name == account
    ]
    spans = [span for name, span in truth.silences if name == account]
    changes += [(edge, None, False) for span in spans for edge in span]
    first_ok = truth.never_ok.get(account)
    if first_ok is not None:
        changes.append((first_ok, None, False))
    start = min((at for at, _, _ in changes), default=end)
    for at, kind, fires in [*sorted(changes, key=lambda change: change[0]), (end, None, False)]:
        if at > start:
            is_new = first_ok is None or start < first_ok
            silenced = any(a <= start < b for a, b in spans)
            yield Phase(start, at, _level(firing, is_new=is_new), silenced)
        start = max(start, at)
        if kind is not None:
            (firing.add if fires else firing.discard)(kind)


def _level(firing: set[AlarmKind], *, is_new: bool) -> str:
    """Say how bad it is."""
    if not firing:
        return "none"
    if firing & _CRITICAL:
        return "critical"
    return "setup" if is_new and firing == {AlarmKind.STALE} else "warning"


def _check_order(verdict: Verdict, account: str, said: list[Said]) -> None:
    """Every message says something new, or is excused; nothing ends that did not begin."""
    known, problems = "none", frozenset[str]()
    last: Said | None = None
    for message in said:
        words = f"{account} at {message.at:%d %H:%M:%S}: {message.event} {message.severity}"
        if message.event == "reminder":
            verdict.expect("a reminder is of something known", holds=known != "none", words=words)
            last = message if last is None else last
            continue
        if message.event in _END:
            is_new = known not in ("none", "setup")
        elif message.event == "escalated":
            worse = known in ("warning", "stale") and message.severity == "critical"
            is_new = worse or bool(message.problems - problems)
        elif message.event == "improved":
            is_new = known == "critical" or bool(problems - message.problems)
        elif message.event == "flapping":
            is_new = last is None or last.event != "flapping"
        else:
            is_new = known == "none" or (known == "setup" and message.event == "opened")
        repeats = last is not None and last.event == message.event and last.source.is_excused
        verdict.expect("a message says something new", holds=is_new or repeats, words=words)
        known, last = message.leaves, message
        problems = message.problems


def _check_known(verdict: Verdict, account: str, said: list[Said], phases: list[Phase]) -> None:
    """In every phase that lasts, people know what holds."""
    for phase in _merged(phases):
        settled = phase.start + GRACE
        if phase.is_silenced or phase.end <= settled:
            continue
        # The record may know a critical balance before its alarm does.
        until = phase.end - _ALARM_LAG
        moments = [settled, *(m.at for m in said if settled < m.at)]
        for moment in (at for at in moments if at < until):
            if _is_quiet(said, phase, moment):
                continue
            known = _known_at(said, moment)
            # What was asked to be set up ends without a word.
            holds = (
                known == phase.level
                or (phase.level == "none" and known == "setup")
                or (phase.level in ("warning", "setup") and known == "stale")
            )
            words = f"{account} at {moment:%d %H:%M}: {phase.level} holds, {known} is known"
            verdict.expect("people know what holds", holds=holds, words=words)


def _is_quiet(said: list[Said], phase: Phase, moment: datetime) -> bool:
    """Whether people know that it comes and goes, and that the end follows after an hour."""
    before = [m for m in said if m.at <= moment and m.event != "reminder"]
    flaps = bool(before) and before[-1].event == "flapping"
    return flaps and moment < phase.start + timedelta(hours=1) + GRACE


def _check_justified(verdict: Verdict, account: str, said: list[Said], phases: list[Phase]) -> None:
    """What a message says was so a short time before, and since people heard of an end."""
    ended_at: datetime | None = None
    for message in said:
        since = message.at - GRACE
        if ended_at is not None and message.event not in _END:
            since = max(since, ended_at)
        levels = {p.level for p in phases if p.start <= message.at and p.end > since}
        ended_at = message.at if message.event in _END else ended_at
        match message.event:
            case "recovered" | "closed":
                holds = "none" in levels
            case "not-set-up":
                holds = "setup" in levels
            case "improved":
                holds = bool(levels & {"warning", "setup"})
            case _ if message.severity == "critical":
                holds = "critical" in levels or ("low" in message.problems and "warning" in levels)
            case _:
                holds = bool(levels & {"warning", "critical", "setup"})
        words = f"{account} at {message.at:%d %H:%M}: {message.event} {message.severity}, {levels}"
        verdict.expect("a message is true", holds=holds, words=words)


def _check_reminders(verdict: Verdict, account: str, said: list[Said], phases: list[Phase]) -> None:
    """Reminders come when they are due, and not before."""
    repeats = {severity.value: length for severity, length in REPEAT.items()}
    for before, message in pairwise(said):
        if message.event == "reminder" and not before.source.is_excused:
            early = message.at - before.at < repeats[message.severity]
            words = f"{account} at {message.at:%d %H:%M}"
            verdict.expect("a reminder is not early", holds=not early, words=words)
    for phase in _merged(phases):
        if phase.is_silenced or phase.level not in repeats:
            continue
        _check_gaps(verdict, account, [m.at for m in said], phase, repeats[phase.level])


def _check_gaps(
    verdict: Verdict, account: str, times: list[datetime], phase: Phase, repeat: timedelta
) -> None:
    """Between two messages of a lasting phase there is no more than a reminder's time."""
    within = [at for at in times if phase.start < at < phase.end]
    before = [at for at in times if at <= phase.start]
    edges = [*before[-1:], *within, max(phase.start, phase.end - _CLEARING)]
    for earlier, later in pairwise(edges):
        gap = later - max(earlier, phase.start)
        words = f"{account} from {earlier:%d %H:%M} to {later:%d %H:%M}"
        holds = gap <= max(repeat, GRACE) + LATE
        verdict.expect("a reminder comes when it is due", holds=holds, words=words)


def _check_silence(verdict: Verdict, account: str, said: list[Said], truth: Truth) -> None:
    """While an account is silenced nothing is said of it; what is on its way may arrive."""
    spans = [span for name, span in truth.silences if name == account]
    for message in said:
        silent = not message.source.is_blind and any(s + TICK < message.at < e for s, e in spans)
        words = f"{account} at {message.at:%d %H:%M}: {message.event}"
        verdict.expect("silence is kept", holds=not silent, words=words)


def _known_at(said: list[Said], moment: datetime) -> str:
    """Return what people know at a moment."""
    known = "none"
    for message in said:
        if message.at > moment:
            break
        if message.event != "reminder":
            known = message.leaves
    return known


def _merged(phases: list[Phase]) -> Iterator[Phase]:
    """Put adjacent phases together that are the same to people."""
    current: Phase | None = None
    for phase in phases:
        same = current and (current.level, current.is_silenced) == (phase.level, phase.is_silenced)
        if current is not None and same and current.end == phase.start:
            current = Phase(current.start, phase.end, phase.level, phase.is_silenced)
            continue
        if current is not None:
            yield current
        current = phase
    if current is not None:
        yield current


def summary(truth: Truth, verdict: Verdict) -> Mapping[str, object]:
    """Return what a reader wants to know of a run."""
    return {
        "transitions": len(truth.alarms),
        "messages": len(truth.messages),
        "checks": sum(verdict.checked.values()),
        "violations": len(verdict.violations),
        "group wait": str(GROUP_WAIT),
    }
