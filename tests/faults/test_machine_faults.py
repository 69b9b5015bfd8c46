"""Two processes on one job, full disks, clocks that are wrong."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.stage import OUTPUT, Stage, judged, places

pytestmark = pytest.mark.slow

DAY_S = 86_400.0


def test_two_runs_of_one_job_at_the_same_time_pay_once(played: Stage, undisturbed: Any) -> None:
    for _ in range(3):
        case = played.case()
        ends = case.together(case.planned(), case.planned())
        assert [end.code for end in ends] == [0, 0], [end.output for end in ends]
        assert case.uploads == 1
        case.check(undisturbed)


@pytest.mark.parametrize(
    "nth", [3, 40, 70, *(pytest.param(n, marks=pytest.mark.slow) for n in range(10, 150, 20))]
)
def test_a_run_that_waits_for_another_goes_on_when_that_one_is_killed(
    played: Stage, undisturbed: Any, nth: int
) -> None:
    for _ in range(9):  # who comes second waits, and may never come so far
        case = played.case()
        killed, waiting = case.together(case.planned(nth=nth, does="kill"), case.planned())
        assert waiting.code in (0, 7), waiting.output
        case.finish()
        case.check(undisturbed)
        if killed.done:
            return
    raise AssertionError(f"never came so far: {killed}")


_SIZES = (100, 1500, 3000, 5000, 8000, 12_000, 16_000, 20_000, 30_000, 60_000, 120_000)


@pytest.mark.parametrize(
    "size",
    [pytest.param(size, marks=() if n % 3 == 0 else pytest.mark.slow) for n, size in enumerate(_SIZES)],
)
def test_on_a_full_disk_nothing_is_half_written_and_nothing_is_lost(
    played: Stage, undisturbed: Any, size: int
) -> None:
    case = played.case()
    end = case.run(file_limit_bytes=size)
    assert end.code == 1, (end.code, end.output)
    assert "full" in end.output
    assert not (case.folder / OUTPUT).exists()
    assert not judged(case, undisturbed, f"no file over {size} bytes", file_limit_bytes=size)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = shutil.which("mount")
    call = ["-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)]
    if mount is None or os.geteuid() != 0 or subprocess.run([mount, *call], capture_output=True).returncode:
        pytest.skip("no disk can be mounted here")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


@pytest.mark.slow
@pytest.mark.parametrize("free", [0, 4096, 20_000, 60_000, 100_000, 250_000])
def test_on_a_disk_that_is_really_full_the_job_goes_on_when_there_is_room(
    played: Stage, undisturbed: Any, small_disk: Path, free: int
) -> None:
    case = played.case("--jobs-dir", str(small_disk / "jobs"))
    filler = small_disk / "filler"
    filler.write_bytes(bytes(1024 * 1024 - 8192 - free))
    end = case.run()
    assert end.code == 1, (end.code, end.output)
    assert not (case.folder / OUTPUT).exists()
    filler.unlink()
    failed = judged(case, undisturbed, f"{free} bytes free")
    assert not failed, "\n".join(failed)


@pytest.mark.parametrize("days", [-3650, -1, 1, 3650])
def test_a_wrong_clock_changes_nothing(played: Stage, undisturbed: Any, days: int) -> None:
    case = played.case()
    case.run(nth=60, does="kill")
    failed = judged(case, undisturbed, f"the clock {days} days off", clock_s=days * DAY_S)
    assert not failed, "\n".join(failed)
    assert case.ends[1].code == 0


@pytest.mark.slow
@pytest.mark.parametrize("days", [-1, 1, -3650])
def test_a_clock_that_jumps_while_it_works_changes_nothing(
    played: Stage, undisturbed: Any, days: int
) -> None:
    whole = places(played.case().run())
    for moment in whole[2::25]:
        case = played.case()
        assert case.run(at=moment, does="jump", clock_s=days * DAY_S).code == 0
        case.check(undisturbed)
