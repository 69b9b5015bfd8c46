"""OTIO's own files: ``.otio`` (JSON) and the bundles ``.otioz`` (a zip) and ``.otiod`` (a folder)."""

from __future__ import annotations

import json
import lzma
import shutil
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from functools import cache, partial
from importlib import import_module
from pathlib import Path, PurePosixPath
from typing import Any, NoReturn

import opentimelineio as otio

from avm_otio.errors import OutputError, TimelineError
from avm_otio.files import free_name, whole
from avm_otio.formats.format import Files, Target
from avm_otio.formats.otio.frames import available_json, in_own_time, unmeasured
from avm_otio.formats.otio.json_form import Document, is_a, range_json, reference_of
from avm_otio.formats.otio.metadata import storable_text
from avm_otio.formats.otio.write import document, lanes, otio_of
from avm_otio.limits import in_force
from avm_otio.strangers import admitted
from avm_otio.timeline.features import Loss
from avm_otio.timeline.model import Clip, Media, Timeline
from avm_otio.timeline.urls import UrlStyle, paths_of, rebased, url_of
from avm_otio.unpacked import is_there, unpacking

_FLAVOURS = {
    "otio": "files",
    "resolve": "resolve",
    "premiere": "premiere",
    "kdenlive": "kdenlive",
    "blender": "resolve",  # its importer reads what Resolve says of gain, fades and links
}
"""Editor → the module whose ``flavoured`` makes its OTIO timeline. Loaded when needed."""

CONTENT = "content.otio"
MEDIA = "media"

_BROKEN = (
    zipfile.BadZipFile,
    UnicodeDecodeError,
    EOFError,
    NotImplementedError,
    RuntimeError,
    lzma.LZMAError,
    struct.error,
    zlib.error,
)
"""What reading a damaged zip ends in: its own error, and those of what packs and describes its members."""

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
    if _REFERENCE in text:
        _refuse_references(document, name)
    if '"Clip.1"' in text and _has_mixed_clip(document):
        raise TimelineError(f"{name} has clips of two versions of OTIO in one.", "Export it again.")
    try:
        return otio.core.deserialize_json_from_string(text)
    except Exception as error:  # OTIO raises many kinds, and plain ones
        raise TimelineError(
            f"{name} is not an OTIO timeline ({_first_line(error)}).", "Export it again."
        ) from error


_REFERENCE = "SerializableObjectRef"
"""Stands for an object that is written elsewhere, by the ``OTIO_REF_ID`` that it has there."""


def _refuse_references(document: object, name: str) -> None:
    """Check that no object holds itself, and that they do not double without end: OTIO writes each out."""
    sizes: dict[str, int | None] = {}  # values in an object; None while they are counted
    count = 0

    def size(one: object) -> int:
        nonlocal count
        count += 1
        if isinstance(one, list):
            return 1 + sum(map(size, one))
        if not isinstance(one, Mapping):
            return 1
        if str(one.get("OTIO_SCHEMA", "")).startswith(_REFERENCE):
            found = sizes.get(str(one.get("id")), 1)
            if found is None:
                raise TimelineError(f"{name} holds an object that holds itself.", "Export it again.")
            return found
        label = str(one["OTIO_REF_ID"]) if "OTIO_REF_ID" in one else None
        if label is not None:
            sizes[label] = None
        total = 1 + sum(map(size, one.values()))
        if label is not None:
            sizes[label] = total
        return total

    try:
        more = size(document) - count
    except RecursionError as error:
        raise TimelineError(f"{name} is nested too deeply.", "Export the timeline again.") from error
    what = f"The references of {name} come to {min(more, 10**9)} values more than it holds"
    in_force().check("objects", more, what)


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
            _refuse_large(bundle, path)
            for member in bundle.infolist():
                _refuse_outside(member, path)
            if CONTENT not in bundle.namelist():
                raise TimelineError(f"{path} is a zip without {CONTENT}.", "Give an .otioz bundle.")
            with bundle.open(CONTENT) as content:
                text = content.read(bundle.getinfo(CONTENT).file_size).decode("utf-8-sig")
            found = parse(text, f"{path}/{CONTENT}")
            _unpack(bundle, extract_to)
            return found
    except _BROKEN as error:
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


