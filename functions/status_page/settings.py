"""Settings of this deployment. The only reader of ``os.environ``."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple


class SettingsError(Exception):
    """A variable is missing."""


class Settings(NamedTuple):
    """The widget's configuration, as Terraform set it."""

    balances_table: str
    namespace: str
    """Of the accounts' metrics."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Read the variables that Terraform sets.

        Raises:
            SettingsError: naming the variable that is missing.
        """
        return cls(
            _required(environment, "BALANCES_TABLE"), _required(environment, "METRIC_NAMESPACE")
        )


@cache
def settings() -> Settings:
    """Return this process's settings, read once."""
    return Settings.from_environment(os.environ)


def _required(environment: Mapping[str, str], name: str) -> str:
    """Return a required variable."""
    value = environment.get(name, "")
    if not value:
        raise SettingsError(f"the environment variable {name} is not set")
    return value
