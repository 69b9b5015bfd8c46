"""``convert --for`` on what users really have: names, places, rates and files of every kind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import wave
from collections.abc import Callable
from fractions import Fraction as F
from pathlib import Path
from typing import Any

import av
import opentimelineio as otio
import pytest

from avm_otio.cli.main import run
from avm_otio.formats import reading
from avm_otio.formats.table import editors
from avm_otio.timeline.model import Clip, Media, Timeline
from avm_otio.timeline.time import snap_rate
from avm_otio.timeline.urls import place_of
from tests.media.numbered import movie
from tests.scored import write_sound
from tests.timelines import clip, gap, time_range, timeline, track

pytestmark = pytest.mark.slow

FILES = [(name, suffix) for name, editor in editors().items() for suffix in editor.suffixes]
ONE_FILE = [one for one in FILES if one[1] != ".otioz" and one[0] != "otio"]
READ_BACK = [one for one in FILES if one[1] in (".otio", ".xml", ".fcpxml", ".aaf")]


@pytest.fixture(scope="session")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("media")
    import numpy as np

    noise = np.random.default_rng(1).normal(0, 0.1, (4 * 48_000, 2))
    movie(folder / "shot.mp4", 96, F(24), sound=noise)
    write_sound(folder / "sound.wav", 4.0, hz=44_100)
    images = folder / "images"
    images.mkdir()
    with av.open(
        str(images / "img.%04d.png"), "w", format="image2", options={"start_number": "1001"}
    ) as container:
        stream = container.add_stream("png", rate=24)
        stream.width, stream.height, stream.pix_fmt = 64, 36, "rgb24"
        for shade in range(48):
            frame = av.VideoFrame.from_ndarray(np.full((36, 64, 3), shade, np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return folder


Events = list[dict[str, Any]]
Convert = Callable[..., tuple[int, Events]]


@pytest.fixture
def convert(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Convert:
    """Save a timeline, convert it, and give the exit code and what was told."""

    def call(made: otio.schema.Timeline, output: str, *more: str) -> tuple[int, Events]:
        source = tmp_path / "in.otio"
        source.write_text(made.to_json_string(), encoding="utf-8")
        capsys.readouterr()
        code = run(["convert", str(source), "-o", str(tmp_path / output), "--json", *more])
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return code, [json.loads(line) for line in captured.out.splitlines()]

    return call


def read(path: Path) -> Timeline:
    return reading.read(path).timeline


def the_media(clip: Clip) -> Media:
    assert clip.media is not None
    return clip.media


def losses(events: Events, feature: str) -> list[str]:
    return [
        f"{e['item']}: {e['message']}" for e in events if e["event"] == "loss" and e["feature"] == feature
    ]


OFFLINE = {
    r"C:\Footage\a b.mov": r"C:\Footage\a b.mov",
    "file:///D:/F/a%20b.mov": r"D:\F\a b.mov",
    r"\\server\share\a.mov": r"\\server\share\a.mov",
    "/nowhere/100% #1.mov": "/nowhere/100% #1.mov",
    "file:///nowhere/a%20b.mov": "/nowhere/a b.mov",
    "https://footage.example/a.mov": "https://footage.example/a.mov",
}


@pytest.mark.parametrize("file", READ_BACK, ids="".join)
@pytest.mark.parametrize("url", OFFLINE)
def test_offline_media_keep_the_path_of_their_own_system(
    file: tuple[str, str], url: str, convert: Convert, tmp_path: Path
) -> None:
    output = f"out{file[1]}"
    code, _ = convert(timeline(track(clip("a", url=url), name="V1")), output, "--for", file[0])
    assert code == 0
    seen = read(tmp_path / output)
    (shown,) = seen.video_tracks[0].clips
    path = the_media(shown).path
    known = place_of(path, tmp_path)
    assert known == OFFLINE[url]


def images(media: Path) -> otio.schema.Clip:
    reference = otio.schema.ImageSequenceReference(
        f"{media}/images/", "img.", ".png", 1001, 1, 24.0, 4, available_range=time_range(1001, 48, F(24))
    )
    return otio.schema.Clip("images", reference, time_range(1011, 20, F(24)))


@pytest.mark.parametrize("file", [("resolve", ".otio"), ("premiere", ".xml"), ("avid", ".aaf")], ids="".join)
def test_numbered_images_are_shown_from_the_one_that_was_cut_to(
    file: tuple[str, str], convert: Convert, media: Path, tmp_path: Path
) -> None:
    output = f"out{file[1]}"
    assert convert(timeline(track(images(media), name="V1")), output, "--for", file[0])[0] == 0
    (shown,) = read(tmp_path / output).video_tracks[0].clips
    found = the_media(shown)
    assert (shown.media_in - found.start, found.duration) == (F(10, 24), F(2))


@pytest.mark.parametrize("file", READ_BACK, ids="".join)
def test_numbered_images_are_found_again_from_another_folder(
    file: tuple[str, str], convert: Convert, media: Path, tmp_path: Path
) -> None:
    """Whatever names them: relatively from where the timeline lay, by the first, or by a pattern."""
    relative = os.path.relpath(media, tmp_path)
    there = f"there/out{file[1]}"
    (tmp_path / "there").mkdir()
    assert convert(timeline(track(images(Path(relative)), name="V1")), there, "--for", file[0])[0] == 0
    assert run(["convert", str(tmp_path / there), "-o", str(tmp_path / "there/plain.otio")]) == 0
    for again in (there, "there/plain.otio"):
        found = the_media(read(tmp_path / again).video_tracks[0].clips[0])
        assert found.sequence is not None
        folder = Path(place_of(found.path, tmp_path / "there"))
        assert folder.resolve() == (media / "images").resolve()
        assert found.sequence.file_name(0) == "img.1001.png"


def test_resolve_is_told_of_every_numbered_image(convert: Convert, media: Path, tmp_path: Path) -> None:
    convert(timeline(track(images(media), name="V1")), "out.otio", "--for", "resolve")
    assert "img.[1001-1048].png" in (tmp_path / "out.otio").read_text()


@pytest.mark.parametrize("file", ONE_FILE, ids="".join)
@pytest.mark.parametrize(("start", "written"), [(-48, "23:59:58:00"), (30 * 3600 * 24, "06:00:00:00")])
def test_a_start_beyond_a_day_is_told(
    file: tuple[str, str], start: int, written: str, convert: Convert, media: Path
) -> None:
    heard = clip("a", url=str(media / "sound.wav"), available=(0, 96))
    made = timeline(track(heard, kind="Audio"), start=start)
    code, events = convert(made, f"out{file[1]}", "--for", file[0])
    assert code == 0
    assert any(written in loss for loss in losses(events, "start"))


@pytest.mark.parametrize("file", FILES, ids="".join)
@pytest.mark.parametrize("more", [(), ("--deliver", "copy")], ids=["link", "copy"])
def test_a_folder_that_is_not_there_is_not_made(
    file: tuple[str, str], more: tuple[str, ...], convert: Convert, media: Path, tmp_path: Path
) -> None:
    made = timeline(track(clip("a", url=str(media / "sound.wav"), available=(0, 96)), kind="Audio"))
    code, events = convert(made, f"none/out{file[1]}", "--for", file[0], *more)
    assert code == 1
    assert "does not exist" in events[-1]["message"]
    assert not (tmp_path / "none").exists()


@pytest.mark.skipif(os.name != "posix", reason="Windows knows no limit of a file's size")
@pytest.mark.parametrize("file", [("avid", ".aaf"), ("reaper", ".rpp"), ("premiere", ".zip")], ids="".join)
def test_a_full_disk_leaves_nothing_behind(file: tuple[str, str], media: Path, tmp_path: Path) -> None:
    import resource

    made = timeline(track(clip("a", url=str(media / "sound.wav"), available=(0, 96)), kind="Audio"))
    (tmp_path / "in.otio").write_text(made.to_json_string())
    arguments = ["convert", "in.otio", "-o", f"out{file[1]}", "--for", file[0], "--media-format", "wav48"]
    run_ = subprocess.run(
        [sys.executable, "-m", "avm_otio", *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        encoding="utf-8",
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000)),
    )
    assert run_.returncode == 1
    assert "The disk is full" in run_.stderr
    assert [one.name for one in tmp_path.iterdir()] == ["in.otio"]


def test_no_list_is_written_over_the_list_it_was_made_from(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "cut.A1.edl"
    times = "00:00:00:00 00:00:01:00 01:00:00:00 01:00:01:00"
    source.write_text(f"TITLE: cut\nFCM: NON-DROP FRAME\n001  AX       B     C        {times}\n")
    before = source.read_bytes()
    code = run(["convert", str(source), "-o", str(tmp_path / "cut.edl"), "--for", "edl", "--rate", "24"])
    assert code == 1
    assert "is the input itself" in capsys.readouterr().err
    assert source.read_bytes() == before


def test_a_picture_track_that_is_off_is_not_seen_in_avid(convert: Convert, tmp_path: Path) -> None:
    hidden = track(clip("b"), name="V2")
    hidden.enabled = False
    _, events = convert(timeline(track(clip("a"), name="V1"), hidden), "out.aaf", "--for", "avid")
    shown, off = (one.clips[0].enabled for one in read(tmp_path / "out.aaf").video_tracks)
    assert (shown, off) == (True, False)
    assert losses(events, "disabled") == ["Track “V2”: it is switched off clip by clip"]


NAMES = ["中文 😀", "100% #1 & <b> \"x\" 'y' ]]>", "a\x01b\x1f", "x" * 300, r"C:\a\b", "../..", "%41", " "]


@pytest.mark.parametrize("file", READ_BACK, ids="".join)
def test_names_of_every_kind_stay_or_their_change_is_told(
    file: tuple[str, str], convert: Convert, tmp_path: Path
) -> None:
    made = timeline(
        *(track(clip(name), name=name) for name in NAMES if name.strip()),
        *(track(clip(name, url="s.wav"), name=name, kind="Audio") for name in NAMES),
    )
    output = f"out{file[1]}"
    code, events = convert(made, output, "--for", file[0])
    assert code == 0
    seen = read(tmp_path / output)
    assert [len(one.clips) for one in seen.tracks] == [1] * (2 * len(NAMES) - 1)
    wanted = [clip_.name for each in made.tracks for clip_ in each.find_clips()]
    reported = "".join(losses(events, "name"))
    changed = [one for one, clip_ in zip(wanted, seen.clips(), strict=True) if one != clip_.name]
    assert all("\x01" in one for one in changed)
    assert bool(changed) == bool(reported)


@pytest.mark.parametrize("name", ["resolve", "premiere", "avid", "blender", "edl"])
def test_a_bundle_that_names_full_paths_says_so(name: str, convert: Convert, media: Path) -> None:
    made = timeline(track(clip("a", url=str(media / "sound.wav"), available=(0, 96)), kind="Audio"))
    code, events = convert(made, "out.zip", "--for", name)
    assert code == 0
    assert any("full paths" in event.get("message", "") for event in events)


def test_many_nests_and_many_tracks_are_one_line_each(convert: Convert, media: Path) -> None:
    nest = otio.schema.Stack("nest")
    nest.append(track(clip("s", url=str(media / "sound.wav"), available=(0, 96)), kind="Audio"))
    made = timeline(
        *(track(clip(f"c{number}"), name=f"V{number}") for number in range(30)),
        track(*(nest.deepcopy() for _ in range(3)), kind="Audio"),
    )
    code, events = convert(made, "out.txt", "--for", "protools")
    assert code == 0
    warnings = [event["message"] for event in events if event["event"] == "warning"]
    assert len(warnings) <= 1  # that the media are missing
    assert len(losses(events, "nest")) == 3
    assert losses(events, "track") == ["30 video tracks: video not written: send a film along"]


FORMS = [(rate, "keep") for rate in ("23.976", "25", "29.97", "50", "59.94")]
FORMS += [("23.976", "wav48"), ("50", "wav48")]


@pytest.mark.parametrize("file", READ_BACK, ids="".join)
@pytest.mark.parametrize(("rate", "form"), FORMS)
def test_every_sound_lies_where_it_lay_and_every_file_is_there(
    file: tuple[str, str], rate: str, form: str, convert: Convert, media: Path, tmp_path: Path
) -> None:
    each = snap_rate(float(rate))
    sound = clip("s", 7, 40, rate=each, url=str(media / "sound.wav"), available=(0, 60))
    made = timeline(track(gap(11, each), sound, kind="Audio", name="Söund"), start=3600 * 24, rate=each)
    output = f"out{file[1]}"
    more = ("--deliver", "copy", "--media-format", form)
    code, _ = convert(made, output, "--for", file[0], *more)
    assert code == 0
    seen = read(tmp_path / output)
    heard, *_ = seen.audio_tracks[0].clips  # for Kdenlive a last frame follows
    found = the_media(heard)
    assert (heard.start, heard.end) == (11 / each, 51 / each)
    assert abs(heard.media_in - found.start - 7 / each) <= F(1, 48_000)
    assert heard.channels == (0, 1)
    assert seen.rate == each
    paths = found.mono or (found.path,)
    assert all((tmp_path / place_of(one, tmp_path)).is_file() for one in paths)
    if form == "wav48":
        with wave.open(str(place_of(paths[0], tmp_path))) as file_:
            assert (file_.getframerate(), file_.getsampwidth()) == (48_000, 3)


@pytest.mark.parametrize(
    ("file", "adapter"),
    [
        (("premiere", ".xml"), "fcp_xml"),
        (("fcp", ".fcpxml"), "fcpx_xml"),
        (("avid", ".aaf"), "AAF"),
        (("edl", ".edl"), "cmx_3600"),
    ],
    ids=str,
)
def test_the_official_adapters_find_the_same_cuts(
    file: tuple[str, str], adapter: str, convert: Convert, media: Path, tmp_path: Path
) -> None:
    if adapter not in otio.adapters.available_adapter_names():
        pytest.skip(f"the official adapter {adapter} is not installed")
    shots = [clip(name, 12, 24, url=str(media / "shot.mp4"), available=(0, 96)) for name in ("a", "b")]
    made = timeline(track(*shots, name="V1"), start=86_400)
    output = tmp_path / f"out{file[1]}"
    assert convert(made, output.name, "--for", file[0])[0] == 0
    more = {"rate": 24} if adapter == "cmx_3600" else {}
    found = otio.adapters.read_from_file(str(output), adapter, **more)
    timelines = [found] if isinstance(found, otio.schema.Timeline) else list(found)
    seen = [
        (one.range_in_parent().start_time.to_frames(), one.duration().to_frames())
        for one in timelines[0].video_tracks()[0].find_clips()
    ]
    assert [(start - seen[0][0], length) for start, length in seen] == [(0, 24), (24, 24)]
