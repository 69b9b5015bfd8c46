"""``avm-otio convert``: from one file to another, with no service in sight."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import click

from avm_otio.cli import options
from avm_otio.cli.output import Output, pass_output
from avm_otio.cli.written import tell_losses
from avm_otio.errors import CueError, UsageError


@click.command(epilog="Example: avm-otio convert result.json -o scored.otio --onto cut.otio --media items/")
@click.argument("source", metavar="INPUT", type=options.FILE)
@click.option("-o", "--output", type=options.FILE, required=True, help="What to write; see --for.")
@click.option("--onto", type=options.FILE, help="The timeline onto which a saved answer is laid.")
@click.option("--media", "media_folder", type=options.FOLDER, help="Folder of the items, <id>.* or by title.")
@options.delivery
@options.selection
@options.layout
@options.source
@click.option("--currency", metavar="USD|EUR|TWD", help="What the prices of a saved answer are in.")
@pass_output
def convert(
    out: Output,
    source: Path,
    output: Path,
    onto: Path | None,
    media_folder: Path | None,
    currency: str | None,
    effects_length: str,
    music_gain: float,
    effects_gain: float,
    skip_bad_cues: bool,
    alternatives: int | None,
    editor: str | None,
    deliver: str,
    media_format: str,
    **where: Any,
) -> None:
    """Convert INPUT: a timeline, or a saved Film, service result or notification, into what an editor opens.

    A saved answer is laid --onto a timeline at --clip or --in (its start by default); without --onto it
    becomes a timeline of its own.
    """
    from avm_otio.delivery import deliver as delivery
    from avm_otio.files import same_file
    from avm_otio.formats.reading import read

    how = delivery.wanted(output, editor, deliver, media_format)
    for given in (source, onto):
        if given is not None and same_file(given, output):
            raise UsageError(
                f"{output} is the input itself.", "The input is never changed: choose another name."
            )
    layout = options.layout_of(
        effects_length=effects_length,
        music_gain=music_gain,
        effects_gain=effects_gain,
        skip_bad_cues=skip_bad_cues,
        alternatives=alternatives,
        editor=editor,
    )
    document = _answer_in(source)
    if document is None:
        if onto is not None:
            raise UsageError(
                f"{source} is a timeline: there is nothing to lay onto {onto}.", "Leave out --onto."
            )
        opened = read(source, rate=where["rate"], sequence=where["sequence"])
        for note in opened.notes:
            out.warn(note)
    else:
        opened = _laid(out, document, source, onto, media_folder, layout, currency, where)
    made = delivery.deliver(opened, output, how, media_roots=where["media_roots"], report=out)
    for note in made.notes:
        out.warn(note)
    tell_losses(out, made.losses, output)
    for path in made.paths:
        out.event("written", path=str(path), tracks=list(made.tracks))
    folder = None if made.media_folder is None else str(made.media_folder)
    out.event("done", output=str(output), losses=len(made.losses), media_folder=folder)
    for path in made.paths:
        out.say(f"Wrote {path}: {len(made.tracks)} tracks")
    if folder is not None:
        out.say(f"Its media are in {folder}")


def _laid(
    out: Output,
    document: Any,
    source: Path,
    onto: Path | None,
    media_folder: Path | None,
    layout: Any,
    currency: str | None,
    where: dict[str, Any],
) -> Any:
    from avm_otio.formats.otio.metadata import Origin
    from avm_otio.jobs.saved import lay_alone, lay_answer

    origin = Origin(currency=_currency(currency))
    if onto is None:
        rate: Fraction | None = where["rate"]
        opened, laid = lay_alone(
            document, source, rate=rate, media_folder=media_folder, layout=layout, origin=origin
        )
    else:
        opened, laid = lay_answer(
            document,
            options.source_of(onto, **where),
            media_folder=media_folder,
            layout=layout,
            origin=origin,
            report=out,
        )
    for note in laid.notes:
        out.warn(note)
    return opened


def _currency(said: str | None) -> str:
    """The currency that was said; a saved answer names none, so none is assumed."""
    return options.settings_of(currency=said).currency if said else ""


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
    from avm_otio.app import service_keys

    return service_keys(options.settings_of()).ours(document)
