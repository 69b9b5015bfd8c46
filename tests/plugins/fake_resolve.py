"""A stand-in for DaVinci Resolve's scripting objects, with the traps that its real ones have.

What it is held to: the names and signatures of Blackmagic Design's scripting README (``fusionscript-stubs``
declares them), and what users of it report: a call that fails answers ``None`` without a word; every name
seems to be there; of clips that overlap the later one is dropped; a track is mono unless said otherwise; one
marker a frame. Nothing here has been held against the real program.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from importlib import metadata
from pathlib import Path
from typing import Any

import opentimelineio as otio


class Seems:
    """Every name is there; what the host does not have answers ``None``."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda *_: None


@dataclass
class PoolItem(Seems):
    path: Path

    def GetName(self) -> str:
        return self.path.name


@dataclass
class Item(Seems):
    name: str
    start: int
    frames: int
    source: PoolItem | None = None
    is_enabled: bool = True
    can_switch: bool = True
    media_start: float | None = None
    """Frames of its file that are left out; ``None`` where the host does not tell."""

    def GetLeftOffset(self, subframe_precision: bool = False) -> float | None:
        return self.media_start

    def SetClipEnabled(self, is_enabled: bool) -> bool | None:
        if not self.can_switch:
            return None
        self.is_enabled = is_enabled
        return True

    def GetClipEnabled(self) -> bool | None:
        return self.is_enabled if self.can_switch else None

    def GetName(self) -> str:
        return self.name

    def GetStart(self) -> int:
        return self.start

    def GetEnd(self) -> int:
        return self.start + self.frames

    def GetDuration(self) -> int:
        return self.frames


@dataclass
class Track:
    kind: str
    name: str
    channels: str = ""
    items: list[Item] = field(default_factory=list)
    locked: bool = False


@dataclass
class Timeline(Seems):
    name: str
    rate: str
    is_drop: bool = False
    start: int = 86_400
    cut: str = ""
    tracks: list[Track] = field(default_factory=list)
    marks: dict[str, Any] | None = field(default_factory=dict)
    markers: dict[int, dict[str, Any]] = field(default_factory=dict)
    selected: Item | None = None
    refuses_tracks: bool = False
    refuses_export: bool = False

    def GetName(self) -> str:
        return self.name

    def GetStartFrame(self) -> int:
        return self.start

    def GetEndFrame(self) -> int:
        return max((item.GetEnd() for track in self.tracks for item in track.items), default=self.start)

    def GetSetting(self, name: str) -> str | None:
        dropping = "1" if self.is_drop else "0"
        return {"timelineFrameRate": self.rate, "timelineDropFrameTimecode": dropping}.get(name)

    def GetMarkInOut(self) -> dict[str, Any] | None:
        return self.marks

    def GetCurrentVideoItem(self) -> Item | None:
        return self.selected

    def Export(self, path: str, kind: object, subtype: object) -> bool:
        if self.refuses_export or kind != "otio":
            return False
        Path(path).write_text(self.cut)
        return True

    def _of(self, kind: str) -> list[Track]:
        return [track for track in self.tracks if track.kind == kind]

    def GetTrackCount(self, kind: str) -> int:
        return len(self._of(kind))

    def AddTrack(self, kind: str, channels: str = "mono") -> bool:
        if self.refuses_tracks:
            return False
        self.tracks.append(Track(kind, f"{kind} {self.GetTrackCount(kind) + 1}", channels))
        return True

    def DeleteTrack(self, kind: str, index: int) -> bool:
        self.tracks.remove(self._of(kind)[index - 1])
        return True

    def GetTrackName(self, kind: str, index: int) -> str:
        return self._of(kind)[index - 1].name

    def GetTrackSubType(self, kind: str, index: int) -> str:
        return self._of(kind)[index - 1].channels

    def SetTrackName(self, kind: str, index: int, name: str) -> bool:
        self._of(kind)[index - 1].name = name
        return True

    def GetItemListInTrack(self, kind: str, index: int) -> list[Item]:
        return sorted(self._of(kind)[index - 1].items, key=Item.GetStart)

    def DeleteClips(self, items: list[Item], ripple: bool = False) -> bool:
        for track in self.tracks:
            track.items = [item for item in track.items if all(item is not one for one in items)]
        return True

    def AddMarker(self, frame: int, color: str, name: str, note: str, frames: int, custom: str = "") -> bool:
        if frame in self.markers or frame < 0 or color not in {"Blue", "Cyan", "Green", "Yellow", "Red"}:
            return False
        self.markers[int(frame)] = {"name": name, "note": note, "color": color}
        return True


