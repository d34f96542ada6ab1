"""Builds the HTTP request from a definition's ``request``, a secret and parameters. Pure.

A key goes only where the definition puts it; addresses are HTTPS, except on loopback if the
deployment allows it; no value can break out of its header or its part of the URL.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import Any
from urllib.parse import quote, urlsplit

from balance_poller.definitions.language.template import (
    ConfigError,
    Template,
    Values,
    has_control_characters,
    show_masks,
)
from balance_poller.definitions.request.request_spec import RequestSpec, is_loopback
from shared.secret import AccountKey, Secret


class PreparedRequest:
    """One request, ready to be sent. It contains a key, so ``repr`` shows no values.

    Args:
        method: The HTTP method.
        url: The whole address.
        headers: The headers.
        content: The body, if any.
        mask: Returns the request as readable text, with asterisks for keys.
        answer_headers: Headers of the answer that the definition uses.
    """

    def __init__(  # noqa: PLR0913, PLR0917 -- whatever a request is made of
        self,
        method: str,
        url: str,
        headers: dict[str, str],
        content: bytes | None,
        mask: Callable[[], str],
        answer_headers: tuple[str, ...] = (),
    ) -> None:
        self.method = method
        self.url = url
        self.headers = headers
        self.content = content
        self.answer_headers = answer_headers
        self.ticket = object()
        """Identical for a request before and after another's values were filled in."""
        self._mask = mask

    def __repr__(self) -> str:
        return f"PreparedRequest(method={self.method!r}, headers={list(self.headers)})"

    def masked(self) -> str:
        """Return the request as readable text, with asterisks for keys."""
        return self._mask()


def prepare_request(
    spec: RequestSpec,
    values: Values,
    base_url: str | None,
    *,
    allow_http_loopback: bool,
    answer_headers: tuple[str, ...] = (),
) -> PreparedRequest:
    """Return the request that ``spec`` describes.

    Raises:
        ConfigError: when the secret, a parameter or ``base_url`` cannot be used.
    """
    if spec.secret_fields and not values.is_masked:
        _check_fields(spec.secret_fields, values.secret)
    origin = _origin(spec, values, base_url, allow_http_loopback=allow_http_loopback)
    url = origin + spec.path.render(values, _path_part) + _query(spec, values)
    content = None
    if spec.json is not None:
        content = json.dumps(_filled(spec.json, values), separators=(",", ":")).encode()
    return PreparedRequest(
        method=spec.method.render(values),
        url=url,
        headers=_headers(spec, values),
        content=content,
        answer_headers=answer_headers,
        mask=partial(_masked, spec, values.params, values.window, base_url),
    )


def address_of(
    spec: RequestSpec, params: Mapping[str, str], base_url: str | None, *, allow_http_loopback: bool
) -> str:
    """Return scheme, host, port and the path's prefix of an account's request.

    Raises:
        ConfigError: when a parameter or ``base_url`` cannot be used.
    """
    values = Values(Secret(""), params, is_masked=True)
    return _origin(spec, values, base_url, allow_http_loopback=allow_http_loopback)


def _check_fields(fields: tuple[str, ...], secret: AccountKey) -> None:
    """Refuse a secret with missing parts, and name them all."""
    if not isinstance(secret, Mapping):
        needed = ", ".join(fields)
        raise ConfigError(
            f"the secret is plain text, but the provider needs an object with {needed}"
        )
    if missing := [name for name in fields if name not in secret]:
        raise ConfigError(f"the secret has no field {', '.join(missing)}")


def _masked(
    spec: RequestSpec, params: Mapping[str, str], window: Mapping[str, str], base_url: str | None
) -> str:
    """Render ``spec`` again with stand-ins for its secrets."""
    values = Values(Secret(""), params, is_masked=True, window=window)
    request = prepare_request(spec, values, base_url, allow_http_loopback=True)
    lines = [f"{request.method} {request.url}"]
    lines += [f"{name}: {text}" for name, text in request.headers.items()]
    lines += ["", request.content.decode()] if request.content else []
    return show_masks("\n".join(lines))


def _origin(
    spec: RequestSpec, values: Values, base_url: str | None, *, allow_http_loopback: bool
) -> str:
    """Return scheme, host, port and the path's prefix."""
    if base_url:
        return check_base_url(base_url, allow_http_loopback=allow_http_loopback)
    if spec.is_self_hosted:
        raise ConfigError("base_url is missing: the provider is self-hosted, on a host of your own")
    if spec.scheme == "http" and not allow_http_loopback:
        raise ConfigError("the definition's url is plain http, which is allowed on loopback only")
    return f"{spec.scheme}://{spec.host.render(values)}"


@lru_cache(maxsize=1024)
def check_base_url(base_url: str, *, allow_http_loopback: bool) -> str:
    """Return ``base_url`` without a trailing slash.

    Raises:
        ConfigError: unless it is https (or http on loopback where that is allowed) with a host, and
            without credentials, query and fragment. The text does not quote it.
    """
    if has_control_characters(base_url) or " " in base_url or not base_url.isascii():
        raise ConfigError("base_url has a space, a control or a non-ASCII character in it")
    try:
        parts = urlsplit(base_url)
        port = parts.port
    except ValueError:
        raise ConfigError("base_url is not a URL") from None
    if "@" in parts.netloc:
        raise ConfigError("base_url must not contain credentials")
    if "?" in base_url or "#" in base_url or "\\" in base_url:
        raise ConfigError("base_url must be scheme, host, port and a path at most")
    if not parts.hostname or port == 0:
        raise ConfigError("base_url names no host or no usable port")
    is_allowed_http = allow_http_loopback and is_loopback(parts.hostname)
    if parts.scheme != "https" and not (parts.scheme == "http" and is_allowed_http):
        raise ConfigError(
            "base_url must start with https:// (http only on loopback, where allowed)"
        )
    return base_url.rstrip("/")


def _path_part(value: str) -> str:
    """Return ``value`` as a segment of a URL's path, or a part of one."""
    if value in {".", ".."}:
        raise ConfigError("a value for the URL's path must not be dots alone")
    return quote(value, safe="")


def _query(spec: RequestSpec, values: Values) -> str:
    """Return the query with its question mark, without empty entries."""
    if not spec.query:
        return ""
    rendered = ((name, template.render(values)) for name, template in spec.query)
    pairs = [f"{quote(name, safe='')}={quote(text, safe='')}" for name, text in rendered if text]
    return "?" + "&".join(pairs) if pairs else ""


def _headers(spec: RequestSpec, values: Values) -> dict[str, str]:
    """Return the headers, without empty ones."""
    headers = {}
    for name, template in spec.headers:
        text = template.render(values)
        if not text.isascii() or has_control_characters(text):
            raise ConfigError(
                f"a value for the header {name} has a control or a non-ASCII character in it"
            )
        if text:
            headers[name] = text
    if spec.basic is not None:
        headers["Authorization"] = _basic(spec.basic, values)
    return headers


def _basic(basic: tuple[Template, Template], values: Values) -> str:
    """Return HTTP Basic credentials, UTF-8 (RFC 7617)."""
    user, password = (part.render(values) for part in basic)
    if ":" in user:
        raise ConfigError("the user name of HTTP Basic credentials has a colon in it")
    if values.is_masked:
        return f"Basic {user}:{password}"
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def _filled(body: Any, values: Values) -> Any:  # noqa: ANN401 -- any JSON value
    """Return the JSON body with its templates filled in."""
    match body:
        case Template():
            return body.render(values)
        case dict():
            return {name: _filled(item, values) for name, item in body.items()}
        case list():
            return [_filled(item, values) for item in body]
        case _:
            return body
