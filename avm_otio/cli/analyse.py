"""``avm-otio engine analyse``: what the engine finds in a film, as a document or a picture."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from avm_otio.cli import options
from avm_otio.cli.output import Output, pass_output
from avm_otio.config.load import load_settings
from avm_otio.errors import InputError, OutputError, UsageError
from avm_otio.files import make_folder, same_file, whole, write_text

_SUFFIXES = (".json", ".png", ".svg")


@click.command("analyse", epilog="Example: avm-otio engine analyse film.mov -o analysis.png")
@click.argument("film", type=options.FILE, metavar="FILM")
@click.option(
    "-o",
    "--output",
    type=options.FILE,
    required=True,
    metavar="FILE",
    help="A document (.json) or a picture (.png, .svg).",
)
@click.option(
    "--picture-theme",
    type=click.Choice(("auto", "light", "dark")),
    default="auto",
    show_default=True,
    help="Colours of a picture; auto: as the viewer has it, a .png light.",
)
@click.option(
    "--vision-model",
    type=options.FOLDER,
    metavar="DIR",
    help="Folder of a CLIP-type model in ONNX that says what is in the picture.",
)
@pass_output
def analyse(out: Output, film: Path, output: Path, picture_theme: str, vision_model: Path | None) -> None:
    """Show what the engine finds in FILM, frame by frame.

    Cuts, dissolves, fades and flashes; how each shot and its camera move, how bright it is, its colour; where
    somebody speaks; where something is heard, and what that resembles. With the package avm-otio[see], or a
    vision model of your own, what is in the picture, where that is sure.
    """
    suffix = output.suffix.lower()
    if suffix not in _SUFFIXES:
        raise UsageError(f"An analysis is a .json, .png or .svg, not {output}.", "Give -o analysis.json.")
    if not film.is_file():
        raise InputError(f"There is no file {film}.", "Give a film.")
    if same_file(film, output):
        raise OutputError(f"{output} is the film itself.", "Choose another name for the analysis.")
    from avm_otio.engine.analysis import analyse as look
    from avm_otio.engine.analysis import summary
    from avm_otio.engine.seen import Sight, model_of

    model = model_of(vision_model or load_settings().vision_model)
    found = look(film, out, *((partial(Sight, model), model.name) if model is not None else ()))
    make_folder(output.absolute().parent)
    if suffix == ".json":
        write_text(output, found.document.model_dump_json(indent=1) + "\n")
    else:
        from avm_otio.engine.analysis_picture import drawn

        theme = "light" if suffix == ".png" and picture_theme == "auto" else picture_theme
        picture = drawn(found, out, theme)
        if suffix == ".svg":
            write_text(output, picture)
        else:
            from avm_otio.formats.svg.raster import as_png

            with whole(output) as temporary:
                temporary.write_bytes(as_png(picture))
    document = found.document
    out.say(f"{summary(document)} It is in {output}.")
    out.event(
        "done",
        output=str(output),
        frames=document.film.frames,
        shots=len(document.shots),
        cuts=len(document.cuts),
        transitions=len(document.transitions),
        flashes=len(document.flashes),
        speech=0 if document.sound is None else len(document.sound.speech),
        onsets=0 if document.sound is None else len(document.sound.onsets),
    )
