"""Documented limits of SNS and SQS. Pure; for sources see ``limits``."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

Parameters = Mapping[str, Any]

_SNS_BYTES: Final = 262_144
_SQS_BYTES: Final = 1_048_576
_SMS_CHARACTERS: Final = 1_600


def sns_message_problem(parameters: Parameters, _now: datetime) -> str | None:
    """Return what is wrong with the size of a message."""
    message = parameters.get("Message", "")
    size = len(message.encode()) + _attributes_size(parameters.get("MessageAttributes") or {})
    if size > _SNS_BYTES:
        return "Invalid parameter: Message too long"
    if "PhoneNumber" in parameters and len(message) > _SMS_CHARACTERS:
        return "Invalid parameter: Message too long"
    return None


def sns_subject_problem(parameters: Parameters, _now: datetime) -> str | None:
    """Return what is wrong with a subject."""
    subject = parameters.get("Subject")
    if subject is None:
        return None
    is_clean = all(character.isprintable() for character in subject)
    return None if subject and len(subject) <= 100 and is_clean else "Invalid parameter: Subject"


def filter_policy_problem(parameters: Parameters, _now: datetime) -> str | None:
    """Return what is wrong with a subscription's filter policy on attributes."""
    attributes = parameters.get("Attributes") or {
        parameters.get("AttributeName"): parameters.get("AttributeValue")
    }
    text = attributes.get("FilterPolicy")
    if not text:
        return None
    try:
        policy = json.loads(text)
    except ValueError:
        return "Invalid parameter: FilterPolicy: failed to parse JSON."
    if len(text.encode()) > _SNS_BYTES:
        return "Invalid parameter: FilterPolicy: the policy is larger than 256 KB"
    if len(policy) > 5:
        return "Invalid parameter: FilterPolicy: Filter policy can not have more than 5 keys"
    if math.prod(len(values) for values in policy.values()) > 150:
        return "Invalid parameter: FilterPolicy: Filter policy is too complex"
    return None


def sqs_message_problem(parameters: Parameters, _now: datetime) -> str | None:
    """Return what is wrong with a message for a queue."""
    body = parameters.get("MessageBody", "")
    attributes = _attributes_size(parameters.get("MessageAttributes") or {})
    if len(body.encode()) + attributes > _SQS_BYTES:
        return "One or more parameters are invalid. Reason: Message must be shorter than 1048576"
    if not body:
        return "One or more parameters are invalid. Reason: Message must not be empty"
    if not 0 <= parameters.get("DelaySeconds", 0) <= 900:
        return "Value for parameter DelaySeconds is invalid. Reason: Must be >= 0 and <= 900"
    return None


def sqs_batch_problem(parameters: Parameters, _now: datetime) -> str | None:
    """Return what is wrong with the number and ids of a batch's entries."""
    entries = parameters.get("Entries", [])
    if not 1 <= len(entries) <= 10:
        return f"a batch has 1 to 10 entries, this one {len(entries)}"
    ids = [entry.get("Id") for entry in entries]
    if len(set(ids)) != len(ids):
        return "the ids of a batch's entries must be distinct"
    total = sum(len(str(entry.get("MessageBody", "")).encode()) for entry in entries)
    return f"a batch has at most {_SQS_BYTES} bytes" if total > _SQS_BYTES else None


def _attributes_size(attributes: Mapping[str, Mapping[str, Any]]) -> int:
    """Return the bytes of message attributes: names, types and values."""
    return sum(
        len(name.encode())
        + len(str(attribute.get("DataType", "")).encode())
        + len(str(attribute.get("StringValue", "")).encode())
        for name, attribute in attributes.items()
    )
