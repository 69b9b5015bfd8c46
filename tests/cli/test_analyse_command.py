from __future__ import annotations

import json
from pathlib import Path

import av
import numpy as np
import pytest

from avm_otio.cli.main import run
from avm_otio.engine.analysis import Analysis
from tests.engine.engine_films import NTSC, clicks, make_film, write_wav

CUTS = (20, 45)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    sound = clicks(3, [48_000, 100_000])
    return make_film(tmp_path_factory.mktemp("film") / "film.mov", frames=72, cuts=CUTS, sound=sound)


def test_a_document_says_exact_frames_and_timecode(film: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = film.with_name("found.json")
    assert run(["engine", "analyse", str(film), "-o", str(output), "--json"]) == 0
    found = Analysis.model_validate_json(output.read_text(encoding="utf-8"))
    assert [cut.at.frame for cut in found.cuts] == [*CUTS]
    assert [cut.at.timecode for cut in found.cuts] == ["00:00:00:20", "00:00:01:21"]
    assert [(shot.first.frame, shot.last.frame) for shot in found.shots] == [(0, 19), (20, 44), (45, 71)]
    assert found.film.rate == str(NTSC)
    assert found.film.frames == sum(shot.frames for shot in found.shots) == 72
    assert found.sound is not None
    assert [onset.resembles for onset in found.sound.onsets] == ["transient", "transient"]
    assert [onset.at.frame for onset in found.sound.onsets] == [23, 49]
    assert found.shots[0].colour.startswith("#")
    done = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (done["event"], done["cuts"], done["shots"]) == ("done", 2, 3)


@pytest.mark.parametrize("theme", ["auto", "light", "dark"])
def test_a_picture_is_drawn_in_every_theme(film: Path, theme: str) -> None:
    output = film.with_name(f"{theme}.svg")
    assert run(["engine", "analyse", str(film), "-o", str(output), "--picture-theme", theme, "-q"]) == 0
    drawn = output.read_text(encoding="utf-8")
    assert drawn.count("data:image/jpeg") >= 3
    assert ("prefers-color-scheme" in drawn) == (theme == "auto")


def test_an_image_is_written(film: Path) -> None:
    output = film.with_name("found.png")
    assert run(["engine", "analyse", str(film), "-o", str(output), "-q"]) == 0
    assert output.read_bytes().startswith(b"\x89PNG")


def test_a_film_without_sound_has_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    film = make_film(tmp_path / "silent.mp4", frames=12, cuts=())
    for name in ("found.json", "found.svg"):
        assert run(["engine", "analyse", str(film), "-o", str(tmp_path / name)]) == 0
    found = Analysis.model_validate_json((tmp_path / "found.json").read_text(encoding="utf-8"))
    assert found.sound is None
    assert found.notes == ("The film has no sound.",)
    assert "no sound" in capsys.readouterr().err


def test_a_film_of_one_frame_has_one_shot(tmp_path: Path) -> None:
    film = make_film(tmp_path / "one.mp4", frames=1, cuts=())
    for name in ("found.json", "found.svg"):
        assert run(["engine", "analyse", str(film), "-o", str(tmp_path / name), "-q"]) == 0
    found = Analysis.model_validate_json((tmp_path / "found.json").read_text(encoding="utf-8"))
    assert [(shot.first.frame, shot.frames) for shot in found.shots] == [(0, 1)]


def test_what_cannot_be_analysed_is_refused_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    junk = tmp_path / "junk.mp4"
    junk.write_bytes(b"no film" * 99)
    with av.open(str(tmp_path / "still.png"), "w", format="image2") as image:
        stream = image.add_stream("png")
        stream.width, stream.height, stream.pix_fmt = 64, 36, "rgb24"
        frame = av.VideoFrame.from_ndarray(np.zeros((36, 64, 3), np.uint8))
        image.mux([*stream.encode(frame), *stream.encode(None)])
    sound = write_wav(tmp_path / "sound.wav", clicks(1, []))
    output = tmp_path / "found.json"
    for film, word in (
        (junk, "junk.mp4"),
        (sound, "no picture"),
        (tmp_path / "still.png", "single image"),
        (tmp_path / "away.mov", "no file"),
        (tmp_path, "no file"),
    ):
        assert run(["engine", "analyse", str(film), "-o", str(output)]) != 0
        error = capsys.readouterr().err
        assert word in error
        assert "Traceback" not in error
    assert not output.exists()


def test_an_output_of_another_kind_and_the_film_itself_are_refused(
    film: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["engine", "analyse", str(film), "-o", "found.txt"]) == 2
    assert ".json, .png or .svg" in capsys.readouterr().err
