"""``convert`` lays answers that were saved onto timelines, or makes timelines of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import opentimelineio as otio
import pytest

from avm_otio.cli.main import run
from tests.cli.score.asking import error_line
from tests.scripted_service import effect, result_of, wav


def saved(folder: Path, document: Any, name: str = "result.json") -> str:
    (folder / name).write_text(json.dumps(document))
    return str(folder / name)


def test_a_saved_result_is_laid_onto_a_timeline_with_the_files_of_a_folder(cut: Path) -> None:
    (cut.parent / "items").mkdir()
    (cut.parent / "items" / "1.wav").write_bytes(wav(0.5))
    musics = [{"id": 7, "price": 1.0, "duration": "00:01:00", "url": "https://example.com/m", "title": "Bed"}]
    document = result_of(effect("https://example.com", start="00:00:01", end="00:00:01.5"), musics=musics)
    out = cut.parent / "out.otio"
    arguments = ["--onto", str(cut), "--media", str(cut.parent / "items"), "--in", "01:00:00:12"]
    assert run(["convert", saved(cut.parent, document), "-o", str(out), *arguments]) == 0
    scored = otio.adapters.read_from_file(str(out))
    music, effects = scored.tracks[1].find_clips()[0], scored.tracks[2].find_clips()[0]
    assert music.media_reference.target_url == "https://example.com/m"
    assert music.media_reference.available_range.duration.to_seconds() == 60
    assert scored.tracks[1].range_of_child(music).start_time.value == 12
    assert scored.tracks[2].range_of_child(effects).start_time.value == 36
    assert effects.media_reference.target_url.endswith("/items/1.wav")


def test_an_item_of_unknown_length_is_as_long_as_its_cue(cut: Path) -> None:
    document = result_of(effect("https://example.com", start="00:00:00", end="00:00:01"))
    assert (
        run(["convert", saved(cut.parent, document), "-o", str(cut.parent / "o.otio"), "--onto", str(cut)])
        == 0
    )
    clip = otio.adapters.read_from_file(str(cut.parent / "o.otio")).tracks[1].find_clips()[0]
    assert clip.source_range.duration.value == 24
    assert clip.media_reference.available_range is None


def test_a_saved_film_becomes_a_timeline_of_its_own(tmp_path: Path) -> None:
    film = {
        "id": 1,
        "duration": "00:00:10",
        "sound_effects": [effect("https://example.com")],
        "recommended_musics": [],
    }
    assert run(["convert", saved(tmp_path, film), "-o", str(tmp_path / "o.otio"), "--rate", "29.97"]) == 0
    track = otio.adapters.read_from_file(str(tmp_path / "o.otio")).tracks[0]
    assert track.range_of_child(track.find_clips()[0]).start_time.value == 15


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"hello": 1}, "not a Film"),
        (result_of(effect("x", start="00:00:03", end="00:00:01")), "before it starts"),
        (result_of(effect("x", start="01:00:00", end="01:00:01")), "past the film's end"),
    ],
)
def test_an_answer_that_makes_no_sense_is_refused(
    cut: Path, capsys: pytest.CaptureFixture[str], document: Any, words: str
) -> None:
    out = cut.parent / "o.otio"
    assert run(["convert", saved(cut.parent, document), "-o", str(out), "--onto", str(cut)]) == 3
    assert words in error_line(capsys)
    assert not out.exists()


def test_a_timeline_is_converted_without_a_word_of_scoring(cut: Path) -> None:
    assert run(["convert", str(cut), "-o", str(cut.parent / "o.otioz")]) == 0
    assert run(["convert", str(cut.parent / "o.otioz"), "-o", str(cut.parent / "p.svg")]) == 0
    assert "shot 1" in (cut.parent / "p.svg").read_text()
