"""The table of formats: those of this room, and those that other packages add.

Another package adds one by an entry point of the group ``avm_otio.formats`` that names its ``Format``, or at
run time by ``register``. ``docs/adding-a-format.md`` walks through it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from importlib import import_module
from importlib.machinery import PathFinder
from pathlib import Path

from avm_otio.errors import UsageError
from avm_otio.formats.format import Editor, Format
from avm_otio.text import nearest

GROUP = "avm_otio.formats"
"""The group of entry points by which another package adds a format."""

_ROOMS = ("fcp7", "fcpxml", "aaf", "protools", "reaper", "kdenlive", "edl", "otio", "svg")
"""The formats of this room. What comes first is an editor's first choice: its own format before OTIO."""

_registered: list[Format] = []


def register(added: Format) -> None:
    """Add a format for the rest of this run.

    Args:
        added: The format. Where another has one of its suffixes or editors already, that one stays the first
            choice; with both a suffix and an editor named, the format that has both is taken.
    """
    _registered.append(added)
    formats.cache_clear()
    editors.cache_clear()


def unregister(added: Format) -> None:
    """Take away a format that ``register`` added."""
    _registered.remove(added)
    formats.cache_clear()
    editors.cache_clear()


@lru_cache(maxsize=1)
def formats() -> tuple[Format, ...]:
    """All formats, each editor's first choice first.

    Raises:
        UsageError: A format of another package cannot be loaded.
    """
    inside = (import_module(f"{__package__}.{room}").FORMAT for room in _ROOMS)
    return (*inside, *_of_other_packages(), *_registered)


def _of_other_packages() -> Iterator[Format]:
    if not _may_be_others():
        return
    from importlib.metadata import entry_points

    for point in entry_points(group=GROUP):
        try:
            found = point.load()
        except Exception as error:  # whatever another package's own code raises
            raise _unusable(f"{point.name}” ({point.value}) cannot be loaded: {error}.") from error
        if not isinstance(found, Format):
            raise _unusable(f"{point.name}” ({point.value}) is not an avm_otio Format.")
        yield found


def _may_be_others() -> bool:
    """Whether a package may add a format: to look for the words is quicker than to load what reads them.

    The help of a command lists the editors, and should not take longer for packages that are not there.
    """
    others = [one for one in sys.meta_path if hasattr(one, "find_distributions") and one is not PathFinder]
    if others:
        return True
    for place in sys.path:
        try:
            inside = os.listdir(place or ".")  # noqa: PTH208  # a tenth of a pathlib's time
        except NotADirectoryError:  # a zip file
            return True
        except OSError:
            continue
        if any(name.endswith(".egg") or _names_the_group(place, name) for name in inside):
            return True
    return False


def _names_the_group(place: str, name: str) -> bool:
    if not name.endswith((".dist-info", ".egg-info")):
        return False
    try:
        return GROUP in Path(place, name, "entry_points.txt").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False


def _unusable(message: str) -> UsageError:
    return UsageError(f"The format “{message}", "Update the package that it comes with, or uninstall it.")


@lru_cache(maxsize=1)
def editors() -> dict[str, Editor]:
    """Every editor by the name that ``--for`` takes, each with all suffixes that are written for it."""
    found: dict[str, Editor] = {}
    for each in formats():
        for editor in each.editors:
            first = found.get(editor.name, editor)
            suffixes = tuple(dict.fromkeys((*first.suffixes, *each.writes)))
            found[editor.name] = replace(first, suffixes=suffixes)
    return found


def editor_named(name: str) -> Editor:
    """The editor of a name.

    Raises:
        UsageError: There is none; the message has the nearest.
    """
    found = editors().get(name.lower())
    if found is None:
        near = nearest(name, editors())
        hint = f"Did you mean {near}? " if near else ""
        raise UsageError(f"There is no editor “{name}”.", f"{hint}There are {', '.join(editors())}.")
    return found


def editor_for(suffix: str) -> Editor | None:
    """Whose file a suffix is where nothing else is said, if any editor opens it."""
    owner = next((each for each in formats() if suffix in each.writes and each.editors), None)
    return None if owner is None else editors()[owner.editors[0].name]


def reader_of(suffix: str) -> Format | None:
    """The format that reads files of a suffix, if any does."""
    return next((each for each in formats() if each.read and suffix in each.reads), None)


def writer_of(suffix: str, editor: str = "") -> Format:
    """The format in which files of a suffix are written.

    Args:
        suffix: Lower case, with the dot.
        editor: Name of the editor that will open the file; whoever does where empty.

    Raises:
        UsageError: There is none.
    """
    for each in formats():
        is_opened = not editor or any(opener.name == editor for opener in each.editors)
        if each.write and suffix in each.writes and is_opened:
            return each
    whose = f" for {editor}" if editor else ""
    what = suffix or "a file without a suffix"
    near = nearest(suffix, writable())
    hint = f"Did you mean {near}? " if near and near != suffix else ""
    raise UsageError(f"No format writes {what}{whose}.", f"{hint}Writable are {', '.join(writable())}.")


def readable() -> tuple[str, ...]:
    """Suffixes of timelines that can be read."""
    return tuple(dict.fromkeys(suffix for each in formats() for suffix in each.reads))


def writable() -> tuple[str, ...]:
    """Suffixes of what can be written."""
    return tuple(dict.fromkeys(suffix for each in formats() for suffix in each.writes))
