"""A ``target_url`` leads to its file, however the program that wrote it spells it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avm_otio.timeline.urls import (
    UrlStyle,
    file_url,
    is_relative,
    is_web,
    paths_of,
    plain_path,
    rebased,
    url_of,
)

NAMES = [
    "plain.mp4",
    "a b.mp4",
    'it\'s "it".mp4',
    "50%.mp4",
    "#1.mp4",
    "a%20b.mp4",
    "場景 一.mp4",
    "🎬.mp4",
    "q?x=1.mp4",
    "a;b&c.mp4",
    "1:2.mp4",
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("style", list(UrlStyle))
def test_a_file_is_found_again_by_the_url_that_names_it(tmp_path: Path, name: str, style: UrlStyle) -> None:
    path = tmp_path / "media" / name
    assert path in paths_of(url_of(path, style, tmp_path), tmp_path)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("encoded", [True, False])
def test_a_relative_url_said_from_another_folder_leads_to_the_same_file(
    tmp_path: Path, name: str, encoded: bool
) -> None:
    old, new = tmp_path / "cut 1", tmp_path / "out #2" / "deep"
    path = old / "media" / name
    path.parent.mkdir(parents=True)
    path.write_text("")
    new.mkdir(parents=True)
    url = url_of(path, UrlStyle.RELATIVE, old) if encoded else f"media/{name}"
    found = [p.resolve() for p in paths_of(rebased(url, old, new), new) if p.exists()]
    assert path.resolve() in found


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("/abs/a b.mp4", "/abs/a b.mp4"),
        ("file:///abs/a%20b.mp4", "/abs/a b.mp4"),
        ("file://localhost/abs/a%20b.mp4", "/abs/a b.mp4"),
        ("FILE:///abs/a.mp4", "/abs/a.mp4"),
        ("file:/abs/a.mp4", "/abs/a.mp4"),
        ("media/a.mp4", "/cut/media/a.mp4"),
        ("media\\a.mp4", "/cut/media/a.mp4"),
        ("./a.mp4", "/cut/a.mp4"),
    ],
)
def test_every_way_of_writing_a_path_is_understood(url: str, path: str) -> None:
    assert Path(path) in paths_of(url, Path("/cut"))


@pytest.mark.parametrize("url", ["", "https://x/y.mp4", "s3://bucket/y.mp4", "a\0b"])
def test_what_is_no_path_leads_nowhere(url: str) -> None:
    assert paths_of(url, Path("/cut")) == ()


def test_a_windows_path_is_neither_relative_nor_a_web_address() -> None:
    assert not is_relative("C:\\media\\a.mp4")
    assert not is_web("C:\\media\\a.mp4")
    assert not is_relative("file:///C:/media/a.mp4")
    assert is_web("http://x/a.mp4")


@given(st.text(max_size=30))
def test_no_url_whatever_breaks_the_reading(url: str) -> None:
    paths_of(url, Path("/cut"))
    is_relative(url)
    is_web(url)


@pytest.mark.parametrize(
    ("path", "url"),
    [
        ("/media/a b.mov", "file://localhost/media/a%20b.mov"),
        ("/media/100%.wav", "file://localhost/media/100%25.wav"),
        ("/media/é;#?.wav", "file://localhost/media/%C3%A9%3B%23%3F.wav"),
        ("D:\\media\\a b.mov", "file://localhost/D%3A/media/a%20b.mov"),
        ("\\\\server\\share\\a.mov", "file://server/share/a.mov"),
    ],
)
def test_a_path_of_either_system_survives_a_file_url(path, url):
    assert file_url(path, "localhost") == url
    assert plain_path(url) == path


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("file://localhost/D%3a/media/a.mov", "D:\\media\\a.mov"),
        ("file:///D:/media/a.mov", "D:\\media\\a.mov"),
        ("file://D:/media/a.mov", "D:\\media\\a.mov"),
        ("file:///Volumes/a%20b.mov", "/Volumes/a b.mov"),
        ("file:/Volumes/a.mov", "/Volumes/a.mov"),
        ("FILE://LOCALHOST/a.mov", "/a.mov"),
        ("/Volumes/a%20b.mov", "/Volumes/a%20b.mov"),
        ("media/a.mov", "media/a.mov"),
        ("https://example.org/a.mov", "https://example.org/a.mov"),
        ("", ""),
    ],
)
def test_however_a_path_is_written_it_is_read_plain(url, path):
    assert plain_path(url) == path
