"""The plan refuses wrong accounts, definitions and subscribers with a sentence each."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.infra.harness import MODULE, VARIABLES, run_terraform
from tests.infra.refusals import (
    KIOSK,
    Problems,
    Refused,
    account,
    definition,
    problems,
    subscriber,
)

pytestmark = [pytest.mark.infra, pytest.mark.xdist_group("infra-rules")]

BASE_URL = (
    'Account "main": base_url must be https://host[:port][/path], with no credentials, query or'
    " fragment; correct it."
)
FOREIGN = (
    'Account "main": secret is not one of the deployment\'s own, whose names begin with balance-monitor/;'
    " remove it and store the key with balancectl keys set, or allow it with the line"
    " secret_prefixes = {}"
)
SECRET = (
    'Account "main": secret must be a Secrets Manager name or ARN, optionally with #json_key;'
    " correct it."
)
LONG = (
    'Account "main": the description of alarm {} is longer than CloudWatch\'s 1,024 characters;'
    " shorten top_up_url, runbook_url or the provider's title."
)

IDENTITY = [
    Refused(
        "no account",
        "accounts.some",
        {"accounts": {}},
        ["Accounts: there is none; name at least one."],
    ),
    Refused(
        "a name with a space",
        "accounts.name",
        {"accounts": {"my key": {"provider": "openrouter", "warning": 5}}},
        [
            'Account "my key": a name consists of letters, digits, dots, underscores and dashes, begins with a letter or digit, and is at most 64 long; rename it.'
        ],
    ),
    Refused(
        "the name that stands for all",
        "accounts.reserved",
        {"accounts": {"all": {"provider": "openrouter", "warning": 5}}},
        ['Account "all": in balancectl silence, this name means every account; rename it.'],
    ),
    Refused(
        "a missing param",
        "accounts.missing_param",
        {**definition(params={"shop": {"description": "Which shop"}}), **account(provider="kiosk")},
        ['Account "main": provider kiosk needs param "shop"; set it in params.'],
    ),
    Refused(
        "a param that the provider does not have",
        "accounts.unknown_param",
        account(params={"region": "eu"}),
        ['Account "main": provider openrouter has no param "region"; it has none.'],
    ),
    Refused(
        "a param that is not one of its choices",
        "accounts.param_value",
        {
            **definition(params={"shop": {"description": "Shop", "one_of": ["north", "south"]}}),
            **account(provider="kiosk", params={"shop": "west"}),
        },
        ['Account "main": param "shop" of provider kiosk must be one of north, south.'],
    ),
    Refused(
        "a self-hosted service without its address",
        "accounts.missing_base_url",
        {
            **definition(self_hosted=True, request={"url": "/balance"}),
            **account(provider="kiosk"),
        },
        [
            'Account "main": provider kiosk is self-hosted; set base_url to the address of your service.'
        ],
    ),
    Refused(
        "a param that does not match its pattern",
        "accounts.param_pattern",
        {
            **definition(params={"shop": {"description": "Shop", "pattern": "[a-z]+[0-9]{2}"}}),
            **account(provider="kiosk", params={"shop": "north7"}),
        },
        [
            'Account "main": param "shop" of provider kiosk does not match [a-z]+[0-9]{2}; correct it.'
        ],
    ),
    Refused(
        "a wallet that the provider does not have",
        "accounts.wallet",
        account(wallet="gold"),
        ['Account "main": provider openrouter has no wallet "gold"; use one of credits.'],
    ),
    *(
        Refused(f"base_url {url}", "accounts.base_url", account(base_url=url), [BASE_URL])
        for url in (
            "http://proxy.example",
            "http://127.0.0.1:8080",
            "https://me:word@proxy.example",
            "https://proxy.example/?a=b",
        )
    ),
    Refused(
        "plain http elsewhere than on loopback, in the local cloud too",
        "accounts.base_url",
        {"allow_http_loopback": True, **account(base_url="http://proxy.example")},
        [BASE_URL.replace("; correct", " (or http:// on loopback); correct")],
    ),
    Refused(
        "a top_up_url that is a script",
        "accounts.top_up_url",
        account(top_up_url="javascript:alert(1)"),
        ['Account "main": top_up_url must be an https:// address without credentials; correct it.'],
    ),
    Refused("a secret with a space", "accounts.secret", account(secret="my secret"), [SECRET]),
    Refused(
        "the ARN of a secret without its suffix",
        "accounts.secret",
        account(secret="arn:aws:secretsmanager:eu-central-1:123456789012:secret:keys"),
        [SECRET],
    ),
    Refused(
        "a secret of somebody else's",
        "accounts.secret_prefix",
        account(secret="prod/database#password"),
        [FOREIGN.format('["prod/"]')],
    ),
    Refused(
        "a secret of somebody else's beside one that is allowed",
        "accounts.secret_prefix",
        {"secret_prefixes": ["team/"], **account(secret="prod/eu/database")},
        [FOREIGN.format('["team/","prod/eu/"]')],
    ),
    Refused(
        "the ARN of a secret of somebody else's",
        "accounts.secret_prefix",
        account(
            secret="arn:aws:secretsmanager:eu-central-1:123456789012:secret:prod/database-AbC123"
        ),
        [FOREIGN.format('["prod/"]')],
    ),
    Refused(
        "a secret that only begins as the deployment is called",
        "accounts.secret_prefix",
        account(secret="balance-monitor-2/api-keys"),
        [FOREIGN.format('["beginning of its name"]')],
    ),
    *(
        Refused(
            f"a key in the place of a secret: {key[:4]}",
            "accounts.key_as_secret",
            account(secret=key),
            [
                'Account "main": secret looks like an API key. It must be the name of a secret: remove the key from the file, revoke it at the provider, and store a new one with balancectl keys set.'
            ],
        )
        for key in (
            "sk-or-v1-canary",
            "0123456789abcdef0123456789abcdef",
            "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
        )
    ),
    Refused(
        "more than 400 accounts on the default secret",
        "accounts.default_secret",
        {
            "accounts": {
                f"account-{n}": {"provider": "openrouter", "warning": 5} for n in range(401)
            }
        },
        [
            'Accounts: 401 keep their key in balance-monitor/api-keys, and a secret has room for 64 KiB, about 400 keys; put the others into a second secret, as in secret = "balance-monitor/api-keys-2#account-name".'
        ],
    ),
]

THRESHOLDS = [
    Refused(
        "no threshold",
        "accounts.threshold",
        account(warning=None),
        [
            'Account "main": nothing is watched; set at least one of warning, critical, runway_warning_hours, runway_critical_hours, max_burn_per_day, drain_sensitivity, expiry_warning_days.'
        ],
    ),
    *[
        Refused(
            f"zero as the only threshold: {', '.join(fields)}",
            "accounts.zero",
            account(**{"warning": None, **fields}),
            [
                (
                    'Account "main": a threshold of 0 alone never alerts before the balance is'
                    " negative; set warning, or raise critical."
                )
            ],
        )
        for fields in ({"critical": 0}, {"warning": 0})
    ],
    Refused(
        "critical that is not below warning",
        "accounts.order",
        account(critical=5),
        [
            'Account "main": critical (5) must be below warning (5); lower critical or raise warning.'
        ],
    ),
    *(
        Refused(
            f"base_url of a private network: {host}",
            "accounts.private_base_url",
            account(base_url=f"https://{host}/v1"),
            [
                'Account "main": base_url is an address of a private network, which the poller refuses; set allow_private_addresses = true if your vpc reaches it, or correct it.'
            ],
        )
        for host in ("10.0.0.5", "10.0.0.5:4000", "172.31.0.1", "192.168.178.20:8443")
    ),
    *(
        Refused(
            f"base_url of the poller itself: {host}",
            "accounts.loopback_base_url",
            account(base_url=f"https://{host}"),
            [
                'Account "main": base_url is an address of the poller itself, in AWS, and not of your machine; name a host that is reachable from there.'
            ],
        )
        for host in ("localhost:4000", "127.0.0.1", "127.9.9.9/v1", "169.254.169.254")
    ),
    Refused(
        "a key as a parameter",
        "accounts.param_key",
        account(provider="kilo", params={"organization": "sk-canary"}),
        [
            'Account "main": param "organization" looks like an API key, and params are plain text: remove it from the file, revoke it at the provider, and store a new one with balancectl keys set.'
        ],
    ),
    Refused(
        "runway_critical_hours that is not below runway_warning_hours",
        "accounts.runway_order",
        account(runway_warning_hours=12, runway_critical_hours=48),
        [
            'Account "main": runway_critical_hours (48) must be below runway_warning_hours (12); lower one or raise the other.'
        ],
    ),
    Refused(
        "an amount beyond what CloudWatch takes",
        "accounts.amount",
        account(warning=1e15),
        ['Account "main": warning must be between -1e15 and 1e15, as balances are; correct it.'],
    ),
    *(
        Refused(
            f"{field} of 0",
            "accounts.positive",
            account(**{field: 0}),
            [f'Account "main": {field} (0) must be more than 0; correct or remove it.'],
        )
        for field in (
            "stale_after_minutes",
            "runway_warning_hours",
            "runway_critical_hours",
            "max_burn_per_day",
        )
    ),
    Refused(
        "a drain_sensitivity that every busy hour exceeds",
        "accounts.drain_sensitivity",
        account(drain_sensitivity=1),
        [
            'Account "main": drain_sensitivity (1) must be from 1.2 to 10: it multiplies the highest consumption so far, and 2 suits most accounts.'
        ],
    ),
    Refused(
        "two thresholds for drain",
        "accounts.one_drain",
        account(drain_sensitivity=2, max_burn_per_day=100),
        [
            'Account "main": max_burn_per_day and drain_sensitivity create the same alarm; keep one of them.'
        ],
    ),
    Refused(
        "a budget of a provider that answers with a balance",
        "accounts.no_budget",
        account(budget=200),
        [
            'Account "main": budget is for providers that count what is spent in a month, and openrouter does not; remove it.'
        ],
    ),
    Refused(
        "no budget",
        "accounts.budget",
        account(provider="openai_budget"),
        [
            'Account "main": provider openai_budget needs budget, the amount that may be spent in a calendar month; set it to more than 0.'
        ],
    ),
    Refused(
        "a threshold above the budget",
        "accounts.budget_threshold",
        account(provider="openai_budget", budget=5),
        ['Account "main": warning (5) must be below budget (5), or it alerts all month; lower it.'],
    ),
    Refused(
        "expiry of a provider that does not say it",
        "accounts.expiry",
        account(expiry_warning_days=14),
        [
            'Account "main": expiry_warning_days needs a provider that reports when the credit or key expires, and openrouter does not; remove it.'
        ],
    ),
    Refused(
        "polls more often than a provider allows",
        "accounts.interval",
        {**definition(min_interval_seconds=3600), **account(provider="kiosk")},
        [
            'Account "main": provider kiosk asks for at least 3600 seconds between two polls, and poll_interval_minutes is 5; raise it to 60.'
        ],
    ),
    *[
        Refused(
            f"a stale window of less than two polls: {minutes} of {interval}",
            "accounts.stale_short",
            {"poll_interval_minutes": interval, **account(stale_after_minutes=minutes)},
            [
                (
                    f'Account "main": stale_after_minutes ({minutes}) is less than two poll intervals,'
                    f" so a single slow poll would raise an alert; raise it to {2 * interval}."
                )
            ],
        )
        for minutes, interval in ((9, 5), (1, 1), (30, 60))
    ],
    Refused(
        "a stale window longer than a day",
        "accounts.stale_window",
        account(stale_after_minutes=1445),
        [
            'Account "main": stale_after_minutes (1445) with poll_interval_minutes 5 makes an alarm over 289 periods of 300 s, and CloudWatch evaluates at most 86400 s; lower stale_after_minutes.'
        ],
    ),
    Refused(
        "a stale window longer than a week of hourly polls",
        "accounts.stale_window",
        {"poll_interval_minutes": 60, **account(stale_after_minutes=10081)},
        [
            'Account "main": stale_after_minutes (10081) with poll_interval_minutes 60 makes an alarm over 169 periods of 3600 s, and CloudWatch evaluates at most 604800 s; lower stale_after_minutes.'
        ],
    ),
    Refused(
        "a description longer than CloudWatch takes",
        "accounts.description",
        account(top_up_url=f"https://example.com/{1000 * 'x'}"),
        [LONG.format("stale"), LONG.format("warning")],
    ),
    Refused(
        "a dashboard account that is none",
        "accounts.dashboard",
        {"dashboard_accounts": ["mian"]},
        ['Account "mian" of dashboard_accounts is not one of accounts; correct or remove it.'],
    ),
    Refused(
        "a dashboard of more than 100 accounts",
        "accounts.dashboard_size",
        {
            "dashboard_accounts": [f"a{n}" for n in range(101)],
            "accounts": {f"a{n}": {"provider": "openrouter", "warning": 5} for n in range(101)},
        },
        [
            "Accounts: dashboard_accounts has 101 accounts, and a readable dashboard has at most 100; remove some."
        ],
    ),
]

URL = (
    'Custom provider "kiosk": request.url must be an https:// address without credentials, query'
    " or fragment; correct it."
)
WALLETS = 'Custom provider "kiosk": wallets must have at least one wallet; define how its balance is read.'

PATTERN = (
    'Custom provider "kiosk": params.shop.pattern must be a sequence of characters and classes,'
    " each with at most one repetition, without groups, alternatives or anchors; correct it."
)

CONDITION = (
    'Custom provider "kiosk": errors[1].when is missing; set it to a condition that recognises the'
    " API's own response."
)

DEFINITIONS = [
    *(
        Refused(
            f"before.request.url {url}",
            "custom_providers.before",
            definition(before={"request": {"url": url}, "take": {"token": "token"}}),
            [
                'Custom provider "kiosk": before.request.url must be a path such as /oauth2/token on the same host, or a literal https:// address; correct it.'
            ],
        )
        for url in ("http://kiosk.example/token", "https://{param.host}/token", "token", "/t?a=b")
    ),
    *(
        Refused(
            f"breakdown.request.url {url}",
            "custom_providers.breakdown",
            definition(breakdown={"request": {"url": url}, "entries": "data"}),
            [
                'Custom provider "kiosk": breakdown.request.url must be a path such as /v1/keys: it goes to the host of the provider\'s own request; correct it.'
            ],
        )
        for url in ("https://other.example/keys", "keys", "/keys?a=b")
    ),
    Refused(
        "a list of definitions",
        "custom_providers.form",
        {"custom_providers": ["kiosk"]},
        ["Custom providers: custom_providers must be a map of definitions by name; correct it."],
    ),
    Refused(
        "a definition's name with capitals",
        "custom_providers.name",
        {"custom_providers": {"Kiosk": KIOSK}},
        [
            'Custom provider "Kiosk": a name consists of lower-case letters, digits and underscores, begins with a letter, and is at most 40 long; rename it.'
        ],
    ),
    Refused(
        "the name of a shipped provider",
        "custom_providers.shipped",
        {"custom_providers": {"openrouter": KIOSK}},
        ['Custom provider "openrouter": a provider of that name is shipped; choose another name.'],
    ),
    *(
        Refused(
            f"request.url {url}", "custom_providers.url", definition(request={"url": url}), [URL]
        )
        for url in (
            "http://kiosk.example",
            "https://me:word@kiosk.example",
            "balance",
            "https://kiosk.example/balance?v=2",
        )
    ),
    Refused(
        "a definition without a request",
        "custom_providers.url",
        {"custom_providers": {"kiosk": {"wallets": KIOSK["wallets"]}}},
        [URL],
    ),
    Refused(
        "a definition without wallets",
        "custom_providers.wallets",
        {"custom_providers": {"kiosk": {"request": KIOSK["request"]}}},
        [WALLETS],
    ),
    Refused(
        "a wallet without unit and remaining",
        "custom_providers.wallet_fields",
        definition(wallets={"main": {"used": "spent"}}),
        [
            'Custom provider "kiosk": wallets.main.unit is missing; set it.',
            'Custom provider "kiosk": wallets.main.remaining is missing; set it.',
        ],
    ),
    *(
        Refused(
            f"the pattern {pattern}",
            "custom_providers.pattern",
            definition(params={"shop": {"description": "Which shop", "pattern": pattern}}),
            [PATTERN],
        )
        for pattern in ("(a+)+b", "(a|a)*b", "(?:a?){30}a{30}", "a|b", "^a$", "a**")
    ),
    Refused(
        "a self-hosted service with a host",
        "custom_providers.path",
        definition(self_hosted=True),
        [
            'Custom provider "kiosk": request.url must be a path such as /api/balance, since the host of a self-hosted service is its accounts\' base_url; correct it.'
        ],
    ),
    Refused(
        "a rule for a whole status",
        "custom_providers.error_condition",
        definition(
            errors=[
                {"when": "e", "outcome": "transient", "reason": "x"},
                {"status": 403, "outcome": "invalid_key", "reason": "x"},
                {"status": 401, "web_page": True, "outcome": "invalid_key", "reason": "x"},
            ]
        ),
        [CONDITION],
    ),
    Refused(
        "several wallets without a default",
        "custom_providers.default_wallet",
        definition(wallets={n: {"unit": "USD", "remaining": n} for n in ("a", "b")}),
        ['Custom provider "kiosk": default_wallet must name one of a, b; set it.'],
    ),
    Refused(
        "a definition that is text",
        "custom_providers.wallets",
        {"custom_providers": {"kiosk": "https://kiosk.example"}},
        [WALLETS],
    ),
]

ENDPOINT = 'Subscriber "team": the endpoint of protocol {} must be {}; correct it.'
WORDS = {
    "channel": "a name of your choice such as ops-slack, made of letters, digits, dots, underscores and dashes; store the address, which contains a token, with balancectl channels set",
    "email": "one e-mail address, such as team@example.com",
    "sms": "a telephone number in E.164 form such as +4915112345678",
    "https": "an https:// address without credentials",
    "sqs": "the ARN of a standard SQS queue, such as arn:aws:sqs:eu-central-1:123456789012:balances",
    "lambda": "the ARN of a Lambda function, optionally with a version or alias (not $LATEST)",
}

SUBSCRIBERS = [
    Refused(
        "no operations subscriber",
        "subscribers.operations",
        {"operations_subscribers": {}},
        [
            "Operations subscribers: there is none, and nobody would be notified when the monitor itself fails; name at least one."
        ],
    ),
    Refused(
        "a subscriber's name with a slash",
        "subscribers.name",
        {"subscribers": {"team/a": {"protocol": "email", "endpoint": "team@example.com"}}},
        [
            'Subscriber "team/a": a name consists of letters, digits, dots, underscores and dashes, begins with a letter or digit, and is at most 64 long; rename it.'
        ],
    ),
    *(
        Refused(
            f"the secret {secret}",
            "accounts.secret_of_addresses",
            account(secret=secret),
            [
                'Account "main": this secret holds addresses of the deployment, not keys; name another, or leave it out.'
            ],
        )
        for secret in (
            "balance-monitor/channels",
            "balance-monitor/heartbeat#0",
            "arn:aws:secretsmanager:eu-central-1:123456789012:secret:balance-monitor/channels-AbC123#a",
        )
    ),
    Refused(
        "an unknown protocol",
        "subscribers.protocol",
        subscriber(protocol="pager"),
        [
            'Subscriber "team": protocol "pager" is not one of channel, email, https, lambda, sms, sqs; use one of them.'
        ],
    ),
    *(
        Refused(
            f"protocol {service}",
            "subscribers.protocol",
            subscriber(protocol=service, endpoint="ops"),
            [
                f'Subscriber "team": protocol "{service}" is not one of channel, email, https, lambda, sms, sqs; use channel, with a name of your choice as endpoint, and store its address with balancectl channels set.'
            ],
        )
        for service in ("Slack", "teams", "pagerduty", "webhook")
    ),
    Refused(
        "operations to a channel",
        "subscribers.operations_channel",
        {"operations_subscribers": {"ops": {"protocol": "channel", "endpoint": "ops-slack"}}},
        [
            'Operations subscriber "ops": messages about the monitor itself come straight from CloudWatch, not through the courier, which may be what is broken; use another protocol than channel.'
        ],
    ),
    Refused(
        "one channel twice",
        "subscribers.twice",
        {"subscribers": {n: {"protocol": "channel", "endpoint": "ops-slack"} for n in "ab"}},
        ['Subscribers "a" and "b": the channel would get each message twice; merge them.'],
    ),
    *(
        Refused(
            f"endpoint {endpoint} for {protocol}",
            "subscribers.endpoint",
            subscriber(protocol=protocol, endpoint=endpoint),
            [ENDPOINT.format(protocol, WORDS[protocol])],
        )
        for protocol, endpoint in (
            ("email", "team"),
            ("email", "mailto:team@example.com"),
            ("email", "team@example.com,crew@example.com"),
            ("email", "<team@example.com>"),
            ("email", "team@example..com"),
            ("sms", "015112345678"),
            ("sms", "+49 151 12345678"),
            ("sms", "+4915112345678901"),
            ("https", "http://hooks.example/a"),
            ("https", "https://me:word@hooks.example/a"),
            ("sqs", "arn:aws:sqs:eu-central-1:123456789012:team.fifo"),
            ("sqs", "https://sqs.eu-central-1.amazonaws.com/123456789012/team"),
            ("lambda", "team"),
            ("channel", "#ops"),
            ("channel", "https://hooks.slack.com/services/T1/B1/token"),
        )
    ),
    Refused(
        "a wrong endpoint of operations",
        "subscribers.endpoint",
        {"operations_subscribers": {"ops": {"protocol": "sms", "endpoint": "112"}}},
        [
            f'Operations subscriber "ops": the endpoint of protocol sms must be {WORDS["sms"]}; correct it.'
        ],
    ),
    Refused(
        "one endpoint twice",
        "subscribers.twice",
        {"subscribers": {n: {"protocol": "email", "endpoint": "team@example.com"} for n in "ab"}},
        ['Subscribers "a" and "b": SNS keeps one subscription for each endpoint; merge them.'],
    ),
    Refused(
        "an unknown severity",
        "subscribers.severity",
        subscriber(severities=["critical", "page"]),
        ['Subscriber "team": severity "page" is not one of critical, warning; correct it.'],
    ),
    Refused(
        "an unknown status",
        "subscribers.status",
        subscriber(statuses=["open"]),
        ['Subscriber "team": status "open" is not one of firing, reminder, resolved; correct it.'],
    ),
    Refused(
        "an unknown provider in a filter",
        "subscribers.provider",
        subscriber(providers=["openruter", "-"]),
        [
            'Subscriber "team": provider "openruter" is not known; correct it ("-" stands for alarms about no account).'
        ],
    ),
    Refused(
        "an unknown account in a filter",
        "subscribers.account",
        subscriber(accounts=["mian", "-"]),
        [
            'Subscriber "team": account "mian" is not one of accounts; correct it ("-" stands for alarms about no account).'
        ],
    ),
    Refused(
        "unknown reports",
        "subscribers.reports",
        subscriber(reports="daily"),
        ['Subscriber "team": reports "daily" is not known; use "weekly", or leave it out.'],
    ),
    Refused(
        "a report by SMS",
        "subscribers.reports",
        subscriber(protocol="sms", endpoint="+4915112345678", reports="weekly"),
        [
            'Subscriber "team": a report does not fit into an SMS; leave reports out, and use a subscriber with another protocol for it.'
        ],
    ),
    Refused(
        "an empty filter",
        "subscribers.empty",
        subscriber(severities=[]),
        [
            'Subscriber "team": severities is empty, so nothing would ever be sent; leave it out to send everything.'
        ],
    ),
    Refused(
        "more than 200 subscriptions of one form",
        "subscribers.policies",
        {
            "subscribers": {
                f"team-{n}": {
                    "protocol": "email",
                    "endpoint": f"{n}@example.com",
                }
                for n in range(201)
            }
        },
        [
            "Subscribers: more than 200 are on topic balance-monitor-notifications, and SNS accepts 200 filters per topic; send some of them through one queue."
        ],
    ),
]


def pushed(**fields: Any) -> dict[str, Any]:
    """Return the variables with one pushed account, correct except for ``fields``."""
    entry = {"provider": "pushed", "unit": "USD", "warning": 5, **fields}
    return {"accounts": {"main": entry}}


PUSHED = [
    *(
        Refused(
            f"a pushed account counted in {unit}",
            "accounts.pushed_unit",
            pushed(unit=unit),
            [
                'Account "main": a pushed account needs unit, a currency such as "USD" or a word such as "credits"; set it.'
            ],
        )
        for unit in (None, "", "US dollars", "$")
    ),
    Refused(
        "a unit that the provider says itself",
        "accounts.pushed_unit_elsewhere",
        account(unit="USD"),
        [
            'Account "main": only pushed accounts have a unit, and provider openrouter reports its own; remove it.'
        ],
    ),
    *(
        Refused(
            f"a pushed account with {field}",
            "accounts.pushed_no_request",
            pushed(**{field: value}),
            [f'Account "main": a pushed account makes no request and has no {field}; remove it.'],
        )
        for field, value in (
            ("secret", "team/keys"),
            ("params", {"shop": "north"}),
            ("wallet", "main"),
            ("base_url", "https://kiosk.example"),
        )
    ),
    Refused(
        "a pushed balance that may be months old",
        "accounts.pushed_age",
        pushed(stale_after_minutes=44641),
        [
            'Account "main": stale_after_minutes (44641) must be at most 44640, which is 31 days; lower it.'
        ],
    ),
    Refused(
        "a pushed account that would expire",
        "accounts.expiry",
        pushed(expiry_warning_days=7),
        [
            'Account "main": expiry_warning_days needs a provider that reports when the credit or key expires, and pushed does not; remove it.'
        ],
    ),
    Refused(
        "a definition with the name of what is pushed",
        "custom_providers.shipped",
        {"custom_providers": {"pushed": KIOSK}},
        ['Custom provider "pushed": a provider of that name is shipped; choose another name.'],
    ),
]
TABLE = [*IDENTITY, *THRESHOLDS, *DEFINITIONS, *SUBSCRIBERS, *PUSHED]
#: Rules whose sentences contain figures or lists, and which therefore have tests of their own.
TESTED_ELSEWHERE = {"accounts.provider", "accounts.payload", "accounts.definitions"}


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> tuple[Problems, str]:
    """The rules that each row breaks, with their sentences, and Terraform's errors."""
    return problems(TABLE, tmp_path_factory.mktemp("refused"))


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.what)
def test_what_is_wrong_is_refused_in_a_sentence(
    evaluated: tuple[Problems, str], row: Refused
) -> None:
    assert evaluated[0][row.what][row.rule] == row.sentences


