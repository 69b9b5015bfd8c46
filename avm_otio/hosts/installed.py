"""A plugin in a host's folder: put there, looked at, and taken away again.

Beside the plugin's files lies a settings file. It tells the plugin which program to call, and names every
file that was copied and every folder that was made, so that uninstalling leaves the tree as it was before.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from avm_otio import __version__
from avm_otio.errors import InputError, OutputError, UsageError
from avm_otio.files import unwritable, whole, write_text
from avm_otio.hosts import premiere_list
from avm_otio.hosts.lua import lua_chunk
from avm_otio.hosts.table import HOSTS, Host, Place, sandbox

VERSION = 1
"""Of the settings' form."""

ROOTS = (Path(__file__).parents[1] / "plugin_files", Path(__file__).parents[2] / "plugins")
"""Where the plugins lie: a built package carries them along, in a checkout they stand outside."""

WATCH_FOLDER = "AVM Scoring"
"""Default folder for requests, in the user's home."""


@dataclass(frozen=True, slots=True)
class Installed:
    """What lies in one plugin folder of a host.

    Attributes:
        host: The editing program.
        folder: The plugin's folder.
        version: The version of the program that installed it; ``None`` where no plugin is installed.
        program: The command that it calls.
        watch_folder: Where it leaves requests.
        troubles: What is wrong with it, and what to do; one line each.
        starts_programs: Whether it may start programs; otherwise ``avm-otio watch`` must be left running.
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
    """Copy a plugin to where its host looks for it, in place of an older version.

    Args:
        host: The editing program.
        place: The user's folders.
        system_wide: For all users of the machine.
        folder: Where to put it, instead of where the host looks.
        watch_folder: Where it leaves its requests, made if missing. By default ``AVM Scoring`` in the home,
            or in the container of a host that runs in a sandbox.
        program: The command that it calls; this program by default.

    Raises:
        OutputError: A file cannot be written. What was put there before is taken away again.
        UsageError: The host has no such place.
    """
    folders = [folder] if folder is not None else host.folders(place, system_wide)
    for each in folders:
        for older in _older(host, each):
            _uninstall(host, older)
        requests = watch_folder or (sandbox(each) or place.home) / WATCH_FOLDER
        calls = program or (sys.executable, "-m", "avm_otio")
        is_listed = host.list_file is not None and folder is None and not system_wide
        _install(host, each, requests.absolute(), calls, place, is_listed)
    return [installed_in(each, host) for each in folders]


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
    candidates = [path for each in folders for path in (*_older(host, each), each)]
    return [path for path in candidates if _uninstall(host, path)]


def status(
    host: Host, place: Place, *, system_wide: bool = False, folder: Path | None = None
) -> list[Installed]:
    """What lies in each folder in which the host looks.

    Raises:
        UsageError: The host has no such place.
    """
    folders = [folder] if folder else host.folders(place, system_wide)
    return [installed_in(path, host) for each in folders for path in (_older(host, each) or [each])]


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
        "Reinstall avm-otio: pip install --force-reinstall avm-otio.",
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


def installed_in(folder: Path, host: Host) -> Installed:
    """What lies in one folder of a host, and what is wrong with it."""
    settings = _settings(host, folder)
    if settings is None:
        return Installed(host, folder)
    return Installed(
        host,
        folder,
        str(settings.get("program_version")),
        tuple(map(str, settings.get("program") or ())),
        Path(str(settings.get("watch_folder"))),
        tuple(
            f"{trouble} avm-otio plugin install {host.name}" for trouble in _troubles(host, folder, settings)
        ),
        host.starts_programs and sandbox(folder) is None,
    )


def _troubles(host: Host, folder: Path, settings: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with a plugin, each ready for the command that puts it right."""
    version, program = settings.get("program_version"), settings.get("program") or ["(no program)"]
    watch_folder, container = Path(str(settings.get("watch_folder"))), sandbox(folder)
    if version != __version__:
        yield f"installed by avm-otio {version}, but this is {__version__}; run:"
    if not Path(str(program[0])).is_file():
        yield f"avm-otio is no longer at {program[0]}; run:"
    if not watch_folder.is_dir():
        yield f"its watch folder {watch_folder} does not exist; create it, or run:"
    if container is not None and not watch_folder.is_relative_to(container):
        yield f"{host.title} can only write in {container}, not in {watch_folder}; run:"
    changed = [name for name, digest in _files(settings).items() if _digest(folder / name) != digest]
    if changed:
        yield f"missing or changed since: {', '.join(sorted(changed)[:3])}; run:"
    if host.list_file and "list" in settings and premiere_list.lacks(host.list_file(folder), folder):
        yield f"{host.list_file(folder)} does not list it; run:"


@dataclass(slots=True)
class _Changes:
    """What an installation has written so far, to be undone if it fails."""

    files: list[Path] = field(default_factory=list)
    folders: list[Path] = field(default_factory=list)

    def make(self, folder: Path) -> None:
        """Make a folder and those above it."""
        missing = [each for each in (folder, *folder.parents) if not each.exists()]
        for each in reversed(missing):
            try:
                each.mkdir()
            except FileExistsError:
                continue
            except OSError as error:
                raise unwritable(each, error) from error
            self.folders.append(each)

    def copy(self, source: Path, target: Path) -> None:
        self.make(target.parent)
        with whole(target) as temporary:
            shutil.copyfile(source, temporary)
        self.files.append(target)

    def write(self, target: Path, text: str) -> None:
        write_text(target, text)
        self.files.append(target)

    def undo(self) -> None:
        for path in self.files:
            path.unlink(missing_ok=True)
        _remove_empty(self.folders)


