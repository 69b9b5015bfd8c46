"""Every timeline that editors write is read; what we write is whole and leads to its media."""

from __future__ import annotations

import json
import stat
import tempfile
import zipfile
from fractions import Fraction
from pathlib import Path

import opentimelineio as otio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avm_otio.errors import CueError, OutputError, TimelineError
from avm_otio.formats.otio.read import from_otio
from avm_otio.formats.otio.write import timeline_of
from avm_otio.formats.reading import Opened, read, save, url_style
from avm_otio.formats.writing import write
from avm_otio.mix.cues import Cue, Cues, Item
from avm_otio.mix.placement import lay
from avm_otio.mix.tracks import Origin, add_tracks
from avm_otio.services import EFFECTS
from avm_otio.timeline.model import Media
from avm_otio.timeline.plan import FilmMap
from avm_otio.timeline.time import FilmTime, RecordTime, snap_rate
from avm_otio.timeline.urls import UrlStyle
from tests.timelines import clip, gap, timeline, track

ANSWER = {
    "is_done": True,
    "sound_effect_service": {
        "is_done": True,
        "sound_effects": [
            {
                "start_at": "00:00:02.237288",
                "end_at": "00:00:02.254237",
                "sound_effect_items": [{"id": 652, "url": "https://x/y", "title": "t"}],
            }
        ],
    },
    "music_mapping_service": {
        "is_done": True,
        "musics": [{"id": 6411, "duration": "00:02:45.5", "url": "https://x/z", "title": "M"}],
    },
}


def saved(folder: Path, name: str = "cut.otio", url: str = "media/a.mp4") -> Path:
    (folder / "media").mkdir(exist_ok=True)
    (folder / "media" / "a.mp4").write_bytes(b"film")
    path = folder / name
    path.write_text(timeline(track(clip("a", url=url))).to_json_string())
    return path


def url_in(found: otio.schema.Timeline) -> str:
    return str(found.find_clips()[0].media_reference.target_url)


def test_what_is_written_in_the_same_folder_is_as_it_was_read(tmp_path: Path) -> None:
    opened = read(saved(tmp_path))
    save(opened, tmp_path / "out.otio")
    assert read(tmp_path / "out.otio").otio_timeline.is_equivalent_to(opened.otio_timeline)


def test_relative_media_is_said_anew_from_another_folder(tmp_path: Path) -> None:
    (tmp_path / "deep er").mkdir()
    opened = read(saved(tmp_path))
    save(opened, tmp_path / "deep er" / "out.otio")
    assert url_in(read(tmp_path / "deep er" / "out.otio").otio_timeline) == "../media/a.mp4"
    assert url_in(opened.otio_timeline) == "media/a.mp4"


@pytest.mark.parametrize(
    ("url", "style"),
    [
        ("media/a.mp4", UrlStyle.RELATIVE),
        ("/m/a.mp4", UrlStyle.PATH),
        ("C:\\m\\a.mp4", UrlStyle.PATH),
        ("file:///m/a.mp4", UrlStyle.FILE_URL),
    ],
)
def test_new_media_is_named_as_the_timeline_names_its_own(url: str, style: UrlStyle) -> None:
    assert url_style(from_otio(timeline(track(clip("a", url=url))))) == style


def test_a_bundle_holds_its_media_and_is_online_when_read(tmp_path: Path) -> None:
    opened = read(saved(tmp_path))
    assert save(opened, tmp_path / "out.otioz") == ()
    again = read(tmp_path / "out.otioz")
    assert (again.folder / url_in(again.otio_timeline)).read_bytes() == b"film"
    theirs = otio.adapters.read_from_file(str(tmp_path / "out.otioz"))
    assert theirs.is_equivalent_to(again.otio_timeline)


def test_files_of_one_name_stay_apart_in_a_bundle(tmp_path: Path) -> None:
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "A.wav").write_text(folder)
    cut = timeline(track(clip("1", url="x/A.wav"), clip("2", url="y/A.wav"), clip("3", url="x/A.wav")))
    save(Opened(from_otio(cut), tmp_path / "cut.otio", tmp_path), tmp_path / "out.otioz")
    again = read(tmp_path / "out.otioz")
    held = [
        (again.folder / one.media_reference.target_url).read_text()
        for one in again.otio_timeline.find_clips()
    ]
    assert held == ["x", "y", "x"]


def test_media_that_cannot_be_bundled_is_told(tmp_path: Path) -> None:
    cut = timeline(track(clip("gone", url="media/gone.mp4")))
    notes = save(Opened(from_otio(cut), tmp_path / "cut.otio", tmp_path), tmp_path / "out.otioz")
    assert "gone.mp4" in notes[0]


