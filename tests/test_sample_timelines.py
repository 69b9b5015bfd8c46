"""The sample timelines are what their README says, and their media is what the timelines say."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote

import av
import numpy as np
import opentimelineio as otio
import pytest

from avm_otio.timeline.time import format_timecode, nominal_rate, parse_timecode, snap_rate

FOLDER = Path(__file__).parents[1] / "sample_timelines"
MEDIA = FOLDER / "media"
TIMELINES = sorted(path.name for path in FOLDER.iterdir() if path.suffix in {".otio", ".xml", ".edl"})
OTIO = [name for name in TIMELINES if name.endswith(".otio")]
FLAT = [
    "short_film.otio",
    "ntsc_film_start_1h.otio",
    "broadcast_2997_df.otio",
    "fcp7_short.xml",
    "edl_short.edl",
]
"""One video track of hard cuts and nothing else."""

CAMERA_FILES = sorted(path.name for path in MEDIA.iterdir() if path.suffix in {".mp4", ".mov"})
SOUND_FILES = sorted(path.name for path in MEDIA.iterdir() if path.suffix in {".wav", ".m4a"})
SILENT = {"interview_camera.mp4", "媒體 檔案 #1 100%.mp4"}


def opened(name: str) -> otio.schema.Timeline:
    rate = {"rate": 24} if name.endswith(".edl") else {}
    found = otio.adapters.read_from_file(str(FOLDER / name), **rate)
    return found if isinstance(found, otio.schema.Timeline) else found[0]


def frames_of(time: otio.opentime.RationalTime) -> int:
    assert time.value == int(time.value)
    return int(time.value)


def files_of(reference: otio.core.MediaReference) -> list[str]:
    if isinstance(reference, otio.schema.ImageSequenceReference):
        span = range(reference.number_of_images_in_sequence())
        return [reference.target_url_for_image_number(number) for number in span]
    return [reference.target_url]


def clips() -> Iterator[tuple[str, otio.schema.Clip]]:
    for name in TIMELINES:
        for clip in opened(name).find_clips():
            yield name, clip


@cache
def seen(name: str) -> tuple[np.ndarray, Fraction, str | None]:
    """Every frame of a file as small grey pictures, its rate, and its start timecode."""
    with av.open(str(MEDIA / name)) as container:
        stream = container.streams.video[0]
        small = [
            frame.reformat(64, 36, "gray", interpolation="AREA").to_ndarray()
            for frame in container.decode(stream)
        ]
        return np.stack(small).astype(int), stream.average_rate, stream.metadata.get("timecode")


@cache
def heard(name: str) -> tuple[np.ndarray, int]:
    """A file's samples, one row a channel, and their rate."""
    with av.open(str(MEDIA / name)) as container:
        stream = container.streams.audio[0]
        planar = av.AudioResampler("fltp")
        parts = [part.to_ndarray() for frame in container.decode(stream) for part in planar.resample(frame)]
        return np.concatenate(parts, axis=1), stream.rate


def change(before: np.ndarray, after: np.ndarray) -> float:
    return float(np.abs(after - before).mean())


def test_there_are_eight_timelines_and_more_in_three_formats() -> None:
    assert len(OTIO) >= 8
    assert {Path(name).suffix for name in TIMELINES} == {".otio", ".xml", ".edl"}


@pytest.mark.parametrize("name", TIMELINES)
def test_each_has_its_line_in_the_readme(name: str) -> None:
    lines = (FOLDER / "README.md").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.startswith(f"| `{name}` |")] != []


def test_the_media_is_small_and_none_of_it_is_unused() -> None:
    used = {unquote(url).rpartition("/")[2] for _, clip in clips() for url in files_of(clip.media_reference)}
    assert {path.name for path in MEDIA.iterdir()} == used
    assert sum(path.stat().st_size for path in MEDIA.iterdir()) < 8_000_000


@pytest.mark.parametrize("name", TIMELINES)
def test_media_is_named_from_the_timelines_own_folder(name: str) -> None:
    for clip in opened(name).find_clips():
        for url in files_of(clip.media_reference):
            assert url.startswith("media/")
            assert (FOLDER / unquote(url)).is_file()


@pytest.mark.parametrize("name", TIMELINES)
def test_ranges_are_true_to_the_media(name: str) -> None:
    for clip in opened(name).find_clips():
        reference, used = clip.media_reference, clip.source_range
        file = unquote(files_of(reference)[0]).rpartition("/")[2]
        length, rate, start = probed(clip, file)
        available = reference.available_range
        if available is None:  # an EDL does not say
            available = otio.opentime.TimeRange(
                otio.opentime.RationalTime(0, float(rate)), otio.opentime.RationalTime(length, float(rate))
            )
        assert snap_rate(available.duration.rate) == snap_rate(used.duration.rate) == rate
        assert (frames_of(available.start_time), frames_of(available.duration)) == (start, length)
        first, reach = frames_of(used.start_time) - start, frames_of(used.duration) * stretch(clip)
        assert first >= 0
        assert first + reach <= length


