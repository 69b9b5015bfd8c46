"""``avm-otio mcp``: score, choose, search, conform and the rest as tools for agents."""

from __future__ import annotations

from pathlib import Path

import click

from avm_otio.cli import options


@click.command(epilog="Example: avm-otio mcp --root ~/Films/my-film")
@click.option(
    "--root",
    "folders",
    type=options.FOLDER,
    multiple=True,
    metavar="DIR",
    help="Folder that agents may read and write in; may be given again.  [default: the working folder]",
)
def mcp(folders: tuple[Path, ...]) -> None:
    """Serve tools for agents over the Model Context Protocol, on standard input and output.

    The tools do what the commands do, with the same refusals, in the folders that --root names alone. A paid
    call is never sent unless its dry run was shown and confirmed. Programs start this; see docs/mcp.md.
    """
    from avm_otio.agents.roots import Roots
    from avm_otio.agents.server import serve
    from avm_otio.config.load import load_settings
    from avm_otio.engine.starter import starter_folder
    from avm_otio.request import Request

    settings = load_settings()
    configured = settings.complete(Request())
    library = configured.library or starter_folder(settings.cache_dir)
    serve(Roots.of(folders, (*configured.media_roots, library)))
