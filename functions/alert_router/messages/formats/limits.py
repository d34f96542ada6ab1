"""Fits subjects, SMS and messages to SNS's limits, whatever the account's name. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any, Final

#: SNS: "up to 100 characters", no line breaks or control characters, begins with a letter,
#: number or punctuation mark; older SDKs say ASCII. This is valid under all of them.
#: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
MAX_SUBJECT: Final = 99

#: One part of an SMS: 140 bytes of 7 bits, when all characters are in the GSM alphabet.
#: https://docs.aws.amazon.com/sns/latest/dg/sms_sms-to-phone.html
MAX_SMS: Final = 160

#: SNS refuses messages above 262,144 bytes, attributes included. The names of up to 200 subscribers
#: (SNS allows no more filters on a topic) may still be added to a composed message.
#: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html, read 2026-11.
MAX_PUBLISH: Final = 262_144
MAX_MESSAGE: Final = MAX_PUBLISH - 16_384

#: 3GPP TS 23.038: the default alphabet, and its extension, whose characters take two septets.
_GSM_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "ÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_EXTENDED: Final = frozenset("^{}\\[~]|€")

_SPACE: Final = re.compile(r"\s+")


def subject_line(text: str) -> str:
    """Return ``text`` as a subject: printable ASCII, one line, at most 99 characters.

    A longer one loses its last clauses first, then its end.
    """
    plain = _to_ascii(text).strip()
    if not plain or not plain[0].isalnum():
        plain = f"Alert {plain}".strip()
    while len(plain) > MAX_SUBJECT and ", " in plain.partition(": ")[2]:
        plain = plain.rpartition(", ")[0]
    return plain if len(plain) <= MAX_SUBJECT else f"{plain[: MAX_SUBJECT - 3].rstrip()}..."


def sms_text(required: str, optional: Iterable[str] = ()) -> str:
    """Return one GSM-7 part: ``required``, cut if necessary, and optional pieces that fit."""
    text = _cut(to_gsm(required))
    for piece in optional:
        longer = f"{text} {to_gsm(piece)}".strip()
        if septets(longer) <= MAX_SMS:
            text = longer
    return text


def sms_with_note(text: str, note: str) -> str:
    """Return an SMS with a note at its end, for which it is cut where there is no room."""
    return f"{_cut(text, MAX_SMS - septets(note) - 1)} {note}"


def cut_text(text: str, most: int) -> str:
    """Return ``text``, cut to ``most`` characters."""
    return text if len(text) <= most else f"{text[: most - 3].rstrip()}..."


def cut_texts(value: Any, most: int) -> Any:  # noqa: ANN401 -- a JSON value of any kind
    """Return a JSON value with every text in it cut to ``most`` characters."""
    if isinstance(value, str):
        return cut_text(value, most)
    if isinstance(value, Mapping):
        return {name: cut_texts(found, most) for name, found in value.items()}
    return [cut_texts(found, most) for found in value] if isinstance(value, list) else value


def septets(text: str) -> int:
    """Return how many of an SMS's 160 septets a text in GSM characters needs."""
    return sum(2 if character in _GSM_EXTENDED else 1 for character in text)


def to_gsm(text: str) -> str:
    """Return ``text`` on one line, in GSM characters only."""
    kept = (
        character
        if character in _GSM_BASIC or character in _GSM_EXTENDED
        else "".join(c if c in _GSM_BASIC else "?" for c in _to_ascii(character))
        for character in _SPACE.sub(" ", text)
    )
    return "".join(kept).strip()


def _to_ascii(text: str) -> str:
    """Return ``text`` on one line in printable ASCII: "é" as "e", anything else as "?"."""
    decomposed = unicodedata.normalize("NFKD", _SPACE.sub(" ", text))
    return "".join(
        character if " " <= character <= "~" else "?"
        for character in decomposed
        if not unicodedata.combining(character)
    )


def _cut(text: str, room: int = MAX_SMS) -> str:
    """Return as much of ``text`` as fits into one SMS, or into the room that is left in it."""
    if septets(text) <= room:
        return text
    room -= 3
    kept = []
    for character in text:
        room -= septets(character)
        if room < 0:
            break
        kept.append(character)
    return "".join(kept).rstrip() + "..."
