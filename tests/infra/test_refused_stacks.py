"""Settings that only a plan can refuse, because it depends on the AWS account and Region."""

from __future__ import annotations

from typing import Any

import pytest

from tests.infra.refusals import account, subscriber
from tests.infra.stacks import ACCOUNT_ID, PACKAGES, REGION, refusals

pytestmark = [pytest.mark.infra, pytest.mark.xdist_group("infra")]

GOOD: dict[str, Any] = {
    **account(),
    **subscriber(),
    "operations_subscribers": {"ops": {"protocol": "email", "endpoint": "ops@example.com"}},
    "packages": PACKAGES,
    "secret_prefixes": ["keys-", "team/"],
}
BILLING = "arn:aws:lambda:{}:{}:function:billing"
CASES: dict[str, tuple[dict[str, Any], str]] = {
    "secret of another Region": (
        account(secret=f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT_ID}:secret:keys-AbC123"),
        "Accounts: a secret's ARN (or one of kms_key_arns) is of another Region than eu-central-1",
    ),
    "more secrets than a policy lists": (
        {
            "accounts": {
                f"a{n}": {"provider": "openrouter", "warning": 20, "secret": f"team/the-keys-{n}"}
                for n in range(120)
            }
        },
        "Accounts: they name 120 secrets, more than the poller's policy can list.",
    ),
    "function of another Region": (
        subscriber(protocol="lambda", endpoint=BILLING.format("us-east-1", ACCOUNT_ID)),
        "function arn:aws:lambda:us-east-1:123456789012:function:billing is of another Region",
    ),
    "function of another AWS account": (
        subscriber(protocol="lambda", endpoint=BILLING.format(REGION, "999999999999")),
        'Subscriber "team": arn:aws:lambda:eu-central-1:999999999999:function:billing is of another',
    ),
    "queue of another AWS account": (
        {
            "operations_subscribers": {
                "ops": {"protocol": "sqs", "endpoint": f"arn:aws:sqs:{REGION}:999999999999:ops"}
            }
        },
        'Operations subscriber "ops": arn:aws:sqs:eu-central-1:999999999999:ops is of another AWS',
    ),
    "secret of another AWS account": (
        account(secret=f"arn:aws:secretsmanager:{REGION}:999999999999:secret:keys-AbC123"),
        "Accounts: a secret's ARN is of another AWS account than 123456789012",
    ),
}
#: Through the root that `make deploy` uses, which sets the provider's Region.
SOVEREIGN_CLOUD = """
module "sovereign" {
  source                 = "./infra/deploy"
  region                 = "eusc-de-east-1"
  accounts               = { main = { provider = "openrouter", warning = 20 } }
  subscribers            = { team = { protocol = "email", endpoint = "team@example.com" } }
  operations_subscribers = { ops = { protocol = "email", endpoint = "ops@example.com" } }
  packages = {
    poller = { s3_bucket = "b", s3_key = "p" }
    router = { s3_bucket = "b", s3_key = "r" }
  }
}
"""


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """All errors of a plan of every case."""
    scenarios = {name: {**GOOD, **variables} for name, (variables, _) in CASES.items()}
    return refusals(scenarios, tmp_path_factory.mktemp("refused"), SOVEREIGN_CLOUD)


@pytest.mark.parametrize("case", CASES)
def test_a_plan_is_refused_in_a_sentence(said: list[str], case: str) -> None:
    assert len([text for text in said if CASES[case][1] in text]) == 1


def test_the_sovereign_cloud_is_refused_with_the_provider_that_it_needs(said: list[str]) -> None:
    found = [text for text in said if "eusc-de-east-1" in text]

    assert len(found) == 1
    assert "which needs AWS provider 6.29 or newer" in found[0]


def test_nothing_else_is_refused(said: list[str]) -> None:
    assert len(said) == len(CASES) + 1, said
