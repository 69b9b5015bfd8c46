"""What people spotted is asked for in their words, and lies on its frame; or it is said that it does not."""

from __future__ import annotations

import json
from fractions import Fraction as F
from pathlib import Path
from typing import Any

import numpy as np
import opentimelineio as otio
import pytest

from avm_otio import Request, read, score
from avm_otio.config.settings import Settings
from avm_otio.errors import InputError, UsageError
from avm_otio.jobs.question import Question, service_request
from avm_otio.jobs.spots import Spots, asking, find_spots, held_against
from avm_otio.mix.cues import Cue, Cues, Item
from avm_otio.mix.spotted import SpotKind
from avm_otio.services import EFFECTS, MUSIC
from avm_otio.timeline.model import Clip, Marker, Media, Timeline, Track, TrackKind
from avm_otio.timeline.select import Selection, plan_film
from avm_otio.timeline.time import MediaTime, RecordTime, parse_timecode, parse_timestamp, snap_rate
from tests.engine.engine_films import make_film, write_wav
from tests.timelines import seconds_of

DROP = snap_rate("29.97")


def cut(*markers: Marker, rate: F = F(25), drop: bool = False, seconds: int = 60) -> Timeline:
    clip = Clip(
        "shot",
        RecordTime(F(0)),
        RecordTime(F(seconds)),
        Media("a.mov", "a.mov", duration=F(seconds), rate=rate),
        MediaTime(F(0)),
    )
    start = parse_timecode("01:00:00;00" if drop else "01:00:00:00", rate)
    track = Track("V1", TrackKind.VIDEO, (clip,))
    return Timeline("cut", rate, (track,), start, drop, F(seconds), markers)


def asked(timeline: Timeline, **fields: Any) -> tuple[Spots, Question, list[str], Request]:
    licence = {"license_range": (1,), "license_duration": 1, "license_platforms": (1,)}
    request = Settings().complete(Request(Path("cut.otio"), Path("out.otio"), **licence, **fields))
    spots = find_spots(request, timeline, plan_film(timeline, request.selection))
    made = Question(request.origin, "en", "EUR", service_request(request, "cut"))
    question, notes = asking(made, request, spots, timeline)
    return spots, question, notes, request


DOOR, RAIN = Marker("SFX: door slam", F(10)), Marker("AMB: rain", F(20), F(5))
REMOTE = "https://film.example"


def test_the_engine_is_asked_for_each_spot_with_its_words_and_its_length() -> None:
    spots, question, notes, _ = asked(cut(RAIN, DOOR), spots="markers")
    assert notes == []
    assert question.request.parameters[EFFECTS.name]["avm_spots"] == [
        {"at": "00:00:10.000000", "until": None, "words": "door slam", "kind": "effect"},
        {"at": "00:00:20.000000", "until": "00:00:25.000000", "words": "rain", "kind": "ambience"},
    ]
    assert "avm_density" not in question.request.parameters[EFFECTS.name]
    assert [spot.kind for spot in spots.spots] == [SpotKind.EFFECT, SpotKind.AMBIENCE]


def test_of_a_range_those_within_are_asked_for_in_film_time_and_the_others_named() -> None:
    spots, question, *_ = asked(cut(DOOR, RAIN), spots="markers", tc_in="01:00:15:00", tc_out="01:00:22:00")
    (sent,) = question.request.parameters[EFFECTS.name]["avm_spots"]
    assert (sent["at"], sent["until"], sent["words"]) == ("00:00:05.000000", "00:00:07.000000", "rain")
    assert spots.notes == ("Left out: “door slam” at 01:00:10:00, outside of what is scored.",)


def test_only_what_was_spotted_is_asked_for_where_nothing_else_is_wanted() -> None:
    _, question, *_ = asked(cut(DOOR), spots="markers", spots_only=True)
    assert set(question.request.parameters) == {EFFECTS.name}
    assert question.request.parameters[EFFECTS.name]["avm_density"] == "none"
    _, question, *_ = asked(cut(DOOR, Marker("MX in", F(3))), spots="markers", spots_only=True)
    assert set(question.request.parameters) == {EFFECTS.name, MUSIC.name}
    _, question, *_ = asked(cut(Marker("MX in", F(3))), spots="markers", spots_only=True)
    assert set(question.request.parameters) == {MUSIC.name}
    with pytest.raises(InputError, match="no markers for sounds"):
        asked(cut(Marker("nice", F(3))), spots="markers", spots_only=True)
    with pytest.raises(UsageError, match="no spots to lay"):
        asked(cut(DOOR), spots_only=True)


