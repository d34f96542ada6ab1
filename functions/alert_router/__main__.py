"""Print the messages for a recorded alarm: ``python -m alert_router EVENT.json``.

For reviewers and contributors of texts. It only reads files: no AWS call, nothing is sent.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from alert_router.events.alarm import AlarmChange
from alert_router.events.envelope import Ignored, TestRequest, parse, unpack
from alert_router.events.notice import Notice
from alert_router.incidents.incident import Incident
from alert_router.incidents.lifecycle.decision import decide
from alert_router.incidents.lifecycle.due import Policy
from alert_router.incidents.lifecycle.transitions import apply, identify
from alert_router.incidents.notification import notification_of
from alert_router.incidents.snapshot import AccountSnapshot, newest_balance
from alert_router.messages import single
from alert_router.messages.compose import Composer
from alert_router.messages.formats.message import Message
from alert_router.messages.notice import notice_message
from alert_router.messages.wording.links import Links
from shared.names import DEFAULT_NAME
from shared.records import Latest


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the messages for one recorded event; return 1 if there is nothing to send."""
    options = _options(arguments)
    event = json.loads(Path(options.event).read_text())
    event = event.get("document", event)
    record = _record(options.record)
    messages = list(_messages(event, record, options.name))
    for message in messages:
        sys.stdout.write(
            f"Subject: {message.subject}\n\n{message.email}\n\nSMS: {message.sms}\n\n"
            f"{json.dumps(message.document, indent=2, ensure_ascii=False)}\n"
        )
    if not messages:
        sys.stderr.write("nothing would be sent\n")
    return 0 if messages else 1


def _messages(event: dict[str, Any], record: Latest | None, name: str) -> Iterator[Message]:
    """Yield the messages of an event, as if nothing had happened before."""
    links = Links(stack_name=name, region="us-east-1", aws_account="123456789012")
    for item in unpack(event):
        match parse(item):
            case TestRequest() as request:
                yield single.test_message(request, record, links, datetime.now(UTC))
            case AlarmChange() as change:
                yield from _about(change, record, links)
            case Notice() as notice:
                yield notice_message(notice, links, datetime.now(UTC))
            case Ignored(why):
                sys.stderr.write(f"ignored: {why}\n")
            case _:
                sys.stderr.write("a request from the router to itself\n")


def _about(change: AlarmChange, record: Latest | None, links: Links) -> list[Message]:
    """Return the messages for one transition."""
    key, kind = identify(change, links.stack_name)
    incident = apply(Incident(key), kind, change)
    now = change.changed_at + timedelta(minutes=1)
    balance, balance_at = newest_balance(incident, record, now)
    snapshot = AccountSnapshot(
        latest=record,
        is_readable=record is not None,
        balance=balance,
        balance_at=balance_at,
    )
    decided = decide(incident, snapshot, now, Policy(timedelta(), {})).incident
    if decided.outbox is None:
        return []
    notification = notification_of(decided, decided.outbox.pending, now, record)
    return Composer(links, 5).compose([notification])


def _record(path: str | None) -> Latest | None:
    """Return the account's LATEST item from a plain JSON file, if given."""
    if path is None:
        return None
    return Latest.from_item(
        json.loads(Path(path).read_text(), parse_float=Decimal, parse_int=Decimal)
    )


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the command-line options."""
    parser = argparse.ArgumentParser(prog="python -m alert_router", description=main.__doc__)
    parser.add_argument(
        "event",
        metavar="EVENT.json",
        help="an SNS notification, EventBridge event, Lambda action or queue batch",
    )
    parser.add_argument(
        "--record",
        metavar="LATEST.json",
        help="the account's LATEST item as plain JSON; without it messages are reduced",
    )
    parser.add_argument(
        "--name", default=DEFAULT_NAME, help="the deployment's name (default %(default)s)"
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    raise SystemExit(main())
