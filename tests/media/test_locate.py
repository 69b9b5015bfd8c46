"""Media is found however a timeline writes its place, and wherever it moved."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from avm_otio.errors import MissingMediaError
from avm_otio.media.locate import found_all, search_for
from avm_otio.timeline.model import ImageSequence, Media
from avm_otio.timeline.urls import name_in

NAMES = [
    "plain.mov",
    "with space.mov",
    'it\'s "it".mov',
    "100%.mov",
    "a#b.mov",
    "夜の海.mov",
    "🎬 take?.mov",
    "Café.mov",
]


def named(url: str, clip: str = "clip") -> Media:
    return Media(name_in(url), url, is_online=bool(url), clip_name=clip)


def put(path: Path, text: str = "x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def found(source: Media, folder: Path, *roots: Path) -> Path:
    return found_all(search_for([source], folder=folder, roots=roots), folder)[source]


@pytest.mark.parametrize("name", NAMES)
def test_a_path_a_relative_path_and_a_file_url_are_all_understood(tmp_path: Path, name: str) -> None:
    path = put(tmp_path / "media" / name)
    localhost = path.as_uri().replace("file://", "file://localhost")
    for url in (str(path), f"media/{name}", path.as_uri(), localhost, f"file://{path}"):
        assert found(named(url), tmp_path).samefile(path)


def test_the_literal_name_wins_over_the_decoded_one(tmp_path: Path) -> None:
    literal, decoded = put(tmp_path / "a%20b.mov"), put(tmp_path / "a b.mov")
    assert found(named("a%20b.mov"), tmp_path) == literal
    literal.unlink()
    assert found(named("a%20b.mov"), tmp_path) == decoded


@pytest.mark.parametrize(("on_disk", "written"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_composed_and_decomposed_accents_are_the_same(tmp_path: Path, on_disk: str, written: str) -> None:
    path = put(tmp_path / unicodedata.normalize(on_disk, "Séance é.mov"))
    assert found(named(unicodedata.normalize(written, "Séance é.mov")), tmp_path).samefile(path)
    gone = named("/gone/" + unicodedata.normalize(written, "Séance é.mov"))
    assert found(gone, tmp_path / "x", tmp_path).samefile(path)


def test_moved_media_is_found_by_name_under_the_roots(tmp_path: Path) -> None:
    path = put(tmp_path / "vault" / "deep" / "day1" / "a.mov")
    for url in ("/old/place/a.mov", r"C:\Projects\a.mov", "file:///D:/x/a.mov", "../a.mov"):
        assert found(named(url), tmp_path, tmp_path / "vault") == path


def test_the_hit_whose_folders_match_best_is_taken(tmp_path: Path) -> None:
    put(tmp_path / "vault" / "a.mov")
    put(tmp_path / "vault" / "day1" / "cam2" / "a.mov")
    best = put(tmp_path / "vault" / "day2" / "cam2" / "a.mov")
    assert found(named(r"E:\shoot\day2\cam2\a.mov"), tmp_path, tmp_path / "vault") == best


def test_the_same_case_wins_and_another_case_will_do(tmp_path: Path) -> None:
    upper = put(tmp_path / "vault" / "x" / "A.MOV")
    assert found(named("/gone/a.mov"), tmp_path, tmp_path / "vault") == upper
    lower = put(tmp_path / "vault" / "y" / "z" / "a.mov")
    assert found(named("/gone/a.mov"), tmp_path, tmp_path / "vault") == lower


def test_offline_media_is_found_by_its_noted_name(tmp_path: Path) -> None:
    path = put(tmp_path / "vault" / "A001.mov")
    source = Media("A001.mov", is_online=False, clip_name="shot 1")
    assert found(source, tmp_path, tmp_path / "vault") == path


def test_every_miss_is_named_in_one_error(tmp_path: Path) -> None:
    put(tmp_path / "here.mov")
    sources = [
        named("here.mov", "A"),
        named("gone.mov", "B"),
        named("https://example.com/c.mov", "C"),
        named("", "D"),
    ]
    with pytest.raises(MissingMediaError) as caught:
        found_all(search_for(sources, folder=tmp_path, roots=[tmp_path]), tmp_path)
    message = caught.value.what
    assert "'A'" not in message
    assert f"'B' ({tmp_path / 'gone.mov'}" in message
    assert "'C' (https://example.com/c.mov is a web address" in message
    assert "'D'" in message
    assert "--media-root" in caught.value.hint
    assert "\n" not in str(caught.value)


def test_a_sequence_is_found_by_its_images(tmp_path: Path) -> None:
    numbering = ImageSequence("shot.", ".exr", 1001, 1, 4)
    folder = put(tmp_path / "plates" / "shot.1001.exr").parent
    here = Media("", "plates/", sequence=numbering, clip_name="shot")
    assert found(here, tmp_path).samefile(folder)
    moved = Media("", "/gone/plates", sequence=numbering, clip_name="shot")
    assert found(moved, tmp_path / "x", tmp_path) == folder
    with pytest.raises(MissingMediaError, match=r"shot\.1001\.exr"):
        found_all(search_for([moved], folder=tmp_path, roots=[]), tmp_path)
