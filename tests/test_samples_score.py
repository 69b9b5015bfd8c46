"""Every sample timeline scores with the local engine, as a newcomer would run it."""

from __future__ import annotations

import json
import shutil
from fractions import Fraction
from pathlib import Path

import opentimelineio as otio
import pytest

from avm_otio import Request, Scored, read, score
from avm_otio.formats.otio.write import timeline_of
from avm_otio.mix.tracks import without_ours
from avm_otio.services import EFFECTS, MUSIC
from avm_otio.timeline.time import parse_timestamp
from avm_otio.timeline.urls import paths_of
from tests.timelines import seconds_of

ROOT = Path(__file__).parent.parent
SAMPLES = sorted(
    path.name for path in (ROOT / "sample_timelines").iterdir() if path.suffix in (".otio", ".xml", ".edl")
)


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("work place") / "sample_timelines"
    shutil.copytree(ROOT / "sample_timelines", folder)
    return folder


def ours(timeline: otio.schema.Timeline, prefix: str) -> list[tuple[otio.schema.Track, otio.schema.Clip]]:
    return [
        (track, clip)
        for track in timeline.tracks
        if track.name.startswith(prefix)
        for clip in track.find_clips()
    ]


def check(scored: Scored, source: Path) -> None:
    opened = read(scored.output)
    before = read(source).otio_timeline
    rate = read(source).timeline.rate
    assert (
        timeline_of(without_ours(opened.timeline)).tracks.is_equivalent_to(before.tracks)
        or scored.output.parent != source.parent
    )
    laid = ours(opened.otio_timeline, "AVM")
    assert laid
    for track, clip in laid:
        assert any(path.is_file() for path in paths_of(clip.media_reference.target_url, opened.folder))
        assert clip.source_range.duration.value >= 1
        end = seconds_of(track.range_of_child(clip).end_time_exclusive())
        assert end <= seconds_of(before.duration())
    found = json.loads((scored.job / "result.json").read_text())["sound_effect_service"]["sound_effects"]
    answered = [
        tuple(Fraction(parse_timestamp(cue[edge]) or 0, 10**6) for edge in ("start_at", "end_at"))
        for cue in found
    ]
    lying = [track.range_of_child(clip) for track, clip in ours(opened.otio_timeline, "AVM Effects")]
    assert len(answered) == len(lying)
    # An attack lies on its cue's start, a riser ends at its cue's end: the cue is heard in its time.
    for starts, ends in answered:
        assert any(
            seconds_of(lies.start_time) - Fraction(1, 2) / rate <= max(starts, ends)
            and starts < seconds_of(lies.end_time_exclusive())
            for lies in lying
        )


@pytest.mark.slow
@pytest.mark.parametrize("name", SAMPLES)
def test_each_sample_scores_beside_its_media(workplace: Path, name: str) -> None:
    source = workplace / name
    before = source.read_bytes()
    scored = score(Request(source, workplace / f"scored {name}.otio", mix="off"))
    assert source.read_bytes() == before
    assert scored.laid.of(MUSIC)
    check(scored, source)


def test_the_readmes_first_command_gives_music_and_at_least_five_effects(workplace: Path) -> None:
    scored = score(Request(workplace / "short_film.otio", workplace.parent / "scored.otio", mix="off"))
    assert len(scored.laid.of(MUSIC)) == 1
    assert 5 <= sum(len(lane.clips) for lane in scored.laid.of(EFFECTS)) <= 6
    check(scored, workplace / "short_film.otio")
    for clip in read(scored.output).otio_timeline.find_clips():
        assert any(path.exists() for path in paths_of(clip.media_reference.target_url, workplace.parent))


@pytest.mark.slow
def test_noise_reduced_sound_lies_in_sync_and_the_original_is_disabled(workplace: Path) -> None:
    source = workplace / "stereo_and_mono.otio"
    scored = score(Request(source, workplace / "dialogue.otio", services=("denoise",)))
    timeline = read(scored.output).otio_timeline
    ((track, clip),) = ours(timeline, "AVM Dialogue")
    assert track.range_of_child(clip).start_time.value == 0
    assert abs(clip.source_range.duration.value - read(source).otio_timeline.duration().value) <= 1
    heard = [
        one
        for track in timeline.audio_tracks()
        if not track.name.startswith("AVM")
        for one in track.find_clips()
    ]
    assert heard
    assert not any(one.enabled for one in heard)
    again = score(Request(scored.output, workplace / "again.otio", services=("effects",)))
    back = [
        one
        for track in read(again.output).otio_timeline.audio_tracks()
        if not track.name.startswith("AVM")
        for one in track.find_clips()
    ]
    assert all(one.enabled for one in back)
