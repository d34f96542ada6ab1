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

_BOM: Final = b"\xef\xbb\xbf"
#: ``error code: 1010`` as plain text, or at the top of a Markdown document
#: (developers.cloudflare.com/changelog/post/2026-03-11-json-rfc9457-responses-for-1xxx-errors,
#: read 2026-11).
_ERROR_CODE: Final = rb"(?sim)\s*(---\s.{0,1000}?^)?(error[ _]code:? *\d{3,5}|(#+ )?error 1\d{3})\b"
#: A hosting platform's code on a line of its own, and the id of the request there. One of them is
#: 402, and it is the provider who owes (github.com/WiiLink24/web/issues/14 and
#: github.com/Chanzhaoyu/chatgpt-web/issues/1748, read 2026-11).
_PLATFORM: Final = rb"(?m)^(Code: )?[A-Z]+(_[A-Z]+)*\s+(ID: )?[a-z]{3}\d::[a-z0-9]"
#: Members with which an intermediary describes itself: the site that it serves, its own trace of
#: the request, and who should act. APIs describe themselves in other members. Without capitals,
#: hyphens and underscores, for intermediaries differ in these.
_EDGE_MEMBERS: Final = frozenset(
    {
        "clientip",
        "cloudflareerror",
        "edgerequestid",
        "errorcategory",
        "owneractionrequired",
        "pop",
        "rayid",
        "retryable",
        "serverip",
        "zone",
    }
)


def is_from_intermediary(response: Response) -> bool:
    """Return whether something in front of the API sent ``response``."""
    if response.parsed is not MISSING:
        return _is_edge_problem(response.status, response.parsed)
    start = response.body[:2000].removeprefix(_BOM)
    return is_web_page(response) or bool(
        re.match(_ERROR_CODE, start) or re.search(_PLATFORM, start)
    )


def is_web_page(response: Response) -> bool:
    """Return whether an answer is a web page, by its type or its first character."""
    # UTF-16 has a zero byte beside each character of a page's beginning.
    start = response.body[:100].lstrip(_BOM + b"\xff\xfe").replace(b"\0", b"").lstrip()
    return "html" in response.content_type.lower() or start.startswith(b"<")


def _is_edge_problem(status: int, body: object) -> bool:
    """Return whether ``body`` is an intermediary's problem document (RFC 9457).

    Its status may be missing, except beside a status that says that nothing failed.
    """
    missing = status if status >= 400 else None
    if not isinstance(body, Mapping) or str(body.get("status", missing)) != str(status):
        return False
    has_words = any(isinstance(body.get(name), str) for name in ("title", "detail"))
    members = {re.sub("[_-]", "", name).lower() for name in body}
    return has_words and len(_EDGE_MEMBERS & members) >= 2
