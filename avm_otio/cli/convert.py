"""``avm-otio convert``: one file into another; no service is asked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from avm_otio.cli import options
from avm_otio.cli.output import Output, pass_output
from avm_otio.cli.score import report_losses
from avm_otio.errors import CueError, UsageError
from avm_otio.request import Request


@click.command(
    epilog="Example: avm-otio convert result.avm.json -o scored.otio --onto cut.otio --media items/"
)
@click.argument("source", metavar="INPUT", type=options.FILE)
@click.option(
    "-o", "--output", type=options.OutputFile("timeline.xml"), required=True, help="What to write; see --for."
)
@click.option("--onto", type=options.FILE, help="The timeline onto which a saved answer is laid.")
@click.option("--media", "media_folder", type=options.FOLDER, help="Folder of the items, <id>.* or by title.")
@options.of_request("convert")
@pass_output
def convert(
    out: Output,
    source: Path,
    output: Path,
    onto: Path | None,
    media_folder: Path | None,
    **flags: Any,
) -> None:
    """Convert INPUT: a timeline, or a saved Film, service result or notification, into what an editor opens.

    A saved answer is laid --onto a timeline at --clip or --in (its start by default); without --onto it
    becomes a timeline of its own. What the format cannot say is listed, and all else written: short_film.otio
    into short_film.fcpxml ends with "Wrote short_film.fcpxml: 2 tracks".
    """
    from avm_otio.delivery import deliver as delivery
    from avm_otio.delivery.counting import as_media_count
    from avm_otio.files import same_file
    from avm_otio.formats.reading import read

    request = options.request_of(onto or source, output, **flags)
    delivery.delivery_of(request)  # what does not go together is refused before any work is done
    for given in (source, onto):
        if given is not None and same_file(given, output):
            raise UsageError(
                f"{output} is the input itself.", "The input is never changed: choose another name."
            )
    document = _answer_in(source)
    if document is None:
        if onto is not None:
            raise UsageError(
                f"{source} is a timeline: there is nothing to lay onto {onto}.", "Leave out --onto."
            )
        opened = read(source, rate=request.rate, sequence=request.sequence)
        opened = as_media_count(opened, request)
        for note in opened.notes:
            out.warn(note)
    else:
        opened = _laid(out, document, source, onto, media_folder, request)
    made = delivery.deliver(opened, request, out)
    for note in made.notes:
        out.warn(note)
    report_losses(out, made.losses, output)
    for path in made.paths:
        out.event("written", path=str(path), tracks=list(made.tracks))
    folder = None if made.media_folder is None else str(made.media_folder)
    out.event("done", output=str(output), losses=len(made.losses), media_folder=folder)
    for path in made.paths:
        parts = "1 of " if len(made.paths) > 1 else ""
        out.say(f"Wrote {path}: {parts}{len(made.tracks)} track{'s' * (len(made.tracks) != 1)}")
    if folder is not None:
        out.say(f"Its media are in {folder}")


def _laid(
    out: Output, document: Any, source: Path, onto: Path | None, media_folder: Path | None, request: Request
) -> Any:
    from avm_otio.jobs.saved import lay_alone, lay_answer
    from avm_otio.mix.tracks import Origin

    origin = Origin(currency=request.currency or "")  # a saved answer names none, so none is assumed
    if onto is None:
        opened, laid = lay_alone(document, source, request, media_folder=media_folder, origin=origin)
    else:
        opened, laid = lay_answer(document, request, media_folder=media_folder, origin=origin, report=out)
    for note in laid.notes:
        out.warn(note)
    return opened


def _answer_in(source: Path) -> Any:
    """The JSON of a saved answer; ``None`` where the file is a timeline (or is not there)."""
    if source.suffix.lower() != ".json" or not source.is_file():
        return None
    try:
        document = json.loads(source.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise CueError(
            f"{source} is not JSON, or is cut short ({error}).", "Save the answer again."
        ) from error
    except OSError as error:
        raise CueError(f"{source} cannot be read ({error.strerror}).", "Check its permissions.") from error
    if isinstance(document, dict) and "OTIO_SCHEMA" in document:
        return None
    if not isinstance(document, dict):
        return document
    from avm_otio.config.load import load_settings

    return load_settings().service_keys.ours(document)
