"""Terraform and Python agree on everything that both define."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from alert_router.incidents.subscriber import (
    ITEM_ID,
    SCOPE,
    Form,
    Subscriber,
    parse_subscribers,
)
from alert_router.messages.wording.links import ADVICE, ADVICE_UNPUSHED
from alert_router.settings import Settings as RouterSettings
from balance_poller.definitions.definition import DEFAULT_MIN_INTERVAL_SECONDS
from balance_poller.definitions.field import NAME as PROVIDER_NAME
from balance_poller.settings import Settings as PollerSettings
from courier.aws.delivery_table import SCOPE as DELIVERIES
from courier.settings import Settings as CourierSettings
from shared.names import (
    ACCOUNT_PATTERN,
    CONSOLE_HOSTS,
    DEFAULT_NAME,
    DEFAULT_NAMESPACE,
    NO_SUBJECT,
    PUSHED,
    UNIT_PATTERN,
    AlarmKind,
    Dimension,
    MessageAttribute,
    Metric,
    Severity,
    StackNames,
    Status,
)
from status_page.settings import Settings as PageSettings
from tests.infra.harness import MODULE, ROOT
from tests.infra.stacks import Stack

pytestmark = [pytest.mark.infra, pytest.mark.xdist_group("infra")]

CONFIGURATION = MODULE / "modules" / "configuration"
Evaluate = Callable[[str], Any]


class Recorder(dict[str, str]):
    """An environment that remembers which variables were read."""

    def __init__(self, values: Mapping[str, str]) -> None:
        super().__init__(values)
        self.asked: set[str] = set()

    def get(self, key: str, default: Any = None) -> Any:
        self.asked.add(key)
        return super().get(key, default)


def read(name: str) -> str:
    """Return a file of the stack."""
    return (MODULE / name).read_text(encoding="utf-8")


def environment_of(file: str) -> dict[str, str]:
    """Return the environment variables that Terraform gives a function, each with some value."""
    block = re.search(r"    variables = \{\n(.*?)\n    \}", read(file), re.DOTALL)
    assert block
    names = re.findall(r"^      (\w+) +=", block[1], re.MULTILINE)
    return {name: "false" if name.startswith("ALLOW_") else "1" for name in names}


def headings() -> Iterator[str]:
    """Yield the runbook's headings that name alarms."""
    text = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
    alarms = text.split("\n## Alarms of accounts")[1].split("\n## When messages")[0]
    yield from re.findall(r"^### (.+)$", alarms, re.MULTILINE)


def test_resources_have_the_names_that_python_looks_for(evaluate: Evaluate) -> None:
    python = StackNames(DEFAULT_NAME)

    terraform = evaluate("local.names")

    properties = {name for name, value in vars(StackNames).items() if isinstance(value, property)}
    assert terraform == {name: getattr(python, name) for name in properties}


def test_severities_statuses_and_attributes_are_the_same(evaluate: Evaluate) -> None:
    assert evaluate("local.severities") == sorted(Severity)
    # A filter on digests, reports or tests would make no sense: digests contain lines of the other
    # statuses, and reports have a setting of their own.
    assert evaluate("local.statuses") == sorted(
        set(Status) - {Status.DIGEST, Status.REPORT, Status.TEST}
    )
    assert evaluate("local.no_subject") == NO_SUBJECT
    assert evaluate("jsondecode(values(local.subscriptions)[0].filter_policy)") == {
        MessageAttribute.TO: ["team"]
    }


def test_forms_and_the_subscribers_item_are_what_the_router_reads(evaluate: Evaluate) -> None:
    names = StackNames("balance-monitor")

    assert set(evaluate("values(local.forms)")) == set(Form)
    assert evaluate("local.subscribers_item") == {"scope": SCOPE, "id": ITEM_ID}
    assert parse_subscribers(json.dumps(evaluate("local.subscriber_filters"))) == (
        [Subscriber("team", Form.EMAIL)],
        [],
    )
    assert evaluate("{ for form, key in local.topic_of_form : form => local.names[key] }") == {
        "email": names.notifications_topic,
        "sms": names.sms_topic,
        "events": names.events_topic,
    }


def test_the_courier_may_reach_its_own_items_and_the_subscribers_alone() -> None:
    (read_keys, written_keys) = re.findall(r" values   = (\[.*\])", read("iam_courier.tf"))[:2]

    assert read_keys == f'["{DELIVERIES}", module.configuration.subscribers_item.scope]'
    assert written_keys == f'["{DELIVERIES}"]'


def test_advice_is_the_same_in_alarms_and_messages(evaluate: Evaluate) -> None:
    assert evaluate("local.advice") == {
        kind.value: f"Advice: {advice}." for kind, advice in ADVICE.items()
    }
    assert set(ADVICE) == set(AlarmKind)
    assert evaluate("local.advice_unpushed") == f"Advice: {ADVICE_UNPUSHED}."


