"""The simulated providers' responses, errors included, as their APIs are documented.

Pure, except that a report of costs is about today.

Sources: the providers' own pages, as named in ``functions/balance_poller/providers/*.json``, read
2026-11. Where a provider documents no error, its entry here names the stand-in.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Final

from balancectl.localcloud.providers.accounts import Account, Condition, Endpoint, Reply, Request


def _bearer(request: Request) -> str | None:
    return request.bearer


def _header(*names: str) -> Callable[[Request], str | None]:
    return lambda request: next(
        (request.headers[name] for name in names if request.headers.get(name)), None
    )


_LIMITED: Final = Reply.json(429, {"error": "Rate limit exceeded"}, **{"Retry-After": "1"})


def _firecrawl(reason: str, status: int) -> Reply:
    return Reply.json(status, {"success": False, "error": reason})


def _firecrawl_errors(what: str) -> dict[Condition, Reply]:
    return {
        Condition.REVOKED: _firecrawl("Unauthorized: Invalid token", 401),
        Condition.UNBILLED: _firecrawl(f"Could not find {what} usage information", 404),
        Condition.LIMITED: Reply.json(
            429, {"success": False, "error": "Rate limit exceeded"}, **{"Retry-After": "1"}
        ),
        Condition.DOWN: _firecrawl(f"Internal server error while fetching {what} usage", 500),
    }


def _firecrawl_endpoint(provider: str, version: str, what: str, names: tuple[str, str]) -> Endpoint:
    remaining, plan = names
    start, end = (
        ("billing_period_start", "billing_period_end")
        if version == "v1"
        else ("billingPeriodStart", "billingPeriodEnd")
    )
    return Endpoint(
        provider=provider,
        paths=(f"/{version}/team/{what}-usage",),
        key=_bearer,
        answer=lambda account: {
            "success": True,
            "data": {
                remaining: account.balance,
                plan: account.balance + account.used,
                start: "2026-11-01T00:00:00Z",
                end: "2026-12-01T00:00:00Z",
            },
        },
        errors=_firecrawl_errors(what),
        no_key=_firecrawl("Unauthorized: Token missing", 401),
    )


def _bbre(code: str, message: str, status: int) -> Reply:
    return Reply.json(
        status,
        {
            "success": False,
            "service": "MyDisct Solver BBRE",
            "error": {"code": code, "message": message},
        },
    )


def _openrouter(status: int, message: str) -> Reply:
    return Reply.json(status, {"error": {"code": status, "message": message}})


_OPENROUTER_ERRORS: Final = {
    Condition.REVOKED: _openrouter(401, "User not found."),
    Condition.RESTRICTED: _openrouter(403, "Only management keys can perform this operation"),
    Condition.LIMITED: _LIMITED,
    Condition.DOWN: _openrouter(500, "Internal Server Error"),
}
_OPENROUTER_NO_KEY: Final = _openrouter(401, "Missing Authentication header")


def _openai(status: int, message: str, code: str | None = None) -> Reply:
    kind = "invalid_request_error"
    return Reply.json(
        status, {"error": {"message": message, "type": kind, "param": None, "code": code}}
    )


def _openai_costs(account: Account) -> object:
    """Return the costs of today: all that was ever used, by two keys."""
    start = datetime.combine(datetime.now(UTC).date(), time(), UTC)
    shares = {"key_batch": account.used * 3 / 4, "key_web": account.used / 4}
    results = [
        {"amount": {"value": value, "currency": "usd"}, "api_key_id": key, "project_id": None}
        for key, value in shares.items()
    ]
    bucket = {"object": "bucket", "start_time": int(start.timestamp()), "results": results}
    return {"object": "page", "data": [bucket], "has_more": False, "next_page": None}


def _openai_endpoint(provider: str) -> Endpoint:
    return Endpoint(
        provider=provider,
        paths=("/v1/organization/costs",),
        key=_bearer,
        answer=_openai_costs,
        errors={
            Condition.REVOKED: _openai(401, "Incorrect API key provided.", "invalid_api_key"),
            Condition.RESTRICTED: _openai(403, "Missing scopes: api.usage.read."),
            Condition.LIMITED: _LIMITED,
            Condition.DOWN: _openai(500, "The server had an error."),
        },
        no_key=_openai(401, "You didn't provide an API key."),
    )


ENDPOINTS: Final = (
    _openai_endpoint("openai_budget"),
    _openai_endpoint("openai_ledger"),
    Endpoint(
        provider="browser_use_v1",
        paths=("/api/v1/balance",),
        key=_bearer,
        # A string of cents: "5000" is 50.00 USD.
        answer=lambda account: {"balance": str(int(account.balance * 100))},
        errors={  # none is documented; such services answer these
            Condition.REVOKED: Reply.json(401, {"detail": "Invalid API key"}),
            Condition.LIMITED: _LIMITED,
            Condition.DOWN: Reply(503, b"<html>Service Unavailable</html>"),
        },
        no_key=Reply.json(401, {"detail": "Not authenticated"}),
    ),
    Endpoint(
        provider="browser_use",
        paths=("/api/v2/billing/account", "/api/v3/billing/account"),
        key=_header("x-browser-use-api-key"),
        answer=lambda account: {
            "name": account.name,
            "totalCreditsBalanceUsd": account.balance,
            "monthlyCreditsBalanceUsd": Decimal(0),
            "additionalCreditsBalanceUsd": account.balance,
            "rateLimit": 10,
            "planInfo": {
                "planName": "Pay as you go",
                "subscriptionStatus": None,
                "subscriptionId": None,
                "subscriptionCurrentPeriodEnd": None,
                "subscriptionCanceledAt": None,
            },
            "isFreeTier": False,
            "projectId": "00000000-0000-4000-8000-000000000000",
        },
        errors={
            # 404 is documented: there is no project behind this key.
            Condition.REVOKED: Reply.json(404, {"detail": "Account not found"}),
            Condition.LIMITED: _LIMITED,
            Condition.DOWN: Reply(503, b"<html>Service Unavailable</html>"),
        },
        no_key=Reply.json(422, {"detail": [{"loc": ["header"], "msg": "Field required"}]}),
    ),
    _firecrawl_endpoint("firecrawl_v1", "v1", "credit", ("remaining_credits", "plan_credits")),
    _firecrawl_endpoint("firecrawl_v1_tokens", "v1", "token", ("remaining_tokens", "plan_tokens")),
    _firecrawl_endpoint("firecrawl", "v2", "credit", ("remainingCredits", "planCredits")),
    _firecrawl_endpoint("firecrawl_tokens", "v2", "token", ("remainingTokens", "planTokens")),
    Endpoint(
        provider="mydisct_bbre",
        paths=("/account/balance",),
        methods=("GET", "POST"),
        key=_header("x-api-key", "apikey"),
        answer=lambda account: {
            "success": True,
            "service": "MyDisct Solver BBRE",
            "balance": account.balance,
        },
        errors={
            Condition.REVOKED: _bbre(
                "INVALID_API_KEY", "The provided API key is invalid or does not exist.", 403
            ),
            Condition.SUSPENDED: _bbre(
                "ACCOUNT_SUSPENDED",
                "Your account has been suspended. Please contact support for more information.",
                403,
            ),
            Condition.UNBILLED: _bbre("ACCOUNT_INACTIVE", "Your account is inactive.", 403),
            Condition.LIMITED: _LIMITED,
            Condition.DOWN: _bbre(
                "SERVICE_ERROR", "An internal server error occurred. Please try again later.", 500
            ),
        },
        no_key=_bbre(
            "API_KEY_REQUIRED",
            "API key is required. Please provide your API key in the x-api-key or apikey header.",
            401,
        ),
    ),
    Endpoint(
        provider="openrouter",
        paths=("/api/v1/credits",),
        key=_bearer,
        answer=lambda account: {
            "data": {
                "total_credits": account.balance + account.used,
                "total_usage": account.used,
            }
        },
        errors=_OPENROUTER_ERRORS,
        no_key=_OPENROUTER_NO_KEY,
    ),
    Endpoint(
        provider="openrouter_key",
        paths=("/api/v1/key",),
        key=_bearer,
        answer=lambda account: {
            "data": {
                "label": account.name,
                "limit": account.balance + account.used,
                "limit_remaining": account.balance,
                "usage": account.used,
                "is_free_tier": False,
            }
        },
        errors=_OPENROUTER_ERRORS,
        no_key=_OPENROUTER_NO_KEY,
    ),
)
