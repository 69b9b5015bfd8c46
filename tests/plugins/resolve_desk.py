"""A stand-in for DaVinci Resolve with a project, our menu items, and a program that answers."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import opentimelineio as otio

from avm_otio import __version__
from avm_otio.hosts.lua import lua_chunk
from tests.media.numbered import movie
from tests.plugins import fake_resolve as fake
from tests.plugins.fake_resolve import Item, Project, Resolve, Timeline, Track, run_lua
from tests.plugins.fake_windows import Window, Windows
from tests.scripted_service import wav

PLUGIN = Path(__file__).parents[2] / "plugins" / "resolve"
SCORE, INTO = "AVM Score", "AVM Score Into This Timeline"
LAST, LAST_INTO = "AVM Import Last Job", "AVM Import Last Job Into This Timeline"
CLIP = "AVM Score Current Clip"
AUDITION = "AVM Audition Last Job"
RATES = [("23.976", False), ("25", False), ("29.97", True)]

CLIPS = [("Bed", "music", "AVM Music 1", 0, 96), ("Hit", "effects", "AVM Effects 1", 30, 12)]
CLIPS += [("Whoosh", "effects", "AVM Effects 1", 60, 20), ("Door", "effects", "AVM Effects 2", 60, 8)]

PROGRAM = """
import json, pathlib, sys
if sys.argv[1] == "watch":
    for folder in pathlib.Path(sys.argv[2]).iterdir():
        if (folder / "request.json").exists():
            answer = pathlib.Path(__file__).with_name("answer.json")
            (folder / "part").write_text(answer.read_text())
            (folder / "part").rename(folder / json.loads(answer.read_text())["name"])
