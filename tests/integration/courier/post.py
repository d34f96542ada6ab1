"""Posts like a fresh courier: ``python post.py SERVER``, with the posts on standard input.

Requests for services go to a server on loopback, with the service's host as the first part of the
path.
"""

from __future__ import annotations

import json
import sys
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests

from courier.channels.address import Address
from courier.channels.channel import ChannelError, send
from courier.posts import Level, Post

SERVER = sys.argv[1]
SEND = requests.Session.send


def to_loopback(
    session: requests.Session, request: requests.PreparedRequest, **options: Any
) -> requests.Response:
    """Send a request to the server instead."""
    parts = urlsplit(str(request.url))
    here = urlsplit(SERVER)
    path = f"/{parts.hostname}{parts.path}"
    request.url = urlunsplit((here.scheme, here.netloc, path, parts.query, ""))
    return SEND(session, request, **options)


def main() -> None:
    """Post everything; print why a service refused anything."""
    requests.Session.send = to_loopback  # type: ignore[method-assign]
    failures = {}
    for name, address, level, fields in json.load(sys.stdin):
        try:
            send(Address(address), Post(channel=name, level=Level[level], **fields))
        except ChannelError as exc:
            failures[name] = str(exc)
    sys.stdout.write(json.dumps(failures))


main()