def probed(clip: otio.schema.Clip, file: str) -> tuple[int, Fraction, int]:
    """What the file itself says: frames, rate, first frame."""
    reference = clip.media_reference
    if isinstance(reference, otio.schema.ImageSequenceReference):
        return len(files_of(reference)), Fraction(24), 1001
    if file.endswith(".png"):  # a still lasts as long as an editor likes
        assert len(seen(file)[0]) == 1
        return 120, Fraction(24), 0
    if file in SOUND_FILES:
        samples, sample_rate = heard(file)
        return int(Fraction(samples.shape[1], sample_rate) * 25), Fraction(25), 0
    pictures, rate, timecode = seen(file)
    return len(pictures), rate, parse_timecode(timecode, rate) if timecode else 0


def stretch(clip: otio.schema.Clip) -> float:
    warps = [effect.time_scalar for effect in clip.effects if isinstance(effect, otio.schema.LinearTimeWarp)]
    return warps[0] if warps else 1.0


@pytest.mark.parametrize("name", CAMERA_FILES)
def test_the_picture_moves_in_every_second(name: str) -> None:
    pictures, rate, _ = seen(name)
    assert pictures.std(axis=(1, 2)).min() > 8, "a flat colour is no picture"
    moves = [change(before, after) for before, after in pairwise(pictures)]
    second = nominal_rate(rate)
    for start in range(0, len(moves) - second + 1, second):
        assert max(moves[start : start + second]) > 0.15


@pytest.mark.parametrize("name", CAMERA_FILES + SOUND_FILES)
def test_sound_is_loud_enough_and_not_clipped(name: str) -> None:
    if name in SILENT:
        with av.open(str(MEDIA / name)) as container:
            assert not container.streams.audio
        return
    samples, _ = heard(name)
    assert 20 * np.log10(np.sqrt(np.mean(samples**2))) > -36
    assert 0.3 < np.abs(samples).max() < 1


def test_sound_files_are_stereo_mono_and_at_two_sample_rates() -> None:
    kinds = {name: (heard(name)[0].shape[0], heard(name)[1]) for name in SOUND_FILES}
    assert kinds["interview_boom.wav"] == (1, 48_000)
    assert kinds["music_44100.wav"] == (2, 44_100)


@pytest.mark.parametrize("name", FLAT)
def test_cuts_are_seen_where_the_timeline_says(name: str) -> None:
    timeline = opened(name)
    pictures, cuts = [], []
    for clip in timeline.video_tracks()[0]:
        file = unquote(clip.media_reference.target_url).rpartition("/")[2]
        _, rate, timecode = seen(file)
        first = frames_of(clip.source_range.start_time) - (parse_timecode(timecode, rate) if timecode else 0)
        pictures.append(seen(file)[0][first : first + frames_of(clip.source_range.duration)])
        cuts.append(sum(len(shot) for shot in pictures))
    changes = [change(before, after) for before, after in pairwise(np.concatenate(pictures))]
    at_cuts = [changes.pop(cut - 1) for cut in reversed(cuts[:-1])]
    assert min(at_cuts) > 3 * np.quantile(changes, 0.99)


def test_the_short_film_has_seven_cuts_in_about_twenty_seconds_over_one_stereo_track() -> None:
    film = opened("short_film.otio")
    assert [track.kind for track in film.tracks] == ["Video", "Audio"]
    assert len(film.video_tracks()[0]) == 8
    assert 15 < film.duration().to_seconds() < 20
    assert {heard(unquote(c.media_reference.target_url)[6:])[0].shape[0] for c in film.audio_tracks()[0]} == {
        2
    }


