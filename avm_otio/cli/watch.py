"""``avm-otio watch``: editors that cannot start a program leave their requests in a folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from avm_otio.cli import options
from avm_otio.cli.output import Output, pass_output


@click.command(epilog="Example: avm-otio watch ~/Scoring")
@click.argument("folders", metavar="DIR...", type=options.FOLDER, nargs=-1, required=True)
@click.option("--once", is_flag=True, help="Carry out what is there, then end.")
@click.option(
    "--poll",
    "poll_s",
    type=click.FloatRange(0.05, 60),
    default=0.5,
    show_default=True,
    metavar="SECONDS",
    help="How often to look.",
)
@click.option(
    "-j",
    "--jobs",
    "parallel",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    metavar="N",
    help="How many at a time.",
)
@click.option(
    "--allow-outside",
    is_flag=True,
    help="Trust everybody who can leave a request: let it name files outside its own folder.",
)
@click.option(
    "--media-root",
    "media_roots",
    type=options.FOLDER,
    multiple=True,
    metavar="DIR",
    help="Where moved media are looked for by name; other users' requests may name what lies there.",
)
@click.option(
    "--time-limit",
    "time_limit",
    type=click.FloatRange(min=0, min_open=True),
    default=1440,
    show_default=True,
    metavar="MINUTES",
    help="How long a request may take.",
)
@pass_output
def watch(
    out: Output, folders: tuple[Path, ...], once: bool, poll_s: float, time_limit: float, **more: Any
) -> None:
    """Carry out the requests that are left in DIR, until interrupted.

    Each is a folder with a request.json in it; docs/watch-folder.md says what editors write and read there.
    """
    from avm_otio import app

    for folder in folders:
        out.event("watching", folder=str(folder))
    if not once:
        out.say("Watching until interrupted (Ctrl-C).")
    # What is trusted here must not be written by others meanwhile.
    os.umask(os.umask(0o022) | 0o022)
    app.watch(folders, once=once, poll_s=poll_s, time_limit_s=time_limit * 60, report=_Shown(out), **more)
    out.event("done")


class _Shown:
    """What a person reads of each request."""

    def __init__(self, out: Output) -> None:
        self._out = out
        self.warn = out.warn
        self.step = out.step

    def event(self, name: str, /, **fields: Any) -> None:
        """A request was taken up, or has ended."""
        self._out.event(name, **fields)
        request = Path(fields["request"]).name
        if name == "request_taken":
            self._out.say(f"{request}: taken up")
        elif name == "request_done":
            self._out.say(f"{request}: done → {fields['output']}")
        else:
            self._out.say(f"{request}: failed: {fields['message']} {fields['hint']}".rstrip())
