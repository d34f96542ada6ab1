"""IAM: request details that the stack's policies name and MiniStack's policy engine lacks.

- The condition key ``cloudwatch:namespace``. PutMetricData has no resource, so a policy can limit
  only its namespace. Without the key, a plain ``StringEquals`` on it denies everything; with it,
  a wrong namespace is still denied.
- The condition key ``dynamodb:LeadingKeys``: the partition key of the item that a request names.
- The group in a schedule's ARN, which MiniStack assumes to be ``default``.
- The alias in a function's ARN: whoever may invoke an alias may not invoke the function, and the
  reverse (docs.aws.amazon.com/lambda/latest/dg/versioning-aliases-permissions.html, read 2026-11).
- The condition key ``aws:SecureTransport``: on loopback, plain http stands for AWS's TLS, without
  which the policies of queues and topics refuse everybody.
- ``aws:PrincipalArn`` of a role's session, which is the role's ARN and not the session's
  (docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html, read 2026-11).
"""

from __future__ import annotations

import json
import re
from typing import Any, Final
from urllib.parse import parse_qs

from ministack.core import iam_actions, iam_evaluator

from balancectl.localcloud.emulator.settings import ServerSettings

_DEFAULT: Final = ":schedule/default/"
_SESSION: Final = re.compile(r"(arn:[a-z-]+):sts::(\d+):assumed-role/([^/]+)/.*")


def apply(_settings: ServerSettings) -> None:
    """Install the patch."""
    original = iam_actions.request_tag_context

    def with_names(
        service: str, iam_action: str, body: bytes, params: dict[str, Any]
    ) -> dict[str, Any]:
        """Add what a request names to its condition keys."""
        context: dict[str, Any] = original(service, iam_action, body, params)
        if iam_action == "cloudwatch:PutMetricData":
            context["cloudwatch:namespace"] = _namespace(body)
        if iam_action in ("dynamodb:GetItem", "dynamodb:PutItem"):
            context["dynamodb:leadingkeys"] = _partition_key(body)
        return context

    iam_actions.request_tag_context = with_names
    find_resource = iam_actions.extract_resource_arn

    def as_named(service: str, *request: Any) -> str:
        """Put the schedule's own group, and the function's alias, into the ARN."""
        arn: str = find_resource(service, *request)
        _method, _path, _headers, body, query, *_scope = request
        if service == "lambda" and ":function:" in arn and (alias := _first(query, "Qualifier")):
            return f"{arn}:{alias}"
        return arn.replace(_DEFAULT, f":schedule/{_group(body, query)}/")

    iam_actions.extract_resource_arn = as_named
    resolve = iam_evaluator._resolve_condition_key

    def as_on_aws(key: str, request: Any) -> Any:
        """Treat every request as sent over TLS, and a role's session as the role."""
        match key.lower():
            case "aws:securetransport":
                return "true"
            case "aws:principalarn":
                return _SESSION.sub(r"\1:iam::\2:role/\3", request.principal_arn)
            case _:
                return resolve(key, request)

    iam_evaluator._resolve_condition_key = as_on_aws


def _namespace(body: bytes) -> str:
    """Return the namespace that a PutMetricData request names, in the JSON or query protocol."""
    if body[:1] == b"{":
        return str(json.loads(body).get("Namespace", ""))
    return parse_qs(body.decode("utf-8", "replace")).get("Namespace", [""])[0]


def _partition_key(body: bytes) -> str:
    """Return the partition key that a request for one item of table ``alerts`` names."""
    request = json.loads(body)
    item = request.get("Key") or request.get("Item") or {}
    return str(item.get("scope", {}).get("S", ""))


def _group(body: bytes, query: dict[str, Any]) -> str:
    """Return the schedule group named in a request's query or body."""
    named = _first(query, "groupName")
    if not named and body[:1] == b"{":
        named = json.loads(body).get("GroupName")
    return str(named or "default")


def _first(query: dict[str, Any], name: str) -> str:
    """Return a parameter of a request's query; empty if absent."""
    found = query.get(name) or ""
    return str(found[0] if isinstance(found, list) else found)
