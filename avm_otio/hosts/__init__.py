"""The menu actions for editing programs: where each host looks for them, put there and taken away again.

A plugin is a few files, which lie in the package; beside them go the settings that tell it what to call. They
name every file and every folder that was made, so that uninstalling leaves the tree as it was before.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Any

from avm_otio import __version__
from avm_otio.errors import InputError, OutputError, UsageError
from avm_otio.files import unwritable, whole, write_text
from avm_otio.hosts.lua import lua_chunk

VERSION = 1
"""Of the settings' form."""

ROOTS = (Path(__file__).parents[1] / "plugin_files", Path(__file__).parents[2] / "plugins")
"""Where the plugins lie: a built package carries them along, in a checkout they stand outside."""

WATCH_FOLDER = "AVM Scoring"
"""In the user's home: where plugins leave their requests, unless told otherwise."""


class System(StrEnum):
    """An operating system, as far as folders go."""

    WINDOWS = "windows"
    MACOS = "macos"
    LINUX = "linux"

    @classmethod
    def this(cls) -> System:
        """The one that this runs on."""
        return {"win32": cls.WINDOWS, "darwin": cls.MACOS}.get(sys.platform, cls.LINUX)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a user's files are.

    Attributes:
        system: The operating system.
        home: The user's home.
        environ: What names other folders: ``APPDATA``, ``XDG_CONFIG_HOME`` and so on.
    """

    system: System
    home: Path
    environ: Mapping[str, str]

    @classmethod
    def here(cls) -> Place:
        """Of the user who runs this."""
        return cls(System.this(), Path.home(), os.environ)

    def named(self, variable: str, otherwise: str) -> Path:
        """A folder that the environment may name; in the home where it does not."""
        said = self.environ.get(variable, "")
        return Path(said) if said else self.home / otherwise


@dataclass(frozen=True, slots=True)
class Host:
    """An editing program that has a plugin of ours.

    Attributes:
        name: As the user types it.
        title: As its maker writes it.
        folders: Where it looks for plugins: for a place, and for all users of a machine or one.
        settings: Name of the settings file among the plugin's files.
        lua_settings: Of the same as a Lua chunk, where scripts of the host may read nothing else.
        menu: Where the user finds it, in words.
        starts_programs: Whether plugins in it may.
        versioned: Whether its folder has the version in its name, so that an older one lies beside it.
        list_of: Of a folder, the file in which the host lists its plugins; ``None`` where it just looks.
    """

    name: str
    title: str
    folders: Callable[[Place, bool], list[Path]]
    settings: str
    menu: str
    lua_settings: str | None = None
    starts_programs: bool = True
    versioned: bool = False
    list_of: Callable[[Path], Path] | None = None


def _resolve_folders(place: Place, system_wide: bool) -> list[Path]:
    # Blackmagic Design, "Introduction to DaVinci Resolve Scripting" (README.txt of its developer folder).
    inside = "Fusion/Scripts/Utility"
    if system_wide:
        return [
            {
                System.WINDOWS: place.named("PROGRAMDATA", "C:/ProgramData")
                / "Blackmagic Design/DaVinci Resolve",
                System.MACOS: Path("/Library/Application Support/Blackmagic Design/DaVinci Resolve"),
                System.LINUX: Path("/opt/resolve"),
            }[place.system]
            / inside
        ]
    root = {
        System.WINDOWS: place.named("APPDATA", "AppData/Roaming")
        / "Blackmagic Design/DaVinci Resolve/Support",
        System.MACOS: place.home / "Library/Application Support/Blackmagic Design/DaVinci Resolve",
        System.LINUX: place.named("XDG_DATA_HOME", ".local/share") / "DaVinciResolve",
    }[place.system]
    # Not in its maker's documents, but told alike by all who looked: the App Store's edition looks here.
    in_store = "com.blackmagic-design.DaVinciResolve*/Data/Library/Application Support/Fusion"
    found = place.home.glob(f"{_CONTAINERS}/{in_store}") if place.system is System.MACOS else ()
    return [root / inside, *(fusion.parent / inside for fusion in sorted(found))]


_CONTAINERS = "Library/Containers"


def _container(folder: Path) -> Path | None:
    """All that a host in a sandbox of macOS may write to; ``None`` for a host that is in none."""
    data = (each for each in folder.parents if each.name == "Data" and each.match(f"{_CONTAINERS}/*/Data"))
    return next(data, None)


_PANEL = "com.avm-otio.premiere"


def _premiere_folders(place: Place, system_wide: bool) -> list[Path]:
    # Adobe, "UXP for Premiere": what was not bought in its marketplace lies under UXP/Plugins/External.
    if place.system is System.LINUX:
        raise UsageError("Premiere Pro does not run on Linux.", "Install the panel where Premiere Pro is.")
    if system_wide:
        root = {
            System.WINDOWS: Path(place.environ.get("COMMONPROGRAMFILES", "C:/Program Files/Common Files")),
            System.MACOS: Path("/Library/Application Support"),
        }[place.system]
    else:
        root = {
            System.WINDOWS: place.named("APPDATA", "AppData/Roaming"),
            System.MACOS: place.home / "Library/Application Support",
        }[place.system]
    return [root / "Adobe/UXP/Plugins/External" / f"{_PANEL}_{__version__}"]


def _premiere_list(folder: Path) -> Path:
    # Not in Adobe's documents, but told alike by all who looked: a user's panel is loaded where this file
    # names it; what lies in the folder of all users is loaded without.
    return folder.parents[2] / "PluginsInfo/v1/premierepro.json"


_OLDEST_BLENDER = (4, 2)
_BLENDER_WHERE_NONE_IS = "5.0"


def _blender_folders(place: Place, system_wide: bool) -> list[Path]:
    # Blender manual, "Blender's directory layout"; extensions/user_default is its own local repository.
    if system_wide:
        raise UsageError(
            "Blender keeps extensions for each user.",
            "Leave out --system, or name a folder with --folder DIR.",
        )
    root = {
        System.WINDOWS: place.named("APPDATA", "AppData/Roaming") / "Blender Foundation/Blender",
        System.MACOS: place.home / "Library/Application Support/Blender",
        System.LINUX: place.named("XDG_CONFIG_HOME", ".config") / "blender",
    }[place.system]
    found = [path.name for path in root.glob("*.*") if path.is_dir() and _is_fit(path.name)]
    versions = sorted(found, key=_numbers) or [_BLENDER_WHERE_NONE_IS]
    return [root / version / "extensions/user_default/avm_otio" for version in versions]


def _is_fit(version: str) -> bool:
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
            "Workspace › Scripts › AVM Score (no restart is needed)",
            lua_settings="AVM Score.settings",
        ),
        Host(
            "premiere",
            "Premiere Pro",
            _premiere_folders,
            "avm_settings.json",
            "Window › UXP Plugins › AVM Score (start Premiere Pro anew)",
            starts_programs=False,
            versioned=True,
            list_of=_premiere_list,
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


@dataclass(frozen=True, slots=True)
class Installed:
    """A plugin where it lies.

    Attributes:
        host: Whose.
        folder: Its folder.
        version: The version of the program that put it there; ``None`` where it is not there.
        program: What it calls.
        watch_folder: Where it leaves requests.
        troubles: What is wrong with it, with what to do; one line each.
        starts_programs: Whether its host may: somebody must watch otherwise.
    """

    host: Host
    folder: Path
    version: str | None = None
    program: tuple[str, ...] = ()
    watch_folder: Path | None = None
    troubles: tuple[str, ...] = ()
    starts_programs: bool = True


def install(
    host: Host,
    place: Place,
    *,
    system_wide: bool = False,
    folder: Path | None = None,
    watch_folder: Path | None = None,
    program: tuple[str, ...] | None = None,
) -> list[Installed]:
    """Put a plugin where its host looks for it, in place of an older one.

    Args:
        host: Whose plugin.
        place: The user's folders.
        system_wide: For all users of the machine.
        folder: Where to put it, instead of where the host looks.
        watch_folder: Where it leaves its requests; ``AVM Scoring`` in the home by default, of a host in a
            sandbox in its container. Made if missing.
        program: What it calls; this program by default.

    Raises:
        OutputError: A file cannot be written. What was put there before is taken away again.
        UsageError: The host has no such place.
    """
    folders = [folder] if folder is not None else host.folders(place, system_wide)
    listed = folder is None and not system_wide
    for each in folders:
        for older in _older(host, each):
            _uninstall(host, older)
        scoring = watch_folder or (_container(each) or place.home) / WATCH_FOLDER
        calls = program or program_here()
        _install(host, each, scoring.absolute(), calls, _folders_made(place), place if listed else None)
    return [state(host, each) for each in folders]


def uninstall(
    host: Host, place: Place, *, system_wide: bool = False, folder: Path | None = None
) -> list[Path]:
    """Take away what ``install`` has put there; nothing else.

    Returns:
        The folders from which a plugin was taken.

    Raises:
        OutputError: A file cannot be removed.
        UsageError: The host has no such place.
    """
    folders = [folder] if folder is not None else host.folders(place, system_wide)
    return [one for each in folders for one in (*_older(host, each), each) if _uninstall(host, one)]


def status(
    host: Host, place: Place, *, system_wide: bool = False, folder: Path | None = None
) -> list[Installed]:
    """What lies where the host looks.

    Raises:
        UsageError: The host has no such place.
    """
    folders = [folder] if folder else host.folders(place, system_wide)
    return [state(host, one) for each in folders for one in (_older(host, each) or [each])]


def state(host: Host, folder: Path) -> Installed:
    """What lies in one folder, and what is wrong with it."""
    settings = _settings(host, folder)
    if settings is None:
        return Installed(host, folder)
    again = f"run: avm-otio plugin install {host.name}"
    troubles = []
    version, watch = str(settings.get("program_version")), Path(str(settings.get("watch_folder")))
    program = tuple(map(str, settings.get("program") or ()))
    if version != __version__:
        troubles.append(f"it is of avm-otio {version}, this is {__version__}: {again}")
    if not program or not Path(program[0]).is_file():
        troubles.append(f"avm-otio is not at {program[0] if program else 'any place'} any more: {again}")
    if not watch.is_dir():
        troubles.append(f"its watch folder {watch} is not there: make it, or {again}")
    container = _container(folder)
    if container is not None and not watch.is_relative_to(container):
        troubles.append(f"its host may write in {container} only, not in {watch}: {again}")
    changed = [name for name, digest in _files(settings).items() if _digest(folder / name) != digest]
    if changed:
        troubles.append(f"{', '.join(sorted(changed)[:3])} is gone or was changed: {again}")
    if host.list_of is not None and "list" in settings:
        with suppress(OutputError):
            if not any(_is_at(one, folder) for one in _list(host.list_of(folder))[1]["plugins"]):
                troubles.append(f"{host.list_of(folder)} does not name it: {again}")
    starts = host.starts_programs and container is None
    return Installed(host, folder, version, program, watch, tuple(troubles), starts)


def program_here() -> tuple[str, ...]:
    """What starts this very program, from anywhere."""
    return (sys.executable, "-m", "avm_otio")


def plugin_files(host: Host) -> dict[str, Path]:
    """The files of a plugin, by their names in its folder.

    Raises:
        InputError: They are not in this installation.
    """
    for root in ROOTS:
        folder = root / host.name
        if folder.is_dir():
            return {name: path for name, path in _shipped(folder) if name != host.settings}
    raise InputError(
        f"The plugin for {host.title} is not in this installation.",
        "Install avm-otio anew: pip install avm-otio.",
    )


_NOT_SHIPPED = frozenset(
    ("node_modules", "test", "tests", "demo", "src", "__pycache__", "package.json", "package-lock.json")
)
_KINDS = frozenset((".lua", ".py", ".toml", ".js", ".json", ".html", ".css", ".png", ".svg"))


def _shipped(folder: Path) -> Iterator[tuple[str, Path]]:
    """What a host needs of a plugin's folder: what is built, where something is; not how it is made."""
    root = folder / "dist" if (folder / "dist").is_dir() else folder
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root)
        if path.is_file() and path.suffix in _KINDS and not _NOT_SHIPPED.intersection(name.parts):
            yield name.as_posix(), path


