"""A provider by name: prepares requests and reads answers. No I/O except for definitions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Final

from balance_poller.definitions.catalogue import read_shipped
from balance_poller.definitions.definition import Definition, parse_definition
from balance_poller.definitions.language.template import Values
from balance_poller.definitions.params import resolve_params
from balance_poller.definitions.request.request_spec import RequestSpec
from balance_poller.exchange.answer.http_status import Failure
from balance_poller.exchange.answer.reading import Reading, read_response
from balance_poller.exchange.answer.response import Response
from balance_poller.exchange.request import PreparedRequest, address_of, prepare_request
from shared.secret import AccountKey, Secret

if TYPE_CHECKING:
    from balance_poller.exchange.answer.costs import SpendScope
    from balance_poller.exchange.before import Taken
    from balance_poller.ledger.window import Window


class Provider:
    """A definition with its name. It keeps neither keys nor answers.

    Args:
        name: Its name.
        definition: The definition.
        is_shipped: Whether the definition is shipped, rather than the deployment's own.
    """

    def __init__(self, name: str, definition: Definition, *, is_shipped: bool = False) -> None:
        self.name = name
        self.definition = definition
        self.is_shipped = is_shipped

    def prepare(  # noqa: PLR0913 -- whatever a request is made of
        self,
        key: AccountKey,
        params: Mapping[str, str],
        base_url: str | None,
        *,
        allow_http_loopback: bool,
        before: Mapping[str, Secret] | None = None,
        window: Window | None = None,
    ) -> PreparedRequest:
        """Return the request for one account.

        Args:
            key: The key, or its parts if the definition names them.
            params: The account's parameters.
            base_url: Replaces scheme, host and port, and prefixes the path; for self-hosted
                services.
            allow_http_loopback: Whether plain http is allowed on loopback.
            before: What the request that is made first gave; without it, such values are
                stand-ins, and the request is not to be sent.
            window: The days to request, if the definition has ``spend``.

        Raises:
            ConfigError: when one of these is invalid; the text names it, never its value.
        """
        definition = self.definition
        days = window.values() if window else {}
        params = resolve_params(definition.params, params)
        values = Values(key, params, before or {}, window=days)
        return prepare_request(
            definition.request,
            values,
            base_url,
            allow_http_loopback=allow_http_loopback,
            answer_headers=definition.answer.headers,
        )

    def prepare_before(
        self,
        key: AccountKey,
        params: Mapping[str, str],
        base_url: str | None,
        *,
        allow_http_loopback: bool,
    ) -> PreparedRequest | None:
        """Return the request that is made first; None where there is none.

        Raises:
            ConfigError: as :meth:`prepare`.
        """
        before = self.definition.before
        if before is None:
            return None
        values = Values(key, resolve_params(self.definition.params, params))
        return self._prepare_other(
            before.request, values, base_url, allow_http_loopback=allow_http_loopback
        )

    def prepare_breakdown(
        self,
        key: AccountKey,
        params: Mapping[str, str],
        base_url: str | None,
        *,
        allow_http_loopback: bool,
        window: Window,
    ) -> PreparedRequest | None:
        """Return the request that says which keys consumed most; None where there is none.

        Raises:
            ConfigError: as :meth:`prepare`.
        """
        spec = self.definition.breakdown
        if spec is None:
            return None
        resolved = resolve_params(self.definition.params, params)
        values = Values(key, resolved, window=window.values())
        return self._prepare_other(
            spec.request, values, base_url, allow_http_loopback=allow_http_loopback
        )

    def _prepare_other(
        self, spec: RequestSpec, values: Values, base_url: str | None, *, allow_http_loopback: bool
    ) -> PreparedRequest:
        """Return another request than the own one: on the same host, unless it names one."""
        if spec.is_self_hosted:
            base_url = base_url or address_of(
                self.definition.request,
                values.params,
                base_url,
                allow_http_loopback=allow_http_loopback,
            )
        else:
            base_url = None
        return prepare_request(spec, values, base_url, allow_http_loopback=allow_http_loopback)

    def read_before(self, response: Response) -> Taken | Failure:
        """Return what the first answer gives to the request after it, or how the poll fails.

        Never raises, whatever the answer is.
        """
        from balance_poller.exchange.before import read_before  # noqa: PLC0415 -- few definitions

        return read_before(self.definition, response)

    def addresses(
        self, params: Mapping[str, str], base_url: str | None, *, allow_http_loopback: bool
    ) -> tuple[str, ...]:
        """Return scheme, host and port of each of an account's requests, with a path if any.

        Raises:
            ConfigError: when a parameter or ``base_url`` cannot be used.
        """
        resolved = resolve_params(self.definition.params, params)
        own = address_of(
            self.definition.request, resolved, base_url, allow_http_loopback=allow_http_loopback
        )
        before = self.definition.before
        if before is None or before.request.is_self_hosted:
            return (own,)
        earlier = address_of(
            before.request, resolved, None, allow_http_loopback=allow_http_loopback
        )
        return own, earlier

    def scope(self, window: Window, params: Mapping[str, str]) -> SpendScope:
        """Return what an account asks of a cost report.

        Raises:
            ConfigError: when its parameters do not fit.
        """
        from balance_poller.exchange.answer.costs import SpendScope  # noqa: PLC0415 -- few providers

        return SpendScope(window, resolve_params(self.definition.params, params))

    def read(
        self,
        response: Response,
        wallet: str | None,
        at: datetime | None = None,
        scope: SpendScope | None = None,
    ) -> Reading:
        """Return the reading of ``response`` for an account; see :func:`read_response`.

        Never raises, whatever the answer is.
        """
        return read_response(self.definition, response, wallet, at, scope)


def load_provider(name: str, inline: Mapping[str, object]) -> Provider:
    """Return the provider ``name``, from ``inline`` if it is there, else the shipped one.

    Raises:
        DefinitionError: when there is no such provider, or its definition cannot be used.
    """
    if name in inline:
        return _load_inline(name, inline[name])
    return _load_shipped(name)


@cache
def _load_shipped(name: str) -> Provider:
    """Return a shipped provider, read once per process."""
    return Provider(name, parse_definition(read_shipped(name)), is_shipped=True)


#: The last inline definition under each name. All accounts of a run share one object, and the next
#: run's event has an equal one.
_inline: Final[dict[str, tuple[object, Provider]]] = {}


def _load_inline(name: str, data: object) -> Provider:
    """Return an inline provider, compiled again only when its definition changes."""
    known = _inline.get(name)
    if known is not None and (known[0] is data or known[0] == data):
        return known[1]
    provider = Provider(name, parse_definition(data))
    _inline[name] = (data, provider)
    return provider
