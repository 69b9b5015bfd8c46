"""A watch folder shared with somebody else: a stranger's request reaches nothing but what it may name.

Two users are needed for it: these tests run as root, and the watcher and the stranger as two others.
"""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import zipfile
import zlib
from collections.abc import Iterator
from fractions import Fraction as F
from pathlib import Path
from typing import Any

import opentimelineio as otio
import pytest

from avm_otio.report import Silent
from avm_otio.request import Request
from tests.jobs.watching import done, request
from tests.media.numbered import movie
from tests.timelines import time_range

WATCHER, STRANGER = 61001, 61002
SECRET = "the watcher's own secret"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can be two users in one test"
    ),
]


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


def png() -> bytes:
    """A black picture of one pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    parts = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(2))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


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
        "a.mp4",
        "cut.otio",
        "out.otio",
        "request.json",
        "result.json",
    ]


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


# --- writing


def test_no_link_leads_anything_out_of_the_folder(place: Path) -> None:
    victim = place / "home" / "victim.txt"
    for name, order in (
        ("out.otio", {}),
        ("progress.json", {}),
        ("result.json.tmp", {}),
        ("out.media", {"output": "out.fcpxml", "editor": "fcp", "deliver": "copy"}),
        ("sub", {"output": "sub/victim.txt.otio"}),
    ):
        made = asked(place, name.replace(".", " "), **order)
        target = place / "home" if name in ("out.media", "sub") else victim
        (made / name).symlink_to(target)
    watch(place)
    assert victim.read_text() == SECRET
    assert sorted(each.name for each in (place / "home").iterdir()) == ["secret.txt", "victim.txt"]


def test_an_export_is_moved_into_no_folder_of_somebody_else(place: Path) -> None:
    elsewhere = place / "home" / "exports"
    elsewhere.mkdir()
    os.chown(elsewhere, WATCHER, WATCHER)
    for name in ("NAME.score.otio", "OTHER.score.otio"):
        (place / "watch" / name).write_text(timeline_of(("a.mp4",)))
        os.chown(place / "watch" / name, STRANGER, STRANGER)
    (place / "watch" / "NAME.score").symlink_to(elsewhere)
    (place / "watch" / "OTHER.score").mkdir()
    give(place / "watch" / "OTHER.score")
    watch(place, "--for", "1")
    assert list(elsewhere.iterdir()) == []
    assert list((place / "watch" / "OTHER.score").iterdir()) == []


def test_a_strangers_export_may_name_no_more_than_a_strangers_request(place: Path) -> None:
    outside = movie(place / "home" / "private.mp4", 24, F(24))
    (place / "watch" / "NAME.score.otio").write_text(timeline_of((outside.as_uri(),)))
    os.chown(place / "watch" / "NAME.score.otio", STRANGER, STRANGER)
    watch(place, "--for", "1")
    made = place / "watch" / "NAME.score"
    assert "0 found" in answer(made)["notes"]


# --- reading


def test_media_are_the_strangers_own_or_below_a_root_of_the_watcher(place: Path) -> None:
    movie(place / "home" / "b.mp4", 24, F(24))
    (place / "media").mkdir()
    movie(place / "media" / "c.mp4", 24, F(24))
    (place / "media" / "d.mp4").symlink_to(place / "home" / "b.mp4")
    urls = tuple((place / way).as_uri() for way in ("home/b.mp4", "media/c.mp4", "media/d.mp4"))
    made = asked(place, "one", ("a.mp4", *urls), output="out.otioz")
    (made / "e.mp4").symlink_to(place / "home" / "b.mp4")
    watch(place, "--root", str(place / "media"))
    answer(made)
    with zipfile.ZipFile(made / "out.otioz") as bundle:
        assert sorted(name for name in bundle.namelist() if name.startswith("media/")) == [
            "media/a.mp4",
            "media/c.mp4",
        ]


def test_images_of_a_sequence_are_no_links(place: Path) -> None:
    made = asked(place, "one", output="out.otioz")
    (made / "shot").mkdir()
    for number in (1, 2):
        (made / "shot" / f"i.{number:04}.png").write_bytes(png())
    (made / "shot" / "i.0003.png").symlink_to(place / "home" / "secret.txt")
    images = otio.schema.ImageSequenceReference(
        "shot/", "i.", ".png", 1, 1, 24, 4, available_range=time_range(0, 3, F(24))
    )
    cut = otio.schema.Timeline("cut")
    cut.tracks.append(otio.schema.Track("V1", [otio.schema.Clip("i", images, time_range(0, 3, F(24)))]))
    (made / "cut.otio").write_text(cut.to_json_string())
    give(made)
    watch(place)
    answer(made)
    with zipfile.ZipFile(made / "out.otioz") as bundle:
        assert not any(SECRET.encode() in bundle.read(name) for name in bundle.namelist())
        assert [name for name in bundle.namelist() if "i.000" in name] == [
            "media/i/i.0001.png",
            "media/i/i.0002.png",
        ]


@pytest.mark.parametrize(
    "order",
    [
        {"media_roots": ["/home"]},
        {"library": "/home"},
        {"notify_url": "http://127.0.0.1:9/{job}", "service": "local"},
        {"notify_url": "https://93.184.215.14/x"},  # the service that is left out is the local engine
        {"notify_url": "http://10.0.0.1/x"},
        {"ref_music": "/home/somebody/song.wav"},
        {"notify_url": "http://[::1]/x"},
        {"notify_url": "http://169.254.169.254/latest"},
    ],
)
def test_a_stranger_may_not_ask_for_what_is_for_the_watcher(place: Path, order: dict[str, Any]) -> None:
    made = asked(place, "one", **order)
    watch(place)
    assert next(iter(order)) in answer(made)["message"]


# --- what is trusted


@pytest.mark.parametrize("name", ["jobs", "watchers"])
@pytest.mark.parametrize("plant", ["folder", "link", "open"])
def test_folders_that_are_trusted_are_the_watchers_own(place: Path, name: str, plant: str) -> None:
    made = asked(place, "one")
    planted = place / "watch" / name
    if plant == "link":
        planted.symlink_to(place / "home")
        os.chown(planted, STRANGER, STRANGER, follow_symlinks=False)
    else:
        planted.mkdir()
        give(planted, WATCHER if plant == "open" else STRANGER)
    printed = watch(place)
    message = printed if name == "watchers" else answer(made)["message"]
    assert name in message
    assert not (made / "out.otio").exists()
    assert sorted(each.name for each in (place / "home").iterdir()) == ["secret.txt", "victim.txt"]


def test_a_job_that_somebody_else_planted_is_no_job(place: Path) -> None:
    made = asked(place, "one")
    job = place / "watch" / "jobs" / "cut-0123"
    job.mkdir(parents=True)
    (job / "job.json").write_text("{}")
    os.chown(place / "watch" / "jobs", WATCHER, WATCHER)
    give(job)
    watch(place)
    assert "cut-0123" in answer(made)["message"]


# --- what blocks


@pytest.mark.parametrize("kind", ["pipe", "device link", "sparse", "link"])
@pytest.mark.parametrize("name", ["cut.otio", "request.json"])
def test_what_is_no_plain_file_is_refused_and_blocks_nobody(place: Path, kind: str, name: str) -> None:
    made, other = asked(place, "a bad one"), asked(place, "good")
    (made / name).unlink()
    if kind == "pipe":
        os.mkfifo(made / name)
    elif kind == "sparse":
        with (made / name).open("wb") as file:
            file.truncate(3 * 2**30)
    else:
        (made / name).symlink_to("/dev/zero" if kind == "device link" else place / "home" / "secret.txt")
    give(made)
    begun = time.monotonic()
    watch(place)
    assert answer(made)["exit_code"] == 3
    assert (other / "result.json").exists()
    assert SECRET not in json.dumps(answer(made))
    assert time.monotonic() - begun < 50


# --- races


def raced(place: Path, least: int) -> None:
    """Have a stranger race a watcher, and look whether anything outside was touched or read."""
    home = place / "home"
    movie(home / "private.mp4", 24, F(24))
    (home / "private.mp4").write_bytes((home / "private.mp4").read_bytes() + SECRET.encode())
    give(home, WATCHER).chmod(0o755)
    before = {each.name: (each.read_bytes(), each.stat().st_mtime_ns) for each in home.iterdir()}
    count = 0
    for number in range(10_000):
        made = asked(place, f"race {number}", output="sub/out.otioz")
        (made / "sub").mkdir()
        give(made)
        (made / "sub").chmod(0o777)
        swapping = subprocess.Popen(
            [sys.executable, "-m", "tests.jobs.swap_as_user", str(made), str(home), str(STRANGER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            watch(place, "--for", "2")
            counted, _ = swapping.communicate(timeout=60)  # closes its input: that ends it
        finally:
            swapping.kill()
        count += int(counted)
        found = [each for each in (place / "watch").rglob("*") if each.is_file() and not each.is_symlink()]
        assert not any(SECRET.encode() in each.read_bytes() for each in found)
        assert before == {each.name: (each.read_bytes(), each.stat().st_mtime_ns) for each in home.iterdir()}
        if count >= least:
            return


def test_raced_swaps_of_names_and_folders_gain_nothing(place: Path) -> None:
    raced(place, 300)


@pytest.mark.soak
def test_ten_thousand_raced_swaps_gain_nothing(place: Path) -> None:
    raced(place, 10_000)


def test_a_stranger_gets_no_page_of_what_the_watcher_scored(place: Path) -> None:
    scored = request(place / "watch", "mine")
    result = done(Request(scored / "cut.otio", scored / "out.otio"), Silent(), write=False)
    (scored / "result.json").write_text(result.model_dump_json())
    for path in (scored, *scored.iterdir()):
        os.chown(path, WATCHER, WATCHER)
    theirs = place / "watch" / "theirs"
    theirs.mkdir()
    (theirs / "request.json").write_text(json.dumps({"audition": "mine"}))
    give(theirs)
    linked = place / "watch" / "linked"
    linked.mkdir()
    (linked / "request.json").write_text(json.dumps({"audition": "theirs too"}))
    os.chown(linked, WATCHER, WATCHER)
    os.chown(linked / "request.json", WATCHER, WATCHER)
    forged = place / "watch" / "theirs too"
    forged.mkdir()
    (forged / "request.json").write_text("{}")
    (forged / "result.json").write_text(result.model_dump_json())
    give(forged)
    watch(place)
    for made in (theirs, linked):
        assert "for the user of avm-otio watch alone" in answer(made)["message"]
        assert not (made / "page.json").exists()