def test_a_remote_service_is_asked_for_the_stretch_and_it_is_said_what_is_not_sent() -> None:
    _, question, notes, _ = asked(cut(DOOR, RAIN), spots="markers", service=REMOTE)
    assert question.request.parameters[EFFECTS.name] == {
        "start_at": "00:00:10.000000",
        "end_at": "00:00:25.000000",
    }
    (note,) = notes
    assert "from 01:00:10:00 to 01:00:25:00" in note
    assert "Not sent: “door slam”, “rain”" in note


def cue(at: float, number: int = 1, **served: Any) -> Cue:
    return Cue(round(at * 1e6), round(at * 1e6) + 500_000, (Item(number, "x", "", None, None, {}),), served)


def test_of_a_remote_services_answer_what_lies_at_a_spot_is_laid_on_it_where_nothing_else_is_wanted() -> None:
    timeline = cut(DOOR, RAIN)
    spots, _, notes, request = asked(timeline, spots="markers", spots_only=True, service=REMOTE)
    assert "within half a second of a spot" in notes[0]
    offered = Cues({EFFECTS: (cue(9.8, 1), cue(10.1, 2), cue(15, 3))})
    found = held_against(offered, request, spots, REMOTE, timeline)
    (laid,) = found.by_service[EFFECTS]
    assert (laid.start_us, laid.items[0].id, laid.is_spotted) == (10_000_000, 2, True)
    assert any("2 of the service's 3 cues lie at no spot" in note for note in found.notes)
    assert any("nothing for “rain” at 01:00:20:00" in note for note in found.notes)
    spots, _, _, request = asked(timeline, spots="markers", service=REMOTE)
    assert held_against(offered, request, spots, REMOTE, timeline) == offered


def test_words_that_no_sound_fits_are_told() -> None:
    timeline = cut(DOOR, RAIN)
    spots, _, _, request = asked(timeline, spots="markers")
    answer = Cues({EFFECTS: (cue(20, avm_spot=1), cue(40))})
    found = held_against(answer, request, spots, "local", timeline)
    assert found.by_service == answer.by_service
    assert found.notes == ("No sound of the library fits “door slam” at 01:00:10:00: nothing is laid there.",)


EDL = """\
TITLE: cut
FCM: {fcm}

001  001      V     C        {tc} {tc} {tc} {after}
 |C:ResolveColorRed |M:SFX: door slam |D:1

002  001      V     C        {tc2} {tc2} {tc2} {after2}
light |C:ResolveColorGreen |M:Marker 2 |D:30
"""


@pytest.mark.parametrize(
    ("rate", "drop"), [(snap_rate("23.976"), False), (F(25), False), (DROP, True)], ids=["23.976", "25", "df"]
)
def test_a_list_and_a_marker_edl_lie_on_the_frames_that_they_name(
    rate: F, drop: bool, tmp_path: Path
) -> None:
    sign = ";" if drop else ":"
    first, second = f"01:00:10{sign}07", f"01:01:00{sign}12"
    after, after2 = f"01:00:10{sign}08", f"01:01:00{sign}13"
    fcm = "DROP FRAME" if drop else "NON-DROP FRAME"
    edl = EDL.format(fcm=fcm, tc=first, after=after, tc2=second, after2=after2)
    (tmp_path / "markers.edl").write_text(edl, encoding="utf-8")
    until = f"01:01:01{sign}{12 + 30 - round(rate):02d}"
    (tmp_path / "spots.csv").write_text(
        f"timecode,words,kind,end\n{first},door slam,SFX,\n{second},light,ambience,{until}\n",
        encoding="utf-8",
    )
    timeline = cut(rate=rate, drop=drop, seconds=120)
    frames = [parse_timecode(tc, rate) - timeline.start_frame for tc in (first, second)]
    for name in ("markers.edl", "spots.csv"):
        spots, *_ = asked(
            timeline, spots=tmp_path / name, spots_colors=("ambience=GREEN",), services=("effects",)
        )
        assert [(spot.kind, spot.words, spot.at) for spot in spots.spots] == [
            (SpotKind.EFFECT, "door slam", frames[0] / rate),
            (SpotKind.AMBIENCE, "light", frames[1] / rate),
        ]
        assert spots.spots[1].until == (frames[1] + 30) / rate


