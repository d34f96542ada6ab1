"""Answers that no provider should give but some do, as the bytes of an HTTP response.

Each names the outcomes that are right for every definition: none reads a balance from it, and only
an answer that certainly comes from the API itself may say anything about the key.
"""

from __future__ import annotations

import gzip
import json
import zlib
from dataclasses import dataclass
from typing import Final

from shared.outcome import Outcome

_TRANSIENT: Final = frozenset({Outcome.TRANSIENT})
_CHANGED: Final = frozenset({Outcome.SCHEMA_CHANGED})
#: The outcomes that a definition's own rules may give a failure whose body says nothing.
_ANY_FAILURE: Final = frozenset(Outcome) - {Outcome.OK}
_NO_KEY: Final = _ANY_FAILURE - {Outcome.INVALID_KEY, Outcome.INSUFFICIENT_SCOPE}


@dataclass(frozen=True, slots=True)
class Hostile:
    """One answer, and the outcomes that it may have."""

    name: str
    raw: bytes
    outcomes: frozenset[Outcome]


def _http(body: bytes, status: str = "200 OK", *headers: str, length: str = "") -> bytes:
    """Return a response that ends when the connection does, unless it has a length."""
    lines = [f"HTTP/1.1 {status}", *(headers or ("Content-Type: application/json",))]
    lines += [f"Content-Length: {length}"] if length else []
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1") + body


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


def _chunked(body: bytes) -> bytes:
    return _http(body, "200 OK", "Transfer-Encoding: chunked")


_PAGE: Final = b"<!DOCTYPE html><html><body>Sign in</body></html>"
_HTML: Final = "Content-Type: text/html; charset=utf-8"
_TEXT: Final = "Content-Type: text/plain"
_EMPTY: Final = b"{}"
_GZIP: Final = gzip.compress(_json({"balance": 5}), mtime=0)

