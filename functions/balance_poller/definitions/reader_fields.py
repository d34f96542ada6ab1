"""The fields of a definition that are only for people: checked, never used by a poll. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from balance_poller.definitions.field import Field

HTTPS_URL: Final = r"https://[^\s/?#@\\]+(/[^\s\\]*)?"
LINE: Final = r"[^\x00-\x1f\x7f-\x9f]+"
READER_FIELDS: Final = ("$schema", "sources", "notes", "kind", "other_names", "least_key")
#: The kinds of providers, in the order of the catalogue.
KINDS: Final[dict[str, str]] = {
    "models": "Models",
    "relays": "Relays and gateways to models",
    "search": "Search, scraping and data",
    "captcha": "Captcha solving",
    "messaging": "Messages, calls and e-mail",
    "media": "Images, video, speech",
    "compute": "Compute",
}


def check_reader_fields(top: Mapping[str, Field]) -> None:
    """Add a problem for each invalid field."""
    for name in ("$schema", "notes"):
        if name in top:
            _check_words(top[name])
    for source in top["sources"].items() if "sources" in top else ():
        source.text(HTTPS_URL + r"( \([^()]+\))?", "an https URL, optionally with (a remark)")
    if "kind" in top:
        top["kind"].choice(KINDS)
    for other_name in top["other_names"].items() if "other_names" in top else ():
        other_name.text(LINE, "a single line", 60)
    if "least_key" in top:
        _check_least_key(top["least_key"])


def _check_words(field: Field) -> None:
    """Check text, or a list of texts."""
    for part in field.items() if isinstance(field.value, list) else (field,):
        part.text()


def _check_least_key(field: Field) -> None:
    """Check ``least_key``: the sufficient key, and where to create it."""
    fields = field.fields(("what",), ("make_at",))
    if "what" in fields:
        fields["what"].text(LINE, "a single line", 300)
    if "make_at" in fields:
        fields["make_at"].text(HTTPS_URL, "an https URL")
