"""The menu items of DaVinci Resolve, in the language that it runs them in, against a stand-in for it."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import fake_resolve as fake
import opentimelineio as otio
import pytest
from fake_resolve import Item, Project, Resolve, Timeline, Track, run_lua
from numbered import movie
from scripted_service import wav

from avm_otio import __version__
from avm_otio.core.timing import format_timecode

PLUGIN = Path(__file__).parents[2] / "plugins" / "resolve"
SCORE, INTO = "AVM Score", "AVM Score Into This Timeline"
LAST, LAST_INTO = "AVM Import Last Job", "AVM Import Last Job Into This Timeline"

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

    def __init__(self, folder: Path, rate: str = "25", is_drop: bool = False) -> None:
        self.folder = folder
        self.watch = folder / "AVM Scoring"
        self.watch.mkdir()
        self.items = folder / "Utility"
        self.items.mkdir()
        for path in PLUGIN.glob("*.lua"):
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

    def answer(self, **more: Any) -> None:
        """What the program will leave: a result, with its timeline and sounds."""
        clips = []
        made = otio.schema.Timeline(
            "scored", global_start_time=otio.opentime.RationalTime(self.timeline.start, 25)
        )
        for title, kind, name, at, frames in CLIPS:
            file = self.folder / f"{title}.wav"
            file.write_bytes(wav(int(frames) // 20 + 1))
            said = {"title": title, "kind": kind, "track": name, "record_frame": at, "frames": frames}
            said |= {
                "file": str(file),
                "price": "2.50",
                "timecode": f"frame {at}",
                "gain_db": 0,
                "fade_in_us": 0,
            }
            clips.append(said | {"fade_out_us": 0})
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
        (self.folder / "answer.json").write_text(json.dumps(result | more))

    def choose(self, item: str, wait: Callable[[float], None] = lambda seconds: time.sleep(0.02)) -> str:
        """Choose a menu item; what the console shows."""
        ends = time.monotonic() + 60

        def waits(seconds: float) -> None:
            assert time.monotonic() < ends, "it waits for ever"
            wait(seconds)

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


WANTED = sorted((track, title, at, frames) for title, _, track, at, frames in CLIPS)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_the_stand_in_has_only_calls_that_the_maker_declares() -> None:
    declared = fake.declared()
    for kind in (Resolve, Project, Timeline, Item, fake.MediaPool, fake.PoolItem):
        for name in vars(kind):
            if name[0].isupper():
                assert name in declared, f"{kind.__name__}.{name}"


@pytest.mark.parametrize(("rate", "is_drop"), [("23.976", False), ("25", False), ("29.97", True)])
def test_sounds_lie_at_the_frames_of_the_job_on_stereo_tracks(
    tmp_path: Path, rate: str, is_drop: bool
) -> None:
    desk = Desk(tmp_path, rate, is_drop)
    said = desk.choose(INTO)
    assert "4 sounds laid, 10.00 USD" in said
    assert desk.laid() == WANTED
    ours = [track for track in desk.timeline.tracks if track.name.startswith("AVM ")]
    assert {track.channels for track in ours} == {"stereo"}
    assert [track.name for track in desk.timeline.tracks[:2]] == ["V1", "A1"]


@pytest.mark.parametrize(("rate", "is_drop"), [("23.976", False), ("25", False), ("29.97", True)])
def test_a_new_timeline_holds_them_at_the_same_frames(tmp_path: Path, rate: str, is_drop: bool) -> None:
    desk = Desk(tmp_path, rate, is_drop)
    assert "4 sounds" in desk.choose(SCORE)
    assert desk.laid(desk.project.timelines[1]) == WANTED
    assert desk.laid() == []
    assert desk.project.timelines[1].name == "Reel 3 scored"


def test_cues_and_prices_are_marked_one_marker_a_frame(desk: Desk) -> None:
    desk.choose(INTO)
    assert sorted(desk.timeline.markers) == [0, 30, 60]
    assert desk.timeline.markers[60]["note"] == "Whoosh (2.50 USD)\nDoor (2.50 USD)"


@pytest.mark.parametrize("last_frame_is_played", [True, False])
def test_lengths_hold_whatever_the_host_takes_the_last_frame_for(
    desk: Desk, last_frame_is_played: bool
) -> None:
    desk.project.last_frame_is_played = last_frame_is_played
    desk.choose(INTO)
    assert desk.laid() == WANTED


@pytest.mark.parametrize(
    ("rate", "is_drop", "marks", "tc_in", "tc_out"),
    [
        ("25", False, {"in": 10, "out": 34}, "01:00:00:10", "01:00:01:10"),
        ("25", False, {"in": 90_010, "out": 90_034}, "01:00:00:10", "01:00:01:10"),
        ("23.976", False, {"in": 0}, "01:00:00:00", "01:00:08:08"),
        ("29.97", True, {"out": 29}, "01:00:00;00", "01:00:01;00"),
    ],
)
def test_what_is_marked_is_what_is_asked_for(
    tmp_path: Path, rate: str, is_drop: bool, marks: dict[str, int], tc_in: str, tc_out: str
) -> None:
    desk = Desk(tmp_path, rate, is_drop)
    desk.timeline.marks = {"video": marks}
    desk.choose(SCORE)
    assert (desk.request()["tc_in"], desk.request()["tc_out"]) == (tc_in, tc_out)


def test_without_marks_the_whole_timeline_is_asked_for(desk: Desk) -> None:
    desk.choose(SCORE)
    assert desk.request() == {"timeline": "cut.otio", "output": "scored.otio", "editor": "resolve"}


@pytest.mark.parametrize("frame", [0, 1799, 1800, 17_981, 17_982, 107_892, 107_892 + 1800, 2_589_407])
def test_drop_frame_timecode_is_the_programs_own(tmp_path: Path, frame: int) -> None:
    desk = Desk(tmp_path, "29.97", is_drop=True)
    desk.timeline.selected = Item("shot", frame, 1)
    desk.choose("AVM Score Current Clip")
    assert desk.request()["tc_in"] == format_timecode(frame, Fraction(30_000, 1001), drop_frame=True)


def test_overlaps_are_kept_apart_on_tracks_of_their_own(desk: Desk) -> None:
    answer = json.loads((desk.folder / "answer.json").read_text())
    answer["clips"][2]["record_frame"] = 35  # into the one before it
    (desk.folder / "answer.json").write_text(json.dumps(answer))
    assert "4 sounds laid" in desk.choose(INTO)
    assert ("AVM Effects 1 2", "Whoosh", 35, 20) in desk.laid()


def test_sounds_that_did_not_arrive_are_named(desk: Desk) -> None:
    desk.project.GetMediaPool = lambda: fake.DroppingPool(desk.project)  # type: ignore[method-assign]
    said = desk.choose(INTO)
    assert "1 of 4 sounds did not come where they belong: frame 30 Hit" in said


def test_a_name_that_is_taken_gets_a_number(desk: Desk) -> None:
    desk.choose(SCORE)
    desk.choose(LAST)
    assert [each.name for each in desk.project.timelines] == ["Reel 3", "Reel 3 scored", "Reel 3 scored 2"]


def test_a_program_that_fails_is_shown_in_its_own_words(desk: Desk) -> None:
    desk.answer(name="error.json", message="The film has no picture.", hint="Choose another range.")
    assert "[AVM] Error: The film has no picture. Choose another range." in desk.choose(SCORE)


def test_a_host_that_is_closed_loses_nothing(desk: Desk) -> None:
    def close(seconds: float) -> None:
        if list(desk.watch.glob("*/request.json")):
            raise RuntimeError("the host is gone")

    assert "Error" in desk.choose(INTO, close)
    assert desk.laid() == []
    assert "4 sounds laid" in desk.choose(LAST_INTO)
    assert desk.laid() == WANTED
    assert len(list(desk.watch.glob("*/request.json"))) == 1


# --- what can be wrong


def no_project(desk: Desk) -> None:
    assert desk.host is not None
    desk.host.project = None


def no_timeline(desk: Desk) -> None:
    desk.project.timeline = None


def no_host(desk: Desk) -> None:
    desk.host = None


def not_saved(desk: Desk) -> None:
    desk.project.is_saved = False


def no_export(desk: Desk) -> None:
    desk.timeline.refuses_export = True


def too_old(desk: Desk) -> None:
    assert desk.host is not None
    desk.host.version, desk.host.EXPORT_OTIO = "18.1.4", None


def no_marks_call(desk: Desk) -> None:
    assert desk.host is not None
    desk.host.version, desk.timeline.marks = "18.1.4", None


def no_program(desk: Desk) -> None:
    desk.tell(program=["/gone/avm-otio"])


def old_program(desk: Desk) -> None:
    desk.tell(program_version="0.0.9")


def no_settings(desk: Desk) -> None:
    (desk.items / "AVM Score.json").unlink()


def no_watch_folder(desk: Desk) -> None:
    desk.tell(watch_folder=str(desk.folder / "gone"))


def sound_gone(desk: Desk) -> None:
    (desk.folder / "Hit.wav").unlink()


def locked_tracks(desk: Desk) -> None:
    desk.timeline.refuses_tracks = True


@pytest.mark.parametrize(
    ("item", "wrong", "told"),
    [
        (SCORE, no_host, "This runs inside DaVinci Resolve only"),
        (SCORE, no_project, "No project is open: open one and run this again."),
        (SCORE, no_timeline, "No timeline is open: open one and run this again."),
        (SCORE, not_saved, "does not say why. Save the project once"),
        (SCORE, no_export, "did not export Reel 3: save the project and run this again."),
        (SCORE, too_old, "DaVinci Resolve 18.1.4 has no EXPORT_OTIO: it is there from 18.5 on."),
        (SCORE, no_marks_call, "18.1.4 has no Timeline.GetMarkInOut"),
        ("AVM Score Current Clip", lambda desk: None, "Nothing is selected: mark in and out"),
        (SCORE, no_program, "avm-otio was not found at /gone/avm-otio: install it (pip install avm-otio)"),
        (SCORE, old_program, "avm-otio 0.0.9 is older than this menu item (needs 0.1.0)"),
        (SCORE, no_settings, "AVM Score.json does not say where it is"),
        (SCORE, no_watch_folder, "gone is not there: make it, or run: avm-otio plugin install resolve"),
        (LAST, lambda desk: None, "No job was begun from DaVinci Resolve yet"),
        (SCORE, sound_gone, "Hit.wav is not there: run AVM Score again"),
        (INTO, locked_tracks, "added no track to Reel 3: unlock it"),
    ],
)
def test_what_is_wrong_is_said_with_what_to_do(
    desk: Desk, item: str, wrong: Callable[[Desk], None], told: str
) -> None:
    wrong(desk)
    said = desk.choose(item)
    assert told in said
    assert "a fault of this menu item" not in said
    assert desk.laid() == []
    assert len(desk.project.timelines) == 1


def test_a_watcher_that_lives_is_not_doubled(desk: Desk) -> None:
    desk.tell(program=["/gone/avm-otio"])  # it would be told, were it called
    beats = iter(range(10_000))

    def watcher(seconds: float) -> None:
        (desk.watch / "watcher.json").write_text(json.dumps({"beat": next(beats), "program": __version__}))
        for folder in desk.watch.glob("*/"):
            (folder / "result.json").write_text((desk.folder / "answer.json").read_text())

    (desk.watch / "watcher.json").write_text("{}")
    assert "4 sounds" in desk.choose(SCORE, watcher)


@pytest.mark.slow
@pytest.mark.parametrize(("rate", "is_drop"), [("23.976", False), ("25", False), ("29.97", True)])
def test_the_real_program_scores_what_the_host_exports(tmp_path: Path, rate: str, is_drop: bool) -> None:
    desk = Desk(tmp_path, rate, is_drop)
    exact = fake.frames_of(rate)
    movie(tmp_path / "a.mp4", 150, exact)
    span = otio.opentime.TimeRange(
        otio.opentime.RationalTime(0, exact), otio.opentime.RationalTime(150, exact)
    )
    shot = otio.schema.Clip("shot", otio.schema.ExternalReference(str(tmp_path / "a.mp4"), span), span)
    cut = otio.adapters.read_from_string(desk.timeline.cut, "otio_json")
    cut.tracks.append(otio.schema.Track("V1", [shot]))
    desk.timeline.cut = fake.saved(cut)
    desk.tell(program=[sys.executable, "-m", "avm_otio"])
    said = desk.choose(INTO, lambda seconds: time.sleep(seconds))
    (path,) = desk.watch.glob("*/result.json")
    result = json.loads(path.read_text())
    assert f"{len(result['clips'])} sounds laid" in said, said
    frames = sorted((clip["record_frame"], clip["frames"]) for clip in result["clips"])
    assert sorted((at, length) for _, _, at, length in desk.laid()) == frames
    assert "sounds" in desk.choose(LAST)
    made = desk.laid(desk.project.timelines[1])
    assert sorted(at for _, _, at, _ in made) == [at for at, _ in frames]
