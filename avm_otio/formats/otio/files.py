"""OTIO's own files: ``.otio`` (JSON) and the bundles ``.otioz`` (a zip) and ``.otiod`` (a folder)."""

from __future__ import annotations

import json
import stat
import zipfile
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path, PurePosixPath
from typing import Any, NoReturn

import opentimelineio as otio

from avm_otio.errors import TimelineError
from avm_otio.files import free_name, make_folder, whole
from avm_otio.formats.format import Files, Target
from avm_otio.formats.otio.write import timeline_of
from avm_otio.timeline.losses import Loss
from avm_otio.timeline.model import Timeline
from avm_otio.timeline.urls import paths_of

_FLAVOURS = {
    "otio": "plain",
    "resolve": "resolve",
    "premiere": "premiere",
    "kdenlive": "kdenlive",
    "blender": "resolve",  # its importer reads what Resolve says of gain, fades and links
}
"""Editor → the module whose ``flavoured`` makes its OTIO timeline. Loaded when needed."""

CONTENT = "content.otio"
MEDIA = "media"

_HIGHEST_RATIO = 500
"""Media hardly shrinks in a zip; what unpacks to more than this many times its size is a trap."""

_RATIO_MATTERS = 64 * 2**20
"""Bytes below which no ratio can do harm."""


def parse(text: str, name: str) -> otio.core.SerializableObject:
    """OTIO JSON as an object.

    Raises:
        TimelineError: It is not OTIO JSON.
    """
    try:
        document = json.loads(text, parse_constant=_refuse)
    except RecursionError as error:
        raise TimelineError(f"{name} is nested too deeply.", "Export the timeline again.") from error
    except ValueError as error:
        raise TimelineError(f"{name} is not JSON, or is cut short ({error}).", "Export it again.") from error
    if not isinstance(document, Mapping) or "OTIO_SCHEMA" not in document:
        raise TimelineError(f"{name} is JSON, but not an OTIO timeline.", "Give a timeline file.")
    if '"Clip.1"' in text and _has_mixed_clip(document):
        raise TimelineError(f"{name} has clips of two versions of OTIO in one.", "Export it again.")
    try:
        return otio.core.deserialize_json_from_string(text)
    except Exception as error:  # OTIO raises many kinds, and plain ones
        raise TimelineError(
            f"{name} is not an OTIO timeline ({_first_line(error)}).", "Export it again."
        ) from error


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number of JSON")


def _has_mixed_clip(document: object) -> bool:
    """Whether a clip calls itself ``Clip.1`` and is written as ``Clip.2``: OTIO 0.18 dies of it."""
    waiting = [document]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Mapping):
            if one.get("OTIO_SCHEMA") == "Clip.1" and "media_references" in one:
                return True
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
    return False


def read_otioz(path: Path, extract_to: Path) -> otio.core.SerializableObject:
    """Read a bundle and unpack its media, so that the clips are online.

    Args:
        path: The bundle.
        extract_to: The folder that will hold ``media/``; what is there already is not unpacked again.

    Raises:
        TimelineError: It is not a bundle, or a crafted one.
    """
    try:
        with zipfile.ZipFile(path) as bundle:
            if CONTENT not in bundle.namelist():
                raise TimelineError(f"{path} is a zip without {CONTENT}.", "Give an .otioz bundle.")
            for member in bundle.infolist():
                _refuse_outside(member, path)
            found = parse(bundle.read(CONTENT).decode("utf-8-sig"), f"{path}/{CONTENT}")
            for member in bundle.infolist():
                if member.filename.startswith(f"{MEDIA}/") and not member.is_dir():
                    _unpack(bundle, member, extract_to, path)
            return found
    except (zipfile.BadZipFile, UnicodeDecodeError, EOFError, NotImplementedError, RuntimeError) as error:
        raise TimelineError(
            f"{path} is not a bundle that can be read ({error}).", "Export it again."
        ) from error


def _refuse_outside(member: zipfile.ZipInfo, path: Path) -> None:
    inside = PurePosixPath(member.filename)
    is_link = stat.S_ISLNK(member.external_attr >> 16)
    if ".." in inside.parts or inside.is_absolute() or {"\\", ":"} & set(member.filename) or is_link:
        raise TimelineError(
            f"{path} holds a file outside its own folder: {member.filename!r}.", "It is refused."
        )


