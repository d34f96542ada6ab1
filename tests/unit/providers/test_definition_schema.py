"""The JSON Schema for editors and the poller's own check accept and refuse the same."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any, Final

import pytest
from jmespath import functions
from jsonschema import Draft202012Validator

from balance_poller.definitions import catalogue
from balance_poller.definitions.catalogue import read_shipped, skeleton
from balance_poller.definitions.definition import FAILURES, check_definition
from balance_poller.definitions.language.expression_syntax import ALLOWED_FUNCTIONS
from shared.outcome import Outcome
from tests.unit.providers.corpus import all_names

SCHEMA: Final = json.loads(
    (Path(catalogue.__file__).parents[1] / "provider.schema.json").read_text(encoding="utf-8")
)
VALIDATOR: Final = Draft202012Validator(SCHEMA)

BASE: Final[dict[str, Any]] = {
    "title": "Example",
    "docs": "https://example.com/docs",
    "request": {
        "method": "GET",
        "url": "https://api.example.com/v1/balance",
        "headers": {"Authorization": "Bearer {key}"},
    },
    "success": "ok == `true`",
    "error_code": "error.code",
    "errors": [
        {"status": 403, "when": "error", "outcome": "insufficient_scope", "reason": "no permission"}
    ],
    "guards": [{"when": "total == `0`", "outcome": "unverified", "reason": "all zero"}],
    "wallets": {"balance": {"unit": "USD", "remaining": "data.balance"}},
}
REMOVED: Final = object()
TEAM: Final = {"team": {"description": "the team"}}


def with_(**changes: Any) -> dict[str, Any]:
    """Return the base definition with values set at paths such as ``wallets__balance__scale``."""
    definition = copy.deepcopy(BASE)
    for path, value in changes.items():
        *steps, last = [int(s) if s.isdigit() else s for s in path.split("__")]
        parent: Any = definition
        for step in steps:
            parent = parent[step] if isinstance(step, int) else parent.setdefault(step, {})
        if value is REMOVED:
            del parent[last]
        else:
            parent[last] = value
    return definition


def wallet(**fields: Any) -> dict[str, Any]:
    """Return the base definition with other fields in its wallet."""
    return with_(wallets={"balance": {"unit": "USD", "remaining": "a", **fields}})


#: A request for a token, in the form of OAuth's client credentials.
FIRST: Final = {
    "request": {
        "method": "POST",
        "url": "/oauth2/token",
        "json": {"grant_type": "client_credentials", "secret": "{key}"},
    },
    "take": {"token": "access_token"},
    "keep_seconds": "expires_in",
}
#: What each key consumed.
SHARES: Final = {
    "request": {"url": "/v1/keys", "headers": {"Authorization": "Bearer {key}"}},
    "entries": "keys",
    "name": "name",
    "amount": "spent",
    "unit": "USD",
    "over": "today (UTC)",
}
BEARER: Final = {"Authorization": "Bearer {before.token}"}

VALID: Final = {
    "smallest": {k: BASE[k] for k in ("title", "request", "wallets")},
    "skeleton": skeleton("New"),
    "full": BASE,
    "every amount": wallet(
        remaining={"subtract": [{"first": ["a", "b"]}, {"sum": ["c", "d[].e"]}]},
        used="u",
        granted={"sum": ["g"]},
        burn_per_hour="h",
        resets_at="t",
        expires_at={"first": ["x", "y"]},
        scale=-0.01,
    ),
    "text": with_(text="LEFT:(?P<left>[0-9.]+)"),
    "headers": with_(headers=["x-quota-left", "x-quota"]),
    "before": with_(before=FIRST, request__headers=BEARER),
    "before, on another host": with_(
        before={
            "request": {"url": "https://auth.example.com/token", "basic": ["{key}", ""]},
            "take": {"token": "token"},
            "keep_seconds": 3600,
        },
        request__headers=BEARER,
    ),
    "before, with a value for the path": with_(
        before={
            "request": {"url": "/projects", "headers": {"Authorization": "Token {key}"}},
            "take": {"project_id": "projects[0].id"},
        },
        request__url="https://api.example.com/projects/{before.project_id}/balances",
    ),
    "breakdown": with_(breakdown=SHARES),
    "breakdown of a list of lists by days": with_(
        breakdown=SHARES
        | {
            "request": {"url": "/costs", "query": {"from": "{window.start_unix}", "k": "{key}"}},
            "entries": "data[].results[]",
        }
    ),
    "self-hosted": with_(self_hosted=True, request__url="/api/{param.team}", params=TEAM),
    "not self-hosted": with_(self_hosted=False),
    "kinds of keys": with_(
        key_pattern={"right": ["sk-[a-z]+"], "wrong": [{"pattern": "pk-.+", "reason": "public"}]}
    ),
    "slice": wallet(remaining={"sum": ["packs[:3].left"]}),
    "earliest time": wallet(expires_at={"earliest": ["packs[?left > `0`].until", "until"]}),
    "unit from the answer": wallet(unit={"path": "currency"}),
    "two wallets": with_(
        wallets={"a": BASE["wallets"]["balance"], "b_2": BASE["wallets"]["balance"]},
        default_wallet="b_2",
    ),
    "post with body": with_(
        request={
            "method": "POST",
            "url": "https://api.example.com/graphql",
            "json": {"query": "query { me { balance } }", "n": 1, "x": [None, True, "", "{key}"]},
        }
    ),
    "basic": with_(
        request={
            "url": "https://api.example.com/a/{secret.id}/b.json",
            "basic": ["{secret.id}", "{secret.token}"],
        }
    ),
    "basic without password": with_(
        request={"url": "https://api.example.com/a", "basic": ["{key}", ""]}
    ),
    "key in query": with_(request={"url": "https://e.com/a", "query": {"api_key": "{key}"}}),
    "host from a list": with_(
        params={"host": {"description": "the host", "one_of": ["a.example.com", "b.example.com"]}},
        request={
            "method": "POST",
            "url": "https://{param.host}/getBalance",
            "json": {"clientKey": "{key}"},
        },
    ),
    "method from a list": with_(
        params={"method": {"description": "m", "one_of": ["GET", "POST"], "default": "GET"}},
        request__method="{param.method}",
    ),
    "optional parameter": with_(
        params={"team": {"description": "team", "default": "", "pattern": "[a-z]*"}},
        request__headers={"X-Team": "{param.team}", "Authorization": "Bearer {key}"},
    ),
    "loopback": with_(request__url="http://127.0.0.1:8080/balance"),
    "loopback by name": with_(request__url="http://localhost/balance"),
    "no path": with_(request__url="https://api.example.com"),
    "port": with_(request__url="https://api.example.com:8443/balance"),
    "several statuses": with_(errors__0__status=[401, 403]),
    "status and condition": with_(errors__0__when="error.code == 'X'"),
    "web page": with_(errors__0__web_page=True),
    "web page alone": with_(errors__0__web_page=True, errors__0__when=REMOVED),
    "notes as list": with_(notes=["one", "two"]),
    "sources": with_(sources=["https://example.com/a", "https://example.com/b (the remark)"]),
    "guard of a wallet": with_(guards__0__wallets=["balance"]),
    "catalogue": with_(kind="search", other_names=["Acme Search", "SERP"]),
    "least key": with_(least_key={"what": "any key", "make_at": "https://example.com/keys"}),
    "least key without a page": with_(least_key={"what": "any key"}),
    "interval": with_(min_interval_seconds=300),
    "functions": with_(
        success="not_null(a, b) && length(c) > `0` && contains(keys(d), 'e') && type(f) == 'number'"
    ),
}

#: What is wrong, the definition, and how the message begins.
BROKEN: Final = {
    "a list": ([], "expected an object"),
    "text": ("x", "expected an object"),
    "before without take": (
        with_(before={"request": FIRST["request"]}, request__headers=BEARER),
        "request.headers.Authorization: before.take has no token",
    ),
    "host from a value": (
        with_(before=FIRST, request__url="https://{before.token}/x"),
        "request.url: only a parameter with one_of",
    ),
    "before that takes nothing": (
        with_(before=FIRST | {"take": {}}),
        "before.take: expected at least one value",
    ),
    "before without end": (
        with_(before=FIRST | {"keep_seconds": 86401}, request__headers=BEARER),
        "before.keep_seconds: expected 1 to 86400",
    ),
    "before with steps of its own": (
        with_(before=FIRST | {"before": FIRST}, request__headers=BEARER),
        "before.before: there is no such field",
    ),
    "breakdown on another host": (
        with_(breakdown=SHARES | {"request": {"url": "https://other.example/keys"}}),
        "breakdown.request.url: expected a path",
    ),
    "breakdown without names": (
        with_(breakdown={name: value for name, value in SHARES.items() if name != "name"}),
        "breakdown: name is missing",
    ),
    "breakdown over anything": (
        with_(breakdown=SHARES | {"over": "today\n*bold*"}),
        "breakdown.over: expected a few words",
    ),
    "breakdown with steps of its own": (
        with_(breakdown=SHARES | {"before": FIRST}),
        "breakdown.before: there is no such field",
    ),
    "no title": (with_(title=REMOVED), "title is missing"),
    "no request": (with_(request=REMOVED), "request is missing"),
    "no wallets": (with_(wallets=REMOVED), "wallets is missing"),
    "unknown field": (with_(key="x"), "key: there is no such field"),
    "empty title": (with_(title=" "), "title: the text is empty"),
    "title of two lines": (with_(title="a\nb"), "title: expected a single line"),
    "title as number": (with_(title=1), "title: expected text, got a number"),
    "long title": (with_(title="x" * 61), "title: the text is longer than 60"),
    "docs without https": (with_(docs="http://example.com"), "docs: expected an https URL"),
    "top-up with credentials": (with_(top_up_url="https://u:p@e.com"), "top_up_url: expected"),
    "sources as text": (with_(sources="https://e.com"), "sources: expected a list, got text"),
    "source without https": (with_(sources=["a page"]), "sources[0]: expected an https URL"),
    "interval of 0": (with_(min_interval_seconds=0), "min_interval_seconds: expected 1 to"),
    "interval as text": (
        with_(min_interval_seconds="60"),
        "min_interval_seconds: expected a whole",
    ),
    "notes as object": (with_(notes={}), "notes: expected text, got an object"),
    "unknown kind": (with_(kind="sms"), "kind: expected one of models, relays, search"),
    "other names as text": (with_(other_names="Acme"), "other_names: expected a list, got text"),
    "long other name": (with_(other_names=["x" * 61]), "other_names[0]: the text is longer"),
    "other name of two lines": (with_(other_names=["a\nb"]), "other_names[0]: expected a single"),
    "least key without words": (with_(least_key={}), "least_key: what is missing"),
    "least key as text": (with_(least_key="any"), "least_key: expected an object, got text"),
    "least key made in plain http": (
        with_(least_key={"what": "any", "make_at": "http://e.com"}),
        "least_key.make_at: expected an https URL",
    ),
    "no url": (with_(request={"method": "GET"}), "request: url is missing"),
    "plain http": (with_(request__url="http://api.example.com/x"), "request.url: expected https"),
    "http on a look-alike": (
        with_(request__url="http://127.0.0.1.example.com/x"),
        "request.url: expected https",
    ),
    "credentials in the url": (
        with_(request__url="https://user:pass@e.com/x"),
        "request.url: expected https://host/path without credentials",
    ),
    "query in the url": (with_(request__url="https://e.com/x?a=b"), "request.url: expected https"),
    "fragment in the url": (with_(request__url="https://e.com/x#a"), "request.url: expected https"),
    "no scheme": (with_(request__url="api.example.com/x"), "request.url: expected https"),
    "key in the host": (
        with_(request__url="https://{key}.example.com/x"),
        "request.url: only a parameter with one_of",
    ),
    "unknown placeholder": (
        with_(request__headers={"X": "{token}"}),
        "request.headers.X: there is no placeholder {token}",
    ),
    "placeholder of the secret": (
        with_(request__headers={"X": "{secret}"}),
        "request.headers.X: there is no placeholder {secret}",
    ),
    "other method": (with_(request__method="DELETE"), "request.method: expected GET, POST"),
    "lower-case method": (with_(request__method="get"), "request.method: expected GET, POST"),
    "header with a colon": (with_(request__headers={"X:": "a"}), "request.headers.X:: the name"),
    "header of two lines": (
        with_(request__headers={"X": "a\r\nY: b"}),
        "request.headers.X: expected",
    ),
    "framing header": (with_(request__headers={"Host": "a"}), "request.headers.Host: this header"),
    "header as number": (with_(request__headers={"X": 1}), "request.headers.X: expected text"),
    "query as text": (with_(request__query="a=b"), "request.query: expected an object"),
    "basic of one": (with_(request__basic=["{key}"]), "request.basic: expected 2 entries, got 1"),
    "basic as object": (with_(request__basic={"user": "a"}), "request.basic: expected a list"),
    "body with get": (with_(request__json={"a": 1}), "request: json is a body"),
    "body without method": (
        with_(request={"url": "https://e.com/x", "json": {}}),
        "request: json is a body",
    ),
    "placeholder in the body": (
        with_(request__method="POST", request__json={"a": ["{kex}"]}),
        "request.json.a[0]: there is no placeholder {kex}",
    ),
    "param without description": (
        with_(params={"a": {}}, request__query={"a": "{param.a}"}),
        "params.a: description is missing",
    ),
    "param with a bad name": (with_(params={"A": {"description": "a"}}), "params.A: the name"),
    "param with an empty list": (
        with_(params={"a": {"description": "a", "one_of": []}}, request__query={"a": "{param.a}"}),
        "params.a.one_of: expected 1 to 50 entries",
    ),
    "no wallet": (with_(wallets={}), "wallets: there is no wallet"),
    "wallets as list": (with_(wallets=[]), "wallets: expected an object, got a list"),
    "wallet with a bad name": (
        with_(wallets={"A b": BASE["wallets"]["balance"]}),
        "wallets.A b: the",
    ),
    "two wallets, no default": (
        with_(wallets={"a": BASE["wallets"]["balance"], "b": BASE["wallets"]["balance"]}),
        "default_wallet is missing",
    ),
    "wallet without unit": (
        with_(wallets={"a": {"remaining": "x"}}),
        "wallets.a: unit is missing",
    ),
    "wallet without remaining": (
        with_(wallets={"a": {"unit": "USD"}}),
        "wallets.a: remaining is missing",
    ),
    "unit with a space": (wallet(unit="US dollars"), "wallets.balance.unit: expected a currency"),
    "unit without path": (wallet(unit={}), "wallets.balance.unit: path is missing"),
    "unknown amount": (wallet(left="x"), "wallets.balance.left: there is no such field"),
    "amount as number": (wallet(remaining=5), "wallets.balance.remaining: expected an expression"),
    "amount as list": (
        wallet(remaining=["a"]),
        "wallets.balance.remaining: expected an expression",
    ),
    "no operator": (wallet(remaining={}), "wallets.balance.remaining: expected exactly one"),
    "two operators": (
        wallet(remaining={"sum": ["a"], "first": ["b"]}),
        "wallets.balance.remaining: expected exactly one",
    ),
    "unknown operator": (
        wallet(remaining={"divide": ["a", "b"]}),
        "wallets.balance.remaining.divide: there is no such field",
    ),
    "subtract of one": (
        wallet(remaining={"subtract": ["a"]}),
        "wallets.balance.remaining.subtract: expected 2 entries",
    ),
    "subtract of three": (
        wallet(remaining={"subtract": ["a", "b", "c"]}),
        "wallets.balance.remaining.subtract: expected 2 entries",
    ),
    "empty sum": (wallet(remaining={"sum": []}), "wallets.balance.remaining.sum: expected 1 to 10"),
    "deep arithmetic": (
        wallet(remaining={"sum": [{"sum": [{"sum": [{"sum": ["a"]}]}]}]}),
        "wallets.balance.remaining.sum[0].sum[0].sum[0].sum: arithmetic is nested",
    ),
    "forbidden function": (
        wallet(remaining="to_number(a)"),
        "wallets.balance.remaining: the function to_number() is not available",
    ),
    "forbidden function inside": (
        with_(success="max([a, b]) > `1`"),
        "success: the function max() is not available",
    ),
    "empty expression": (wallet(remaining=""), "wallets.balance.remaining: the text is empty"),
    "long expression": (wallet(remaining="a" * 501), "wallets.balance.remaining: the expression"),
    "scale of 0": (wallet(scale=0), "wallets.balance.scale: expected a number other than 0"),
    "scale as text": (wallet(scale="0.01"), "wallets.balance.scale: expected a number other"),
    "scale as flag": (wallet(scale=True), "wallets.balance.scale: expected a number"),
    "time as arithmetic": (
        wallet(resets_at={"sum": ["a"]}),
        "wallets.balance.resets_at.sum: there is no such field",
    ),
    "error without condition": (
        with_(errors=[{"outcome": "transient", "reason": "x"}]),
        "errors[0]: when is missing: it recognises the API's own answer",
    ),
    "error that is ok": (with_(errors__0__outcome="ok"), "errors[0].outcome: expected one of"),
    "error with an unknown outcome": (
        with_(errors__0__outcome="no"),
        "errors[0].outcome: expected",
    ),
    "error without reason": (with_(errors__0__reason=REMOVED), "errors[0]: reason is missing"),
    "error with a long reason": (with_(errors__0__reason="x" * 141), "errors[0].reason: the text"),
    "error with an odd status": (with_(errors__0__status=99), "errors[0].status: expected 200 to"),
    "error with a status as text": (with_(errors__0__status="403"), "errors[0].status: expected a"),
    "error with an odd flag": (
        with_(errors__0__web_page="yes"),
        "errors[0].web_page: expected true",
    ),
    "guard without condition": (
        with_(guards=[{"outcome": "unverified", "reason": "x"}]),
        "guards[0]: when is missing",
    ),
    "pattern with a group": (
        with_(
            params={"a": {"description": "a", "pattern": "(a+)+b"}},
            request__query={"a": "{param.a}"},
        ),
        "params.a.pattern: a pattern is a sequence of characters and classes",
    ),
    "pattern with an absurd repetition": (
        with_(
            params={"a": {"description": "a", "pattern": "a{99999999999}"}},
            request__query={"a": "{param.a}"},
        ),
        "params.a.pattern: a pattern is a sequence of characters and classes",
    ),
    "time with two operators": (
        wallet(expires_at={"first": ["a"], "earliest": ["b"]}),
        "wallets.balance.expires_at: expected exactly one of first, earliest",
    ),
    "text without a group": (with_(text="LEFT"), "text: expected a group"),
    "text with a repeated group": (with_(text="(?P<a>x)+"), "text: a pattern is a sequence"),
    "text with an alternative": (with_(text="(?P<a>x|y)"), "text: a pattern is a sequence"),
    "header with capitals": (with_(headers=["X-Quota"]), "headers[0]: expected a header's name"),
    "header with a session": (with_(headers=["set-cookie"]), "headers[0]: this header is not for"),
    "no header": (with_(headers=[]), "headers: expected 1 to 10 entries"),
    "self-hosted with a host": (with_(self_hosted=True), "request.url: expected a path such as"),
    "path without being self-hosted": (with_(request__url="/api"), "request.url: expected https"),
    "self-hosted as text": (with_(self_hosted="yes"), "self_hosted: expected true or false"),
    "key_pattern of nothing": (with_(key_pattern={}), "key_pattern: expected right, wrong"),
    "wrong key without a reason": (
        with_(key_pattern={"wrong": [{"pattern": "a"}]}),
        "key_pattern.wrong[0]: reason is missing",
    ),
    "right key with a group": (
        with_(key_pattern={"right": ["(a)"]}),
        "key_pattern.right[0]: a pattern is a sequence",
    ),
    "guard of no wallet": (with_(guards__0__wallets=[]), "guards[0].wallets: expected 1 to 50"),
    "guard with a wallet as text": (
        with_(guards__0__wallets="balance"),
        "guards[0].wallets: expected a list, got text",
    ),
    "guard with a status": (with_(guards__0__status=200), "guards[0].status: there is no such"),
    "empty errors": (with_(errors=[]), "errors: expected 1 to 50 entries"),
}

#: Nothing is set here: Terraform writes so what an author leaves out of an object.
NULLS: Final = with_(
    docs=None,
    params=None,
    guards=None,
    request__json=None,
    request__headers={"Authorization": "Bearer {key}", "X-Team": None},
    errors__0__status=None,
    wallets__balance__used=None,
    wallets__balance__remaining={"sum": ["a"], "first": None},
)

#: What a schema cannot say: only the program finds it, so `balancectl provider check` is needed.
PROGRAM_ONLY: Final = {
    "breakdown beside before": (
        with_(breakdown=SHARES, before=FIRST, request__headers=BEARER),
        "breakdown: breakdown is a single request",
    ),
    "breakdown of no list": (
        with_(breakdown=SHARES | {"entries": "length(keys)"}),
        "breakdown.entries: expected a path to a list",
    ),
    "breakdown with an unknown parameter": (
        with_(breakdown=SHARES | {"request": {"url": "/{param.team}/keys"}}),
        "breakdown.request.url: params has no team",
    ),
    "not JMESPath": (
        wallet(remaining="data.total - data.used"),
        "wallets.balance.remaining: not J",
    ),
    "text in double quotes": (with_(success='status == "ok"'), "success: double quotes name"),
    "number without backticks": (with_(success="code == 0"), "success: not JMESPath"),
    "JSONPath": (wallet(remaining="$.data.left"), "wallets.balance.remaining: not JMESPath"),
    "value without backticks": (
        with_(success="error == null"),
        "success: null is a field's name here; the value goes in backticks",
    ),
    "placeholder in an expression": (
        wallet(remaining='data."{param.team}".left'),
        "wallets.balance.remaining: {param.team} works only in the request",
    ),
    "key_pattern of several parts": (
        with_(
            key_pattern={"right": ["a"]},
            request={"url": "https://e.com/a", "basic": ["{secret.id}", "{secret.token}"]},
        ),
        "key_pattern: the secret has several parts",
    ),
    "groups of one name": (
        with_(text="(?P<a>x)(?P<a>y)"),
        "text: two groups have the same name",
    ),
    "list as amount": (
        wallet(remaining="packs[?kind=='paid'].left"),
        "wallets.balance.remaining: selects a list",
    ),
    "list as a part": (
        wallet(remaining={"subtract": ["total", "packs[].used"]}),
        "wallets.balance.remaining.subtract[1]: selects a list",
    ),
    "list as time": (wallet(expires_at="packs[].until"), "wallets.balance.expires_at: selects a l"),
    "list as unit": (wallet(unit={"path": "a.*.unit"}), "wallets.balance.unit.path: selects a"),
    "dollar and placeholder": (
        with_(request__headers={"X": "${key}"}),
        "request.headers.X: write {key} without $",
    ),
    "doubled braces": (
        with_(request__headers={"X": "Bearer {{key}}"}),
        "request.headers.X: write {key} with single braces",
    ),
    "literal as amount": (wallet(remaining="a || `0`"), "wallets.balance.remaining: a literal"),
    "literal by not_null": (wallet(remaining="not_null(a, `0`)"), "wallets.balance.remaining: a"),
    "unknown function": (with_(success="has(a)"), "success: the function has() is not available"),
    "unknown default wallet": (
        with_(default_wallet="b"),
        "default_wallet: there is no such wallet",
    ),
    "guard of an unknown wallet": (
        with_(guards__0__wallets=["gold"]),
        "guards[0].wallets[0]: expected one of balance",
    ),
    "value that nothing takes": (
        with_(request__headers={"X": "{before.token}"}),
        "request.headers.X: before.take has no token",
    ),
    "value that nothing uses": (with_(before=FIRST), "request: {before.token} is not used"),
    "first request with a value of itself": (
        with_(
            before=FIRST | {"request": {"url": "/token", "headers": BEARER}},
            request__headers=BEARER,
        ),
        "before.request.headers.Authorization: this request is the first one",
    ),
    "first request to a host of somebody's choice": (
        with_(
            before=FIRST | {"request": {"url": "https://{param.host}/t", "basic": ["{key}", ""]}},
            request__headers=BEARER,
            params={"host": {"description": "x", "one_of": ["a.example", "b.example"]}},
        ),
        "before.request: the host of another service is written out",
    ),
    "first request of text": (
        with_(before=FIRST, request__headers=BEARER, text="(?P<a>[0-9]+)"),
        "before: before works only with JSON answers",
    ),
    "undeclared parameter": (
        with_(request__query={"a": "{param.team}"}),
        "request.query.a: params has no team",
    ),
    "unused parameter": (
        with_(params={"team": {"description": "x"}}),
        "request: params.team is not used",
    ),
    "host from free text": (
        with_(params={"host": {"description": "x"}}, request__url="https://{param.host}/x"),
        "request.url: only a parameter with one_of",
    ),
    "host from a list of addresses": (
        with_(
            params={"host": {"description": "x", "one_of": ["a/b@c"]}},
            request__url="https://{param.host}/x",
        ),
        "request.url: the host is not a name",
    ),
    "method from free text": (
        with_(params={"m": {"description": "x"}}, request__method="{param.m}"),
        "request.method: expected GET, POST",
    ),
    "both forms of secret": (
        with_(request__query={"a": "{secret.id}"}),
        "request: either {key} or {secret.…}",
    ),
    "basic beside Authorization": (
        with_(request__basic=["a", "{key}"]),
        "request: basic sets the header Authorization",
    ),
    "header twice": (
        with_(request__headers={"X-A": "a", "x-a": "{key}"}),
        "request.headers: two headers differ",
    ),
    "default that is not allowed": (
        with_(
            params={"a": {"description": "a", "one_of": ["b"], "default": "c"}},
            request__query={"a": "{param.a}"},
        ),
        "params.a.default: must be one of b",
    ),
    "pattern that no value can match": (
        with_(
            params={"a": {"description": "a", "pattern": "a{201}"}},
            request__query={"a": "{param.a}"},
        ),
        "params.a.pattern: a{201} repeats more than 200 times",
    ),
    "more hosts than anyone has": (
        with_(
            params={
                name: {"description": name, "one_of": [f"{name}{n}" for n in range(40)]}
                for name in "abcd"
            },
            request__url="https://{param.a}.{param.b}.{param.c}.{param.d}.example/balance",
        ),
        "request.url: the parameters in the host allow more than 1000 hosts",
    ),
    "class that is none": (
        with_(
            params={"a": {"description": "a", "pattern": "[z-a]"}},
            request__query={"a": "{param.a}"},
        ),
        "params.a.pattern: [z-a] is no character class",
    ),
}


def test_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("name", VALID)
def test_valid_definition_is_taken_by_both(name: str) -> None:
    assert check_definition(VALID[name]) == []
    assert [error.message for error in VALIDATOR.iter_errors(VALID[name])] == []


@pytest.mark.parametrize("name", all_names())
def test_shipped_definition_is_taken_by_the_schema(name: str) -> None:
    assert [error.message for error in VALIDATOR.iter_errors(read_shipped(name))] == []


@pytest.mark.parametrize("name", BROKEN)
def test_broken_definition_is_refused_by_both_and_the_program_names_the_path(name: str) -> None:
    definition, start = BROKEN[name]

    problems = check_definition(definition)

    assert any(problem.startswith(start) for problem in problems), problems
    assert not VALIDATOR.is_valid(definition)


@pytest.mark.parametrize("name", PROGRAM_ONLY)
def test_definition_whose_parts_do_not_fit_is_refused_by_the_program(name: str) -> None:
    definition, start = PROGRAM_ONLY[name]

    problems = check_definition(definition)

    assert any(problem.startswith(start) for problem in problems), problems
    assert VALIDATOR.is_valid(definition), "the schema finds it now: move it to BROKEN"


def test_null_counts_as_not_set() -> None:
    assert check_definition(NULLS) == []


@pytest.mark.parametrize(
    ("definition", "problem"),
    [
        (with_(title=None), "title is missing"),
        (with_(wallets={"a": None}), "wallets: there is no wallet"),
        (wallet(remaining={"sum": None}), "wallets.balance.remaining: expected exactly one of"),
        (with_(request__query={"a": [None]}), "request.query.a: expected text, got a list"),
        (wallet(remaining={"sum": [None]}), "wallets.balance.remaining.sum[0]: expected an"),
    ],
    ids=["required", "only wallet", "only operator", "query", "part"],
)
def test_null_where_a_value_is_needed_is_a_problem(
    definition: dict[str, Any], problem: str
) -> None:
    assert any(words.startswith(problem) for words in check_definition(definition))


@pytest.mark.parametrize(
    ("expression", "hint"),
    [
        ("$.data.left", "without $"),
        ("total - used", '{"subtract": [a, b]}'),
        ("remaining-credits", "names with a hyphen go in double quotes"),
        ("cents * 0.01", "scale"),
        ("code == 0", "numbers to compare with go in backticks"),
        ("status = 'ok'", "equal is =="),
        ("a and b", "and is &&"),
        ("a b", "text goes in single quotes"),
    ],
)
def test_expression_that_is_not_jmespath_is_refused_with_what_was_meant(
    expression: str, hint: str
) -> None:
    problems = check_definition(wallet(remaining=expression))

    assert len(problems) == 1
    assert hint in problems[0]


def test_several_problems_are_all_named() -> None:
    problems = check_definition(with_(title=1, request__method="PUT", wallets__balance__scale=0))

    assert len(problems) == 3


def test_schema_describes_every_field_for_editors() -> None:
    missing = [
        f"{name}.{field}"
        for name, definition in {"": SCHEMA, **SCHEMA["$defs"]}.items()
        for field, spec in definition.get("properties", {}).items()
        if "description" not in spec and "description" not in resolve(spec)
    ]

    assert missing == []


def resolve(spec: dict[str, Any]) -> dict[str, Any]:
    name = spec.get("$ref", "").removeprefix("#/$defs/")
    return SCHEMA["$defs"].get(name, {})


def test_schema_names_the_same_outcomes_and_functions_as_the_program() -> None:
    refused = set(re.findall(r"[a-z_]{3,}", SCHEMA["$defs"]["expression"]["not"]["pattern"]))

    outcomes = SCHEMA["$defs"]["outcome"]["enum"]
    assert outcomes == list(FAILURES)
    assert set(outcomes) == set(Outcome) - {Outcome.OK, Outcome.NOT_PUSHED}
    assert refused == set(functions.Functions.FUNCTION_TABLE) - ALLOWED_FUNCTIONS
