"""``avm-otio turnover``: all that a mixer gets, in one folder; and a look through one."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from avm_otio.cli import options
from avm_otio.cli.output import Output, pass_output
from avm_otio.errors import InputError, UsageError
from avm_otio.kinds import words_in
from avm_otio.words import counted

if TYPE_CHECKING:
    from avm_otio.jobs.turnover.make import Turned

_MOST_SHOWN = 40


@click.command(epilog="Example: avm-otio turnover scored.otio -o turnover/ --for protools,avid")
@click.argument("scored", required=False)
@click.option("-o", "--output", type=options.FOLDER, metavar="DIR", help="The folder to write; it is new.")
@click.option(
    "--for",
    "editors",
    multiple=True,
    metavar="EDITOR",
    help="Who opens it: protools, avid, or any editor of convert; comma between.  [default: protools]",
)
@click.option("--template", type=options.FILE, metavar="FILE.toml", help="Tracks, start, leader, pops.")
@click.option("--start", metavar="TC|own", help="The programme's first frame.  [default: 01:00:00:00]")
@click.option("--handles", type=click.FloatRange(0, 600), metavar="SECONDS", help="Of media.  [default: 5]")
@click.option("--no-preview", is_flag=True, help="No picture: its sound alone.")
@click.option("--overwrite", is_flag=True, help="Replace an older turnover in DIR.")
@click.option("--check", type=options.FOLDER, metavar="DIR", help="Look through a turnover, write nothing.")
@click.option("--print-template", is_flag=True, help="Print the default template.")
@options.of_request("turnover")
@pass_output
def turnover(
    out: Output,
    scored: str | None,
    output: Path | None,
    editors: tuple[str, ...],
    template: Path | None,
    start: str | None,
    handles: float | None,
    no_preview: bool,
    overwrite: bool,
    check: Path | None,
    print_template: bool,
    **flags: Any,
) -> None:
    """Write a SCORED timeline, or any that can be read, as a mixer wants it; or --check one.

    AAF with handles, 48 kHz 24-bit WAVs, sync pops, stems, a preview with burnt-in timecode, cue sheet,
    change report, manifest with checksums and README. The folder appears when all of it is done.
    """
    if print_template:
        from avm_otio.jobs.turnover.template import default_text

        for line in default_text().splitlines():
            out.result(line)
        out.event("done", template=default_text())
        return
    if check is not None:
        if scored is not None or output is not None:
            raise UsageError("--check looks through one folder, and writes nothing.", "Leave out the rest.")
        _check(out, check)
        return
    if scored is None or output is None:
        raise UsageError("A turnover needs a timeline and a folder.", "avm-otio turnover SCORED -o DIR")
    from avm_otio import finishing

    made = finishing.turnover(
        scored,
        options.request_of(**flags),
        output,
        editors=[name for each in editors for name in words_in(each)] or ["protools"],
        template=template,
        start=start,
        handles=None if handles is None else Fraction(handles).limit_denominator(1000),
        with_preview=not no_preview,
        overwrite=overwrite,
        report=out,
    )
    _report(out, made)


def _report(out: Output, made: Turned) -> None:
    from avm_otio.jobs.turnover.make import LOSSES
    from avm_otio.jobs.turnover.paper import short_of

    for loss in made.losses:
        out.event("loss", feature=str(loss.feature), item=loss.item, message=loss.message)
    if made.losses:
        out.say(f"{counted(len(made.losses), 'thing')} not in it as on the timeline: {made.folder / LOSSES}")
    manifest = made.manifest
    for each in manifest["files"]:
        out.event("written", path=str(made.folder / each["path"]))
    programme, sequence = manifest["programme"], manifest["sequence"]
    short = short_of(manifest["clips"], manifest["handles_s"])
    out.event(
        "done",
        output=str(made.folder),
        timelines=[each["file"] for each in manifest["timelines"]],
        start=sequence["start"],
        first_frame=programme["first_frame"],
        last_frame=programme["last_frame"],
        frames=programme["frames"],
        pops=manifest["pops"],
        tracks=len(manifest["tracks"]),
        clips=len(manifest["clips"]),
        short_handles=len(short),
        losses=len(made.losses),
        not_cleared=list(made.licences),
    )
    out.say(
        f"Turnover → {made.folder}: {counted(len(manifest['tracks']), 'track')}, "
        f"{counted(len(manifest['clips']), 'clip')}, "
        f"programme {programme['first_frame']} to {programme['last_frame']}, from {sequence['start']} on"
    )
    if made.licences:
        count = len(made.licences)
        out.say(f"{count} sound{'s are' if count != 1 else ' is'} not cleared: see README.txt.")


def _check(out: Output, folder: Path) -> None:
    from avm_otio.jobs.turnover.check import check

    found = check(folder.absolute(), out)
    for each in found:
        out.event("complaint", kind=each.kind, where=each.where, what=each.what, hint=each.hint)
    for each in found[:_MOST_SHOWN]:
        out.result(f"{each.where}: {each.what} {each.hint}")
    if len(found) > _MOST_SHOWN:
        out.result(f"and {len(found) - _MOST_SHOWN} more: --json lists all")
    out.event("done", folder=str(folder), complaints=len(found))
    if found:
        count = len(found)
        raise InputError(
            f"{folder}: a mixer would complain of {count} thing{'s' * (count != 1)}.", "See the lines above."
        )
    out.say(f"{folder} is as a mixer wants it.")
