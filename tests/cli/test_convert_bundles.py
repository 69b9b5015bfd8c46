"""``convert`` to a bundle: what a timeline from elsewhere names is no reason to hand it on."""

from __future__ import annotations

import os
import zipfile
from fractions import Fraction as F
from pathlib import Path

import opentimelineio as otio
import pytest

from avm_otio.cli.main import run
from tests.media.numbered import movie
from tests.timelines import clip, time_range, timeline, track

SECRET = b"-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0\n"


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    path = tmp_path / "home" / "id_ed25519"
    path.write_bytes(SECRET)
    return path


def bundled(folder: Path, *urls: str) -> tuple[list[str], bytes]:
    """Names and bytes of all that is in the bundle of a timeline that names these."""
    cut = timeline(track(*(clip(f"c{at}", 0, 12, url=url) for at, url in enumerate(urls)), name="V1"))
    path = folder / "cut.otio"
    path.write_text(cut.to_json_string())
    assert run(["convert", str(path), "-o", str(folder / "out.otioz")]) == 0
    with zipfile.ZipFile(folder / "out.otioz") as bundle:
        names = bundle.namelist()
        return [name for name in names if name.startswith("media/")], b"".join(map(bundle.read, names))


@pytest.mark.parametrize("spelt", ["plain", "url", "relative", "percent", "link", "renamed"])
def test_a_bundle_holds_no_file_that_is_no_media(
    tmp_path: Path, secret: Path, spelt: str, capsys: pytest.CaptureFixture[str]
) -> None:
    movie(tmp_path / "a.mp4", 24, F(24))
    (tmp_path / "link.mp4").symlink_to(secret)
    (tmp_path / "renamed.mov").write_bytes(SECRET)
    url = {
        "plain": str(secret),
        "url": secret.as_uri(),
        "relative": f"home/{secret.name}",
        "percent": "home/%69d_ed25519",
        "link": "link.mp4",
        "renamed": "renamed.mov",
    }[spelt]
    names, held = bundled(tmp_path, "a.mp4", url)
    assert names == ["media/a.mp4"]
    assert SECRET not in held
    assert "which is no media file" in capsys.readouterr().err


def test_images_of_a_sequence_are_media_or_stay_out(tmp_path: Path, secret: Path) -> None:
    folder = tmp_path / "images"
    folder.mkdir()
    os.link(secret, folder / "i.0001.png")
    reference = otio.schema.ImageSequenceReference(
        "images/", "i.", ".png", 1, 1, 24, 4, available_range=time_range(0, 1, F(24))
    )
    cut = timeline(track(otio.schema.Clip("i", reference, time_range(0, 1, F(24))), name="V1"))
    (tmp_path / "cut.otio").write_text(cut.to_json_string())
    assert run(["convert", str(tmp_path / "cut.otio"), "-o", str(tmp_path / "out.otioz")]) == 0
    with zipfile.ZipFile(tmp_path / "out.otioz") as bundle:
        assert not any(SECRET in bundle.read(name) for name in bundle.namelist())


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
def test_a_pipe_is_no_media_and_is_not_waited_for(tmp_path: Path) -> None:
    movie(tmp_path / "a.mp4", 24, F(24))
    os.mkfifo(tmp_path / "pipe.mp4")
    names, _ = bundled(tmp_path, "a.mp4", "pipe.mp4")
    assert names == ["media/a.mp4"]
