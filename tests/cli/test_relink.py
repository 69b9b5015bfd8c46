"""``relink`` as its user meets it: what was bought since takes the preview's place, in every dialect."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction as F
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from avm_otio.app import write as write_timeline
from avm_otio.cli.main import run
from avm_otio.formats.reading import read
from avm_otio.timeline.model import Clip, Stem
from avm_otio.timeline.urls import paths_of
from tests.cli.cuts import TOKEN, scored_cut
from tests.loopback_http import says
from tests.media.sounds import mono_wav, tune
from tests.scripted_service import FILM_ID, ScriptedService, effect, film_service, result_of, sound

LATE = 4_321
"""Samples by which the licensed music comes later than its preview."""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScriptedService]:
    folder = tmp_path_factory.mktemp("sounds")
    music, hit = tune(9), np.random.default_rng(2).normal(0, 0.1, 48_000)
    files = {
        "/items/7": mono_wav(folder / "7.wav", 0.3 * music),
        "/bought/7": mono_wav(folder / "b7.wav", np.concatenate([np.zeros(LATE), music, np.zeros(4_800)])),
        "/items/1": mono_wav(folder / "1.wav", hit),
    }
    with film_service(result_of()) as found:
        found.result = result_of(
            effect(found.url),
            musics=[{"id": 7, "price": 10.0, "url": f"{found.url}/items/7", "title": "Bed"}],
        )
        found.files = {path: sound(file.read_bytes()) for path, file in files.items()}
        yield found


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory, service: ScriptedService) -> Path:
    """Two seconds of film, scored; since then the music was bought."""
    folder = tmp_path_factory.mktemp("job")
    scored_cut(folder, service)
    film = {
        "id": FILM_ID,
        "type": "normal_film",
        "recommended_musics": [
            {"id": 7, "price": 10.0, "is_bought": True, "url": f"{service.url}/bought/7", "title": "Bed"}
        ],
        "sound_effects": [effect(service.url)],
    }
    service.instead[f"GET /film/{FILM_ID}/"] = says(film)
    return folder / "s.otio"


def music_of(path: Path) -> list[Clip]:
    timeline = read(path).timeline
    return [
        clip
        for track in timeline.audio_tracks
        if track.is_ours
        for clip in track.clips
        if clip.stem is Stem.MUSIC
    ]


def relinked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], source: Path, output: Path
) -> list[dict[str, Any]]:
    monkeypatch.setenv("AVM_TOKEN", TOKEN)
    capsys.readouterr()
    assert run(["relink", str(source), "-o", str(output), "--json"]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize("suffix", [".otio", ".xml", ".fcpxml"])
def test_what_was_bought_plays_where_its_preview_played_and_the_rest_is_listed(
    suffix: str,
    scored: Path,
    service: ScriptedService,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    source = scored.with_suffix(suffix)
    if suffix != ".otio":
        assert run(["convert", str(scored), "-o", str(source), "-q"]) == 0
    before, paid = source.read_bytes(), service.calls("POST")
    output = scored.with_name(f"licensed{suffix}")
    events = relinked(monkeypatch, capsys, source, output)
    assert source.read_bytes() == before
    assert service.calls("POST") == paid  # nothing is bought, nothing is asked anew
    states = {event["id"]: event for event in events if event["event"] == "relink"}
    assert (states[7]["state"], states[7]["offset_samples"]) == ("relinked", LATE)
    assert (states[1]["state"], states[1]["clips"]) == ("not bought", 0)
    for was, now in zip(music_of(source), music_of(output), strict=True):
        assert (now.start, now.end, now.mix) == (was.start, was.end, was.mix)
        assert now.media is not None
        assert "licensed.licensed" in now.media.path
        assert abs(now.media_in - was.media_in - F(LATE, 48_000)) < F(1, 48_000) + (suffix != ".otio") / F(24)
    if suffix == ".otio":
        monkeypatch.setenv("AVM_TOKEN", TOKEN)
        assert run(["cost", str(output), "--json"]) == 0
        printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert [event["is_bought"] for event in printed if event["event"] == "item"] == [True, False]


RENAMED = [".otio", ".xml", ".fcpxml", ".aaf", ".edl"]


def renamed(scored: Path, output: Path, *, moved: int = 0, keep_ids: bool = False) -> Path:
    """The timeline as it may come back from an editor: files, clips and tracks under other names.

    Args:
        scored: What was scored.
        output: What comes back.
        moved: By how many frames sounds of ours lie later.
        keep_ids: Whether files keep their ids and titles somewhere in their names.
    """
    opened = read(scored)
    folder = output.with_name(f"media {output.suffix[1:]}{moved}{keep_ids}")
    folder.mkdir()
    tracks, later = [], F(moved, 24)
    for number, track in enumerate(opened.timeline.tracks):
        clips = []
        for clip in track.clips if track.is_ours else ():
            assert clip.media is not None
            (path, *_) = paths_of(clip.media.url, opened.folder)
            stem = f"REEL_3 {path.stem} v2" if keep_ids else f"take {number}"
            copy = Path(shutil.copy(path, folder / f"{stem}.wav"))
            media = replace(clip.media, name=copy.name, path=str(copy))
            edges = {"start": clip.start + later, "end": clip.end + later}
            clips.append(
                replace(clip, name=stem, content=media, stem=None, offer=None, markers=(), raw=None, **edges)
            )
        if track.is_ours:
            track = replace(track, name=f"Audio {number}", stem=None, clips=tuple(clips), raw=None)
        tracks.append(track)
    length = max(track.end for track in tracks)
    timeline = replace(opened.timeline, tracks=tuple(tracks), origin=None, raw=None, duration=length)
    write_timeline(replace(opened, timeline=timeline), output)
    return output


@pytest.mark.parametrize("moved", [0, 3], ids=["by place", "by sound"])
@pytest.mark.parametrize("suffix", RENAMED)
def test_files_clips_and_tracks_under_other_names_are_found_again(
    suffix: str,
    moved: int,
    scored: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    source = renamed(scored, scored.with_name(f"back{moved}{suffix}"), moved=moved)
    if suffix == ".edl":  # each track of sound is a list of its own
        source = source.with_suffix(".A1.edl")
    output = scored.with_name(f"found{moved}{suffix}")
    events = relinked(monkeypatch, capsys, source, output)
    (music,) = (event for event in events if event["event"] == "relink" and event["id"] == 7)
    assert (music["state"], music["offset_samples"], music["clips"] > 0) == ("relinked", LATE, True)
    (done,) = (event for event in events if event["event"] == "done")
    assert (done["relinked"], done["unmatched"]) == (1, 0)


def test_an_id_and_a_title_anywhere_in_a_files_name_are_enough(
    scored: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    source = renamed(scored, scored.with_name("ids.xml"), moved=5, keep_ids=True)
    capsys.readouterr()
    assert run(["cost", str(source), "--json"]) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert sorted(event["id"] for event in events if event["event"] == "item") == [1, 7]
    assert [event for event in events if event["event"] == "warning"] == []


def test_a_users_own_sound_is_not_taken_for_music_that_a_job_nearby_laid_there(
    scored: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where tracks still say that they are ours, what lies as long as a bed on another is no bed."""
    guide = mono_wav(scored.with_name("guide.wav"), tune(5))
    opened, bed = read(scored), music_of(scored)[0]
    assert bed.media is not None
    own = replace(
        bed,
        name="guide",
        stem=None,
        offer=None,
        raw=None,
        content=replace(bed.media, path=str(guide), name="guide.wav"),
    )
    tracks = opened.timeline.tracks
    ours = next(track for track in tracks if track.is_ours and bed in track.clips)
    track = replace(ours, name="Guide", clips=(own,), transitions=(), stem=None, raw=None)
    unlabelled = [
        replace(each, clips=tuple(replace(clip, offer=None, raw=None) for clip in each.clips), raw=None)
        if each.is_ours
        else each
        for each in tracks
    ]
    timeline = replace(opened.timeline, tracks=(*unlabelled, track), raw=None)
    write_timeline(replace(opened, timeline=timeline), scored.with_name("with_guide.otio"))
    capsys.readouterr()
    assert run(["cost", str(scored.with_name("with_guide.otio")), "--json"]) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [event for event in events if event["event"] == "item" and event["clips"] > 1] == []
    assert not [event for event in events if event["event"] == "warning" and "guide" in event["message"]]
