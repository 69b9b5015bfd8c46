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
@options.selection
@options.source
@options.quality
@pass_output
def export(out: Output, timeline: Path, output: Path, quality: str | None, **where: Any) -> None:
    """Write the film of a clip or a range of a TIMELINE to a file."""
    from avm_otio import app

    settings = options.settings_of(quality=quality)
    where["media_roots"] = (*where["media_roots"], *settings.media_roots)
    film = app.export_film(options.source_of(timeline, **where), output, settings=settings, report=out)
    out.event(
        "done",
        output=str(film.path),
        frames=film.frames,
        size_bytes=film.size_bytes,
        has_sound=film.has_sound,
    )
    out.say(
        f"Exported {timeline} → {film.path}: {film.frames} frames, {film.width}×{film.height}, "
        f"{film.size_bytes / 1e6:.1f} MB{'' if film.has_sound else ', silent'}"
    )
