"""A turnover's AAF as Ardour's libaaf reads it: the places that pyaaf2 finds, to the sample."""

import re
from fractions import Fraction as F
from pathlib import Path

import pytest

from tests.editors.libaaf import trace
from tests.jobs.turnovers import RATES, cut, slots_of, turned

_SLOT = re.compile(
    r"TimelineMobSlot \[slot:\d+ track:\d+\] \(DataDef: AAFDataDef_Sound\) : (.+?)\s+\(MetaProps"
)
_CHILD = re.compile(r"AAFClassID_(Filler|Transition|SourceClip|OperationGroup) \((?:.*?)Length: (\d+)")
_DEPTH = re.compile(r"[├└]──")


@pytest.mark.editors
@pytest.mark.parametrize(("rate", "drop"), RATES, ids=["23.976", "25", "29.97 DF"])
def test_libaaf_finds_every_clip_and_pop_where_pyaaf2_does(tmp_path: Path, rate: F, drop: bool) -> None:
    turned(cut(tmp_path, rate, drop), tmp_path / "out", with_preview=False)
    path = tmp_path / "out" / "my cut.aaf"
    text = trace(path)
    assert "loaded 0" in text
    _, tracks = slots_of(path)
    found: dict[str, list[tuple[int, int]]] = {}
    places: list[tuple[int, int]] = []
    at = depth = 0
    for line in text.splitlines():
        branch = _DEPTH.search(line)
        if slot := _SLOT.search(line):
            places, at, depth = found.setdefault(slot[1], []), 0, 0
        elif (child := _CHILD.search(line)) and branch is not None and found:
            depth = depth or branch.start()  # of the first part of a sequence: its others lie beside it
            if branch.start() != depth:
                continue
            length = int(child[2])
            if child[1] in ("SourceClip", "OperationGroup"):
                places.append((at, length))
            at += -length if child[1] == "Transition" else length
    assert found == {name: [(first, length) for first, length, _ in clips] for name, clips in tracks.items()}
    for clips in tracks.values():
        for _, _, channels in clips:
            for name, _, _ in channels:
                assert f"/out/media/{name.replace(' ', '%20')})" in text