def test_the_ball_is_heard_when_it_is_seen_to_touch_the_floor() -> None:
    with av.open(str(MEDIA / "ball.mp4")) as container:
        frames = [frame.to_ndarray(format="rgb24").astype(int) for frame in container.decode(video=0)]
    red = [(frame[..., 0] - frame[..., 1] > 110).nonzero()[0] for frame in frames]
    foot = np.array([np.percentile(rows, 99) for rows in red])
    touches = [n for n in range(1, 95) if foot[n] > 285 and foot[n] >= foot[n - 1] and foot[n] > foot[n + 1]]
    samples, rate = heard("ball.mp4")
    loudness = np.abs(samples).max(axis=0)[: 96 * rate // 24].reshape(96, -1).max(axis=1)
    hits = [n for n in range(1, 96) if loudness[n] > 0.2 and loudness[n] > 3 * loudness[n - 1]]
    assert len(hits) == 6
    for hit in hits:
        assert min(abs(hit - touch) for touch in touches) <= 1


@pytest.mark.parametrize(
    ("name", "rate", "start"),
    [
        ("short_film.otio", "24", "00:00:00:00"),
        ("ntsc_film_start_1h.otio", "24000/1001", "01:00:00:00"),
        ("broadcast_2997_df.otio", "30000/1001", "00:58:52;00"),
        ("speed_changes_25.otio", "25", "00:00:00:00"),
        ("nested_stack.otio", "24", "00:00:00:00"),
        ("three_tracks_gaps.otio", "24", "00:00:00:00"),
        ("stereo_and_mono.otio", "25", "00:00:00:00"),
        ("短片 測試 №1.otio", "25", "00:00:00:00"),
        ("fcp7_short.xml", "24000/1001", "01:00:00:00"),
    ],
)
def test_each_runs_and_starts_as_the_readme_says(name: str, rate: str, start: str) -> None:
    timeline = opened(name)
    exact = snap_rate(rate)
    first = timeline.global_start_time or otio.opentime.RationalTime(0, float(exact))
    assert snap_rate(timeline.duration().rate) == snap_rate(first.rate) == exact
    assert format_timecode(frames_of(first), exact, drop_frame=";" in start) == start
    line = next(
        line for line in (FOLDER / "README.md").read_text("utf-8").splitlines() if f"`{name}`" in line
    )
    assert f"| {rate} " in line
    assert f"| {start} |" in line


def test_the_drop_frame_timeline_crosses_two_skipped_numbers() -> None:
    timeline = opened("broadcast_2997_df.otio")
    rate = snap_rate("30000/1001")
    start = frames_of(timeline.global_start_time)
    marked = frames_of(timeline.tracks.markers[0].marked_range.start_time)
    assert marked < frames_of(timeline.duration())
    around = [format_timecode(start + frame, rate, drop_frame=True) for frame in (marked - 1, marked)]
    assert around == ["00:58:59;29", "00:59:00;02"]


def test_each_otio_timeline_tries_what_it_is_named_for() -> None:
    speeds = [stretch(clip) for clip in opened("speed_changes_25.otio").find_clips()]
    assert speeds == [1.0, 2.0, 0.0, 0.5, 1.0]

    nested = opened("nested_stack.otio")
    nests = [item for item in nested.video_tracks()[0] if isinstance(item, otio.core.Composition)]
    assert [type(nest) for nest in nests] == [otio.schema.Stack, otio.schema.Track]
    assert all(nest.source_range.duration < nest.available_range().duration for nest in nests)

    layers = opened("three_tracks_gaps.otio")
    assert len(layers.video_tracks()) == 3
    assert all(any(isinstance(item, otio.schema.Gap) for item in track) for track in layers.video_tracks())
    assert [clip.name for clip in layers.find_clips() if not clip.enabled] == ["Walking home (disabled)"]
    assert len(layers.find_children(descended_from_type=otio.schema.Transition)) == 1

    assert len(opened("stereo_and_mono.otio").audio_tracks()) == 3


def test_the_timelines_have_named_tracks_and_markers() -> None:
    for name in OTIO:
        timeline = opened(name)
        assert all(track.name for track in timeline.tracks)
        items = [timeline.tracks, *timeline.find_children(descended_from_type=otio.core.Item)]
        assert any(item.markers for item in items)


def make(folder: Path, *media: str) -> dict[str, bytes]:
    command = [sys.executable, str(FOLDER / "make.py"), str(folder), "--media", *media]
    subprocess.run(command, check=True, capture_output=True)
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_committed_timelines_are_what_the_script_makes(tmp_path: Path) -> None:
    # The media is not compared with what is committed: another machine may have another encoder.
    made = make(tmp_path)
    assert made == {name: (FOLDER / name).read_bytes() for name in TIMELINES}


@pytest.mark.slow
def test_two_runs_of_the_script_give_the_same_bytes(tmp_path: Path) -> None:
    every_kind = (
        "ball.mp4",
        "現場 聲音 'A' 🏮.m4a",
        "interview_boom.wav",
        "emblem.png",
    )
    once = make(tmp_path / "once", *every_kind)
    assert len(once) == len(TIMELINES) + len(every_kind)
    assert make(tmp_path / "twice", *every_kind) == once


@pytest.mark.soak
def test_two_runs_of_the_script_give_the_same_bytes_for_all_media(tmp_path: Path) -> None:
    files = [path.name for path in MEDIA.iterdir() if not path.name.endswith(".jpg")] + ["balloons.####.jpg"]
    once = make(tmp_path / "once", *files)
    assert {Path(name).name for name in once} == {path.name for path in MEDIA.iterdir()} | set(TIMELINES)
    assert make(tmp_path / "twice", *files) == once
