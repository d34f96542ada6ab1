"""`balancectl check` on mistakes that only Terraform's rules find: with lines and suggestions."""

from __future__ import annotations

from pathlib import Path

import pytest

from balancectl.configuration.check import check_file
from balancectl.configuration.problems import Severity
from tests.infra.harness import ROOT

pytestmark = [pytest.mark.infra, pytest.mark.xdist_group("infra-rules")]

#: One mistake a line: the entry, and part of its error. Every line is checked with all the others.
ACCOUNTS = [
    ('a1 = { provider = "opnrouter", warning = 5 }', "Did you mean 'openrouter'?"),
    ('a2 = { provider = "OpenRouter", warning = 5 }', 'provider "OpenRouter" is not known'),
    ('a3 = { provider = "firecrwl", warning = 5 }', "Did you mean 'firecrawl'?"),
    ('a4 = { provider = "browser_use", wallet = "aditional", warning = 5 }', "'additional'?"),
    ('a5 = { provider = "openrouter" }', "nothing is watched; set at least one of warning"),
    ('a6 = { provider = "openrouter", warning = 5, critical = 20 }', "must be below warning (5)"),
    ('a7 = { provider = "openrouter", critical = 0 }', "a threshold of 0 alone never alerts"),
    ('a8 = { provider = "openrouter", warning = 5, stale_after_minutes = 6 }', "raise it to 10"),
    ('a9 = { provider = "openrouter", warning = 5, stale_after_minutes = 0 }', "more than 0"),
    ('b1 = { provider = "openrouter", runway_warning_hours = -5 }', "must be more than 0"),
    ('b2 = { provider = "openrouter", drain_sensitivity = 0.5 }', "must be from 1.2 to 10"),
    (
        'b3 = { provider = "openrouter", max_burn_per_day = 5, drain_sensitivity = 2 }',
        "keep one of",
    ),
    ('b4 = { provider = "openrouter", expiry_warning_days = 3 }', "remove it"),
    ('b5 = { provider = "openrouter", warning = 1e16 }', "must be between -1e15 and 1e15"),
    ('b6 = { provider = "openrouter", warning = 5, secret = "sk-or-canary" }', "like an API key"),
    ('b7 = { provider = "openrouter", warning = 5, secret = "a b" }', "a Secrets Manager name"),
    ('b8 = { provider = "openrouter", warning = 5, params = { regin = "eu" } }', 'param "regin"'),
    ('b9 = { provider = "openrouter", warning = 5, base_url = "http://a.com" }', "base_url must"),
    ('c1 = { provider = "openrouter", warning = 5, base_url = "a.com" }', "base_url must be https"),
    ('c2 = { provider = "openrouter", warning = 5, top_up_url = "a.com" }', "top_up_url must be"),
    ('"c 3" = { provider = "openrouter", warning = 5 }', "a name consists of letters"),
    (
        'c4 = { provider = "litellm_key", warning = 5, base_url = "https://10.0.0.5" }',
        "private netw",
    ),
    (
        'c5 = { provider = "litellm_key", warning = 5, base_url = "https://192.168.1.9:4000/v1" }',
        "set allow_private_addresses = true",
    ),
    (
        'c6 = { provider = "litellm_key", warning = 5, base_url = "https://localhost:4000" }',
        "an address of the poller itself",
    ),
    (
        'c7 = { provider = "litellm_key", warning = 5, base_url = "https://169.254.169.254/" }',
        "an address of the poller itself",
    ),
    (
        'c8 = { provider = "openrouter", warning = 5, secret = "OPENROUTER_API_KEY" }',
        "remove it and store the key with balancectl keys set",
    ),
    (
        'c9 = { provider = "anticaptcha", warning = 5, params = { host = "sk-or-canary-0" } }',
        'param "host" looks like an API key',
    ),
    ('all = { provider = "openrouter", warning = 5 }', "this name means every account"),
]
SUBSCRIBERS = [
    ('s1 = { protocol = "slack", endpoint = "https://hooks.slack.com/x" }', "use channel, with"),
    ('s2 = { protocol = "mail", endpoint = "a@example.com" }', 'protocol "mail" is not one of'),
    ('s3 = { protocol = "email", endpoint = "a at example.com" }', "must be one e-mail address"),
    ('s4 = { protocol = "sms", endpoint = "0151 12345678" }', "E.164"),
    ('s5 = { protocol = "https", endpoint = "http://example.com" }', "must be an https:// addr"),
    ('s6 = { protocol = "email", endpoint = "b@x.de", severities = ["crit"] }', 'severity "crit"'),
    ('s7 = { protocol = "email", endpoint = "c@x.de", statuses = ["open"] }', 'status "open"'),
    (
        's8 = { protocol = "email", endpoint = "d@x.de", providers = ["opnrouter"] }',
        "mean 'openrouter'?",
    ),
    ('s9 = { protocol = "email", endpoint = "e@x.de", accounts = ["nobody"] }', "nobody"),
    ('t2 = { protocol = "email", endpoint = "f@x.de", accounts = ["A1"] }', "Did you mean 'a1'?"),
    ('t3 = { protocol = "email", endpoint = "mailto:g@x.de" }', "must be one e-mail address"),
    ('t4 = { protocol = "email", endpoint = "h@x.de,i@x.de" }', "must be one e-mail address"),
    ('t5 = { protocol = "email", endpoint = "<j@x.de>" }', "must be one e-mail address"),
    ('t6 = { protocol = "email", endpoint = "k@x.de;" }', "must be one e-mail address"),
    ('t7 = { protocol = "email", endpoint = "l@x..de" }', "must be one e-mail address"),
    ('t8 = { protocol = "webhook", endpoint = "https://x.de" }', "use channel, with"),
    ('t9 = { protocol = "pagerduty", endpoint = "https://x.de" }', "use channel, with"),
    ('u1 = { protocol = "Email", endpoint = "m@x.de" }', "Did you mean 'email'?"),
    ('u2 = { protocol = "teams", endpoint = "n" }', "use channel, with"),
    ('t1 = { protocol = "sqs", endpoint = "my-queue" }', "the ARN of a standard SQS queue"),
]
VARIABLES = [
    ("poll_interval_minutes = 0", "poll_interval_minutes must be a whole number from 1 to 1440"),
    ("history_days = 5000", "history_days must be a whole number from 1 to 3650"),
    ("log_retention_days = 31", "log_retention_days must be 0, 1, 3, 5, 7, 14"),
    ("repeat_hours = { crit = 2 }", "did you mean 'critical'?|crit"),
    ("reserved_concurrency = { poler = 1 }", "did you mean 'poller'?|poler"),
    ('name = "Balance Monitor"', "name must be 2 to 40"),
    ('region = "Frankfurt"', "region|"),
    ('kms_key_arns = ["alias/key"]', "kms_key_arns must be ARNs of keys"),
    ('metric_namespace = "AWS/Balance"', "metric_namespace must be"),
    ("secret_recovery_days = 3", "secret_recovery_days must be 0, or a whole number from 7"),
    ('log_level = "verbose"', "log_level must be"),
    ('architecture = "arm"', "architecture must be"),
    ('dashboard_accounts = ["mian"]', "Did you mean 'main'?"),
]
REST = 'operations_subscribers = { ops = { protocol = "email", endpoint = "ops@example.com" } }\n'


