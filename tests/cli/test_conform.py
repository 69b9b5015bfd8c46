"""``conform`` as its user meets it: files in, files out, nothing sent."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction as F
from pathlib import Path
from typing import Any

import pytest

from avm_otio.cli.main import run
from avm_otio.formats.reading import Opened, read, save
from avm_otio.timeline.model import Clip, Stem, Timeline, Track
from avm_otio.timeline.parts import trimmed
from avm_otio.timeline.time import RecordTime
from tests.scored import scored

RATE = F(24)
SAMPLES = Path(__file__).parents[2] / "sample_timelines"
Recut = Callable[[list[Clip]], list[Clip]]


def recut(timeline: Timeline, change: Recut) -> Timeline:
    """A timeline of the user's own tracks, the clips of each changed alike and laid end to end."""
    tracks: list[Track] = []
    for track in timeline.tracks:
        if track.is_ours:
            continue
        at, clips = F(0), []
        for clip in change(list(track.clips)):
            end = at + clip.duration
            clips.append(replace(clip, start=RecordTime(at), end=RecordTime(end), laid=None, raw=None))
            at = end
        tracks.append(replace(track, clips=tuple(clips), transitions=(), length=None, raw=None))
    length = max(track.end for track in tracks)
    return replace(timeline, tracks=tuple(tracks), duration=length, origin=None, raw=None, markers=())


