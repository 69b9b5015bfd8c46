"""``avm-otio audition``: the page on which alternatives are heard against picture, and chosen."""

from __future__ import annotations

from pathlib import Path

import click

from avm_otio.cli import options
from avm_otio.cli.choose import place_of
from avm_otio.cli.output import Output, pass_output
from avm_otio.errors import UsageError


@click.command(epilog="Example: avm-otio audition scored.otio")
@click.argument("scored", metavar="SCORED|JOB", type=options.FILE)
@click.option("--no-open", is_flag=True, help="Print the address, and open no browser.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port; by default any that is free.")
@click.option("--share", metavar="ADDRESS", help="Also for other machines: this machine's address there.")
@click.option("--token-file", type=options.FILE, help="The token that they need, with --share.")
@click.option("--jobs-dir", type=options.FOLDER, help="Where its job lies, if not beside it.")
@pass_output
def audition(
    out: Output,
    scored: Path,
    no_open: bool,
    port: int,
    share: str | None,
    token_file: Path | None,
    jobs_dir: Path | None,
) -> None:
    """Hear every alternative of a SCORED timeline against picture, and choose, in the browser.

    The page is on this machine alone, its address of use once. The server ends when the page is closed.
    With --share other machines reach it, too, with a token that you give them.
    """
    from avm_otio.audition.server import Sharing, serve

    if token_file is not None and share is None:
        raise UsageError("--token-file goes with --share.", "Add --share ADDRESS, or leave it out.")
    sharing = None if share is None else Sharing.read(share, token_file)
    place = place_of(out, scored)

    def ready(address: str) -> None:
        out.event("audition", address=address)
        if no_open or out.json:
            out.result(address)
            return
        import webbrowser

        if webbrowser.open(address):
            out.say("The page is open in your browser. Close it, or press Ctrl-C, to end.")
        else:
            out.result(address)

    serve(place, port=port, jobs_dir=jobs_dir, sharing=sharing, on_ready=ready, report=out)
    out.event("done", job=str(place))
