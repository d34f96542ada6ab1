"""Log lines and run metrics as JSON on standard output, and the filter that keeps keys out of logs.

The standard library writes both: a library for it would be a fifth of what a cold start of the
router loads (docs/adr/0019).
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Mapping, MutableMapping
from functools import cache
from typing import Any, Final

from shared.names import RunMetric, run_namespace
from shared.redactor import Redactor, redactor
from shared.version import VERSION

#: Libraries that write URLs and headers to their logs; a URL may carry a key in its query.
#: httpx logs every request's URL at INFO (seen in httpx 0.28).
_TALKATIVE: Final = ("httpx", "httpcore", "botocore", "boto3", "urllib3")


class RedactingFilter(logging.Filter):
    """Masks every known key in a log record, its arguments and its fields.

    Exceptions and tracebacks are formatted later, so they are masked in the finished line.
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


class Logger(logging.LoggerAdapter[logging.Logger]):
    """A logger whose further keyword arguments are fields of the line."""

    def process(
        self, msg: object, kwargs: MutableMapping[str, Any]
    ) -> tuple[object, MutableMapping[str, Any]]:
        """Return the message, with what :mod:`logging` knows apart from the fields."""
        known = {name: kwargs.pop(name) for name in _LOGGINGS_OWN if name in kwargs}
        return msg, {**known, "extra": {"fields": dict(kwargs)}}


_LOGGINGS_OWN: Final = ("exc_info", "stack_info", "stacklevel")


class _JsonFormatter(logging.Formatter):
    """Renders a log record as one line of JSON."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, in which every known key is masked."""
        line = {
            "level": record.levelname,
            "location": f"{record.funcName}:{record.lineno}",
            "message": record.getMessage(),
            "timestamp": self.formatTime(record),
            "service": self._service,
            "version": VERSION,
            **getattr(record, "fields", {}),
        }
        if record.exc_info and record.exc_info[0]:
            line["exception"] = self.formatException(record.exc_info)
            line["exception_name"] = record.exc_info[0].__name__
        return redactor().clean(_json(line))

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802 -- logging's name
        """Return the record's time in UTC, with milliseconds."""
        seconds = time.strftime(datefmt or "%Y-%m-%d %H:%M:%S", time.gmtime(record.created))
        return f"{seconds},{record.msecs:03.0f}+0000"


@cache
def logger(service: str) -> Logger:
    """Return the redacting logger of ``service``; every line carries the version."""
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_JsonFormatter(service))
    handler.addFilter(RedactingFilter(redactor()))
    log = logging.getLogger(service)
    log.handlers = [handler]
    log.propagate = False  # Lambda's root handler would write every line again
    log.setLevel(logging.INFO)
    return Logger(log)


def _json(fields: Mapping[str, object]) -> str:
    """Return ``fields`` as one line."""
    from json import dumps  # noqa: PLC0415 -- importing a function loads only what it needs

    return dumps(fields, default=str, separators=(",", ":"), ensure_ascii=False)


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
    sys.stdout.write(_embedded(service, run_namespace(namespace), sum(happened.values())) + "\n")


def _embedded(service: str, namespace: str, faults: int) -> str:
    """Return the run's faults in CloudWatch's embedded metric format.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html,
    read 2026-11.
    """
    name = RunMetric.FAULTS.value
    metric = {
        "Namespace": namespace,
        "Dimensions": [["service"]],
        "Metrics": [{"Name": name, "Unit": "Count"}],
    }
    described = {"Timestamp": round(time.time() * 1000), "CloudWatchMetrics": [metric]}
    return _json({"_aws": described, "service": service, name: [faults]})
