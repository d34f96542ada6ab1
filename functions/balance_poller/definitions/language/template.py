"""Texts with the placeholders ``{key}`` and ``{secret|param|before.NAME}``. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from balance_poller.ledger.window import PLACEHOLDERS
from shared.secret import AccountKey, Secret, reveal

#: Any single word in braces counts as a placeholder, so that a typo is never sent as text.
#: Braces around anything else, as in GraphQL, are text.
_WORD_IN_BRACES: Final = re.compile(r"\{([A-Za-z_][A-Za-z0-9_.]*)\}")
_PLACEHOLDER: Final = re.compile(
    r"(?P<key>key)|secret\.(?P<secret>[A-Za-z][A-Za-z0-9_]*)|param\.(?P<param>[a-z][a-z0-9_]*)"
    rf"|window\.(?P<window>{'|'.join(PLACEHOLDERS)})"
    r"|before\.(?P<before>[a-z][a-z0-9_]*)"
)
#: A placeholder in another tool's syntax: the key would be sent with extra characters.
_FOREIGN: Final = re.compile(
    r"(?:\$\{|\{\{)\s*(key|secret\.[A-Za-z][A-Za-z0-9_]*|(?:param|before)\.[a-z][a-z0-9_]*)\s*\}"
)
#: Replaces every secret while a request is rendered for printing; becomes asterisks at the end.
_STAND_IN: Final = "HIDDENxBYxBALANCExMONITOR"


class ConfigError(ValueError):
    """The account or its secret does not fit the definition; the text contains no key."""


class TemplateError(ValueError):
    """A definition has an unknown placeholder; the text lists the known ones."""


class Slot(NamedTuple):
    """One placeholder."""

    kind: str
    """"key", "secret", "param", "before" or "window"."""
    name: str = ""


class Template(NamedTuple):
    """A text split at its placeholders."""

    parts: tuple[str | Slot, ...]

    @property
    def slots(self) -> tuple[Slot, ...]:
        """The placeholders, in order."""
        return tuple(part for part in self.parts if isinstance(part, Slot))

    @property
    def literal(self) -> str:
        """The text without its placeholders."""
        return "".join(part for part in self.parts if isinstance(part, str))

    def render(self, values: Values, encode: Callable[[str], str] = str) -> str:
        """Fill in the placeholders, each encoded by ``encode``.

        Raises:
            ConfigError: when the secret does not have the form that a placeholder needs.
        """
        return "".join(
            [part if isinstance(part, str) else encode(values.get(part)) for part in self.parts]
        )


def compile_template(source: str) -> Template:
    """Split ``source`` at its placeholders.

    Raises:
        TemplateError: for an unknown placeholder, or one in another tool's syntax.
    """
    parts: list[str | Slot] = []
    end = 0
    if match := _FOREIGN.search(source):
        how = "without $" if match[0].startswith("$") else "with single braces"
        raise TemplateError(f"write {{{match[1]}}} {how}: whatever stands around it is sent")
    for match in _WORD_IN_BRACES.finditer(source):
        parts += [source[end : match.start()], _slot(match[1])]
        end = match.end()
    parts.append(source[end:])
    return Template(tuple(part for part in parts if part))


def _slot(word: str) -> Slot:
    """Return the placeholder called ``word``."""
    match = _PLACEHOLDER.fullmatch(word)
    if match is None:
        raise TemplateError(
            f"there is no placeholder {{{word}}}; there are {{key}}, {{secret.NAME}},"
            " {param.NAME}, {before.NAME} and, with spend, {window.start_iso} and the like (braces"
            " that are text need a space inside)"
        )
    kind = str(match.lastgroup)
    return Slot(kind, "" if kind == "key" else match[kind])


class Values(NamedTuple):
    """The values for the placeholders of one account's request; its ``repr`` shows none."""

    secret: AccountKey
    params: Mapping[str, str]
    before: Mapping[str, Secret] = {}
    """The values from the preceding request; a stand-in for those not yet known."""
    is_masked: bool = False
    window: Mapping[str, str] = {}
    """The days that a cost report covers."""

    def __repr__(self) -> str:
        return "Values(hidden)"

    def get(self, slot: Slot) -> str:
        """Return the value for ``slot``, trimmed.

        Raises:
            ConfigError: when it is missing or empty, or has control characters.
        """
        if slot.kind == "param":
            return self.params[slot.name]
        if slot.kind == "window":
            if slot.name not in self.window:
                raise ConfigError("no days were chosen for the cost report")
            return self.window[slot.name]
        if self.is_masked or (slot.kind == "before" and slot.name not in self.before):
            return _STAND_IN
        secret, words = self._secret(slot)
        value = reveal(secret).strip()
        if not value:
            raise ConfigError(f"{words} is empty")
        if has_control_characters(value):
            raise ConfigError(f"{words} has a line break or another control character in it")
        return value

    def _secret(self, slot: Slot) -> tuple[Secret, str]:
        """Return the key, or the part of it that ``slot`` names, and its description."""
        if slot.kind == "before":
            return self.before[slot.name], f"before's {slot.name}"
        if slot.kind == "key":
            if not isinstance(self.secret, Secret):
                raise ConfigError("the secret is an object, but the provider takes a single key")
            return self.secret, "the key"
        parts = self.secret if isinstance(self.secret, Mapping) else {}
        if slot.name not in parts:
            raise ConfigError(f"the secret has no {slot.name}")
        return parts[slot.name], f"the secret's {slot.name}"


def has_control_characters(text: str) -> bool:
    """Return whether ``text`` has a character that must not be in a header, URL or log line.

    Half of a surrogate pair, which JSON can hold, is one: no encoding has it.
    """
    return not text.isprintable() and any(
        code < 32 or 127 <= code < 160 or 0xD800 <= code < 0xE000 for code in map(ord, text)
    )


def show_masks(text: str) -> str:
    """Replace the stand-ins for secrets in a rendered request by asterisks."""
    return text.replace(_STAND_IN, "********")
