"""Structured logs and run metrics with Powertools, and the filter that keeps keys out of logs."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import cache
from typing import Final

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from shared.names import RunMetric, run_namespace
from shared.redactor import Redactor, redactor
from shared.version import VERSION

#: Libraries that write URLs and headers to their logs; a URL may carry a key in its query.
#: httpx logs every request's URL at INFO (seen in httpx 0.28).
_TALKATIVE: Final = ("httpx", "httpcore", "botocore", "boto3", "urllib3")


class RedactingFilter(logging.Filter):
    """Masks every known key in a log record, its arguments and its fields.

    Powertools formats exceptions and tracebacks itself, so they are masked in the finished line
    (:func:`logger`).
    """

    def __init__(self, known: Redactor) -> None:
        super().__init__()
        self._known = known

    def filter(self, record: logging.LogRecord) -> bool:
        """Mask keys in ``record``, which is never dropped."""
        if self._known.is_empty:
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
        """Mask keys in texts and, recursively, in containers of texts."""
        match value:
            case str():
                return self._known.clean(value)
            case dict():
                return {self._clean_value(k): self._clean_value(v) for k, v in value.items()}
            case list() | tuple() | set() | frozenset():
                return [self._clean_value(v) for v in value]
            case bool() | int() | float() | None:
                return value
            case _:
                text = str(value)
                cleaned = self._known.clean(text)
                return value if cleaned == text else cleaned


_STANDARD_FIELDS: Final = frozenset(
    vars(logging.LogRecord("", 0, "", 0, "", None, None)).keys()
) | {"message", "asctime"}


@cache
def logger(service: str) -> Logger:
    """Return the redacting logger of ``service``; every line carries the version."""
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    log = Logger(service=service, json_serializer=_line, version=VERSION)
    for handler in log.handlers:
        handler.addFilter(RedactingFilter(redactor()))
    return log


def _line(fields: dict[str, object]) -> str:
    """Return a finished log line with every key masked."""
    from json import dumps  # noqa: PLC0415 -- importing a function loads only what it needs

    line = dumps(fields, default=str, separators=(",", ":"), ensure_ascii=False)
    return redactor().clean(line)


def report_faults(service: str, namespace: str, faults: Mapping[str, int]) -> None:
    """Log each kind of fault and publish the total as EMF; do nothing without faults.

    Args:
        service: The function, as the metric's dimension.
        namespace: The accounts' namespace, from which the functions' is derived.
        faults: The count by kind; zero is no fault.
    """
    happened = {kind: count for kind, count in faults.items() if count}
    if not happened:
        return
    for kind, count in happened.items():
        logger(service).warning("fault", fault=kind, count=count)
    metrics = Metrics(service=service, namespace=run_namespace(namespace))
    metrics.add_metric(RunMetric.FAULTS.value, MetricUnit.Count, sum(happened.values()))
    metrics.flush_metrics()
