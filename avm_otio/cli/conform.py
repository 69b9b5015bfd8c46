"""``avm-otio conform``: a soundtrack that follows its picture into a changed cut."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from avm_otio.cli import options
from avm_otio.cli.output import Output, pass_output
from avm_otio.cli.score import report_losses
from avm_otio.words import counted

if TYPE_CHECKING:
    from avm_otio.jobs.conform.run import Conformed

_MOST_SHOWN = 60


@click.command(epilog="Example: avm-otio conform scored.otio cut_v2.otio -o scored_v2.otio")
@click.argument("scored", metavar="SCORED")
@click.argument("new_cut", metavar="NEW_CUT", type=options.FILE)
@click.option(
    "-o",
    "--output",
    type=options.OutputFile("conformed.otio"),
    required=True,
    help="The timeline to write; see --for.",
)
@options.of_request("conform")
@pass_output
def conform(out: Output, scored: str, new_cut: Path, output: Path, **flags: Any) -> None:
    """Take the soundtrack of a SCORED timeline along into a NEW_CUT of the same picture.

    Each sound follows the cut or the source frame that it was spotted on; music is cut anew to what stayed,
    levels are set by the new cut's own speech. What lost its picture is kept, switched off, on a track of its
    own. Nothing is sent or paid. What became of every event is listed, in OUTPUT.changes.csv and .edl, too.
    """
    from avm_otio import finishing
    from avm_otio.jobs.conform.lists import rows_of, write_lists

    made = finishing.conform(scored, options.request_of(new_cut, output, **flags), report=out)
    report_losses(out, made.delivered.losses, output)
    rows = rows_of(made)
    table, edl = write_lists(made, output)
    for row in rows:
        out.event("change", **row)
    for path in (*made.delivered.paths, table, edl):
        out.event("written", path=str(path))
    _show(out, rows, made)
    counts = Counter(change.state for change in made.changes if change.kind not in ("shot", "music"))
    out.event(
        "done",
        output=str(output),
        changes=str(table),
        change_list=str(edl),
        sounds=sum(counts.values()),
        lost=len(made.lost),
        losses=len(made.delivered.losses),
        coverage=None if made.coverage is None else str(made.coverage),
    )


def _show(out: Output, rows: Sequence[dict[str, Any]], made: Conformed) -> None:
    from avm_otio.cli.table import table, terminal_width

    changed = [row for row in rows if row["state"] != "kept"]
    heads = ("KIND", "NAME", "OLD IN", "NEW IN", "WHAT")
    shown = [
        (row["kind"], row["name"], row["old_in"], row["new_in"], row["what"]) for row in changed[:_MOST_SHOWN]
    ]
    for line in table(heads, shown, most=terminal_width()):
        out.result(line)
    if len(changed) > _MOST_SHOWN:
        out.result(f"and {len(changed) - _MOST_SHOWN} more, in the list of changes")
    kept = sum(change.state == "kept" for change in made.changes)
    if kept:
        out.say(f"{counted(kept, 'event')} kept in place.")
    if made.coverage is not None:
        words = str(made.coverage)
        out.say(f"{words[0].upper()}{words[1:]}.")
    for text in () if made.verdict is None else made.verdict.lines:
        out.say(text)
    if made.lost:
        count = f"{len(made.lost)} sound{'s' * (len(made.lost) != 1)}"
        out.say(f"{count} lost the picture: kept, switched off, on tracks “… without picture”.")
    out.say(f"Conformed → {made.delivered.paths[0]}; nothing was sent or paid.")
