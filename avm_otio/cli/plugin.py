"""``avm-otio plugin``: menu actions in editing programs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from avm_otio import hosts as installed
from avm_otio.cli import options
from avm_otio.cli.output import Output, pass_output
from avm_otio.errors import InputError, UsageError


def _where(command: Callable[..., Any]) -> Callable[..., Any]:
    for one in (
        click.option("--folder", type=options.FOLDER, help="That folder, not where the editor looks."),
        click.option("--system", "system_wide", is_flag=True, help="For all users of this machine."),
        click.option("--home", type=options.FOLDER, help="In that home, not in yours."),
        click.option(
            "--os",
            "system",
            type=click.Choice([str(each) for each in installed.System]),
            help="As on that system, for a home that is used on another machine.",
        ),
        click.argument("hosts", nargs=-1, type=click.Choice(list(installed.HOSTS)), metavar="[EDITOR]..."),
    ):
        command = one(command)
    return command


@click.group()
def plugin() -> None:
    """Put menu actions into DaVinci Resolve, Premiere Pro and Blender.

    EDITOR is resolve, premiere or blender; all that run on this system where none is given.
    """


@plugin.command(epilog="Example: avm-otio plugin install resolve")
@_where
@click.option(
    "--watch-folder", type=options.FOLDER, help="Where it leaves requests.  [default: ~/AVM Scoring]"
)
@pass_output
def install(out: Output, watch_folder: Path | None, **where: Any) -> None:
    """Put the menu action where the editor looks for it. Run it again after each update."""
    for host, place, more in _each(out, installed.plugin_files, **where):
        for put in installed.install(host, place, watch_folder=watch_folder, **more):
            out.event("plugin_installed", **_told(put))
            out.say(f"{host.title}: {put.folder}\n  {host.menu}\n  Requests: {put.watch_folder}")
            if not put.starts_programs:
                out.say(f'  It may start no program: leave  avm-otio watch "{put.watch_folder}"  open.')
    out.event("done")


@plugin.command(epilog="Example: avm-otio plugin uninstall resolve")
@_where
@pass_output
def uninstall(out: Output, **where: Any) -> None:
    """Take away all that install has put there, and nothing else."""
    for host, place, more in _each(out, **where):
        folders = installed.uninstall(host, place, **more)
        for folder in folders:
            out.event("plugin_uninstalled", host=host.name, folder=str(folder))
            out.say(f"{host.title}: taken from {folder}")
        if not folders:
            out.say(f"{host.title}: nothing of ours is there.")
    out.event("done")


@plugin.command(epilog="Example: avm-otio plugin status --json")
@_where
@pass_output
def status(out: Output, **where: Any) -> None:
    """Tell what is installed where, and what is wrong with it."""
    for host, place, more in _each(out, **where):
        for found in installed.status(host, place, **more):
            out.event("plugin", **_told(found))
            if found.version is None:
                out.result(f"{host.title}: not installed (avm-otio plugin install {host.name})")
                continue
            out.result(f"{host.title}: {found.version}, {found.folder}")
            for trouble in found.troubles:
                out.result(f"    {trouble}")
    out.event("done")


def _each(
    out: Output,
    needed: Callable[[installed.Host], object] = lambda host: None,
    *,
    hosts: tuple[str, ...],
    home: Path | None,
    system: str | None,
    **more: Any,
) -> list[tuple[installed.Host, installed.Place, dict[str, Any]]]:
    """The hosts that are meant, with where to look; what this system cannot have is told, or refused."""
    place = installed.Place.here()
    if home is not None or system is not None:
        chosen = installed.System(system) if system else place.system
        place = installed.Place(chosen, (home or place.home).absolute(), {})
    if more["folder"] is not None:
        if len(hosts) != 1:
            raise UsageError("--folder is for one editor.", "Name it, as in: resolve --folder DIR.")
        more["folder"] = more["folder"].absolute()
    meant = []
    for host in installed.HOSTS.values():
        if host.name in hosts or not hosts:
            try:
                needed(host)
                _ = more["folder"] or host.folders(place, more["system_wide"])
            except (InputError, UsageError) as error:
                if hosts:
                    raise
                out.say(f"{host.title}: left out. {error.what}")
                continue
            meant.append((host, place, more))
    return meant


def _told(found: installed.Installed) -> dict[str, Any]:
    return {
        "host": found.host.name,
        "folder": str(found.folder),
        "version": found.version,
        "program": list(found.program),
        "watch_folder": None if found.watch_folder is None else str(found.watch_folder),
        "starts_programs": found.starts_programs,
        "troubles": list(found.troubles),
    }
