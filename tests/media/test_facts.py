"""Of several files the one that the timeline's own facts mean is taken, and a guess is told."""

from __future__ import annotations

from fractions import Fraction as F
from pathlib import Path

import pytest

from avm_otio.errors import MissingMediaError
from avm_otio.media.locate import found_all, search_for
from avm_otio.timeline.model import Media
from avm_otio.timeline.time import MediaTime
from tests.media.numbered import movie

DAYS = {"day1": (20, F(25), None), "day2": (30, F(25), "10:00:00:00"), "day3": (30, F(50), None)}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("root")
    for day, (frames, rate, timecode) in DAYS.items():
        (folder / day).mkdir()
        movie(
            folder / day / "C0001.mov", frames, rate, **({} if timecode is None else {"timecode": timecode})
        )
    return folder


def stated(frames: int, rate: F = F(25), start: int = 0, path: str = "/gone/C0001.mov") -> Media:
    return Media(
        "C0001.mov", path, MediaTime(start / rate), frames / rate, rate, has_picture=True, clip_name="shot"
    )


@pytest.mark.parametrize(
    ("media", "day"),
    [(stated(20), "day1"), (stated(30, start=900_000), "day2"), (stated(30, F(50)), "day3")],
)
def test_length_timecode_and_rate_decide_between_files_of_one_name(
    root: Path, media: Media, day: str
) -> None:
    search = search_for([media], folder=root / "x", roots=[root])
    assert search.found[media] == root / day / "C0001.mov"
    assert not search.notes


def test_where_none_fits_it_is_missing_and_each_says_why(root: Path) -> None:
    media = stated(100)
    search = search_for([media], folder=root / "x", roots=[root])
    with pytest.raises(
        MissingMediaError, match=r"none fits.*lasts 0\.80 s, not 4\.00 s.*runs at 50 fps, not 25"
    ):
        found_all(search, root)


def test_a_choice_between_several_that_fit_is_told(root: Path) -> None:
    media = Media("C0001.mov", is_online=False, clip_name="shot")
    search = search_for([media], folder=root / "x", roots=[root])
    assert "3 files fit “shot”" in search.notes[0]


def test_a_single_file_that_does_not_fit_is_told(root: Path) -> None:
    media = stated(100)
    search = search_for([media], folder=root / "x", roots=[root / "day1"])
    assert search.found[media].parent.name == "day1"
    assert "lasts 0.80 s, not 4.00 s" in search.notes[0]


@pytest.mark.parametrize(
    ("reel", "is_found"), [("a001c002", True), ("A001C002_180326", True), ("A001", False)]
)
def test_a_reel_without_its_suffix_finds_the_only_file_that_fits(
    tmp_path: Path, reel: str, is_found: bool
) -> None:
    movie(tmp_path / "A001C002_180326.mov", 10, F(25))
    (tmp_path / "A001C002_180326.xml").write_text("<x/>")
    media = Media(reel, is_online=False, has_picture=True, reel=reel)
    search = search_for([media], folder=tmp_path, roots=[tmp_path])
    assert (search.found == {media: tmp_path / "A001C002_180326.mov"}) is is_found
