"""Derives, from events alone, which messages people should have received.

It reads alarm transitions, silences and messages, and knows only the router's contract:

* while a problem lasts, people know about it, and how bad it is;
* once it has been over for a while, they have been notified; no end is announced of something
  that never was;
* a problem that comes and goes is announced as such, and then only once it has lasted an hour;
* no message repeats an earlier one, except once for every sender that died or could not record
  what it had published;
* every figure and every duration is a fact (:mod:`tests.simulation.figures`);
* reminders come when they are due and not before; silenced accounts are silent.

What lasts less than ``GRACE`` may be announced or not: it may be over before anybody is notified.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from alert_router.incidents.incident import problem_of
from shared.names import AlarmKind
from tests.simulation.simulation import GROUP_WAIT, RECONCILE, REPEAT, Published, Truth

#: Delivery, retries, a lease, a reconcile and the group wait, each at its longest.
GRACE = timedelta(minutes=50)

#: A reminder goes out at the first reconcile after it is due, or when its sender is replaced.
LATE = timedelta(minutes=25)

#: How far the clocks of two invocations may be apart.
_SKEW = timedelta(seconds=6)

#: How long after a poll its alarms are evaluated, at most.
_ALARM_LAG = timedelta(seconds=90)

#: How long before sending the content of a message may have been true: a transition that arrives
#: within minutes is believed, and a sender takes up to half a minute.
_TRUE_FOR = timedelta(minutes=4)

#: An alarm clears some polls after its cause; meanwhile, the record says that it is about to.
_CLEARING = timedelta(minutes=21)

_CRITICAL = {AlarmKind.CRITICAL, AlarmKind.RUNWAY_CRITICAL}
_END = {"recovered", "closed"}


class Known(NamedTuple):
    """What people know about an account."""

    level: str
    """``none``, ``setup``, ``stale`` (for an account whose record could not be read), ``warning``
    or ``critical``."""
    problems: frozenset[str] = frozenset()


_NOTHING = Known("none")


@dataclass(frozen=True)
class Said:
    """What one message said about one account."""

    at: datetime
    event: str
    severity: str
    problems: frozenset[str]
    is_reduced: bool
    """Whether the account's record could not be read, so nobody knows if it was ever set up."""
    source: Published

    @property
    def leaves(self) -> Known:
        """What people know after it."""
        if self.event in _END:
            return _NOTHING
        if self.event == "not-set-up":
            return Known("setup")
        if self.is_reduced and self.problems == {"stale"}:
            return Known("stale", self.problems)
        return Known(self.severity, self.problems)


@dataclass(frozen=True)
class Phase:
    """A period in which nothing changed for an account."""

    start: datetime
    end: datetime
    level: str
    """``none``, ``warning``, ``critical`` or ``setup``."""
    problems: frozenset[str]
    is_silenced: bool


@dataclass
class Verdict:
    """What the oracle found."""

    violations: list[str] = field(default_factory=list)
    checked: dict[str, int] = field(default_factory=dict)

    def expect(self, what: str, *, holds: bool, words: str) -> None:
        """Count a check, and record it if it failed."""
        self.checked[what] = self.checked.get(what, 0) + 1
        if not holds:
            self.violations.append(f"{what}: {words}")


def judge(truth: Truth, end: datetime) -> Verdict:
    """Check all accounts."""
    verdict = Verdict()
    for words, untrue in truth.figures:
        verdict.expect("a figure is a fact", holds=not untrue, words=f"{words}: {untrue}")
    accounts = {account for _, account, _, _ in truth.alarms} | {
        entry["account"] for m in truth.messages for entry in m.document.get("accounts", ())
    }
    for account in sorted(accounts):
        said = list(_said(truth, account))
        phases = list(_phases(truth, account, end))
        _check_order(verdict, account, said, phases, truth.deaths)
        _check_known(verdict, account, said, phases)
        _check_justified(verdict, account, said, phases)
        _check_reminders(verdict, account, said, phases)
        _check_silence(verdict, account, said, truth)
    return verdict


def _said(truth: Truth, account: str) -> Iterator[Said]:
    """Yield what was said about an account, in order."""
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
    """Split an account's time wherever its alarms or silences change."""
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
            problems = frozenset(problem_of(kind).value for kind in firing)
            yield Phase(start, at, _level(firing, is_new=is_new), problems, silenced)
        start = max(start, at)
        if kind is not None:
            (firing.add if fires else firing.discard)(kind)


