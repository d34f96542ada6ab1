"""Where a definition's request may go: hosts that nobody chooses freely. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import product
from math import prod
from typing import Final

from balance_poller.definitions.field import Field
from balance_poller.definitions.language.template import Template
from balance_poller.definitions.params import Param
from balance_poller.definitions.request.request_spec import is_loopback

#: Scheme, host with port, and path.
URL: Final = re.compile(r"(https?)://([^/?#@\\\s]+)(/[^?#\\\s]*)?")
PATH: Final = r"/[^?#\\\s]*"
_HOST: Final = re.compile(r"(([A-Za-z0-9-]+\.)*[A-Za-z0-9-]+|\[::1\])(:[0-9]{1,5})?")
#: Every host that the parameters can produce is checked.
_MOST_HOSTS: Final = 1000


def check_hosts(field: Field, scheme: str, host: Template, params: Mapping[str, Param]) -> None:
    """Refuse a host that an account or a key could choose freely."""
    choices: list[tuple[str, ...]] = []
    for part in host.parts:
        if isinstance(part, str):
            choices.append((part,))
            continue
        is_param = part.kind == "param" and part.name in params
        one_of = params[part.name].one_of if is_param else ()
        if not one_of:
            field.refuse("only a parameter with one_of may be in the host")
            return
        choices.append(one_of)
    if prod(map(len, choices)) > _MOST_HOSTS:
        field.refuse(f"the parameters in the host allow more than {_MOST_HOSTS} hosts")
        return
    for names in product(*choices):
        name = "".join(names)
        if not _HOST.fullmatch(name):
            field.refuse("the host is not a name, optionally with a port")
        elif scheme == "http" and not is_loopback(_without_port(name)):
            field.refuse("expected https:// (http only on loopback)")


def _without_port(host: str) -> str:
    """Return the name in ``host`` without its port and brackets."""
    return host.rpartition("]")[0].lstrip("[") if "[" in host else host.partition(":")[0]
