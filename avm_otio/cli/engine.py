"""``avm-otio engine``: the local engine as a service of its own."""

from __future__ import annotations

import os
from pathlib import Path

import click

from avm_otio.cli import options
from avm_otio.cli.output import Output, pass_output
from avm_otio.config.load import load_settings


@click.group()
def engine() -> None:
    """The local engine: the same API over your own library; nothing leaves this machine."""


@engine.command(epilog="Example: avm-otio engine serve --port 8600 --library ~/Sounds")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0 lets the system choose.")
@click.option("--data", "data_dir", type=options.FOLDER, help="Where films and results are kept.")
@click.option("--library", type=options.FOLDER, help="Folder of sounds; the starter library by default.")
@click.option("--analyses", type=click.IntRange(min=0), help="How many analyses it allows, to try that out.")
@pass_output
def serve(out: Output, port: int, data_dir: Path | None, library: Path | None, analyses: int | None) -> None:
    """Serve the API on this machine until interrupted.

    Takes the token in AVM_TOKEN, or any where none is set.
    """
    from avm_otio.access import library_of
    from avm_otio.engine.server import serve as run

    settings = load_settings()
    request = settings.complete(options.request_of(library=library))

    def ready(address: str) -> None:
        out.event("engine_ready", address=address)
        out.result(address)
        out.say("Serving the API there until interrupted (Ctrl-C).")

    run(
        port=port,
        data_dir=data_dir or settings.cache_dir / "engine",
        library=library_of(request, settings, out),
        token=os.environ.get("AVM_TOKEN") or None,
        analyses=analyses,
        on_ready=ready,
        tell=out.warn,
    )