def lines_of(text: str) -> dict[int, list[str]]:
    """Return a file's errors by line."""
    found: dict[int, list[str]] = {}
    for problem in check_file(text, "my.tfvars"):
        if problem.severity is Severity.ERROR:
            found.setdefault(problem.line or 0, []).append(problem.sentence)
    return found


def test_rules_when_many_entries_are_wrong_then_each_is_named_in_its_line() -> None:
    accounts = [f"  {entry}" for entry, _ in ACCOUNTS]
    subscribers = [f"  {entry}" for entry, _ in SUBSCRIBERS]
    text = "\n".join(["accounts = {", *accounts, "}", "subscribers = {", *subscribers, "}", REST])

    found = lines_of(text)

    for line, (entry, expected) in enumerate(ACCOUNTS, start=2):
        assert any(expected in problem for problem in found.get(line, [])), (entry, found.get(line))
    for line, (entry, expected) in enumerate(SUBSCRIBERS, start=len(ACCOUNTS) + 4):
        assert any(expected in problem for problem in found.get(line, [])), (entry, found.get(line))
    assert "canary" not in str(found)


def test_rules_when_many_variables_are_wrong_then_each_is_named_in_its_line() -> None:
    accounts = 'accounts = { main = { provider = "openrouter", warning = 5 } }\n'
    subscribers = 'subscribers = { team = { protocol = "email", endpoint = "team@example.com" } }\n'
    text = accounts + subscribers + REST + "\n".join(variable for variable, _ in VARIABLES)

    found = lines_of(text)

    for line, (variable, expected) in enumerate(VARIABLES, start=4):
        problems = found.get(line, [])
        assert any(e in p for e in expected.split("|") for p in problems), (variable, problems)


WARNED = [
    ("warning = -5", 'subscribers = { team = { protocol = "email", endpoint = "a@x.de" } }',
     "no threshold of main is above 0", 1),
    ("warning = 5", "subscribers = {}",
     "nobody would be notified when these fire: main (critical)", 2),
]  # fmt: skip


@pytest.mark.parametrize(("threshold", "subscribers", "expected", "line"), WARNED)
def test_rules_when_a_plan_would_only_warn_then_the_warning_has_its_line(
    threshold: str, subscribers: str, expected: str, line: int
) -> None:
    text = (
        f'accounts = {{ main = {{ provider = "openrouter", {threshold} }} }}\n{subscribers}\n{REST}'
    )

    found = check_file(text, "my.tfvars")

    assert [(p.line, p.severity, expected in p.text) for p in found] == [
        (line, Severity.WARNING, True)
    ]


def test_rules_when_there_are_errors_then_no_warning_follows_from_them() -> None:
    accounts = 'accounts = { main = { provider = "openrouter", warning = 5 } }\n'
    team = '{ protocol = "email", endpoint = "a@x.de", severities = ["crit"] }'

    found = check_file(f"{accounts}subscribers = {{ team = {team} }}\n{REST}", "my.tfvars")

    assert [problem.severity for problem in found] == [Severity.ERROR]


def test_examples_when_checked_then_nothing_is_wrong() -> None:
    for file in sorted(ROOT.glob("infra/**/examples/*.tfvars")):
        assert check_file(file.read_text(encoding="utf-8"), str(file)) == []


def test_json_when_checked_then_is_held_against_the_same_rules(tmp_path: Path) -> None:
    text = (
        '{\n "accounts": {\n  "main": {"provider": "opnrouter", "warning": 5}\n },\n'
        ' "subscribers": {},\n'
        ' "operations_subscribers": {"ops": {"protocol": "email", "endpoint": "o@example.com"}}\n}'
    )

    found = [
        (problem.line, problem.text)
        for problem in check_file(text, f"{tmp_path}/a.tfvars.json")
        if problem.severity is Severity.ERROR
    ]

    assert [(line, "Did you mean 'openrouter'?" in words) for line, words in found] == [(3, True)]