def test_colours_and_files_that_there_are_not_are_told_with_the_nearest(tmp_path: Path) -> None:
    for wrong, near in (("efects=RED", "effects"), ("effects=GREN", "GREEN"), ("effects", "There are PINK")):
        with pytest.raises(UsageError) as raised:
            asked(cut(DOOR), spots="markers", spots_colors=(wrong,))
        assert near in raised.value.hint
    with pytest.raises(InputError, match="There is no file"):
        asked(cut(DOOR), spots=tmp_path / "none.csv")


def test_a_request_keeps_markers_as_a_word_and_a_file_as_a_path() -> None:
    for given, dumped in (("markers", "markers"), ("Markers", "markers"), ("a/s.csv", "/w/a/s.csv")):
        request = Request(Path("c.otio"), Path("o.otio"), spots=given).in_folder(Path("/w"))
        assert request.dump()["spots"] == dumped
        assert Request.parse(request.dump()) == request
    assert Selection() == Request().selection


def strike(begins_s: float, seconds: float) -> np.ndarray:
    sound = np.zeros(round(seconds * 48_000), np.float32)
    at = round(begins_s * 48_000)
    ring = np.arange(len(sound) - at)
    sound[at:] = 0.5 * np.exp(-ring / 9000) * np.sin(ring * 0.13 + 1)
    return sound


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rate", "drop"), [(snap_rate("23.976"), False), (F(25), False), (DROP, True)], ids=["23.976", "25", "df"]
)
def test_scored_by_markers_each_attack_lies_on_its_frame(rate: F, drop: bool, tmp_path: Path) -> None:
    library = tmp_path / "library"
    write_wav(library / "Door slam.wav", strike(0.0123, 1.2))
    write_wav(library / "Dog bark.wav", strike(0.2, 1.5))
    write_wav(library / "Rain ambience.wav", 0.05 * np.random.default_rng(1).standard_normal(9 * 48_000))
    make_film(tmp_path / "film.mov", frames=180, cuts=(60, 121), rate=rate)
    whole = otio.opentime.TimeRange(
        otio.opentime.RationalTime(0, float(rate)), otio.opentime.RationalTime(180, float(rate))
    )
    clip = otio.schema.Clip("film", otio.schema.ExternalReference("film.mov", whole), whole)
    timeline = otio.schema.Timeline("cut")
    start = parse_timecode("01:00:00;00" if drop else "01:00:00:00", rate)
    timeline.global_start_time = otio.opentime.RationalTime(start, float(rate))
    timeline.tracks.append(otio.schema.Track("V1", [clip]))
    for name, at, lasts in (("SFX: door slam", 37, 0), ("SFX: dog", 101, 12), ("AMB: rain", 130, 50)):
        marked = otio.opentime.TimeRange(
            otio.opentime.RationalTime(at, float(rate)), otio.opentime.RationalTime(lasts, float(rate))
        )
        timeline.tracks.markers.append(otio.schema.Marker(name=name, marked_range=marked))
    (tmp_path / "cut.otio").write_text(timeline.to_json_string(), encoding="utf-8")
    done = score(
        Request(
            tmp_path / "cut.otio", tmp_path / "out.otio", library=library, spots="markers", spots_only=True
        )
    )
    result = json.loads((done.job / "result.json").read_text(encoding="utf-8"))
    assert set(result) == {"is_done", "sound_effect_service"}
    opened = read(tmp_path / "out.otio").otio_timeline
    laid = {
        clip.name: (track.range_of_child(clip), clip.source_range)
        for track in opened.tracks
        if track.name.startswith("AVM")
        for clip in track.find_clips()
    }
    assert set(laid) == {"Door slam", "Dog bark", "Rain ambience"}
    for name, frame, attack in (("Door slam", 37, 0.0123), ("Dog bark", 101, 0.2)):
        lies, source = laid[name]
        heard = seconds_of(lies.start_time) + F(attack) - seconds_of(source.start_time)
        assert abs(heard - frame / rate) < F(1, 1000)
    ends = seconds_of(laid["Dog bark"][0].end_time_exclusive())
    assert abs(ends - 113 / rate) < F(1, 1000)
    rain = laid["Rain ambience"][0]
    assert (rain.start_time.value, rain.duration.value) == (130, 50)
    assert parse_timestamp(result["sound_effect_service"]["sound_effects"][0]["start_at"])
