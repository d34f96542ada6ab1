"""Reads the parts of a definition's requests, and refuses keys that are written out. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, Final

from balance_poller.definitions.field import Field
from balance_poller.definitions.language.template import (
    Slot,
    Template,
    TemplateError,
    compile_template,
)
from balance_poller.definitions.params import Param
from balance_poller.definitions.request.address import PATH, URL, check_hosts
from balance_poller.definitions.request.credential import is_key_in_entry, is_key_in_header
from balance_poller.definitions.request.request_spec import BODY_HEADERS, DEFAULT_HEADERS

METHODS: Final = ("GET", "POST")
_HEADER_NAME: Final = r"[A-Za-z0-9-]{1,60}"
#: Headers that the HTTP client sets itself.
_REFUSED_HEADERS: Final = (
    "accept-encoding", "connection", "content-length", "expect", "host", "te", "trailer",
    "transfer-encoding", "upgrade",
)  # fmt: skip
_WRITTEN_OUT: Final = (
    "this looks like a key, and definitions are not secret: write {key} instead, revoke this"
    " one, and store a new one with balancectl keys set"
)
NOTHING: Final = Template(())
_GET: Final = Template(("GET",))


class RequestReader:
    """Reads the parts of requests and records their placeholders.

    Args:
        params: The definition's parameters.
        taken: The values of the preceding request that a request may use.
    """

    def __init__(self, params: Mapping[str, Param], taken: Collection[str]) -> None:
        self.params = params
        self.taken: Collection[str] | None = taken
        """As given; None while that preceding request is read."""
        self.used: dict[Slot, None] = {}

    def template(self, field: Field) -> Template:
        """Read a text with placeholders."""
        try:
            template = compile_template(field.text(r"[^\x00-\x1f\x7f]*", "a single line"))
        except TemplateError as exc:
            field.refuse(str(exc))
            return NOTHING
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
        match = URL.fullmatch(field.text()) if field else None
        if field is None or match is None:
            if field and isinstance(field.value, str):
                field.refuse(
                    "expected https://host/path without credentials; what follows a"
                    " question mark goes into query"
                )
            return "https", NOTHING, NOTHING
        self.template(field)
        try:
            host, path = compile_template(match[2]), compile_template(match[3] or "")
        except TemplateError:
            return "https", NOTHING, NOTHING
        check_hosts(field, match[1], host, self.params)
        return match[1], host, path

    def path(self, field: Field | None) -> Template:
        """Read the address of a self-hosted service: a path, to which accounts add the host."""
        if field is None:
            return NOTHING
        if not re.fullmatch(PATH, field.text() or "/"):
            field.refuse(
                "expected a path such as /api/balance: the host of a self-hosted service is its"
                " accounts' base_url, and what follows a question mark goes into query"
            )
            return NOTHING
        return self.template(field)

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
        templates = [NOTHING if e.value == "" else self._entry("password", e) for e in entries]
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
