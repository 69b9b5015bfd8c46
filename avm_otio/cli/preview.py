"""``avm-otio preview``: a timeline as one file to watch, and its stems."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from avm_otio.cli import options
from avm_otio.cli.output import Output, pass_output

if TYPE_CHECKING:
    from avm_otio.media.mixdown import Preview


@click.command(epilog="Example: avm-otio preview scored.otio -o preview.mp4 --stems stems/")
@click.argument("timeline", type=options.FILE)
@click.option(
    "-o",
    "--output",
    type=options.OutputFile("preview.mp4"),
    required=True,
    help="The .mp4 to write; .m4a for sound.",
)
@click.option("--stems", type=options.FOLDER, help="Folder for DX, MX, FX and ME as 24-bit Broadcast WAVs.")
@options.of_request("preview")
@pass_output
def preview(out: Output, timeline: Path, output: Path, stems: Path | None, **flags: Any) -> None:
    """Write what a TIMELINE shows and plays, scored or not, to one file.

    The picture is that of the job's film, unchanged, where that shows it; else it is made as export makes it.
    The sound is mixed as the timeline says. Nothing limits or lowers it: what is above full scale is cut off
    there, and is reported.
    """
    from avm_otio import app

    made = app.preview(options.request_of(timeline, output, **flags), stems=stems, report=out)
    report_preview(out, str(timeline), made)


def report_preview(out: Output, name: str, made: Preview) -> None:
    """Report a preview that was written."""
    out.event(
        "done",
        output=str(made.path),
        frames=made.frames,
        size_bytes=made.size_bytes,
        has_picture=made.has_picture,
        has_sound=made.has_sound,
        reencoded=made.reencoded,
        peak_db=round(made.peak_db, 2) if math.isfinite(made.peak_db) else None,
        overs=len(made.overs),
        stems=[str(path) for path in made.stems],
    )
    seen = f"{made.width}×{made.height}" if made.has_picture else "sound alone"
    if made.has_picture and not made.reencoded:
        seen += " (the film's own picture)"
    heard = f"peak {made.peak_db:.1f} dB".replace("-", "−") if math.isfinite(made.peak_db) else "silent"
    out.say(
        f"Preview of {name} → {made.path}: {made.frames} frames, {seen}, "
        f"{made.size_bytes / 1e6:.1f} MB, {heard}"
    )
    for path in made.stems:
        out.say(f"  {path}")
