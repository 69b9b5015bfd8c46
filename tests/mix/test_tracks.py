"""What is laid becomes tracks of the user's own timeline, and can be taken off again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction as F
from pathlib import Path

import opentimelineio as otio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avm_otio.formats.fcp7.write import document as fcp7
from avm_otio.formats.fcpxml.write import document as fcpxml
from avm_otio.formats.otio.read import from_otio
from avm_otio.formats.otio.write import timeline_of
from avm_otio.formats.reaper.write import document as reaper
from avm_otio.mix import tracks
from avm_otio.mix.cues import Cue, Cues, Item, whole_film
from avm_otio.mix.placement import Laid, lay
from avm_otio.mix.tracks import Origin
from avm_otio.request import Request
from avm_otio.services import DENOISE, EFFECTS, MUSIC
from avm_otio.timeline.model import Media
from avm_otio.timeline.plan import FilmMap
from avm_otio.timeline.time import FilmTime, RecordTime
from avm_otio.timeline.urls import name_in
from tests.timelines import clip, gap, seconds_of, timeline, track

RATE = F(24)
ORIGIN = Origin("https://service", "USD", "en", 1320, 77, {"range": [16]})


def add_tracks(
    timeline: otio.schema.Timeline,
    laid: Laid,
    origin: Origin,
    replaced: Sequence[tuple[int, Media | None]] = (),
) -> otio.schema.Timeline:
    """The OTIO that is written of a timeline that was read from OTIO, with what was laid."""
    return timeline_of(tracks.add_tracks(from_otio(timeline), laid, origin, replaced=replaced))


def without_ours(timeline: otio.schema.Timeline) -> otio.schema.Timeline:
    return timeline_of(tracks.without_ours(from_otio(timeline)))


def item(number: int, title: str = "") -> Item:
    served = {"id": number, "price": 200.0, "title": title, "new": {"kept": True}}
    return Item(number, title, None, None, None, served)


def sound(path: str, seconds: int) -> Media:
    return Media(name_in(path), path, duration=F(seconds), sample_rate_hz=48_000, channels=2)


def laid(
    *starts_s: int,
    music: bool = True,
    dialogue: bool = False,
    start: F = F(0),
    seconds: int = 10,
    per_film: F = F(1),
) -> Laid:
    cues = {
        MUSIC: whole_film((item(1, "Bed"), item(2, "Other")) if music else ()),
        EFFECTS: tuple(
            Cue(s * 10**6, s * 10**6 + 10**6, (item(10 + s, f"S-{s}"), item(90)), {"object_class": 5})
            for s in starts_s
        ),
        DENOISE: whole_film((item(3, "N-3"),) if dialogue else ()),
    }
    film_map = FilmMap(RecordTime(start), per_film, FilmTime(F(seconds)))
    return lay(Cues(cues), film_map, RATE, lambda one: sound(f"media/{one.id}.wav", 20))


def cut() -> otio.schema.Timeline:
    sound = track(gap(24), clip("wav", 100, 216), kind="Audio", name="Dialogue")
    return timeline(track(clip("a", 0, 240), name="V1"), sound, start=86_400)


def test_new_tracks_come_after_the_users_own_which_stay_as_they_were() -> None:
    base = cut()
    before = base.to_json_string()
    scored = add_tracks(base, laid(1, 1, 4), ORIGIN)
    assert [one.name for one in scored.tracks] == [
        "V1",
        "Dialogue",
        "AVM Music 1",
        "AVM Effects 1",
        "AVM Effects 2",
    ]
    assert [one.to_json_string() for one in list(scored.tracks)[:2]] == [
        one.to_json_string() for one in base.tracks
    ]
    assert base.to_json_string() == before


def test_each_clip_lies_where_it_was_laid_and_names_true_media() -> None:
    scored = add_tracks(cut(), laid(4), ORIGIN)
    effects = scored.tracks[3]
    found = effects[1]
    assert seconds_of(effects.range_of_child(found).start_time) == 4
    assert found.media_reference.target_url == "media/14.wav"
    assert seconds_of(found.media_reference.available_range.duration) == 20
    assert found.source_range.duration.rate == found.media_reference.available_range.duration.rate == 24


def test_metadata_keeps_all_that_the_service_said_with_the_currency_beside_the_price() -> None:
    scored = add_tracks(cut(), laid(4), ORIGIN)
    found = scored.tracks[3][1]
    data = found.metadata["avm"]
    assert (data["kind"], data["currency"], data["film_id"], data["session_id"]) == (
        "effects",
        "USD",
        1320,
        77,
    )
    assert data["item"]["new"]["kept"] is True
    assert list(data["license"]["range"]) == [16]
    assert [other["id"] for other in data["alternatives"]] == [90]
    assert (data["cue"]["object_class"], data["film_start"], data["record_start"]) == (
        5,
        "00:00:04.000000",
        "4",
    )
    assert data["media"]["samples"] == 960_000


def test_a_marker_says_what_a_clip_is_what_it_costs_and_what_else_there_is() -> None:
    item_of = Item(7, "Door", None, Decimal("12.50"), None, {"id": 7, "title": "Door", "price": 12.5})
    cue = Cue(10**6, 2 * 10**6, (item_of, item(8)), {"object_class": "door", "action_labels": ["slam"]})
    film_map = FilmMap(RecordTime(F(0)), F(1), FilmTime(F(10)))
    effects = lay(Cues({EFFECTS: (cue,)}), film_map, RATE, lambda one: sound("media/7.wav", 2))
    (marker,) = add_tracks(cut(), effects, ORIGIN).tracks[-1][1].markers
    assert (marker.name, marker.comment) == ("Door", "door, slam; 12.50 USD; 1 alternative")
    assert marker.marked_range.start_time.value == 0


@pytest.mark.parametrize("start_us", [3_020_833, 3_000_000, 2_984_000])
def test_what_rings_out_is_whole_in_every_dialect(start_us: int) -> None:
    """Of 47.5 frames: 48 where whole frames are counted, and the file is said to hold as many."""
    length = F(475, 240)
    cue = Cue(start_us, start_us + 1, (item(7, "Riser"),), {})
    film_map = FilmMap(RecordTime(F(0)), F(1), FilmTime(F(10)))
    riser = Media("r.wav", "/r.wav", duration=length, sample_rate_hz=48_000, channels=2)
    scored = tracks.add_tracks(
        from_otio(cut()), lay(Cues({EFFECTS: (cue,)}), film_map, RATE, lambda _: riser), ORIGIN
    )
    (clip,) = scored.tracks[-1].clips
    assert (clip.start, clip.end) == (F(start_us, 10**6), F(start_us, 10**6) + length)
    (again,) = from_otio(timeline_of(scored)).tracks[-1].clips
    assert (again.start, again.end, again.frames(RATE)) == (clip.start, clip.end, clip.frames(RATE))
    first, last = clip.frames(RATE)
    assert last - first == 48
    xml = fcp7(scored, Path("/"))[0]
    assert f"<start>{first}</start>\n<end>{last}</end>\n<in>0</in>\n<out>48</out>" in xml
    assert "<duration>48</duration>" in xml[xml.index("<pathurl>file://localhost/r.wav") :]
    rpp = reaper(scored, Path("/"))[0]
    assert f"LENGTH {float(length):.6f}"[:-1] in rpp
    fcpxml_text = fcpxml(scored, Path("/"))[0]
    assert 'duration="95/48s"' in fcpxml_text


def test_alternatives_lie_disabled_on_tracks_of_their_own() -> None:
    none = laid(1, 1)
    assert "alternatives" not in "".join(one.name for one in add_tracks(cut(), none, ORIGIN).tracks)
    cues = Cues(
        {
            MUSIC: whole_film((item(1, "Bed"), item(2, "Other"), item(3, "Third"))),
            EFFECTS: (Cue(10**6, 2 * 10**6, (item(11), item(12)), {}),),
        }
    )
    film_map = FilmMap(RecordTime(F(0)), F(1), FilmTime(F(10)))
    offered = lay(cues, film_map, RATE, lambda one: sound(f"{one.id}.wav", 20), Request(alternatives=2))
    scored = add_tracks(cut(), offered, ORIGIN)
    by_name = {one.name: one for one in scored.tracks}
    assert list(by_name)[2:] == [
        "AVM Music 1",
        "AVM Effects 1",
        "AVM Music alternatives 1",
        "AVM Music alternatives 2",
        "AVM Effects alternatives 1",
    ]
    heard, spare_clip = by_name["AVM Effects 1"][1], by_name["AVM Effects alternatives 1"][1]
    assert (heard.enabled, spare_clip.enabled) == (True, False)
    assert heard.range_in_parent() == spare_clip.range_in_parent()
    assert spare_clip.metadata["avm"]["alternative"] == 1
    assert spare_clip.metadata["avm"]["item"]["id"] == 12
    assert [one["id"] for one in spare_clip.metadata["avm"]["alternatives"]] == [11]
    assert without_ours(scored).to_json_string() == cut().to_json_string()


def test_what_a_clip_of_the_users_says_of_its_loudness_survives_us() -> None:
    base = cut()
    noted = {"version": 1, "gain_db": -6.0, "fade_out_us": 400_000, "gain_keys": [["0", -6.0], ["5", -9.0]]}
    base.tracks[1][1].metadata["avm"] = noted
    base.metadata["avm"] = {"version": 1, "drop_frame": True}
    denoised = add_tracks(base, laid(dialogue=True, start=F(3), seconds=4), ORIGIN, replaced=[(1, None)])
    first, inside, last = (one for one in denoised.tracks[1] if isinstance(one, otio.schema.Clip))
    assert first.metadata["avm"]["fade_out_us"] == 0
    assert last.metadata["avm"]["fade_out_us"] == 400_000
    assert not inside.enabled
    assert [key[0] for key in last.metadata["avm"]["gain_keys"]] == ["-6", "-1"]
    assert json.loads(without_ours(denoised).to_json_string()) == json.loads(base.to_json_string())


def test_a_second_run_replaces_our_own_tracks_only() -> None:
    once = add_tracks(cut(), laid(1, 2, 3), ORIGIN)
    twice = add_tracks(once, laid(5), ORIGIN)
    assert twice.to_json_string() == add_tracks(cut(), laid(5), ORIGIN).to_json_string()


def test_our_tracks_are_known_by_their_names_after_an_editor_that_keeps_no_metadata() -> None:
    scored = add_tracks(cut(), laid(1, dialogue=True), ORIGIN)
    for one in scored.tracks:
        one.metadata.clear()
    left = without_ours(scored)
    assert [one.name for one in left.tracks] == ["V1", "Dialogue"]


def test_taking_our_tracks_off_leaves_the_timeline_as_it_was() -> None:
    scored = add_tracks(cut(), laid(1, dialogue=True), ORIGIN, replaced=[(1, None)])
    assert without_ours(scored).to_json_string() == cut().to_json_string()


def test_noise_reduced_sound_disables_the_original_and_deletes_nothing() -> None:
    scored = add_tracks(cut(), laid(dialogue=True), ORIGIN, replaced=[(1, None)])
    assert [one.enabled for one in scored.tracks[1].find_clips()] == [False]
    assert scored.tracks[2].name == "AVM Dialogue (noise reduced)"


def test_a_clip_that_reaches_out_of_the_range_is_disabled_inside_it_only() -> None:
    scored = add_tracks(
        cut(), laid(dialogue=True, music=False, start=F(3), seconds=2), ORIGIN, replaced=[(1, None)]
    )
    pieces = list(scored.tracks[1].find_clips())
    assert [(p.source_range.start_time.value, p.source_range.duration.value, p.enabled) for p in pieces] == [
        (100, 48, True),
        (148, 48, False),
        (196, 120, True),
    ]
    assert without_ours(scored).to_json_string() == cut().to_json_string()


@pytest.mark.parametrize("speed", [2.0, -1.0])
def test_the_pieces_of_a_sped_clip_show_the_same_media_as_the_whole(speed: float) -> None:
    base = timeline(track(clip("a", 0, 240)), track(clip("wav", 100, 100, speed=speed), kind="Audio"))
    scored = add_tracks(
        base, laid(dialogue=True, music=False, start=F(1), seconds=1), ORIGIN, replaced=[(1, None)]
    )
    first, middle, last = scored.tracks[1].find_clips()
    starts = [piece.source_range.start_time.value for piece in (first, middle, last)]
    assert starts == ([100, 148, 196] if speed > 0 else [176, 152, 100])
    assert without_ours(scored).to_json_string() == base.to_json_string()


def test_only_the_sound_that_the_film_carried_is_disabled() -> None:
    base = timeline(track(clip("a", 0, 240)), track(clip("a", 0, 120), clip("b", 0, 120), kind="Audio"))
    base.tracks[1][0].media_reference.target_url = "media/a.mp4"
    film = from_otio(base).tracks[0].clips[0].media
    scored = add_tracks(base, laid(dialogue=True), ORIGIN, replaced=[(1, film)])
    assert [one.enabled for one in scored.tracks[1].find_clips()] == [False, True]


def test_noise_reduced_sound_of_a_sped_clip_plays_at_its_speed() -> None:
    scored = add_tracks(cut(), laid(dialogue=True, music=False, per_film=F(1, 2)), ORIGIN)
    made = scored.tracks[2].find_clips()[0]
    assert made.effects[0].time_scalar == 2
    assert made.source_range.duration.value == 120


@given(
    st.text(max_size=40),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.just(float("nan")) | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=8,
    ),
)
def test_whatever_json_the_service_says_can_be_kept_and_written(title: str, extra: object) -> None:
    odd = json.loads(json.dumps({"id": 1, "title": title, "extra": extra}))
    music = Item(1, odd["title"], None, None, None, odd)
    film_map = FilmMap(RecordTime(F(0)), F(1), FilmTime(F(10)))
    scored = add_tracks(
        cut(),
        lay(Cues({MUSIC: whole_film((music,))}), film_map, RATE, lambda _: sound("m.wav", 20)),
        ORIGIN,
    )
    again = otio.core.deserialize_json_from_string(scored.to_json_string())
    assert again.is_equivalent_to(scored)


def test_a_lone_surrogate_in_a_title_does_no_harm() -> None:
    music = Item(1, "\ud800x", None, None, None, {"id": 1, "title": "\ud800x", "n": float("nan")})
    film_map = FilmMap(RecordTime(F(0)), F(1), FilmTime(F(10)))
    scored = add_tracks(
        cut(),
        lay(Cues({MUSIC: whole_film((music,))}), film_map, RATE, lambda _: sound("m.wav", 20)),
        ORIGIN,
    )
    assert scored.tracks[2].find_clips()[0].name == "�x"


def test_what_otio_would_take_for_an_object_of_its_own_does_no_harm() -> None:
    music = Item(1, "x", None, None, None, {"id": 1, "new": {"OTIO_SCHEMA": False, "kept": 1}})
    film_map = FilmMap(RecordTime(F(0)), F(1), FilmTime(F(10)))
    scored = add_tracks(
        cut(),
        lay(Cues({MUSIC: whole_film((music,))}), film_map, RATE, lambda _: sound("m.wav", 20)),
        ORIGIN,
    )
    assert dict(scored.tracks[2][0].metadata["avm"]["item"]["new"]) == {"kept": 1}
