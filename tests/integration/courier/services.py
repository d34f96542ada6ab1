"""A server that answers like chats and pagers, and accepts only what they document.

Each rule is the service's own (read 2026-11): docs.slack.dev (incoming webhooks),
discord.com/developers (execute webhook), core.telegram.org/bots/api (sendMessage),
learn.microsoft.com/microsoftteams (webhooks with workflows), developer.pagerduty.com (Events API
v2), docs.opsgenie.com (alert API) and jira.atlassian.com/browse/JSDCLOUD-14179 (closing by alias in
its successor).
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

Answer = tuple[int, str]


class Services:
    """What arrived and which incidents are open, by service."""

    def __init__(self) -> None:
        self.taken: dict[str, list[Any]] = {}
        self.open: dict[str, set[str]] = {}

    def answer(  # noqa: PLR0911 -- one service, one answer
        self, host: str, path: str, query: dict[str, list[str]], body: Any, headers: Any
    ) -> Answer:
        """Return a service's answer to a request."""
        match host:
            case "hooks.slack.com":
                return self._slack(path, body)
            case "discord.com":
                return self._discord(path, body)
            case "api.telegram.org":
                return self._telegram(path, body)
            case "prod-1.logic.azure.com":
                return self._teams(query, body)
            case "events.pagerduty.com":
                return self._pagerduty(path, body)
            case "api.opsgenie.com" | "api.atlassian.com":
                return self._alerts(host, path, query, body, headers)
            case _:
                return self._pager(host, body, query)

    def _slack(self, path: str, body: Any) -> Answer:
        if not re.fullmatch(r"/services/T\w+/B\w+/\w+", path):
            return 404, "no_service"
        shown = body.get("attachments") or [body]
        if not all(each.get("text") or each.get("blocks") for each in shown):
            return 400, "no_text"
        text = json.dumps(shown)
        if re.search(r"<[!@#]", text):
            return 400, "it mentions somebody"
        self._take("slack", body)
        return 200, "ok"

    def _discord(self, path: str, body: Any) -> Answer:
        if not re.fullmatch(r"/api/webhooks/\d+/[\w-]+", path):
            return 404, "Unknown Webhook"
        embeds = body.get("embeds", [])
        if not body.get("content") and not embeds:
            return 400, "Cannot send an empty message"
        if len(body.get("content", "")) > 2000 or len(embeds) > 10:
            return 400, "Invalid Form Body"
        for embed in embeds:
            is_long = len(embed["title"]) > 256 or len(embed["description"]) > 4096
            if is_long or not 0 <= embed["color"] <= 0xFFFFFF:
                return 400, "Invalid Form Body"
            if not embed["author"]["url"].startswith("https://"):
                return 400, "Not a well formed URL."
        self._take("discord", body)
        return 204, ""

    def _telegram(self, path: str, body: Any) -> Answer:
        if not re.fullmatch(r"/bot\d+:[\w-]+/sendMessage", path):
            return 404, json.dumps({"ok": False, "description": "Not Found"})
        parser = _Tags()
        parser.feed(body["text"])
        known = {"b", "i", "u", "s", "a", "code", "pre", "tg-spoiler", "blockquote"}
        if body["parse_mode"] != "HTML" or not 1 <= len(body["text"]) <= 4096:
            return 400, json.dumps({"ok": False, "description": "Bad Request"})
        if set(parser.found) - known:
            return 400, json.dumps({"ok": False, "description": "can't parse entities"})
        self._take("telegram", body)
        return 200, json.dumps({"ok": True, "result": {"message_id": 1}})

    def _teams(self, query: dict[str, list[str]], body: Any) -> Answer:
        if not {"api-version", "sp", "sv", "sig"} <= set(query):
            return 401, "DirectApiAuthorizationRequired"
        (card,) = body["attachments"]
        content = card["content"]
        blocks = content["body"]
        is_card = (
            body["type"] == "message"
            and card["contentType"] == "application/vnd.microsoft.card.adaptive"
            and content["type"] == "AdaptiveCard"
            and tuple(map(int, content["version"].split("."))) <= (1, 5)
            and all(block["type"] == "TextBlock" and block["text"] for block in blocks)
        )
        if not is_card:
            return 400, "not an Adaptive Card"
        self._take("teams", body)
        return 202, ""

    def _pagerduty(self, path: str, body: Any) -> Answer:
        key, action = body.get("dedup_key", ""), body.get("event_action")
        payload = body.get("payload", {})
        is_event = path == "/v2/enqueue" and body.get("routing_key") and len(key) <= 255
        if action == "trigger":
            is_event = (
                is_event
                and 1 <= len(payload["summary"]) <= 1024
                and payload["source"]
                and payload["severity"] in ("critical", "error", "warning", "info")
            )
        if not is_event or (action == "resolve" and not key):
            return 400, json.dumps({"status": "invalid event"})
        self._take("pagerduty", body)
        self._turn("pagerduty", key, is_over=action == "resolve")
        return 202, json.dumps({"status": "success", "dedup_key": key})

    def _alerts(
        self, host: str, path: str, query: dict[str, list[str]], body: Any, headers: Any
    ) -> Answer:
        service = {"api.opsgenie.com": "opsgenie", "api.atlassian.com": "jira"}[host]
        done = 202, json.dumps({"result": "Request will be processed", "requestId": "r-1"})
        if not headers.get("Authorization", "").startswith("GenieKey "):
            return 401, "{}"
        if close := re.fullmatch(r".*/v2/alerts/([^/]+)/close", path):
            if query.get("identifierType") != ["alias"]:
                return 404, "{}"  # an id that only the alert's own response had
            self._turn(service, unquote(close[1]), is_over=True)
            return done
        is_alert = (
            path.endswith("/v2/alerts")
            and 1 <= len(body["message"]) <= 130
            and len(body["alias"]) <= 512
            and body["priority"] in ("P1", "P2", "P3", "P4", "P5")
        )
        if not is_alert:
            return 422, "{}"
        self._take(service, body)
        self._turn(service, body["alias"], is_over=False)
        return done

    def _pager(self, host: str, body: Any, query: dict[str, list[str]]) -> Answer:
        """Answer for any other pager: the request has a key, and a word that opens or closes."""
        fields = {**{name: values[0] for name, values in query.items()}, **body}
        names = (
            "entity_id", "idempotency_key", "alertKey", "deduplication_key", "event_id",
            "X-S4-ExternalID", "id", "dedup",
        )  # fmt: skip
        key = next((str(fields[name]) for name in names if fields.get(name)), "")
        if not key:
            return 400, "no key"
        words = {str(value).lower() for value in fields.values() if isinstance(value, str)}
        over = {"recovery", "closed", "resolve", "resolved", "close"}
        self._take(host, body)
        self._turn(host, key, is_over=bool(words & over))
        return 200, "{}"

    def _take(self, service: str, body: Any) -> None:
        self.taken.setdefault(service, []).append(body)

    def _turn(self, service: str, key: str, *, is_over: bool) -> None:
        known = self.open.setdefault(service, set())
        if is_over:
            known.discard(key)
        else:
            known.add(key)


class _Tags(HTMLParser):
    """Collects the tags of a text."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002 -- the base's
        self.found.append(tag)


@contextmanager
def serving(services: Services) -> Iterator[str]:
    """Serve on loopback; yield the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            parts = urlsplit(self.path)
            host, _, path = parts.path[1:].partition("/")
            is_json = raw[:1] == "{"
            body = json.loads(raw) if is_json else {k: v[0] for k, v in parse_qs(raw).items()}
            query = parse_qs(parts.query)
            status, text = services.answer(host, f"/{path}", query, body, self.headers)
            self.send_response(status)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
