"""Real AAFs, and files that are none."""

import os
import struct
import tracemalloc
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from pathlib import Path

import pytest
from aaf2.cfb import CompoundFileBinary

from avm_otio.errors import TimelineError
from avm_otio.formats.aaf.read import read
from avm_otio.formats.otio.read import from_otio
from avm_otio.formats.writing import write
from avm_otio.timeline.model import Media, Timeline
from tests import timelines
from tests.real_files import real_file


def only(name: str) -> Timeline:
    (found,), _ = read(real_file(name))
    return found


@pytest.mark.parametrize(
    ("name", "video", "audio", "start", "frames"),
    [
        ("avid/2997fps.aaf", [2], [2, 2], 0, 112),
        ("avid/audio-gain-compositionmob.aaf", [], [1], 86_400, 153),
        ("avid/multitrack.aaf", [3, 1, 1], [8, 8], 86_400, 3282),
        ("avid/nested_audio_dissolve.aaf", [], [1], 88_124, 43),
        ("avid/test_muted_clip.aaf", [1], [], 86_400, 120),
        ("avid/transitions.aaf", [4], [4, 4], 86_400, 521),
        ("premiere/2997fps-DFTC.aaf", [1], [1] * 6, 539_460, 2989),
    ],
)
def test_every_clip_of_a_real_file_is_found(
    name: str, video: list[int], audio: list[int], start: int, frames: int
) -> None:
    found = only(name)
    assert [len(track.clips) for track in found.video_tracks] == video
    assert [len(track.clips) for track in found.audio_tracks] == audio
    assert (found.start_frame, found.frames) == (start, frames)
    assert all(clip.media and clip.media.path for clip in found.clips())


def test_a_muted_clip_is_disabled_and_its_file_known() -> None:
    (clip,) = only("avid/test_muted_clip.aaf").clips()
    assert not clip.enabled
    assert isinstance(clip.content, Media)
    assert clip.content.path.endswith("MXF\\reverb.1\\Frame Debugger 0h.5A8B8665V.mxf")
    assert (clip.content.rate, clip.content.size) == (Fraction(24), (1920, 1080))


def test_drop_frame_is_read() -> None:
    found = only("premiere/2997fps-DFTC.aaf")
    assert (found.rate, found.drop_frame) == (Fraction(30_000, 1001), True)
    assert found.timecode(Fraction(0)) == "05:00:00;00"


def test_a_gain_that_the_official_reader_loses() -> None:
    (clip,) = only("avid/audio-gain-compositionmob.aaf").clips()
    assert clip.mix.gain_db or clip.mix.keys


def test_fades_of_sound_and_dissolves_of_pictures() -> None:
    found = only("avid/transitions.aaf")
    (picture,) = found.video_tracks
    assert [one.name for one in picture.transitions][:2] == ["FadeUp_2", "VideoDissolve_2"]
    assert [(found.timecode(one.at), one.before) for one in picture.transitions][1] == (
        "01:00:04:21",
        Fraction(2),
    )
    assert all(
        clip.mix.fade_in_us or clip.mix.fade_out_us for track in found.audio_tracks for clip in track.clips
    )
    for track in found.tracks:
        assert all(one.end <= other.start for one, other in zip(track.clips, track.clips[1:], strict=False))


def test_markers_lie_on_the_clips_that_they_mark() -> None:
    found = only("avid/multitrack.aaf")
    marked = [[marker.comment for clip in track.clips for marker in clip.markers] for track in found.tracks]
    assert marked == [["v1 red tech"], ["v2 green hawk"], [], [], []]
    # It says itself that it lies where V3 has no clip.
    (free,) = found.tracks[2].markers
    assert (free.comment, free.color) == ("v3 cyan filler", "CYAN")


def test_both_sequences_of_a_file_with_speeds_and_notes() -> None:
    found, notes = read(real_file("premiere/nested-two-toplevel.aaf"))
    assert [one.name for one in found] == ["nestTest2", "testNest30_2"]
    assert [clip.name for clip in found[0].clips()] == ["DSv14.00_20150305_sm.mov"]
    assert [len(track.clips) for track in found[1].tracks] == [67, 19, 76]
    assert sum(clip.speed == Fraction(9, 10) for clip in found[1].clips()) == 86
    assert any("refers to nothing" in note for note in notes)