def test_an_image_sequence_is_bundled_whole(tmp_path: Path) -> None:
    (tmp_path / "seq").mkdir()
    for number in (1, 2, 3):
        (tmp_path / "seq" / f"f.{number:04d}.png").write_text(str(number))
    made = clip("s", 0, 3)
    made.media_reference = otio.schema.ImageSequenceReference(
        target_url_base="seq/",
        name_prefix="f.",
        name_suffix=".png",
        start_frame=1,
        rate=24,
        frame_zero_padding=4,
        available_range=otio.opentime.TimeRange(
            otio.opentime.RationalTime(1, 24), otio.opentime.RationalTime(3, 24)
        ),
    )
    save(Opened(from_otio(timeline(track(made))), tmp_path / "c.otio", tmp_path), tmp_path / "o.otioz")
    again = read(tmp_path / "o.otioz")
    base = again.folder / again.otio_timeline.find_clips()[0].media_reference.target_url_base
    assert sorted(one.read_text() for one in base.iterdir()) == ["1", "2", "3"]


@pytest.mark.parametrize("name", ["media/../../evil", "media/..\\evil", "media/C:evil"])
def test_a_crafted_bundle_is_refused(tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(tmp_path / "x.otioz", "w") as bundle:
        bundle.writestr("content.otio", timeline(track(clip("a"))).to_json_string())
        bundle.writestr(name, "evil")
    with pytest.raises(TimelineError, match="outside its own folder"):
        read(tmp_path / "x.otioz")
    assert not list(tmp_path.rglob("*evil*"))


def test_a_link_in_a_bundle_and_a_bomb_are_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("media/link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    for name, info, data in (
        ("l.otioz", link, b"/etc/passwd"),
        ("b.otioz", zipfile.ZipInfo("media/bomb"), bytes(2**26 + 1)),
    ):
        with zipfile.ZipFile(tmp_path / name, "w", zipfile.ZIP_DEFLATED) as bundle:
            bundle.writestr("content.otio", timeline(track(clip("a"))).to_json_string())
            bundle.writestr(info, data, zipfile.ZIP_DEFLATED)
        with pytest.raises(TimelineError, match=f"{name}.*(refused|over the limit of 100 ratio)"):
            read(tmp_path / name)


def test_an_unpacked_bundle_is_read_from_its_folder(tmp_path: Path) -> None:
    folder = tmp_path / "cut.otiod"
    folder.mkdir()
    saved(folder, "content.otio")
    assert read(folder).folder == folder


def test_a_bare_clip_is_a_timeline_of_one(tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text(clip("only").to_json_string())
    assert read(tmp_path / "c.json").otio_timeline.find_clips()[0].name == "only"


def test_of_several_timelines_one_is_asked_for(tmp_path: Path) -> None:
    both = otio.schema.SerializableCollection(
        "c", [timeline(track(clip("a"))), otio.schema.Timeline("second")]
    )
    both[0].name = "first"
    (tmp_path / "c.otio").write_text(both.to_json_string())
    with pytest.raises(TimelineError, match=r"holds 2 timelines: “first”, “second”.*--sequence"):
        read(tmp_path / "c.otio")
    assert read(tmp_path / "c.otio", sequence="second").timeline.name == "second"
    with pytest.raises(TimelineError, match="holds no timeline “third”"):
        read(tmp_path / "c.otio", sequence="third")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.otio", ""),
        ("a.otio", "{"),
        ("a.otio", '{"OTIO_SCHEMA": "Timeline.1", "tracks'),
        ("a.otio", "{}"),
        ("a.otio", "[" * 100_000),
        ("a.otio", '{"OTIO_SCHEMA": "Marker.2"}'),
        ("a.otio", '{"OTIO_SCHEMA": "Timeline.1", "tracks": 3}'),
        ("a.otioz", "not a zip"),
        ("a.xml", "<html></html>"),
        ("a.xml", "<xmeml"),
        ("a.fcpxml", "<fcpxml"),
        ("a.edl", "hello"),
        ("a.aaf", "no"),
        ("a.mov", "x"),
    ],
)
def test_what_is_no_timeline_is_refused_in_one_line(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(TimelineError) as caught:
        read(tmp_path / name)
    assert "\n" not in str(caught.value)
    assert caught.value.hint


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    path = saved(tmp_path)
    path.write_text(path.read_text(encoding="utf-8"), encoding="utf-8-sig")
    assert read(path).otio_timeline.find_clips()[0].name == "a"


def test_a_binary_file_is_no_timeline(tmp_path: Path) -> None:
    (tmp_path / "a.otio").write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(TimelineError):
        read(tmp_path / "a.otio")


def test_a_file_that_is_not_there_suggests_the_nearest_name(tmp_path: Path) -> None:
    saved(tmp_path, "final_cut.otio")
    with pytest.raises(TimelineError, match=r"Did you mean .*final_cut\.otio"):
        read(tmp_path / "finalcut.otio")


def test_an_edl_starts_where_it_was_recorded_and_says_what_rate_was_assumed(tmp_path: Path) -> None:
    event = "001  A  V  C  00:00:10:00 00:00:12:00 01:00:00:00 01:00:02:00\n* FROM CLIP NAME: a.mov\n"
    (tmp_path / "a.edl").write_text(f"TITLE: x\n\n{event}")
    opened = read(tmp_path / "a.edl")
    assert opened.otio_timeline.global_start_time.to_timecode() == "01:00:00:00"
    assert "24 fps" in opened.notes[0]
    assert opened.otio_timeline.video_tracks()[0].source_range is None


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    opened = read(saved(tmp_path))
    with pytest.raises(OutputError):
        save(opened, tmp_path / "nowhere" / "x.otio")


def test_a_picture_of_a_timeline_names_its_clips(tmp_path: Path) -> None:
    write(read(saved(tmp_path)).timeline, tmp_path / "x.svg")
    from xml.etree import ElementTree

    assert "a · 00:00:00:00 to 00:00:01:00" in [
        one.text for one in ElementTree.parse(tmp_path / "x.svg").iter("{http://www.w3.org/2000/svg}title")
    ]


def test_a_saved_answer_is_read_by_otio_itself(tmp_path: Path) -> None:
    path = tmp_path / "result.avm.json"
    path.write_text(json.dumps(ANSWER))
    found = otio.adapters.read_from_file(str(path))
    assert [one.name for one in found.tracks] == ["AVM Music 1", "AVM Effects 1"]
    effect = found.tracks[1].find_clips()[0]
    assert effect.transformed_time_range(effect.source_range, found.tracks).start_time.value == 54
    at_25 = otio.adapters.read_from_file(str(path), rate=25)
    assert at_25.tracks[1].duration().rate == 25


def test_otio_json_under_the_same_suffix_stays_otio(tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text(timeline(track(clip("a"))).to_json_string())
    assert isinstance(otio.adapters.read_from_file(str(tmp_path / "t.json")), otio.schema.Timeline)


@pytest.mark.parametrize("text", ["{", "[]", '{"a": 1}'])
def test_other_json_is_refused_by_the_adapter(tmp_path: Path, text: str) -> None:
    (tmp_path / "t.json").write_text(text)
    with pytest.raises(CueError):
        otio.adapters.read_from_file(str(tmp_path / "t.json"))


rates = st.sampled_from([snap_rate(rate) for rate in (23.976, 24, 25, 29.97, 30, 50, 59.94, 60)])
shots = st.lists(
    st.tuples(st.text(max_size=8), st.integers(0, 500), st.integers(1, 300), st.booleans()),
    min_size=1,
    max_size=6,
)
effects = st.lists(
    st.tuples(st.integers(0, 9_000_000), st.integers(0, 4_000_000), st.text(max_size=8)), max_size=8
)


@settings(max_examples=40)
@given(rates, st.lists(shots, min_size=1, max_size=3), effects, st.integers(0, 10**6))
def test_a_scored_timeline_is_read_back_as_it_was_written(
    rate: Fraction,
    tracks: list[list[tuple[str, int, int, bool]]],
    found: list[tuple[int, int, str]],
    start: int,
) -> None:
    made = [
        track(
            *(
                gap(frames, rate)
                if is_gap
                else clip(name.replace("\0", ""), at, frames, rate=rate, url="m.mp4")
                for name, at, frames, is_gap in one
            )
        )
        for one in tracks
    ]
    cut = timeline(*made, start=start, rate=rate)
    items = [
        Item(number, title, None, None, None, {"id": number, "title": title})
        for number, (_, _, title) in enumerate(found)
    ]
    cues = Cues(
        {
            EFFECTS: tuple(
                Cue(at, at + long, (item,)) for (at, long, _), item in zip(found, items, strict=True)
            )
        }
    )
    film_map = FilmMap(RecordTime(Fraction(0)), Fraction(1), FilmTime(Fraction(10)))
    scored = add_tracks(
        from_otio(cut),
        lay(cues, film_map, rate, lambda _: Media("s.wav", "s.wav", duration=Fraction(1), channels=2)),
        Origin("local", "USD"),
    )
    with tempfile.TemporaryDirectory() as folder:
        opened = Opened(scored, Path(folder) / "cut.otio", Path(folder))
        for name in ("out.otio", "out.otioz"):
            save(opened, Path(folder) / name)
            assert read(Path(folder) / name).otio_timeline.is_equivalent_to(timeline_of(scored))
