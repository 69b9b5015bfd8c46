"""A watch folder shared with somebody else: a stranger's request reaches nothing but what it may name.

Two users are needed for it: these tests run as root, and the watcher and the stranger as two others.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from fractions import Fraction as F
from pathlib import Path
from typing import Any

import opentimelineio as otio
import pytest

from avm_otio.timeline.time import time_range
from tests.jobs.watching import request
from tests.media.numbered import movie

WATCHER, STRANGER = 61001, 61002
SECRET = "the watcher's own secret"

pytestmark = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can be two users in one test"
)


@pytest.fixture
def place() -> Iterator[Path]:
    """A place that both users can enter: a watch folder that they share, and a home of the watcher."""
    tmp_path = Path(tempfile.mkdtemp())  # pytest's own lies where root alone can enter
    tmp_path.chmod(0o755)
    for name, owner, mode in (("watch", WATCHER, 0o1777), ("home", WATCHER, 0o755)):
        (tmp_path / name).mkdir()
        os.chown(tmp_path / name, owner, owner)
        (tmp_path / name).chmod(mode)
    for name in ("secret.txt", "victim.txt"):
        (tmp_path / "home" / name).write_text(SECRET)
        os.chown(tmp_path / "home" / name, WATCHER, WATCHER)
    yield tmp_path
    shutil.rmtree(tmp_path)


def watch(place: Path, *more: str) -> str:
    """The watcher, as its own user, until nothing is left to do; what it said at its end."""
    ended = subprocess.run(
        [sys.executable, "-m", "tests.jobs.watch_as_user", str(place / "watch"), str(WATCHER), *more],
        env={**os.environ, "HOME": str(place / "home")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in ended.stderr, ended.stderr
    return ended.stdout


def give(path: Path, owner: int = STRANGER) -> Path:
    """Make a folder, with all that lies in it, somebody's; the watcher may write into it."""
    path.chmod(0o777)
    os.chown(path, owner, owner, follow_symlinks=False)
    for each in path.rglob("*"):
        os.chown(each, owner, owner, follow_symlinks=False)
    return path


def asked(place: Path, name: str, urls: tuple[str, ...] = ("a.mp4",), **order: Any) -> Path:
    """What a stranger leaves: a timeline with a clip of each URL, and a film of theirs."""
    made = request(place / "watch", name, **order)
    movie(made / "a.mp4", 24, F(24))
    (made / "cut.otio").write_text(timeline_of(urls))
    return give(made)


def timeline_of(urls: tuple[str, ...]) -> str:
    clips = [
        otio.schema.Clip(
            f"clip {number}",
            otio.schema.ExternalReference(url, time_range(0, 24, F(24))),
            time_range(0, 12, F(24)),
        )
        for number, url in enumerate(urls)
    ]
    cut = otio.schema.Timeline("cut")
    cut.tracks.append(otio.schema.Track("V1", clips))
    return cut.to_json_string()


def answer(made: Path) -> dict[str, Any]:
    """What the host reads: the result, or the error."""
    for name in ("result.json", "error.json"):
        if (made / name).exists():
            found: dict[str, Any] = json.loads((made / name).read_text())
            return found
    raise AssertionError(f"no answer in {sorted(made.iterdir())}")


def test_a_strangers_request_is_carried_out_in_its_own_folder(place: Path) -> None:
    made = asked(place, "one")
    watch(place)
    assert answer(made)["output"] == str(made / "out.otio")
    (clip,) = otio.adapters.read_from_file(str(made / "out.otio")).find_clips()
    assert clip.media_reference.target_url == "a.mp4"
    assert sorted(each.name for each in made.iterdir()) == [
        "a.mp4", "cut.otio", "out.otio", "request.json", "result.json",
    ]  # fmt: skip


def test_copies_lie_beside_the_output_under_the_strangers_own_names(place: Path) -> None:
    made = asked(place, "one", output="out.fcpxml", editor="fcp", deliver="copy")
    watch(place)
    assert answer(made)["output"] == str(made / "out.fcpxml")
    assert (made / "out.media" / "a.mp4").is_file()
    text = (made / "out.fcpxml").read_text()
    assert 'src="out.media/a.mp4"' in text
    assert ".requests" not in text


def test_a_bundle_holds_no_file_that_the_stranger_may_not_name(place: Path) -> None:
    secret = place / "home" / "secret.txt"
    made = asked(place, "one", ("a.mp4", secret.as_uri(), f"../../home/{secret.name}"), output="out.otioz")
    watch(place)
    answer(made)
    with zipfile.ZipFile(made / "out.otioz") as bundle:
        assert [name for name in bundle.namelist() if name.startswith("media/")] == ["media/a.mp4"]
        assert not any(SECRET.encode() in bundle.read(name) for name in bundle.namelist())