@dataclass
class MediaPool(Seems):
    project: Project

    def ImportMedia(self, paths: list[str]) -> list[PoolItem] | None:
        if not all(Path(path).is_file() for path in paths):
            return None
        self.project.pool.update(map(Path, paths))
        return [PoolItem(Path(path)) for path in paths]

    def GetRootFolder(self) -> Seems:
        return Seems()

    def AppendToTimeline(self, clips: list[dict[str, Any]]) -> list[Item] | None:
        timeline = self.project.timeline
        if timeline is None:
            return None
        made = []
        for info in clips:
            tracks = timeline._of("audio") if info.get("mediaType") == 2 else timeline._of("video")
            index = int(info["trackIndex"])
            first = math.floor(info["startFrame"]) if self.project.counts_frames else info["startFrame"]
            frames = round(info["endFrame"] - info["startFrame"]) + self.project.last_frame_is_played
            there = self.project.media_frames.get(info["mediaPoolItem"].GetName(), frames)
            if self.project.refuses_beyond_media and frames > there:
                continue
            frames = min(frames, there)
            start = int(info["recordFrame"])
            if not 1 <= index <= len(tracks):
                continue
            track = tracks[index - 1]
            if any(item.start < start + frames and start < item.GetEnd() for item in track.items):
                continue  # the later of two that overlap, without a word
            item = Item(info["mediaPoolItem"].GetName(), start, frames, info["mediaPoolItem"])
            item.can_switch = self.project.can_switch
            item.media_start = first if self.project.tells_offsets else None
            track.items.append(item)
            made.append(item)
        return made or None

    def ImportTimelineFromFile(self, path: str, options: dict[str, Any] | None = None) -> Timeline | None:
        options = options or {}
        if not self.project.is_saved or not Path(path).is_absolute() or not Path(path).is_file():
            return None
        imports = options.get("importSourceClips", True)
        if imports and not self.project.imports_media:
            return None
        read = otio.adapters.read_from_file(path)
        name = options.get("timelineName", read.name)
        if name in [each.name for each in self.project.timelines]:
            return None
        start = read.global_start_time.to_frames() if read.global_start_time else 0
        made = Timeline(name, self.project.timelines[0].rate, start=start)
        for each in read.tracks:
            track = Track(each.kind.lower(), each.name, _channels(each))
            for clip in each.find_clips():
                media = Path(getattr(clip.media_reference, "target_url", ""))
                if each.kind == "Audio" and not (media.is_file() if imports else media in self.project.pool):
                    return None
                span = clip.trimmed_range_in_parent()
                at, frames = round(span.start_time.value), round(span.duration.value)
                track.items.append(Item(clip.name, start + at, frames, PoolItem(media), clip.enabled))
            made.tracks.append(track)
        self.project.timelines.append(made)
        return made


@dataclass
class DroppingPool(MediaPool):
    """Drops one sound without a word."""

    dropped: str = "Hit.wav"

    def AppendToTimeline(self, clips: list[dict[str, Any]]) -> list[Item] | None:
        if clips[0]["mediaPoolItem"].GetName() == self.dropped:
            return None
        return super().AppendToTimeline(clips)


def _channels(track: otio.schema.Track) -> str:
    return str(track.metadata.get("Resolve_OTIO", {}).get("Audio Type", "Mono")).lower()


@dataclass
class Project(Seems):
    timelines: list[Timeline]
    timeline: Timeline | None = None
    is_saved: bool = True
    last_frame_is_played: bool = True
    media_frames: dict[str, int] = field(default_factory=dict)
    refuses_beyond_media: bool = False
    can_switch: bool = True
    counts_frames: bool = False
    """Takes in points of files in whole frames only."""
    tells_offsets: bool = True
    imports_media: bool = True
    """With a timeline: the App Store's edition does not, users report."""
    pool: set[Path] = field(default_factory=set)

    def GetCurrentTimeline(self) -> Timeline | None:
        return self.timeline

    def SetCurrentTimeline(self, timeline: Timeline) -> bool:
        self.timeline = timeline
        return True

    def GetTimelineCount(self) -> int:
        return len(self.timelines)

    def GetTimelineByIndex(self, index: int) -> Timeline:
        return self.timelines[index - 1]

    def GetMediaPool(self) -> MediaPool:
        return MediaPool(self)


