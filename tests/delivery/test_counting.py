"""A list is counted as the media that it names count."""

from __future__ import annotations

from fractions import Fraction as F
from pathlib import Path

import pytest

from avm_otio import Request, export_film
from avm_otio.delivery.counting import as_media_count
from avm_otio.errors import MediaError
from avm_otio.formats.edl.write import documents
from avm_otio.formats.reading import Opened, read
from avm_otio.media.originals import located
from avm_otio.report import Silent
from avm_otio.timeline.counted import counted
from tests.media.numbered import movie, numbers

FILM = F(24_000, 1001)
NTSC = F(30_000, 1001)
CASES = [
    # rate of the file, its timecode, the list's head and sign, --rate, the rate that is read
    (FILM, "01:00:00:00", "NON-DROP", ":", None, FILM),
    (FILM, "01:00:00:00", "NON-DROP", ":", F(24), F(24)),
    (NTSC, "01:00:00;00", "DROP", ";", None, NTSC),
    (NTSC, "01:00:00:00", "DROP", ":", None, NTSC),
    (NTSC, "01:00:00:00", "NON-DROP", ":", None, NTSC),
    (F(30), "01:00:00;00", "DROP", ";", NTSC, NTSC),
    (F(25), "10:00:00:00", "NON-DROP", ":", None, F(25)),
    (F(50), "10:00:00:00", "NON-DROP", ":", None, F(50)),
]


def listed(folder: Path, timecode: str, head: str, sign: str) -> Path:
    hour = timecode[:2]
    path = folder / "cut.edl"
    path.write_text(
        f"TITLE: T\nFCM: {head} FRAME\n\n001  AX  V  C  {hour}:00:00{sign}10 {hour}:00:00{sign}15 "
        f"01:00:00{sign}00 01:00:00{sign}05\n* FROM CLIP NAME: a.mov\n"
    )
    return path


def opened(folder: Path, rate: F | None) -> Opened:
    request = Request(folder / "cut.edl", folder / "o", media_roots=(folder,), rate=rate)
    return as_media_count(read(request.timeline, rate=rate), request)


@pytest.mark.parametrize(("rate", "timecode", "head", "sign", "asked", "wanted"), CASES)
def test_a_list_shows_the_frames_that_its_timecode_names_and_writes_them_again(
    tmp_path: Path, rate: F, timecode: str, head: str, sign: str, asked: F | None, wanted: F
) -> None:
    movie(tmp_path / "a.mov", 30, rate, timecode=timecode)
    path = listed(tmp_path, timecode, head, sign)
    film = export_film(Request(path, tmp_path / "f.mp4", media_roots=(tmp_path,), rate=asked))
    assert numbers(film.path) == [10, 11, 12, 13, 14]
    found = opened(tmp_path, asked)
    assert found.timeline.rate == wanted
    made = located(counted(found.timeline), found.folder, (tmp_path,), Silent())
    (text,) = documents(made)[0].values()
    file_sign = timecode[8]
    assert f" {timecode[:8]}{file_sign}10 {timecode[:8]}{file_sign}15 " in text


def test_a_rate_that_is_given_wins_and_is_told_against_the_media(tmp_path: Path) -> None:
    movie(tmp_path / "a.mov", 30, F(25))
    listed(tmp_path, "00:00:00:00", "NON-DROP", ":")
    found = opened(tmp_path, F(30))
    assert found.timeline.rate == 30
    assert "its media run at 25 (a.mov)" in found.notes[0]


def test_media_of_a_rate_that_lacks_the_lists_frames_do_not_decide(tmp_path: Path) -> None:
    movie(tmp_path / "a.mov", 30, FILM)
    path = listed(tmp_path, "00:00:00:00", "NON-DROP", ":")
    path.write_text(path.read_text() + "002  BL  V  C  00:00:00:00 00:00:01:00 01:00:00:05 01:00:01:29\n")
    assert opened(tmp_path, None).timeline.rate == NTSC


def test_what_would_show_nothing_but_black_is_refused_with_the_reason(tmp_path: Path) -> None:
    movie(tmp_path / "a.mov", 30, F(25), timecode="10:00:00:00")
    path = listed(tmp_path, "12:00:00:00", "NON-DROP", ":")
    with pytest.raises(
        MediaError, match=r"nothing but black.*12:00:00:10.*a.mov has 10:00:00:00 to 10:00:01:05"
    ):
        export_film(Request(path, tmp_path / "f.mp4", media_roots=(tmp_path,)))
    assert not (tmp_path / "f.mp4").exists()


def test_a_clip_that_lies_outside_its_file_is_told_where_others_are_seen(tmp_path: Path) -> None:
    movie(tmp_path / "a.mov", 30, F(25), timecode="10:00:00:00")
    path = listed(tmp_path, "10:00:00:00", "NON-DROP", ":")
    path.write_text(
        path.read_text() + "002  AX  V  C  12:00:00:00 12:00:00:05 01:00:00:05 01:00:00:10\n"
        "* FROM CLIP NAME: a.mov\n"
    )
    film = export_film(Request(path, tmp_path / "f.mp4", media_roots=(tmp_path,)))
    assert numbers(film.path)[:5] == [10, 11, 12, 13, 14]


def test_a_list_whose_media_say_nothing_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = listed(tmp_path, "01:00:00:00", "NON-DROP", ":")
    request = Request(path, tmp_path / "o")
    first = read(path)
    monkeypatch.setattr("avm_otio.delivery.counting.read", None)
    found = as_media_count(first, request)
    assert found.timeline == first.timeline
    assert [note for note in found.notes if "rate" in note] == list(first.notes)
