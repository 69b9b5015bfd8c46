"""Kdenlive's own importer takes our .otio: every clip at its frame from its in-point, and heard there."""

from __future__ import annotations

import json
import wave
import xml.etree.ElementTree as ET
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from avm_otio.delivery.deliver import deliver
from avm_otio.formats.otio.kdenlive import STUB, flavoured
from avm_otio.formats.otio.write import otio_of
from avm_otio.request import Request
from avm_otio.timeline.model import Marker, Timeline
from avm_otio.timeline.time import MediaTime, RecordTime, nearest_frame
from tests.editors.hearing import RATE_HZ, hear, read_wav
from tests.editors.programs import kdenlive_import
from tests.editors.scene import make_scene
from tests.scored import EFFECTS_AT_US, scored

pytestmark = [pytest.mark.editors, pytest.mark.slow]

_SAMPLES_OFF = 2
"""A frame is not always a whole number of samples."""

_RESAMPLED_OFF = 20
"""Less than half a millisecond: what a resampler may delay."""

_LYING = [  # sound, frame of the mix, frame of the sound, frames
    ("shot", 20, 30, 100),
    ("plain", 10, 0, 30),
    ("keyed", 50, 12, 40),
    ("mono", 140, 0, 29),
    ("bed", 0, 0, 110),
    ("first", 60, 5, 80),
    ("second", 140, 10, 60),
    ("third", 200, 10, 50),
]
"""Of the scene; without its cross fades."""


@dataclass(frozen=True)
class Laid:
    """One clip of a saved project, in frames."""

    first: int
    frames: int
    media_in: int
    file: str


@dataclass(frozen=True)
class Taken:
    """A saved project: tracks from the lowest sound to the topmost picture, guides, marks on clips."""

    rate: Fraction
    tracks: dict[str, list[Laid]]
    guides: list[tuple[int, str]]
    marks: list[tuple[int, str]]


def taken(project: Path) -> Taken:
    """What a project that Kdenlive saved says."""
    root = ET.parse(project).getroot()
    profile = root.find("profile")
    assert profile is not None
    rate = Fraction(int(profile.get("frame_rate_num", 0)), int(profile.get("frame_rate_den", 1)))
    known = {each.get("id"): each for each in root}

    def property_of(element: ET.Element, name: str) -> str:
        return next((one.text or "" for one in element.iterfind("property") if one.get("name") == name), "")

    def frames(clock: str | None) -> int:
        hours, minutes, seconds = (clock or "0:0:0").split(":")
        return nearest_frame(Fraction(seconds) + 60 * int(minutes) + 3600 * int(hours), rate)

    def lane(playlists: list[ET.Element]) -> list[Laid]:
        laid = []
        for playlist in playlists:
            at = 0
            for one in playlist:
                if one.tag == "blank":
                    at += frames(one.get("length"))
                elif one.tag == "entry":
                    first, last = frames(one.get("in")), frames(one.get("out"))
                    file = Path(property_of(known[one.get("producer")], "resource")).name
                    laid.append(Laid(at, last + 1 - first, first, file))
                    at += last + 1 - first
        return sorted(laid, key=lambda one: one.first)

    def marks(text: str) -> list[tuple[int, str]]:
        return [(one["pos"], one["comment"]) for one in json.loads(text or "[]")]

    sequence = next(
        one for one in root.iter("tractor") if property_of(one, "kdenlive:sequenceproperties.hasAudio")
    )
    tracks = {}
    for one in sequence.iterfind("track"):
        track = known[one.get("producer")]
        if track.tag == "tractor":
            name = property_of(track, "kdenlive:track_name")
            tracks[name] = lane([known[part.get("producer")] for part in track.iterfind("track")])
    on_clips = [mark for one in root.iter("chain") for mark in marks(property_of(one, "kdenlive:markers"))]
    return Taken(rate, tracks, marks(property_of(sequence, "kdenlive:sequenceproperties.guides")), on_clips)


def laid_in(timeline: Timeline) -> dict[str, list[Laid]]:
    """What a project should say of a cut that runs at 1."""
    rate = timeline.rate
    tracks = {}
    for track in (*reversed(timeline.audio_tracks), *timeline.video_tracks):
        tracks[track.name] = laid = []
        for clip in track.clips:
            if clip.enabled and track.enabled:
                assert clip.media is not None
                first, last = clip.frames(rate)
                into = nearest_frame(clip.media_start - clip.media.start, rate)
                laid.append(Laid(first, last - first, into, Path(clip.media.path).name))
    return tracks


def without_stubs(found: Taken, end: int) -> dict[str, list[Laid]]:
    """The tracks as they are once the frames after the end are deleted."""
    return {name: [one for one in laid if one.first < end] for name, laid in found.tracks.items()}


