"""What a jobs folder remembers: only of files that are as they were, and together with other runs."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from avm_otio.jobs.cache import Cache, fingerprint, stamps


@pytest.fixture
def media(tmp_path: Path) -> Path:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"picture")
    return path


def learnt(folder: Path, media: Path, *, order: str = "o") -> None:
    cache = Cache(folder)
    cache.learn_digest(media, "0-5", "abc", fingerprint(media))
    cache.learn_request(order, "cut-1", stamps([media]))
    cache.save()


def test_what_was_learnt_is_known_while_the_file_is_as_it_was(tmp_path: Path, media: Path) -> None:
    learnt(tmp_path, media)
    cache = Cache(tmp_path)
    assert cache.digest(media, "0-5") == "abc"
    assert cache.digest(media, "0-6") is None
    assert cache.job_of("o") == "cut-1"
    assert cache.job_of("other") is None


@pytest.mark.parametrize("change", ["content", "time put back", "gone"])
def test_a_file_that_changed_is_not_known(tmp_path: Path, media: Path, change: str) -> None:
    learnt(tmp_path, media)
    before = media.stat()
    media.unlink()
    if change != "gone":
        media.write_bytes(b"pICTURE")
    if change == "time put back":
        os.utime(media, ns=(before.st_atime_ns, before.st_mtime_ns))
    cache = Cache(tmp_path)
    assert cache.digest(media, "0-5") is None
    assert cache.job_of("o") is None


def test_two_runs_at_once_lose_nothing_of_each_other(tmp_path: Path, media: Path) -> None:
    one, other = Cache(tmp_path), Cache(tmp_path)
    one.learn_request("one", "cut-1", stamps([media]))
    other.learn_request("other", "cut-2", stamps([media]))
    one.save()
    other.save()
    cache = Cache(tmp_path)
    assert (cache.job_of("one"), cache.job_of("other")) == ("cut-1", "cut-2")


@pytest.mark.parametrize(
    "text", ["", "[]", '{"version": 3}', '{"version": 2, "requests": 3, "digests": {"a": 1}}']
)
def test_a_memory_that_is_none_is_begun_anew(tmp_path: Path, media: Path, text: str) -> None:
    (tmp_path / "cache.json").write_text(text)
    assert Cache(tmp_path).job_of("o") is None
    learnt(tmp_path, media)
    assert Cache(tmp_path).job_of("o") == "cut-1"


def test_what_version_1_kept_is_read_and_goes_on_in_the_new_file(tmp_path: Path, media: Path) -> None:
    earlier = {
        "version": 1,
        "digests": {f"{media}\nall": {"digest": "d", "stamp": fingerprint(media)}},
        "orders": {"o": {"job": "cut-1", "read": stamps([media])}},
    }
    (tmp_path / "known.json").write_text(json.dumps(earlier))
    cache = Cache(tmp_path)
    assert (cache.digest(media, "all"), cache.job_of("o")) == ("d", "cut-1")
    cache.learn_request("later", "cut-2", stamps([media]))
    cache.save()
    again = Cache(tmp_path)
    assert [again.job_of(request) for request in ("o", "later")] == ["cut-1", "cut-2"]
    assert [each.name for each in tmp_path.iterdir() if each.suffix == ".json"] == ["cache.json"]


def test_a_folder_of_images_is_never_taken_for_unchanged(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    cache = Cache(tmp_path)
    cache.learn_request("o", "cut-1", stamps([tmp_path / "images"]))
    cache.save()
    assert Cache(tmp_path).job_of("o") is None