#: Not HTTP, or against its rules.
_FRAMING: Final = {
    "an SSH banner": b"SSH-2.0-OpenSSH_9.6\r\n",
    "an SMTP greeting": b"220 mail.example ESMTP\r\n\r\n",
    "an HTTP/2 preface": b"\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64",
    "a TLS alert": b"\x15\x03\x01\x00\x02\x02\x46",
    "no status": b"HTTP/1.1\r\n\r\n{}",
    "a status in words": b"HTTP/1.1 OK 200\r\n\r\n{}",
    # python-hyper/h11/issues/130 and encode/httpx/issues/1363, on github.com, read 2026-11.
    "an illegal header line": b"HTTP/1.1 200 OK\r\nno colon here\r\n\r\n{}",
    "a path as a header": (
        b"HTTP/1.1 200 OK\r\nget-cache/forum.php: userdata not support\r\n\r\n{}"
    ),
    "a header with a control character": b"HTTP/1.1 200 OK\r\nX-A: a\x00b\r\n\r\n{}",
    # github.com/encode/httpx/issues/1862, read 2026-11.
    "chunked twice": _http(b"0\r\n\r\n", "200 OK", "Transfer-Encoding: chunked, chunked"),
    "two transfer encodings": _http(
        b"0\r\n\r\n", "200 OK", "Transfer-Encoding: chunked", "Transfer-Encoding: gzip"
    ),
    "two lengths": _http(_EMPTY, "200 OK", "Content-Length: 2", "Content-Length: 3"),
    "a negative length": _http(_EMPTY, length="-2"),
    "a length in words": _http(_EMPTY, length="two"),
    "headers of 180 KB": _http(_EMPTY, "200 OK", *(f"X-{n}: {'x' * 1000}" for n in range(180))),
    # github.com/danieldotnl/ha-multiscrape/issues/134, read 2026-11.
    "a chunk size with a space": _chunked(b"2 \r\n{}\r\n0\r\n\r\n"),
    "a chunk size that is none": _chunked(b"zz\r\n{}\r\n0\r\n\r\n"),
    "a body of 2 MiB": _http(b" " * 2 * 1024 * 1024),
    "a gzip bomb": _http(
        gzip.compress(b"0" * 8 * 1024 * 1024, mtime=0), "200 OK", "Content-Encoding: gzip"
    ),
}
#: Answers that end too early.
_CUT_OFF: Final = {
    "nothing": b"",
    "half a status line": b"HTTP/1.1 2",
    "half the headers": b"HTTP/1.1 200 OK\r\nContent-Ty",
    "half the body": _http(b'{"balance": 1', length="999"),
    "half a chunk": _chunked(b"ff\r\n{"),
    "no last chunk": _chunked(b"2\r\n{}\r\n"),
}
#: Compressed bodies that cannot be decompressed.
_PACKED: Final = {
    "half of gzip": _http(_GZIP[:-6], "200 OK", "Content-Encoding: gzip"),
    "gzip with rubbish behind it": _http(_GZIP + b"\x9b", "200 OK", "Content-Encoding: gzip"),
    "gzip once where twice is said": _http(_GZIP, "200 OK", "Content-Encoding: gzip, gzip"),
    "half of deflate": _http(zlib.compress(b"5" * 99)[:-6], "200 OK", "Content-Encoding: deflate"),
    "brotli": _http(b"\x8b\x00\x80{}\x03", "200 OK", "Content-Encoding: br"),
    "gzip that is not said": _http(_GZIP),
}
#: Bodies with status 200 that nobody documents.
_BODIES: Final = {
    "empty": b"",
    "white space": b" \r\n\t ",
    "null": b"null",
    "true": b"true",
    "a number": b"5",
    "a text": b'"5"',
    "an empty object": _EMPTY,
    "an object of nulls": _json(dict.fromkeys(("balance", "data", "credits", "result"))),
    "an object of objects": _json({"balance": {}, "data": {}, "credits": {}, "result": {}}),
    "texts for numbers": _json({"balance": "many", "data": "5 USD", "credits": "1,000"}),
    "truths for numbers": _json({"balance": True, "data": False, "credits": True}),
    "NaN": b'{"balance": NaN, "credits": NaN, "data": {"balance": NaN}}',
    "infinity": b'{"balance": Infinity, "credits": -Infinity}',
    "a number of a thousand digits": b'{"balance": ' + b"9" * 1000 + b"}",
    "an exponent of a thousand million": b'{"balance": 1e999999999, "credits": 1e999999999}',
    "nested a hundred thousand times": b"[" * 100_000,
    "two JSON values": b'{"balance": 5}{"balance": 6}',
    "JSON cut off": b'{"balance": 5, "credits": 1',
    "JSON with comments": b'{"balance": 5 /* USD */}',
    "single quotes": b"{'balance': 5}",
    "NDJSON": b'{"balance": 5}\n{"balance": 6}\n',
    "JSONP": b'callback({"balance": 5});',
    "XML": b'<?xml version="1.0"?><balance>5</balance>',
    "CSV": b"balance,currency\n5,USD\n",
    "not UTF-8": b'{"balance": "\xff\xfe"}',
    "zero bytes": bytes(64),
    "an error that says 200": _json({"success": False, "error": {"message": "no"}}),
}
#: Pages and texts from something in front of the API.
_PAGES: Final = {
    f"a page with status {status}": _http(_PAGE, f"{status} X", _HTML)
    for status in (200, 400, 401, 403, 404, 429, 500, 502, 503, 520, 530)
} | {
    "a CDN's code with 403": _http(b"error code: 1010", "403 Forbidden", _TEXT),
    "a CDN's code with 429": _http(b"error code: 1015", "429 X", _TEXT),
    "a page that says it is JSON": _http(_PAGE, "403 Forbidden"),
}
#: Failures whose body says nothing.
_REFUSALS: Final = (400, 402, 404, 405, 406, 408, 409, 410, 418, 421, 422, 425, 429, 451)
_STATUSES: Final = {
    f"status {status}": _http(_EMPTY, f"{status} X")
    for status in (
        *range(300, 305),
        201,
        206,
        307,
        *_REFUSALS,
        500,
        501,
        502,
        503,
        504,
        599,
        600,
        999,
    )
} | {
    "status 204": _http(b"", "204 No Content"),
    "a redirect with a key in it": _http(b"", "302 Found", "Location: http://127.0.0.1:9/?k=x"),
}

CATALOGUE: Final = tuple(
    Hostile(name, raw, outcomes)
    for answers, outcomes in (
        (_FRAMING, _CHANGED),
        (_CUT_OFF, _TRANSIENT),
        (_PACKED, _CHANGED),
        ({name: _http(body) for name, body in _BODIES.items()}, _ANY_FAILURE),
        (_PAGES, _TRANSIENT),
        (_STATUSES, _NO_KEY),
    )
    for name, raw in answers.items()
)
