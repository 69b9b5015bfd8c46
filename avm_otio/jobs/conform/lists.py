"""What became of every event in a changed cut, as a table and as a change EDL beside the output."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

from avm_otio.files import write_text
from avm_otio.formats.writing import write
from avm_otio.jobs.conform.run import Conformed, timecodes
from avm_otio.mix.conform.change_list import change_list

_COLUMNS = ("kind", "name", "state", "what", "old_in", "old_out", "new_in", "new_out", "place")


def rows_of(made: Conformed) -> list[dict[str, Any]]:
    """A row for each event at each of its places, as events say it."""
    rows = []
    for change in made.changes:
        old = ("", "") if change.old is None else timecodes(change.old, made.old)
        for place, span in enumerate(change.new or (None,), 1):
            new = ("", "") if span is None else timecodes(span, made.opened.timeline)
            rows.append(
                {
                    "kind": change.kind,
                    "name": change.name,
                    "state": change.state,
                    "what": change.message,
                    "old_in": old[0],
                    "old_out": old[1],
                    "new_in": new[0],
                    "new_out": new[1],
                    "place": place if span is not None else 0,
                }
            )
    return rows


def write_lists(made: Conformed, output: Path) -> tuple[Path, Path]:
    """Write ``OUTPUT.changes.csv`` and ``.edl`` beside what was written.

    Raises:
        OutputError: One cannot be written.
    """
    table, edl = (output.with_name(f"{output.stem}.changes{suffix}") for suffix in (".csv", ".edl"))
    text = io.StringIO()
    written = csv.DictWriter(text, _COLUMNS, lineterminator="\n")
    written.writeheader()
    written.writerows(rows_of(made))
    write_text(table, text.getvalue())
    write(change_list(made.follow, made.old, made.opened.timeline), edl)
    return table, edl
