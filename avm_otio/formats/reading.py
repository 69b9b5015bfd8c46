"""The way in: a timeline read from any file that editors write."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from difflib import get_close_matches
from fractions import Fraction
from pathlib import Path

import opentimelineio as otio

from avm_otio.errors import TimelineError
from avm_otio.files import side_folder
from avm_otio.formats.making import many_values
from avm_otio.formats.otio import files as otio_plain
from avm_otio.formats.otio.read import from_otio
from avm_otio.formats.otio.write import timeline_of
from avm_otio.formats.table import readable, reader_of
from avm_otio.timeline.model import Timeline
from avm_otio.timeline.urls import UrlStyle, is_relative, rebased


@dataclass(frozen=True, slots=True)
class Opened:
    """A timeline and where it came from.

    Attributes:
        timeline: The timeline.
        path: The file it was read from.
        folder: The folder from which its relative URLs are meant.
        notes: What could not be read for certain, one line each.
    """

    timeline: otio.schema.Timeline
    path: Path
    folder: Path
    notes: tuple[str, ...] = ()

    @property
    def model(self) -> Timeline:
        """The timeline as this program works with it."""
        return from_otio(self.timeline)

    @property
    def side_folder(self) -> Path:
        """Where everything that belongs to this timeline is kept: ``<timeline>.avm`` beside it."""
        return side_folder(self.path)


def read(path: Path, *, rate: Fraction | None = None, sequence: str | None = None) -> Opened:
    """Read a timeline in any format that editors write.

    Args:
        path: The file (a folder, for ``.otiod``).
        rate: Frames a second, for an EDL, which does not say.
        sequence: Which timeline, where the file holds several.

    Raises:
        TimelineError: There is no such file, or it is not a timeline.
    """
    suffix = path.suffix.lower()
    if not path.exists():
        raise TimelineError(f"There is no file {path}.", _nearest_file(path))
    if suffix not in (*readable(), ".json"):
        raise TimelineError(
            f"{path} is not a timeline that can be read.", f"Readable are {', '.join(readable())}."
        )
    if path.is_dir() != (suffix == ".otiod"):
        raise TimelineError(f"{path} is a {'folder' if path.is_dir() else 'file'}.", "Give a timeline file.")
    folder = path.absolute().parent
    notes: tuple[str, ...] = ()
    try:
        if suffix == ".otioz":
            folder = side_folder(path) / f"bundle-{_checksum(path):08x}"
            found = otio_plain.read_otioz(path, folder)
        elif suffix == ".otiod":
            folder = path.absolute()
            inside = path / otio_plain.CONTENT
            found = otio_plain.parse(inside.read_text(encoding="utf-8-sig"), str(inside))
        elif suffix not in (".otio", ".json"):
            found, notes = _translated(path, suffix, rate)
        else:
            found = otio_plain.parse(path.read_text(encoding="utf-8-sig"), str(path))
    except UnicodeDecodeError as error:
        raise TimelineError(f"{path} is not text.", "Give a timeline file.") from error
    except OSError as error:
        raise TimelineError(f"{path} cannot be read ({error.strerror or error}).", "Check it.") from error
    return Opened(_one_timeline(found, path, sequence), path, folder, notes)


def _translated(
    path: Path, suffix: str, rate: Fraction | None
) -> tuple[otio.core.SerializableObject, tuple[str, ...]]:
    """All timelines of a file in an editor's own format, and notes."""
    reader = reader_of(suffix)
    assert reader is not None  # its suffix can be read
    assert reader.read is not None
    with many_values():
        timelines, notes = reader.read(path, rate)
        found = otio.schema.SerializableCollection(path.stem, [timeline_of(each) for each in timelines])
    return found, notes


