"""The menu items of DaVinci Resolve in LuaJIT, against a stand-in for the host.

Each behaviour is shown twice: chosen from the menu, and chosen in the dialog of a host that has windows.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from avm_otio import __version__
from avm_otio.timeline.time import format_timecode
from tests.plugins import fake_resolve as fake
from tests.plugins.fake_resolve import Item, Project, Resolve, Timeline, Track
from tests.plugins.resolve_desk import (
    AUDITION,
    CLIP,
    INTO,
    LAST,
    LAST_INTO,
    RATES,
    SCORE,
    WANTED,
    Desk,
    locked_tracks,
    no_export,
    no_watch_folder,
    not_saved,
    sound_gone,
    with_film,
)

# The program is meant to outlive the host that has started it.
pytestmark = pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning")


@pytest.fixture(params=[False, True], ids=["menu", "dialog"])
def has_windows(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def desk(tmp_path: Path, has_windows: bool) -> Desk:
    return Desk(tmp_path, has_windows=has_windows)


def test_the_stand_in_has_only_calls_that_the_maker_declares() -> None:
    declared = fake.declared()
    for kind in (Resolve, Project, Timeline, Item, fake.MediaPool, fake.PoolItem):
        for name in vars(kind):
            if name[0].isupper():
                assert name in declared, f"{kind.__name__}.{name}"


@pytest.mark.parametrize(("rate", "is_drop"), RATES)
def test_sounds_lie_at_the_frames_of_the_job_on_stereo_tracks(
    tmp_path: Path, has_windows: bool, rate: str, is_drop: bool
) -> None:
    desk = Desk(tmp_path, rate, is_drop, has_windows=has_windows)
    output = desk.choose(INTO)
    assert "4 sounds laid, 10.00 USD" in output
    assert desk.laid() == WANTED
    ours = [track for track in desk.timeline.tracks if track.name.startswith("AVM ")]
    assert {track.channels for track in ours} == {"stereo"}
    assert [track.name for track in desk.timeline.tracks[:2]] == ["V1", "A1"]


@pytest.mark.parametrize(("rate", "is_drop"), RATES)
def test_a_new_timeline_holds_them_at_the_same_frames(
    tmp_path: Path, has_windows: bool, rate: str, is_drop: bool
) -> None:
    desk = Desk(tmp_path, rate, is_drop, has_windows=has_windows)
    assert "4 sounds" in desk.choose(SCORE)
    assert desk.laid(desk.project.timelines[1]) == WANTED
    assert desk.laid() == []
    assert desk.project.timelines[1].name == "Reel 3 scored"


def test_where_no_media_come_with_a_timeline_they_are_brought_before(desk: Desk) -> None:
    desk.project.imports_media = False
    assert "4 sounds, 10.00 USD" in desk.choose(SCORE)
    assert desk.laid(desk.project.timelines[1]) == WANTED


def test_a_host_that_may_start_no_program_leaves_the_request_for_one_who_watches(desk: Desk) -> None:
    desk.tell(starts_programs=False, program=["/out of the sandbox/avm-otio"])
    assert f"Error: Nobody watches {desk.watch}: run  avm-otio watch" in desk.choose(SCORE)
    (folder,) = desk.watch.glob("*/")
    (folder / "result.json").write_text((desk.folder / "answer.json").read_text())
    assert "4 sounds, 10.00 USD" in desk.choose(LAST)


def test_the_page_of_the_last_job_is_asked_for_and_opened_by_the_program(desk: Desk) -> None:
    desk.choose(INTO)
    (scored,) = desk.watch.glob("*/")
    desk.answer(name="page.json", host="studio", address=None)
    assert "The page is open in the browser of studio." in desk.choose(AUDITION)
    (made,) = desk.watch.glob("Audition */")
    assert json.loads((made / "request.json").read_text()) == {"audition": scored.name, "open": True}
    desk.answer()
    assert "4 sounds, 10.00 USD" in desk.choose(LAST), "the last job is the scored one"


def test_a_page_that_no_browser_opened_is_shown_with_its_address(desk: Desk) -> None:
    desk.choose(INTO)
    desk.answer(name="page.json", host="studio", address="http://127.0.0.1:9/enter?token=once")
    output = desk.choose(AUDITION)
    assert "Open this address on studio, it is of use once: http://127.0.0.1:9/enter?token=once" in output


def test_there_is_no_page_before_anything_was_scored_nor_where_it_fails(desk: Desk) -> None:
    assert "No job was begun from DaVinci Resolve yet" in desk.choose(AUDITION)
    desk.choose(INTO)
    desk.answer(name="error.json", message="There is no scored.otio.", hint="Score again.")
    output = desk.choose(AUDITION)
    assert "There is no scored.otio. Score again." in output
    assert "a fault of this menu item" not in output


def test_cues_and_prices_are_marked_one_marker_a_frame(desk: Desk) -> None:
    desk.choose(INTO)
    assert sorted(desk.timeline.markers) == [0, 30, 60]
    assert desk.timeline.markers[60]["note"] == "Whoosh (2.50 USD)\nDoor (bought)"


@pytest.mark.parametrize("last_frame_is_played", [True, False])
def test_lengths_hold_whatever_the_host_takes_the_last_frame_for(
    desk: Desk, last_frame_is_played: bool
) -> None:
    desk.project.last_frame_is_played = last_frame_is_played
    desk.choose(INTO)
    assert desk.laid() == WANTED


@pytest.mark.parametrize("last_frame_is_played", [True, False])
def test_a_sound_that_ends_within_its_last_frame_tells_nothing_of_the_others(
    desk: Desk, last_frame_is_played: bool
) -> None:
    desk.project.last_frame_is_played = last_frame_is_played
    desk.project.media_frames["Hit.wav"] = 11  # the first that is laid
    assert "4 sounds laid" in desk.choose(INTO)
    assert [one for one in desk.laid() if one not in WANTED] == [("AVM Effects 1", "Hit", 30, 11)]


def test_a_host_that_refuses_more_than_a_file_holds_gets_its_whole_frames(desk: Desk) -> None:
    desk.project.media_frames["Whoosh.wav"] = 19
    desk.project.refuses_beyond_media = True
    assert "4 sounds laid" in desk.choose(INTO)
    assert [one for one in desk.laid() if one not in WANTED] == [("AVM Effects 1", "Whoosh", 60, 19)]


def test_alternatives_lie_on_tracks_of_their_own_switched_off(desk: Desk) -> None:
    desk.answer_spare()
    assert "4 sounds laid" in desk.choose(INTO)
    assert [one for one in desk.laid() if one not in WANTED] == [
        ("AVM Effects alternatives 1", "Hit", 30, 12)
    ]
    off = [
        (track.name, item.name)
        for track in desk.timeline.tracks
        for item in track.items
        if not item.is_enabled
    ]
    assert off == [("AVM Effects alternatives 1", "Hit.wav")]
    assert len(desk.timeline.markers) == 3


def test_where_clips_cannot_be_switched_off_no_alternative_is_left_to_be_heard(desk: Desk) -> None:
    desk.answer_spare()
    desk.project.can_switch = False
    output = desk.choose(INTO)
    assert "cannot switch clips off: alternatives are in the new timeline only" in output
    assert "4 sounds laid" in output
    assert desk.laid() == WANTED
    assert "AVM Effects alternatives 1" not in [track.name for track in desk.timeline.tracks]


@pytest.mark.parametrize(
    ("track", "at", "is_reported"),
    [
        ("AVM Effects 1", 29, True),
        ("AVM Music 1", 41, True),
        ("AVM Effects 1", 900_000, False),
        ("AVM Effects alternatives 1", 30, False),
        ("Dialogue", 30, False),
    ],
)
def test_an_earlier_scoring_that_is_heard_at_the_same_place_is_reported(
    desk: Desk, track: str, at: int, is_reported: bool
) -> None:
    lying = Item("earlier", desk.timeline.GetStartFrame() + at, 2)
    desk.timeline.tracks.append(Track("audio", track, "stereo", [lying]))
    output = desk.choose(INTO)
    assert (
        "Sounds of an earlier scoring are heard at the same place: mute or delete them." in output
    ) is is_reported
    assert "4 sounds laid" in output


def test_what_a_script_cannot_do_is_reported(desk: Desk) -> None:
    answer = json.loads((desk.folder / "answer.json").read_text())
    answer["clips"][0] |= {"speed": "2", "kind": "dialogue"}
    (desk.folder / "answer.json").write_text(json.dumps(answer))
    output = desk.choose(INTO)
    assert "no script set gains, levels over time, fades, crossfades and speeds" in output
    assert "lies beside your own: mute one of them" in output


def with_parts(desk: Desk, **more: Any) -> None:
    """The bed lies in two parts, which meet."""
    path = desk.folder / "answer.json"
    answer = json.loads(path.read_text())
    bed, *others = answer["clips"]
    first = bed | {"frames": 40, "media_start_us": 0, "part": 0}
    second = bed | {"record_frame": 40, "frames": 56, "media_start_us": 1_013_000, "part": 1, "timecode": "2"}
    path.write_text(json.dumps(answer | {"clips": [first, second | more, *others]}))


@pytest.mark.parametrize(
    ("counts_frames", "tells_offsets", "words"),
    [
        (False, True, None),
        (True, True, "These begin elsewhere in their files than they should, .* AVM .*: 2 Bed -13 ms\\."),
        (False, False, "These begin elsewhere in their files than they should, .* AVM .*: 2 Bed -13 ms\\."),
    ],
)
def test_the_parts_of_a_piece_begin_in_its_file_where_they_should_or_it_is_reported(
    desk: Desk, counts_frames: bool, tells_offsets: bool, words: str | None
) -> None:
    with_parts(desk)
    desk.project.counts_frames, desk.project.tells_offsets = counts_frames, tells_offsets
    output = desk.choose(INTO)
    items = next(track.items for track in desk.timeline.tracks if track.name == "AVM Music 1")
    assert [item.start - desk.timeline.start for item in items] == [0, 40]
    if tells_offsets:
        assert [item.media_start for item in items] == [0, 25 if counts_frames else 25.325]
    assert ("begin elsewhere" in output) is (words is not None)
    assert words is None or re.search(words, output)


def test_a_piece_in_parts_is_one_for_people(desk: Desk) -> None:
    with_parts(desk)
    assert "4 sounds laid" in desk.choose(INTO)
    assert sorted(desk.timeline.markers) == [0, 30, 60]
    assert "4 sounds, 10.00 USD" in desk.choose(LAST)


@pytest.mark.parametrize(
    "more", [{"keys": [{"at_us": 0, "gain_db": 0}]}, {"cross_fade_us": {"before": 40_000, "after": 40_000}}]
)
def test_levels_over_time_and_crossfades_are_told_as_left_to_the_new_timeline(
    desk: Desk, more: dict[str, Any]
) -> None:
    with_parts(desk, **more)
    output = desk.choose(INTO)
    assert (
        "music is not turned down under speech and its parts are cut; they are in the new timeline" in output
    )


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
    tmp_path: Path,
    has_windows: bool,
    rate: str,
    is_drop: bool,
    marks: dict[str, int],
    tc_in: str,
    tc_out: str,
) -> None:
    desk = Desk(tmp_path, rate, is_drop, has_windows=has_windows)
    desk.timeline.marks = {"video": marks}
    desk.choose(SCORE)
    assert (desk.request()["tc_in"], desk.request()["tc_out"]) == (tc_in, tc_out)


def test_without_marks_the_whole_timeline_is_asked_for(desk: Desk) -> None:
    desk.choose(SCORE)
    wished = {} if not desk.has_windows else {"services": ["music", "effects"], "alternatives": 1}
    assert desk.request() == {"timeline": "cut.otio", "output": "scored.otio", "editor": "resolve"} | wished


@pytest.mark.parametrize("frame", [0, 1799, 1800, 17_981, 17_982, 107_892, 107_892 + 1800, 2_589_407])
def test_drop_frame_timecode_is_the_programs_own(tmp_path: Path, has_windows: bool, frame: int) -> None:
    desk = Desk(tmp_path, "29.97", is_drop=True, has_windows=has_windows)
    desk.timeline.selected = Item("shot", frame, 1)
    desk.choose(CLIP)
    assert desk.request()["tc_in"] == format_timecode(frame, Fraction(30_000, 1001), drop_frame=True)


def test_overlaps_are_kept_apart_on_tracks_of_their_own(desk: Desk) -> None:
    answer = json.loads((desk.folder / "answer.json").read_text())
    answer["clips"][2]["record_frame"] = 35  # into the one before it
    (desk.folder / "answer.json").write_text(json.dumps(answer))
    assert "4 sounds laid" in desk.choose(INTO)
    assert ("AVM Effects 1 2", "Whoosh", 35, 20) in desk.laid()


def test_sounds_that_did_not_arrive_are_named(desk: Desk) -> None:
    desk.project.GetMediaPool = lambda: fake.DroppingPool(desk.project)
    output = desk.choose(INTO)
    assert "1 of 4 sounds did not come where they belong: frame 30 Hit" in output


def test_a_name_that_is_taken_gets_a_number(desk: Desk) -> None:
    desk.choose(SCORE)
    desk.choose(LAST)
    assert [each.name for each in desk.project.timelines] == ["Reel 3", "Reel 3 scored", "Reel 3 scored 2"]


def test_a_program_that_fails_is_shown_in_its_own_words(desk: Desk) -> None:
    desk.answer(name="error.json", message="The film has no picture.", hint="Choose another range.")
    output = desk.choose(SCORE)
    assert "[AVM] Error: The film has no picture. Choose another range." in output.splitlines()


def test_a_host_that_is_closed_loses_nothing(desk: Desk) -> None:
    def close(seconds: float) -> None:
        if list(desk.watch.glob("*/request.json")):
            raise RuntimeError("the host is gone")

    assert "the host is gone" in desk.choose(INTO, close)
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


@pytest.mark.parametrize(
    ("item", "wrong", "message"),
    [
        (SCORE, no_host, "This runs inside DaVinci Resolve only"),
        (SCORE, no_project, "No project is open: open one and run this again."),
        (SCORE, no_timeline, "No timeline is open: open one and run this again."),
        (SCORE, not_saved, "does not say why. Save the project once"),
        (SCORE, no_export, "did not export Reel 3: save the project and run this again."),
        (SCORE, too_old, "DaVinci Resolve 18.1.4 has no EXPORT_OTIO: it is there from 18.5 on."),
        (SCORE, no_marks_call, "18.1.4 has no Timeline.GetMarkInOut"),
        (CLIP, lambda desk: None, "Nothing is selected: mark in and out"),
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
    desk: Desk, item: str, wrong: Callable[[Desk], None], message: str
) -> None:
    wrong(desk)
    output = desk.choose(item)
    assert message in output
    assert "a fault of this menu item" not in output
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


def test_a_watcher_that_goes_away_meanwhile_is_reported(desk: Desk) -> None:
    desk.tell(program=[sys.executable, "-c", "0"])  # it ends at once, and nobody is told
    output = desk.choose(SCORE, lambda seconds: None)
    assert f"Error: Nobody watches {desk.watch} any more: run  avm-otio watch" in output
    (folder,) = desk.watch.glob("*/")
    (folder / "result.json").write_text((desk.folder / "answer.json").read_text())
    assert "4 sounds, 10.00 USD" in desk.choose(LAST)


def test_the_program_gets_none_of_the_hosts_own_python(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONHOME", str(desk.folder / "the host's own"))
    monkeypatch.setenv("PYTHONPATH", str(desk.folder / "the host's own"))
    assert "4 sounds" in desk.choose(SCORE)


@pytest.mark.slow
@pytest.mark.parametrize(("rate", "is_drop"), RATES)
def test_the_real_program_scores_what_the_host_exports(
    tmp_path: Path, has_windows: bool, rate: str, is_drop: bool
) -> None:
    desk = Desk(tmp_path, rate, is_drop, has_windows=has_windows)
    with_film(desk, rate)
    desk.tell(program=[sys.executable, "-m", "avm_otio"])
    output = desk.choose(INTO, lambda seconds: time.sleep(seconds))
    (path,) = desk.watch.glob("*/result.json")
    result = json.loads(path.read_text())
    assert f"{len(result['clips'])} sounds laid" in output, output
    lying = [*result["clips"], *result["spare_clips"]]
    assert len(lying) > len(result["clips"])
    frames = sorted((clip["record_frame"], clip["frames"]) for clip in lying)
    assert sorted((at, length) for _, _, at, length in desk.laid()) == frames
    assert "sounds" in desk.choose(LAST)
    made = desk.laid(desk.project.timelines[1])
    assert sorted(at for _, _, at, _ in made) == [at for at, _ in frames]