def _level(firing: set[AlarmKind], *, is_new: bool) -> str:
    """Return how bad it is."""
    if not firing:
        return "none"
    if firing & _CRITICAL:
        return "critical"
    return "setup" if is_new and firing == {AlarmKind.STALE} else "warning"


def _check_order(
    verdict: Verdict,
    account: str,
    said: list[Said],
    phases: list[Phase],
    deaths: list[datetime],
) -> None:
    """Check that every message says something new or is excused, and nothing unannounced ends."""
    known = _NOTHING
    last: Said | None = None
    for message in said:
        words = f"{account} at {message.at:%d %H:%M:%S}: {message.event} {message.severity}"
        if message.event == "reminder":
            verdict.expect("a reminder is of something known", holds=known != _NOTHING, words=words)
            last = message if last is None else last
            continue
        repeats = last is not None and last.event == message.event and last.source.is_excused
        is_new = _is_new(message, known, last) or _may_be_news(message, last, phases, deaths)
        verdict.expect("a message says something new", holds=is_new or repeats, words=words)
        known, last = _after(known, message, _holding(phases, message.at)), message


def _may_be_news(
    message: Said, last: Said | None, phases: list[Phase], deaths: list[datetime]
) -> bool:
    """Whether an opening follows an end that a sender may have announced before it died."""
    if last is None or message.event != "opened":
        return False
    between = [p for p in phases if p.level == "none" and last.at < p.end and p.start < message.at]
    return any(p.start <= died <= p.end for p in between for died in deaths)


def _is_new(message: Said, known: Known, last: Said | None) -> bool:
    """Whether a message says something that people did not know."""
    if message.event in _END:
        return known.level not in ("none", "setup")
    is_worse = message.severity == "critical" and known.level in ("warning", "stale")
    match message.event:
        case "escalated":
            return is_worse or bool(message.problems - known.problems)
        case "improved":
            is_better = known.level == "critical" and message.severity == "warning"
            return is_better or bool(known.problems - message.problems)
        case "flapping":
            return last is None or last.event != "flapping"
    return known == _NOTHING or (known.level == "setup" and message.event == "opened")


def _after(known: Known, message: Said, holding: frozenset[str]) -> Known:
    """Return what people know after a message; another one ends what is about to clear."""
    if message.event in ("escalated", "flapping"):
        clearing = known.problems & holding
        return message.leaves._replace(problems=message.problems | clearing)
    return message.leaves


def _check_known(verdict: Verdict, account: str, said: list[Said], phases: list[Phase]) -> None:
    """Check that people know what holds in every phase that lasts."""
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
            known = _known_at(said, phases, moment)
            words = (
                f"{account} at {moment:%d %H:%M}: {phase.level} {sorted(phase.problems)} holds, "
                f"{known.level} {sorted(known.problems)} is known"
            )
            verdict.expect("people know what holds", holds=_is_known(phase, known), words=words)


def _is_known(phase: Phase, known: Known) -> bool:
    """Whether people know what holds; a request to set an account up ends without a message."""
    if phase.level == "none":
        return known.level in ("none", "setup")
    if phase.level == "setup":
        return known.level in ("setup", "stale")
    is_level = known.level == phase.level or (phase.level == "warning" and known.level == "stale")
    return is_level and known.problems == phase.problems


def _is_quiet(said: list[Said], phase: Phase, moment: datetime) -> bool:
    """Whether people know that a problem comes and goes, and its end is due after an hour."""
    before = [m for m in said if m.at <= moment and m.event != "reminder"]
    flaps = bool(before) and before[-1].event == "flapping"
    return flaps and moment < phase.start + timedelta(hours=1) + LATE


def _check_justified(verdict: Verdict, account: str, said: list[Said], phases: list[Phase]) -> None:
    """Check that what a message says was true just before, and after the last announced end."""
    known = _NOTHING
    ended_at: datetime | None = None
    for message in said:
        since = message.at - (GRACE if message.source.is_unsure else _TRUE_FOR)
        if ended_at is not None and message.event not in _END:
            since = max(since, ended_at)
        lately = [p for p in phases if p.start <= message.at and p.end > since]
        words = (
            f"{account} at {message.at:%d %H:%M}: {message.event} {message.severity} "
            f"{sorted(message.problems)}, {[(p.level, sorted(p.problems)) for p in lately]}"
        )
        holds = _is_justified(message, known, lately)
        verdict.expect("a message is true", holds=holds, words=words)
        if message.event != "reminder":
            known = _after(known, message, _holding(phases, message.at))
        ended_at = message.at if message.event in _END else ended_at


