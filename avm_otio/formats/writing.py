"""The way out: an arrangement written as the file that an editor opens."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import opentimelineio as otio

from avm_otio.errors import OutputError
from avm_otio.files import same_file, whole, write_text
from avm_otio.formats.editors import Editor
from avm_otio.formats.making import many_values
from avm_otio.formats.otio import files as otio_plain
from avm_otio.timeline.model import Loss, Timeline

_TEXTS = {
    ".xml": "fcp7.write",
    ".fcpxml": "fcpxml.write",
    ".kdenlive": "kdenlive.write",
    ".rpp": "reaper.write",
    ".txt": "protools.write",
}
"""Suffix → the module whose ``document`` makes the text. Loaded when needed: a run writes one."""

_FLAVOURS = {
    "otio": "otio.plain",
    "resolve": "otio.resolve",
    "premiere": "otio.premiere",
    "kdenlive": "otio.kdenlive",
    "blender": "otio.resolve",  # its importer reads what Resolve says of gain, fades and links
}
"""Editor → the module whose ``flavoured`` makes its OTIO timeline."""

Losses = tuple[Loss, ...]


@many_values()
def write(
    editor: Editor,
    timeline: otio.schema.Timeline,
    arrangement: Timeline,
    path: Path,
    *,
    never: Path | None = None,
) -> tuple[tuple[Path, ...], Losses]:
    """Write what one editor opens.

    Args:
        editor: Who.
        timeline: The timeline; not modified. Only OTIO files are made from it.
        arrangement: The same, with media where they were delivered.
        path: Where to write; its suffix says in which of the editor's formats.
        never: What may not be written over: the timeline that this one was read from.

    Returns:
        Every file that was written, the one asked for first; and what they do not say as the timeline does.

    Raises:
        OutputError: A file cannot be written; it is absent then.
    """
    suffix = path.suffix.lower()
    folder = path.absolute().parent
    if suffix in (".otio", ".otioz"):
        flavoured = _from(_FLAVOURS[editor.name], "flavoured")
        made, losses = flavoured(timeline, arrangement, folder)
        if suffix == ".otio":
            otio_plain.write_otio(made, path)
        else:
            otio_plain.write_otioz(made, path, folder)
        return (path,), losses
    if suffix == ".aaf":
        with whole(path) as temporary:
            return (path,), _from("aaf.write", "write")(arrangement, temporary)
    if suffix == ".edl":
        texts, losses = _from("edl.write", "documents")(arrangement)
        paths = _of_lists(path, list(texts))
        for one in paths:
            if never is not None and same_file(one, never):
                raise OutputError(f"{one} is the input itself.", "Choose another name for the lists.")
        for text, one in reversed(list(zip(texts.values(), paths, strict=True))):
            write_text(one, text)
        return tuple(paths), losses
    text, losses = _from(_TEXTS[suffix], "document")(arrangement, folder)
    write_text(path, text)
    return (path,), losses


def _of_lists(path: Path, labels: list[str]) -> list[Path]:
    """Where lists go: the first where it was asked for, the others named after their track."""
    others = [path.with_name(f"{path.stem}.{label}{path.suffix}") for label in labels[1:]]
    return [path, *others]


def _from(module: str, name: str) -> Callable[..., Any]:
    found: Callable[..., Any] = getattr(import_module(f"avm_otio.formats.{module}"), name)
    return found
