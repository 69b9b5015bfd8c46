"""Music cut to the picture goes into every dialect: clips, crossfades, key frames, or a line says it."""

from __future__ import annotations

from pathlib import Path

import pytest

from avm_otio.formats import reading, table, writing
from avm_otio.timeline.features import Feature, Loss
from avm_otio.timeline.model import Timeline, Track
from tests.mix.scored_music import KEYS, RATE, scored

WRITTEN = [
    (editor.name, suffix)
    for each in table.formats()
    for editor in each.editors
    for suffix in each.writes
    if suffix not in (".otioz", ".otiod", ".png")
]
FRAME = 1 / RATE
CUT_INSTEAD = {("protools", ".txt"), ("kdenlive", ".otio")}
"""What has no place for a crossfade; each is told."""
CUT_MOVED = {("edl", ".edl")}
"""What knows crossfades only from the cut on: it is moved, and told."""
WITHOUT_KEYS = {("protools", ".txt"), ("premiere", ".otio"), ("kdenlive", ".otio")}


def written(editor: str, suffix: str, folder: Path) -> tuple[Timeline, Path, tuple[Loss, ...]]:
    cut = scored(has_keys=True)
    paths, losses = writing.write(cut, folder / f"cut{suffix}", editor=editor)
    return cut, next(path for path in reversed(paths) if path.suffix == suffix), losses


def of_music(losses: tuple[Loss, ...], feature: Feature) -> list[Loss]:
    return [
        loss for loss in losses if loss.feature is feature and ("Dawn" in loss.item or "Cross" in loss.item)
    ]


def music_of(timeline: Timeline) -> Track:
    return next(track for track in timeline.audio_tracks if any(clip.name == "Dawn" for clip in track.clips))


@pytest.mark.parametrize(("editor", "suffix"), WRITTEN)
def test_crossfades_and_key_frames_are_carried_or_told(editor: str, suffix: str, tmp_path: Path) -> None:
    cut, _, losses = written(editor, suffix, tmp_path)
    joins = len(music_of(cut).transitions)
    assert len(of_music(losses, Feature.TRANSITION)) == (
        joins if (editor, suffix) in CUT_INSTEAD | CUT_MOVED else 0
    )
    clips = len(music_of(cut).clips)
    assert len(of_music(losses, Feature.GAIN)) == (clips if (editor, suffix) in WITHOUT_KEYS else 0)


@pytest.mark.parametrize(
    ("editor", "suffix"), [one for one in WRITTEN if table.reader_of(one[1]) is not None]
)
def test_what_can_be_read_again_is_the_same(editor: str, suffix: str, tmp_path: Path) -> None:
    cut, path, _ = written(editor, suffix, tmp_path)
    if suffix == ".txt":
        return
    music, again = music_of(cut), music_of(reading.read(path).timeline)
    moved = [join.before if (editor, suffix) in CUT_MOVED else 0 for join in music.transitions]
    starts = [each.start - by for each, by in zip(music.clips, (0, *moved), strict=True)]
    assert [each.start for each in again.clips] == starts
    assert again.clips[-1].end == music.clips[-1].end
    for clip, back, by in zip(music.clips, again.clips, (0, *moved), strict=True):
        assert abs(back.media_in - clip.media_in + by) <= FRAME / 2  # off the beat by 15 ms: see test_fit
    if (editor, suffix) not in CUT_INSTEAD:
        assert len(again.transitions) == len(music.transitions)
        for join, found in zip(music.transitions, again.transitions, strict=True):
            assert abs((found.at - found.before) - (join.at - join.before)) <= FRAME
            assert abs((found.at + found.after) - (join.at + join.after)) <= FRAME
    if (editor, suffix) not in WITHOUT_KEYS:
        for back, by in zip(again.clips, (0, *moved), strict=True):
            assert [round(key.gain_db, 1) for key in back.mix.keys] == [key.gain_db for key in KEYS]
            off = [key.at - by - meant.at for key, meant in zip(back.mix.keys, KEYS, strict=True)]
            assert max(map(abs, off)) <= FRAME


def test_in_reaper_items_overlap_under_straight_fades(tmp_path: Path) -> None:
    cut, path, _ = written("reaper", ".rpp", tmp_path)
    music = music_of(cut)
    block = path.read_text().partition('NAME "AVM Music 1"')[2]
    items = [
        {line.split()[0]: line.split()[1:] for line in item.splitlines() if len(line.split()) > 1}
        for item in block.split("<ITEM")[1:]
    ]
    spans = [
        (float(item["POSITION"][0]), float(item["LENGTH"][0]), float(item["SOFFS"][0])) for item in items
    ]
    for number, join in enumerate(music.transitions):
        whole = float(join.before + join.after)
        (start, length, _), (following, _, offset) = spans[number : number + 2]
        assert start + length - following == pytest.approx(whole, abs=1e-4)
        assert following == pytest.approx(float(join.at - join.before), abs=1e-4)
        assert offset == pytest.approx(float(music.clips[number + 1].media_in - join.before), abs=1e-4)
        assert float(items[number]["FADEOUT"][1]) == pytest.approx(whole, abs=1e-4)
        assert items[number + 1]["FADEIN"][0] == "0"
        assert float(items[number + 1]["FADEIN"][1]) == pytest.approx(whole, abs=1e-4)


def test_in_premiere_they_are_of_even_gain(tmp_path: Path) -> None:
    _, path, _ = written("premiere", ".xml", tmp_path)
    text = path.read_text()
    assert "KGAudioTransCrossFade0dB" in text
    assert "KGAudioTransCrossFade3dB" not in text


def test_in_kdenlive_they_are_mixes(tmp_path: Path) -> None:
    cut, path, _ = written("kdenlive", ".kdenlive", tmp_path)
    assert path.read_text().count(">mix<") >= len(music_of(cut).transitions)
