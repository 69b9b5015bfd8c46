from __future__ import annotations

import unicodedata
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from avm_otio.engine.decoding import film_shape, luma_frames, sound_blocks
from avm_otio.engine.film_analysis import analyse_picture
from avm_otio.engine.library import Library
from avm_otio.engine.listing import digest_of, sounds_below
from avm_otio.engine.sound_analysis import analyse_sound
from avm_otio.errors import InputError, MediaError
from avm_otio.services import FilmType
from avm_otio.timeline.time import to_micros
from tests.engine.engine_films import NTSC, RATE_HZ, clicks, make_film, write_wav

CUTS = (40, 90, 150, 200)


@pytest.mark.parametrize("rate", [NTSC, Fraction(25), Fraction(30000, 1001)])
@pytest.mark.parametrize("ending", [".mp4", ".mkv"])
def test_hard_cuts_are_found_at_exactly_their_frames(tmp_path: Path, rate: Fraction, ending: str) -> None:
    film = make_film(tmp_path / f"film{ending}", cuts=CUTS, rate=rate)
    found = analyse_picture(luma_frames(film))
    assert [cut.at_us for cut in found.cuts] == [to_micros(frame / rate) for frame in CUTS]
    assert film_shape(film).duration == 240 / rate
    assert found.motion > 0


def test_a_flash_is_not_a_cut() -> None:
    chance = np.random.default_rng(1)
    picture = chance.integers(30, 120, (36, 64)).astype(np.uint8)
    flash = np.minimum(picture + 120, 255).astype(np.uint8)
    frames = [flash if number in (20, 21) else picture for number in range(60)]
    assert analyse_picture((Fraction(n, 25), frame) for n, frame in enumerate(frames)).cuts == ()


def test_a_long_still_shot_is_seen_as_one() -> None:
    picture = np.random.default_rng(1).integers(0, 255, (36, 64)).astype(np.uint8)
    found = analyse_picture((Fraction(n, 25), picture) for n in range(100))
    assert [(still.start_us, still.end_us) for still in found.stills] == [(0, 3_960_000)]
    assert found.cuts == found.busiest == ()


def test_clicks_are_heard_within_ten_milliseconds(tmp_path: Path) -> None:
    at = [24_000, 100_003, 200_111, 290_999]
    film = make_film(tmp_path / "film.mov", sound=clicks(9, at))
    heard = analyse_sound(sound_blocks(film, film_shape(film).zero)).onsets
    assert len(heard) == len(at)
    for onset, sample in zip(heard, at, strict=True):
        assert abs(onset.at_us - sample * 1e6 / RATE_HZ) <= 10_000


def test_sound_that_starts_after_the_picture_keeps_its_place(tmp_path: Path) -> None:
    film = make_film(tmp_path / "film.mov", sound=clicks(5, [48_000]), sound_late_samples=24_000)
    sound = np.concatenate(list(sound_blocks(film, film_shape(film).zero)), axis=1)[0]
    assert len(sound) == 24_000 + 5 * RATE_HZ
    assert not sound[:24_000].any()
    assert 72_000 <= int(np.abs(sound).argmax()) < 72_100


def test_loudness_is_that_of_bs_1770() -> None:
    """A full-scale 997 Hz sine in one channel reads −3.01 LUFS (BS.1770-4, annex 1)."""
    sine = np.sin(2 * np.pi * 997 * np.arange(5 * RATE_HZ) / RATE_HZ).astype(np.float32)[None]
    assert analyse_sound([sine]).loudness_lufs == pytest.approx(-3.01, abs=0.05)


def test_tempo_of_a_click_track_is_measured() -> None:
    beats = [round(beat * 60 / 96 * RATE_HZ) for beat in range(24)]
    assert analyse_sound([clicks(16, beats)[None]]).tempo_bpm == pytest.approx(96, rel=0.01)


def test_silence_has_no_loudness_onsets_or_tempo() -> None:
    traits = analyse_sound([np.zeros((2, 5 * RATE_HZ), np.float32)])
    assert (traits.loudness_lufs, traits.onsets, traits.tempo_bpm, traits.brightness_hz) == (
        None,
        (),
        None,
        0.0,
    )


def test_film_types_are_told_apart(tmp_path: Path) -> None:
    assert film_shape(make_film(tmp_path / "a.mp4", frames=10)).type is FilmType.SILENT
    assert film_shape(make_film(tmp_path / "b.mov", frames=10, sound=clicks(1, []))).type is FilmType.NORMAL
    audio = film_shape(write_wav(tmp_path / "c.wav", clicks(1.5, [100])))
    assert (audio.type, audio.duration) == (FilmType.AUDIO, Fraction(3, 2))


def test_what_is_no_film_is_refused(tmp_path: Path) -> None:
    junk = tmp_path / "junk.mp4"
    junk.write_bytes(b"not a film" * 100)
    with pytest.raises(MediaError):
        film_shape(junk)


def test_a_library_keeps_ids_measures_once_and_leaves_out_what_cannot_be_read(tmp_path: Path) -> None:
    folder = tmp_path / "lib"
    write_wav(folder / "sfx" / "FastWhoosh_01.wav", clicks(0.5, [10]))
    write_wav(folder / "Long song.wav", clicks(21, [48_000 * n for n in range(20)]))
    (folder / "broken.mp3").write_bytes(b"nothing")
    (folder / ".hidden.wav").write_bytes(b"nothing")
    messages: list[str] = []
    library = Library(folder, tmp_path / "index.json", messages.append)
    items = {item.title: item for item in library.items()}
    assert {title: item.kind for title, item in items.items()} == {
        "FastWhoosh_01": "effect",
        "Long song": "music",
    }
    assert len(messages) == 1
    assert messages[0].startswith("1 of 3 sounds of the library cannot be used: broken.mp3 (")
    again = Library(folder, tmp_path / "index.json")
    assert again.items() == library.items()
    assert again.path(items["Long song"].id) == folder / "Long song.wav"


def test_of_many_sounds_that_cannot_be_read_a_few_are_named(tmp_path: Path) -> None:
    for number in range(12):
        (tmp_path / f"{number:02}.wav").write_bytes(b"nothing")
    messages: list[str] = []
    assert Library(tmp_path, tmp_path / "index.json", messages.append).items() == ()
    (line,) = messages
    assert line.startswith("12 of 12 sounds of the library cannot be used: 00.wav (")
    assert line.endswith("; and 9 more")


@pytest.mark.parametrize("name", ["missing", "empty"])
def test_a_library_without_sounds_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=name):
        Library(tmp_path / name, tmp_path / "index.json")


def test_what_lies_in_a_library_is_told_by_names_alone_wherever_it_lies(tmp_path: Path) -> None:
    names = ["Hit.wav", "deep/er/Whoosh.FLAC", "caf\u00e9/Room.aif"]
    others = [".hidden/Slam.wav", ".Slam.wav", "notes.txt", "wav"]
    for folder, form in (("one", "NFC"), ("two", "NFD")):
        for name in [*names, *others]:
            path = tmp_path / folder / unicodedata.normalize(form, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    assert sounds_below(tmp_path / "one") == sorted(names)
    assert digest_of(tmp_path / "one") == digest_of(tmp_path / "two")
    (tmp_path / "two/Hit.wav").rename(tmp_path / "two/Slam.wav")
    assert digest_of(tmp_path / "one") != digest_of(tmp_path / "two")
