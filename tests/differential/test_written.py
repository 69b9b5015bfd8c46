"""What each writer writes says to a stranger what the cut says, but for what it reported."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, note, seed

from avm_otio.formats.writing import write
from avm_otio.timeline.features import Feature, Loss
from avm_otio.timeline.model import Clip, Timeline
from tests.differential import readers
from tests.differential.cuts import SEED, Event, cuts, events_of, quick, thorough

SAMPLE = Fraction(1, 48_000)


@dataclass(frozen=True)
class Judge:
    """A format and who reads it."""

    suffix: str
    read: Callable[[list[Path], Fraction], readers.Found]
    editor: str = ""
    frames: bool = True  # whether its source times are whole frames
    overlaps: bool = False  # whether clips reach under their transitions

    def __str__(self) -> str:
        return self.editor or self.suffix


JUDGES = [
    Judge(".xml", readers.fcp7),
    Judge(".fcpxml", readers.fcpxml, frames=False),
    Judge(".rpp", readers.reaper, frames=False),
    Judge(".kdenlive", readers.kdenlive, overlaps=True),
    Judge(".aaf", readers.aaf, frames=False, overlaps=True),
    Judge(".otio", readers.by_otio, frames=False),
    Judge(".otio", readers.by_otio, "resolve"),
    Judge(".otio", readers.by_otio, "premiere"),
]


def excuses(clip: Clip, timeline: Timeline, losses: tuple[Loss, ...]) -> set[Feature]:
    """What was reported of a clip, its track, its media or all of the cut."""
    track = next(one for one in timeline.tracks if clip in one.clips)
    names = (f"“{clip.name}”", f"Track “{track.name}”", f"Timeline “{timeline.name}”", f"“{clip.media.name}")
    crossings = {f"“{one.name}” at {timeline.timecode(one.at)}" for one in track.transitions}
    return {
        loss.feature for loss in losses if any(name in loss.item for name in names) or loss.item in crossings
    }


def under(event: Event, clip: Clip, timeline: Timeline) -> Event:
    """The same with what plays of it under the transitions at its edges."""
    assert event.used is not None
    track = next(one for one in timeline.tracks if clip in one.clips)
    for crossing in track.transitions:
        if crossing.at == clip.start:
            used = event.used - crossing.before * clip.speed
            event = replace(event, start=event.start - crossing.before, used=used)
        elif crossing.at == clip.end:
            event = replace(event, end=event.end + crossing.after)
    return event


def unexplained(timeline: Timeline, judge: Judge, folder: Path) -> list[str]:
    """Every difference between a cut and what a stranger reads of it that no loss names, one line each."""
    paths, losses = write(timeline, folder / f"cut{judge.suffix}", editor=judge.editor)
    found = {(one.name, one.channel): (one, level) for one, level in judge.read(list(paths), timeline.rate)}
    wanted = events_of(timeline)
    if judge.overlaps:
        wanted = {key: (under(event, clip, timeline), clip) for key, (event, clip) in wanted.items()}
    lines = []
    on = {clip.name for _, clip in wanted.values()}
    every = {clip.name: clip for clip in timeline.clips()}
    for name in {name for name, _ in found} - on:
        told = excuses(every[name], timeline, losses) if name in every else set()
        if not told & {Feature.DISABLED}:
            lines.append(f"{name}: is switched off, and is there")
    for (name, channel), (event, clip) in wanted.items():
        told = excuses(clip, timeline, losses)
        if (name, channel) not in found:
            if not told & {Feature.CHANNELS, Feature.MEDIA, Feature.TRACK, Feature.SPEED}:
                lines.append(f"{name} channel {channel}: is not there")
            continue
        one, level = found[name, channel]
        off = max(abs(one.start - event.start), abs(one.end - event.end))
        if off >= SAMPLE and Feature.TIME not in told:
            lines.append(f"{name}: lies {one.start} to {one.end}, not {event.start} to {event.end}")
        # Where a format counts frames, half of one is as near as it can say.
        near = 1 / timeline.rate / 2 if judge.frames else SAMPLE
        if clip.speed == 1 and one.used is not None and abs(one.start - event.start) < SAMPLE:
            assert event.used is not None
            if abs(one.used - event.used) > near and Feature.TIME not in told:
                lines.append(f"{name}: plays from {one.used}, not {event.used}")
        if level is not None and channel is not None and not told & {Feature.GAIN, Feature.FADE}:
            into = clip.start - event.start  # where a clip reaches under the transition at its head
            lines += [
                f"{name}: {level(at + into):.2f} dB at {at}, not {db:.2f}"
                for at, db in event.levels or ()
                if abs(level(at + into) - db) > 0.1
            ]
        if one.fades and event.fades and channel is not None and Feature.FADE not in told:
            apart = max(abs(a - b) for a, b in zip(one.fades, event.fades, strict=True))
            if apart > SAMPLE:
                lines.append(f"{name}: fades {one.fades}, not {event.fades}")
    return lines


@pytest.mark.slow
@pytest.mark.parametrize("judge", JUDGES, ids=str)
def test_what_is_written_says_what_the_cut_says(judge: Judge) -> None:
    @quick
    @given(cuts())
    def law(timeline: Timeline) -> None:
        with tempfile.TemporaryDirectory() as folder:
            assert unexplained(timeline, judge, Path(folder)) == []

    law()


@pytest.mark.soak
@pytest.mark.parametrize("judge", JUDGES, ids=str)
def test_ten_thousand_cuts_are_written_as_they_are(judge: Judge) -> None:
    @seed(SEED)
    @thorough
    @given(cuts())
    def law(timeline: Timeline) -> None:
        note(f"AVM_FUZZ_SEED={SEED}")
        with tempfile.TemporaryDirectory() as folder:
            assert unexplained(timeline, judge, Path(folder)) == []

    law()
