"""Options that every folder of tests may use."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let integration tests run against LocalStack in Docker instead of the local emulator."""
    parser.addoption(
        "--localstack",
        action="store_true",
        help="run integration tests in pytest-localstack's own LocalStack container (Docker)",
    )
