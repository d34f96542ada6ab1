"""Groups of commands under the root command."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup


def command_group(text: str, cls: type[TyperGroup] = TyperGroup) -> typer.Typer:
    """Return an empty group with the help ``text``."""
    return typer.Typer(cls=cls, no_args_is_help=True, help=text, rich_markup_mode=None)


class SilenceGroup(TyperGroup):
    """``silence add``, whose name may be left out: ``silence ACCOUNT`` is how it used to be."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 -- click's context
        """Put ``add`` before arguments that name no command."""
        if args and args[0] not in {*self.commands, *ctx.help_option_names}:
            args = ["add", *args]
        return super().parse_args(ctx, args)