def _unpack(bundle: zipfile.ZipFile, member: zipfile.ZipInfo, folder: Path, path: Path) -> None:
    inside = PurePosixPath(member.filename)
    if member.file_size > _RATIO_MATTERS and member.file_size > _HIGHEST_RATIO * max(member.compress_size, 1):
        raise TimelineError(
            f"{path} holds a file that unpacks to {member.file_size} bytes.", "It is refused."
        )
    target = folder.joinpath(*inside.parts)
    if target.exists() and target.stat().st_size == member.file_size:
        return
    make_folder(target.parent)
    with whole(target) as temporary, bundle.open(member) as source, temporary.open("wb") as sink:
        while block := source.read(2**20):
            sink.write(block)


def write(timeline: Timeline, target: Target) -> tuple[Files, tuple[Loss, ...]]:
    """OTIO as one editor wants it.

    Args:
        timeline: What it says; media paths in it are the ones to name.
        target: Where to, and the user's own timeline, whose metadata and effects stay.
    """
    flavoured = import_module(f"avm_otio.formats.otio.{_FLAVOURS[target.editor or 'otio']}").flavoured
    source = timeline_of(timeline) if target.source is None else target.source
    made, losses = flavoured(source, timeline, target.folder)
    if target.path.suffix.lower() == ".otioz":
        return {target.path: lambda path: _bundle(made, path, target.folder)}, losses
    return {target.path: lambda path: _save(made, path)}, losses


def _save(timeline: otio.schema.Timeline, path: Path) -> None:
    path.write_text(timeline.to_json_string(), encoding="utf-8")


def write_otio(timeline: otio.schema.Timeline, path: Path) -> None:
    """Write plain OTIO JSON.

    Raises:
        OutputError: It cannot be written.
    """
    with whole(path) as temporary:
        _save(timeline, temporary)


def write_otioz(timeline: otio.schema.Timeline, path: Path, folder: Path) -> tuple[str, ...]:
    """Write a bundle with all media inside, under readable names that differ.

    Args:
        timeline: The timeline; not modified.
        path: Where to write.
        folder: The folder from which its relative URLs are meant.

    Returns:
        What could not be bundled, one line each; such references stay as they are.

    Raises:
        OutputError: It cannot be written.
    """
    with whole(path) as temporary:
        return _bundle(timeline, temporary, folder)


def _bundle(timeline: otio.schema.Timeline, path: Path, folder: Path) -> tuple[str, ...]:
    copy: otio.schema.Timeline = timeline.deepcopy()
    inside: dict[Path, str] = {}
    taken: set[str] = set()
    notes: list[str] = []
    for clip in copy.find_clips():
        for reference in clip.media_references().values():
            if isinstance(reference, otio.schema.ImageSequenceReference):
                reference.target_url_base = _bundle_sequence(reference, folder, inside, taken, notes)
            elif isinstance(reference, otio.schema.ExternalReference):
                found = next((p for p in paths_of(reference.target_url, folder) if p.is_file()), None)
                if found is None:
                    notes.append(
                        f"Not bundled: “{clip.name}” names {reference.target_url}, which is not there."
                    )
                else:
                    reference.target_url = f"{MEDIA}/{_inside(found.resolve(), inside, taken)}"
    with zipfile.ZipFile(path, "w") as bundle:
        bundle.writestr(CONTENT, copy.to_json_string(), zipfile.ZIP_DEFLATED)
        bundle.writestr("version.txt", "1.0.0", zipfile.ZIP_DEFLATED)
        for source, name in inside.items():
            bundle.write(source, f"{MEDIA}/{name}", zipfile.ZIP_STORED)
    return tuple(dict.fromkeys(notes))


def _bundle_sequence(
    reference: Any, folder: Path, inside: dict[Path, str], taken: set[str], notes: list[str]
) -> str:
    base = next((p for p in paths_of(reference.target_url_base, folder) if p.is_dir()), None)
    if base is None:
        notes.append(f"Not bundled: the images in {reference.target_url_base}, which is not there.")
        return str(reference.target_url_base)
    name = free_name(reference.name_prefix.strip("._- ") or base.name, taken)
    for frame in range(reference.number_of_images_in_sequence()):
        image = base / Path(reference.target_url_for_image_number(frame)).name
        if image.is_file():
            inside[image.resolve()] = f"{name}/{image.name}"
    return f"{MEDIA}/{name}/"


def _inside(path: Path, inside: dict[Path, str], taken: set[str]) -> str:
    if path not in inside:
        inside[path] = free_name(path.name, taken)
    return inside[path]


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