def _folders_made(place: Place) -> set[Path]:
    """The folders that any plugin of ours found missing: whichever is taken away last removes them."""
    made: set[Path] = set()
    for host in HOSTS.values():
        for system_wide in (False, True):
            with suppress(UsageError):  # no such place
                for folder in host.folders(place, system_wide):
                    made |= set(_made(_settings(host, folder) or {}))
    return made


def _older(host: Host, folder: Path) -> list[Path]:
    """Folders of other versions beside one."""
    if not host.versioned or not folder.parent.is_dir():
        return []
    beside = folder.parent.glob(f"{folder.name.rpartition('_')[0]}_*")
    return sorted(each for each in beside if each != folder and _settings(host, each) is not None)


def _install(
    host: Host,
    folder: Path,
    watch_folder: Path,
    program: tuple[str, ...],
    earlier: set[Path],
    listed_at: Place | None,
) -> None:
    files = plugin_files(host)
    _uninstall(host, folder)
    ours = {host.settings, host.lua_settings or host.settings}
    foreign = [name for name in (*files, *sorted(ours)) if (folder / name).exists()]
    if foreign:
        raise OutputError(
            f"{folder / foreign[0]} is there already, and not of our making.",
            "Move it away, then run it again.",
        )
    list_file = host.list_of(folder) if host.list_of is not None and listed_at is not None else None
    before, known = (None, {"plugins": []}) if list_file is None else _list(list_file)
    made: list[Path] = []
    put: list[Path] = []
    try:
        for each in (folder, watch_folder, *([list_file.parent] if list_file else [])):
            _make(each, made)
        for name, path in files.items():
            _make((folder / name).parent, made)
            with whole(folder / name) as temporary:
                shutil.copyfile(path, temporary)
            put.append(folder / name)
        settings: dict[str, Any] = {
            "version": VERSION,
            "plugin_version": __version__,
            "program": list(program),
            "program_version": __version__,
            "watch_folder": str(watch_folder),
            "starts_programs": host.starts_programs and _container(folder) is None,
        }
        if host.lua_settings is not None:
            write_text(folder / host.lua_settings, lua_chunk(settings))
            put.append(folder / host.lua_settings)
        settings |= {
            "files": {path.relative_to(folder).as_posix(): _digest(path) for path in put},
            "folders": [
                str(each)
                for each in dict.fromkeys((*made, *folder.parents, watch_folder))
                if each in made or each in earlier
            ],
        }
        if list_file is not None and listed_at is not None:
            entry = _entry(folder, listed_at.system)
            write_text(list_file, _with_entry(known, entry))
            settings["list"] = {"before": before, "after": _digest(list_file)}
        write_text(folder / host.settings, json.dumps(settings, ensure_ascii=False, indent=1) + "\n")
    except BaseException:
        for path in put:
            path.unlink(missing_ok=True)
        if list_file is not None:
            _put_back(list_file, before)
        _remove_empty(made)
        raise


