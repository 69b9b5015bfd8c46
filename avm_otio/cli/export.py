"""``avm-otio export``: the film that would be sent, as a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from avm_otio.cli import options
from avm_otio.cli.output import Output, pass_output


@click.command(epilog="Example: avm-otio export cut.otio -o film.mp4 --clip sunset")
@click.argument("timeline", type=options.FILE)
@click.option("-o", "--output", type=options.FILE, required=True, help="The film to write: .mp4.")
@options.of_request("export")
@pass_output
def export(out: Output, timeline: Path, output: Path, **flags: Any) -> None:
    """Write the film of a clip or a range of a TIMELINE to a file."""
    from avm_otio import app

    film = app.export_film(options.request_of(timeline, output, **flags), report=out)
    out.event(
        "done",
        output=str(output),
        frames=film.frames,
        size_bytes=film.size_bytes,
        has_sound=film.has_sound,
    )
    out.say(
        f"Exported {timeline} → {output}: {film.frames} frames, {film.width}×{film.height}, "
        f"{film.size_bytes / 1e6:.1f} MB{'' if film.has_sound else ', silent'}"
    )
