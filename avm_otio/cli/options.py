"""The options that the rows of a request make, and the request that they make."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, TypeVar

import click

from avm_otio.errors import UsageError
from avm_otio.kinds import meant
from avm_otio.request import Request, rows
from avm_otio.row import Row

F = TypeVar("F", bound=Callable[..., Any])

FILE = click.Path(path_type=Path)
FOLDER = click.Path(path_type=Path)


class OutputFile(click.Path):
    """The path of a file to write; a folder is refused before any work is done.

    Args:
        example: A name for the file, for the message.
    """

    def __init__(self, example: str) -> None:
        super().__init__(path_type=Path)
        self._example = example

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read it, or say which name is missing."""
        path: Path = super().convert(value, param, ctx)  # type: ignore[assignment]
        if path.is_dir():
            self.fail(f"{path} is a folder. Name the file, too: {path / self._example}.", param, ctx)
        return path


class Money(click.ParamType[Decimal]):
    """An amount: 500, 49.90."""

    name = "amount"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        """Read it exactly."""
        try:
            amount = Decimal(value)
        except InvalidOperation:
            amount = Decimal(-1)
        if not amount.is_finite() or amount < 0:
            self.fail(f"{value!r} is not an amount.", param, ctx)
        return amount


class Value(click.ParamType[Any]):
    """What a row reads.

    Args:
        row: The row.
    """

    name = "value"

    def __init__(self, row: Row) -> None:
        self._row = row

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read it, or say why it cannot be."""
        try:
            return self._row.read_text(value) if isinstance(value, str) else self._row.read(value)
        except ValueError as error:
            self.fail(f"{error}.", param, ctx)


class _Words(click.Choice[str]):
    """One of some words in either case; a wrong one is answered with the words as they are written."""

    def get_invalid_choice_message(self, value: Any, ctx: click.Context | None) -> str:
        """What click would list in lower case."""
        return f"{value!r} is not one of {', '.join(map(repr, self.choices))}{meant(value, self.choices)}."


def of_request(command: str, kind: type[Request] = Request) -> Callable[[F], F]:
    """The options of a command that the rows of a request make.

    Args:
        command: As the rows name it: ``score``, ``film list``.
        kind: The request.
    """

    def decorate(function: F) -> F:
        for row in reversed(list(rows(kind).values())):
            if command in row.commands:
                function = _option(row)(function)
        return function

    return decorate


def _option(row: Row) -> Callable[[F], F]:
    kind = row.kind
    more: dict[str, Any] = {}
    if kind.choices:
        choice = _Words(kind.choices, case_sensitive=False)
        more = {"type": choice, "metavar": "|".join(kind.choices)}
    elif "boolean" in kind.schema.values():
        more = {"is_flag": True}
    elif kind.is_path:
        more = {"type": FOLDER, "multiple": kind.is_list}
        if row.metavar:
            more["metavar"] = row.metavar
    else:
        more = {"type": Value(row), "metavar": row.metavar or kind.metavar}
    if row.name in _LISTED:
        more |= {"cls": _ListedOption, "shell_complete": _complete, "help": row.help}
    else:
        more["help"] = help_of(row)
    return click.option(row.flag, row.name, default=None, **more)


def help_of(row: Row) -> str:
    """A row's line of help, with its default."""
    listed = _LISTED[row.name]() if row.name in _LISTED else ""
    default = row.default_words or _plain(row.default)
    return row.help + listed + (f"  [default: {default}]" if default else "")


def _plain(default: Any) -> str:
    if isinstance(default, tuple):
        return ",".join(map(str, default))
    return "" if default is None or default is False or default == Path() else str(default)


def _complete(context: click.Context, option: click.Parameter, begun: str) -> list[str]:
    if option.name == "editor":
        return [name for name in _editor_names() if name.startswith(begun)]
    from avm_otio.mix.presets import figures_of_a_mix

    before, comma, last = begun.rpartition(",")
    return [f"{before}{comma}{name}=" for name in figures_of_a_mix() if name.startswith(last)]


def _editor_names() -> list[str]:
    from avm_otio.formats.table import editors

    return list(editors())


def _listed_editors() -> str:
    return f" One of {', '.join(_editor_names())}."


def _listed_figures() -> str:
    from avm_otio.mix.presets import ROLE_FIGURES, figures_of_a_mix
    from avm_otio.mix.roles import Role

    of_roles = tuple(f"_{figure}" for figure in ROLE_FIGURES)
    whole = [name for name in figures_of_a_mix() if not name.endswith(of_roles)]
    each = " and ".join(f"ROLE{figure}" for figure in of_roles)
    return f" They are {', '.join(whole)}; and {each}, ROLE of {', '.join(Role)}."


_LISTED = {"editor": _listed_editors, "mix_figures": _listed_figures}
"""Options whose help names what there is, which is only looked up when it is shown."""


class _ListedOption(click.Option):
    """An option whose help names what there is."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """The option and its help."""
        assert self.name is not None
        self.help = help_of(rows()[self.name])
        return super().get_help_record(ctx)


def request_of(timeline: Path | None = None, output: Path | None = None, **flags: Any) -> Request:
    """The request that the options give; its paths are absolute.

    Args:
        timeline: For commands that have one.
        output: For commands that have one.
        flags: What the options gave, by the names of the rows.

    Raises:
        UsageError: It makes no sense.
    """
    for root in flags.get("media_roots") or ():
        if not root.is_dir():
            raise UsageError(
                f"--media-root {root} is no folder that is there.", "Check the path, or mount its disk."
            )
    named = {"timeline": timeline, "output": output, **flags}
    given: dict[str, Any] = {name: value for name, value in named.items() if value not in (None, ())}
    return Request(**given).in_folder(Path.cwd())
