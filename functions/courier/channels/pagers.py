"""Pagers: services that keep incidents, which an end closes by the key that opened them.

Each argument is the plug-in's own for that key (Apprise 2.3, ``apprise/plugins``). A courier starts
afresh at any time, so nothing may depend on an earlier process's memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import requests
from apprise import NotifyType
from apprise.plugins.jira import JIRA_API_LOOKUP, NotifyJira
from apprise.plugins.opsgenie import OPSGENIE_API_LOOKUP, NotifyOpsgenie

if TYPE_CHECKING:
    from collections.abc import Mapping

    from apprise.plugins.base import NotifyBase

#: By service: the argument for the key.
PAGERS: Final = {
    "firehydrant": "dedup",
    "goalert": "dedup",
    "goalerts": "dedup",
    "ilert": "dedup",
    "incidentio": "dedup",
    "jira": "alias",
    "opsgenie": "alias",
    "opsimate": "dedup",
    "opsimates": "dedup",
    "pagerduty": "dedup",
    "pagertree": "thirdparty",
    "signl4": "external_id",
    "splunk": "entity_id",
    "squadcast": "dedup",
    "victorops": "entity_id",
}


def key_arguments(schema: str, key: str) -> dict[str, Any]:
    """Return the arguments with which a success closes what a failure opened under ``key``."""
    return {PAGERS[schema]: key, "action": "map"}


def _close(service: NotifyJira | NotifyOpsgenie, urls: Mapping[str, str], note: str) -> bool:
    """Close an alert by its alias.

    Apprise closes by the id that it was given when the alert was opened, which only that process
    knows. "POST /v2/alerts/{identifier}/close?identifierType=alias":
    https://docs.opsgenie.com/docs/alert-api#close-alert, read 2026-11.
    """
    url = f"{urls[str(service.region_name)]}/{quote(str(service.alias), safe='')}/close"
    payload = {"source": service.app_desc, "note": note}
    done, _ = service._fetch(requests.post, url, payload, {"identifierType": "alias"})  # noqa: SLF001 -- the plug-in's own request
    return bool(done)


class Opsgenie(NotifyOpsgenie):
    """Opsgenie, which closes by alias."""

    def send(
        self,
        body: str,
        title: str = "",
        notify_type: NotifyType = NotifyType.INFO,
        **kwargs: Any,  # noqa: ANN401 -- the plug-in's own
    ) -> bool:
        """Open an alert, or close it."""
        if notify_type is NotifyType.SUCCESS:
            return _close(self, OPSGENIE_API_LOOKUP, title or body)
        return bool(super().send(body, title, notify_type, **kwargs))


class Jira(NotifyJira):
    """The alerts of Jira Service Management, Opsgenie's successor."""

    def send(
        self,
        body: str,
        title: str = "",
        notify_type: NotifyType = NotifyType.INFO,
        **kwargs: Any,  # noqa: ANN401 -- the plug-in's own
    ) -> bool:
        """Open an alert, or close it."""
        if notify_type is NotifyType.SUCCESS:
            return _close(self, JIRA_API_LOOKUP, title or body)
        return bool(super().send(body, title, notify_type, **kwargs))


#: Our plug-ins that replace Apprise's.
BY_ALIAS: Final[Mapping[str, type[NotifyBase]]] = {"jira": Jira, "opsgenie": Opsgenie}
