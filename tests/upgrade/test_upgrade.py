"""A deployment of the previous release, upgraded, destroyed, and deployed again.

The tests follow one another: docs/upgrading.md says the same to people.
"""

from __future__ import annotations

import json
from typing import Any

from tests.upgrade.conftest import ACCOUNTS, OTHERS, World
from tests.upgrade.releases import Release, write_variables


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
    kept = {key: arn for key, arn in before["subscriptions"].items() if key[1] != "sms"}
    assert {key: after.get(key) for key in kept} == kept
    assert {key[1:] for key in before["subscriptions"]} <= {key[1:] for key in after}
    assert {name: world.keys().get(name) for name in before["keys"]} == before["keys"]
    for table, items in (("balances", before["balances"]), ("alerts", before["alerts"])):
        name = getattr(world.names, f"{table}_table")
        assert all(item in world.items(name) for item in items), table


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


def test_destroy_lifts_the_protection_and_a_new_deployment_adopts_the_secret(
    world: World, upgraded: Release
) -> None:
    keys = world.keys()

    upgraded.must("scripts/deploy.py", "destroy", f"--var-file={unprotected(world)}", YES="1")
    tables = world.emulator.client("dynamodb").list_tables()["TableNames"]
    said = upgraded.must("scripts/deploy.py", "deploy", f"--var-file={world.variables}", YES="1")

    assert tables == []
    assert "Restored balance-monitor/api-keys" in said
    assert world.keys() == keys


def unprotected(world: World) -> Any:
    """Return a file with the same variables, the tables' protection off."""
    variables = json.loads(world.variables.read_text("utf-8"))
    return write_variables(
        world.folder / "unprotected.tfvars.json", {**variables, "deletion_protection": False}
    )
