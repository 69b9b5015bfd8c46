"""Where agents may read and write: in the folders given to them; what is configured is read, too."""

from __future__ import annotations

from pathlib import Path

import pytest

from avm_otio.agents.roots import Roots
from avm_otio.errors import InputError
from avm_otio.request import Request


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home, which is the working folder, with a sound in it."""
    home = tmp_path / "home"
    (home / "x:").mkdir(parents=True)
    (home / "secret.wav").write_bytes(b"RIFF")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(home)
    return home


@pytest.fixture
def roots(tmp_path: Path, outside: Path) -> Roots:
    """A folder of films, and a library and media that are configured."""
    for name in ("films/sub", "library/deep", "media"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "own.wav").write_bytes(b"RIFF")
        (tmp_path / name / "link.wav").symlink_to(outside / "secret.wav")
    (tmp_path / "films" / "link").symlink_to(outside, target_is_directory=True)
    return Roots.of([tmp_path / "films"], [tmp_path / "library", tmp_path / "media"])


OUTSIDE = [
    "~/secret.wav",
    "~nosuch/secret.wav",
    "./~/secret.wav",
    "{home}/secret.wav",
    "../home/secret.wav",
    "sub/../../home/secret.wav",
    "link/secret.wav",
    "sub/link.wav",
    "secret.wav",
    "{library}/deep/link.wav",
    "{library}/../home/secret.wav",
]


@pytest.mark.parametrize(
    "word",
    [*OUTSIDE, "deep/link.wav", "{home}/x://../secret.wav"],
)
def test_no_piece_outside_of_the_roots_is_listened_to(
    word: str, roots: Roots, outside: Path, tmp_path: Path
) -> None:
    word = word.format(home=outside, library=tmp_path / "library")
    with pytest.raises(InputError):
        roots.checked(Request(Path("a.otio"), Path("b.otio"), ref_music=word))


@pytest.mark.parametrize("word", OUTSIDE)
def test_no_sound_outside_of_the_roots_is_taken(
    word: str, roots: Roots, outside: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError):
        roots.sound(word.format(home=outside, library=tmp_path / "library"))


@pytest.mark.parametrize(
    ("word", "asked"),
    [
        ("sub/own.wav", "{all}/films/sub/own.wav"),
        ("{all}/library/deep/own.wav", "{all}/library/deep/own.wav"),
        ("deep/own.wav", "{all}/library/deep/own.wav"),
        ("https://example.com/song", "https://example.com/song"),
        ("x://../secret.wav", "{all}/films/secret.wav"),  # not of the working folder
        ("http://../secret.wav", "{all}/films/secret.wav"),
        ("12", "12"),
    ],
)
def test_the_piece_that_was_checked_is_the_one_that_is_read(
    word: str, asked: str, roots: Roots, tmp_path: Path
) -> None:
    request = Request(Path("a.otio"), Path("b.otio"), ref_music=word.format(all=tmp_path))
    assert roots.checked(request).ref_music == asked.format(all=tmp_path)


def test_what_is_configured_is_read_with_all_that_lies_in_it_and_never_written(
    roots: Roots, tmp_path: Path
) -> None:
    library, media = tmp_path / "library", tmp_path / "media"
    own = library / "deep" / "own.wav"
    assert roots.sound(str(own)) == own
    assert roots.there(str(media / "own.wav"), is_read=True) == media / "own.wav"
    roots.checked(Request(Path("a.otio"), Path("b.otio"), library=library / "deep", media_roots=(media,)))
    for place in (library, library / "new.otio", media / "own.wav"):
        with pytest.raises(InputError, match="outside the folders"):
            roots.path(str(place))
        with pytest.raises(InputError, match="outside the folders"):
            roots.checked(Request(Path("a.otio"), place))
        with pytest.raises(InputError, match="outside the folders"):
            roots.checked(Request(Path("a.otio"), Path("b.otio"), jobs_dir=place))
        with pytest.raises(InputError, match="outside the folders"):  # its jobs lie beside it
            roots.checked(Request(place, Path("b.otio")))
