"""Settings of this deployment. The only reader of ``os.environ``."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from shared.names import DEFAULT_NAME


class SettingsError(Exception):
    """A variable is missing."""


class Settings(NamedTuple):
    """The courier's configuration, as Terraform set it."""

    name: str
    alerts_table: str
    channels_secret: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Read the variables that Terraform sets.

        Raises:
            SettingsError: naming the variable that is missing.
        """
        return cls(
            name=environment.get("BALANCE_MONITOR_NAME", DEFAULT_NAME),
            alerts_table=_required(environment, "ALERTS_TABLE"),
            channels_secret=_required(environment, "CHANNELS_SECRET"),
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
