"""The text beside spotted sound files says where each belongs, as Pro Tools writes such texts itself."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction as F
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from avm_otio.formats.protools.write import document
from avm_otio.timeline.features import Feature, Loss
from avm_otio.timeline.model import Clip, Marker, Media, Mix, Timeline, Track, TrackKind
from avm_otio.timeline.time import RecordTime, dropped_per_minute, parse_timecode
from tests.models import RATES, plain, settled, timelines

FOLDER = Path("/job")
NAMES = {
    F(24_000, 1001): "23.976 Frame",
    F(24): "24 Frame",
    F(25): "25 Frame",
    F(30_000, 1001): "29.97 Frame",
    F(30): "30 Frame",
    F(50): "50 Frame",
    F(60_000, 1001): "59.94 Frame",
    F(60): "60 Frame",
}


class Session:
    """The text, read by its own headings alone."""

    def __init__(self, text: str) -> None:
        assert "\r" not in text
        parts: dict[str, list[str]] = {"": []}
        title = ""
        for line in text.splitlines():
            if line.endswith(("L I S T I N G", "S E S S I O N")):
                title = line.replace("  ", "_").replace(" ", "").replace("_", " ")
                parts[title] = []
            else:
                parts[title].append(line)
        self.head = dict(line.split(":\t", 1) for line in parts[""] if line)
        self.online = dict(row(line) for line in parts["ONLINE FILES IN SESSION"][1:] if line)
        self.offline = dict(row(line) for line in parts["OFFLINE FILES IN SESSION"][1:] if line)
        self.clips = [row(line) for line in parts["ONLINE CLIPS IN SESSION"][1:] if line]
        self.markers = [row(line) for line in parts["MARKERS LISTING"][1:] if line]
        self.tracks: list[tuple[str, str, list[list[str]]]] = []
        for line in parts["TRACK LISTING"]:
            if line.startswith("TRACK NAME:"):
                self.tracks.append((line.partition("\t")[2], "", []))
            elif line.startswith("STATE: "):
                name, _, rows = self.tracks[-1]
                self.tracks[-1] = (name, line.removeprefix("STATE: ").strip(), rows)
            elif line[:1].isdigit():
                self.tracks[-1][2].append(row(line))


def row(line: str) -> list[str]:
    return [cell.strip() for cell in line.split("\t")]


def written(one: Timeline) -> tuple[Session, tuple[Loss, ...]]:
    text, losses = document(one, FOLDER)
    return Session(text), losses


def hit(start: F, end: F, name: str = "A1 001 Hit", channels: int = 2, **more: Any) -> Clip:
    media = Media(f"{name}.wav", f"/job/cut media/{name}.wav", sample_rate_hz=48_000, channels=channels)
    made = Clip("Hit", RecordTime(start), RecordTime(end), media, channels=tuple(range(channels)))
    return replace(made, **more)


def session_of(*clips: Clip, rate: F = F(25), start_frame: int = 90_000, **more: Any) -> Timeline:
    track = Track("Effects", TrackKind.AUDIO, clips, channels=2)
    return settled(replace(Timeline("cut", rate, (track,), start_frame=start_frame), **more))


def seconds(text: str, rate: F) -> F:
    timecode, _, part = text.rpartition(".")
    return (parse_timecode(timecode, rate) + F(int(part), 100)) / rate


@settings(max_examples=60, deadline=None)
@given(timelines())
def test_every_sound_is_listed_at_its_place(one: Timeline) -> None:
    session, _ = written(one)
    assert len(session.tracks) == len(one.audio_tracks)
    hundredth = 1 / one.rate / 100
    for (_, _, rows), track in zip(session.tracks, one.audio_tracks, strict=True):
        channels = max((len(clip.channels) for clip in track.clips), default=0)
        assert len(rows) == len(track.clips) * channels
        for line in rows:
            clip = track.clips[int(line[1]) - 1]
            assert abs(seconds(line[3], one.rate) - one.start - clip.start) <= hundredth
            assert abs(seconds(line[4], one.rate) - one.start - clip.end) <= hundredth
            assert abs(int(line[6]) - (one.start + clip.start) * 48_000) <= F(1, 2)
            assert line[7] == ("Unmuted" if clip.enabled else "Muted")


@pytest.mark.parametrize("rate", RATES)
def test_the_head_says_rate_and_start(rate: F) -> None:
    session, _ = written(plain(rate))
    assert session.head["TIMECODE FORMAT"] == NAMES[rate]
    assert session.head["SAMPLE RATE"] == "48000.000000"
    assert session.head["BIT DEPTH"] == "24-bit"
    assert session.head["# OF AUDIO TRACKS"] == "3"
    if dropped_per_minute(rate):
        frames = 107_892 if rate < 40 else 215_784
        dropped = replace(plain(rate, frames), drop_frame=True)
        session, _ = written(dropped)
        assert session.head["TIMECODE FORMAT"] == NAMES[rate].replace(" ", " Drop ")
        assert session.head["SESSION START TIMECODE"] == "01:00:00;00.00"


def test_a_stereo_sound_is_two_channels_of_one_file() -> None:
    session, _ = written(session_of(hit(F(2), F(3))))
    assert session.online == {"A1 001 Hit.wav": "cut media"}
    assert session.clips == [
        ["A1 001 Hit.L", "A1 001 Hit.wav", "[1]"],
        ["A1 001 Hit.R", "A1 001 Hit.wav", "[2]"],
    ]
    name, state, rows = session.tracks[0]
    assert (name, state) == ("Effects (Stereo)", "")
    where = ["01:00:02:00.00", "01:00:03:00.00", "00:00:01:00.00", str(3602 * 48_000), "Unmuted"]
    assert rows == [["1", "1", "A1 001 Hit.L", *where], ["2", "1", "A1 001 Hit.R", *where]]


def test_a_mono_sound_is_one_row() -> None:
    session, _ = written(session_of(hit(F(0), F(1), channels=1)))
    assert session.clips == [["A1 001 Hit", "A1 001 Hit.wav"]]
    assert [line[:3] for line in session.tracks[0][2]] == [["1", "1", "A1 001 Hit"]]


def test_a_sound_between_frames_has_hundredths_of_a_frame_and_its_sample() -> None:
    start = F(1) + F(481, 48_000)
    session, _ = written(session_of(hit(start, start + 1)))
    line = session.tracks[0][2][0]
    assert line[3] == "01:00:01:00.25"
    assert line[6] == str(3601 * 48_000 + 481)


def test_samples_are_real_time_at_23976() -> None:
    session, _ = written(session_of(hit(F(0), F(1)), rate=F(24_000, 1001), start_frame=86_400))
    line = session.tracks[0][2][0]
    assert line[3] == "01:00:00:00.00"
    assert line[6] == str(86_400 * 2002)


def test_past_midnight_all_begins_anew() -> None:
    session, _ = written(session_of(hit(F(2), F(3)), start_frame=25 * (24 * 3600 - 1)))
    line = session.tracks[0][2][0]
    assert (line[3], line[6]) == ("00:00:01:00.00", str(48_000))


def test_offline_media_are_listed_apart() -> None:
    clip = hit(F(0), F(1))
    assert clip.media is not None
    session, losses = written(session_of(replace(clip, content=replace(clip.media, is_online=False))))
    assert session.online == {}
    assert session.offline == {"A1 001 Hit.wav": "cut media"}
    assert [loss.feature for loss in losses] == [Feature.MEDIA]


def test_markers_of_timeline_track_and_clip_are_listed_by_time() -> None:
    one = session_of(
        hit(F(2), F(3), markers=(Marker("on clip", F(1, 2)),)),
        markers=(Marker("end", F(3), F(1), "bye", "RED"),),
    )
    track = replace(one.tracks[0], markers=(Marker("on track", F(1)),))
    session, losses = written(replace(one, tracks=(track,)))
    assert session.markers == [
        ["1", "01:00:01:00.00", "48000", "Samples", "on track", "Effects", "Track", ""],
        ["2", "01:00:02:12.50", "120000", "Samples", "on clip", "Effects", "Track", ""],
        ["3", "01:00:03:00.00", "144000", "Samples", "end", "Markers", "Ruler", "bye"],
    ]
    assert sorted(str(loss) for loss in losses) == [
        "Timeline “cut”: colours of markers not written: 1",
        "Timeline “cut”: length of the marker “end” not written",
    ]


def test_a_marker_on_the_cut_off_head_of_the_first_clip_is_told() -> None:
    marked = hit(F(0), F(1), markers=(Marker("slate", F(-2, 25)),))
    session, losses = written(session_of(marked, start_frame=0))
    assert session.markers == []
    assert [str(loss) for loss in losses] == [
        "Track “Effects”: marker “slate” not written: it lies before the session's start"
    ]


def test_a_track_that_is_off_is_muted() -> None:
    one = session_of(hit(F(0), F(1), enabled=False))
    session, losses = written(replace(one, tracks=(replace(one.tracks[0], enabled=False),)))
    assert session.tracks[0][1] == "Muted"
    assert session.tracks[0][2][0][7] == "Muted"
    assert not losses


def test_what_the_layout_has_no_column_for_is_told() -> None:
    one = plain()
    retimed = replace(one.tracks[1].clips[0], speed=F(2))
    track = replace(one.tracks[1], clips=(retimed, *one.tracks[1].clips[1:]))
    _, losses = written(replace(one, tracks=(one.tracks[0], track, *one.tracks[2:])))
    assert {loss.feature for loss in losses} == {
        Feature.FADE,
        Feature.GAIN,
        Feature.LINK,
        Feature.MARKER,
        Feature.METADATA,
        Feature.SPEED,
        Feature.TRACK,
    }
    assert not any("shot 1” at" in loss.item and loss.feature is Feature.GAIN for loss in losses)


def test_nests_are_opened_and_told() -> None:
    inner = session_of(hit(F(0), F(1)), start_frame=0)
    session, losses = written(session_of(Clip("nest", RecordTime(F(4)), RecordTime(F(5)), inner)))
    assert session.tracks[0][2][0][3] == "01:00:04:00.00"
    assert [loss.feature for loss in losses] == [Feature.NEST]


def test_a_name_cannot_break_the_table() -> None:
    clip = hit(F(0), F(1), name="bad\tname\nhere", mix=Mix())
    one = session_of(clip)
    session, losses = written(
        replace(one, tracks=(replace(one.tracks[0], name="T\tR A C K  L I S T I N G"),))
    )
    assert session.tracks[0][2][0][2] == "bad name here.L"
    assert [loss.feature for loss in losses] == [Feature.NAME, Feature.NAME]


def test_a_rate_that_pro_tools_lacks_is_told() -> None:
    _, losses = written(session_of(hit(F(0), F(1)), rate=F(12), start_frame=0))
    assert [str(loss) for loss in losses] == ["Timeline “cut”: Pro Tools knows no 12 fps"]