def swapped(clips: list[Clip]) -> list[Clip]:
    """The second shot first; the third without its first 10 frames; the last one gone."""
    late = trimmed(clips[2], clips[2].start + 10 / RATE, clips[2].end)
    return [clips[1], clips[0], late, *clips[3:-1]]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A scored film, with an effect more in its last shot; and a changed cut of it."""
    folder = tmp_path_factory.mktemp("conform")
    opened = scored(folder)
    timeline = opened.timeline
    first, *others = (track for track in timeline.tracks if track.stem is Stem.EFFECTS)
    assert others
    hit = first.clips[0]
    by = timeline.duration - 1 - hit.start
    offer = hit.offer
    assert offer is not None
    at_us = round(float(timeline.duration - 1) * 10**6)
    late = replace(
        hit,
        start=RecordTime(hit.start + by),
        end=RecordTime(hit.end + by),
        offer=replace(offer, film_start_us=at_us, film_end_us=at_us + 10, cue={"of": "the last shot"}),
        laid=None,
        raw=None,
    )
    tracks = tuple(
        replace(track, clips=(*track.clips, late), length=None) if track is first else track
        for track in timeline.tracks
    )
    save(replace(opened, timeline=replace(timeline, tracks=tracks)), folder / "scored.otio")
    save(replace(opened, timeline=recut(timeline, swapped)), folder / "cut2.otio")
    return folder


def conformed(place: Path, capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, Any]]:
    capsys.readouterr()
    code = run(["conform", *words, "--json"])
    captured = capsys.readouterr()
    assert code == 0, captured.err
    return [json.loads(line) for line in captured.out.splitlines()]


def ours(opened: Opened, stem: Stem, *, on: bool = True) -> list[Clip]:
    found = [
        clip
        for track in opened.timeline.audio_tracks
        if track.is_ours
        for clip in track.clips
        if clip.stem is stem and clip.enabled is on
    ]
    return sorted(found, key=lambda clip: clip.start)


def seen_at(opened: Opened, record: F) -> tuple[str, F]:
    for clip in opened.timeline.video_tracks[0].clips:
        if clip.start <= record < clip.end:
            return clip.name, clip.media_in + (record - clip.start) * clip.speed
    raise AssertionError(record)


@pytest.mark.slow
def test_a_soundtrack_follows_its_picture_and_what_lost_it_is_kept_switched_off(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = [str(place / name) for name in ("scored.otio", "cut2.otio", "out.otio")]
    before = [Path(path).read_bytes() for path in paths[:2]]
    events = conformed(place, capsys, *paths[:2], "-o", paths[2])
    assert [Path(path).read_bytes() for path in paths[:2]] == before
    old, new = read(place / "scored.otio"), read(place / "out.otio")
    effects = {clip.offer.item["id"]: clip for clip in ours(old, Stem.EFFECTS) if clip.offer}
    followed = ours(new, Stem.EFFECTS)
    assert len(followed) == 3
    for clip in followed:
        assert clip.offer is not None
        was = effects.get(clip.offer.item["id"])
        if was is not None and was.start < 15:
            assert seen_at(new, clip.start) == seen_at(old, was.start)
    (lost,) = (track for track in new.timeline.tracks if track.name == "AVM Effects without picture 1")
    assert (lost.is_ours, [clip.enabled for clip in lost.clips]) == (True, [False])
    assert lost.clips[0].start == new.timeline.video_tracks[0].end  # where its shot was cut out
    (music,) = (track for track in new.timeline.tracks if track.name == "AVM Music 1")
    assert (music.clips[0].start, music.clips[-1].end) == (0, new.timeline.video_tracks[0].end)
    assert any(clip.mix.gain_db for clip in (*music.clips, *followed))
    assert ours(new, Stem.EFFECTS, on=False)  # alternatives went along
    done = events[-1]
    assert (done["event"], done["sounds"], done["lost"]) == ("done", 4, 1)


@pytest.mark.slow
def test_every_old_event_is_told_in_a_table_and_in_a_list_that_edits_read(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = [str(place / name) for name in ("scored.otio", "cut2.otio", "told.otio")]
    events = conformed(place, capsys, *paths[:2], "-o", paths[2], "--mix", "off")
    rows = list(csv.DictReader((place / "told.changes.csv").read_text().splitlines()))
    assert [row["what"] for row in rows] == [event["what"] for event in events if event["event"] == "change"]
    shots = [row for row in rows if row["kind"] == "shot"]
    assert sorted(row["what"] for row in shots[:2]) == ["kept", "moved"]
    assert shots[2]["what"] == "10 frames trimmed off its head"
    assert (shots[-1]["what"], shots[-1]["new_in"]) == ("deleted", "")
    listed = read(place / "told.changes.edl", rate=RATE).timeline
    new = read(place / "told.otio").timeline
    (track,) = listed.video_tracks
    assert track.end == new.video_tracks[0].end
    old = read(place / "scored.otio")
    for clip in track.clips:  # what it says of the old cut shows what the new cut shows
        assert seen_at(old, clip.media_in) == seen_at(read(place / "told.otio"), clip.start)


@pytest.mark.slow
def test_a_cut_conformed_back_lies_as_it_did(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    there, back = place / "there.otio", place / "back.otio"
    conformed(
        place, capsys, str(place / "scored.otio"), str(place / "cut2.otio"), "-o", str(there), "--mix", "off"
    )
    old = read(place / "scored.otio")
    save(replace(old, timeline=recut(old.timeline, lambda clips: clips)), place / "first.otio")
    conformed(place, capsys, str(there), str(place / "first.otio"), "-o", str(back), "--mix", "off")
    was = [(clip.name, clip.start) for clip in ours(old, Stem.EFFECTS)][:3]
    now = [(clip.name, clip.start) for clip in ours(read(back), Stem.EFFECTS)]
    assert now == was


@pytest.mark.slow
def test_a_new_cut_in_another_dialect_with_rushes_elsewhere_is_followed_too(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    moved = place / "elsewhere"
    if not moved.exists():
        moved.mkdir()
        (place / "cut" / "media").rename(moved / "media")
    try:
        source = place / "cut2.otio"
        text = source.read_text().replace("cut/media/", "elsewhere/media/")
        (place / "cut3.otio").write_text(text)
        assert run(["convert", str(place / "cut3.otio"), "-o", str(place / "cut3.xml"), "-q"]) == 0
        words = [str(place / "scored.otio"), str(place / "cut3.xml"), "-o", str(place / "out3.xml")]
        events = conformed(place, capsys, *words, "--mix", "off", "--media-root", str(moved / "media"))
        assert events[-1]["lost"] == 1
        effects = ours(read(place / "out3.xml"), Stem.EFFECTS)
        assert len(effects) == 3
    finally:
        (moved / "media").rename(place / "cut" / "media")
        moved.rmdir()


def test_a_timeline_without_sounds_of_ours_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also where the two are given the wrong way round."""
    plain = tmp_path / "cut.otio"
    plain.write_text((SAMPLES / "short_film.otio").read_text(encoding="utf-8"), encoding="utf-8")
    assert run(["conform", str(plain), str(plain), "-o", str(tmp_path / "out.otio")]) == 3
    assert "The scored timeline comes first" in capsys.readouterr().err
    assert not (tmp_path / "out.otio").exists()