def _uninstall(host: Host, folder: Path) -> bool:
    settings = _settings(host, folder)
    if settings is None:
        return False
    try:
        for name in _files(settings):
            (folder / name).unlink(missing_ok=True)
        shutil.rmtree(folder / "__pycache__", ignore_errors=True)  # the host's, of our files
        if host.list_of is not None and isinstance(settings.get("list"), dict):
            _unlist(host.list_of(folder), folder, settings["list"])
        (folder / host.settings).unlink()
    except OSError as error:
        raise unwritable(Path(error.filename or folder), error) from error
    _remove_empty(_made(settings))
    return True


def _list(path: Path) -> tuple[str | None, dict[str, Any]]:
    """What a host's list of plugins says, as text and read; ``None`` and an empty list where there is none.

    Raises:
        OutputError: It is not such a list, so that nothing can be added.
    """
    try:
        text = path.read_bytes().decode("utf-8")
        said = json.loads(text)
    except FileNotFoundError:
        return None, {"plugins": []}
    except (OSError, ValueError, RecursionError):
        said = None
    plugins = said.get("plugins", []) if isinstance(said, dict) else None
    if not isinstance(plugins, list) or not all(isinstance(one, dict) for one in plugins):
        raise OutputError(
            f"{path} is no list of plugins, or cannot be read.",
            "Start Premiere Pro once, so that it writes it anew; or leave the list alone with --system.",
        )
    return text, said | {"plugins": plugins}


