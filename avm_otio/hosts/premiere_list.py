"""Premiere Pro's own list of plugins: our panel is added to it, and taken out again.

The list belongs to Premiere Pro: other entries stay as they are, and the very bytes from before come back
where nobody has written the file since.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from avm_otio.errors import OutputError
from avm_otio.files import write_text
from avm_otio.hosts.table import System


def read(path: Path) -> tuple[str | None, dict[str, Any]]:
    """The list as text and as JSON; ``None`` and an empty list where there is no file.

    Raises:
        OutputError: It is not such a list, so that nothing can be added to it.
    """
    try:
        text = path.read_bytes().decode("utf-8")
        raw = json.loads(text)
    except FileNotFoundError:
        return None, {"plugins": []}
    except (OSError, ValueError, RecursionError):
        raw = None
    plugins = raw.get("plugins", []) if isinstance(raw, dict) else None
    if not isinstance(plugins, list) or not all(isinstance(entry, dict) for entry in plugins):
        raise OutputError(
            f"{path} is not a list of plugins, or cannot be read.",
            "Start Premiere Pro once so that it writes the file again, or use --system, which needs no list.",
        )
    return text, raw | {"plugins": plugins}


def add(path: Path, plugins: Mapping[str, Any], folder: Path, system: System) -> None:
    """Write the list with the panel in ``folder``, in place of an earlier entry of it.

    Args:
        path: The list's file.
        plugins: The list as it was read.
        folder: Where the panel is installed; its manifest says what the list needs.
        system: Whose paths the list has.

    Raises:
        OutputError: The file cannot be written.
    """
    manifest = json.loads((folder / "manifest.json").read_bytes())
    separator = "\\" if system is System.WINDOWS else "/"
    ours = {
        "hostMinVersion": manifest["host"]["minVersion"],
        "name": manifest["name"],
        "path": separator.join(("$localPlugins", folder.parent.name, folder.name)),
        "pluginId": manifest["id"],
        "status": "enabled",
        "type": "uxp",
        "versionString": manifest["version"],
    }
    others = [entry for entry in plugins["plugins"] if entry.get("pluginId") != ours["pluginId"]]
    _write(path, plugins, [*others, ours])


def remove(path: Path, folder: Path) -> None:
    """Take the panel in ``folder`` out of the list. A list that cannot be read is left alone."""
    with suppress(OutputError):
        text, plugins = read(path)
        kept = [entry for entry in plugins["plugins"] if not _is_for(entry, folder)]
        if text is not None and kept != plugins["plugins"]:
            _write(path, plugins, kept)


def lacks(path: Path, folder: Path) -> bool:
    """Whether the list can be read and does not have the panel in ``folder``."""
    try:
        return not any(_is_for(entry, folder) for entry in read(path)[1]["plugins"])
    except OutputError:
        return False


def _is_for(entry: Mapping[str, Any], folder: Path) -> bool:
    return re.split(r"[\\/]", str(entry.get("path")))[-1] == folder.name


def _write(path: Path, plugins: Mapping[str, Any], entries: list[dict[str, Any]]) -> None:
    whole = {**plugins, "plugins": entries}
    write_text(path, json.dumps(whole, ensure_ascii=False, separators=(",", ":")))
