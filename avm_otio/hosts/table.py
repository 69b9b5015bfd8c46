"""The editing programs that have a plugin of ours, and the folders in which each looks for plugins.

A further editor is a row of ``HOSTS``, a function that names its folders, and its files in ``plugins/NAME``.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from avm_otio import __version__
from avm_otio.errors import UsageError


class System(StrEnum):
    """An operating system, as far as folders go."""

    WINDOWS = "windows"
    MACOS = "macos"
    LINUX = "linux"

    @classmethod
    def this(cls) -> System:
        """The system that this program runs on."""
        return {"win32": cls.WINDOWS, "darwin": cls.MACOS}.get(sys.platform, cls.LINUX)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a user's files are.

    Attributes:
        system: The operating system.
        home: The user's home.
        environ: Variables that name other folders: ``APPDATA``, ``XDG_CONFIG_HOME`` and so on.
    """

    system: System
    home: Path
    environ: Mapping[str, str]

    @classmethod
    def here(cls) -> Place:
        """The place of the user who runs this program."""
        return cls(System.this(), Path.home(), os.environ)

    def folder(self, variable: str, default: str) -> Path:
        """The folder that an environment variable names; ``default`` in the home where it is not set."""
        value = self.environ.get(variable, "")
        return Path(value) if value else self.home / default

    def application_data(self, linux_variable: str = "", linux_default: str = "") -> Path:
        """The folder in which a user's programs keep their data."""
        return {
            System.WINDOWS: self.folder("APPDATA", "AppData/Roaming"),
            System.MACOS: self.home / "Library/Application Support",
            System.LINUX: self.folder(linux_variable, linux_default),
        }[self.system]


@dataclass(frozen=True, slots=True)
class Host:
    """An editing program that has a plugin of ours.

    Attributes:
        name: As the user types it.
        title: As its maker writes it.
        folders: Its plugin folders at a place, for one user or (``True``) for all users of the machine.
        settings: Name of the settings file among the plugin's files.
        menu: Where the user finds the menu action, in words.
        lua_settings: Name of the settings as a Lua chunk, where the host's scripts can read nothing else.
        starts_programs: Whether its plugins may start programs.
        versioned: Whether the folder's name ends in the version, so that older versions lie beside it.
        list_file: For a folder, the file in which the host lists its plugins; ``None`` where it has none.
    """

    name: str
    title: str
    folders: Callable[[Place, bool], list[Path]]
    settings: str
    menu: str
    lua_settings: str | None = None
    starts_programs: bool = True
    versioned: bool = False
    list_file: Callable[[Path], Path] | None = None


def sandbox(folder: Path) -> Path | None:
    """The macOS container that a folder is in, the only place its host can write; ``None`` outside one."""
    parents = (parent for parent in folder.parents if parent.match(f"{_CONTAINERS}/*/Data"))
    return next(parents, None)


_CONTAINERS = "Library/Containers"


def _resolve_folders(place: Place, system_wide: bool) -> list[Path]:
    # Blackmagic Design, "Introduction to DaVinci Resolve Scripting" (README.txt of its developer folder).
    scripts = "Fusion/Scripts/Utility"
    if system_wide:
        root = {
            System.WINDOWS: place.folder("PROGRAMDATA", "C:/ProgramData")
            / "Blackmagic Design/DaVinci Resolve",
            System.MACOS: Path("/Library/Application Support/Blackmagic Design/DaVinci Resolve"),
            System.LINUX: Path("/opt/resolve"),
        }[place.system]
        return [root / scripts]
    root = (
        place.application_data("XDG_DATA_HOME", ".local/share")
        / {
            System.WINDOWS: "Blackmagic Design/DaVinci Resolve/Support",
            System.MACOS: "Blackmagic Design/DaVinci Resolve",
            System.LINUX: "DaVinciResolve",
        }[place.system]
    )
    # Not in its maker's documents, but independent reports agree: the App Store's edition looks here.
    in_store = "com.blackmagic-design.DaVinciResolve*/Data/Library/Application Support/Fusion"
    found = place.home.glob(f"{_CONTAINERS}/{in_store}") if place.system is System.MACOS else ()
    return [root / scripts, *(fusion.parent / scripts for fusion in sorted(found))]


_PANEL = "com.avm-otio.premiere"


def _premiere_folders(place: Place, system_wide: bool) -> list[Path]:
    # Adobe, "UXP for Premiere": panels from outside its marketplace lie under UXP/Plugins/External.
    if place.system is System.LINUX:
        raise UsageError("Premiere Pro does not run on Linux.", "Install the panel where Premiere Pro is.")
    root = place.application_data()
    if system_wide:
        root = {
            System.WINDOWS: Path(place.environ.get("COMMONPROGRAMFILES", "C:/Program Files/Common Files")),
            System.MACOS: Path("/Library/Application Support"),
        }[place.system]
    return [root / "Adobe/UXP/Plugins/External" / f"{_PANEL}_{__version__}"]


def _premiere_list_file(folder: Path) -> Path:
    # Not in Adobe's documents, but independent reports agree: a user's panel is loaded only where this file
    # lists it; what lies in the folder of all users is loaded without.
    return folder.parents[2] / "PluginsInfo/v1/premierepro.json"


_OLDEST_BLENDER = (4, 2)
_BLENDER_IF_NONE_FOUND = "5.0"


def _blender_folders(place: Place, system_wide: bool) -> list[Path]:
    # Blender manual, "Blender's directory layout"; extensions/user_default is its own local repository.
    if system_wide:
        raise UsageError(
            "Blender keeps extensions for each user.",
            "Leave out --system, or name a folder with --folder DIR.",
        )
    root = (
        place.application_data("XDG_CONFIG_HOME", ".config")
        / {
            System.WINDOWS: "Blender Foundation/Blender",
            System.MACOS: "Blender",
            System.LINUX: "blender",
        }[place.system]
    )
    found = [path.name for path in root.glob("*.*") if path.is_dir() and _is_supported(path.name)]
    versions = sorted(found, key=_numbers) or [_BLENDER_IF_NONE_FOUND]
    return [root / version / "extensions/user_default/avm_otio" for version in versions]


def _is_supported(version: str) -> bool:
    return bool(re.fullmatch(r"\d+\.\d+", version)) and _numbers(version) >= _OLDEST_BLENDER


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


HOSTS: Mapping[str, Host] = {
    host.name: host
    for host in (
        Host(
            "resolve",
            "DaVinci Resolve",
            _resolve_folders,
            "AVM Score.json",
            "Workspace › Scripts › AVM Score (no restart needed)",
            lua_settings="AVM Score.settings",
        ),
        Host(
            "premiere",
            "Premiere Pro",
            _premiere_folders,
            "avm_settings.json",
            "Window › UXP Plugins › AVM Score (restart Premiere Pro)",
            starts_programs=False,
            versioned=True,
            list_file=_premiere_list_file,
        ),
        Host(
            "blender",
            "Blender",
            _blender_folders,
            "avm_settings.json",
            "Edit › Preferences › Add-ons: switch on “A.V. Mapping”; then Video Sequencer › Strip › "
            "Score with A.V. Mapping…",
        ),
    )
}
