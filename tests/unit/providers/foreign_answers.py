"""JSON written by something in front of an API: gateways, proxies, filters.

The forms are those of the products named, and of frameworks behind which proxies are written, as
their documentation and public bug reports show them (read 2026-11).
"""

from __future__ import annotations

from typing import Final

FOREIGN: Final[dict[str, object]] = {
    "Cloudflare's API": {
        "success": False,
        "errors": [{"code": 10000, "message": "Authentication error"}],
        "messages": [],
        "result": None,
    },
    "Cloudflare's API, another code": {
        "success": False,
        "errors": [{"code": 9109, "message": "Invalid access token"}],
        "messages": [],
        "result": None,
    },
    "Amazon API Gateway": {"message": "Forbidden"},
    "Amazon API Gateway without a route": {"message": "Missing Authentication Token"},
    "Amazon API Gateway's authorizer": {
        "Message": "User is not authorized to access this resource with an explicit deny"
    },
    "Amazon API Gateway's usage plan": {"message": "Limit Exceeded"},
    "Kong": {"message": "You cannot consume this service", "request_id": "a105ee31"},
    "Kong without a key": {"message": "No API key found in request"},
    "Kong, unauthorized": {"message": "Unauthorized", "request_id": "a105ee31"},
    "Apigee": {
        "fault": {
            "faultstring": "Invalid ApiKey",
            "detail": {"errorcode": "oauth.v2.InvalidApiKey"},
        }
    },
    "Apigee's fault": {
        "fault": {
            "faultstring": "Access Denied",
            "detail": {"errorcode": "steps.raisefault.RaiseFault"},
        }
    },
    "Azure API Management": {
        "statusCode": 401,
        "message": "Access denied due to invalid subscription key.",
    },
    "Azure API Management, forbidden": {"statusCode": 403, "message": "Forbidden"},
    "Azure API Management's quota": {
        "statusCode": 403,
        "message": "Out of call volume quota. Quota will be replenished in 00:10:00.",
    },
    "Azure's gateway": {"error": {"code": "Forbidden", "message": "Access denied"}},
    "Azure Resource Manager": {"error": {"code": "AuthorizationFailed", "message": "no"}},
    "Google's front end": {
        "error": {"code": 403, "message": "Forbidden", "status": "PERMISSION_DENIED"}
    },
    "Google's front end with a reason": {
        "error": {
            "code": 403,
            "message": "The caller does not have permission",
            "status": "PERMISSION_DENIED",
            "details": [{"reason": "API_KEY_SERVICE_BLOCKED"}],
        }
    },
    "Google's Endpoints": {"code": 16, "message": "JWT validation failed", "details": []},
    "grpc-gateway": {"code": 7, "message": "permission denied", "details": []},
    "Tyk": {"error": "Access to this API has been disallowed"},
    "Tyk, another text": {"error": "API access has been disallowed"},
    "Tyk without a key": {"error": "Authorization field missing"},
    "Spring": {
        "timestamp": "2026-11-26T12:00:00Z",
        "status": 403,
        "error": "Forbidden",
        "message": "Access Denied",
        "path": "/",
    },
    "Spring, unauthorized": {
        "timestamp": "2026-11-26T12:00:00Z",
        "status": 401,
        "error": "Unauthorized",
        "path": "/",
    },
    "an OAuth proxy, access denied": {"error": "access_denied"},
    "an OAuth proxy with a description": {
        "error": "access_denied",
        "error_description": "The resource owner denied the request",
    },
    "an OAuth proxy, invalid token": {
        "error": "invalid_token",
        "error_description": "The access token expired",
    },
    "an OAuth proxy, invalid client": {"error": "invalid_client"},
    "an OAuth proxy, scope": {"error": "insufficient_scope"},
    "an OAuth proxy, client": {"error": "unauthorized_client"},
    "oauth2-proxy": {"error": "unauthorized"},
    "Authelia": {"status": "KO", "message": "unauthorized"},
    "a web filter": {"error": "Access Denied", "reason": "Blocked by policy", "category": "AI"},
    "a web filter with a code": {
        "code": "ACCESS_DENIED",
        "message": "Blocked by your organization's policy",
    },
    "a web filter, in short": {"error": "blocked", "message": "Blocked by policy"},
    "Envoy's role-based access": {"error": {"code": "403", "message": "RBAC: access denied"}},
    "Envoy's token filter": {"code": 401, "message": "Jwt is missing"},
    "Traefik": {"code": "403", "message": "Forbidden"},
    "FastAPI": {"detail": "Forbidden"},
    "FastAPI without a token": {"detail": "Not authenticated"},
    "FastAPI's validation": {
        "detail": [
            {
                "loc": ["header", "authorization"],
                "msg": "field required",
                "type": "value_error.missing",
            }
        ]
    },
    "Django": {"detail": "You do not have permission to perform this action."},
    "Django with a code": {
        "detail": "Authentication credentials were not provided.",
        "code": "not_authenticated",
    },
    "Express": {"statusCode": 403, "error": "Forbidden", "message": "Forbidden"},
    "NestJS": {"statusCode": 401, "message": "Unauthorized"},
    "Laravel": {"message": "Unauthenticated."},
    "Rails": {"status": 403, "error": "Forbidden"},
    "JSON:API": {"errors": [{"status": "403", "code": "403", "title": "Forbidden"}]},
    "JSON:API in words": {
        "errors": [
            {"status": "403", "code": "forbidden", "title": "Forbidden", "detail": "Access denied"}
        ]
    },
    "JSON:API, unauthorized": {"errors": [{"code": "unauthorized", "title": "Unauthorized"}]},
    "errors with a message": {"errors": [{"message": "Forbidden"}]},
    "errors as texts": {"errors": ["Forbidden"]},
    "a GraphQL gateway": {
        "errors": [{"message": "Unauthorized", "extensions": {"code": "UNAUTHENTICATED"}}],
        "data": None,
    },
    "a GraphQL gateway, forbidden": {
        "errors": [{"message": "Forbidden", "extensions": {"code": "FORBIDDEN"}}],
        "data": None,
    },
    "a problem document": {
        "type": "about:blank",
        "title": "Forbidden",
        "status": 403,
        "detail": "Access denied",
    },
    "Akamai's": {
        "type": "https://problems.luna.akamaiapis.net/-/pep-authn/deny",
        "title": "Not authorized",
        "status": 403,
        "detail": "denied",
    },
    "Fastly": {"msg": "Provided credentials are missing or invalid"},
    "Imperva": {
        "errorCode": "15",
        "errorMessage": "This request was blocked by the security rules",
        "incidentId": "1",
    },
    "F5": {"supportID": "123", "message": "The requested URL was rejected."},
    "DataDome": {"url": "https://geo.captcha-delivery.com/captcha/?x=1"},
    "PerimeterX": {"appId": "PX", "jsClientSrc": "/x", "blockScript": "/y"},
    "Vercel": {"error": {"code": "forbidden", "message": "Not authorized"}},
    "Vercel, as a number": {"error": {"code": "403", "message": "Forbidden"}},
    "Supabase": {"message": "No API key found in request", "hint": "No `apikey` request header"},
    "Supabase's key": {"message": "Invalid API key"},
    "LiteLLM's proxy": {
        "error": {
            "message": "Authentication Error, Invalid proxy server token passed",
            "type": "auth_error",
            "param": "None",
            "code": "401",
        }
    },
    "a model proxy": {
        "error": {
            "message": "forbidden",
            "type": "invalid_request_error",
            "param": None,
            "code": None,
        }
    },
    "a code and msg": {"code": 403, "msg": "Forbidden"},
    "a code, a message and no success": {
        "code": 403,
        "message": "Forbidden",
        "success": False,
        "data": None,
    },
    "no success and a message": {"success": False, "message": "Forbidden"},
    "no success and an error": {"success": False, "error": "Forbidden"},
    "no success and an error's code": {
        "success": False,
        "error": {"code": "forbidden", "message": "Forbidden"},
    },
    "a status and a message": {"status": "error", "message": "Forbidden"},
    "a status and a code": {"status": "error", "code": 403, "message": "Forbidden"},
    "not ok": {"ok": False, "error": "forbidden"},
    "RapidAPI": {"message": "You are not subscribed to this API."},
    "RapidAPI's quota": {
        "message": "You have exceeded the MONTHLY quota for Requests on your current plan, BASIC."
    },
    "Mashery": {"error": {"code": "ERR_403_DEVELOPER_INACTIVE", "message": "x"}},
    "WSO2": {"fault": {"code": 900901, "message": "Invalid Credentials", "description": "x"}},
    "WSO2's newer form": {"code": "900901", "message": "Invalid Credentials", "description": "x"},
    "3scale": "Authentication failed",
    "KrakenD": {"error": "invalid API key"},
    "Gravitee": {"message": "Unauthorized", "http_status_code": 401},
    "a text": "Forbidden",
    "an empty list": [],
    "an empty object": {},
    "null": None,
}

#: Where an answer of the table is also the provider's documented own, which says no more.
COINCIDES: Final = {
    # docs.firecrawl.dev/api-reference/errors: {"success": false, "error": "Forbidden"}.
    (name, "no success and an error")
    for name in ("firecrawl", "firecrawl_tokens", "firecrawl_v1", "firecrawl_v1_tokens")
}
