"""What was heard is kept in a job's folder; whatever becomes of it there, the next run ends as well."""

from __future__ import annotations

import json
import math
import os
import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from avm_otio.jobs import ears
from avm_otio.jobs.folder import HEARD
from avm_otio.media import listening
from avm_otio.mix.heard import Heard
from tests.jobs.small_cut import Run, cut, footage, score, service, the_job
from tests.scripted_service import ScriptedService, sound, wav

__all__ = ["cut", "footage", "score", "service"]


@pytest.fixture
def heard(cut: Path, score: Run) -> Path:
    """Where a job that is done keeps what it heard."""
    assert score() == 0
    return the_job(cut) / HEARD


def result(path: Path) -> object:
    return json.loads(path.read_text())


def each(change: Callable[[Path], object]) -> Callable[[Path, Path], None]:
    def of_all(folder: Path, elsewhere: Path) -> None:
        for path in folder.iterdir():
            change(path)

    return of_all


def linked(folder: Path, elsewhere: Path) -> None:
    shutil.rmtree(folder)
    folder.symlink_to(elsewhere)


def linked_files(folder: Path, elsewhere: Path) -> None:
    for path in folder.iterdir():
        (elsewhere / path.name).write_bytes(path.read_bytes())
        path.unlink()
        path.symlink_to(elsewhere / path.name)


def piped(folder: Path, elsewhere: Path) -> None:
    for path in folder.iterdir():
        path.unlink()
        os.mkfifo(path)


def a_file(folder: Path, elsewhere: Path) -> None:
    shutil.rmtree(folder)
    folder.write_text("x")


HARM = {
    "cut short": each(lambda path: path.write_bytes(path.read_bytes()[:-20])),
    "no text": each(lambda path: path.write_bytes(b"\xff\xfe\x00")),
    "senseless times": each(lambda path: path.write_text(path.read_text().replace('us":', 'us":-9'))),
    "a folder in its place": each(lambda path: (path.unlink(), path.mkdir())),
    "a link in its place": linked_files,
    "a pipe in its place": piped,
    "a link in the folder's place": linked,
    "a file in the folder's place": a_file,
}


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="links and pipes")
@pytest.mark.parametrize("harm", HARM)
def test_whatever_became_of_what_was_kept_the_next_run_ends_alike_and_touches_nothing_else(
    cut: Path, score: Run, heard: Path, harm: str, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    HARM[harm](heard, elsewhere)
    before = {path.name: path.read_bytes() for path in elsewhere.iterdir()}
    (cut.parent / "out.otio").rename(cut.parent / "before.otio")
    assert score() == 0
    assert result(cut.parent / "out.otio") == result(cut.parent / "before.otio")
    assert {path.name: path.read_bytes() for path in elsewhere.iterdir()} == before


def test_what_cannot_be_kept_is_told_and_the_result_is_as_ever(
    cut: Path, score: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(ears, "write_text", full)
    assert score() == 0
    assert "listened to again by the next run" in capsys.readouterr().err
    assert not list((the_job(cut) / HEARD).iterdir())


def test_a_file_that_changes_while_it_is_listened_to_was_not_heard(
    cut: Path,
    score: Run,
    service: ScriptedService,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def hear(path: Path, **more: bool) -> Heard:
        found = heard(path, **more)
        if path.parent.name == "media":
            path.write_bytes(path.read_bytes() + b"more")
        return found

    heard = listening.hear
    monkeypatch.setattr(listening, "hear", hear)
    assert score() == 0
    assert "was changed while it was listened to" in capsys.readouterr().err
    assert {path.name for path in (the_job(cut) / HEARD).iterdir()} <= {"film.json", "film-speech.json"}


def floating(value: float) -> bytes:
    """A second of one value in 32-bit floating point."""
    data = struct.pack("<f", value) * 48_000
    head = (b"RIFF", 36 + len(data), b"WAVEfmt ", 16, 3, 1, 48_000, 192_000, 4, 32, b"data", len(data))
    return struct.pack("<4sI8sIHHIIHH4sI", *head) + data


@pytest.mark.slow
@pytest.mark.parametrize(
    "data",
    [
        floating(math.nan),
        floating(3e38),
        floating(1e-40),
        wav(1 / 48_000),
        wav(0.3, rate_hz=8_000, channels=1),
        wav(0.1, rate_hz=192_000, channels=1),
        wav(0.2, channels=128),
        wav(0.0),
    ],
    ids=[
        "no numbers",
        "far too loud",
        "far too quiet",
        "one sample",
        "8 kHz",
        "192 kHz",
        "128 channels",
        "empty",
    ],
)
def test_sounds_of_any_size_are_laid_or_told(
    cut: Path, score: Run, service: ScriptedService, data: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    service.files = dict.fromkeys(service.files, sound(data))
    code = score()
    errors = capsys.readouterr().err
    assert "Traceback" not in errors
    assert "fault of avm-otio" not in errors
    assert code == 0 or errors.count("Error: ") == 1
