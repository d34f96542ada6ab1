"""The module's variables refuse bad values: a row for each validation."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from tests.infra.harness import MODULE, ROOT, run_terraform
from tests.infra.refusals import GOOD, Refused, account, subscriber

pytestmark = [pytest.mark.infra, pytest.mark.xdist_group("infra-rules")]

ZIPS = {
    function: {"filename": str(ROOT / "tests/infra/fixtures" / f"{zip_}.zip")}
    for function, zip_ in (("poller", "balance_poller"), ("router", "alert_router"))
}
TWO_ACCOUNTS = {name: {"provider": "openrouter", "warning": 1} for name in "ab"}


def refused(name: str, value: Any, sentence: str, **others: Any) -> Refused:
    """Return a row for one variable's value."""
    what = f"{name} {json.dumps({name: value, **others})}"
    return Refused(what, name, {name: value, **others}, [sentence])


def numbers(name: str, low: float, high: float, *, whole: bool = True) -> Iterator[Refused]:
    """Yield rows for numbers outside a range, and for one that is not whole."""
    sentence = f"{name} must be {'a whole number ' if whole else ''}from {low} to {high}."
    yield refused(name, high + 1, sentence)
    yield refused(name, low - 1, sentence)
    if whole:
        yield refused(name, low + 0.5, sentence)


