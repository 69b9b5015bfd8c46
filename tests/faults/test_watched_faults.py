"""What is made to be watched and looked at, previews, stems and pictures, is whole or as it was before."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.killing import Moment
from tests.faults.stage import Case, Stage, is_litter

pytestmark = pytest.mark.slow

OLD = b"of an earlier run"
WAYS = {
    "preview with stems": (("preview", "-o", "p.mp4", "--stems", "stems"), "p.mp4"),
    "preview of sound": (("preview", "-o", "p.m4a"), "p.m4a"),
    "SVG": (("convert", "-o", "p.svg"), "p.svg"),
    "PNG": (("convert", "-o", "p.png"), "p.png"),
}
FULL = 1
_MOST_KILLS = 8


def arguments_of(case: Case, way: str) -> tuple[str, ...]:
    (command, *rest), _ = WAYS[way]
    return (command, case.cut.name, *rest)


def outputs(case: Case, way: str) -> list[Path]:
    _, name = WAYS[way]
    stems = [case.folder / "stems" / f"p_{stem}.wav" for stem in ("DX", "MX", "FX", "ME")]
    return [case.folder / name, *(stems if "stems" in way else ())]


def begun_before(played: Stage, way: str) -> Case:
    """A folder in which an earlier run's outputs lie."""
    case = played.case()
    for path in outputs(case, way):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(OLD)
    return case


def litter(case: Case) -> list[str]:
    return [str(path.relative_to(case.folder)) for path in case.folder.rglob("*") if is_litter(path)]


def whole(played: Stage, way: str) -> tuple[list[int], list[Moment]]:
    """How large the outputs of an undisturbed run are, and what happens in it."""
    case = begun_before(played, way)
    end = case.run(*arguments_of(case, way))
    assert end.code == 0, end.output
    assert not litter(case)
    return [path.stat().st_size for path in outputs(case, way)], end.moments


ENDS = {".png": b"IEND\xaeB`\x82", ".svg": b"</svg>"}
"""Of pictures, which differ in size as their timelines' names do."""


def is_whole(path: Path, size: int) -> bool:
    found = path.read_bytes()
    return found.rstrip().endswith(ENDS[path.suffix]) if path.suffix in ENDS else len(found) == size


def check_whole_or_old(case: Case, way: str, sizes: list[int]) -> None:
    for path, size in zip(outputs(case, way), sizes, strict=True):
        assert path.read_bytes() == OLD or is_whole(path, size), f"half of {path.name}"


@pytest.mark.parametrize("way", WAYS)
def test_a_kill_leaves_whole_files_and_the_next_run_clears_up(played: Stage, way: str) -> None:
    sizes, moments = whole(played, way)
    chosen = sorted({*range(1, len(moments) + 1, -(-len(moments) // _MOST_KILLS)), len(moments)})
    for number in chosen:
        case = begun_before(played, way)
        case.run(*arguments_of(case, way), nth=number, does="kill")
        check_whole_or_old(case, way, sizes)
        assert case.run(*arguments_of(case, way)).code == 0, case.ends[-1].output
        assert all(map(is_whole, outputs(case, way), sizes))
        assert not litter(case), (moments[number - 1], litter(case))


@pytest.mark.parametrize("limit_bytes", [0, 1_000, 20_000, 10_000_000])
@pytest.mark.parametrize("way", WAYS)
def test_a_full_disk_leaves_what_was_there_and_says_what_to_do(
    played: Stage, way: str, limit_bytes: int
) -> None:
    sizes, _ = whole(played, way)
    case = begun_before(played, way)
    end = case.run(*arguments_of(case, way), file_limit_bytes=limit_bytes)
    check_whole_or_old(case, way, sizes)
    assert not litter(case)
    if limit_bytes >= max(sizes) + 1_000:
        assert end.code == 0, end.output
        return
    assert end.code == FULL, end.output
    assert "The disk is full" in end.output
    assert "Free up space" in end.output
    assert outputs(case, way)[0].read_bytes() == OLD
    assert case.run(*arguments_of(case, way)).code == 0, case.ends[-1].output
