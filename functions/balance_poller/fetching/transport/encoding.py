"""Decodes a body's ``Content-Encoding``, even a wrong one, up to a size limit. Pure.

Providers label plain bodies ``UTF-8``, ``none`` or even ``gzip``; wrongly labelled bodies are kept
unchanged. httpx's own decoder unpacks whole chunks: 64 KiB may become 64 MiB.
"""

from __future__ import annotations

import json
import zlib
from typing import Final

#: Tokens of RFC 9110, 8.4.1 with their zlib window bits, in the order to try: some servers send
#: raw deflate, and some gzip, as "deflate".
_GZIP: Final = zlib.MAX_WBITS | 16
_ZLIB: Final = zlib.MAX_WBITS
_RAW: Final = -zlib.MAX_WBITS
_FORMATS: Final = {
    "gzip": (_GZIP, _ZLIB),
    "x-gzip": (_GZIP, _ZLIB),
    "deflate": (_ZLIB, _RAW, _GZIP),
}
#: Programs that write several make blocks of 64 KiB (BGZF) or more.
_MOST_MEMBERS: Final = 100
#: Real encodings that are not supported; any other unknown token means "unchanged".
_FOREIGN: Final = frozenset({"br", "zstd", "compress", "x-compress", "dcb", "dcz"})


def unpack(raw: bytes, encoding: str, most: int) -> bytes | None:
    """Return the body; None if it is compressed and cannot be decompressed.

    Args:
        raw: The bytes as received.
        encoding: The ``Content-Encoding`` header; its last token was applied last.
        most: The number of bytes after which decompression stops; a longer result has at least one
            more.
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
    """Return the result of the first format that fits."""
    unpacked = (_members(packed, bits, most) for bits in formats)
    return next((body for body in unpacked if body is not None), None)


def _members(packed: bytes, bits: int, most: int) -> bytes | None:
    """Unpack all members, one after the other; None when one is damaged or ends early.

    None for too many, too: unpacking a mebibyte of empty ones takes many seconds.
    """
    body = bytearray()
    members = 0
    while packed:
        members += 1
        if members > _MOST_MEMBERS:
            return None
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
    """Return whether the bytes are readable as they are: JSON in any encoding, or UTF-8 text."""
    try:
        raw.decode()
    except UnicodeDecodeError:
        try:
            json.loads(raw)
        except (ValueError, RecursionError):
            return False
    return True
