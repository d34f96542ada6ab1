"""Compiles a definition's ``request``, and enforces where a key may be. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, NamedTuple

from balance_poller.definitions.field import Field
from balance_poller.definitions.language.template import (
    Slot,
)
from balance_poller.definitions.params import Param
from balance_poller.definitions.request.request_reader import NOTHING, RequestReader
from balance_poller.definitions.request.request_spec import (
    RequestSpec,
)

if TYPE_CHECKING:
    from balance_poller.definitions.answer.spend_spec import SpendSpec


class Requests(NamedTuple):
    """A definition's request, and the one before it if there is one."""

    main: RequestSpec
    before: RequestSpec | None = None
    breakdown: RequestSpec | None = None


def parse_requests(  # noqa: PLR0913 -- whatever the placeholders must fit
    main: Field,
    before: Field | None,
    params: Mapping[str, Param],
    taken: Collection[str] = (),
    *,
    spend: SpendSpec | None = None,
    is_self_hosted: bool = False,
    breakdown: Field | None = None,
) -> Requests:
    """Read all requests; their placeholders must fit each other, ``params`` and ``spend``.

    Args:
        main: The definition's ``request``.
        before: The request of ``before``; None where there is none.
        params: The definition's parameters.
        taken: The names of what ``before`` takes from its answer.
        spend: What the definition says of its cost report; None where it answers with a balance.
        is_self_hosted: Whether the service has no host in its definition.
        breakdown: The request of ``breakdown``, a path on the same host; None where there is none.
    """
    reader = RequestReader(params, taken=taken)
    spec = _parse_request(main, reader, has_no_host=is_self_hosted)
    _check_window(reader, main, is_report=spend is not None)
    shares = _parse_request(breakdown, reader, has_no_host=True) if breakdown else None
    first = None
    for name in taken:
        if Slot("before", name) not in reader.used:
            main.refuse(f"{{before.{name}}} is not used in the request")
    if before is not None:
        reader.taken = None
        first = _parse_request(before, reader, has_no_host=_is_path(before))
        if any(first.host.slots):
            before.refuse("the host of another service is written out, without parameters")
    _check_use(reader, main, set(spend.only) if spend else set())
    secret_fields = tuple(slot.name for slot in reader.used if slot.kind == "secret")
    return Requests(
        spec._replace(secret_fields=secret_fields),
        None if first is None else first._replace(secret_fields=secret_fields),
        None if shares is None else shares._replace(secret_fields=secret_fields),
    )


def _is_path(field: Field) -> bool:
    """Return whether a request's url names no host."""
    url = field.value.get("url") if isinstance(field.value, Mapping) else None
    return isinstance(url, str) and url.startswith("/")


def _parse_request(field: Field, reader: RequestReader, *, has_no_host: bool) -> RequestSpec:
    """Read one request."""
    fields = field.fields(("url",), ("method", "headers", "query", "basic", "json"))
    if has_no_host:
        scheme, host, path = "", NOTHING, reader.path(fields.get("url"))
    else:
        scheme, host, path = reader.url(fields.get("url"))
    spec = RequestSpec(
        method=reader.method(fields.get("method")),
        scheme=scheme,
        host=host,
        path=path,
        query=reader.query(fields.get("query")),
        headers=reader.headers(fields.get("headers"), has_body="json" in fields),
        basic=reader.basic(fields.get("basic")),
        json=reader.json(fields["json"]) if "json" in fields else None,
    )
    if "json" in fields and spec.method.parts != ("POST",):
        field.refuse('json is a body, which needs "method": "POST"')
    if spec.basic and any(name.lower() == "authorization" for name, _ in spec.headers):
        field.refuse("basic sets the header Authorization, which headers also has")
    return spec


def _check_window(reader: RequestReader, field: Field, *, is_report: bool) -> None:
    """Refuse a cost report that is not asked for by its days, and days of anything else."""
    names = {slot.name for slot in reader.used if slot.kind == "window"}
    if names and not is_report:
        field.refuse("{window.…} stands for the days of a cost report, which spend describes")
    if is_report and not any(name.startswith("start_") for name in names):
        field.refuse("a cost report is asked for by its first day: {window.start_iso}, _unix")


def _check_use(reader: RequestReader, field: Field, elsewhere: Collection[str] = ()) -> None:
    """Refuse unused parameters, and two forms of secret in one request."""
    kinds = {slot.kind for slot in reader.used}
    if {"key", "secret"} <= kinds:
        field.refuse("either {key} or {secret.…}: a secret is plain text or an object, not both")
    for name in reader.params:
        if Slot("param", name) not in reader.used and name not in elsewhere:
            field.refuse(f"params.{name} is not used in the request")
