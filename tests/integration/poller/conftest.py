"""A separate balances table for every test."""

from __future__ import annotations

import uuid

import pytest
from pytest_localstack.session import RunningSession

from shared.aws.clients import dynamodb


@pytest.fixture
def table(aws: RunningSession) -> str:
    """Return the name of a new, empty table with the keys of ``balances``."""
    assert aws
    name = f"balances-{uuid.uuid4().hex[:12]}"
    dynamodb().create_table(
        TableName=name,
        AttributeDefinitions=[
            {"AttributeName": "account", "AttributeType": "S"},
            {"AttributeName": "at", "AttributeType": "S"},
        ],
        KeySchema=[
            {"AttributeName": "account", "KeyType": "HASH"},
            {"AttributeName": "at", "KeyType": "RANGE"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    return name
