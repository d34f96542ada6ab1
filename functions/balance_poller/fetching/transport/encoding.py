"""Undo a body's ``Content-Encoding``, right or wrong, and unpack no more than a cap. Pure.

Providers label plain bodies ``UTF-8``, ``none`` or even ``gzip``: what is labelled wrongly is kept
as it is. httpx's own decoder unpacks a chunk whole: 64 KiB may become 64 MiB.
"""

from __future__ import annotations

import json
import zlib
from typing import Final

#: Tokens of RFC 9110, 8.4.1 with their zlib window bits, in the order to try; some servers send
#: raw deflate, and some gzip, as "deflate".
_GZIP: Final = zlib.MAX_WBITS | 16
_ZLIB: Final = zlib.MAX_WBITS
_RAW: Final = -zlib.MAX_WBITS
_FORMATS: Final = {
    "gzip": (_GZIP, _ZLIB),
    "x-gzip": (_GZIP, _ZLIB),
    "deflate": (_ZLIB, _RAW, _GZIP),
}
#: Real encodings that nothing here can undo; any other unknown token means "as it is".
_FOREIGN: Final = frozenset({"br", "zstd", "compress", "x-compress", "dcb", "dcz"})


def unpack(raw: bytes, encoding: str, most: int) -> bytes | None:
    """Return the body, or None when it is packed and cannot be unpacked.

    Args:
        raw: The bytes as they came.
        encoding: The ``Content-Encoding`` header; its last token was applied last.
        most: Bytes after which unpacking stops: a longer result has at least one more.
    """
    body: bytes | None = raw
    for token in reversed([part.strip().lower() for part in encoding.split(",")]):
        if not body:
            break
        if token in _FOREIGN:
            body = None
        elif token in _FORMATS:
            body = _first(body, _FORMATS[token], most)
    if body is None and _is_plain(raw):
        return raw
    return body


def _first(packed: bytes, formats: tuple[int, ...], most: int) -> bytes | None:
    """Return what the first format that fits gives."""
    unpacked = (_members(packed, bits, most) for bits in formats)
    return next((body for body in unpacked if body is not None), None)


def _members(packed: bytes, bits: int, most: int) -> bytes | None:
    """Unpack all members, one after the other; None when one is damaged or ends early."""
    body = bytearray()
    while packed:
        member = zlib.decompressobj(bits)
        try:
            body += member.decompress(packed, most + 1 - len(body))
        except zlib.error:
            return None
        if len(body) > most:
            break
        if not member.eof:
            return None
        # gzip files may be padded with zeros (gzip manual, "Tapes").
        packed = member.unused_data.lstrip(b"\0")
    return bytes(body)


def _is_plain(raw: bytes) -> bool:
    """Return whether the bytes say something as they are: JSON in any encoding, or UTF-8 text."""
    try:
        raw.decode()
    except UnicodeDecodeError:
        try:
            json.loads(raw)
        except (ValueError, RecursionError):
            return False
    return True