TABLE = [
    *numbers("poll_interval_minutes", 1, 1440),
    *numbers("max_in_flight", 1, 1000),
    *numbers("request_timeout_seconds", 1, 60, whole=False),
    *numbers("shard_size", 1, 1000),
    *numbers("digest_above", 1, 100),
    *numbers("foreign_expiry_days", 1, 365),
    *numbers("reconcile_interval_minutes", 1, 60),
    *numbers("history_days", 1, 3650),
    *numbers("poller_memory_mb", 128, 10240),
    *numbers("router_memory_mb", 128, 10240),
    *numbers("router_timeout_seconds", 10, 120),
    *numbers("poller_timeout_seconds", 20, 900),
    refused(
        "group_wait_seconds",
        901,
        "group_wait_seconds must be a whole number from 0 to 900, the longest delay of an SQS message.",
    ),
    *(
        refused(
            "name",
            name,
            "name must be 2 to 40 lower-case letters, digits and dashes, begin with a letter and not end with a dash; the names of functions and roles begin with it and have at most 64 characters.",
        )
        for name in ("Balance", "a" * 41, "a", "balance-")
    ),
    refused(
        "metric_namespace",
        "AWS/Balance",
        "metric_namespace must be at most 200 letters, digits and . _ / # -, begin with a letter or digit, and not with AWS/, which belongs to AWS.",
    ),
    refused(
        "tags",
        {"Team": "R&D"},
        "tags must consist of letters, digits, spaces and _ . : / = + - @, because IAM accepts no others; correct Team.",
    ),
    refused(
        "tags",
        {"application": "x"},
        "tags must differ from each other and from Application in more than upper and lower case, because IAM ignores case; rename one of application.",
    ),
    refused(
        "tags",
        {"aws:team": "platform"},
        "tags must have keys of 1 to 128 characters that do not begin with aws:, and values of at most 256; correct aws:team.",
    ),
    refused(
        "tags",
        {f"tag-{number}": "value" for number in range(50)},
        "tags must be at most 49: AWS accepts 50, and Application is one of them.",
    ),
    refused(
        "log_retention_days",
        31,
        "log_retention_days must be 0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653; CloudWatch accepts no other value.",
    ),
    refused(
        "kms_key_arns",
        ["arn:aws:kms:eu-central-1:123456789012:alias/mine"],
        "kms_key_arns must be ARNs of keys, such as arn:aws:kms:eu-central-1:123456789012:key/…, not of aliases; correct arn:aws:kms:eu-central-1:123456789012:alias/mine.",
    ),
    refused(
        "permissions_boundary_arn",
        "developers",
        "permissions_boundary_arn must be the ARN of an IAM policy.",
    ),
    refused(
        "secret_recovery_days", 1, "secret_recovery_days must be 0, or a whole number from 7 to 30."
    ),
    refused(
        "request_timeout_seconds",
        18,
        "request_timeout_seconds must leave the poller 5 seconds to write its results; lower it below 15, or raise poller_timeout_seconds.",
        poller_timeout_seconds=20,
    ),
    refused(
        "poller_timeout_seconds",
        60,
        "poller_timeout_seconds must be less than the time between two runs, which is 1 min, or the runs overlap; lower it, or raise poll_interval_minutes.",
        poll_interval_minutes=1,
    ),
    refused(
        "poller_timeout_seconds",
        200,
        "poller_timeout_seconds must be less than the time between two runs, which is 1 min, or the runs overlap; lower it, or raise close_interval_minutes (0 polls all accounts alike).",
        poll_interval_minutes=10,
    ),
    *(
        refused(
            "close_interval_minutes",
            value,
            "close_interval_minutes must be a whole number, 0 or more.",
        )
        for value in (-1, 2.5)
    ),
    *(
        refused(
            "close_interval_minutes",
            value,
            f"close_interval_minutes ({value}) must divide poll_interval_minutes ({interval}), so that the other accounts keep that interval; 1 always divides it, and 0 polls all accounts alike.",
            poll_interval_minutes=interval,
        )
        for value, interval in ((2, 5), (10, 5))
    ),
    refused(
        "repeat_hours",
        {"critical": -1},
        "repeat_hours must be from 0 (never) to 8760 hours (a year), for critical and for warning.",
    ),
    refused(
        "repeat_hours", {"crit": 2}, "repeat_hours has no severity crit; use critical and warning."
    ),
    refused(
        "runbook_url",
        "the wiki",
        "runbook_url must be an https:// address of at most 256 characters, without spaces, credentials or #; leave it out if you publish no runbook.",
    ),
    refused(
        "weekly_report",
        {"day": "Monday"},
        "weekly_report.day must be a day of the week in lower case, such as monday.",
    ),
    *(
        refused(
            "weekly_report",
            {"hour": hour},
            "weekly_report.hour must be a whole number from 0 to 23.",
        )
        for hour in (24, -1, 8.5)
    ),
    *(
        refused(
            "weekly_report",
            {"time_zone": zone},
            "weekly_report.time_zone must be a name of the tz database, such as UTC or Europe/Berlin.",
        )
        for zone in ("", "Europe/", "UTC; drop", "+01:00")
    ),
    refused(
        "status_page",
        True,
        "status_page is a widget of the dashboard: set enable_dashboard = true, or leave it out.",
        enable_dashboard=False,
    ),
    refused("architecture", "riscv", "architecture must be arm64 or x86_64."),
    refused("log_level", "TRACE", "log_level must be DEBUG, INFO, WARNING or ERROR."),
    refused(
        "aws_notices",
        ["guard", "health"],
        "aws_notices has no service guard; use backup, guardduty, health, securityhub.",
    ),
    refused(
        "packages",
        {**ZIPS, "poller": {"filename": "missing.zip"}},
        "packages: file not found: missing.zip; run make build, or name the zips of a release.",
    ),
    *(
        refused(
            "packages",
            {**ZIPS, "poller": zip_},
            "packages must give each function either filename, or s3_bucket and s3_key.",
        )
        for zip_ in ({**ZIPS["poller"], "s3_key": "a"}, {"s3_bucket": "a", "filename": None})
    ),
    refused(
        "packages",
        {**ZIPS, "poler": ZIPS["poller"]},
        "packages accepts only the names courier, poller, router, status_page; correct poler.",
    ),
    refused(
        "reserved_concurrency",
        {"router": 0},
        "reserved_concurrency must be -1 or a whole number of at least 1, for poller and for router; 0 would stop the function (use polling_enabled for that).",
    ),
    *(
        refused(
            "reserved_concurrency",
            {"router": few},
            "reserved_concurrency.router must be at least 3: two for batches of alarms, which is the lowest limit AWS accepts for a queue, and one for the router's own schedule; raise it, or use -1.",
        )
        for few in (1, 2)
    ),
    refused(
        "kms_key_arn",
        "alias/mine",
        "kms_key_arn must be the ARN of a key, such as arn:aws:kms:eu-central-1:123456789012:key/…, not of an alias.",
    ),
    refused(
        "reserved_concurrency",
        {"poler": 1},
        "reserved_concurrency has no function poler; use poller and router.",
    ),
    refused(
        "reserved_concurrency",
        {"poller": 2},
        "reserved_concurrency.poller must be more than the number of shards (2), which run at the same time, because balancectl poll needs one as well; raise it, or use -1.",
        shard_size=1,
        accounts=TWO_ACCOUNTS,
    ),
    *(
        refused(
            "vpc",
            vpc,
            "vpc must have at least one of subnet_ids (subnet-…) and one of security_group_ids (sg-…).",
        )
        for vpc in (
            {"subnet_ids": [], "security_group_ids": ["sg-1"]},
            {"subnet_ids": ["subnet-1"], "security_group_ids": []},
            {"subnet_ids": ["vpc-1"], "security_group_ids": ["sg-1"]},
        )
    ),
    refused(
        "accounts",
        account(crticial=1)["accounts"],
        'Account "main": there is no field crticial; correct or remove it. The fields are provider, secret, params, wallet, base_url, warning, critical, stale_after_minutes, runway_warning_hours, runway_critical_hours, max_burn_per_day, drain_sensitivity, expiry_warning_days, top_up_url, unit, budget.',
    ),
    refused(
        "accounts",
        account(drain_factor=5)["accounts"],
        'Account "main": drain_factor was replaced in 0.2; set drain_sensitivity = 2 instead (docs/upgrading.md).',
    ),
    refused(
        "key_hosts",
        ["https://api.example.com/v1"],
        'key_hosts: each entry must be an origin in lower case without a path, such as "https://api.example.com" or "https://api.example.com:8443".',
    ),
    refused(
        "secret_prefixes",
        ["arn:aws:secretsmanager:eu-central-1:123456789012:secret:team"],
        'secret_prefixes: each entry must be the beginning of a secret\'s name, such as "team/", neither an ARN nor empty.',
    ),
    refused(
        "subscribers",
        subscriber(severites=["critical"])["subscribers"],
        'Subscriber "team": there is no field severites; correct or remove it. The fields are protocol, endpoint, severities, providers, accounts, statuses, reports.',
    ),
    refused(
        "operations_subscribers",
        {"ops": {**GOOD["operations_subscribers"]["ops"], "severities": ["critical"]}},
        'Operations subscriber "ops": there is no field severities; correct or remove it. The fields are protocol, endpoint.',
    ),
]


