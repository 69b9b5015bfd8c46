"""Turnovers of odd timelines and templates: each says what it holds, and stands its own check."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction as F
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from avm_otio.errors import UsageError
from avm_otio.formats.reading import read
from avm_otio.formats.writing import write
from avm_otio.jobs.turnover.check import check
from avm_otio.jobs.turnover.sequence import Laid, pop_media, sequence_of
from avm_otio.jobs.turnover.template import parse_template
from avm_otio.timeline.model import Stem, Timeline, Track, TrackKind, Transition
from avm_otio.timeline.time import RecordTime
from tests.jobs.turnovers import TEMPLATE, Cut, clip, cut, media_of, turned
from tests.media.wav_files import steps_in
from tests.scored import write_sound

RATE = F(25)


def changed(of: Cut, change: Callable[[Timeline], Timeline]) -> None:
    write(replace(change(read(of.path).timeline), raw=None), of.path)


def entry(name: str, stem: str, takes: str, names: str = "") -> str:
    more = f'names = ["{names}"]\n' if names else ""
    return f'[[tracks]]\nname = "{name}"\nstem = "{stem}"\ntakes = [{takes}]\n{more}'


def house(folder: Path, *entries: str) -> Path:
    path = folder / "odd.toml"
    path.write_text("leader = 3\ntail = 3\n" + "".join(entries))
    return path


def slow(*entries: str) -> Any:
    """A turnover takes a second: one is enough every time."""
    return pytest.param(entries, marks=pytest.mark.slow)


def laid(tracks: tuple[Track, ...], text: str = TEMPLATE, **more: Any) -> Laid:
    timeline = Timeline("odd", RATE, tracks, **more)
    return sequence_of(timeline, parse_template(text), pop_media("/pop.wav", RATE, F(0)))


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    """A mono and a stereo sound of 10 s."""
    folder = tmp_path_factory.mktemp("sounds")
    mono, stereo = (
        media_of(write_sound(folder / f"{count}.wav", 10, channels=count, seed=count)) for count in (1, 2)
    )
    return mono, stereo


def heard(path: Path) -> bool:
    return bool(np.abs(steps_in(path)[3 * 48_000 : 5 * 48_000]).max())


def test_what_was_scored_here_is_heard_in_the_stem_that_the_template_says(tmp_path: Path) -> None:
    of = cut(tmp_path, RATE)
    changed(of, lambda t: replace(t, tracks=tuple(each for each in t.tracks if each.stem is not None)))
    text = house(tmp_path, entry("AVM Effects {number}", "DX", '"effects", "own"'))
    made = turned(of, tmp_path / "out", template=text, with_preview=False)
    assert [each["stem"] for each in made.manifest["tracks"] if each["from"]] == ["DX"]
    stems = {stem: heard(tmp_path / f"out/stems/my cut_{stem}.wav") for stem in ("DX", "MX", "FX")}
    assert stems == {"DX": True, "MX": False, "FX": False}


@pytest.mark.parametrize("stem", ["DX", "MX", "FX"])
@pytest.mark.parametrize("own", [None, Stem.EFFECTS, Stem.MUSIC])
@pytest.mark.parametrize("name", ["X {number}", "AVM Effects {number}", "AVM Music {number}"])
def test_every_sound_is_of_its_entrys_stem(
    wide: tuple[Any, Any], stem: str, own: Stem | None, name: str
) -> None:
    from avm_otio.media.mixdown import bus_of
    from avm_otio.timeline.playback import plan_playback

    takes = '"own", "effects", "music"'
    for of_clip in (own, None):
        track = Track("A", TrackKind.AUDIO, (clip(wide[0], F(0), F(1), stem=of_clip),), channels=1, stem=own)
        made = laid((track,), "leader = 3\ntail = 3\n" + entry(name, stem, takes))
        assert made.tracks[0].stem == stem
        sounds = [each for each in plan_playback(made.timeline).sound if each.media.path != "/pop.wav"]
        assert {("DX", "MX", "FX")[bus_of(each)] for each in sounds} == {stem}


@pytest.mark.slow  # four timelines are written and read
def test_formats_that_show_a_picture_get_it(tmp_path: Path) -> None:
    of = cut(tmp_path, RATE)
    editors = ["premiere", "resolve", "kdenlive", "edl", "protools"]
    made = turned(of, tmp_path / "out", editors=editors, with_preview=False)
    for each in made.manifest["timelines"]:
        path = tmp_path / "out" / each["file"]
        if path.suffix == ".kdenlive":
            assert "shot.mp4" in path.read_text()
        if path.suffix not in (".xml", ".fcpxml"):
            continue
        (track,) = read(path).timeline.video_tracks
        (shot,) = track.clips
        assert (shot.start, shot.end) == (F(3), F(5))
        assert shot.media is not None
        assert Path(shot.media.path).name == "shot.mp4"
    assert check(tmp_path / "out") == []


def test_what_is_switched_off_and_missing_is_left_out_and_reported(tmp_path: Path) -> None:
    of = cut(tmp_path, RATE)

    def off(track: Track) -> Track:
        return replace(track, clips=tuple(replace(each, enabled=each.name != "dia") for each in track.clips))

    changed(of, lambda t: replace(t, tracks=tuple(map(off, t.tracks))))
    (tmp_path / "dia.wav").unlink()
    made = turned(of, tmp_path / "out", with_preview=False)
    assert any("“dia”" in line and "left out" in line for line in made.manifest["reported"])
    assert "dia" not in [each["name"] for each in made.manifest["clips"]]
    assert check(tmp_path / "out") == []


def faded(mono: Any, stereo: Any, at: F, first: Any, second: Any) -> tuple[Track, ...]:
    fade = Transition("Cross fade", RecordTime(at), F(1, 5) if at else F(0), F(1, 5))
    clips = (clip(first, F(0), F(2), F(2)), clip(second, F(2), F(4), F(3)))
    return (Track("A", TrackKind.AUDIO, clips, (fade,), channels=2),)


def test_a_fade_on_a_split_track_stays_and_a_crossfade_becomes_fades(wide: tuple[Any, Any]) -> None:
    mono, stereo = wide
    made = laid(faded(mono, stereo, F(0), mono, stereo))
    first, second = (each.track.transitions for each in made.tracks[:2])
    assert [(each.at, each.before, each.after) for each in first] == [(F(3), F(0), F(1, 5))]
    assert second == ()
    assert not any("fade" in note for note in made.notes)
    made = laid(faded(mono, stereo, F(2), mono, stereo))
    first, second = (each.track.transitions for each in made.tracks[:2])
    assert [(each.at, each.before, each.after) for each in first] == [(F(5), F(2, 5), F(0))]
    assert [(each.at, each.before, each.after) for each in second] == [(F(5), F(0), F(2, 5))]
    assert sum("became a fade" in note for note in made.notes) == 1
    made = laid(faded(mono, stereo, F(2), mono, mono))
    assert [(each.before, each.after) for each in made.tracks[0].track.transitions] == [(F(1, 5), F(1, 5))]


@pytest.mark.parametrize(
    "entries",
    [
        (
            entry("FX {number}", "FX", '"own"'),
            entry("FX TEMP {number}", "FX", '"effects"'),
            entry("FX", "FX", "", "*music*"),
        ),
        slow(entry("DX {number}", "DX", '"own"'), entry("DX {number}", "FX", '"effects"')),
        slow(entry("ALL", "DX", '"own"'), entry("POP", "FX", '"effects"')),
        slow(entry("AVM Effects 1", "DX", '"own"')),
        slow(entry("A {number}", "DX", '"own", "effects"'), entry("A {number}", "DX", '"own", "effects"')),
    ],
)
def test_any_template_makes_a_turnover_that_stands_its_check(
    tmp_path: Path, entries: tuple[str, ...]
) -> None:
    of = cut(tmp_path, RATE)
    made = turned(of, tmp_path / "out", template=house(tmp_path, *entries), with_preview=False)
    names = [each["name"].casefold() for each in made.manifest["tracks"]]
    assert len(set(names)) == len(names) == 4
    assert all("entry" in each for each in made.manifest["tracks"])
    assert check(tmp_path / "out") == []


@pytest.mark.parametrize("start", ["25:00:00:00", "23:59:58:00"])
def test_a_sequence_that_passes_midnight_is_refused(tmp_path: Path, start: str) -> None:
    of = cut(tmp_path, RATE)
    with pytest.raises(UsageError, match="past midnight"):
        turned(of, tmp_path / "out", start=start)
    assert not (tmp_path / "out").exists()


def test_the_last_sequence_of_a_day_is_laid_out(wide: tuple[Any, Any]) -> None:
    tracks = (Track("A", TrackKind.AUDIO, (clip(wide[0], F(0), F(2)),), channels=1),)
    assert laid(tracks, 'start = "23:59:55:00"\n' + TEMPLATE).timecode(0) == "23:59:52:00"
    with pytest.raises(UsageError, match="past midnight"):
        laid(tracks, 'start = "23:59:55:01"\n' + TEMPLATE)


def test_only_a_conformed_cut_has_a_list_of_changes(tmp_path: Path) -> None:
    of = cut(tmp_path, RATE)
    (tmp_path / "cut.changes.csv").write_text("kind,name\n")
    made = turned(of, tmp_path / "out", with_preview=False)
    assert made.manifest["changes"] == []
    changed(of, lambda t: replace(t, origin={"conformed": True}))
    made = turned(of, tmp_path / "two", with_preview=False)
    assert made.manifest["changes"] == ["changes.csv"]
    assert any("own timecode" in line for line in made.manifest["reported"])
    assert any("cut.changes.edl is not beside" in line for line in made.manifest["reported"])
    assert json.loads((tmp_path / "two/manifest.json").read_text())["changes"] == ["changes.csv"]
