"""Whether a CDN or proxy answered instead of the API.

This is decided first, at any status. Refusals by something in front of an API have made people
rotate good keys and top up funded accounts (github.com/cth9191/higgsfield-api-skill/issues/1, read
2026-11).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from balance_poller.definitions.language.evaluation import MISSING
from balance_poller.exchange.answer.response import Response

#: ``error code: 1010`` as plain text, or at the top of a Markdown document
#: (developers.cloudflare.com/changelog/post/2026-03-11-json-rfc9457-responses-for-1xxx-errors,
#: read 2026-11).
_ERROR_CODE: Final = re.compile(rb"(?sm)\s*(---\s.{0,1000}?^)?error[ _]code: *\d{3,4}\s")
#: Members with which an intermediary describes itself: the site that it serves, its own trace of
#: the request, and who should act. APIs describe themselves in other members.
_EDGE_MEMBERS: Final = frozenset(
    {
        "clientIp",
        "client_ip",
        "cloudflare_error",
        "edge_request_id",
        "error_category",
        "owner_action_required",
        "pop",
        "ray_id",
        "retryable",
        "serverIp",
        "zone",
    }
)


def is_from_intermediary(response: Response) -> bool:
    """Return whether something in front of the API sent ``response``."""
    if response.parsed is not MISSING:
        return _is_edge_problem(response.status, response.parsed)
    return is_web_page(response) or bool(_ERROR_CODE.match(response.body[:2000] + b"\n"))


def is_web_page(response: Response) -> bool:
    """Return whether an answer is a web page, by its type or its first character."""
    start = response.body.removeprefix(b"\xef\xbb\xbf").lstrip()
    return "html" in response.content_type.lower() or start.startswith(b"<")


def _is_edge_problem(status: int, body: object) -> bool:
    """Return whether ``body`` is an intermediary's problem document (RFC 9457)."""
    return (
        isinstance(body, Mapping)
        and body.get("status") == status
        and isinstance(body.get("title"), str)
        and len(_EDGE_MEMBERS & body.keys()) >= 2
    )
