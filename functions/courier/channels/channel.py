"""One channel: posts a message as well as the service can show it."""

from __future__ import annotations

import re
from typing import Any, Final

from apprise import Apprise, NotifyFormat, NotifyType
from apprise.plugins.base import NotifyBase

from courier.channels.address import Address, AddressError, asset
from courier.channels.pagers import key_arguments
from courier.channels.quiet import reason
from courier.posts import Level, Post

_TYPES: Final = {
    Level.CRITICAL: NotifyType.FAILURE,
    Level.WARNING: NotifyType.WARNING,
    Level.OVER: NotifyType.SUCCESS,
    Level.REPORT: NotifyType.INFO,
    Level.TEST: NotifyType.INFO,
}

#: By level, the names of priorities, the first that a service has; an address may set its own.
_PRIORITIES: Final = {
    Level.CRITICAL: ("high",),
    Level.WARNING: ("normal", "default"),
    Level.OVER: ("low",),
    Level.REPORT: ("low",),
    Level.TEST: ("normal", "default"),
}
#: Opsgenie's P1 is the most urgent, and Apprise's names for its five are the wrong way round.
_OPSGENIE: Final = {Level.CRITICAL: "p1", Level.WARNING: "p3", Level.TEST: "p5"}

#: Services with less room get the title and the link.
_LEAST_BODY: Final = 600

_LINK: Final = re.compile(r" *(?:([A-Z][\w ]*): )?(https://\S+)")
_MARKUP: Final = re.compile(r"([\\`*_{}\[\]()#+\-.!|~])")


class ChannelError(Exception):
    """A service did not accept a post. The text is safe to show."""


def send(address: Address, post: Post) -> None:
    """Post, in one request if the service allows it.

    A test opens a pager's incident and closes it.

    Raises:
        AddressError: when the address cannot be used.
        ChannelError: when the service did not take the post.
    """
    if address.is_pager and post.level is Level.TEST:
        _send(address, post._replace(level=Level.WARNING))
        _send(address, post._replace(level=Level.OVER))
    else:
        _send(address, post)


def _send(address: Address, post: Post) -> None:
    """Post once."""
    look = asset(post.link)
    arguments = _arguments(address, post)
    service = address.service(look, **arguments)
    if service is None:
        raise AddressError(f"{address.schema} refuses the address")
    kind = arguments.get("format") or service.notify_format
    kind = NotifyFormat.MARKDOWN if kind == NotifyFormat.MARKDOWN else NotifyFormat.TEXT
    sender = Apprise(asset=look)
    sender.add(service)
    result = sender.notify(
        body=_body(service, post, kind, is_pager=address.is_pager),
        title=post.title,
        notify_type=_TYPES[post.level],
        body_format=kind,
    )
    if not result:
        raise ChannelError(reason(entry.message for entry in result.logs()) or "no answer in time")


def _arguments(address: Address, post: Post) -> dict[str, Any]:
    """Return further arguments that the service supports for this post."""
    service = address.service(asset())
    known = service.template_args if service is not None else {}
    extra: dict[str, Any] = {"overflow": "truncate"}
    if address.is_pager:
        extra |= key_arguments(address.schema, post.key)
    if post.link and "click" in known:
        extra["click"] = post.link
    if address.schema == "discord" and post.link:
        # The severity's colour takes an embed, which Apprise gives a link.
        extra["format"] = NotifyFormat.MARKDOWN
    if address.schema == "pagerduty":
        extra |= {"source": "Balance Monitor", "component": post.key}
    if address.schema in ("opsgenie", "jira"):
        extra["priority"] = _OPSGENIE.get(post.level)
    elif priority := _priority(known.get("priority", {}).get("values"), post.level):
        extra["priority"] = priority
    return {name: value for name, value in extra.items() if not address.says(name)}


def _priority(values: Any, level: Level) -> str | None:  # noqa: ANN401 -- a plug-in's own
    """Return the service's name for this urgency; None if it has none."""
    names = values.values() if isinstance(values, dict) else values or ()
    if "high" not in names:
        return None
    return next((name for name in _PRIORITIES[level] if name in names), None)


def _body(service: NotifyBase, post: Post, kind: NotifyFormat, *, is_pager: bool) -> str:
    """Return as much of the body as the service shows."""
    body = post.body
    if is_pager or service.body_maxlen < _LEAST_BODY:
        body = post.link
    body = body or post.title
    if kind != NotifyFormat.MARKDOWN:
        return body
    lines = [_markdown(line) for line in body.split("\n")]
    # An Adaptive Card runs single line breaks together.
    return ("\n\n" if service.schema.startswith("workflow") else "\n").join(lines)


def _markdown(line: str) -> str:
    """Return a line with its special characters escaped, and its link as a link."""
    if found := _LINK.fullmatch(line):
        return f"[{found[1] or found[2]}]({found[2]})"
    return _MARKUP.sub(r"\\\1", line.strip())