def _refuse_large(bundle: zipfile.ZipFile, path: Path) -> None:
    """Check all that a bundle would unpack to before any of it is; zipfile reads no more than it states."""
    limits, members = in_force(), bundle.infolist()
    limits.check("members", len(members), f"{path} holds {len(members)} files")
    total = sum(member.file_size for member in members)
    unpacked = f"{path} unpacks to {total} bytes"
    limits.check("unpacked", total, unpacked)
    packed = max(1, path.stat().st_size)  # members may lie in one another, and say what they please
    if total > _RATIO_MATTERS:
        limits.check("ratio", total // packed, f"{unpacked}, {total // packed} times its size")
    content = max((member.file_size for member in members if member.filename == CONTENT), default=0)
    limits.check("bytes", content, f"{path}/{CONTENT} has {content} bytes")
    free = shutil.disk_usage(path.absolute().parent).free
    if total > free:
        raise OutputError(f"{unpacked}, and the disk has {free} left.", "Free up space, then run it again.")


def _unpack(bundle: zipfile.ZipFile, folder: Path) -> None:
    media = [one for one in bundle.infolist() if one.filename.startswith(f"{MEDIA}/") and not one.is_dir()]
    missing = [one for one in media if not is_there(folder / one.filename, one.file_size)]
    if not missing:
        return
    with unpacking(folder) as unpacked:
        for member in missing:
            with bundle.open(member) as source:
                unpacked.add(PurePosixPath(member.filename), iter(partial(source.read, 2**20), b""))


def write(timeline: Timeline, target: Target) -> tuple[Files, tuple[Loss, ...]]:
    """OTIO as one editor wants it.

    Args:
        timeline: The timeline, its media where they are to be named.
        target: Where to, and for whom.
    """
    flavoured = import_module(f"avm_otio.formats.otio.{_FLAVOURS[target.editor or 'otio']}").flavoured
    made, losses = flavoured(timeline, target.folder)
    if target.path.suffix.lower() == ".otioz":
        return {target.path: lambda path: _bundle(made, path, target.folder, target.is_media)}, losses
    return {target.path: lambda path: _save(made, path)}, losses


def _save(document: Document, path: Path) -> None:
    path.write_text(otio_of(document).to_json_string(), encoding="utf-8")


def write_otio(document: Document, path: Path) -> None:
    """Write plain OTIO JSON.

    Raises:
        OutputError: It cannot be written.
    """
    with whole(path) as temporary:
        _save(document, temporary)


def write_otioz(
    document: Document, path: Path, folder: Path, is_media: Callable[[Path], bool]
) -> tuple[str, ...]:
    """Write a bundle with all media inside, under readable names that differ.

    Args:
        document: The timeline; its references are changed to name what is in the bundle.
        path: Where to write.
        folder: The folder from which its relative URLs are meant.
        is_media: Whether a file is media: nothing else is put into a bundle because a timeline names it.

    Returns:
        What could not be bundled, one line each; such references stay as they are.

    Raises:
        OutputError: It cannot be written.
    """
    with whole(path) as temporary:
        return _bundle(document, temporary, folder, is_media)


def _bundle(
    document: Document, path: Path, folder: Path, is_media: Callable[[Path], bool]
) -> tuple[str, ...]:
    is_media = cache(is_media)
    inside: dict[Path, str] = {}
    taken: set[str] = set()
    notes: list[str] = []
    for name, reference in references(document):
        if is_a(reference, "ImageSequenceReference"):
            reference["target_url_base"] = _bundle_sequence(reference, folder, inside, taken, notes, is_media)
        elif is_a(reference, "ExternalReference"):
            url = reference["target_url"]
            may = (admitted(path, folder) for path in paths_of(url, folder))
            found = next((path for path in may if path is not None and path.is_file()), None)
            if found is None:
                notes.append(f"Not bundled: “{name}” names {url}, which is not there.")
            elif not is_media(found):
                notes.append(f"Not bundled: “{name}” names {url}, which is no media file.")
            else:
                reference["target_url"] = f"{MEDIA}/{_inside(found.resolve(), inside, taken)}"
    with zipfile.ZipFile(path, "w") as bundle:
        bundle.writestr(CONTENT, otio_of(document).to_json_string(), zipfile.ZIP_DEFLATED)
        bundle.writestr("version.txt", "1.0.0", zipfile.ZIP_DEFLATED)
        for source, name in inside.items():
            bundle.write(source, f"{MEDIA}/{name}", zipfile.ZIP_STORED)
    return tuple(dict.fromkeys(notes))


def references(item: Document) -> Iterator[tuple[str, Document]]:
    """Every media reference of a timeline, a track or a clip, with the name of its clip."""
    for reference in item.get("media_references", {}).values():
        yield item["name"], reference
    for child in item["tracks"]["children"] if is_a(item, "Timeline") else item.get("children", ()):
        yield from references(child)


def rebase(document: Document, old_folder: Path, new_folder: Path) -> None:
    """Say the relative URLs of a timeline, meant from one folder, from another."""
    for _, reference in references(document):
        if is_a(reference, "ExternalReference"):
            reference["target_url"] = rebased(reference["target_url"] or "", old_folder, new_folder)
        elif is_a(reference, "ImageSequenceReference"):
            base = reference["target_url_base"] or ""
            anew = rebased(base, old_folder, new_folder)
            is_folder = anew.endswith("/") or not base.endswith("/")
            reference["target_url_base"] = anew if is_folder else f"{anew}/"


def _bundle_sequence(
    reference: Document,
    folder: Path,
    inside: dict[Path, str],
    taken: set[str],
    notes: list[str],
    is_media: Callable[[Path], bool],
) -> str:
    base: str = reference["target_url_base"]
    prefix, suffix = reference["name_prefix"] or "", reference["name_suffix"] or ""

    def is_image(name: str) -> bool:
        return name.startswith(prefix) and name.endswith(suffix)

    may = (admitted(path, folder, is_image) for path in paths_of(base, folder))
    images = next((path for path in may if path is not None and path.is_dir()), None)
    if images is None:
        notes.append(f"Not bundled: the images in {base}, which is not there.")
        return base
    name = free_name(reference["name_prefix"].strip("._- ") or images.name, taken)
    numbered: Any = otio.core.deserialize_json_from_string(storable_text(reference))
    for frame in range(numbered.number_of_images_in_sequence()):
        image = images / Path(numbered.target_url_for_image_number(frame)).name
        if image.is_file() and is_media(image):
            inside[image.resolve()] = f"{name}/{image.name}"
    return f"{MEDIA}/{name}/"


def _inside(path: Path, inside: dict[Path, str], taken: set[str]) -> str:
    if path not in inside:
        inside[path] = free_name(path.name, taken)
    return inside[path]


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__


def flavoured(timeline: Timeline, folder: Path) -> tuple[Document, tuple[Loss, ...]]:
    """A timeline that names its media where they were delivered: below the folder relatively.

    Args:
        timeline: The timeline, its media where they are to be named.
        folder: Where the file will lie.

    Returns:
        The timeline in OTIO's JSON form, and no loss: OTIO says all that we know.
    """
    made = document(timeline)
    _point(made["tracks"], timeline, folder)
    return made, ()


def _point(stack: Document, timeline: Timeline, folder: Path) -> None:
    used = unmeasured(timeline)
    for lane in lanes(stack, timeline):
        for item, clip in lane.clips:
            if isinstance(clip.content, Timeline):
                _point(item, clip.content, folder)
                continue
            reference = reference_of(item)
            if reference is None or clip.media is None or not clip.media.is_online or not clip.media.path:
                continue
            if is_a(reference, "ImageSequenceReference"):
                reference["target_url_base"] = _url(clip.media, folder) + "/"
            elif Path(clip.media.path) not in paths_of(reference.get("target_url") or "", folder):
                _count_anew(item, clip, timeline.rate)
                reference["OTIO_SCHEMA"] = "ExternalReference.1"
                reference["target_url"] = _url(clip.media, folder)
                reference["available_range"] = available_json(clip.media, timeline.rate, used)


def _count_anew(item: Document, clip: Clip, rate: Fraction) -> None:
    """Where a file took another's place, count the range from its own first frame as its timecode does."""
    if item["source_range"] is None:
        first, last = clip.frames(rate)
        item["source_range"] = range_json(0, last - first, rate)
    in_own_time(item, clip, rate)


def _url(media: Media, folder: Path) -> str:
    path = Path(media.path)
    inside = path.is_relative_to(folder)
    return url_of(path, UrlStyle.RELATIVE if inside else UrlStyle.FILE_URL, folder)
