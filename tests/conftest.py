"""Options that every folder of tests may use."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let integration tests run against LocalStack in Docker instead of the local emulator."""
    parser.addoption(
        "--localstack",
        action="store_true",
        help="run integration tests in pytest-localstack's own LocalStack container (Docker)",
    )


# Last, because xdist writes the group into a test's id in a hook of the same name.
@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Make sure that each group stays on one worker; otherwise every worker starts its cloud.

    Raises:
        UsageError: when xdist and pytest do not understand each other, as 3.8 and 9.2 do not.
    """
    if not getattr(config.option, "loadgroup", False):
        return
    for item in items:
        group = item.get_closest_marker("xdist_group")
        if group and not item.nodeid.endswith(f"@{group.args[0]}"):
            raise pytest.UsageError(
                f"{item.nodeid}: its group {group.args[0]} is not kept together"
            )


def pytest_report_header() -> str:
    """Say how the local cloud's protection from other users is tested."""
    if os.geteuid() == 0:
        return "other users: a process of another user tries (the tests run as root)"
    return "other users: file modes only (run the tests as root for a process of another user)"


# No test is timed: a busy machine makes none fail.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")