@dataclass
class Resolve(Seems):
    project: Project | None
    version: str = "20.2.0"
    windows: Any = None
    EXPORT_OTIO: object = "otio"
    EXPORT_NONE: object = "none"

    def GetProjectManager(self) -> Resolve:
        return self

    def GetCurrentProject(self) -> Project | None:
        return self.project

    def GetVersionString(self) -> str:
        return self.version

    def Fusion(self) -> Fusion:
        return Fusion(None if self.windows is None else self.windows.manager)


@dataclass
class MapsPaths(Seems):
    """The host's ``fusion``, as far as a script asks it where scripts lie."""

    folder: Path
    UIManager: Any = None

    def MapPath(self, path: str) -> str:
        assert path == "Scripts:Utility/"
        return f"{self.folder}/"


@dataclass
class Fusion(Seems):
    """Studio has a ``UIManager``, the free edition none."""

    UIManager: Any


def saved(timeline: otio.schema.Timeline) -> str:
    """A timeline as the host exports it."""
    return str(timeline.to_json_string())


GONE = ("io", "package", "require", "module", "debug", "ffi", "dofile", "setfenv", "getfenv")
"""What the free edition takes from scripts from 21.1 on, as several report who looked, and of ``os``, too;
and what nobody said is left.
"""


def run_lua(
    script: Path, host: Resolve | None, wait: Callable[[float], None], *, is_free: bool = False
) -> list[str]:
    """Run a menu item in LuaJIT, which is what the host runs it in.

    Args:
        script: The menu item.
        host: What ``resolve`` is there.
        wait: What ``bmd.wait`` does.
        is_free: As the free edition does it from 21.1 on: nothing that is printed is seen, either.

    Returns:
        What the console shows.
    """
    from lupa import luajit21

    lua = luajit21.LuaRuntime(unpack_returned_tuples=True)
    console: list[str] = []

    def to_lua(value: Any) -> Any:
        if isinstance(value, dict):
            return lua.table_from({name: to_lua(each) for name, each in value.items()})
        if isinstance(value, list):
            return lua.table_from([to_lua(each) for each in value])
        if isinstance(value, Seems):
            return ForLua(value)
        return value

    def to_python(value: Any) -> Any:
        if isinstance(value, ForLua):
            return value.meant
        if luajit21.lua_type(value) == "table":
            names = list(value.keys())
            if names == list(range(1, len(names) + 1)):
                return [to_python(each) for each in value.values()]
            return {name: to_python(each) for name, each in value.items()}
        return value

    class ForLua:
        meant: Seems

        def __init__(self, meant: Seems) -> None:
            vars(self)["meant"] = meant

        def __setattr__(self, name: str, value: Any) -> None:
            setattr(self.meant, name, to_python(value))

        def __getattr__(self, name: str) -> Any:
            found = getattr(self.meant, name)
            if not callable(found):
                return to_lua(found)
            return lambda _, *arguments: to_lua(found(*map(to_python, arguments)))

    names = lua.globals()
    names.print = lambda *words: console.append(" ".join(map(str, words)))
    names.resolve = ForLua(host) if host is not None else None
    windows = host.windows if host is not None else None
    names.bmd = lua.table_from({"wait": wait})
    if windows is not None:
        names.bmd.UIDispatcher = lambda manager: to_lua(windows.dispatcher(to_python(manager)))
    run = lua.eval("dofile")
    if is_free:
        for name in GONE:
            names[name] = None
        lua.execute("for _, name in ipairs({'execute', 'remove', 'rename', 'tmpname'}) do os[name] = nil end")
        names.bmd.fileexists = lambda path: Path(path).is_file()
        names.bmd.direxists = lambda path: Path(path).is_dir()
        names.fusion = ForLua(MapsPaths(script.parent))
        names.print = lambda *words: None
    run(str(script))
    return console


def declared() -> set[str]:
    """The names of all that the host's objects have, as its maker says."""
    (stub,) = (path for path in metadata.files("fusionscript-stubs") or () if path.name == "fusionscript.pyi")
    text = Path(str(stub.locate())).read_text(encoding="utf-8")
    return set(re.findall(r"def (\w+)\(", text)) | set(re.findall(r"\bEXPORT_\w+", text))


def frames_of(rate: str) -> Fraction:
    """A rate as the host's settings say it."""
    return {"23.976": Fraction(24_000, 1001), "29.97": Fraction(30_000, 1001)}.get(rate, Fraction(rate))