def write(timeline: Timeline, folder: Path) -> str:
    made, _ = flavoured(timeline, folder)
    (folder / "cut.otio").write_text(otio_of(made).to_json_string(), encoding="utf-8")
    return "cut.otio"


def test_a_scored_film_comes_in_and_every_sound_is_heard_at_its_frame(tmp_path: Path) -> None:
    opened = scored(tmp_path)
    output = tmp_path / "scored.otio"
    deliver(opened, Request(output=output, editor="kdenlive"))
    project, mix = kdenlive_import(tmp_path, output.name, tmp_path)
    film, found = opened.timeline, taken(project)
    assert found.rate == film.rate
    assert list(found.tracks) == [track.name for track in (*reversed(film.audio_tracks), *film.video_tracks)]
    places = {
        name: [(one.first, one.frames, one.media_in) for one in laid]
        for name, laid in without_stubs(found, film.frames).items()
    }
    for track in film.tracks:
        # What is switched off is left out; all media of the film begin at 0.
        assert places[track.name] == [
            (first, last - first, nearest_frame(clip.media_start, film.rate))
            for clip in track.clips
            if clip.enabled
            for first, last in [clip.frames(film.rate)]
        ]
    heard = read_wav(mix)
    for number, at_us in enumerate(EFFECTS_AT_US):
        sound = at_48_khz(tmp_path / "items" / f"{10 + number}.wav")
        frame = nearest_frame(Fraction(at_us, 10**6), film.rate)
        there = hear(heard, sound)
        assert abs(there.at - frame * RATE_HZ / film.rate) <= _RESAMPLED_OFF, f"{number} at {there.seconds} s"


def at_48_khz(path: Path) -> npt.NDArray[np.float64]:
    """The left side of a 44.1 kHz sound as the mix has it: its spectrum, with nothing above."""
    with wave.open(str(path), "rb") as file:
        assert file.getframerate() == 44_100
        raw = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, file.getnchannels())
    count = round(len(raw) * RATE_HZ / 44_100)
    return np.fft.irfft(np.fft.rfft(raw[:, 0] / 32767), count) * count / len(raw)


@pytest.mark.parametrize("rate", [Fraction(24000, 1001), Fraction(25), Fraction(30000, 1001)], ids=str)
def test_every_in_point_survives_also_the_last_of_a_track_and_those_after_a_cross_fade(
    tmp_path: Path, rate: Fraction
) -> None:
    files = tmp_path / "files #1 100%"
    files.mkdir()
    scene = make_scene(files, rate)
    project, mix = kdenlive_import(files, write(scene.timeline, files), tmp_path)
    found = taken(project)
    assert found.rate == rate
    assert without_stubs(found, 250) == laid_in(scene.timeline)
    assert found.guides == [(30, "Hit: here")]
    heard = read_wav(mix)
    for name, first, source, count in _LYING:
        there = hear(heard, scene.part(name, source, count))
        assert abs(there.at - scene.samples(first)) <= _SAMPLES_OFF, f"{name} at {there.seconds} s"
    for name in ("off", "muted"):
        assert hear(heard, scene.part(name, 0, 30)).likeness < 0.1


def test_pictures_stay_above_each_other_and_marks_where_they_were(tmp_path: Path) -> None:
    files = tmp_path / "files"
    files.mkdir()
    rate = Fraction(25)
    low = make_scene(files, rate).timeline.tracks[0]
    mark = Marker("Look", 12 / rate, comment="at this")
    high = replace(low.clips[0], media_in=MediaTime(50 / rate), end=RecordTime(40 / rate), markers=(mark,))
    tracks = (low, replace(low, name="High", clips=(high,)))
    cut = Timeline("Cut", rate, tracks, duration=120 / rate, size=(1280, 720))
    project, _ = kdenlive_import(files, write(cut, files), tmp_path)
    found = taken(project)
    assert list(found.tracks) == ["Picture", "High"]
    assert without_stubs(found, 120) == laid_in(cut)
    assert found.marks == [(62, "Look: at this")]


def test_without_a_frame_after_it_the_last_in_point_is_lost(tmp_path: Path) -> None:
    """Why there is one; when this fails, Kdenlive has been mended and the frame can go."""
    files = tmp_path / "files"
    files.mkdir()
    scene = make_scene(files, Fraction(25))
    path = files / write(scene.timeline, files)
    made = json.loads(path.read_text(encoding="utf-8"))
    for track in made["tracks"]["children"]:
        track["children"] = [child for child in track["children"] if child["name"] != STUB]
    path.write_text(json.dumps(made), encoding="utf-8")
    project, _ = kdenlive_import(files, path.name, tmp_path)
    found, there = taken(project).tracks["Ambience"], laid_in(scene.timeline)["Ambience"]
    assert found == [*there[:-1], replace(there[-1], media_in=0)]
