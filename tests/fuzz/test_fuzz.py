"""Whatever a file, an archive, an answer or a request holds, it is read or refused in a line: no traceback,
no hang, nothing outside of the file's own folder.

Quickly a few of each; an hour of them by hand is ``scripts/test -m soak tests/fuzz``, fewer with
``AVM_FUZZ_SECONDS=60``. A failure says the ``AVM_FUZZ_SEED`` that repeats it; what it finds becomes a small
file in ``found/``, which every run reads.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import signal
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, note

from avm_otio.cli.main import run
from avm_otio.errors import AvmError
from avm_otio.mix.answers import read_cues, read_film, read_result
from avm_otio.request import Request
from avm_otio.services import ServiceKeys
from tests.fuzz.damage import (
    CUTS,
    LARGEST_BYTES,
    SECONDS,
    SEED,
    Cut,
    as_json,
    damaged_bytes,
    damaged_json,
    damaged_lines,
    damaged_xml,
    fuzzed,
    given,
    tell_seed,
)
from tests.mix.served import FILM
from tests.scored import ANSWER, SAMPLES

FOUND = Path(__file__).parent / "found"
LONGEST_S = 30
MOST_KB = 1.5 * 2**20
"""What one run may take of memory, in KiB."""

OUTPUTS = [".otio", ".edl", ".xml", ".fcpxml", ".svg", ".rpp", ".kdenlive"]

REQUEST = {
    "version": 1,
    "timeline": "cut.otio",
    "output": "out.otio",
    "services": ["music", "effects"],
    "tc_in": "01:00:00:00",
    "alternatives": 2,
    "max_cost": 3.5,
    "music_gain_db": -6.0,
    "license": {"range": [1], "duration": 2},
    "media_roots": ["media"],
}


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The same timeline, with a nest, in each format that is read."""
    folder = tmp_path_factory.mktemp("good")
    files = {".otio": SAMPLES / "nested_stack.otio"}
    for suffix in (".xml", ".fcpxml", ".edl", ".aaf"):
        files[suffix] = folder / f"cut{suffix}"
        with contextlib.redirect_stderr(io.StringIO()):
            assert run(["convert", str(files[".otio"]), "-o", str(files[suffix])]) == 0
    made = files[".otioz"] = folder / "cut.otioz"
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as bundle:
        bundle.writestr("content.otio", files[".otio"].read_text(encoding="utf-8"))
        bundle.writestr("version.txt", "1.0.0")
        bundle.writestr("media/a.wav", bytes(2000))
    return files


class HangsError(BaseException):
    """A run that does not end; no ``except`` of the program catches it."""


@contextlib.contextmanager
def bounded() -> Iterator[None]:
    """Hold what runs inside to the longest time and the most memory, where the system can tell them."""

    def hangs(number: int, frame: object) -> None:
        raise HangsError(f"over {LONGEST_S} s of processor time")

    peak, reset = Path("/proc/self/status"), Path("/proc/self/clear_refs")
    measures = sys.platform == "linux" and os.access(reset, os.W_OK)
    if measures:
        reset.write_text("5")  # the peak is counted from here
    # Of the processor's time: how busy the machine is says nothing of the program.
    before = signal.signal(signal.SIGPROF, hangs) if hasattr(signal, "SIGPROF") else None
    if before is not None:
        signal.setitimer(signal.ITIMER_PROF, LONGEST_S)
    try:
        yield
    finally:
        if before is not None:
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.signal(signal.SIGPROF, before)
    if measures:
        most_kb = next(int(line.split()[1]) for line in peak.read_text().splitlines() if "VmHWM" in line)
        assert most_kb < MOST_KB, f"{most_kb} KiB"


def converted(path: Path, suffix: str) -> None:
    """Convert a file into another format: it is done, or refused in one line."""
    output = path.with_name(f"out{suffix}")
    printed = io.StringIO()
    with bounded(), contextlib.redirect_stderr(printed), contextlib.redirect_stdout(io.StringIO()):
        code = run(["convert", str(path), "-o", str(output)])
    errors = [line for line in printed.getvalue().splitlines() if line.startswith("Error: ")]
    assert "not yours" not in printed.getvalue(), printed.getvalue()
    assert "Traceback" not in printed.getvalue()
    assert code in (0, 1, 3), printed.getvalue()
    assert len(errors) == bool(code), printed.getvalue()
    assert (code == 0) == output.exists() or suffix == ".edl"


def otio_of(good: dict[str, Path], cuts: list[Cut]) -> bytes:
    document = json.loads(good[".otio"].read_text(encoding="utf-8"))
    return as_json(damaged_json(document, cuts)).encode()


