"""What a format has no place for is told: a plain cut with one thing changed at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from avm_otio.formats import writing
from avm_otio.formats.otio.read import from_otio
from avm_otio.formats.otio.write import timeline_of
from avm_otio.timeline.model import Kept, Marker, Mix, Timeline, Transition
from avm_otio.timeline.time import RecordTime
from tests.models import plain

FOREIGN = (Kept("other", "Blur", ""),)

Change = Callable[[Timeline], Timeline]


def messages_of(timeline: Timeline, editor: str, suffix: str, folder: Path) -> set[str]:
    _, losses = writing.write(timeline, folder / f"cut{suffix}", editor=editor)
    return {str(loss) for loss in losses}


def track(number: int, **more: object) -> Change:
    def changed(cut: Timeline) -> Timeline:
        tracks = list(cut.tracks)
        tracks[number] = replace(tracks[number], **more)
        return replace(cut, tracks=tuple(tracks))

    return changed


def clip(number: int, **more: object) -> Change:
    """The first clip of a track, changed."""

    def changed(cut: Timeline) -> Timeline:
        first, *others = cut.tracks[number].clips
        return track(number, clips=(replace(first, **more), *others))(cut)

    return changed


def crossing(cut: Timeline) -> Timeline:
    """A dissolve that carries an effect of somebody else's."""
    half = Fraction(1, 2)
    return track(0, transitions=(Transition("Mix", RecordTime(Fraction(4)), half, half, kept=FOREIGN),))(cut)


BLUR = "Blur not written"
OF_PICTURES = "gain and fades of a picture not written"


@pytest.mark.parametrize(
    "file", ["premiere.xml", "fcp.fcpxml", "avid.aaf", "reaper.rpp", "edl.edl", "kdenlive.kdenlive"]
)
@pytest.mark.parametrize(
    "change",
    [lambda cut: replace(cut, kept=FOREIGN), track(0, kept=FOREIGN), clip(0, kept=FOREIGN), crossing],
    ids=["timeline", "track", "clip", "transition"],
)
def test_an_effect_of_somebody_elses_is_told_wherever_it_is(
    tmp_path: Path, file: str, change: Change
) -> None:
    editor, suffix = file.split(".")
    assert any(BLUR in one for one in messages_of(change(plain()), editor, f".{suffix}", tmp_path))


@pytest.mark.parametrize(
    ("file", "change", "message"),
    [
        ("fcp.fcpxml", clip(0, mix=Mix(-6.0)), OF_PICTURES),
        ("avid.aaf", clip(0, mix=Mix(-6.0)), OF_PICTURES),
        ("reaper.rpp", clip(0, mix=Mix(-6.0)), OF_PICTURES),
        ("kdenlive.kdenlive", clip(0, mix=Mix(-6.0)), OF_PICTURES),
        ("avid.aaf", clip(2, name=""), "has no name, its media's written"),
        ("avid.aaf", lambda cut: replace(cut, size=(1234, 567)), "picture size 1234 × 567 not written"),
        ("avid.aaf", clip(2, markers=(Marker("pre", Fraction(-1)),)), "moved to the nearest frame"),
        ("premiere.xml", clip(2, markers=(Marker("pre", Fraction(-1)),)), "first frame there is"),
        ("premiere.xml", lambda cut: replace(cut, start_frame=-24), "00:00:00:00, where it is put"),
        ("protools.txt", track(2, locked=True), "that it is locked not written"),
        ("edl.edl", track(2, name="Noises"), "its name stands in its list's title alone"),
        ("edl.edl", lambda cut: replace(cut, duration=cut.duration + 2), "frames at its end not written"),
        ("edl.edl", clip(2, name=""), "has no name, its media's written"),
    ],
)
def test_what_has_no_place_is_told(tmp_path: Path, file: str, change: Change, message: str) -> None:
    editor, suffix = file.split(".")
    new = messages_of(change(plain()), editor, f".{suffix}", tmp_path) - messages_of(
        plain(), editor, f".{suffix}", tmp_path
    )
    assert any(one.endswith(message) for one in new), new


def test_only_what_the_project_says_is_looked_for_in_it(tmp_path: Path) -> None:
    losses = messages_of(
        clip(0, kept=FOREIGN)(clip(2, mix=Mix(-6.0))(plain())), "kdenlive", ".otio", tmp_path
    )
    assert any(one.endswith("gain of -6 dB not written: the .kdenlive file says it") for one in losses)
    assert any(one.endswith(BLUR) for one in losses)


def test_a_hole_at_the_end_stays_in_a_timeline() -> None:
    longer = replace(plain(), duration=plain().duration + 2)
    assert from_otio(timeline_of(longer)).duration == longer.duration
