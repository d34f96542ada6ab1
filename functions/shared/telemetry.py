"""Structured logs and run metrics with Powertools, and the filter that keeps keys out of logs."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from functools import cache
from typing import Final

from aws_lambda_powertools import Logger, Metrics

from shared.names import run_namespace

MASK: Final = "[key]"

#: Libraries that write URLs and headers to their logs; a URL may carry a key in its query.
#: httpx logs every request's URL at INFO (seen in httpx 0.28).
_TALKATIVE: Final = ("httpx", "httpcore", "botocore", "boto3", "urllib3")

#: Shorter texts would mask ordinary words.
_SHORTEST_KEY: Final = 6


class Redactor(logging.Filter):
    """Replaces every known key in a log record, its arguments and its fields.

    The second line of defence: no code path logs a key, and this is there for the one that
    somebody adds. Exceptions and their tracebacks, which Powertools formats by itself, are masked
    in the finished line (:func:`logger`).
    """

    def __init__(self) -> None:
        super().__init__()
        #: Keys by their first characters, longest first: a text is searched in one pass, however
        #: many keys are known.
        self._keys: dict[str, list[str]] = {}

    def add(self, keys: Iterable[str]) -> None:
        """Learn keys to mask, as they are and as they look in a URL or in JSON."""
        from json import dumps  # noqa: PLC0415 -- only needed once keys are known
        from urllib.parse import quote, quote_plus  # noqa: PLC0415 -- the same

        for key in keys:
            if len(key) >= _SHORTEST_KEY and not self._knows(key):
                quoted = repr(key)[1:-1]  # how an exception such as KeyError shows it
                for form in {
                    key,
                    quote(key, safe="", errors="surrogatepass"),
                    quote_plus(key, errors="surrogatepass"),
                    dumps(key)[1:-1],
                    dumps(key, ensure_ascii=False)[1:-1],
                    dumps(quoted, ensure_ascii=False)[1:-1],
                }:
                    known = self._keys.setdefault(form[:_SHORTEST_KEY], [])
                    known.append(form)
                    known.sort(key=len, reverse=True)

    def clean(self, text: str) -> str:
        """Return ``text`` with every known key masked."""
        if not self._keys:
            return text
        parts: list[str] = []
        kept = at = 0
        while at <= len(text) - _SHORTEST_KEY:
            candidates = self._keys.get(text[at : at + _SHORTEST_KEY], ())
            key = next((known for known in candidates if text.startswith(known, at)), None)
            if key is None:
                at += 1
                continue
            parts += (text[kept:at], MASK)
            kept = at = at + len(key)
        return "".join(parts) + text[kept:] if parts else text

    def _knows(self, key: str) -> bool:
        """Whether ``key`` was learnt before; warm functions read the same keys again."""
        return key in self._keys.get(key[:_SHORTEST_KEY], ())

    def filter(self, record: logging.LogRecord) -> bool:
        """Mask keys in ``record``; never drops it."""
        if not self._keys:
            return True
        record.msg = self._clean_value(record.msg)
        if record.args:
            record.args = (
                {k: self._clean_value(v) for k, v in record.args.items()}
                if isinstance(record.args, dict)
                else tuple(self._clean_value(v) for v in record.args)
            )
        for name, value in vars(record).items():
            if name not in _STANDARD_FIELDS:
                setattr(record, name, self._clean_value(value))
        return True

    def _clean_value(self, value: object) -> object:
        """Mask keys in texts and, one level after the other, in what contains them."""
        match value:
            case str():
                return self.clean(value)
            case dict():
                return {self._clean_value(k): self._clean_value(v) for k, v in value.items()}
            case list() | tuple() | set() | frozenset():
                return [self._clean_value(v) for v in value]
            case bool() | int() | float() | None:
                return value
            case _:
                text = str(value)
                cleaned = self.clean(text)
                return value if cleaned == text else cleaned


_STANDARD_FIELDS: Final = frozenset(
    vars(logging.LogRecord("", 0, "", 0, "", None, None)).keys()
) | {"message", "asctime"}


@cache
def redactor() -> Redactor:
    """Return the process's one redactor."""
    return Redactor()


@cache
def logger(service: str) -> Logger:
    """Return the structured logger of ``service``, redacting, with talkative libraries quieted."""
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    log = Logger(service=service, json_serializer=_line)
    for handler in log.handlers:
        handler.addFilter(redactor())
    return log


def _line(fields: dict[str, object]) -> str:
    """Return a log's finished line, masked as a whole."""
    from json import dumps  # noqa: PLC0415 -- an import of a function loads nothing in vain

    line = dumps(fields, default=str, separators=(",", ":"), ensure_ascii=False)
    return redactor().clean(line)


@cache
def metrics(service: str, namespace: str) -> Metrics:
    """Return the EMF metrics of ``service`` in the run namespace beside ``namespace``."""
    return Metrics(service=service, namespace=run_namespace(namespace))
