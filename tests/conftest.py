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


def pytest_configure() -> None:
    """Forget who runs the tests: their profile, Region or local cloud decides no outcome."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "BALANCE_", "TF_VAR_"))]:
        del os.environ[name]


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Fail where a group is not kept on one worker: every worker would start its own cloud.

    pytest 9.2 does not take over the id into which xdist 3.8 writes the group.
    """
    group = item.get_closest_marker("xdist_group")
    is_grouped = getattr(item.config.option, "loadgroup", False) and group is not None
    if is_grouped and not item.nodeid.endswith(f"@{group.args[0]}"):
        pytest.fail(f"xdist does not keep group {group.args[0]!r} together", pytrace=False)


def pytest_report_header() -> str:
    """Say how the local cloud's protection from other users is tested."""
    if os.geteuid() == 0:
        return "other users: a process of another user tries (the tests run as root)"
    return "other users: file modes only (run the tests as root for a process of another user)"


# No test is timed: a busy machine makes none fail.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")
