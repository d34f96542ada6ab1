"""Keeps addresses, which contain tokens, out of every log.

Apprise logs requests at DEBUG and refused tokens at WARNING, urllib3 logs paths (seen in 2.3 and
2.8). Neither may reach a handler. What Apprise captured of one post is masked before it is shown.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import unquote

from shared.redactor import redactor
from shared.text import one_line

_TALKATIVE: Final = ("apprise", "requests", "requests_oauthlib", "oauthlib", "urllib3")
_SEPARATORS: Final = re.compile(r"[/:@?&=,#^]+")
_MOST_REASON: Final = 300


def silence() -> None:
    """Suppress everything that the libraries log."""
    for name in _TALKATIVE:
        library = logging.getLogger(name)
        library.setLevel(logging.WARNING)
        library.propagate = False
        library.handlers = [logging.NullHandler()]


def remember(address: str) -> None:
    """Mask an address and its parts in every line of the log."""
    redactor().add(_parts(address))


def reason(messages: Iterable[str]) -> str:
    """Return why a post failed, on one line, without secrets."""
    return one_line(redactor().clean(" ".join(messages)), _MOST_REASON)


def _parts(address: str) -> Iterator[str]:
    """Yield an address and every part of it that may be a token, but not the service's name."""
    yield address
    for part in _SEPARATORS.split(address.partition("://")[2] or address):
        yield part
        yield unquote(part)
