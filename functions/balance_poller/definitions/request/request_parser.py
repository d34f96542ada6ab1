"""Compiles a definition's ``request``, and enforces where a key may go. Pure."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any, Final, NamedTuple

from balance_poller.definitions.answer.spend_spec import SpendSpec
from balance_poller.definitions.field import Field
from balance_poller.definitions.language.template import (
    Slot,
    Template,
    TemplateError,
    compile_template,
)
from balance_poller.definitions.params import Param
from balance_poller.definitions.request.credential import is_key_in_entry, is_key_in_header
from balance_poller.definitions.request.request_spec import (
    BODY_HEADERS,
    DEFAULT_HEADERS,
    RequestSpec,
    is_loopback,
)

METHODS: Final = ("GET", "POST")
_URL: Final = re.compile(r"(https?)://([^/?#@\\\s]+)(/[^?#\\\s]*)?")
_PATH: Final = re.compile(r"/[^?#\\\s]*")
_HOST: Final = re.compile(r"(([A-Za-z0-9-]+\.)*[A-Za-z0-9-]+|\[::1\])(:[0-9]{1,5})?")
_HEADER_NAME: Final = r"[A-Za-z0-9-]{1,60}"
#: Every host that the parameters can produce is checked.
_MOST_HOSTS: Final = 1000
#: Headers that the HTTP client sets itself.
_REFUSED_HEADERS: Final = (
    "accept-encoding", "connection", "content-length", "expect", "host", "te", "trailer",
    "transfer-encoding", "upgrade",
)  # fmt: skip
_WRITTEN_OUT: Final = (
    "this looks like a key, and definitions are not secret: write {key} instead, revoke this"
    " one, and store a new one with balancectl keys set"
)
_NOTHING: Final = Template(())
_GET: Final = Template(("GET",))


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
    reader = _Reader(params, taken=taken)
    spec = _parse_request(main, reader, has_no_host=is_self_hosted)
    reader.check_window(main, is_report=spend is not None)
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
    reader.check_use(main, set(spend.only) if spend else set())
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


def _parse_request(field: Field, reader: _Reader, *, has_no_host: bool) -> RequestSpec:
    """Read one request."""
    fields = field.fields(("url",), ("method", "headers", "query", "basic", "json"))
    if has_no_host:
        scheme, host, path = "", _NOTHING, reader.path(fields.get("url"))
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


@dataclass(slots=True)
class _Reader:
    """Reads the parts of requests and records their placeholders."""

    params: Mapping[str, Param]
    taken: Collection[str] | None = ()
    """What a request may use of the one before it; None for the one before itself."""
    used: dict[Slot, None] = dataclasses.field(default_factory=dict)

    def template(self, field: Field) -> Template:
        """Read a text with placeholders."""
        try:
            template = compile_template(field.text(r"[^\x00-\x1f\x7f]*", "a single line"))
        except TemplateError as exc:
            field.refuse(str(exc))
            return _NOTHING
        for slot in template.slots:
            if slot.kind == "param" and slot.name not in self.params:
                field.refuse(f"params has no {slot.name}")
            if slot.kind == "before" and slot.name not in (self.taken or ()):
                field.refuse(
                    "this request is the first one"
                    if self.taken is None
                    else f"before.take has no {slot.name}"
                )
            if slot.kind == "window" and self.taken is None:
                field.refuse("{window.…} belongs to the report's request, not to the one before it")
        self.used.update(dict.fromkeys(template.slots))
        return template

    def url(self, field: Field | None) -> tuple[str, Template, Template]:
        """Read the address: its scheme, its host with port, and its path."""
        match = _URL.fullmatch(field.text()) if field else None
        if field is None or match is None:
            if field and isinstance(field.value, str):
                field.refuse(
                    "expected https://host/path without credentials; what follows a"
                    " question mark goes into query"
                )
            return "https", _NOTHING, _NOTHING
        self.template(field)
        try:
            host, path = compile_template(match[2]), compile_template(match[3] or "")
        except TemplateError:
            return "https", _NOTHING, _NOTHING
        self._check_hosts(field, match[1], host)
        return match[1], host, path

    def path(self, field: Field | None) -> Template:
        """Read the address of a self-hosted service: a path, to which accounts add the host."""
        if field is None:
            return _NOTHING
        if not _PATH.fullmatch(field.text() or "/"):
            field.refuse(
                "expected a path such as /api/balance: the host of a self-hosted service is its"
                " accounts' base_url, and what follows a question mark goes into query"
            )
            return _NOTHING
        return self.template(field)

    def _check_hosts(self, field: Field, scheme: str, host: Template) -> None:
        """Refuse a host that an account or a key could choose freely."""
        choices: list[tuple[str, ...]] = []
        for part in host.parts:
            if isinstance(part, str):
                choices.append((part,))
                continue
            is_param = part.kind == "param" and part.name in self.params
            one_of = self.params[part.name].one_of if is_param else ()
            if not one_of:
                field.refuse("only a parameter with one_of may be in the host")
                return
            choices.append(one_of)
        if prod(map(len, choices)) > _MOST_HOSTS:
            field.refuse(f"the parameters in the host allow more than {_MOST_HOSTS} hosts")
            return
        for names in product(*choices):
            name = "".join(names)
            if not _HOST.fullmatch(name):
                field.refuse("the host is not a name, optionally with a port")
            elif scheme == "http" and not is_loopback(_without_port(name)):
                field.refuse("expected https:// (http only on loopback)")

    def method(self, field: Field | None) -> Template:
        """Read the method: a fixed one, or a parameter that chooses one."""
        if field is None:
            return _GET
        template = self.template(field)
        slots = template.slots
        if not slots and template.literal in METHODS:
            return template
        param = self.params.get(slots[0].name) if slots and slots[0].kind == "param" else None
        allowed = param.one_of if param and len(template.parts) == 1 else ()
        if not allowed or not set(allowed) <= set(METHODS):
            field.refuse("expected GET, POST, or one {param.…} whose one_of has nothing else")
        return template

    def query(self, field: Field | None) -> tuple[tuple[str, Template], ...]:
        """Read the query's entries."""
        if field is None:
            return ()
        return tuple((name, self._entry(name, entry)) for name, entry in field.members().items())

    def _entry(self, name: str, field: Field) -> Template:
        """Read a named text that is sent in a query or a body."""
        template = self.template(field)
        if is_key_in_entry(name, template.literal):
            field.refuse(_WRITTEN_OUT)
        return template

    def headers(self, field: Field | None, *, has_body: bool) -> tuple[tuple[str, Template], ...]:
        """Read the headers, and add defaults for missing ones."""
        given = {}
        for name, entry in field.members(_HEADER_NAME).items() if field else ():
            if name.lower() in _REFUSED_HEADERS:
                entry.refuse("this header is the HTTP client's own")
            given[name] = self.template(entry)
            literal, slots = given[name].literal, given[name].slots
            if is_key_in_header(name, literal, has_placeholder=bool(slots)):
                entry.refuse(_WRITTEN_OUT)
            if not literal.isascii():
                entry.refuse("a header has ASCII characters only")
        names = {name.lower() for name in given}
        if len(names) < len(given) and field:
            field.refuse("two headers differ only in upper and lower case")
        defaults = DEFAULT_HEADERS | (BODY_HEADERS if has_body else {})
        missing = {n: Template((v,)) for n, v in defaults.items() if n.lower() not in names}
        return tuple((missing | given).items())

    def basic(self, field: Field | None) -> tuple[Template, Template] | None:
        """Read the user and the password of HTTP Basic credentials."""
        if field is None:
            return None
        entries = field.items(at_least=2, at_most=2)
        templates = [_NOTHING if e.value == "" else self._entry("password", e) for e in entries]
        return (templates[0], templates[1]) if len(templates) == 2 else None

    def json(self, field: Field, depth: int = 0, name: str = "") -> Any:  # noqa: ANN401 -- any JSON value
        """Read the body, in which every text may have placeholders."""
        if depth > 20:
            field.refuse("the body is nested more than 20 deep")
            return None
        match field.value:
            case str():
                return self._entry(name, field) if field.value else ""
            case Mapping():
                members = field.members(with_nulls=True)
                return {name: self.json(entry, depth + 1, name) for name, entry in members.items()}
            case list() | tuple():
                return [self.json(entry, depth + 1) for entry in field.items(at_least=0)]
            case _:
                return field.value

    def check_window(self, field: Field, *, is_report: bool) -> None:
        """Refuse a cost report that is not asked for by its days, and days of anything else."""
        names = {slot.name for slot in self.used if slot.kind == "window"}
        if names and not is_report:
            field.refuse("{window.…} stands for the days of a cost report, which spend describes")
        if is_report and not any(name.startswith("start_") for name in names):
            field.refuse("a cost report is asked for by its first day: {window.start_iso}, _unix")

    def check_use(self, field: Field, elsewhere: Collection[str] = ()) -> None:
        """Refuse unused parameters, and two forms of secret in one request."""
        kinds = {slot.kind for slot in self.used}
        if {"key", "secret"} <= kinds:
            field.refuse(
                "either {key} or {secret.…}: a secret is plain text or an object, not both"
            )
        for name in self.params:
            if Slot("param", name) not in self.used and name not in elsewhere:
                field.refuse(f"params.{name} is not used in the request")


def _without_port(host: str) -> str:
    """Return the name in ``host`` without its port and brackets."""
    return host.rpartition("]")[0].lstrip("[") if "[" in host else host.partition(":")[0]
