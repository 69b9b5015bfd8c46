"""Markers say where a picture wants music; what contradicts has an outcome and a line."""

from __future__ import annotations

from fractions import Fraction as F

import pytest

from avm_otio.mix.music_markers import Wanted, Word, wanted_music, word_of
from avm_otio.timeline.model import Marker
from avm_otio.timeline.time import FrameSpan

RATE = F(25)
SPAN = FrameSpan(0, 100)


def marks(*names: tuple[str, int] | tuple[str, int, int]) -> list[Marker]:
    """Markers by name, first frame and length in frames."""
    return [Marker(name, at / RATE, F(sum(length)) / RATE) for name, at, *length in names]


def wanted(*names: tuple[str, int] | tuple[str, int, int], span: FrameSpan = SPAN) -> Wanted:
    return wanted_music(marks(*names), span, RATE, lambda at: f"frame {at * RATE}")


def spans(*names: tuple[str, int] | tuple[str, int, int]) -> list[tuple[int, int]]:
    return [(each.start, each.end) for each in wanted(*names).spans]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("NO MUSIC", Word.NONE),
        ("no mx", Word.NONE),
        ("NO-MUSIC here", Word.NONE),
        ("MUSIC IN", Word.IN),
        ("Mx in: theme", Word.IN),
        ("MUSIC_START", Word.IN),
        ("MX OUT", Word.OUT),
        ("music end", Word.OUT),
        ("MUSIC INTRO", None),
        ("MUSIC", None),
        ("NO MUSICIANS", None),
        ("Marker 1", None),
    ],
)
def test_what_a_marker_asks_for(text: str, word: Word | None) -> None:
    assert word_of(Marker(text, F(0))) is word
    assert word_of(Marker("Marker 1", F(0), comment=text)) is word


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([], [(0, 100)]),
        ([("scene 2", 20)], [(0, 100)]),
        ([("MUSIC IN", 20)], [(20, 100)]),
        ([("MUSIC OUT", 20)], [(0, 20)]),
        ([("MUSIC IN", 20), ("MX OUT", 40)], [(20, 40)]),
        ([("MUSIC OUT", 20), ("MX IN", 40)], [(0, 20), (40, 100)]),
        ([("NO MUSIC", 20, 30)], [(0, 20), (50, 100)]),
        ([("NO MUSIC", 20)], [(0, 20)]),
        ([("NO MUSIC", 20, 1)], [(0, 20)]),
        ([("NO MUSIC", 20), ("MUSIC IN", 60)], [(0, 20), (60, 100)]),
        ([("NO MUSIC", 20, 30), ("NO MUSIC", 40, 20)], [(0, 20), (60, 100)]),
        ([("MUSIC IN", 20, 10)], [(20, 30)]),
        ([("MUSIC IN", 20, 10), ("MUSIC IN", 50, 10)], [(20, 30), (50, 60)]),
        ([("MUSIC OUT", 20, 10)], [(0, 20), (30, 100)]),
        ([("MUSIC IN", 20), ("MUSIC IN", 50)], [(20, 100)]),
        ([("MUSIC IN", 90, 30)], [(90, 100)]),
        ([("NO MUSIC", 0, 200)], []),
    ],
)
def test_where_music_is_wanted(names: list[tuple[str, int]], expected: list[tuple[int, int]]) -> None:
    assert spans(*names) == expected


@pytest.mark.parametrize(
    ("names", "expected", "note"),
    [
        (
            [("NO MUSIC", 20, 30), ("MUSIC IN", 30)],
            [(50, 100)],
            "MUSIC IN at frame 30: it lies in NO MUSIC, so music comes in at frame 50.",
        ),
        (
            [("MUSIC IN", 10), ("MUSIC OUT", 20), ("MX OUT", 40)],
            [(10, 20)],
            "MUSIC OUT at frame 40: no music plays there.",
        ),
        (
            [("MUSIC IN", 50), ("MUSIC OUT", 50)],
            [(0, 100)],
            "MUSIC OUT at frame 50: MUSIC IN is there, too; music continues with a new piece.",
        ),
        ([("NO MUSIC", 0, 100)], [], "The markers want no music anywhere."),
    ],
)
def test_what_contradicts_is_said(
    names: list[tuple[str, int]], expected: list[tuple[int, int]], note: str
) -> None:
    found = wanted(*names)
    assert [(each.start, each.end) for each in found.spans] == expected
    assert found.notes == (note,)


def test_a_piece_begins_at_each_entry() -> None:
    assert wanted(("MUSIC IN", 20), ("MUSIC IN", 50), ("MUSIC OUT", 70)).entries == (20, 50)
    assert wanted(("MUSIC OUT", 40), ("MUSIC IN", 40)).entries == (40,)


LONG = FrameSpan(0, 1500)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([("NO MUSIC", 500, 100), ("MUSIC IN", 610)], [(0, 500), (610, 1500)]),
        ([("NO MUSIC", 500, 100), ("MUSIC IN", 700)], [(0, 500), (600, 1500)]),
        ([("NO MUSIC", 500), ("MUSIC IN", 520)], [(0, 500), (520, 1500)]),
        ([("NO MUSIC", 40), ("MUSIC IN", 100)], [(100, 1500)]),
        ([("NO MUSIC", 500, 100), ("NO MUSIC", 640, 60)], [(0, 500), (700, 1500)]),
        ([("MUSIC IN", 20), ("NO MUSIC", 60)], [(20, 60)]),
        ([("MUSIC OUT", 40), ("MUSIC IN", 100)], [(0, 40), (100, 1500)]),
    ],
)
def test_no_music_makes_no_piece_of_a_moment(
    names: list[tuple[str, int]], expected: list[tuple[int, int]]
) -> None:
    found = wanted(*names, span=LONG)
    assert [(each.start, each.end) for each in found.spans] == expected
    lost = [note for note in found.notes if "too short for a piece" in note]
    assert len(lost) == (("NO MUSIC", 40) in names) + (("NO MUSIC", 640, 60) in names)


def test_what_lies_before_a_range_counts_in_it() -> None:
    found = wanted(("MUSIC IN", 5), ("MUSIC OUT", 60), span=FrameSpan(50, 100))
    assert found.spans == (FrameSpan(50, 60),)
