"""Texts with places: ``{key}``, ``{secret.NAME}`` and ``{param.NAME}``. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from shared.secret import AccountKey, Secret, reveal

#: Any single word in braces is taken for a placeholder, so that a typo cannot be sent as it stands.
#: Braces with anything else in them, as in GraphQL, are text.
_WORD_IN_BRACES: Final = re.compile(r"\{([A-Za-z_][A-Za-z0-9_.]*)\}")
_PLACEHOLDER: Final = re.compile(
    r"(?P<key>key)|secret\.(?P<secret>[A-Za-z][A-Za-z0-9_]*)|param\.(?P<param>[a-z][a-z0-9_]*)"
)
#: A placeholder as other tools write it: the key would be sent with a character too many.
_FOREIGN: Final = re.compile(
    r"(?:\$\{|\{\{)\s*(key|secret\.[A-Za-z][A-Za-z0-9_]*|param\.[a-z][a-z0-9_]*)\s*\}"
)
#: Stands for every secret while a request is made printable; replaced by asterisks at the end.
_STAND_IN: Final = "HIDDENxBYxBALANCExMONITOR"


class ConfigError(ValueError):
    """The account or its secret does not fit the definition; the text has no key in it."""


class TemplateError(ValueError):
    """A definition's text has a placeholder that does not exist; the text says which do."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One placeholder."""

    kind: str
    """"key", "secret" or "param"."""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Template:
    """A text split at its placeholders."""

    parts: tuple[str | Slot, ...]

    @property
    def slots(self) -> tuple[Slot, ...]:
        """The placeholders, in order."""
        return tuple(part for part in self.parts if isinstance(part, Slot))

    @property
    def literal(self) -> str:
        """The text with its placeholders left out."""
        return "".join(part for part in self.parts if isinstance(part, str))

    def render(self, values: Values, encode: Callable[[str], str] = str) -> str:
        """Fill the placeholders in, each encoded by ``encode``.

        Raises:
            ConfigError: when the secret is not of the form that a placeholder needs.
        """
        return "".join(
            [part if isinstance(part, str) else encode(values.get(part)) for part in self.parts]
        )


def compile_template(source: str) -> Template:
    """Split ``source`` at its placeholders.

    Raises:
        TemplateError: when a single word stands in braces that is not a placeholder, or one is
            written as other tools do.
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
    """Return the placeholder that ``word`` names."""
    match = _PLACEHOLDER.fullmatch(word)
    if match is None:
        raise TemplateError(
            f"there is no placeholder {{{word}}}; there are {{key}}, {{secret.NAME}} and"
            " {param.NAME} (braces that are text need a space inside)"
        )
    kind = str(match.lastgroup)
    return Slot(kind, "" if kind == "key" else match[kind])


@dataclass(frozen=True, slots=True)
class Values:
    """What fills the placeholders of one account's request. Its ``repr`` shows none of it."""

    secret: AccountKey
    params: Mapping[str, str]
    is_masked: bool = False

    def __repr__(self) -> str:
        return "Values(hidden)"

    def get(self, slot: Slot) -> str:
        """Return the value for ``slot``, trimmed.

        Raises:
            ConfigError: when there is none, or it is empty or has control characters.
        """
        if slot.kind == "param":
            return self.params[slot.name]
        if self.is_masked:
            return _STAND_IN
        secret, words = self._secret(slot)
        value = reveal(secret).strip()
        if not value:
            raise ConfigError(f"{words} is empty")
        if has_control_characters(value):
            raise ConfigError(f"{words} has a line break or another control character in it")
        return value

    def _secret(self, slot: Slot) -> tuple[Secret, str]:
        """Return the key or the part of it that ``slot`` names, and words for it."""
        if slot.kind == "key":
            if not isinstance(self.secret, Secret):
                raise ConfigError("the secret is an object, but the provider takes a single key")
            return self.secret, "the key"
        parts = self.secret if isinstance(self.secret, Mapping) else {}
        if slot.name not in parts:
            raise ConfigError(f"the secret has no {slot.name}")
        return parts[slot.name], f"the secret's {slot.name}"


def has_control_characters(text: str) -> bool:
    """Return whether ``text`` has a character that no header, URL or log line may have."""
    return not text.isprintable() and any(ord(c) < 32 or 127 <= ord(c) < 160 for c in text)


def show_masks(text: str) -> str:
    """Replace the stand-ins of a request rendered with masked values by asterisks."""
    return text.replace(_STAND_IN, "********")
