"""Where a request goes, taken from its URL. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from balance_poller.fetching.transport.errors import BadUrlError


@dataclass(frozen=True, slots=True)
class Origin:
    """A scheme, a host and a port: what one connection serves."""

    is_tls: bool
    host: str
    port: int
    host_header: str
    """The host as a request names it: with the port, unless that is the scheme's own."""


def split_url(url: str) -> tuple[Origin, str]:
    """Return a URL's origin, and the path with its query.

    Raises:
        BadUrlError: when it is not an http or https URL. The text does not quote it.
    """
    scheme, separator, rest = url.partition("://")
    place = min((at for at in map(rest.find, "/?#") if at >= 0), default=len(rest))
    if not separator:
        raise BadUrlError
    target = rest[place:].partition("#")[0]
    return _origin(f"{scheme}://{rest[:place]}"), target if target[:1] == "/" else f"/{target}"


@lru_cache(maxsize=1024)
def _origin(url: str) -> Origin:
    """Read scheme, host and port. A path or query, where keys may be, never comes here."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
        default = {"http": 80, "https": 443}[parts.scheme]
        name = f"[{host}]" if host and ":" in host else (host or "").encode("idna").decode()
    except (ValueError, KeyError):
        raise BadUrlError from None
    if not host:
        raise BadUrlError
    header = name if port in (None, default) else f"{name}:{port}"
    return Origin(parts.scheme == "https", host, port or default, header)
