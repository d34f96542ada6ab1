"""Runs a test with the argument ``case`` over every fixture, and with ``provider`` over each."""

from __future__ import annotations

import pytest

from balance_poller.exchange.provider import load_provider
from tests.unit.providers.corpus import all_cases, all_names


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" in metafunc.fixturenames:
        cases = all_cases()
        metafunc.parametrize("case", cases, ids=[case.id for case in cases])
    if "provider" in metafunc.fixturenames:
        names = all_names()
        metafunc.parametrize("provider", [load_provider(name, {}) for name in names], ids=names)
