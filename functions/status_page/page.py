"""The page: accounts by urgency, totals by unit, HTML from templates. Pure."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from shared.money import format_amount
from shared.records import Latest
from shared.text import one_line
from status_page.account import AccountView
from status_page.chart import HEIGHT, WIDTH, Mark, Window, days
from status_page.health import Condition

#: Up to this many accounts, details are shown without a click.
_MOST_OPEN: Final = 3


@dataclass(frozen=True, slots=True)
class Total:
    """The balance and burn in one unit."""

    left: str
    burn: str
    """Empty if no account's burn is known."""


@dataclass(frozen=True, slots=True)
class Group:
    """The accounts in one condition."""

    condition: Condition
    accounts: Sequence[AccountView]


@dataclass(frozen=True, slots=True)
class Page:
    """All accounts at one moment."""

    title: str
    now: datetime
    groups: Sequence[Group]
    totals: Sequence[Total]

    @property
    def days(self) -> Sequence[Mark]:
        """The axis of every chart."""
        return list(days(Window(self.now)))

    @property
    def now_at(self) -> int:
        """The position of now on it."""
        return Window(self.now).place(self.now)

    @property
    def count(self) -> int:
        """The number of accounts."""
        return sum(len(group.accounts) for group in self.groups)

    def is_open(self, account: AccountView) -> bool:
        """Whether accounts' details are shown without a click."""
        urgent = [a for g in self.groups if g.condition is Condition.CRITICAL for a in g.accounts]
        return account in urgent[:_MOST_OPEN]


@dataclass(frozen=True, slots=True)
class Look:
    """How a widget shows the page."""

    is_dark: bool
    is_narrow: bool
    """Whether there is no room for rows of four columns."""
    window: Window
    """What the charts show."""
    span: str
    """The same as text: "Last 14 days and 4 days ahead"."""
    note: str = ""
    """What is missing, and why."""

    @property
    def now_at(self) -> int:
        """The position of now in the charts."""
        return self.window.place(self.window.now)


def page(
    title: str, now: datetime, accounts: Iterable[AccountView], latest: Iterable[Latest]
) -> Page:
    """Sort accounts into a page, the worst first."""
    by_condition: dict[Condition, list[AccountView]] = {}
    for account in sorted(accounts, key=lambda account: account.id.lower()):
        by_condition.setdefault(account.condition, []).append(account)
    groups = [Group(condition, by_condition[condition]) for condition in sorted(by_condition)]
    return Page(title, now, groups, list(_totals(latest)))


def _totals(latest: Iterable[Latest]) -> Iterable[Total]:
    """Yield the totals of each unit, the most used unit first."""
    left: dict[str, Decimal] = {}
    burn: dict[str, Decimal] = {}
    number: Counter[str] = Counter()
    for each in latest:
        good = each.good
        if good.balance is None:
            continue
        unit = one_line(good.unit or "", 40)
        number[unit] += 1
        left[unit] = left.get(unit, Decimal(0)) + good.balance
        if good.burn_per_day is not None:
            burn[unit] = burn.get(unit, Decimal(0)) + good.burn_per_day
    for unit, _ in number.most_common():
        yield Total(
            format_amount(left[unit], unit), format_amount(burn[unit], unit) if unit in burn else ""
        )


def render_report(page: Page, silence_command: Callable[[str], str]) -> str:
    """Render the page as one self-contained HTML file.

    ``silence_command`` returns the command that silences an account, to be copied.
    """
    style, script = _asset("report.css"), _asset("report.js")
    return (
        _environment()
        .get_template("report.html.jinja")
        .render(
            page=page,
            silence_command=silence_command,
            style=style,
            script=script,
            style_hash=_hash(style),
            script_hash=_hash(script),
        )
    )


def render_widget(page: Page, look: Look) -> str:
    """Render the page as HTML for a custom widget of a CloudWatch dashboard.

    A widget runs no script, and CloudWatch removes ``<use>`` (CloudWatch user guide, "Security and
    JavaScript for custom CloudWatch widgets", read 2026-11).
    """
    template = _environment().get_template("widget.html.jinja")
    return template.render(page=page, look=look, style=_asset("widget.css"))


@cache
def _environment() -> Environment:
    """Return the templates' environment: it escapes everything and refuses undefined names."""
    environment = Environment(
        loader=PackageLoader("status_page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(WIDTH=WIDTH, HEIGHT=HEIGHT)
    return environment


@cache
def _asset(name: str) -> Markup:
    """Return one of our style sheets or scripts unescaped."""
    text = resources.files("status_page").joinpath("templates", name).read_text("utf-8")
    return Markup(text)  # noqa: S704 -- our own file, not foreign text


def _hash(text: str) -> str:
    """Return the source expression that lets a page's policy admit exactly this text."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
