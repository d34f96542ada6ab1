"""IAM: the condition key ``cloudwatch:namespace``, so that the poller's policy can name it.

PutMetricData has no resource, so its namespace is all that a policy can limit. Without the key a
plain ``StringEquals`` on it denies everything; with it, a wrong namespace is still denied.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs

from ministack.core import iam_actions

from balancectl.localcloud.settings import ServerSettings


def apply(_settings: ServerSettings) -> None:
    """Install the patch."""
    original = iam_actions.request_tag_context

    def with_namespace(
        service: str, iam_action: str, body: bytes, params: dict[str, Any]
    ) -> dict[str, Any]:
        """Add the namespace of a PutMetricData request to its condition keys."""
        context: dict[str, Any] = original(service, iam_action, body, params)
        if iam_action == "cloudwatch:PutMetricData":
            context["cloudwatch:namespace"] = _namespace(body)
        return context

    iam_actions.request_tag_context = with_namespace


def _namespace(body: bytes) -> str:
    """Return the namespace that a PutMetricData request names, in the JSON or query protocol."""
    if body[:1] == b"{":
        return str(json.loads(body).get("Namespace", ""))
    return parse_qs(body.decode("utf-8", "replace")).get("Namespace", [""])[0]
