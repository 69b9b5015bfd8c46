"""A command group that imports a command only when it is called: ``--help`` and typing mistakes stay fast."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


class Lazy(NamedTuple):
    """Where a command is, as ``module:attribute``, and its line in the group's help."""

    target: str
    says: str


class LazyGroup(click.Group):
    """A group over a table of commands.

    Args:
        table: Each command's name and where it is, in the order of the help.
        named: As for ``click.Group``.
    """

    def __init__(self, *, table: Mapping[str, Lazy], **named: Any) -> None:
        super().__init__(**named)
        self._table = table

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of the table."""
        return list(self._table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        if cmd_name not in self._table:
            return None
        module, _, attribute = self._table[cmd_name].target.partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is called, or say which one may be meant."""
        if args[0] not in self._table and not args[0].startswith("-") and not ctx.resilient_parsing:
            near = get_close_matches(args[0].lower(), self._table, n=1)
            meant = f"Did you mean {near[0]}?" if near else f"There are {', '.join(self._table)}."
            ctx.fail(f"No such command {args[0]!r}. {meant}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the help's list of commands."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, command.says) for name, command in self._table.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete a command's name, or an option."""
        from click.shell_completion import CompletionItem

        names = [
            CompletionItem(name, help=command.says)
            for name, command in self._table.items()
            if name.startswith(incomplete)
        ]
        return names + click.Command.shell_complete(self, ctx, incomplete)
