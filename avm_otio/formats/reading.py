"""The way in: a timeline read from any file that editors write."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TypeVar

import opentimelineio as otio

from avm_otio.errors import TimelineError, traced
from avm_otio.files import side_folder
from avm_otio.formats.making import many_values
from avm_otio.formats.otio import files as otio_plain
from avm_otio.formats.otio.read import from_otio
from avm_otio.formats.otio.unread import unread
from avm_otio.formats.otio.write import document, timeline_of
from avm_otio.formats.table import readable, reader_of
from avm_otio.limits import in_force
from avm_otio.strangers import named_path
from avm_otio.text import nearest
from avm_otio.timeline.limits import bounded
from avm_otio.timeline.model import Clip, Marker, Timeline
from avm_otio.timeline.urls import UrlStyle, is_relative

_Named = TypeVar("_Named", Timeline, otio.schema.Timeline)


_MOST_NAMED = 6

_SENSELESS = (ValueError, TypeError, KeyError, IndexError, AttributeError, ArithmeticError)
"""What reading values that make no sense ends in, where no reader foresaw them: numbers that are none, or of
thousands of digits; lists in place of objects."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A timeline and where it came from.

    Attributes:
        timeline: The timeline.
        path: The file it was read from.
        folder: The folder from which its relative URLs are meant.
        notes: What could not be read for certain, one line each.
    """

    timeline: Timeline
    path: Path
    folder: Path
    notes: tuple[str, ...] = ()

    @property
    def otio_timeline(self) -> otio.schema.Timeline:
        """The timeline as OTIO's own object, made anew each time."""
        return timeline_of(self.timeline)

    def with_otio(self, timeline: otio.schema.Timeline) -> Opened:
        """The same with another timeline, given as OTIO's own object, in place of the one that was read.

        Raises:
            TimelineError: A clip has a range that no clip can have.
        """
        return replace(self, timeline=from_otio(timeline))

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
        raise TimelineError(f"There is no file {path}.", nearest_file(path))
    if suffix not in (*readable(), ".json"):
        raise TimelineError(
            f"{path} is not a timeline that can be read.", f"Readable are {', '.join(readable())}."
        )
    if not (path.is_dir() or path.is_file()):
        raise TimelineError(f"{path} is a pipe or a device, not a file.", "Give a timeline file.")
    if path.is_dir() != (suffix == ".otiod"):
        raise TimelineError(f"{path} is a {'folder' if path.is_dir() else 'file'}.", "Give a timeline file.")
    folder = path.absolute().parent
    if suffix != ".otioz":
        _refuse_large(path)
    notes: tuple[str, ...] = ()
    found: otio.core.SerializableObject | list[Timeline]
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
    except RecursionError as error:
        raise TimelineError(f"{path} is nested too deeply.", "Export the timeline again.") from error
    except UnicodeDecodeError as error:
        raise TimelineError(f"{path} is not text.", "Give a timeline file.") from error
    except OSError as error:
        raise TimelineError(f"{path} cannot be read ({error.strerror or error}).", "Check it.") from error
    except _SENSELESS as error:
        raise _senseless(path, error) from error
    try:
        timeline = (
            _chosen(found, path, sequence) if isinstance(found, list) else _of_otio(found, path, sequence)
        )
        if isinstance(found, list):
            timeline = _with_marker_colors(bounded(timeline), {})
        else:
            bounded(timeline)
    except RecursionError as error:
        raise TimelineError(f"{path} is nested too deeply.", "Export the timeline again.") from error
    except _SENSELESS as error:
        raise _senseless(path, error) from error
    return Opened(timeline, path, named_path(folder), notes if isinstance(found, list) else unread(timeline))


def _senseless(path: Path, error: Exception) -> TimelineError:
    words = str(error).partition("\n")[0][:200]
    refused = TimelineError(
        f"{path} says something that no timeline can ({type(error).__name__}: {words}).",
        "Export it again; if your editor opens it, report it as a fault of avm-otio.",
    )
    return traced(refused, error)  # what is wrong with the file and what with us looks alike here


def _refuse_large(path: Path) -> None:
    inside = {".otiod": otio_plain.CONTENT, ".fcpxmld": "Info.fcpxml"}.get(path.suffix.lower())
    document = path / inside if inside and path.is_dir() else path
    try:
        size = document.stat().st_size
    except OSError:
        return  # said where it is read
    in_force().check("bytes", size, f"{document} has {size} bytes")


def _translated(path: Path, suffix: str, rate: Fraction | None) -> tuple[list[Timeline], tuple[str, ...]]:
    """All timelines of a file in an editor's own format, and notes."""
    reader = reader_of(suffix)
    assert reader is not None  # its suffix can be read
    assert reader.read is not None
    with many_values():
        timelines, notes = reader.read(path, rate)
    return list(timelines), notes


