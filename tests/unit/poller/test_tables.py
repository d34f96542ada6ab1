"""Writing: within AWS's limits; a refused entry affects no other; newer records are kept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from balance_poller.poll_intervals import PollMark
from balance_poller.recording.account_metrics import DataPoint
from balance_poller.recording.cloudwatch import MetricPublisher
from balance_poller.recording.tables.history_table import HistoryTable
from balance_poller.recording.tables.latest_table import LatestTable, is_done
from balance_poller.recording.tables.writer import Target
from shared.names import Metric
from shared.outcome import Outcome
from shared.records import Attempt, Latest, Wallet
from tests.unit.poller.aws_fakes import (
    FakeClient,
    TransactionCanceledError,
    client_error,
    unreachable,
)

AT = datetime(2026, 11, 23, 14, 5, tzinfo=UTC)
TABLE = "balances"


def no_sleep(_seconds: float) -> None:
    """Pass at once."""


def points(count: int) -> list[DataPoint]:
    return [DataPoint(f"a{n}", "openrouter", Metric.BALANCE, 1.5, AT) for n in range(count)]


def attempts(count: int) -> list[Attempt]:
    wallet = Wallet(Decimal("1.50"), "USD")
    return [Attempt(f"a{n}", AT, "p", Outcome.OK, balance=wallet) for n in range(count)]


def latests(count: int) -> list[Latest]:
    return [Latest(f"a{n}", "p", "P", AT, Outcome.OK) for n in range(count)]


def metric_publisher(client: FakeClient) -> MetricPublisher:
    return MetricPublisher(lambda: client, "Mine")  # type: ignore[arg-type,return-value]


def history_table(client: FakeClient, sleep: Callable[[float], None] = no_sleep) -> HistoryTable:
    return HistoryTable(lambda: client, TABLE, 90, sleep)  # type: ignore[arg-type,return-value]


def latest_table(client: FakeClient, sleep: Callable[[float], None] = no_sleep) -> LatestTable:
    return LatestTable(lambda: client, TABLE, sleep)  # type: ignore[arg-type,return-value]


def accept(**_: Any) -> dict[str, Any]:
    return {}


class TestMetrics:
    def test_a_point_when_published_then_has_both_dimensions_and_the_scheduled_time(self) -> None:
        client = FakeClient(accept)

        problems = metric_publisher(client).write(points(1))

        assert not problems
        assert client.calls == [
            {
                "Namespace": "Mine",
                "MetricData": [
                    {
                        "MetricName": "Balance",
                        "Dimensions": [
                            {"Name": "Account", "Value": "a0"},
                            {"Name": "Provider", "Value": "openrouter"},
                        ],
                        "Timestamp": AT,
                        "Value": 1.5,
                        "Unit": "None",
                    }
                ],
            }
        ]

    def test_points_when_more_than_a_thousand_then_go_in_several_calls(self) -> None:
        client = FakeClient(accept)

        metric_publisher(client).write(points(2001))

        assert [len(call["MetricData"]) for call in client.calls] == [1000, 1000, 1]

    def test_nothing_when_written_then_costs_no_call(self) -> None:
        client = FakeClient(accept)

        metric_publisher(client).write([])
        history_table(client).write([])
        latest_table(client).write([])
        latest_table(client).read([])

        assert not client.calls

    def test_one_odd_number_when_refused_then_costs_no_other_account(self) -> None:
        published: list[str] = []

        def answer(MetricData: list[dict[str, Any]], **_: Any) -> None:  # noqa: N803 -- AWS's name
            names = [datum["Dimensions"][0]["Value"] for datum in MetricData]
            if "a7" in names:
                raise client_error("InvalidParameterValue")
            published.extend(names)

        (problem,) = metric_publisher(FakeClient(answer)).write(points(20))

        assert sorted(published) == sorted(f"a{n}" for n in range(20) if n != 7)
        assert (problem.accounts, problem.is_whole) == (("a7",), False)
        assert problem.words == "metrics of a7 refused: InvalidParameterValue"

    def test_the_service_when_unreachable_then_is_tried_once(self) -> None:
        def answer(**_: Any) -> None:
            raise unreachable()

        client = FakeClient(answer)

        problems = metric_publisher(client).write(points(3000))

        assert len(client.calls) == 1
        assert sum(len(problem.accounts) for problem in problems) == 3000
        assert all(problem.is_whole for problem in problems)

    def test_the_permission_when_missing_then_every_batch_was_attempted(self) -> None:
        def answer(**_: Any) -> None:
            raise client_error("AccessDenied")

        client = FakeClient(answer)

        problems = metric_publisher(client).write(points(1500))

        assert len(client.calls) == 2
        assert problems[0].words == "metrics of 1000 accounts not written: AccessDenied"


class TestHistory:
    def test_attempts_when_recorded_then_go_in_batches_of_twenty_five(self) -> None:
        client = FakeClient(accept)

        assert not history_table(client).write(attempts(60))

        sizes = [len(call["RequestItems"][TABLE]) for call in client.calls]
        assert sizes == [25, 25, 10]
        item = client.calls[0]["RequestItems"][TABLE][0]["PutRequest"]["Item"]
        assert item["at"] == {"S": "2026-11-23T14:05:00Z"}
        assert item["balance"] == {"N": "1.50"}
        assert item["expires_at"] == {"N": str(int((AT + timedelta(days=90)).timestamp()))}

    def test_items_when_left_unprocessed_then_are_sent_again_after_a_wait(self) -> None:
        waited: list[float] = []
        sent: list[int] = []

        def answer(RequestItems: dict[str, list[Any]]) -> dict[str, Any]:  # noqa: N803
            items = RequestItems[TABLE]
            sent.append(len(items))
            return {"UnprocessedItems": {TABLE: items[:-4]} if len(items) > 4 else {}}

        assert not history_table(FakeClient(answer), waited.append).write(attempts(10))

        assert sent == [10, 6, 2]
        assert len(waited) == 2

    def test_items_when_never_processed_then_end_as_a_problem(self) -> None:
        def answer(RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803
            return {"UnprocessedItems": RequestItems}

        (problem,) = history_table(FakeClient(answer)).write(attempts(2))

        assert problem.is_whole
        assert problem.words == "history records of 2 accounts not written: UnprocessedError"

    def test_a_number_when_dynamodb_cannot_hold_it_then_costs_no_other_account(self) -> None:
        client = FakeClient(accept)
        odd = Attempt("odd", AT, "p", Outcome.OK, balance=Wallet(Decimal("1e200"), "USD"))

        (problem,) = history_table(client).write([odd, *attempts(3)])

        assert (problem.accounts, problem.is_whole) == (("odd",), False)
        assert len(client.calls[0]["RequestItems"][TABLE]) == 3

    def test_an_item_when_refused_by_the_table_then_costs_no_other_account(self) -> None:
        written: list[str] = []

        def answer(RequestItems: dict[str, list[Any]]) -> dict[str, Any]:  # noqa: N803
            names = [w["PutRequest"]["Item"]["account"]["S"] for w in RequestItems[TABLE]]
            if "a3" in names:
                raise client_error("ValidationException")
            written.extend(names)
            return {}

        (problem,) = history_table(FakeClient(answer)).write(attempts(9))

        assert problem.accounts == ("a3",)
        assert len(written) == 8


class TestLatest:
    def test_items_when_written_then_each_only_over_an_older_one(self) -> None:
        client = FakeClient(accept)

        assert not latest_table(client).write(latests(101))

        assert [len(call["TransactItems"]) for call in client.calls] == [100, 1]
        put = client.calls[0]["TransactItems"][0]["Put"]
        assert put["ConditionExpression"] == (
            "attribute_not_exists(polled_at) OR polled_at < :polled_at"
        )
        assert put["ExpressionAttributeValues"] == {":polled_at": {"S": "2026-11-23T14:05:00Z"}}

    def test_items_when_superseded_then_are_dropped_and_the_rest_is_resent(self) -> None:
        sent: list[list[str]] = []

        def answer(TransactItems: list[Any]) -> dict[str, Any]:  # noqa: N803
            sent.append([put["Put"]["Item"]["account"]["S"] for put in TransactItems])
            if len(sent) == 1:
                raise TransactionCanceledError("None", "ConditionalCheckFailed", "None")
            return {}

        assert not latest_table(FakeClient(answer)).write(latests(3))

        assert sent == [["a0", "a1", "a2"], ["a0", "a2"]]

    def test_items_when_replaced_then_each_only_over_what_was_read(self) -> None:
        def answer(TransactItems: list[Any]) -> dict[str, Any]:  # noqa: N803
            if len(TransactItems) == 3:
                raise TransactionCanceledError("None", "ConditionalCheckFailed", "None")
            return {}

        client = FakeClient(answer)
        known, *others = latests(3)

        problems, superseded = latest_table(client).replace([known, *others], {"a0": known})

        assert not problems
        assert superseded == {"a1"}
        first, second, _ = (put["Put"] for put in client.calls[0]["TransactItems"])
        assert first["ConditionExpression"] == "polled_at = :read"
        assert first["ExpressionAttributeValues"] == {":read": {"S": "2026-11-23T14:05:00Z"}}
        assert second["ConditionExpression"] == "attribute_not_exists(polled_at)"
        assert "ExpressionAttributeValues" not in second

    def test_items_when_all_superseded_then_nothing_is_resent(self) -> None:
        def answer(TransactItems: list[Any]) -> Any:  # noqa: N803
            raise TransactionCanceledError(*["ConditionalCheckFailed"] * len(TransactItems))

        client = FakeClient(answer)

        assert not latest_table(client).write(latests(3))
        assert len(client.calls) == 1

    @pytest.mark.parametrize(
        "reason", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"]
    )
    def test_a_cancellation_when_for_load_or_conflict_then_is_retried(self, reason: str) -> None:
        waited: list[float] = []
        calls: list[int] = []

        def answer(TransactItems: list[Any]) -> dict[str, Any]:  # noqa: N803
            calls.append(len(TransactItems))
            if len(calls) < 3:
                raise TransactionCanceledError("None", reason)
            return {}

        assert not latest_table(FakeClient(answer), waited.append).write(latests(2))

        assert calls == [2, 2, 2]
        assert len(waited) == 2

    def test_a_cancellation_when_it_never_ends_then_is_a_problem(self) -> None:
        def answer(**_: Any) -> Any:
            raise TransactionCanceledError("TransactionConflict", "None")

        (problem,) = latest_table(FakeClient(answer)).write(latests(2))

        assert (problem.target, problem.is_whole) == (Target.LATEST, True)

    def test_an_item_when_invalid_then_is_dropped_and_named(self) -> None:
        calls: list[int] = []

        def answer(TransactItems: list[Any]) -> dict[str, Any]:  # noqa: N803
            calls.append(len(TransactItems))
            if len(calls) == 1:
                raise TransactionCanceledError("None", "ValidationError", "None")
            return {}

        (problem,) = latest_table(FakeClient(answer)).write(latests(3))

        assert (problem.accounts, problem.is_whole) == (("a1",), False)
        assert calls == [3, 2]

    def test_items_when_read_then_in_hundreds_and_unprocessed_keys_again(self) -> None:
        asked: list[int] = []

        def answer(RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803
            keys = RequestItems[TABLE]["Keys"]
            asked.append(len(keys))
            assert RequestItems[TABLE]["ConsistentRead"]
            found = [key | _stored(key["account"]["S"]) for key in keys[:60]]
            left = {TABLE: {"Keys": keys[60:]}} if keys[60:] else {}
            return {"Responses": {TABLE: found}, "UnprocessedKeys": left}

        read = latest_table(FakeClient(answer)).read([f"a{n}" for n in range(130)])

        assert asked == [100, 40, 30]
        assert len(read.items) == 130
        assert read.items["a7"].polled_at == AT
        assert not read.unknown
        assert read.problem is None

    def test_items_when_unreadable_then_the_accounts_are_unknown(self) -> None:
        def answer(RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803
            names = [key["account"]["S"] for key in RequestItems[TABLE]["Keys"]]
            if "a100" in names:
                raise client_error("ProvisionedThroughputExceededException")
            return {"Responses": {TABLE: []}}

        read = latest_table(FakeClient(answer)).read([f"a{n}" for n in range(150)])

        assert read.unknown == {f"a{n}" for n in range(100, 150)}
        assert read.problem == ("latest balances not read: ProvisionedThroughputExceededException")

    def test_an_item_when_it_is_not_ours_then_counts_as_absent(self) -> None:
        def answer(**_: Any) -> dict[str, Any]:
            odd = [{"account": {"S": "a0"}, "at": {"S": "LATEST"}, "outcome": {"S": "?"}}]
            return {"Responses": {TABLE: odd}}

        read = latest_table(FakeClient(answer)).read(["a0"])

        assert not read.items
        assert not read.unknown


def _stored(account: str) -> dict[str, Any]:
    from shared.aws.dynamo import encode  # noqa: PLC0415 -- only here

    return encode(Latest(account, "p", "P", AT, Outcome.OK).to_item())


@pytest.mark.parametrize(
    ("polled", "expected"),
    [(None, False), (-1, False), (0, True), (1, True)],
    ids=["never", "earlier run", "this run", "later run"],
)
def test_an_account_when_polled_for_this_time_or_later_then_is_done(
    polled: int | None, expected: bool
) -> None:
    latest = (
        None
        if polled is None
        else Latest("a", "p", "P", AT + timedelta(minutes=5 * polled), Outcome.OK)
    )

    assert is_done(latest, AT) is expected


class TestMarks:
    def test_marks_when_read_then_are_read_at_half_the_price(self) -> None:
        items = [
            {
                "account": {"S": "close"},
                "polled_at": {"S": "2026-11-23T14:05:00Z"},
                "outcome": {"S": "ok"},
                "is_close": {"BOOL": True},
            },
            {
                "account": {"S": "calm"},
                "polled_at": {"S": "2026-11-23T14:05:00Z"},
                "outcome": {"S": "transient"},
            },
            {"account": {"S": "odd"}, "polled_at": {"S": "soon"}, "outcome": {"S": "ok"}},
        ]
        client = FakeClient(lambda **_: {"Responses": {TABLE: items}})

        marks = latest_table(client).read_marks(["close", "calm", "odd", "new"])

        assert marks.known == {
            "close": PollMark(AT, Outcome.OK, is_close=True),
            "calm": PollMark(AT, Outcome.TRANSIENT),
        }
        assert not marks.unknown
        (request,) = [call["RequestItems"][TABLE] for call in client.calls]
        assert "ConsistentRead" not in request
        assert request["ProjectionExpression"] == "#account, #polled_at, #outcome, #is_close"
        assert set(request["ExpressionAttributeNames"]) == {
            name.strip() for name in request["ProjectionExpression"].split(",")
        }

    def test_marks_when_a_batch_cannot_be_read_then_the_rest_is_unknown(self) -> None:
        def answer(RequestItems: Any) -> dict[str, Any]:  # noqa: N803 -- AWS's name
            if len(RequestItems[TABLE]["Keys"]) < 100:
                raise client_error("AccessDenied")
            return {"Responses": {TABLE: []}}

        names = [f"a{n}" for n in range(103)]

        marks = latest_table(FakeClient(answer)).read_marks(names)

        assert marks.unknown == {"a100", "a101", "a102"}
