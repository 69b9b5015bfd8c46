"""A.V. Mapping: music and sound effects for the current timeline, in DaVinci Resolve Studio.

Workspace > Scripts > AVM Score. Does what the items in Lua do, from one dialog: exports the timeline into
the watch folder, leaves a request there (docs/watch-folder.md), waits, and brings the scored timeline in.
Where the host has no windows, it scores what is marked, or the whole timeline, into a new one, and tells the
console.

The host's Python may be as old as 3.7, and has nothing installed.
"""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from fusionscript import MediaPool, MediaPoolItem, Project, Resolve, Timeline
    from fusionscript.fusionscript import MediaPoolClipInfo

    Json = dict[str, Any]
    Pause = Callable[[float], None]
    Say = Callable[[str], None]
    Show = Callable[[str, float | None], None]

NEEDS = "0.1.0"  # the oldest avm-otio that this item works with
LAST = "AVM Last Resolve Job.txt"  # in the watch folder: the request that was left last
SILENCE_S = 1.75  # a watcher that lives changes its file every second; that none does is said within two
GONE_S, LOOK_S = 30.0, 0.5  # one that was started needs a moment to begin
COLORS = {"music": "Blue", "effects": "Green", "dialogue": "Cyan"}
DROPS = {30: 2, 60: 4}  # frame numbers left out each minute but the tenth; SMPTE ST 12-1

Thing = TypeVar("Thing")


class Problem(Exception):  # noqa: N818  # what the user is told
    """What the user is told: what happened, to which thing, and what to do next."""


class Wish(NamedTuple):
    """What is asked for, and where it goes.

    Attributes:
        scope: "marked", "whole", "clip"; "any" for what is marked, or the whole where nothing is.
        services: Of "music", "effects", "denoise"; empty for what is configured.
        budget: An amount of money, or nothing.
        alternatives: How many others are laid with each, switched off; None for what is usual.
    """

    scope: str = "any"
    services: tuple[str, ...] = ()
    budget: str = ""
    alternatives: int | None = None


# Files.


def read(path: Path) -> str | None:
    """The text of a file; None where there is none."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return None


def read_json(path: Path) -> Json | None:
    """A JSON file; None where there is none, or none that is whole yet."""
    try:
        found = json.loads(read(path) or "")
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def write(path: Path, text: str) -> None:
    """Write a file.

    Raises:
        Problem: It cannot be written.
    """
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Problem(
            f"{path} was not written ({error.strerror}): free some room, or choose another watch folder with "
            "avm-otio plugin install resolve --watch-folder DIR."
        ) from error


# The program.


class Settings(NamedTuple):
    """What ``avm-otio plugin install`` wrote beside this file.

    Attributes:
        program: What to call.
        version: Of the program.
        watch_folder: Where requests go.
        starts_programs: Whether the host may.
    """

    program: list[str]
    version: str
    watch_folder: Path
    starts_programs: bool


def settings(folders: list[Path]) -> Settings:
    """The settings, which lie in one of some folders: the host does not always say where this file is.

    Raises:
        Problem: They are not there, or their watch folder is not.
    """
    paths = [folder / "AVM Score.json" for folder in folders]
    found = next((said for said in map(read_json, paths) if said is not None), {})
    if not (isinstance(found.get("program"), list) and found["program"] and found.get("watch_folder")):
        raise Problem(
            f"avm-otio was not found: {paths[0]} does not say where it is. Install it (pip install "
            "avm-otio), then run: avm-otio plugin install resolve"
        )
    watch_folder = Path(str(found["watch_folder"]))
    if not watch_folder.is_dir():
        raise Problem(
            f"The watch folder {watch_folder} is not there: make it, or run: "
            "avm-otio plugin install resolve --watch-folder DIR"
        )
    return Settings(
        [str(word) for word in found["program"]],
        str(found.get("program_version")),
        watch_folder,
        found.get("starts_programs") is not False,
    )


def is_older(version: str, than: str) -> bool:
    """Whether a version comes before another."""
    ours, theirs = ([int(part) for part in re.findall(r"\d+", said)[:3]] for said in (version, than))
    return ours < theirs


def check_version(version: str) -> None:
    """Raise where a program is too old."""
    if is_older(version, NEEDS):
        raise Problem(
            f"avm-otio {version} is older than this menu item (needs {NEEDS}): update it "
            "(pip install -U avm-otio)."
        )


def is_watched(folder: Path, pause: Pause) -> bool:
    """Whether somebody watches: two readings of its file, a little apart, differ. Nobody's clock is asked."""
    path = folder / "watcher.json"
    before = read(path)
    if before is None:
        return False
    for _ in range(int(SILENCE_S * 4)):
        pause(0.25)
        after = read(path)
        if after is not None and after != before:
            check_version(str((read_json(path) or {}).get("program") or NEEDS))
            return True
    return False