@pytest.mark.parametrize("name", ["avid/transitions.aaf", "avid/multitrack.aaf", "premiere/2997fps-DFTC.aaf"])
def test_a_real_file_is_written_and_read_with_its_clips_in_place(tmp_path: Path, name: str) -> None:
    first = only(name)
    write(first, tmp_path / "again.aaf")
    (again,), _ = read(tmp_path / "again.aaf")
    assert [(c.start, c.end, c.enabled, c.mix) for c in again.clips()] == [
        (c.start, c.end, c.enabled, c.mix) for c in first.clips()
    ]


def test_every_aaf_of_a_folder_is_read_or_refused_in_words() -> None:
    folder = os.environ.get("AVM_AAFS")
    if not folder:
        pytest.skip("AVM_AAFS names no folder of AAFs (the official adapter's own test data, for one)")
    for path in sorted(Path(folder).rglob("*.aaf")):
        if path.stat().st_size:
            found, _ = read(path)
            assert all(clip.start < clip.end for one in found for clip in one.clips()), path


@pytest.mark.parametrize("data", [b"", b"no AAF", bytes.fromhex("d0cf11e0a1b11ae1"), bytes(9000)])
def test_what_is_no_aaf_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "bad.aaf"
    path.write_bytes(data)
    with pytest.raises(TimelineError, match=r"bad\.aaf"):
        read(path)


def test_a_file_cut_short_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cut.aaf"
    whole = real_file("avid/test_muted_clip.aaf").read_bytes()
    path.write_bytes(whole[: len(whole) // 3])
    with pytest.raises(TimelineError):
        read(path)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TimelineError, match="cannot be read"):
        read(tmp_path / "none.aaf")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("aaf") / "cut.aaf"
    made = timelines.clip("A", 0, 24, available=(0, 48))
    write(from_otio(timelines.timeline(timelines.track(made))), path)
    return path.read_bytes()


MANY = 2_000_000
"""Of what a few bytes claim: enough to be seen, not enough to hurt who sees it."""


def with_index(path: Path, key_size: int, head_at: int) -> None:
    """Let the first index of that kind claim more than it holds."""
    with path.open("rb+") as file:
        storage = CompoundFileBinary(file, "rb+")
        for folder, _, streams in storage.walk():
            for entry in streams:
                held = bytes(entry.open("r").read())
                if entry.name.endswith(" index") and len(held) > head_at and held[head_at] == key_size:
                    stream = storage.open(f"{folder.path()}/{entry.name}", "rw")
                    stream.write(struct.pack("<I", MANY))
                    storage.close()
                    return
    raise AssertionError("no such index")


def with_long_stream(path: Path) -> None:
    with path.open("rb+") as file:
        storage = CompoundFileBinary(file, "rb+")
        storage.find("/referenced properties").byte_size = 200 * MANY
        storage.close()


def with_long_table(path: Path) -> None:
    with path.open("rb+") as file:
        file.seek(68)
        file.write(struct.pack("<II", 0, MANY))  # the table goes on in the first sector, and on


@pytest.mark.slow
@pytest.mark.parametrize(
    "damage",
    [
        partial(with_index, key_size=16, head_at=14),
        partial(with_index, key_size=32, head_at=14),
        partial(with_index, key_size=16, head_at=8),
        with_long_stream,
        with_long_table,
    ],
    ids=["a set of objects", "a set of mobs", "an array of references", "a stream", "the table of tables"],
)
def test_a_size_that_the_file_cannot_hold_is_refused_before_it_is_believed(
    whole: bytes, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    path = tmp_path / "cut.aaf"
    path.write_bytes(whole)
    damage(path)
    tracemalloc.start()
    try:
        with pytest.raises(TimelineError, match="cannot be read as AAF"):
            read(path)
        assert tracemalloc.get_traced_memory()[1] < 40 * 2**20
    finally:
        tracemalloc.stop()
