"""What an OTIO timeline says of tracks and nests that is not played is told."""

from __future__ import annotations

import opentimelineio as otio
import pytest

from avm_otio.formats.reading import read


def notes_of(tmp_path, track, more=()):
    timeline = otio.schema.Timeline("cut")
    timeline.tracks.extend([track, *more])
    otio.adapters.write_to_file(timeline, str(tmp_path / "cut.otio"))
    return read(tmp_path / "cut.otio").notes


def clip():
    span = otio.opentime.TimeRange(otio.opentime.RationalTime(0, 25), otio.opentime.RationalTime(50, 25))
    return otio.schema.Clip("a", otio.schema.ExternalReference("/a.wav", span), span)


@pytest.mark.parametrize(("speed", "count"), [(2.0, 1), (1.0, 0)])
def test_a_speed_of_a_whole_track_is_told(tmp_path, speed, count):
    track = otio.schema.Track("A1", [clip()], kind="Audio")
    track.effects.append(otio.schema.LinearTimeWarp(time_scalar=speed))
    notes = notes_of(tmp_path, track)
    assert len(notes) == count
    assert all("track with a speed of its own" in note for note in notes)


@pytest.mark.parametrize("enabled", [True, False])
def test_a_speed_that_changes_is_told(tmp_path, enabled):
    ramped = clip()
    ramped.effects.append(otio.schema.TimeEffect("Ramp", metadata={"keys": [[0, 1.0], [50, 2.0]]}))
    ramped.effects[0].enabled = enabled
    notes = notes_of(tmp_path, otio.schema.Track("A1", [ramped], kind="Audio"))
    assert notes == ("1 × clip with a time effect that states no one speed, read without",) * enabled


@pytest.mark.parametrize("solo", [True, False])
def test_a_soloed_track_is_told(tmp_path, solo):
    track = otio.schema.Track("A1", [clip()], kind="Audio", metadata={"Resolve_OTIO": {"SoloOn": solo}})
    assert notes_of(tmp_path, track) == ("1 × track that is soloed, read without",) * solo


@pytest.mark.parametrize(("channels", "count"), [([1], 1), ([0, 1], 0), (None, 0)])
def test_channels_of_a_nest_are_told(tmp_path, channels, count):
    nest = otio.schema.Stack("nest", [otio.schema.Track("in", [clip()], kind="Audio")])
    if channels:
        nest.metadata["avm"] = {"version": 1, "source_channels": channels}
    notes = notes_of(tmp_path, otio.schema.Track("A1", [nest], kind="Audio"))
    assert len(notes) == count
    assert all("some of its channels" in note for note in notes)