def start(found: Settings) -> subprocess.Popen[bytes] | None:
    """Carry out what lies in the watch folder, in a process that outlives this host.

    Returns:
        The process; None where it may not be started.

    Raises:
        Problem: The program is not there, or too old.
    """
    if not found.starts_programs:
        return None
    check_version(found.version)
    if not Path(found.program[0]).is_file():
        raise Problem(
            f"avm-otio was not found at {found.program[0]}: install it (pip install avm-otio), then run: "
            "avm-otio plugin install resolve"
        )
    # What the host sets for its own Python and libraries would break the program's.
    hosts = {"PYTHONHOME", "PYTHONPATH", "LD_LIBRARY_PATH"}
    without_window = 0x08000000 | 0x00000200  # CREATE_NO_WINDOW, CREATE_NEW_PROCESS_GROUP
    try:
        return subprocess.Popen(
            [*found.program, "watch", str(found.watch_folder), "--once"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={name: value for name, value in os.environ.items() if name not in hosts},
            creationflags=without_window if os.name == "nt" else 0,
            start_new_session=os.name != "nt",
        )
    except OSError:
        return None


# Timecode and lanes.


def timecode(frame: int, base: int, is_drop: bool) -> str:
    """A frame number as timecode; base is frames a second, rounded up."""
    if is_drop:
        drops = DROPS[base]
        tens, rest = divmod(frame, base * 600 - drops * 9)
        frame += drops * 9 * tens + drops * max(0, (rest - drops) // (base * 60 - drops))
    seconds, frames = divmod(frame, base)
    between = ";" if is_drop else ":"
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{between}{frames:02}"


def lanes_of(clips: list[Json]) -> list[tuple[str, list[Json]]]:
    """Clips in lanes of which none overlap: the host drops the later one without a word."""
    lanes: dict[str, list[Json]] = {}
    for clip in sorted(clips, key=lambda one: int(one["record_frame"])):
        name, number = clip["track"], 1
        while name in lanes and _end(lanes[name][-1]) > clip["record_frame"]:
            number += 1
            name = f"{clip['track']} {number}"
        lanes.setdefault(name, []).append(clip)
    return sorted(lanes.items())


def _end(clip: Json) -> int:
    return int(clip["record_frame"]) + int(clip["frames"])


# The host.


class Open(NamedTuple):
    """What is open in the host."""

    host: Resolve
    project: Project
    timeline: Timeline


def current(host: Resolve | None) -> Open:
    """What is open; a problem where nothing is."""
    if host is None:
        raise Problem("This runs inside DaVinci Resolve only: Workspace > Scripts.")
    project = host.GetProjectManager().GetCurrentProject()
    if not project:
        raise Problem("No project is open: open one and run this again.")
    timeline = project.GetCurrentTimeline()
    if not timeline:
        raise Problem("No timeline is open: open one and run this again.")
    return Open(host, project, timeline)


def needs(answer: Thing, host: Resolve, call: str, since: str) -> Thing:
    """An answer. Every name seems to be there on the host's objects: the answer alone tells whether it is."""
    if answer is None:
        raise Problem(
            f"DaVinci Resolve {host.GetVersionString() or '?'} has no {call}: it is there from {since} on."
        )
    return answer


NOTHING = "Nothing is selected: mark in and out, or choose a clip, or score the whole timeline."


def span(opened: Open, scope: str) -> tuple[str, str] | None:
    """What is to be scored, as timecodes; None for the whole timeline."""
    host, _, timeline = opened
    if scope == "whole":
        return None
    rate = re.match(r"[\d.]+", str(timeline.GetSetting("timelineFrameRate") or "24"))
    base = math.ceil(float(rate.group() if rate else "24"))
    is_drop = timeline.GetSetting("timelineDropFrameTimecode") == "1" and base in DROPS
    if scope == "clip":
        item: Any = timeline.GetCurrentVideoItem()
        if not item:
            raise Problem(NOTHING)
        return timecode(int(item.GetStart()), base, is_drop), timecode(int(item.GetEnd()), base, is_drop)
    marks: Json = dict(needs(timeline.GetMarkInOut(), host, "Timeline.GetMarkInOut", "18.6"))
    marked = marks.get("video") or marks.get("audio") or {}
    if "in" not in marked and "out" not in marked:
        if scope == "marked":
            raise Problem(NOTHING)
        return None
    first, ends = timeline.GetStartFrame(), timeline.GetEndFrame()
    # Documented by an example only, with offsets from the start; absolute frames would lie past the end.
    zero = 0 if first + marked.get("in", marked.get("out", 0)) >= ends else first
    # The frame of the mark out belongs to what is marked.
    since = zero + marked["in"] if "in" in marked else first
    until = zero + marked["out"] + 1 if "out" in marked else ends
    return timecode(int(since), base, is_drop), timecode(int(until), base, is_drop)


# The request.


def order(wish: Wish, marks: tuple[str, str] | None) -> Json:
    """The request; docs/schemas/request.schema.json."""
    said: Json = {"timeline": "cut.otio", "output": "scored.otio", "editor": "resolve"}
    if marks is not None:
        said["tc_in"], said["tc_out"] = marks
    if wish.services:
        said["services"] = list(wish.services)
    if wish.budget.strip():
        amount = wish.budget.strip().replace(",", ".")
        if not re.match(r"\d+(\.\d+)?$", amount):
            raise Problem(
                f"{wish.budget.strip()} is no amount of money: write it like 250 or 99.50, or leave it empty."
            )
        said["budget_max"] = float(amount)
    if wish.alternatives is not None:
        said["alternatives"] = wish.alternatives
    return said


def leave_request(found: Settings, opened: Open, wish: Wish) -> Path:
    """Leave a request in the watch folder.

    Returns:
        Its folder.

    Raises:
        Problem: Nothing is selected, what is wished makes no sense, or something cannot be written.
    """
    host, _, timeline = opened
    said = order(wish, span(opened, wish.scope))
    folder = _new_folder(found.watch_folder, timeline.GetName())
    needs(host.EXPORT_OTIO, host, "EXPORT_OTIO", "18.5")
    cut = folder / "cut.otio"
    if not (timeline.Export(str(cut), host.EXPORT_OTIO, host.EXPORT_NONE) and cut.is_file()):
        raise Problem(
            f"DaVinci Resolve did not export {timeline.GetName()}: save the project and run this again."
        )
    write(folder / "request.part", json.dumps(said) + "\n")
    write(found.watch_folder / LAST, folder.name + "\n")
    (folder / "request.part").rename(folder / "request.json")
    return folder


def _new_folder(watch_folder: Path, name: str) -> Path:
    plain = re.sub(r"[^A-Za-z0-9_ -]", "_", name)[:60] + time.strftime(" %Y-%m-%d %H%M%S")
    for number in range(1, 1000):
        folder = watch_folder / (plain if number == 1 else f"{plain} {number}")
        try:
            folder.mkdir()
        except FileExistsError:
            continue
        except OSError:
            break
        return folder
    raise Problem(
        f"The watch folder {watch_folder} may not be written: choose another with "
        "avm-otio plugin install resolve --watch-folder DIR."
    )


def last_request(found: Settings) -> Path:
    """The folder of the request that was left last."""
    name = read(found.watch_folder / LAST)
    if not name:
        raise Problem(f"No job was begun from DaVinci Resolve yet in {found.watch_folder}: choose AVM Score.")
    return found.watch_folder / name.strip()


class Watch:
    """Waits for what becomes of a request, and lets it be cancelled.

    Args:
        pause: Lets time pass.
        show: Shows what is done, and how far: from 0 to 1, or None where that is not known.
        say: Shows what the user should know.
    """

    def __init__(self, pause: Pause, show: Show, say: Say) -> None:
        self.pause, self.show, self.say = pause, show, say
        self.is_cancelled = False

    def result(self, found: Settings, folder: Path) -> Json:
        """The result.

        Raises:
            Problem: What the program said where it failed; or nobody watches, and it cannot be started.
        """
        self.show("Waiting for avm-otio", None)
        ask = f'run  avm-otio watch "{found.watch_folder}"  and leave it open. The request waits there'
        is_over = any((folder / name).exists() for name in ("result.json", "error.json"))
        started = None
        if not is_over and not is_watched(found.watch_folder, self.pause):
            started = start(found)
            if started is None:
                raise Problem(f"Nobody watches {found.watch_folder}: {ask}; then choose AVM Import Last Job.")
        told: set[str] = set()
        beat, silent_s = read(found.watch_folder / "watcher.json"), 0.0
        while True:
            code = started.poll() if started is not None else None  # before the looks: it writes, then ends
            result = read_json(folder / "result.json")
            if result is not None:
                return result
            self._check(folder)
            if code:
                raise Problem(f"avm-otio ended with code {code} and did not say why: {ask}.")
            self._progress(read_json(folder / "progress.json") or {}, told)
            before, beat = beat, read(found.watch_folder / "watcher.json")
            silent_s = silent_s + LOOK_S if beat == before else 0.0
            if silent_s >= GONE_S:
                raise Problem(
                    f"Nobody watches {found.watch_folder} any more: {ask}; then choose AVM Import Last Job."
                )
            self.pause(LOOK_S)

    def _check(self, folder: Path) -> None:
        """Raise where it failed; leave the word that it is to be cancelled."""
        wrong = read_json(folder / "error.json")
        if wrong is not None and wrong.get("kind") == "CancelledError":
            raise Problem("Cancelled. What was paid for is kept: score again, and it goes on.")
        if wrong is not None:
            raise Problem(f"{wrong.get('message')} {wrong.get('hint') or ''}".strip())
        if not folder.is_dir():
            raise Problem(f"{folder} was deleted: run AVM Score again.")
        if self.is_cancelled and not (folder / "cancel").exists():
            write(folder / "cancel", "")
            self.show("Cancelling…", None)

    def _progress(self, said: Json, told: set[str]) -> None:
        for message in said.get("messages") or ():
            if message not in told:
                told.add(message)
                self.say(message)
        if said.get("label") and not self.is_cancelled:
            total = said.get("total")
            self.show(said["label"], (said.get("done") or 0) / total if total else None)


def check_media(result: Json) -> None:
    """Raise where a sound of a result is not there."""
    for clip in (*result["clips"], *(result.get("spare_clips") or ())):
        if not (clip["file"] and Path(clip["file"]).is_file()):
            raise Problem(
                f"The sound {clip['file'] or clip['title']} is not there: run AVM Score again, "
                "what was paid for is kept."
            )


# Into a new timeline.


def import_new(opened: Open, result: Json, say: Say) -> None:
    """Bring a result in as a new timeline of a free name."""
    _, project, timeline = opened
    count = project.GetTimelineCount()
    taken = {project.GetTimelineByIndex(index + 1).GetName() for index in range(count)}
    wanted = f"{timeline.GetName()} scored"
    names = [wanted, *(f"{wanted} {number}" for number in range(2, count + 3))]
    name = next(one for one in names if one not in taken)
    pool = project.GetMediaPool()
    options: Any = {"timelineName": name, "importSourceClips": True}
    made = pool.ImportTimelineFromFile(result["output"], options)
    if not made:  # the App Store's edition imports no media with a timeline [told]: they must be in the pool
        for clip in (*result["clips"], *(result.get("spare_clips") or ())):
            pool.ImportMedia([clip["file"]])
        options.update(importSourceClips=False, sourceClipsFolders=[pool.GetRootFolder()])
        made = pool.ImportTimelineFromFile(result["output"], options)
    if not made:
        raise Problem(
            f"DaVinci Resolve did not import {result['output']} and does not say why. Save the project once, "
            "look whether its media are online, then choose AVM Import Last Job."
        )
    there, wished = _sounds_in(made), len(result["clips"]) + len(result.get("spare_clips") or ())
    if there < wished:
        say(
            f"Only {there} of {wished} sounds came into {name}: relink its media, or lay them with AVM "
            "Import Last Job Into This Timeline."
        )
    say(f"{name}: {len(result['clips'])} sounds, {result['total_price']} {result['currency']}.")


def _sounds_in(timeline: Timeline) -> int:
    return sum(
        len(timeline.GetItemListInTrack("audio", index) or [])
        for index in range(1, timeline.GetTrackCount("audio") + 1)
        if timeline.GetTrackName("audio", index).startswith("AVM ")
    )


# Into the current timeline.


class NotOff(Exception):  # noqa: N818  # what the host cannot
    """The host cannot switch a clip off."""


class Laying:
    """Lays sounds on new tracks of a timeline, and reads back what lies there."""

    def __init__(self, opened: Open) -> None:
        self.timeline = opened.timeline
        self.pool: MediaPool = opened.project.GetMediaPool()
        self.start = opened.timeline.GetStartFrame()
        self.items: dict[str, MediaPoolItem] = {}
        # Whether the frame named last is played differs among versions: the first sound that is long enough
        # shows it.
        self.more: int | None = None
        opened.project.SetCurrentTimeline(opened.timeline)  # clips are appended to whichever is current

    def lay(self, clips: list[Json], is_heard: bool = True) -> list[str]:
        """Lay clips; those that are not heard are switched off.

        Returns:
            Those that did not come where they belong.

        Raises:
            Problem: The host did not take a sound, or added no track.
            NotOff: It cannot switch one off. That one is taken away again.
        """
        for file in dict.fromkeys(clip["file"] for clip in clips if clip["file"] not in self.items):
            made = self.pool.ImportMedia([file])
            if not made:
                raise Problem(
                    f"DaVinci Resolve did not import the sound {file}: look whether it plays elsewhere, then "
                    "choose AVM Import Last Job."
                )
            self.items[file] = made[0]
        missing: list[str] = []
        for name, lane in lanes_of(clips):
            index = self._new_track(name)
            for clip in lane:
                made = self._append(clip, index)
                if made is not None and not is_heard:
                    self._switch_off(made, index)
            missing += self._missing(lane, index)
        return missing

    def _new_track(self, name: str) -> int:
        before = self.timeline.GetTrackCount("audio")
        self.timeline.AddTrack("audio", "stereo")  # mono where no kind is said
        index = self.timeline.GetTrackCount("audio")
        if index != before + 1:
            raise Problem(
                f"DaVinci Resolve added no track to {self.timeline.GetName()}: unlock it, then choose AVM "
                "Import Last Job."
            )
        self.timeline.SetTrackName("audio", index, name)
        return index

    def _append(self, clip: Json, index: int) -> Any:
        made = self._once(clip, index, self.more or 0)
        if made is None or self.more is not None:
            return made
        if made.GetDuration() == clip["frames"]:
            self.more = 0
        elif self.timeline.DeleteClips([made], False):
            made = self._once(clip, index, 1)
            # A sound that ends within its last frame is short either way, and shows nothing.
            if made is not None and made.GetDuration() == clip["frames"]:
                self.more = 1
        return made

    def _switch_off(self, made: Any, index: int) -> None:
        made.SetClipEnabled(False)
        if made.GetClipEnabled() is not False:
            self.timeline.DeleteClips([made], False)
            self.timeline.DeleteTrack("audio", index)
            raise NotOff

    def _once(
        self, clip: Json, index: int, more: int
    ) -> Any:  # the declarations want arguments of an item's calls
        info: MediaPoolClipInfo = {
            "mediaPoolItem": self.items[clip["file"]],
            "startFrame": 0,
            "endFrame": clip["frames"] - 1 + more,
            "mediaType": 2,
            "trackIndex": index,
            "recordFrame": self.start + clip["record_frame"],
        }
        append: Any = self.pool.AppendToTimeline  # the declarations lack this one of its ways
        made = append([info])
        return made[0] if made else None

    def _missing(self, lane: list[Json], index: int) -> list[str]:
        items: Iterable[Any] = self.timeline.GetItemListInTrack("audio", index) or ()
        there = {item.GetStart(): item.GetDuration() for item in items}
        return [
            f"{clip['timecode']} {clip['title']}"
            for clip in lane
            # A sound may end within its last frame, which the host then leaves out.
            if not clip["frames"] - 1 <= there.get(self.start + clip["record_frame"], -1) <= clip["frames"]
        ]

    def mark(self, clips: list[Json], currency: str) -> int:
        """A marker for each cue. One a frame is all that the host takes: cues that begin together share one.

        Returns:
            How many it did not take.
        """
        together: dict[int, list[Json]] = {}
        for clip in clips:
            together.setdefault(clip["record_frame"], []).append(clip)
        left = 0
        for at, those in together.items():
            prices = (f" ({one['price']} {currency})" if one["price"] else "" for one in those)
            note = "\n".join(one["title"] + price for one, price in zip(those, prices))  # noqa: B905  # new in 3.10
            color: Any = COLORS.get(those[0]["kind"], "Blue")
            left += not self.timeline.AddMarker(at, color, those[0]["title"], note, 1, "avm")
        return left


def is_heard_there(timeline: Timeline, clips: list[Json]) -> bool:
    """Whether tracks of an earlier scoring are heard where these belong."""
    zero = timeline.GetStartFrame()
    for index in range(1, timeline.GetTrackCount("audio") + 1):
        name = timeline.GetTrackName("audio", index)
        if not name.startswith("AVM ") or " alternatives " in name:
            continue
        items: list[Any] = timeline.GetItemListInTrack("audio", index) or []
        for item in items:
            start, end = item.GetStart() - zero, item.GetEnd() - zero
            if any(
                start < one["record_frame"] + one["frames"] and end > one["record_frame"] for one in clips
            ):
                return True
    return False


def lay_into(opened: Open, result: Json, say: Say) -> None:
    """Lay a result on new tracks of the timeline that is open, with markers."""
    clips = result["clips"]
    if is_heard_there(opened.timeline, clips):
        say("Sounds of an earlier scoring are heard at the same place: mute or delete them.")
    laying = Laying(opened)
    missing = laying.lay(clips)
    spare = result.get("spare_clips") or []
    try:
        missing += laying.lay(spare, is_heard=False)
    except NotOff:
        say("This DaVinci Resolve cannot switch clips off: alternatives are in the new timeline only.")
        spare = []
    left = laying.mark(clips, result["currency"])
    if left:
        say(f"{left} markers were left out: there is one already at their frame.")
    if any(one["gain_db"] or one["fade_in_us"] or one["fade_out_us"] or one["speed"] != "1" for one in clips):
        say(
            "DaVinci Resolve lets no script set gains, fades and speeds: they are in the new timeline of AVM "
            "Import Last Job."
        )
    if any(one["kind"] == "dialogue" for one in clips):
        say("The noise-reduced sound lies beside your own: mute one of them.")
    if missing:
        count = f"{len(missing)} of {len(clips) + len(spare)}"
        raise Problem(
            f"{count} sounds did not come where they belong: {'; '.join(missing)}. Take the "
            "new tracks away and choose AVM Import Last Job."
        )
    name = opened.timeline.GetName()
    say(f"{name}: {len(clips)} sounds laid, {result['total_price']} {result['currency']}.")


def work(opened: Open, found: Settings, wish: Wish | None, into: str, watch: Watch) -> None:
    """Leave a request, or take up the last where nothing is wished; wait, and bring in what comes."""
    folder = last_request(found) if wish is None else leave_request(found, opened, wish)
    result = watch.result(found, folder)
    for note in result.get("notes") or ():
        watch.say(note)
    check_media(result)
    watch.show("DaVinci Resolve is at work", None)
    if into == "new":
        return import_new(opened, result, watch.say)
    return lay_into(opened, result, watch.say)


# The dialog.


class Closed(Exception):  # noqa: N818  # what the user did
    """The user has closed the window: the job goes on without it."""


SCOPES = (("marked", "Marked in to out"), ("whole", "Whole timeline"), ("clip", "Clip under the playhead"))
SERVICES = (
    ("music", "Music", True),
    ("effects", "Sound effects", True),
    ("denoise", "Noise reduction", False),
)
PLACES = (("new", "A new timeline"), ("current", "New tracks of this timeline"))
MOST_ALTERNATIVES = 9
CELLS = 30  # of the bar
STEP_S = 0.05


class Dialog:
    """The window: what is wished, how far it is, and what came of it.

    Args:
        host: Whose windows.
        bmd: The host's module.
        folders: Where the settings may lie.
        sleep: Lets time pass.
    """

    def __init__(self, host: Resolve, bmd: Any, folders: list[Path], sleep: Pause) -> None:
        self.host, self.folders, self.sleep = host, folders, sleep
        fusion: Any = host.Fusion()
        self.ui: Any = fusion.UIManager
        self.loop: Any = bmd.UIDispatcher(self.ui)
        self.pressed = ""
        self.messages: list[str] = []
        self.watch = Watch(self._pause, self._show, self._say)
        look = {"ID": "AVMScore", "WindowTitle": "AVM Score", "Geometry": [300, 200, 460, 470]}
        self.window: Any = self.loop.AddWindow(look, [self._rows()])
        self.parts: Any = self.window.GetItems()
        numbers = [("", str(number)) for number in range(MOST_ALTERNATIVES + 1)]
        for name, choices in (("Scope", SCOPES), ("Into", PLACES), ("Alternatives", numbers)):
            for _, words in choices:
                self.parts[name].AddItem(words)
        for button in ("Score", "Last", "Cancel"):
            getattr(self.window.On, button).Clicked = self._presses(button)
        self.window.On.AVMScore.Close = self._presses("Close")

    def _rows(self) -> Any:
        ui = self.ui

        def row(words: str, kind: Any, look: Json) -> Any:
            return ui.HGroup(
                {"Weight": 0}, [ui.Label({"Text": words, "Weight": 0.4}), kind({"Weight": 0.6, **look})]
            )

        return ui.VGroup(
            {"Spacing": 8},
            [
                row("Score", ui.ComboBox, {"ID": "Scope"}),
                *(
                    row(
                        "" if index else "Ask for", ui.CheckBox, {"ID": name, "Text": words, "Checked": is_on}
                    )
                    for index, (name, words, is_on) in enumerate(SERVICES)
                ),
                row("Budget, at most", ui.LineEdit, {"ID": "Budget", "PlaceholderText": "no limit"}),
                row("Alternatives, switched off", ui.ComboBox, {"ID": "Alternatives"}),
                row("Bring it into", ui.ComboBox, {"ID": "Into"}),
                ui.Label({"ID": "Step", "Text": "", "Weight": 0}),
                ui.Label({"ID": "Bar", "Text": "", "Weight": 0}),
                ui.TextEdit({"ID": "Told", "ReadOnly": True, "Weight": 1}),
                ui.HGroup(
                    {"Weight": 0},
                    [
                        ui.Button({"ID": "Last", "Text": "Import Last Job"}),
                        ui.Button({"ID": "Cancel", "Text": "Cancel", "Enabled": False}),
                        ui.Button({"ID": "Score", "Text": "Score"}),
                    ],
                ),
            ],
        )

    def run(self) -> None:
        """Until the user closes the window."""
        self.window.Show()
        try:
            self._preselect()
            while True:
                self._pause(STEP_S)
                pressed, self.pressed = self.pressed, ""
                if pressed in ("Score", "Last"):
                    self._work(is_new=pressed == "Score")
        except Closed:
            pass
        finally:
            self.window.Hide()

    def _preselect(self) -> None:
        is_marked = True
        with suppress(Problem):  # which is told when it matters
            is_marked = span(current(self.host), "any") is not None
        self.parts["Scope"].CurrentIndex = 0 if is_marked else 1
        self.parts["Alternatives"].CurrentIndex = 1  # as usual

    def _work(self, is_new: bool) -> None:
        self._are_free(False)
        self.messages, self.watch.is_cancelled = [], False
        try:
            wish = self._wish() if is_new else None
            into = PLACES[int(self.parts["Into"].CurrentIndex)][0]
            work(current(self.host), settings(self.folders), wish, into, self.watch)
        except Problem as problem:
            self._say(f"Error: {problem}")
        except Closed:
            raise
        except Exception as fault:  # the host's objects raise what they like
            self._say(f"Error: {_told(fault)}")
        self._show("", None)
        self._are_free(True)

    def _wish(self) -> Wish:
        services = tuple(name for name, _, _ in SERVICES if self.parts[name].Checked)
        if not services:
            raise Problem("Nothing is asked for: choose music, sound effects or noise reduction.")
        return Wish(
            SCOPES[int(self.parts["Scope"].CurrentIndex)][0],
            services,
            str(self.parts["Budget"].Text),
            int(self.parts["Alternatives"].CurrentIndex),
        )

    def _presses(self, button: str) -> Callable[[Any], None]:
        def press(_: Any) -> None:
            if button == "Cancel":
                self.watch.is_cancelled = True
            else:
                self.pressed = button

        return press

    def _pause(self, seconds: float) -> None:
        """Let time pass with the window alive; its own timers do not run in a script's loop."""
        for _ in range(max(1, round(seconds / STEP_S))):
            with suppress(Exception):  # it raises for an event that nobody asked for
                self.loop.StepLoop(False)
            if self.pressed == "Close":
                raise Closed
            self.sleep(STEP_S)

    def _are_free(self, are: bool) -> None:
        for name in ("Score", "Last"):
            self.parts[name].Enabled = are
        self.parts["Cancel"].Enabled = not are

    def _show(self, words: str, part: float | None) -> None:
        self.parts["Step"].Text = words
        full = round(CELLS * max(0.0, min(1.0, part or 0.0)))
        self.parts["Bar"].Text = "" if part is None else f"{'█' * full}{'░' * (CELLS - full)} {part:.0%}"

    def _say(self, words: str) -> None:
        self.messages.append(words)
        self.parts["Told"].PlainText = "\n".join(self.messages)
        print(f"[AVM] {words}")


def _told(fault: Exception) -> str:
    return f"a fault of this menu item: {fault!r}. Nothing is lost: choose AVM Import Last Job."


def in_console(host: Resolve | None, folders: list[Path], sleep: Pause) -> None:
    """Do it without asking, where the host has no windows."""
    shown = [""]

    def say(words: str) -> None:
        print(f"[AVM] {words}")

    def show(words: str, part: float | None) -> None:
        line = words if part is None else f"{words} {part:.0%}"
        if line != shown[0]:
            shown[0] = line
            say(line)

    try:
        work(current(host), settings(folders), Wish(), "new", Watch(sleep, show, say))
    except Problem as problem:
        say(f"Error: {problem}")
    except Exception as fault:  # the host's objects raise what they like
        say(f"Error: {_told(fault)}")


def main(host: Resolve | None, bmd: Any, folders: list[Path], sleep: Pause = time.sleep) -> None:
    """What the menu item does.

    Args:
        host: The host's ``resolve``.
        bmd: The host's module of that name.
        folders: Where the settings may lie.
        sleep: Lets time pass.
    """
    fusion: Any = host.Fusion() if host is not None else None
    has_windows = (
        getattr(fusion, "UIManager", None) is not None and getattr(bmd, "UIDispatcher", None) is not None
    )
    if host is not None and has_windows:
        Dialog(host, bmd, folders, sleep).run()
    else:
        in_console(host, folders, sleep)


def beside(given: Json) -> list[Path]:
    """The folders in which this file may lie: the host runs it without always saying."""
    paths = [given.get("__file__"), sys.argv[0] if sys.argv else None, beside.__code__.co_filename]
    mapped = given["app"].MapPath("Scripts:Utility/") if given.get("app") else None
    return [*(Path(path).absolute().parent for path in paths if path), *([Path(mapped)] if mapped else [])]


if __name__ == "__main__":
    main(globals().get("resolve"), globals().get("bmd"), beside(globals()))
