"""Recognises requests made by web pages or addressed to another host name. Pure.

A page that the user visits can send requests to loopback ports, and with DNS rebinding even read
the responses. Command line clients and SDKs send none of the headers refused here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_LOOPBACK: Final = ("127.0.0.1", "localhost")
#: "none" is a request that the user made in the address bar; every other value names a page
#: (Fetch Metadata Request Headers, W3C working draft, read 2026-11).
_NO_SITE: Final = "none"


def refusal(headers: Mapping[str, str], port: int) -> str | None:
    """Return why a request is refused, or None.

    Args:
        headers: of the request; names in lower case.
        port: the loopback port that the server listens on.
    """
    if "origin" in headers:
        return "requests from web pages are refused (Origin)"
    if headers.get("sec-fetch-site", _NO_SITE) != _NO_SITE:
        return "requests from web pages are refused (Sec-Fetch-Site)"
    if headers.get("host") not in {f"{name}:{port}" for name in _LOOPBACK}:
        return f"the Host must be 127.0.0.1:{port}"
    return None
