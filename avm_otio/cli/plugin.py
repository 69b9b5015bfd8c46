"""``avm-otio plugin``: menu actions in editing programs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from avm_otio import hosts
from avm_otio.cli import options
from avm_otio.cli.output import Output, pass_output
from avm_otio.errors import InputError, UsageError


def _where(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say for which editors, and in which folders."""
    for decorate in (
        click.option("--folder", type=options.FOLDER, help="Use this folder, not the editor's own."),
        click.option("--system", "system_wide", is_flag=True, help="For all users of this machine."),
        click.option("--home", type=options.FOLDER, help="Use this home folder instead of yours."),
        click.option(
            "--os",
            "system",
            type=click.Choice([str(system) for system in hosts.System]),
            help="System of the machine that uses the home folder.",
        ),
        click.argument("editors", nargs=-1, type=click.Choice(list(hosts.HOSTS)), metavar="[EDITOR]..."),
    ):
        command = decorate(command)
    return command


@click.group(epilog="Example: avm-otio plugin install")
def plugin() -> None:
    """Put menu actions into DaVinci Resolve, Premiere Pro and Blender.

    EDITOR is resolve, premiere or blender; without it, every editor that runs on this system.
    """


@plugin.command(epilog="Example: avm-otio plugin install resolve")
@_where
@click.option("--watch-folder", type=options.FOLDER, help="Folder for requests.  [default: ~/AVM Scoring]")
@pass_output
def install(out: Output, watch_folder: Path | None, **where: Any) -> None:
    """Install the menu action. Run it again after each update."""
    for host, place, more in _chosen(out, hosts.plugin_files, **where):
        for found in hosts.install(host, place, watch_folder=watch_folder, **more):
            out.event("plugin_installed", **_as_json(found))
            for line in (
                f"{host.title}: {found.folder}",
                f"  {host.menu}",
                f"  Requests: {found.watch_folder}",
            ):
                out.say(line)
            if not found.starts_programs:
                out.say(f'  It cannot start programs: leave  avm-otio watch "{found.watch_folder}"  running.')
    out.event("done")


@plugin.command(epilog="Example: avm-otio plugin uninstall resolve")
@_where
@pass_output
def uninstall(out: Output, **where: Any) -> None:
    """Remove what install has put there, and nothing else."""
    for host, place, more in _chosen(out, **where):
        folders = hosts.uninstall(host, place, **more)
        for folder in folders:
            out.event("plugin_uninstalled", host=host.name, folder=str(folder))
            out.say(f"{host.title}: removed from {folder}")
        if not folders:
            out.say(f"{host.title}: not installed.")
    out.event("done")


@plugin.command(epilog="Example: avm-otio plugin status --json")
@_where
@pass_output
def status(out: Output, **where: Any) -> None:
    """Show what is installed where, and what is wrong with it."""
    for host, place, more in _chosen(out, **where):
        for found in hosts.status(host, place, **more):
            out.event("plugin", **_as_json(found))
            if found.version is None:
                out.result(f"{host.title}: not installed (avm-otio plugin install {host.name})")
                continue
            out.result(f"{host.title}: {found.version}, {found.folder}")
            for trouble in found.troubles:
                out.result(f"    {trouble}")
    out.event("done")


def _chosen(
    out: Output,
    check: Callable[[hosts.Host], object] = lambda host: None,
    *,
    editors: tuple[str, ...],
    home: Path | None,
    system: str | None,
    folder: Path | None,
    **more: Any,
) -> list[tuple[hosts.Host, hosts.Place, dict[str, Any]]]:
    """The hosts that were asked for, each with where to look.

    A host that fails ``check`` or has no place on this system is left out with a message, or refused where
    the user named it.
    """
    place = hosts.Place.here()
    if home is not None or system is not None:
        chosen = hosts.System(system) if system else place.system
        place = hosts.Place(chosen, (home or place.home).absolute(), {})
    if folder is not None and len(editors) != 1:
        raise UsageError("--folder is for one editor.", "Name it, as in: resolve --folder DIR.")
    more["folder"] = folder and folder.absolute()
    found = []
    for host in hosts.HOSTS.values():
        if editors and host.name not in editors:
            continue
        try:
            check(host)
            _ = folder or host.folders(place, more["system_wide"])
        except (InputError, UsageError) as error:
            if editors:
                raise
            out.say(f"{host.title}: left out. {error.what}")
            continue
        found.append((host, place, more))
    return found


def _as_json(found: hosts.Installed) -> dict[str, Any]:
    return {
        "host": found.host.name,
        "folder": str(found.folder),
        "version": found.version,
        "program": list(found.program),
        "watch_folder": None if found.watch_folder is None else str(found.watch_folder),
        "starts_programs": found.starts_programs,
        "troubles": list(found.troubles),
    }
