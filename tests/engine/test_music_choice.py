"""Which music is offered first, and why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from avm_otio.engine.items import LibraryItem
from avm_otio.engine.library import Library
from avm_otio.engine.music_choice import MusicWish, film_energy, rank_music
from avm_otio.engine.sorting import Kind
from avm_otio.engine.traits import FilmTraits, Moment, PictureTraits, SoundTraits
from avm_otio.errors import InputError
from avm_otio.tags import Tags
from tests.media.sounds import noise, wav

STILL = FilmTraits(120_000_000, PictureTraits(motion=0.1), SoundTraits())
ENDING_WILD = FilmTraits(
    120_000_000,
    PictureTraits(tuple(Moment(at * 1_000_000, 1.0) for at in range(80, 120)), motion=0.3),
    SoundTraits(),
)


def piece(number: int, path: str, **more: Any) -> LibraryItem:
    facts: dict[str, Any] = {
        "kind": Kind.MUSIC, "roles": (), "duration_us": 180_000_000, "loudness_lufs": -14.0,
        "tempo_bpm": 90.0, "brightness_hz": 300.0,
    }  # of a piece like any other  # fmt: skip
    return LibraryItem(number, path, Path(path).stem, **(facts | more))


def order(film: FilmTraits, wish: MusicWish, *items: LibraryItem) -> list[int]:
    return [choice.item.id for choice in rank_music(film, items, wish)]


def test_long_enough_pieces_come_first() -> None:
    short = piece(1, "a.wav", duration_us=30_000_000)
    assert order(STILL, MusicWish(), short, piece(2, "b.wav")) == [2, 1]
    (first, second) = rank_music(STILL, [short, piece(2, "b.wav")], MusicWish())
    assert "long enough for the whole film" in first.reasons
    assert "long enough for the whole film" not in second.reasons


def test_the_words_of_the_request_choose_by_meaning_and_by_tags() -> None:
    items = [
        piece(1, "Rain on the roof.wav"),
        piece(2, "Redline.wav"),
        piece(3, "c.wav", tags=Tags(keywords="rain")),
    ]
    assert order(STILL, MusicWish("a day of drizzle"), *items)[2] == 2
    (first, *_) = rank_music(STILL, items, MusicWish("a day of drizzle"))
    assert "its name or tags speak of what was asked for" in first.reasons


@pytest.mark.parametrize("text", ["", "the a of an"])
def test_words_that_say_nothing_choose_nothing(text: str) -> None:
    items = [piece(1, "The Of An.wav"), piece(2, "A Redline.wav")]
    assert order(STILL, MusicWish(text), *items) == order(STILL, MusicWish(), *items)


def test_the_tempo_that_was_asked_for_counts_and_half_of_it_a_little_less() -> None:
    items = [
        piece(1, "a.wav", tempo_bpm=95.0),
        piece(2, "b.wav", tempo_bpm=70.0),
        piece(3, "c.wav", tempo_bpm=140.0),
    ]
    assert order(STILL, MusicWish(bpm=140.0), *items) == [3, 2, 1]


def test_energy_goes_as_the_film_does() -> None:
    rising = tuple(-30.0 + number for number in range(31))
    items = [piece(1, "a.wav", energy_db=rising[::-1]), piece(2, "b.wav", energy_db=rising)]
    assert film_energy(STILL) is None
    assert order(ENDING_WILD, MusicWish(), *items) == [2, 1]
    (first, *_) = rank_music(ENDING_WILD, items, MusicWish())
    assert "its energy goes as the film's does" in first.reasons


def test_a_piece_like_the_one_that_was_named_comes_first() -> None:
    items = [piece(1, "a.wav"), piece(2, "b.wav")]
    (first, _) = rank_music(STILL, items, MusicWish(likeness={1: 0.2, 2: 0.9}))
    assert first.item.id == 2
    assert "it sounds like the piece that was named (90%)" in first.reasons


def test_what_is_offered_differs() -> None:
    """Four pieces of one album in one tempo, and another that fits nearly as well: that is second."""
    album = [piece(n, f"album/{n}.wav", key="C", tags=Tags(artist="One")) for n in range(1, 5)]
    other = piece(9, "elsewhere/other.wav", key="F", tempo_bpm=67.0, tags=Tags(artist="Two"))
    assert order(STILL, MusicWish(), *album, other)[1] == 9


def test_a_named_piece_is_a_sound_of_the_library_or_a_file_where_that_is_allowed(tmp_path: Path) -> None:
    folder = tmp_path / "library"
    folder.mkdir()
    wav(folder / "a.wav", noise(0.3))
    other = wav(tmp_path / "other.wav", noise(0.3))
    library = Library(folder, tmp_path / "index.sqlite")
    (item,) = library.items()
    for named in ("a.wav", str(item.id), str(folder / "a.wav")):
        assert library.likeness(named, may_read=False) == {item.id: 1.0}
    assert library.likeness(str(other), may_read=True) == {item.id: 1.0}
    for named in (str(other), "../other.wav", "https://example.com/a.mp3", "a.ogg"):
        with pytest.raises(InputError):
            library.likeness(named, may_read=False)
