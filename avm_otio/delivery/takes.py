"""The kinds of sound files that an editor takes in, where its maker lists them.

Only what a maker lists is linked; any other sound is made into a WAV, and that is reported. Editors without a
list here decode with FFmpeg or libraries as broad (Kdenlive, Blender, Reaper), or get WAVs anyway (Avid, Pro
Tools).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePosixPath

from avm_otio.timeline.model import Media, Timeline, TrackKind
from avm_otio.timeline.urls import is_web

_IN_CONTAINERS = frozenset((".mov", ".mp4", ".m4v", ".mxf"))
"""What may hold sound alone, and is listed as a container by all three."""

TAKES: Mapping[str, frozenset[str]] = {
    # Adobe, "Supported file formats", helpx.adobe.com/premiere-pro/using/supported-file-formats.html [off].
    "premiere": _IN_CONTAINERS
    | {".aac", ".ac3", ".aif", ".aiff", ".asnd", ".avi", ".bwf", ".m4a", ".mp3", ".mpeg", ".wav", ".wma"},
    # DaVinci Resolve's manual, "Compatible Audio Formats" [off]; CAF on macOS alone.
    "resolve": _IN_CONTAINERS | {".aac", ".aif", ".aiff", ".bwf", ".m4a", ".mp3", ".mts", ".wav"},
    # Apple, "Supported media formats in Final Cut Pro" [off].
    "fcp": _IN_CONTAINERS | {".aac", ".aif", ".aiff", ".bwf", ".caf", ".m4a", ".mp3", ".rf64", ".wav"},
}
"""Editor → endings of sound that its maker lists."""


def must_be_converted(editor: str) -> Callable[[Media], bool]:
    """Whether a piece of media is a sound of a kind that the maker of an editor does not list."""
    listed = TAKES.get(editor)
    if listed is None:
        return lambda media: False
    return lambda media: not media.has_picture and not is_web(media.path) and ending(media) not in listed


def ending(media: Media) -> str:
    """The ending of the file of a piece of media, lower case with the dot."""
    return PurePosixPath(media.path.replace("\\", "/")).suffix.lower()


def sounds(timeline: Timeline) -> Iterator[Media]:
    """Media that is there and heard on a sound track, those of nests among them."""
    for track in timeline.tracks:
        for clip in track.clips:
            if isinstance(clip.content, Timeline):
                yield from sounds(clip.content)
            elif track.kind is TrackKind.AUDIO and clip.media is not None and clip.media.is_online:
                yield clip.media
