"""Posts to servers that accept only what the services document, each from a fresh process."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from courier.channels.pagers import PAGERS
from tests.integration.courier.services import Services, serving

ROOT = Path(__file__).resolve().parents[3]
HOSTILE = '@everyone <!channel> <b>x</b> & [a](https://evil.example) "team_a*b"'
CHATS = {
    "slack": "https://hooks.slack.com/services/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",
    "discord": "https://discord.com/api/webhooks/4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js",
    "telegram": "tgram://123456789:abcdefg_hijklmnop/12315544",
    "teams": "workflows://prod-1.logic.azure.com:443/643e69f83c8944/4e6b3f",
}
#: By service: an address, and the host that receives the posts.
PAGER_ADDRESSES = {
    "firehydrant": ("firehydrant://token", "signals.firehydrant.com"),
    "goalerts": (
        "goalerts://goalert.example/0a1b2c3d-0a1b-2c3d-4e5f-0a1b2c3d4e5f",
        "goalert.example",
    ),
    "ilert": ("ilert://token", "api.ilert.com"),
    "incidentio": ("incidentio://source/token", "api.incident.io"),
    "jira": ("jira://key-1", "jira"),
    "opsgenie": ("opsgenie://key-1", "opsgenie"),
    "opsimates": ("opsimates://key@opsimate.example", "opsimate.example"),
    "pagerduty": ("pagerduty://R0123456789@events", "pagerduty"),
    "pagertree": ("pagertree://int_0123456789", "api.pagertree.com"),
    "signl4": ("signl4://secret", "connect.signl4.com"),
    "splunk": ("splunk://route@apikey", "alert.victorops.com"),
    "squadcast": ("squadcast://abcdef0123", "api.squadcast.com"),
}
POST: dict[str, Any] = {
    "title": "CRITICAL OpenRouter openrouter-main: 3.20 USD left",
    "body": f"Balance: 3.20 USD\nDescription: {HOSTILE}\n\nWhat to do\n  Top up: https://top.example/a?b=1&c=2",
    "link": "https://top.example/a?b=1&c=2",
    "key": "balance-monitor/openrouter-main",
}


@dataclass(frozen=True)
class Seen:
    """What the services saw: begins in one process, ends in the next."""

    services: Services
    opened: dict[str, set[str]]
    failures: dict[str, str]


@pytest.fixture(scope="module")
def seen() -> Seen:
    """Post a critical alert everywhere, and then its end, from two processes."""
    services = Services()
    addresses = {**CHATS, **{name: address for name, (address, _) in PAGER_ADDRESSES.items()}}
    with serving(services) as server:

        def post(level: str) -> dict[str, str]:
            jobs = [(name, address, level, POST) for name, address in addresses.items()]
            done = subprocess.run(
                [sys.executable, Path(__file__).with_name("post.py"), server],
                input=json.dumps(jobs),
                capture_output=True,
                text=True,
                check=True,
                env={"PYTHONPATH": f"{ROOT / 'functions'}"},
            )
            found: dict[str, str] = json.loads(done.stdout)
            return found

        failures = post("CRITICAL")
        opened = {service: set(keys) for service, keys in services.open.items()}
        failures |= post("OVER")
    return Seen(services, opened, failures)


def test_posts_when_sent_then_every_service_takes_them(seen: Seen) -> None:
    assert seen.failures == {}


@pytest.mark.parametrize("service", PAGER_ADDRESSES)
def test_pager_when_over_then_a_fresh_process_closes_what_another_opened(
    seen: Seen, service: str
) -> None:
    host = PAGER_ADDRESSES[service][1]

    assert seen.opened[host] == {POST["key"]}
    assert seen.services.open[host] == set()


def test_pagers_when_listed_then_each_is_tried_here() -> None:
    """The others are the same without TLS, or Splunk under its other name."""
    assert set(PAGERS) - set(PAGER_ADDRESSES) == {"goalert", "opsimate", "victorops"}


@pytest.mark.parametrize("service", CHATS)
def test_chat_when_posted_then_shows_title_text_and_link_and_no_picture(
    seen: Seen, service: str
) -> None:
    critical, _over = seen.services.taken[service]

    shown = json.dumps(critical, ensure_ascii=False).replace("\\\\", "").replace("&amp;", "&")
    assert POST["title"] in shown
    assert "3.20 USD" in shown
    assert POST["link"] in shown
    assert "github" not in shown.lower()


@pytest.mark.parametrize("service", ["slack", "discord"])
def test_chat_when_it_has_colours_then_the_end_has_another(seen: Seen, service: str) -> None:
    colours = {
        part["color"]
        for body in seen.services.taken[service]
        for part in body.get("attachments", body.get("embeds"))
    }

    assert len(colours) == 2
