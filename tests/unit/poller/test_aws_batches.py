"""Halving: whatever is refused, everything else is sent exactly once."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError, ParamValidationError
from hypothesis import given
from hypothesis import strategies as st

from balance_poller.aws_batches import error_code, in_batches, is_rejection, send_halving
from tests.unit.poller.aws_fakes import client_error, unreachable


@given(size=st.integers(1, 60), odd=st.sets(st.integers(0, 59), max_size=20))
def test_a_batch_when_some_entries_are_refused_then_the_others_are_sent_once(
    size: int, odd: set[int]
) -> None:
    sent: list[int] = []

    def send(batch: list[int]) -> None:
        if odd.intersection(batch):
            raise client_error("ValidationException")
        sent.extend(batch)

    refused = send_halving(list(range(size)), send)

    assert {entry for entry, _ in refused} == odd & set(range(size))
    assert sorted(sent) == sorted(set(range(size)) - odd)


def test_a_batch_when_the_service_fails_then_is_not_halved() -> None:
    calls = []

    def send(batch: list[int]) -> None:
        calls.append(batch)
        raise client_error("AccessDeniedException")

    with pytest.raises(ClientError):
        send_halving([1, 2, 3], send)
    assert len(calls) == 1


def test_a_batch_when_whatever_is_in_it_is_refused_then_that_is_found_out_soon() -> None:
    calls = []

    def send(batch: list[int]) -> None:
        calls.append(batch)
        raise client_error("ValidationException")

    with pytest.raises(ClientError):
        send_halving(list(range(1000)), send)
    assert len(calls) < 60


@pytest.mark.parametrize(
    ("error", "code", "is_rejected"),
    [
        (client_error("ValidationException"), "ValidationException", True),
        (client_error("InvalidParameterValue"), "InvalidParameterValue", True),
        (client_error("ThrottlingException"), "ThrottlingException", False),
        (unreachable(), "ConnectTimeoutError", False),
        (ParamValidationError(report="odd"), "ParamValidationError", True),
    ],
)
def test_an_error_when_classified_then_by_code_and_never_by_message(
    error: Exception, code: str, is_rejected: bool
) -> None:
    assert error_code(error) == code
    assert is_rejection(error) == is_rejected


def test_batches_when_cut_then_hold_everything_in_order() -> None:
    assert list(in_batches(range(5), 2)) == [[0, 1], [2, 3], [4]]
    assert list(in_batches([], 2)) == []
