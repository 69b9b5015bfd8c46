"""Many orders at once: one for each timeline that is named, or for each row of a CSV file."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from avm_otio.errors import InputError, UsageError
from avm_otio.formats.editors import editor_named
from avm_otio.jobs.order import Order

NAME = "{stem}.scored{suffix}"
"""How outputs are called where nothing is said."""

_BLANK = re.compile(r"\{([^{}]*)\}")
_LISTS = frozenset(("services", "license_range", "license_platforms", "genre", "instrument", "media_roots"))
_BY_THE_ROW = ("timeline", "output")


def orders_for(
    timelines: Iterable[Path],
    rows: Path | None,
    common: Order,
    *,
    output_folder: Path | None = None,
    name: str = NAME,
    leave_out: Callable[[str], None] | None = None,
) -> list[Order]:
    """An order for each timeline and each row, checked against each other.

    Args:
        timelines: Timelines that are named.
        rows: A CSV file in UTF-8: a column for each field that an order may have; what a cell leaves empty is
            as in ``common``. Paths are meant from its folder; lists have commas.
        common: What holds for all; its timeline and output do not count, its paths are absolute.
        output_folder: Where outputs go that no row names; beside each timeline by default.
        name: How they are called: ``{stem}`` is the timeline's name, ``{suffix}`` what its editor takes.
        leave_out: Told of a timeline that is named and is another one's output: ``*.otio`` finds what
            an earlier run wrote, too. Without it such a one is refused.

    Returns:
        Orders with absolute paths.

    Raises:
        UsageError: Nothing is named, a pattern that is none, or two orders that hinder each other.
        InputError: A timeline is not there, or the CSV file is none; names the line.
    """
    shared = {field: said for field, said in common.dump().items() if field not in _BY_THE_ROW}
    said = [("The call", Path.cwd(), {"timeline": str(path)}) for path in timelines]
    named = len(said)
    if rows is not None:
        said += [(f"{rows}, line {line}", rows.absolute().parent, row) for line, row in _read(rows)]
    if not said:
        raise UsageError("No timeline is named.", "Name some, or give --list FILE.csv.")
    orders = []
    for place, folder, row in said:
        document: dict[str, Any] = shared | row
        if not document.get("output") and document.get("timeline"):
            document["output"] = str(_output(document, output_folder, name))
        order = Order.parse(document, place).in_folder(folder)
        if not Path(order.timeline).exists():
            raise InputError(f"{place}: there is no timeline {order.timeline}.", "Check its name.")
        orders.append(order)
    if leave_out is not None:
        orders = _without_outputs(orders, named, leave_out)
    _check_apart(orders)
    return orders


def _output(document: Mapping[str, Any], folder: Path | None, name: str) -> Path:
    timeline = Path(str(document["timeline"]))
    suffix = timeline.suffix
    if document.get("editor"):
        suffixes = editor_named(str(document["editor"])).suffixes
        suffix = suffix if suffix.lower() in suffixes else suffixes[0]
        if document.get("deliver") == "bundle":
            suffix = ".otioz" if ".otioz" in suffixes else ".zip"
    blanks = {"stem": timeline.stem, "suffix": suffix}
    unknown = [blank for blank in _BLANK.findall(name) if blank not in blanks]
    if unknown or "/" in name or "\\" in name:
        raise UsageError(f"{name!r} cannot be the pattern of a file's name.", f"It is like {NAME}.")
    written = _BLANK.sub(lambda blank: blanks[blank[1]], name)
    return (timeline.parent if folder is None else folder.absolute()) / written


def _read(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """The rows of a CSV file as orders say them, with their lines."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.", "Check its name.") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8.", "Save it as CSV in UTF-8.") from error
    heading = text.partition("\n")[0]
    delimiter = ";" if ";" in heading and "," not in heading else ","  # as a comma is a decimal point to some
    table = csv.reader(text.splitlines(keepends=True), delimiter=delimiter, strict=True)
    try:
        columns = [column.strip() for column in next(table, [])]
        _check_columns(path, columns)
        for cells in table:
            if any(cell.strip() for cell in cells):
                if len(cells) > len(columns):
                    raise InputError(
                        f"{path}, line {table.line_num} has more cells than the first line.",
                        "Put quotes around what has a comma in it.",
                    )
                row = zip(columns, (cell.strip() for cell in cells), strict=False)
                yield table.line_num, {field: _cell(field, cell) for field, cell in row if cell}
    except csv.Error as error:
        raise InputError(f"{path}, line {table.line_num} is no CSV: {error}.", "Mend it.") from error


def _check_columns(path: Path, columns: list[str]) -> None:
    if "timeline" not in columns:
        raise InputError(f"{path} has no column “timeline”.", "Its first line names the columns.")
    for column in columns:
        if column not in Order.model_fields:
            near = get_close_matches(column, Order.model_fields, n=1)
            told = f"Did you mean {near[0]}?" if near else f"There are {', '.join(Order.model_fields)}."
            raise InputError(f"{path}: there is no column “{column}”.", told)
        if columns.count(column) > 1:
            raise InputError(f"{path}: the column “{column}” is there twice.", "Leave one out.")


def _cell(field: str, cell: str) -> Any:
    return [word.strip() for word in cell.split(",") if word.strip()] if field in _LISTS else cell


def _without_outputs(orders: list[Order], named: int, leave_out: Callable[[str], None]) -> list[Order]:
    """Without those of the first ``named`` whose timelines other orders write."""
    writers = {order.output.casefold(): order for order in orders}
    kept = []
    for number, order in enumerate(orders):
        writer = writers.get(order.timeline.casefold(), order)
        if number < named and writer is not order:
            leave_out(f"{order.timeline} is left out: it is what {writer.timeline} is written to.")
        else:
            kept.append(order)
    return kept


def _check_apart(orders: Iterable[Order]) -> None:
    """Refuse orders of which one would write over what another reads or writes.

    Names are compared as a disk does that knows no upper and lower case: on a shared one there may be both.
    """
    orders = list(orders)
    read = {order.timeline.casefold(): order for order in orders}
    written: dict[str, Order] = {}
    for order in orders:
        place = order.output.casefold()
        if place in read:
            raise UsageError(f"{order.output} would be written over a timeline.", "Choose another name.")
        other = written.setdefault(place, order)
        if other is not order:
            raise UsageError(
                f"{other.timeline} and {order.timeline} would both be written to {order.output}.",
                "Give them names of their own in --list, or a --name and --output-dir that keep them apart.",
            )
