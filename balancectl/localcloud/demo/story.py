"""The demo's story as data: events, and the messages that each subscriber must receive."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Final

from balancectl.localcloud.cloud import LocalCloud, Plan, Step
from balancectl.localcloud.inbox import Message
from balancectl.localcloud.providers.accounts import Account, Condition
from shared.names import Severity, Status

TEAM: Final = "team@example.com"
CRAWLERS: Final = "crawlers@example.com"
ON_CALL: Final = "+4915112345678"
OPERATIONS: Final = "platform@example.com"
#: What each subscriber receives, as configured below.
SUBSCRIBERS: Final = {
    TEAM: "e-mail: all alerts",
    ON_CALL: "SMS: critical alerts",
    CRAWLERS: "e-mail: alerts about Firecrawl",
    OPERATIONS: "e-mail: failures of the monitor itself",
}

REPEAT_HOURS: Final = 4
DIGEST_ABOVE: Final = 3


@dataclass(frozen=True, slots=True)
class Expected:
    """A message that a subscriber must receive."""

    to: str
    status: Status
    severity: Severity
    contains: tuple[str, ...]
    """Texts that its subject or body must contain."""

    def is_met_by(self, message: Message) -> bool:
        """Whether ``message`` is this one."""
        text = f"{message.subject}\n{message.body}".lower()
        return (
            message.endpoint == self.to
            and message.attribute("status") == self.status
            and message.attribute("severity") == self.severity
            and all(words.lower() in text for words in self.contains)
        )

    def __str__(self) -> str:
        what = f"{self.severity} {self.status} for {self.to}"
        return f"{what} that contains {' and '.join(map(repr, self.contains))}"


def _do_nothing(_cloud: LocalCloud) -> None:
    """Do nothing."""


@dataclass(frozen=True, slots=True)
class Beat:
    """One step of the story: an event, a wait, and the expected messages."""

    text: str
    act: Callable[[LocalCloud], None] = _do_nothing
    wait: timedelta | None = None
    """None: until the next poll."""
    expected: tuple[Expected, ...] = ()
    why_no_message: str = ""
    """Why no message is sent, where that may surprise."""

    def play(self, cloud: LocalCloud) -> Step:
        """Play it in ``cloud``, and return the resulting step."""
        self.act(cloud)
        return cloud.next_poll() if self.wait is None else cloud.pass_time(self.wait)


@dataclass(frozen=True, slots=True)
class Chapter:
    """A sequence of beats."""

    title: str
    beats: tuple[Beat, ...] = field(default_factory=tuple)


def differences(expected: Sequence[Expected], messages: Sequence[Message]) -> list[str]:
    """Return how ``messages`` differ from ``expected``; each is expected once."""
    left = list(messages)
    found = []
    for one in expected:
        match = next((message for message in left if one.is_met_by(message)), None)
        if match is None:
            found.append(f"missing: {one}")
        else:
            left.remove(match)
    found += [f"not expected: to {message.endpoint}: {message.subject}" for message in left]
    return found


def _account(name: str, provider: str, balance: str, key: str) -> Account:
    return Account(name, provider, f"{key}-{name}-d3m0k3y", Decimal(balance))


def _set_balance(account: str, balance: str) -> Callable[[LocalCloud], None]:
    """Return an event that sets the balance of ``account``."""
    return lambda cloud: cloud.providers.set_balance(account, Decimal(balance))


def _revoke_key(cloud: LocalCloud) -> None:
    cloud.providers.set_condition("mydisct-solver", Condition.REVOKED)


def _store_new_key(cloud: LocalCloud) -> None:
    key = cloud.providers.replace_key("mydisct-solver")
    cloud.deployment.import_keys({"mydisct-solver": key})


def _spend_everywhere(cloud: LocalCloud) -> None:
    for name, balance in BUSY_NIGHT.items():
        cloud.providers.set_balance(name, Decimal(balance))


BUSY_NIGHT: Final = {
    "browser-use-agents": "7.50",
    "browser-use-legacy": "8.40",
    "firecrawl-crawler": "4200",
    "firecrawl-research": "900",
}

PLAN: Final = Plan(
    accounts=(
        _account("openrouter-main", "openrouter", "42.00", "sk-or"),
        _account("openrouter-eval", "openrouter_key", "18.00", "sk-or"),
        _account("browser-use-agents", "browser_use", "25.00", "bu"),
        _account("browser-use-legacy", "browser_use_v1", "50.00", "bu"),
        _account("firecrawl-crawler", "firecrawl", "48000", "fc"),
        _account("firecrawl-research", "firecrawl_v1", "9000", "fc"),
        _account("mydisct-solver", "mydisct_bbre", "125.50", "bbre"),
    ),
    settings={
        "openrouter-main": {"warning": 20, "critical": 5},
        "openrouter-eval": {"warning": 2},
        "browser-use-agents": {"warning": 10, "critical": 2},
        "browser-use-legacy": {"warning": 10},
        "firecrawl-crawler": {"warning": 5000, "critical": 1000},
        "firecrawl-research": {"warning": 1000},
        "mydisct-solver": {"warning": 25, "critical": 5, "stale_after_minutes": 10},
    },
    variables={
        "poll_interval_minutes": 5,
        "close_interval_minutes": 0,
        "reconcile_interval_minutes": 5,
        "group_wait_seconds": 1,
        "digest_above": DIGEST_ABOVE,
        "repeat_hours": {"critical": REPEAT_HOURS},
        "subscribers": {
            "team": {"protocol": "email", "endpoint": TEAM},
            "on-call": {"protocol": "sms", "endpoint": ON_CALL, "severities": ["critical"]},
            "crawlers": {
                "protocol": "email",
                "endpoint": CRAWLERS,
                "providers": ["firecrawl", "firecrawl_v1"],
            },
        },
        "operations_subscribers": {"platform": {"protocol": "email", "endpoint": OPERATIONS}},
    },
)

CHAPTERS: Final = (
    Chapter(
        "One account runs dry, the others do not",
        (
            Beat("A task spends most of openrouter-main: 14.20 USD of 42.00 are left.",
                 _set_balance("openrouter-main", "14.20"),
                 expected=(
                     Expected(TEAM, Status.FIRING, Severity.WARNING,
                              ("openrouter-main", "14.20 USD")),
                 )),
            Beat("Spending continues: 3.20 USD are left. Below 5.00 is critical.",
                 _set_balance("openrouter-main", "3.20"),
                 expected=(
                     Expected(TEAM, Status.FIRING, Severity.CRITICAL,
                              ("openrouter-main", "3.20 USD")),
                     Expected(ON_CALL, Status.FIRING, Severity.CRITICAL, ("3.20 USD",)),
                 )),
            Beat(f"{REPEAT_HOURS} hours pass without a top-up.",
                 wait=timedelta(hours=REPEAT_HOURS),
                 expected=(
                     Expected(TEAM, Status.REMINDER, Severity.CRITICAL, ("openrouter-main",)),
                     Expected(ON_CALL, Status.REMINDER, Severity.CRITICAL, ("openrouter-main",)),
                 )),
            Beat("The account is topped up by 50.00 USD.",
                 _set_balance("openrouter-main", "53.20"),
                 why_no_message="Cached balances may bounce, so recovery needs two good polls."),
            Beat("The second good poll in a row.",
                 expected=(
                     Expected(TEAM, Status.RESOLVED, Severity.CRITICAL,
                              ("openrouter-main", "53.20 USD", "topped up by 50.00")),
                     Expected(ON_CALL, Status.RESOLVED, Severity.CRITICAL, ("53.20 USD",)),
                 )),
        ),
    ),
    Chapter(
        "A key is revoked",
        (
            Beat("The provider revokes the key of mydisct-solver. Its balance is now unknown, "
                 "which is not the same as low.",
                 _revoke_key,
                 why_no_message="A single failure is not worth a message."),
            Beat("Still rejected.", why_no_message="The account's stale_after_minutes is 10 ..."),
            Beat("Still rejected.", why_no_message="... and CloudWatch reads two more periods."),
            Beat("Rejected for the fourth time.",
                 expected=(
                     Expected(TEAM, Status.FIRING, Severity.WARNING,
                              ("mydisct-solver", "the key was rejected", "INVALID_API_KEY")),
                 )),
            Beat("A new key is stored with `balancectl keys import`.",
                 _store_new_key,
                 expected=(
                     Expected(TEAM, Status.RESOLVED, Severity.WARNING, ("mydisct-solver",)),
                 )),
        ),
    ),
    Chapter(
        "A busy night",
        (
            Beat("Four accounts cross their warning thresholds at once: one digest, not four "
                 "messages. The crawlers' team gets one for its two accounts.",
                 _spend_everywhere,
                 expected=(
                     Expected(TEAM, Status.DIGEST, Severity.WARNING, tuple(BUSY_NIGHT)),
                     Expected(CRAWLERS, Status.DIGEST, Severity.WARNING, ("firecrawl-crawler",)),
                 )),
        ),
    ),
)  # fmt: skip