#: Variables whose rules read others: Terraform skips such a rule if another variable is wrong.
READS = {
    "close_interval_minutes": {"poll_interval_minutes"},
    "poller_timeout_seconds": {"close_interval_minutes", "poll_interval_minutes"},
    "request_timeout_seconds": {
        "close_interval_minutes",
        "poll_interval_minutes",
        "poller_timeout_seconds",
    },
    "packages": {"status_page", "subscribers"},
    "reserved_concurrency": {"accounts", "shard_size"},
    "status_page": {"enable_dashboard"},
}


def batches(rows: Iterable[Refused]) -> list[list[Refused]]:
    """Return the rows in groups in which no row keeps another from being evaluated."""
    groups: list[list[Refused]] = []
    for row in rows:
        group = next((group for group in groups if all(apart(row, one) for one in group)), None)
        if group is None:
            groups.append([row])
        else:
            group.append(row)
    return groups


def apart(row: Refused, other: Refused) -> bool:
    """Whether two rows share no variable, whether set or read."""
    touched, others = ({*r.variables, *READS.get(r.rule, ())} for r in (row, other))
    return not touched & others


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[tuple[str, str]]]:
    """Terraform's errors for each row's group: sentences, each with the validation's place."""
    folder = tmp_path_factory.mktemp("variables")
    for file in MODULE.glob("variables*.tf"):
        shutil.copy(file, folder)
    found = {}
    for number, group in enumerate(batches(TABLE)):
        values = {
            **GOOD,
            "packages": ZIPS,
            **{k: v for row in group for k, v in row.variables.items()},
        }
        file = folder / f"{number}.tfvars.json"
        file.write_text(json.dumps(values), "utf-8")
        done = run_terraform(f"-chdir={folder}", "console", f"-var-file={file}", stdin="1\n")
        told = set(sentences(done.stderr))
        found |= {row.what: told for row in group}
    return found


def sentences(text: str) -> Iterator[tuple[str, str]]:
    """Yield the sentence and the place of each failed validation."""
    for error in text.split("Error: Invalid value for variable")[1:]:
        words = " ".join(line for line in error.splitlines() if not line.startswith("    "))
        told = re.search(
            r"(?<=: ).*?This was checked by the validation rule at ([\w.]+:\d+)", words
        )
        assert told, error
        yield " ".join(words.split()), told[1]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.what[:50])
def test_what_a_variable_does_not_admit_is_refused_in_a_sentence(
    said: dict[str, set[tuple[str, str]]], row: Refused
) -> None:
    assert [text for text, _ in said[row.what] if row.sentences[0] in text]


def test_every_validation_has_a_row(said: dict[str, set[tuple[str, str]]]) -> None:
    places = {
        f"{file.name}:{number}"
        for file in MODULE.glob("variables*.tf")
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if line == "  validation {"
    }

    assert places - {place for found in said.values() for _, place in found} == set()