def _entry(folder: Path, system: System) -> dict[str, str]:
    """A plugin as the host lists it, by the manifest that was put there."""
    manifest = json.loads((folder / "manifest.json").read_bytes())
    between = "\\" if system is System.WINDOWS else "/"
    return {
        "hostMinVersion": manifest["host"]["minVersion"],
        "name": manifest["name"],
        "path": between.join(("$localPlugins", folder.parent.name, folder.name)),
        "pluginId": manifest["id"],
        "status": "enabled",
        "type": "uxp",
        "versionString": manifest["version"],
    }


def _with_entry(known: dict[str, Any], entry: dict[str, str]) -> str:
    others = [one for one in known["plugins"] if one.get("pluginId") != entry["pluginId"]]
    return json.dumps(known | {"plugins": [*others, entry]}, ensure_ascii=False, separators=(",", ":"))


def _is_at(entry: Mapping[str, Any], folder: Path) -> bool:
    """Whether an entry of a host's list is of the plugin in a folder."""
    return re.split(r"[\\/]", str(entry.get("path")))[-1] == folder.name


def _unlist(path: Path, folder: Path, noted: Mapping[str, Any]) -> None:
    """Take a plugin out of its host's list: the very bytes from before, where nobody has written since."""
    if _digest(path) == noted.get("after"):
        before = noted.get("before")
        return _put_back(path, before if isinstance(before, str) else None)
    with suppress(OutputError):
        text, known = _list(path)
        kept = [one for one in known["plugins"] if not _is_at(one, folder)]
        if text is not None and kept != known["plugins"]:
            write_text(path, json.dumps(known | {"plugins": kept}, ensure_ascii=False, separators=(",", ":")))
    return None