def test_every_sentence_fails_the_plan(evaluated: tuple[Problems, str]) -> None:
    """The preconditions of two outputs contain them, one for accounts and one for subscribers."""
    printed = "".join(evaluated[1].split())

    missing = [row.what for row in TABLE if "".join("".join(row.sentences).split()) not in printed]
    assert missing == []


def test_every_rule_has_a_row(evaluate: Callable[[str], Any]) -> None:
    known = evaluate(
        "{ accounts = keys(local.account_problems), custom_providers = keys(local.custom_problems),"
        " subscribers = keys(local.subscriber_problems) }"
    )
    rules = {f"{variable}.{rule}" for variable, names in known.items() for rule in names}

    assert rules - {row.rule for row in TABLE} == TESTED_ELSEWHERE


def test_a_copy_without_the_definitions_is_refused_with_what_to_do(tmp_path: Path) -> None:
    configuration = MODULE / "modules" / "configuration"
    shutil.copytree(configuration, tmp_path / "configuration", ignore=lambda *_: [".terraform"])

    done = run_terraform(
        f"-chdir={tmp_path / 'configuration'}",
        "console",
        *VARIABLES,
        stdin="jsonencode(flatten(values(local.account_problems)))\n",
    )

    (sentence,) = json.loads(json.loads(done.stdout.strip().splitlines()[-1]))
    assert sentence.startswith("Module: there are no definitions in ")
    assert "use the whole tree as its source" in sentence
