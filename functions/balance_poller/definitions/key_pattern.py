"""A definition's ``key_pattern``: which kinds of keys are wrong, and which look right.

Used when a key is stored or tried out; the poller never refuses a key because of it.
"""

from __future__ import annotations

from typing import NamedTuple

from balance_poller.definitions.field import Field, parse_pattern
from balance_poller.definitions.language.pattern import Pattern
from balance_poller.definitions.reader_fields import LINE

_MAX_REASON = 140


class WrongKey(NamedTuple):
    """A documented kind of key that cannot read the balance."""

    pattern: Pattern
    reason: str


class KeyPattern(NamedTuple):
    """The documented forms of keys."""

    right: tuple[Pattern, ...] = ()
    """The documented forms of keys that can read the balance; empty when none is documented."""
    wrong: tuple[WrongKey, ...] = ()

    def refusal(self, key: str) -> str | None:
        """Return why ``key`` cannot read the balance; None if it may."""
        reasons = (kind.reason for kind in self.wrong if kind.pattern.matches(key.strip()))
        return next(reasons, None)

    def remark(self, key: str) -> str | None:
        """Return a remark on a key of an unknown form; None if it looks right."""
        if not self.right or any(pattern.matches(key.strip()) for pattern in self.right):
            return None
        forms = " or ".join(pattern.source for pattern in self.right)
        return f"the key does not look like those that the provider documents: {forms}"


def parse_key_pattern(field: Field, secret_fields: tuple[str, ...]) -> KeyPattern:
    """Read ``key_pattern``, which applies only to secrets of one part."""
    if secret_fields:
        field.refuse("the secret has several parts; key_pattern is for a single {key}")
    fields = field.fields((), ("right", "wrong"))
    if not fields:
        field.refuse("expected right, wrong, or both")
    rights = fields["right"].items(at_most=10) if "right" in fields else []
    wrongs = fields["wrong"].items(at_most=10) if "wrong" in fields else []
    return KeyPattern(
        right=tuple(filter(None, map(parse_pattern, rights))),
        wrong=tuple(filter(None, map(_parse_wrong, wrongs))),
    )


def _parse_wrong(field: Field) -> WrongKey | None:
    """Return one wrong kind of key."""
    fields = field.fields(("pattern", "reason"), ())
    pattern = parse_pattern(fields.get("pattern"))
    reason = fields["reason"].text(LINE, "a single line", _MAX_REASON) if "reason" in fields else ""
    return WrongKey(pattern, reason) if pattern else None