"""


class Desk:
    """A host with a project, the menu items beside their settings, and a program that answers."""

    def __init__(
        self, folder: Path, rate: str = "25", is_drop: bool = False, *, has_windows: bool = False
    ) -> None:
        self.folder = folder
        self.has_windows = has_windows
        self.watch = folder / "AVM Scoring"
        self.watch.mkdir()
        self.items = folder / "Utility"
        self.items.mkdir()
        for path in PLUGIN.glob("AVM*"):
            (self.items / path.name).write_bytes(path.read_bytes())
        (folder / "program.py").write_text(PROGRAM)
        self.settings = {
            "program": [sys.executable, str(folder / "program.py")],
            "program_version": __version__,
            "watch_folder": str(self.watch),
        }
        self.tell()
        exact = fake.frames_of(rate)
        base = round(float(exact))
        self.timeline = Timeline("Reel 3", rate, is_drop, start=3600 * base - (108 if is_drop else 0))
        cut = otio.schema.Timeline(
            "Reel 3", global_start_time=otio.opentime.RationalTime(self.timeline.start, exact)
        )
        self.timeline.cut = fake.saved(cut)
        self.timeline.tracks.append(Track("video", "V1", items=[Item("shot", self.timeline.start, 200)]))
        self.timeline.tracks.append(Track("audio", "A1", "stereo"))
        self.project = Project([self.timeline], self.timeline)
        self.host: Resolve | None = Resolve(self.project)
        self.answer()

    def tell(self, **more: Any) -> None:
        """What ``plugin install`` writes beside the menu items."""
        (self.items / "AVM Score.json").write_text(json.dumps(self.settings | more))
        (self.items / "AVM Score.settings").write_text(lua_chunk(self.settings | more))

    def answer_spare(self) -> None:
        """One alternative more than the program would leave."""
        path = self.folder / "answer.json"
        result = json.loads(path.read_text())
        spare = result["clips"][1] | {"title": "Other hit", "track": "AVM Effects alternatives 1"}
        path.write_text(json.dumps(result | {"spare_clips": [spare]}))

    def answer(self, **more: Any) -> None:
        """What the program will leave: a result, with its timeline and sounds."""
        clips = []
        made = otio.schema.Timeline(
            "scored", global_start_time=otio.opentime.RationalTime(self.timeline.start, 25)
        )
        for title, kind, name, at, frames in CLIPS:
            file = self.folder / f"{title}.wav"
            file.write_bytes(wav(int(frames) // 20 + 1))
            clip = {"title": title, "kind": kind, "track": name, "record_frame": at, "frames": frames}
            clip |= {
                "file": str(file),
                "price": "2.50",
                "is_bought": title == "Door",
                "timecode": f"frame {at}",
                "gain_db": 0,
                "fade_in_us": 0,
            }
            clips.append(clip | {"fade_out_us": 0, "speed": "1"})
            track = next((each for each in made.tracks if each.name == name), None)
            if track is None:
                track = otio.schema.Track(
                    name, kind="Audio", metadata={"Resolve_OTIO": {"Audio Type": "Stereo"}}
                )
                made.tracks.append(track)
            before = round(track.duration().value) if len(track) else 0
            span = otio.opentime.TimeRange(
                otio.opentime.RationalTime(0, 25), otio.opentime.RationalTime(frames, 25)
            )
            if at > before:
                track.append(otio.schema.Gap(duration=otio.opentime.RationalTime(at - before, 25)))
            track.append(otio.schema.Clip(title, otio.schema.ExternalReference(str(file)), span))
        (self.folder / "scored.otio").write_text(made.to_json_string())
        result = {"name": "result.json", "output": str(self.folder / "scored.otio"), "clips": clips}
        result |= {"total_price": "10.00", "currency": "USD", "notes": []}
        result["rate"] = str(fake.frames_of(self.timeline.rate))
        (self.folder / "answer.json").write_text(json.dumps(result | more))

    def choose(self, item: str, wait: Callable[[float], None] = lambda seconds: time.sleep(0.02)) -> str:
        """Choose a menu item, or what does the same in the dialog; what the console shows."""
        ends = time.monotonic() + 60

        def waits(seconds: float) -> None:
            assert time.monotonic() < ends, "it waits for ever"
            wait(seconds)

        if self.has_windows and self.host is not None:
            self.host.windows = Windows(Once(item))
            item = SCORE
        return "\n".join(run_lua(self.items / f"{item}.lua", self.host, waits))

    def request(self) -> dict[str, Any]:
        """The request that was left."""
        (path,) = self.watch.glob("*/request.json")
        found: dict[str, Any] = json.loads(path.read_text())
        return found

    def laid(self, timeline: Timeline | None = None) -> list[tuple[str, str, int, int]]:
        """Track, name, record frame and length of what lies on our tracks."""
        shown = timeline or self.timeline
        return sorted(
            (track.name, item.name.removesuffix(".wav"), item.start - shown.start, item.frames)
            for track in shown.tracks
            if track.name.startswith("AVM ")
            for item in track.items
        )


class Once:
    """A user of the dialog who wishes one thing, and closes the window when it is done.

    Args:
        item: The menu item that does the same.
        look: Set in the dialog before, by the part's name and its property's.
    """

    def __init__(self, item: str, **look: Any) -> None:
        self.item, self.look, self.has_begun = item, look, False

    def __call__(self, window: Window) -> None:
        if self.has_begun:
            if window.parts["Score"].Enabled:
                window.close()
            return
        self.has_begun = True
        if self.item == CLIP:
            window.parts["Scope"].CurrentIndex = 2
        if self.item in (INTO, LAST_INTO, CLIP):
            window.parts["Into"].CurrentIndex = 1
        for name, value in self.look.items():
            part, _, attribute = name.partition("_")
            setattr(window.parts[part], attribute, value)
        window.click({LAST: "Last", LAST_INTO: "Last", AUDITION: "Audition"}.get(self.item, "Score"))


WANTED = sorted((track, title, at, frames) for title, _, track, at, frames in CLIPS)


def with_film(desk: Desk, rate: str) -> None:
    """Let the host's timeline have a film of 150 frames."""
    tmp_path = desk.folder
    exact = fake.frames_of(rate)
    movie(tmp_path / "a.mp4", 150, exact)
    span = otio.opentime.TimeRange(
        otio.opentime.RationalTime(0, exact), otio.opentime.RationalTime(150, exact)
    )
    shot = otio.schema.Clip("shot", otio.schema.ExternalReference(str(tmp_path / "a.mp4"), span), span)
    cut = otio.adapters.read_from_string(desk.timeline.cut, "otio_json")
    cut.tracks.append(otio.schema.Track("V1", [shot]))
    desk.timeline.cut = fake.saved(cut)


# --- what can be wrong


def not_saved(desk: Desk) -> None:
    desk.project.is_saved = False


def no_export(desk: Desk) -> None:
    desk.timeline.refuses_export = True


def no_watch_folder(desk: Desk) -> None:
    desk.tell(watch_folder=str(desk.folder / "gone"))


def sound_gone(desk: Desk) -> None:
    (desk.folder / "Hit.wav").unlink()


def locked_tracks(desk: Desk) -> None:
    desk.timeline.refuses_tracks = True
