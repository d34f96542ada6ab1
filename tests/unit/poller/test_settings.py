"""The environment, typed: what is missing or wrong is named."""

from __future__ import annotations

import pytest

from balance_poller.settings import Settings, SettingsError

NAME = {"BALANCE_MONITOR_NAME": "stack"}


def test_settings_when_only_the_name_is_set_then_have_defaults() -> None:
    settings = Settings.from_environment(NAME)

    assert settings == Settings(
        name="stack",
        balances_table="stack-balances",
        metric_namespace="BalanceMonitor",
        history_days=90,
        allow_http_loopback=False,
        max_in_flight=100,
        request_timeout_seconds=15,
        secret_cache_seconds=300,
    )


def test_settings_when_everything_is_set_then_hold_it() -> None:
    settings = Settings.from_environment(
        NAME
        | {
            "BALANCES_TABLE": "table",
            "METRIC_NAMESPACE": "Mine",
            "HISTORY_DAYS": "7",
            "ALLOW_HTTP_LOOPBACK": "true",
            "ALLOW_PRIVATE_ADDRESSES": "true",
            "KEY_HOSTS": " https://a.example ",
            "MAX_IN_FLIGHT": "20",
            "REQUEST_TIMEOUT_SECONDS": "2.5",
            "SECRET_CACHE_SECONDS": "60",
        }
    )

    assert settings == Settings(
        "stack", "table", "Mine", 7, True, True, frozenset({"https://a.example"}), 20, 2.5, 60
    )


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("BALANCE_MONITOR_NAME", " "),
        ("HISTORY_DAYS", "ninety"),
        ("HISTORY_DAYS", "0"),
        ("MAX_IN_FLIGHT", "-1"),
        ("MAX_IN_FLIGHT", "1.5"),
        ("REQUEST_TIMEOUT_SECONDS", "nan"),
        ("SECRET_CACHE_SECONDS", "inf"),
        ("ALLOW_HTTP_LOOPBACK", "yes"),
        ("ALLOW_PRIVATE_ADDRESSES", "1"),
    ],
)
def test_a_variable_when_missing_or_wrong_then_is_named(variable: str, value: str) -> None:
    with pytest.raises(SettingsError, match=variable):
        Settings.from_environment(NAME | {variable: value})


def test_settings_when_read_without_an_argument_then_come_from_the_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BALANCE_MONITOR_NAME", "from-process")

    settings = Settings.from_environment()

    assert settings.balances_table == "from-process-balances"