def archive_of(good: dict[str, Path], cuts: list[Cut]) -> bytes:
    """A bundle whose members have other names, sizes and contents; its bytes may be damaged, too."""
    made = io.BytesIO()
    members = {"content.otio": otio_of(good, cuts[1:]), "media/a.wav": b"x"}
    for where, how, which in cuts:
        names = ["media/../../x", "/x", "media/" + "n" * 300, "media/a\\b", "media/", "content.otio/", "C:x"]
        members[names[which % len(names)]] = bytes(int(where * 1000)) if how != "deeper" else bytes(10**6)
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, data in list(members.items())[: 2 + len(cuts) // 2]:
            bundle.writestr(name, data)
    return damaged_bytes(made.getvalue(), cuts) if cuts[0][1] == "swap" else made.getvalue()


MAKERS: dict[str, Callable[[dict[str, Path], list[Cut]], bytes]] = {
    ".otio": otio_of,
    ".xml": lambda good, cuts: damaged_xml(good[".xml"].read_text(encoding="utf-8"), cuts),
    ".fcpxml": lambda good, cuts: damaged_xml(good[".fcpxml"].read_text(encoding="utf-8"), cuts),
    ".edl": lambda good, cuts: damaged_lines(good[".edl"].read_text(encoding="utf-8"), cuts),
    ".otioz": archive_of,
    ".aaf": lambda good, cuts: damaged_bytes(good[".aaf"].read_bytes(), cuts),
}


def check_file(suffix: str, good: dict[str, Path], folder: Path, cuts: list[Cut]) -> None:
    path = folder / "inside" / f"cut{suffix}"
    path.parent.mkdir(exist_ok=True)
    data = MAKERS[suffix](good, cuts)
    assume(len(data) < LARGEST_BYTES)
    path.write_bytes(data)
    for old in path.parent.glob("out*"):
        shutil.rmtree(old) if old.is_dir() else old.unlink()
    converted(path, OUTPUTS[cuts[0][2] % len(OUTPUTS)])
    assert [one.name for one in folder.iterdir()] == ["inside"]


@pytest.mark.slow
@pytest.mark.parametrize("suffix", sorted(MAKERS))
def test_a_damaged_timeline_is_read_or_refused_in_a_line(
    suffix: str, good: dict[str, Path], tmp_path: Path
) -> None:
    @fuzzed
    @given(CUTS)
    def check(cuts: list[Cut]) -> None:
        tell_seed()
        check_file(suffix, good, tmp_path, cuts)

    check()


def check_answer(cuts: list[Cut]) -> None:
    for document, read in (
        (FILM, read_film),
        (FILM, read_cues),
        (ANSWER, lambda answer: read_result(answer, ServiceKeys())),
    ):
        received = json.loads(as_json(damaged_json(document, cuts)))
        with contextlib.suppress(AvmError):
            read(received)


def check_request(cuts: list[Cut]) -> None:
    received = json.loads(as_json(damaged_json(REQUEST, cuts)))
    with contextlib.suppress(AvmError):
        Request.parse(received).dump()


@pytest.mark.parametrize("check_one", [check_answer, check_request])
def test_a_senseless_answer_or_request_is_read_or_refused(check_one: Callable[[list[Cut]], None]) -> None:
    @fuzzed
    @given(CUTS)
    def check(cuts: list[Cut]) -> None:
        tell_seed()
        check_one(cuts)

    check()


@pytest.mark.parametrize(
    "path", sorted(one for one in FOUND.iterdir() if one.suffix != ".md"), ids=lambda path: path.name
)
@pytest.mark.parametrize("suffix", [".otio", ".xml", ".edl"])
def test_what_was_found_before_stays_mended(path: Path, suffix: str, tmp_path: Path) -> None:
    copy = tmp_path / path.name
    copy.write_bytes(path.read_bytes())
    converted(copy, suffix)


def _told(check: Callable[[list[Cut]], None], number: int) -> Callable[[list[Cut]], None]:
    """A check that says, where it fails, from which seed."""

    def checked(cuts: list[Cut]) -> None:
        note(f"AVM_FUZZ_SEED={number}")
        check(cuts)

    return checked


@pytest.mark.soak
@pytest.mark.parametrize("kind", [*sorted(MAKERS), "answer", "request"])
def test_an_hour_of_it(kind: str, good: dict[str, Path], tmp_path: Path) -> None:
    share, began, number = SECONDS / (len(MAKERS) + 2), time.process_time(), SEED
    one: Any = {"answer": check_answer, "request": check_request}.get(kind)
    while time.process_time() - began < share:
        check = one or partial(check_file, kind, good, tmp_path)
        fuzzed(given(CUTS)(_told(check, number)), number, 50)()
        number += 1
