"""Clean foreign texts for messages: one line each, and only absolute links."""

from __future__ import annotations

from typing import Any, Final

from alert_router.incidents.incident import ForeignAlarm
from shared.records import Latest, Wallet
from shared.text import one_line

_MOST_NAME: Final = 100
_MOST_UNIT: Final = 20
_MOST_LINK: Final = 500


def clean_alarm(alarm: ForeignAlarm) -> ForeignAlarm:
    """Return a foreign alarm whose texts are one line each."""
    texts: dict[str, Any] = {
        name: one_line(text) for name, text in alarm._asdict().items() if isinstance(text, str)
    }
    return alarm._replace(**texts)


def clean_record(record: Latest) -> Latest:
    """Return an account's record whose texts are one line each."""
    good = record.good
    return record._replace(
        provider_title=one_line(record.provider_title, _MOST_NAME),
        reason=record.reason and one_line(record.reason),
        top_up_url=_link(record.top_up_url),
        good=good._replace(
            unit=good.unit and one_line(good.unit, _MOST_UNIT),
            others={
                one_line(name, _MOST_NAME): _clean_wallet(wallet)
                for name, wallet in good.others.items()
            },
        ),
    )


def _clean_wallet(wallet: Wallet) -> Wallet:
    """Return a wallet whose unit is one short line."""
    return wallet._replace(unit=one_line(wallet.unit, _MOST_UNIT))


def _link(url: str | None) -> str | None:
    """Return an absolute link without spaces; None for anything else."""
    if url is None or not url.startswith("https://") or len(url) > _MOST_LINK:
        return None
    return url if one_line(url) == url and " " not in url else None
