"""``avm-otio relink``: licensed files in the place of previews."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from avm_otio.cli import options
from avm_otio.cli.output import Output, pass_output
from avm_otio.cli.score import report_losses
from avm_otio.words import counted

if TYPE_CHECKING:
    from avm_otio.jobs.relink import Relink


@click.command(epilog="Example: avm-otio relink scored.otio -o licensed.otio")
@click.argument("scored", metavar="SCORED")
@click.option(
    "-o",
    "--output",
    type=options.OutputFile("licensed.otio"),
    required=True,
    help="The timeline to write; see --for.",
)
@options.of_request("relink")
@pass_output
def relink(out: Output, scored: str, output: Path, **flags: Any) -> None:
    """Put licensed files in the place of the previews that a SCORED timeline plays.

    The service is asked for its film again: what is bought by now is fetched into OUTPUT.licensed, laid where
    its preview lay, to the sample, with in and out, gains, fades and joins as they are. What is not bought,
    or cannot be matched, stays and is listed. Nothing is bought here.
    """
    from avm_otio import finishing
    from avm_otio.cli.table import table, terminal_width
    from avm_otio.jobs.relink import State

    made = finishing.relink(scored, options.request_of(None, output, **flags), report=out)
    report_losses(out, made.delivered.losses, output)
    for each in made.items:
        out.event("relink", **each.as_dict())
    for left in made.left:
        out.event("unmatched", **left.as_dict())
        out.say(f"“{left.name}” at {left.at} may be {', '.join(left.candidates)}: it is left as it is.")
    for path in made.delivered.paths:
        out.event("written", path=str(path))
    count = sum(each.state is State.RELINKED for each in made.items)
    heads = ("ITEM", "TITLE", "STATE", "OFFSET", "LONGER", "CLIPS", "")
    rows = [_row(each) for each in made.items]
    for line in table(heads, rows, right=("OFFSET", "LONGER", "CLIPS"), most=terminal_width()):
        out.result(line)
    out.event(
        "done",
        output=str(output),
        relinked=count,
        left=len(made.items) - count,
        unmatched=len(made.left),
        losses=len(made.delivered.losses),
    )
    items = counted(len(made.items), "item")
    out.say(f"{count} of {items} relinked to licensed files → {made.delivered.paths[0]}")


def _row(each: Relink) -> tuple[str, ...]:
    from avm_otio.jobs.relink import State

    if each.state is not State.RELINKED:
        return (each.item.name, each.item.title, str(each.state), "", "", "", each.reason)
    short = f"{each.shortened} of them shorter" if each.shortened else each.reason
    longer = f"{float(each.longer_s):+.3f} s" if each.longer_s else "as long"
    return (
        each.item.name,
        each.item.title,
        str(each.state),
        f"{each.offset_samples:+d} samples",
        longer,
        str(each.clips),
        short,
    )