def save(opened: Opened, path: Path) -> tuple[str, ...]:
    """Write OTIO with all that stands in it; the relative URLs in it are meant from there.

    Returns:
        What the file could not take, one line each.

    Raises:
        OutputError: It cannot be written.
    """
    if path.suffix.lower() == ".otioz":
        return otio_plain.write_otioz(opened.timeline, path, opened.folder)
    otio_plain.write_otio(moved(opened, path.absolute().parent).timeline, path)
    return ()


def moved(opened: Opened, folder: Path) -> Opened:
    """The same timeline as a file in another folder names its media."""
    if folder.absolute() == opened.folder.absolute():
        return opened
    copy: otio.schema.Timeline = opened.timeline.deepcopy()
    for reference in _references(copy):
        _say_anew(reference, lambda url: rebased(url, opened.folder, folder))
    return replace(opened, timeline=copy, folder=folder)


def url_style(timeline: otio.schema.Timeline) -> UrlStyle:
    """How a timeline names its media, so that what is added is named alike."""
    urls = [url for url in map(_url, _references(timeline)) if url]
    if any(is_relative(url) for url in urls):
        return UrlStyle.RELATIVE
    if urls and not any(url.lower().startswith("file:") for url in urls):
        return UrlStyle.PATH
    return UrlStyle.FILE_URL


def _references(timeline: otio.schema.Timeline) -> Iterable[otio.core.MediaReference]:
    for clip in timeline.find_clips():
        yield from clip.media_references().values()


def _url(reference: otio.core.MediaReference) -> str:
    return getattr(reference, "target_url", None) or getattr(reference, "target_url_base", None) or ""


def _say_anew(reference: otio.core.MediaReference, change: Callable[[str], str]) -> None:
    if isinstance(reference, otio.schema.ExternalReference):
        reference.target_url = change(reference.target_url or "")
    elif isinstance(reference, otio.schema.ImageSequenceReference):
        base = reference.target_url_base or ""
        anew = change(base)
        reference.target_url_base = anew if anew.endswith("/") or not base.endswith("/") else f"{anew}/"


def _one_timeline(
    found: otio.core.SerializableObject, path: Path, sequence: str | None
) -> otio.schema.Timeline:
    if isinstance(found, otio.schema.SerializableCollection):
        timelines = [one for one in found if isinstance(one, otio.schema.Timeline)]
    elif isinstance(found, otio.schema.Timeline):
        timelines = [found]
    elif isinstance(found, otio.core.Item):
        timelines = [_around(found)]
    else:
        timelines = []
    if sequence is not None:
        names = [one.name for one in timelines]
        timelines = [one for one in timelines if one.name == sequence]
        if not timelines:
            raise TimelineError(
                f"{path} holds no timeline “{sequence}”.", f"It holds: {', '.join(names) or 'none'}."
            )
    if not timelines:
        raise TimelineError(f"{path} holds no timeline.", "Export the timeline again, or as .otio.")
    if len(timelines) > 1:
        names = [f"“{one.name}”" for one in timelines]
        raise TimelineError(
            f"{path} holds {len(names)} timelines: {', '.join(names)}.", "Give --sequence NAME."
        )
    return timelines[0]


def _around(item: otio.core.Item) -> otio.schema.Timeline:
    """A timeline of a bare clip, track or stack."""
    timeline = otio.schema.Timeline(item.name)
    if isinstance(item, otio.schema.Stack):
        timeline.tracks = item
    elif isinstance(item, otio.schema.Track):
        timeline.tracks.append(item)
    else:
        timeline.tracks.append(otio.schema.Track("V1", [item]))
    return timeline


def _nearest_file(path: Path) -> str:
    try:
        beside = [one.name for one in path.parent.iterdir() if one.suffix.lower() in readable()]
    except OSError:
        return "Check the path."
    close = get_close_matches(path.name, beside, n=1)
    return f"Did you mean {path.parent / close[0]}?" if close else "Check the path."


def _checksum(path: Path) -> int:
    value = 0
    with path.open("rb") as file:
        while block := file.read(2**20):
            value = zlib.crc32(block, value)
    return value
