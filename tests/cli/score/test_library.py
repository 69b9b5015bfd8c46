"""``score`` with a library of one's own: what is another question, and what is reported."""

from __future__ import annotations

from pathlib import Path

import opentimelineio as otio
import pytest

from avm_otio.cli.main import run
from tests.scripted_service import ScriptedService


@pytest.mark.slow
def test_another_library_is_another_question_and_so_is_one_that_has_grown(cut: Path, sounds: Path) -> None:
    def laid(*more: str) -> set[str]:
        output = cut.parent / "out.otio"
        assert run(["score", str(cut), "-o", str(output), "--service", "local", *more]) == 0
        timeline = otio.adapters.read_from_file(str(output))
        return {clip.name for track in timeline.tracks for clip in track.find_clips()} - {"shot 1"}

    mine = ("--library", str(sounds))
    starter = laid()
    assert laid(*mine) <= {"Slam", "Warm bed"} != starter
    (sounds / "music/Warm bed.wav").rename(sounds / "music/Cold bed.wav")
    assert "Cold bed" in laid(*mine)
    assert laid() == starter


@pytest.mark.slow
@pytest.mark.parametrize("is_film_there", [True, False], ids=["film kept", "film cleaned"])
def test_an_engine_that_was_emptied_is_sent_the_film_again(
    cut: Path,
    sounds: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *,
    is_film_there: bool,
) -> None:
    asked = ["score", str(cut), "--service", "local", "--library", str(sounds), "-o"]
    assert run([*asked, str(cut.with_name("out.otio"))]) == 0
    monkeypatch.setenv("AVM_CACHE_DIR", str(cut.with_name("another cache")))
    (job,) = cut.with_suffix(".avm").glob("*/job.json")
    for downloaded in (job.parent / "media").iterdir():
        downloaded.unlink()
    if not is_film_there:
        (job.parent / "film.mp4").unlink()
    assert run([*asked, str(cut.with_name("other.otio")), "--effects-gain", "-3"]) == (
        0 if is_film_there else 6
    )
    error = capsys.readouterr().err
    assert ("it is sent again" if is_film_there else "--again asks again") in error
    assert "paid" not in error


@pytest.mark.slow
def test_sounds_of_the_library_that_cannot_be_read_are_told(
    cut: Path, sounds: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (sounds / "broken.mp3").write_bytes(b"nothing")
    output = str(cut.parent / "out.otio")
    assert run(["score", str(cut), "-o", output, "--service", "local", "--library", str(sounds)]) == 0
    assert "1 of 3 sounds of the library cannot be used: broken.mp3" in capsys.readouterr().err


def test_a_library_that_a_remote_service_does_not_choose_from_is_told(
    cut: Path, service: ScriptedService, sounds: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = str(cut.parent / "out.otio")
    assert run(["score", str(cut), "-o", output, "--service", service.url, "--library", str(sounds)]) == 0
    assert f"The library is for --service local: {service.url} chooses" in capsys.readouterr().err
