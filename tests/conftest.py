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


def pytest_report_header() -> str:
    """Say how the local cloud's protection from other users is tested."""
    if os.geteuid() == 0:
        return "other users: a process of another user tries (the tests run as root)"
    return "other users: file modes only (run the tests as root for a process of another user)"


# No test is timed: a busy machine makes none fail.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")