def test_alarms_are_of_the_kinds_that_the_router_knows(evaluate: Evaluate) -> None:
    kinds = evaluate("[for alarms in values(local.threshold_alarms) : alarms.kind.name]")
    metrics = evaluate("[for alarms in values(local.threshold_alarms) : alarms.kind.metric]")
    dimensions = re.search(
        r"dimensions = \{(.*?)\}", read("modules/account_alarms/main.tf"), re.DOTALL
    )

    assert {*kinds, "stale"} == set(AlarmKind)
    assert set(metrics) == set(Metric)
    assert dimensions
    assert re.findall(r"(\w+) +=", dimensions[1]) == [Dimension.ACCOUNT, Dimension.PROVIDER]


def test_consoles_are_the_same(evaluate: Evaluate) -> None:
    assert evaluate("local.console_hosts") == CONSOLE_HOSTS


def test_defaults_and_patterns_are_the_same() -> None:
    general = read("variables.tf")
    accounts = (CONFIGURATION / "account_problems.tf").read_text(encoding="utf-8")
    custom = (CONFIGURATION / "custom_problems.tf").read_text(encoding="utf-8")
    definitions = (CONFIGURATION / "definitions.tf").read_text(encoding="utf-8")

    assert f'default     = "{DEFAULT_NAME}"' in general
    assert f'var.name == "{DEFAULT_NAME}" ? "{DEFAULT_NAMESPACE}"' in read("main.tf")
    assert f'"^{ACCOUNT_PATTERN.pattern}$"' in accounts
    assert f'"^{PROVIDER_NAME}$"' in custom
    pushed = (CONFIGURATION / "pushed_problems.tf").read_text(encoding="utf-8")
    assert f'"^{UNIT_PATTERN.pattern}$"' in pushed
    assert f'pushed         = "{PUSHED}"' in definitions
    assert f"min_interval_seconds), {DEFAULT_MIN_INTERVAL_SECONDS})" in definitions


def test_every_shipped_provider_is_read_with_its_wallets(evaluate: Evaluate) -> None:
    files = (ROOT / "functions" / "balance_poller" / "providers").glob("*.json")

    names = evaluate("local.provider_names")

    assert set(names) == {*(file.stem for file in files), PUSHED}


def test_no_definition_is_read_that_no_account_uses(evaluate: Evaluate) -> None:
    assert set(evaluate("keys(local.definitions)")) == {"openrouter", PUSHED}


@pytest.mark.parametrize(
    ("file", "settings", "left_to_python"),
    [
        (
            "poller.tf",
            PollerSettings,
            {"SECRET_CACHE_SECONDS"},
        ),
        ("router.tf", RouterSettings, set()),
        ("status_page.tf", PageSettings, set()),
        ("courier.tf", CourierSettings, set()),
    ],
    ids=["poller", "router", "page", "courier"],
)
def test_a_function_gets_the_variables_that_it_reads(
    file: str, settings: Any, left_to_python: set[str]
) -> None:
    environment = Recorder(environment_of(file))

    settings.from_environment(environment)

    # Powertools reads its own variable.
    given = set(environment) - {"POWERTOOLS_LOG_LEVEL"}
    assert environment.asked == given | left_to_python


@pytest.mark.parametrize("function", ["balance_poller", "alert_router", "status_page", "courier"])
def test_a_handler_is_where_terraform_says(function: str) -> None:
    files = {"balance_poller": "poller.tf", "alert_router": "router.tf"}
    file = files.get(function, f"{function}.tf")
    source = ROOT / "functions" / function / "handler.py"

    assert f'"{function}.handler.lambda_handler"' in read(file)
    zips = re.search(r"  zips = \{(.*)\}", read("variables_functions.tf"))
    assert zips
    assert f'"{function}"' in zips[1]
    assert re.search(r"^(def lambda_handler\(|lambda_handler = )", source.read_text(), re.MULTILINE)


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("accounts", "account_fields"),
        ("subscribers", "subscriber_fields"),
        ("operations_subscribers", "operations_fields"),
    ],
)
def test_the_root_refuses_every_field_that_the_configuration_does_not_know(
    name: str, fields: str
) -> None:
    """The root's variable has no type, so that no misspelt field is silently dropped."""
    typed = re.search(
        rf'^variable "{name}" \{{.*?^  type = (.*?)^  \}}\)\)',
        (CONFIGURATION / "variables.tf").read_text(encoding="utf-8"),
        re.MULTILINE | re.DOTALL,
    )
    root = "".join(path.read_text(encoding="utf-8") for path in MODULE.glob("variables*.tf"))
    listed = re.search(rf"^  {fields} += \[(.*?)\]", root, re.MULTILINE | re.DOTALL)
    assert typed
    assert listed

    known = re.findall(r"^    (\w+) +=", typed[1], re.MULTILINE)

    assert re.findall(r'"(\w+)"', listed[1]) == known


def test_every_alarm_has_its_heading_in_the_runbook_and_every_heading_an_alarm(
    stacks: dict[str, Stack],
) -> None:
    found = list(headings())

    assert len(found) == len(set(found))
    alarms = {name for stack in stacks.values() for name in stack.operations_alarms}
    assert set(found) == set(AlarmKind) | alarms
