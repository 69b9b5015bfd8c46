"""A request for each timeline that is named, and for each row of a CSV file, checked against each other."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from avm_otio.errors import InputError, UsageError
from avm_otio.formats.table import editor_named
from avm_otio.kinds import words_in
from avm_otio.request import Request, near, rows

NAME = "{stem}.scored{suffix}"
"""Default pattern for the names of outputs."""

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_NOT_SHARED = ("timeline", "output")


def requests_for(
    timelines: Iterable[Path],
    listed: Path | None,
    common: Request,
    *,
    output_folder: Path | None = None,
    name: str = NAME,
    leave_out: Callable[[str], None] | None = None,
) -> list[Request]:
    """A request for each timeline and each row, checked against each other.

    Args:
        timelines: Timelines that are named.
        listed: A CSV file in UTF-8 with a column for any field of a request; an empty cell means the value of
            ``common``. Paths are relative to its folder; lists are separated by commas.
        common: What holds for all; its timeline and output are ignored, its paths are absolute.
        output_folder: Folder for outputs that no row names; beside each timeline by default.
        name: Pattern of their names: ``{stem}`` is the timeline's name, ``{suffix}`` the editor's suffix.
        leave_out: Called with a message for each named timeline that is another one's output, since
            ``*.otio`` matches what an earlier run wrote, too. Without it such a timeline is refused.

    Returns:
        Requests with absolute paths.

    Raises:
        UsageError: No timeline is named, the pattern is wrong, or two requests would overwrite each other.
        InputError: A timeline does not exist, or the CSV file is wrong; the message names the line.
    """
    shared = {field: value for field, value in common.dump().items() if field not in _NOT_SHARED}
    raw = [("The call", Path.cwd(), {"timeline": str(path)}) for path in timelines]
    named = len(raw)
    if listed is not None:
        raw += [(f"{listed}, line {line}", listed.absolute().parent, row) for line, row in _read(listed)]
    if not raw:
        raise UsageError("No timeline is given.", "Name timelines, or give --list FILE.csv.")
    requests = []
    for place, folder, row in raw:
        document: dict[str, Any] = shared | row
        if not document.get("output") and document.get("timeline"):
            document["output"] = str(_output(document, output_folder, name))
        request = Request.parse(document, place).in_folder(folder)
        if not request.timeline.exists():
            raise InputError(f"{place}: there is no timeline {request.timeline}.", "Check its name.")
        requests.append(request)
    if leave_out is not None:
        requests = _without_outputs(requests, named, leave_out)
    _check_apart(requests)
    return requests


def _output(document: Mapping[str, Any], folder: Path | None, name: str) -> Path:
    timeline = Path(str(document["timeline"]))
    suffix = timeline.suffix
    if document.get("editor"):
        suffixes = editor_named(str(document["editor"])).suffixes
        suffix = suffix if suffix.lower() in suffixes else suffixes[0]
        if document.get("deliver") == "bundle":
            suffix = ".otioz" if ".otioz" in suffixes else ".zip"
    values = {"stem": timeline.stem, "suffix": suffix}
    unknown = [found for found in _PLACEHOLDER.findall(name) if found not in values]
    if unknown or "/" in name or "\\" in name:
        raise UsageError(f"{name!r} is not a valid --name.", f"Use a pattern such as {NAME}.")
    written = _PLACEHOLDER.sub(lambda found: values[found[1]], name)
    return (timeline.parent if folder is None else folder.absolute()) / written


def _read(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """The rows of a CSV file as fields of requests, with their line numbers."""
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
        raise InputError(
            f"{path}, line {table.line_num} is not valid CSV: {error}.", "Correct that line."
        ) from error


def _check_columns(path: Path, columns: list[str]) -> None:
    table = rows()
    if "timeline" not in columns:
        raise InputError(f"{path} has no column “timeline”.", "Name the columns in its first line.")
    for column in columns:
        if column not in table:
            raise InputError(f"{path}: unknown column “{column}”.", near(column, table))
        if columns.count(column) > 1:
            raise InputError(f"{path}: the column “{column}” appears twice.", "Remove one.")


def _cell(field: str, cell: str) -> Any:
    return words_in(cell) if rows()[field].kind.is_list else cell


def _without_outputs(requests: list[Request], named: int, leave_out: Callable[[str], None]) -> list[Request]:
    """Leave out those of the first ``named`` requests whose timeline is another request's output."""
    writers = {str(request.output).casefold(): request for request in requests}
    kept = []
    for number, request in enumerate(requests):
        writer = writers.get(str(request.timeline).casefold(), request)
        if number < named and writer is not request:
            leave_out(f"{request.timeline} is left out: it is the output of {writer.timeline}.")
        else:
            kept.append(request)
    return kept


def _check_apart(requests: Iterable[Request]) -> None:
    """Refuse requests of which one would overwrite what another reads or writes.

    Names are compared without case: a shared disk may be seen by systems that ignore it.
    """
    requests = list(requests)
    read = {str(request.timeline).casefold(): request for request in requests}
    written: dict[str, Request] = {}
    for request in requests:
        place = str(request.output).casefold()
        if place in read:
            raise UsageError(f"{request.output} would overwrite a timeline.", "Choose another name.")
        earlier = written.setdefault(place, request)
        if earlier is not request:
            raise UsageError(
                f"{earlier.timeline} and {request.timeline} would both be written to {request.output}.",
                "Name their outputs in --list, or choose a --name or --output-dir that keeps them apart.",
            )