def _with_marker_colors(timeline: Timeline, made: dict[int, Timeline]) -> Timeline:
    """The same with every marker that states no colour in green, OTIO's default.

    Args:
        timeline: The timeline.
        made: What was made of each nest: one that is used again stays one object.
    """
    if id(timeline) in made:
        return made[id(timeline)]

    def green(markers: tuple[Marker, ...]) -> tuple[Marker, ...]:
        return tuple(marker if marker.color else replace(marker, color="GREEN") for marker in markers)

    def of_clip(clip: Clip) -> Clip:
        if isinstance(clip.content, Timeline):
            clip = replace(clip, content=_with_marker_colors(clip.content, made))
        return replace(clip, markers=green(clip.markers)) if clip.markers else clip

    made[id(timeline)] = replace(
        timeline,
        markers=green(timeline.markers),
        tracks=tuple(
            replace(track, markers=green(track.markers), clips=tuple(map(of_clip, track.clips)))
            for track in timeline.tracks
        ),
    )
    return made[id(timeline)]


def save(opened: Opened, path: Path, *, is_media: Callable[[Path], bool] = Path.is_file) -> tuple[str, ...]:
    """Write OTIO with all that stands in it; the relative URLs in it are meant from there.

    Args:
        opened: The timeline.
        path: Where to write.
        is_media: Whether a file is media, and so may go into a bundle.

    Returns:
        What the file could not take, one line each.

    Raises:
        OutputError: It cannot be written.
    """
    made = document(opened.timeline)
    if path.suffix.lower() == ".otioz":
        return otio_plain.write_otioz(made, path, opened.folder, is_media)
    folder = named_path(path.absolute().parent)
    if folder != opened.folder.absolute():
        otio_plain.rebase(made, opened.folder, folder)
    otio_plain.write_otio(made, path)
    return ()


def url_style(timeline: Timeline) -> UrlStyle:
    """How a timeline names its media, so that what is added is named alike."""
    urls = [media.url for media in timeline.media() if media.url]
    if any(is_relative(url) for url in urls):
        return UrlStyle.RELATIVE
    if urls and not any(url.lower().startswith("file:") for url in urls):
        return UrlStyle.PATH
    return UrlStyle.FILE_URL


def _of_otio(found: otio.core.SerializableObject, path: Path, sequence: str | None) -> Timeline:
    """The timeline of an OTIO file."""
    timelines: list[otio.schema.Timeline] = []
    if isinstance(found, otio.schema.SerializableCollection):
        timelines = [inside for inside in found if isinstance(inside, otio.schema.Timeline)]
    elif isinstance(found, otio.schema.Timeline):
        timelines = [found]
    elif isinstance(found, otio.core.Item):
        timelines = [_around(found)]
    return from_otio(_chosen(timelines, path, sequence))


def _chosen(timelines: Sequence[_Named], path: Path, sequence: str | None) -> _Named:
    """The one timeline of a file, or the one that is asked for."""
    if sequence is not None:
        from avm_otio.timeline.select import alike

        names = [timeline.name for timeline in timelines]
        meant = alike(sequence, set(names))
        timelines = [timeline for timeline in timelines if timeline.name == meant]
        if not timelines:
            near = nearest(sequence, names)
            guess = f"Did you mean “{near}”? " if near else ""
            listed = ", ".join(f"“{name}”" for name in names)
            raise TimelineError(
                f"{path} holds no timeline “{sequence}”.", f"{guess}It holds: {listed or 'none'}."
            )
    if not timelines:
        raise TimelineError(f"{path} holds no timeline.", "Export the timeline again, or as .otio.")
    if len(timelines) > 1:
        names = [f"“{timeline.name}”" for timeline in timelines]
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


def nearest_file(path: Path, otherwise: str = "Check the path.") -> str:
    """What to do about a timeline that is not there: which of the timelines beside it may be meant.

    Args:
        path: As it was named.
        otherwise: What to do where no name is alike.
    """
    suffixes = {*readable(), ".json"}
    try:
        beside = sorted(one.name for one in path.parent.iterdir() if one.suffix.lower() in suffixes)
    except OSError:
        return f"There is no folder {path.parent} either. {otherwise}"
    by_stem = {name.rpartition(".")[0]: name for name in beside}
    if near := nearest(path.name, beside) or by_stem.get(nearest(path.stem, by_stem)):
        return f"Did you mean {path.parent / near}?"
    more = f" and {len(beside) - _MOST_NAMED} more" if len(beside) > _MOST_NAMED else ""
    return f"{otherwise} There are {', '.join(beside[:_MOST_NAMED])}{more}." if beside else otherwise


def _checksum(path: Path) -> int:
    value = 0
    with path.open("rb") as file:
        while block := file.read(2**20):
            value = zlib.crc32(block, value)
    return value
