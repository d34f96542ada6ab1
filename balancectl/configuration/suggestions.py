"""Adds to a rule's sentence the name that was probably meant. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from balance_poller.definitions.catalogue import list_providers
from balancectl.cli.formatting import did_you_mean
from balancectl.configuration.hcl import nodes

_VARIABLES: Final = {"account": "accounts", "provider": "custom_providers"}
#: A wrong name, and the right ones that the sentence offers.
_CHOICE: Final = re.compile(r'"([^"]*)"[^"]*?(?:use one of|it has|is not one of) ([^;.]+)')
_LONG_LIST: Final = 12
_SHIPPED: Final = "those that `balancectl provider list` shows"
#: A wrong name of which the sentence says only what it should be.
_UNKNOWN: Final = re.compile(
    r'(?P<kind>account|provider) "(?P<name>[^"]*)"(?: of \w+)? is not (?:one of accounts|known; c)',
    re.IGNORECASE,
)
_PROTOCOL: Final = re.compile(r'protocol "([^"]*)" is not one of')
#: What people write for a protocol, where no name is close.
_PROTOCOLS: Final = {
    **dict.fromkeys(("e-mail", "mail", "smtp"), "Did you mean 'email'?"),
    **dict.fromkeys(("http", "url"), "Did you mean 'https'?"),
    **dict.fromkeys(("call", "phone", "text"), "Did you mean 'sms'?"),
}


def names_of(tree: nodes.Mapping) -> dict[str, list[str]]:
    """Return the names that a file may refer to, by kind."""
    own = {kind: tree.get(variable) for kind, variable in _VARIABLES.items()}
    names = {
        kind: [member.name for member in node.members] if isinstance(node, nodes.Mapping) else []
        for kind, node in own.items()
    }
    return {**names, "provider": [*list_providers(), *names["provider"]]}


def suggest(text: str, known: Mapping[str, Iterable[str]]) -> str:
    """Return a sentence with the closest name, and without a long list of others.

    Args:
        text: One sentence of the rules.
        known: The file's names, as from :func:`names_of`.
    """
    protocol = _PROTOCOL.search(text)
    if protocol and (hint := _PROTOCOLS.get(protocol[1].lower())):
        return f"{text} {hint}"
    if unknown := _UNKNOWN.search(text):
        return f"{text} {_hint(unknown['name'], known[unknown['kind'].lower()])}".rstrip()
    choice = _CHOICE.search(text)
    if choice is None:
        return text
    before, after = text[: choice.start(2)], text[choice.end(2) :]
    names = choice[2].split(", ")
    hint = _hint(choice[1], names)
    if len(names) > _LONG_LIST:
        return f"{before}{_SHIPPED}{after} {hint}".rstrip()
    return f"{text} {hint}".rstrip()


def _hint(name: str, names: Iterable[str]) -> str:
    """Return a question for the closest of ``names``; "" if none is close."""
    hint = did_you_mean(name, names)
    return f"D{hint[1:]}" if hint.startswith("did you mean") else ""
