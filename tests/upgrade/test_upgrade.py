"""A deployment of the previous release, upgraded, destroyed, and deployed again.

The tests follow one another, in the steps that docs/upgrading.md describes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from balancectl.localcloud.emulator.emulator import ACCOUNT, REGION
from tests.upgrade.conftest import ACCOUNTS, NAME, OTHERS, World
from tests.upgrade.releases import ROOT, Release, write_variables


def test_the_previous_release_had_an_incident_a_silence_and_history(
    before: dict[str, Any],
) -> None:
    told = [message.body for message in before["messages"]]

    assert any("low" in body for body in told)
    assert not any("silent" in body for body in told)
    assert len(before["balances"]) >= 3 * (len(ACCOUNTS) + 1)


def test_an_upgrade_keeps_subscriptions_keys_and_records(
    world: World, before: dict[str, Any], upgraded: Release
) -> None:
    assert not (upgraded.tree / "infra/terraform/terraform.tfstate").exists()
    state = upgraded.tree / "infra/deploy/terraform.tfstate"
    assert state.stat().st_mode & 0o777 == 0o600
    # An e-mail subscription keeps its confirmation; a form with a topic of its own needs none.
    after = world.subscriptions()
    kept = {key: arn for key, arn in before["subscriptions"].items() if key[1] == "email"}
    assert {key: after.get(key) for key in kept} == kept
    assert {key[1:] for key in before["subscriptions"]} <= {key[1:] for key in after}
    assert {name: world.keys().get(name) for name in before["keys"]} == before["keys"]
    for table, items in (("balances", before["balances"]), ("alerts", before["alerts"])):
        name = getattr(world.names, f"{table}_table")
        assert all(item in world.items(name) for item in items), table


@pytest.mark.parametrize("protocol", ["sms", "sqs"])
def test_a_subscription_that_moves_misses_no_message(
    world: World, upgraded: Release, protocol: str
) -> None:
    """It exists before the router publishes to it, and leaves the former topic after that."""
    assert upgraded.tree.exists()
    steps = (
        (f'subscription.form["{protocol} ', ": Creation complete"),
        ("aws_lambda_function.router", ": Modifications complete"),
        ("Unsubscribed from the topic of 0.1", f": {protocol} "),
    )

    lines = [
        [at for at, line in enumerate(world.upgrade) if address in line and done in line]
        for address, done in steps
    ]

    assert [len(found) for found in lines] == [1, 1, 1]
    assert lines == sorted(lines)


def test_an_upgrade_sends_nothing_without_a_cause(world: World, upgraded: Release) -> None:
    world.messages()

    world.reconcile()
    reports = world.poll()
    world.reconcile()

    assert [message.subject for message in world.messages()] == []
    assert [report["counts"]["ok"] for report in reports] == [len(ACCOUNTS) + len(OTHERS)]
    assert "silent" in upgraded.balancectl("silence", "list")


def test_a_second_plan_is_empty(world: World, upgraded: Release) -> None:
    said = upgraded.must("scripts/deploy.py", "deploy", f"--var-file={world.variables}")

    assert "Nothing to change." in said


def test_destroy_refuses_before_anything_is_lost_while_tables_are_protected(
    world: World, upgraded: Release
) -> None:
    done = upgraded.run("scripts/deploy.py", "destroy", f"--var-file={world.variables}", YES="1")

    assert done.returncode == 1
    assert "are protected against deletion; nothing was destroyed" in done.stderr
    assert "deletion_protection = false in mine.tfvars.json" in done.stderr
    assert set(world.keys()) >= {one.name for one in ACCOUNTS}


def test_destroy_asks_and_without_a_terminal_stops(world: World, upgraded: Release) -> None:
    done = upgraded.run("scripts/deploy.py", "destroy", f"--var-file={unprotected(world)}")

    assert done.returncode == 1
    assert "YES=1" in done.stderr
    assert "To be destroyed:" in done.stdout
    assert world.items(world.names.balances_table)


def test_destroy_lifts_the_protection_and_keeps_the_secret_for_its_recovery(
    world: World, upgraded: Release
) -> None:
    upgraded.must("scripts/deploy.py", "destroy", f"--var-file={unprotected(world)}", YES="1")

    secrets = world.emulator.client("secretsmanager")
    assert world.emulator.client("dynamodb").list_tables()["TableNames"] == []
    assert secrets.describe_secret(SecretId=world.names.secret)["DeletedDate"]


def test_a_key_of_ones_own_whose_policy_keeps_services_out_is_refused(
    world: World, upgraded: Release, key: str
) -> None:
    file = changed(world, "locked", kms_key_arn=key)

    done = upgraded.run("scripts/deploy.py", "deploy", f"--var-file={file}", YES="1")

    assert done.returncode == 1
    assert "does not let cloudwatch.amazonaws.com, logs.eu-central-1.amazonaws.com" in done.stderr


def test_a_new_deployment_adopts_the_secret_and_encrypts_all_with_the_key(
    world: World, before: dict[str, Any], upgraded: Release, key: str
) -> None:
    """Under the key policy in docs/configuration.md."""
    world.emulator.client("kms").put_key_policy(
        KeyId=key, PolicyName="default", Policy=json.dumps({"Statement": documented_statements()})
    )
    pushed = {"pushed": {"provider": "pushed", "unit": "USD", "warning": 1}}
    file = changed(
        world, "encrypted", kms_key_arn=key, accounts=variables(world)["accounts"] | pushed
    )

    said = upgraded.must("scripts/deploy.py", "deploy", f"--var-file={file}", YES="1")
    again = upgraded.must("scripts/deploy.py", "deploy", f"--var-file={file}")
    reports = world.poll()

    assert "Restored balance-monitor/api-keys" in said
    assert {name: world.keys().get(name) for name in before["keys"]} == before["keys"]
    assert "Nothing to change." in again
    assert [report["counts"]["ok"] for report in reports] == [len(ACCOUNTS) + len(OTHERS)]
    assert any("low" in message.body for message in world.messages())


def test_the_alias_takes_pushes_and_refuses_to_poll(world: World, upgraded: Release) -> None:
    """Whoever may push could otherwise name any secret, and any address to send its key to."""
    assert "pushed" in upgraded.balancectl("push", "pushed", "41.20")
    names = world.names

    refused = world.emulator.client("lambda").invoke(
        FunctionName=names.poller_function,
        Qualifier=names.push_alias,
        Payload=json.dumps(world.poll_event()).encode(),
    )

    assert "FunctionError" in refused
    assert 'accepts only {"pushes"' in json.load(refused["Payload"])["errorMessage"]


@pytest.fixture(scope="module")
def key(world: World) -> str:
    """A KMS key that nobody may use but its account."""
    arn: str = world.emulator.client("kms").create_key()["KeyMetadata"]["Arn"]
    return arn


def documented_statements() -> Any:
    """Return the statements that the page requires for this deployment."""
    page = (ROOT / "docs" / "configuration.md").read_text("utf-8")
    text = page.split("### A key of your own")[1].split("```json\n")[1].split("```")[0]
    for placeholder, value in (("account", ACCOUNT), ("region", REGION), ("name", NAME)):
        text = text.replace(f"<{placeholder}>", value)
    return json.loads(text)


def unprotected(world: World) -> Path:
    """Return a file with the same variables, but with the tables' protection off."""
    return changed(world, "unprotected", deletion_protection=False)


def changed(world: World, name: str, **changes: Any) -> Path:
    """Return a file with the same variables, except those given."""
    return write_variables(world.folder / f"{name}.tfvars.json", {**variables(world), **changes})


def variables(world: World) -> dict[str, Any]:
    """Return the variables of the deployment."""
    found: dict[str, Any] = json.loads(world.variables.read_text("utf-8"))
    return found