def _install(
    host: Host,
    folder: Path,
    watch_folder: Path,
    program: tuple[str, ...],
    place: Place,
    is_listed: bool,
) -> None:
    files, made_earlier = plugin_files(host), _folders_made(place)
    _uninstall(host, folder)
    _refuse_foreign(folder, [*files, host.settings, host.lua_settings or host.settings])
    list_file = host.list_file(folder) if host.list_file is not None and is_listed else None
    list_before, plugins = premiere_list.read(list_file) if list_file else (None, {})
    changes = _Changes()
    try:
        for each in (folder, watch_folder, *([list_file.parent] if list_file else [])):
            changes.make(each)
        for name, path in files.items():
            changes.copy(path, folder / name)
        settings: dict[str, Any] = {
            "version": VERSION,
            "plugin_version": __version__,
            "program": list(program),
            "program_version": __version__,
            "watch_folder": str(watch_folder),
            "starts_programs": host.starts_programs and sandbox(folder) is None,
        }
        if host.lua_settings is not None:
            changes.write(folder / host.lua_settings, lua_chunk(settings))
        made = {*changes.folders, *made_earlier}
        ours = (*changes.folders, *folder.parents, watch_folder)
        settings |= {
            "files": {path.relative_to(folder).as_posix(): _digest(path) for path in changes.files},
            "folders": [str(each) for each in dict.fromkeys(ours) if each in made],
        }
        if list_file is not None:
            premiere_list.add(list_file, plugins, folder, place.system)
            settings["list"] = {"before": list_before, "after": _digest(list_file)}
        changes.write(folder / host.settings, json.dumps(settings, ensure_ascii=False, indent=1) + "\n")
    except BaseException:
        if list_file is not None:
            _put_back(list_file, list_before)
        changes.undo()
        raise


def _refuse_foreign(folder: Path, names: list[str]) -> None:
    foreign = next((folder / name for name in names if (folder / name).exists()), None)
    if foreign is not None:
        raise OutputError(
            f"{foreign} already exists and was not installed by avm-otio.",
            "Move it away, then run it again.",
        )


def _uninstall(host: Host, folder: Path) -> bool:
    settings = _settings(host, folder)
    if settings is None:
        return False
    try:
        for name in _files(settings):
            (folder / name).unlink(missing_ok=True)
        shutil.rmtree(folder / "__pycache__", ignore_errors=True)  # the host's, of our files
        if host.list_file is not None and isinstance(settings.get("list"), dict):
            _unlist(host.list_file(folder), folder, settings["list"])
        (folder / host.settings).unlink()
    except OSError as error:
        raise unwritable(Path(error.filename or folder), error) from error
    _remove_empty(_made(settings))
    return True


def _unlist(list_file: Path, folder: Path, noted: Mapping[str, Any]) -> None:
    """Take a plugin out of its host's list: the very bytes from before, where nobody has written since."""
    if _digest(list_file) == noted.get("after"):
        before = noted.get("before")
        _put_back(list_file, before if isinstance(before, str) else None)
    else:
        premiere_list.remove(list_file, folder)


def _put_back(path: Path, text: str | None) -> None:
    if text is None:
        path.unlink(missing_ok=True)
    else:
        write_text(path, text)


def _remove_empty(folders: list[Path]) -> None:
    """Remove the folders that were made, deepest first; a folder that is not empty stays."""
    for folder in sorted(folders, key=lambda each: len(each.parts), reverse=True):
        with suppress(OSError):
            folder.rmdir()


def _older(host: Host, folder: Path) -> list[Path]:
    """The folders of other versions of the plugin, beside ``folder``."""
    if not host.versioned or not folder.parent.is_dir():
        return []
    beside = folder.parent.glob(f"{folder.name.rpartition('_')[0]}_*")
    return sorted(each for each in beside if each != folder and _settings(host, each) is not None)


def _folders_made(place: Place) -> set[Path]:
    """The folders that the installation of any plugin made: the last to be uninstalled removes them."""
    made: set[Path] = set()
    for host in HOSTS.values():
        for system_wide in (False, True):
            with suppress(UsageError):  # no such place
                for folder in host.folders(place, system_wide):
                    made |= set(_made(_settings(host, folder) or {}))
    return made


def _settings(host: Host, folder: Path) -> dict[str, Any] | None:
    """The settings of an installed plugin; ``None`` where none is installed."""
    try:
        found = json.loads((folder / host.settings).read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and "program" in found else None


def _files(settings: Mapping[str, Any]) -> dict[str, str]:
    """Names and digests of the files that were copied; only such as lie in the plugin's own folder."""
    raw = settings.get("files")
    return {
        str(name): str(digest)
        for name, digest in (raw.items() if isinstance(raw, dict) else ())
        if not PurePosixPath(name).is_absolute() and ".." not in PurePosixPath(name).parts
    }


def _made(settings: Mapping[str, Any]) -> list[Path]:
    """The folders that the installation made."""
    raw = settings.get("folders")
    return [Path(str(folder)) for folder in raw] if isinstance(raw, list) else []


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""
