"""FCPXML read back: what was written, but for what the loss report names."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avm_otio.core.arrangement import (
    Arrangement,
    Clip,
    Feature,
    Generator,
    Loss,
    Marker,
    Media,
    Track,
    TrackKind,
    Transition,
)
from avm_otio.core.mix import GainKey, Mix
from avm_otio.core.timing import MediaTime, RecordTime
from avm_otio.dialects.fcpxml_read import read
from avm_otio.dialects.fcpxml_write import document
from tests.arrangements import RATES, arrangements, differences, plain, settled

FOLDER = Path("/edit/film")


def read_back(arrangement: Arrangement) -> tuple[Arrangement, tuple[Loss, ...]]:
    text, losses = document(arrangement, FOLDER)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cut.fcpxml"
        path.write_text(text, encoding="utf-8")
        found, notes = read(path)
    assert not notes
    assert len(found) == 1
    return found[0], losses


def as_reported(arrangement: Arrangement, losses: tuple[Loss, ...]) -> Arrangement:
    """What the loss report says that the file says."""
    told = {loss.feature for loss in losses}
    base = arrangement.video_tracks[0] if arrangement.video_tracks else None
    frame = 1 / arrangement.rate

    def marker(one: Marker, at: Fraction) -> Marker:
        length = one.duration if one.duration > frame else Fraction(0)
        if one.color or length != one.duration:
            assert Feature.MARKER in told
        return replace(one, color="", duration=length, start=at)

    def clip(one: Clip, track: Track) -> Clip:
        marks = [marker(mark, mark.start) for mark in one.markers]
        if track is base:
            for mark in arrangement.markers:
                if one.start <= mark.start < one.end:
                    assert Feature.MARKER in told
                    marks.append(marker(mark, mark.start - one.start))
        if one.kind is not None:
            assert Feature.METADATA in told
        content = one.content
        if isinstance(content, Media) and not content.channels:
            content = replace(content, sample_rate_hz=None)  # what has no sound has no rate of it
        return replace(one, content=content, markers=tuple(marks), alternative=0, kind=track.stem)

    def track(one: Track) -> Track:
        clips = [piece for piece in one.clips if not isinstance(piece.content, Generator)]
        if len(clips) != len(one.clips):
            assert Feature.GENERATOR in told
        return replace(one, clips=tuple(clip(piece, one) for piece in clips))

    beneath = (
        [] if base is None else [piece for piece in base.clips if not isinstance(piece.content, Generator)]
    )
    alone = [
        marker(mark, mark.start)
        for mark in arrangement.markers
        if not any(piece.start <= mark.start < piece.end for piece in beneath)
    ]
    made = replace(arrangement, tracks=tuple(track(one) for one in arrangement.tracks), markers=tuple(alone))
    return numbered(made)


def numbered(arrangement: Arrangement) -> Arrangement:
    """Links in the order in which they come."""
    links: dict[int | None, int] = {}
    for clip in arrangement.clips():
        if clip.link is not None:
            links.setdefault(clip.link, len(links) + 1)
    return replace(
        arrangement,
        tracks=tuple(
            replace(track, clips=tuple(replace(clip, link=links.get(clip.link)) for clip in track.clips))
            for track in arrangement.tracks
        ),
    )


@settings(max_examples=120)
@given(arrangements())
def test_what_was_written_is_read_back_but_for_what_the_report_names(arrangement):
    found, losses = read_back(arrangement)
    assert not differences(found, as_reported(arrangement, losses))