def _is_justified(message: Said, known: Known, lately: list[Phase]) -> bool:
    """Whether everything that a message says was recently true."""
    levels = {phase.level for phase in lately}
    if message.event in _END:
        return "none" in levels
    if message.event == "not-set-up":
        return "setup" in levels
    ended = known.problems - message.problems if message.event == "improved" else frozenset()
    is_critical = "critical" in levels or ("low" in message.problems and "warning" in levels)
    return (
        (is_critical if message.severity == "critical" else levels != {"none"})
        and all(any(problem in phase.problems for phase in lately) for problem in message.problems)
        and all(any(problem not in phase.problems for phase in lately) for problem in ended)
    )


def _check_reminders(verdict: Verdict, account: str, said: list[Said], phases: list[Phase]) -> None:
    """Check that reminders come when they are due, and not before."""
    repeats = {severity.value: length for severity, length in REPEAT.items()}
    for before, message in pairwise(said):
        if message.event == "reminder" and not before.source.is_excused:
            early = message.at - before.at + _SKEW < repeats[message.severity]
            words = f"{account} at {message.at:%d %H:%M}"
            verdict.expect("a reminder is not early", holds=not early, words=words)
    for phase in _merged(phases):
        if phase.is_silenced or phase.level not in repeats:
            continue
        _check_gaps(verdict, account, [m.at for m in said], phase, repeats[phase.level])


def _check_gaps(
    verdict: Verdict, account: str, times: list[datetime], phase: Phase, repeat: timedelta
) -> None:
    """Check that a lasting phase has no longer gap between messages than a reminder allows."""
    within = [at for at in times if phase.start < at < phase.end]
    before = [at for at in times if at <= phase.start]
    edges = [*before[-1:], *within, max(phase.start, phase.end - _CLEARING)]
    for earlier, later in pairwise(edges):
        gap = later - max(earlier, phase.start)
        words = f"{account} from {earlier:%d %H:%M} to {later:%d %H:%M}"
        holds = gap <= max(repeat, GRACE) + LATE
        verdict.expect("a reminder comes when it is due", holds=holds, words=words)


def _check_silence(verdict: Verdict, account: str, said: list[Said], truth: Truth) -> None:
    """Check that nothing is sent about a silenced account; what is on its way may arrive."""
    spans = [span for name, span in truth.silences if name == account]
    for message in said:
        silent = not message.source.is_blind and any(
            s + RECONCILE < message.at < e for s, e in spans
        )
        words = f"{account} at {message.at:%d %H:%M}: {message.event}"
        verdict.expect("silence is kept", holds=not silent, words=words)


def _known_at(said: list[Said], phases: list[Phase], moment: datetime) -> Known:
    """Return what people know at a moment."""
    known = _NOTHING
    for message in said:
        if message.at > moment:
            break
        if message.event != "reminder":
            known = _after(known, message, _holding(phases, message.at))
    return known


def _holding(phases: list[Phase], moment: datetime) -> frozenset[str]:
    """Return the problems that hold at a moment."""
    return next((p.problems for p in phases if p.start <= moment < p.end), frozenset())


def _merged(phases: list[Phase]) -> Iterator[Phase]:
    """Merge adjacent phases that are the same to people."""
    current: Phase | None = None
    for phase in phases:
        same = current and replace(current, start=phase.start, end=phase.end) == phase
        if current is not None and same and current.end == phase.start:
            current = replace(current, end=phase.end)
            continue
        if current is not None:
            yield current
        current = phase
    if current is not None:
        yield current


def summary(truth: Truth, verdict: Verdict) -> Mapping[str, object]:
    """Return the figures that sum up a run."""
    return {
        "transitions": len(truth.alarms),
        "messages": len(truth.messages),
        "checks": sum(verdict.checked.values()),
        "violations": len(verdict.violations),
        "group wait": str(GROUP_WAIT),
    }