def _put_back(path: Path, text: str | None) -> None:
    if text is None:
        path.unlink(missing_ok=True)
    else:
        write_text(path, text)


def _make(folder: Path, made: list[Path]) -> None:
    """Make a folder and those above it, and note which were not there."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    for each in reversed(missing):
        try:
            each.mkdir()
        except FileExistsError:
            continue
        except OSError as error:
            raise unwritable(each, error) from error
        made.append(each)


def _remove_empty(folders: list[Path]) -> None:
    """Remove the folders that were made, deepest first; one in which something lies stays."""
    for folder in sorted(folders, key=lambda each: len(each.parts), reverse=True):
        with suppress(OSError):
            folder.rmdir()


def _settings(host: Host, folder: Path) -> dict[str, Any] | None:
    """The settings of an installed plugin; ``None`` where none is there."""
    try:
        found = json.loads((folder / host.settings).read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and "program" in found else None


def _files(settings: Mapping[str, Any]) -> dict[str, str]:
    """The files that were put there, by name; only such as lie in the plugin's own folder."""
    said = settings.get("files")
    names = said if isinstance(said, dict) else {}
    return {
        str(name): str(digest)
        for name, digest in names.items()
        if not PurePosixPath(name).is_absolute() and ".." not in PurePosixPath(name).parts
    }


def _made(settings: Mapping[str, Any]) -> list[Path]:
    """The folders that were not there before."""
    said = settings.get("folders")
    return [Path(str(each)) for each in said] if isinstance(said, list) else []


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""
