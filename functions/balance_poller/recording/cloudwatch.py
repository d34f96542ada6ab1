"""Publishes the accounts' series to CloudWatch, with the scheduled time as timestamp."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from balance_poller.aws_batches import in_batches
from balance_poller.recording.account_metrics import DataPoint
from balance_poller.recording.tables.writer import Target, WriteProblem, Writer
from shared.names import Dimension

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_cloudwatch.type_defs import MetricDatumTypeDef

#: PutMetricData, MetricData (API reference, read 2026-11). botocore compresses the request.
MAX_BATCH: Final = 1000


class MetricPublisher:
    """Publishes data points.

    Args:
        client: Returns the CloudWatch client; called on first use.
        namespace: The accounts' metric namespace.
    """

    def __init__(self, client: Callable[[], CloudWatchClient], namespace: str) -> None:
        self._client = client
        self._namespace = namespace

    def write(self, points: Sequence[DataPoint]) -> list[WriteProblem]:
        """Publish ``points``; return what could not be published."""
        writer = Writer(Target.METRICS)
        for batch in in_batches(points, MAX_BATCH):
            writer.write(batch, self._put, lambda point: point.account)
        return writer.problems

    def _put(self, batch: list[DataPoint]) -> None:
        """Publish one batch."""
        self._client().put_metric_data(
            Namespace=self._namespace, MetricData=[_datum(point) for point in batch]
        )


def _datum(point: DataPoint) -> MetricDatumTypeDef:
    """Return a data point in the API's form; a series has exactly these dimensions."""
    return {
        "MetricName": point.metric.value,
        "Dimensions": [
            {"Name": Dimension.ACCOUNT.value, "Value": point.account},
            {"Name": Dimension.PROVIDER.value, "Value": point.provider},
        ],
        "Timestamp": point.at,
        "Value": point.value,
        "Unit": "None",
    }
