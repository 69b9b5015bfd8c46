"""Every difference between a cut and what a reader finds of it that no loss of that very run names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from avm_otio.errors import TimelineError
from avm_otio.formats.writing import write
from avm_otio.timeline.features import Feature, Loss
from avm_otio.timeline.model import Clip, Timeline, Track, TrackKind, Transition
from tests.differential.events import (
    Event,
    Files,
    Found,
    Wanted,
    clips_of,
    crossings_of,
    files_of,
    markers_of,
    wanted_of,
)

SAMPLE = Fraction(1, 48_000)
LEVEL_DB = 0.1


@dataclass(frozen=True)
class Reader:
    """Who reads a file.

    Attributes:
        read: What finds everything in it.
        frames: Whether source times are whole frames there, and half of one is as near as it can say.
        grid: Whether sound is laid on frames there, though an exact place stands beside.
        counts_back: Whether what plays backwards is counted from the end of its file, whose length is said in
            whole frames.
        hundredths: Whether places are said in hundredths of a frame.
    """

    read: Callable[[list[Path], Fraction, Files], Found]
    frames: bool = False
    grid: bool = False
    counts_back: bool = False
    hundredths: bool = False


@dataclass(frozen=True)
class Judge:
    """A format, written for an editor, and who reads it."""

    suffix: str
    readers: tuple[Reader, ...]
    editor: str = ""

    def __str__(self) -> str:
        return f"{self.suffix} for {self.editor}" if self.editor else self.suffix


@dataclass(frozen=True)
class Excuse:
    """What a loss explains, and how far.

    Attributes:
        aspect: Of what: ``absent``, ``extra``, ``place``, ``source``, ``speed``, ``level``, ``fade in``,
            ``fade out``, ``pan``, ``crossing``, ``marker``, ``start``, ``drop``.
        feature: The loss's.
        words: What its message must say.
        frames: How far off it may be, in frames of the timeline; ``None`` for any distance.
    """

    aspect: str
    feature: Feature
    words: str
    frames: Fraction | None = None


HALF = Fraction(1, 2)

ANY = Fraction(10**6)
"""Off by anything."""

NEAREST = r"to the nearest frame|at the nearest frames|on the nearest frame"

EXCUSES = [
    Excuse("absent", Feature.TRACK, "^video not written"),
    Excuse("absent", Feature.SPEED, "^not written: Reaper knows no freeze frame"),
    Excuse("absent", Feature.SPEED, "^left out: a sound that stands still is silence"),
    Excuse("absent", Feature.CHANNELS, "^Kdenlive plays one stream of a file"),
    Excuse("extra", Feature.CHANNELS, "plays all \\d+ channels of its file"),
    Excuse("extra", Feature.CHANNELS, "^Kdenlive plays one stream of a file"),
    Excuse("place", Feature.TIME, NEAREST, HALF),
    Excuse("source", Feature.TIME, NEAREST, HALF),
    Excuse("level", Feature.TIME, NEAREST, Fraction(1)),
    Excuse("marker", Feature.TIME, NEAREST, HALF),
    Excuse("marker", Feature.MARKER, NEAREST, HALF),
    # At half speed a frame of its file is two of the record: half of that, and half a frame for its clip.
    Excuse("marker", Feature.MARKER, "moved to the nearest frame of its file", 1 + HALF),
    Excuse("marker", Feature.MARKER, "stands at its head"),
    Excuse("marker", Feature.MARKER, "not written"),
    Excuse("marker", Feature.DISABLED, "left out"),
    Excuse("marker", Feature.TRACK, "^video not written"),
    Excuse("marker", Feature.SPEED, "^not written: Reaper knows no freeze frame"),
    Excuse("speed", Feature.SPEED, "is written at its own$"),
    Excuse("speed", Feature.SPEED, "^speed (of .*)?(not written|written as)"),
    Excuse("source", Feature.SPEED, "^speed not written"),
    Excuse("source", Feature.MEDIA, "begins before its media does: written from the first of it"),
    Excuse("level", Feature.GAIN, "^(gain of|\\d+ gain key frames).* not written"),
    Excuse("level", Feature.GAIN, "gain key frames? moved to", HALF),
    Excuse(
        "level",
        Feature.GAIN,
        "jumps? of its gain written as ramps? of one frame|a jump of its gain",
        Fraction(1),
    ),
    Excuse("level", Feature.CHANNELS, "^Kdenlive plays one stream of a file"),
    Excuse("fade in", Feature.FADE, "^fade in .*(not written|written as|is [\\d.]+ s long)"),
    Excuse("fade out", Feature.FADE, "^fade out .*(not written|written as|is [\\d.]+ s long)"),
    Excuse("pan", Feature.PAN, "^pan of .* not written"),
    Excuse("crossing", Feature.TRANSITION, "written as a cut|^left out"),
    Excuse("start", Feature.START, "start timecode is not read"),
    Excuse("drop", Feature.START, "drop-frame|timecode drops frames"),
]
"""All that losses explain; what other losses name is a difference all the same."""


class Reported:
    """What was reported while a cut was written."""

    def __init__(self, timeline: Timeline, losses: tuple[Loss, ...]) -> None:
        self.timeline = timeline
        self.losses = losses
        self.rate = timeline.rate

    def limit(self, aspect: str, *items: Clip | Track | Timeline | Transition) -> Fraction | None:
        """Seconds by which an aspect of some things may be off; ``None`` for any distance."""
        most = Fraction(0)
        for loss in self.losses:
            if not any(self._is_of(loss, item) for item in items):
                continue
            for excuse in EXCUSES:
                fits = excuse.aspect == aspect and excuse.feature is loss.feature
                if fits and re.search(excuse.words, loss.message):
                    if excuse.frames is None:
                        return None
                    most = max(most, excuse.frames / self.rate)
        return most

    def excuses(self, aspect: str, off: Fraction, *items: Clip | Track | Timeline | Transition) -> bool:
        most = self.limit(aspect, *items)
        return most is None or off <= most

    def is_cut(self, crossing: Transition, nests: tuple[Clip, ...]) -> bool:
        """Whether a transition, in such nests, was written as a cut."""
        inside = (
            loss.message
            for loss in self.losses
            if loss.feature is Feature.TRANSITION and any(self._is_of(loss, nest) for nest in nests)
        )
        return self.limit("crossing", crossing) is None or any(
            f"“{crossing.name}” inside it written as a cut" in message for message in inside
        )

    def of_marker(self, name: str) -> Reported:
        """The same with what was reported of one marker alone, as if it were of the timeline."""
        losses = []
        for loss in self.losses:
            if loss.feature is Feature.MARKER and f"“{name}”" in f"{loss.item}{loss.message}":
                losses.append(replace(loss, item=f"Timeline “{self.timeline.name}”"))
            elif loss.feature is not Feature.MARKER:
                losses.append(loss)
        return Reported(self.timeline, tuple(losses))

    @staticmethod
    def _is_of(loss: Loss, item: Clip | Track | Timeline | Transition) -> bool:
        if isinstance(item, Track):
            is_picture = item.kind is TrackKind.VIDEO and loss.item.endswith(" video tracks")
            return f"rack “{item.name}”" in loss.item or is_picture
        if isinstance(item, Timeline):
            return loss.item == f"Timeline “{item.name}”"
        names = [item.name]
        if isinstance(item, Clip) and item.media:
            names.append(item.media.name)
        return any(loss.item.startswith((f"“{name}”", f"Media “{name}”")) for name in names)


def unexplained(timeline: Timeline, judge: Judge, folder: Path) -> list[str]:
    """Every difference between a cut and what is read of it that no loss names, one line each."""
    try:
        paths, losses = write(timeline, folder / f"cut{judge.suffix}", editor=judge.editor)
    except TimelineError as refused:
        is_empty = not wanted_of(timeline) and "shows and plays nothing" in str(refused)
        return [] if is_empty else [str(refused)]
    reported = Reported(timeline, losses)
    lines = []
    for reader in judge.readers:
        found = reader.read(list(paths), timeline.rate, files_of(timeline))
        off = [*_compared(timeline, reader, reported, found), *_others(timeline, reader, reported, found)]
        lines += [f"{reader.read.__name__}: {line}" for line in off]
    return lines + [f"  told: {loss}" for loss in losses] if lines else []


def _compared(timeline: Timeline, reader: Reader, reported: Reported, found: Found) -> Iterator[str]:
    events: dict[tuple[str, int | None], Event] = {}
    for event in found.events:
        key = (event.name, event.channel)
        if key in events:
            yield f"{key}: is there twice"
        events[key] = event
    wanted = {(one.event.name, one.event.channel): one for one in wanted_of(timeline, reported.is_cut)}
    crossed = {(one.event.name, one.event.channel): one for one in wanted_of(timeline)}
    every = {clip.name: (clip, track, *around) for clip, track, around in clips_of(timeline)}
    for key in events.keys() - wanted.keys():
        of = (*every[key[0]], timeline) if key[0] in every else ()
        if not reported.excuses("extra", ANY, *of):
            yield f"{key}: is not in the cut, or switched off, and is there"
    for key, one in wanted.items():
        of = (*every[key[0]], timeline)
        if key in events:
            # Where a transition is a cut on one of the tracks that are made of one, the other may have it.
            nearest = min((one, crossed[key]), key=lambda each: _apart(each.event, events[key]))
            yield from (f"{key}: {line}" for line in _differences(nearest, events[key], reader, reported, of))
        elif not _is_silent(one) and not reported.excuses("absent", ANY, *of):
            yield f"{key}: is not there"


def _apart(one: Event, other: Event) -> Fraction:
    return abs(one.start - other.start) + abs(one.end - other.end)


def _is_silent(one: Wanted) -> bool:
    """Whether a pan leaves nothing of the side that a channel plays on."""
    channels = one.clip.channels
    return len(channels) == 2 and one.clip.mix.pan == (1 if one.event.channel == channels[0] else -1)


def _differences(
    one: Wanted, found: Event, reader: Reader, reported: Reported, of: tuple[Clip | Track | Timeline, ...]
) -> Iterator[str]:
    event, clip = one.event, one.clip
    assert event.used is not None
    assert event.speed is not None
    rate = reported.rate
    joints = [each for each in one.track.transitions if each.at in (clip.start, clip.end)]
    off = max(abs(found.start - event.start), abs(found.end - event.end))
    between = reader.grid and any((at * rate).denominator > 1 for at in (clip.start, clip.end))
    near = max(SAMPLE, Fraction(1, 100) / rate if reader.hundredths else SAMPLE)
    if off >= near + (HALF / rate if between else 0) and not reported.excuses("place", off, *of, *joints):
        yield f"lies {found.start} to {found.end}, not {event.start} to {event.end}"
    if found.speed is not None and abs(found.speed - event.speed) > Fraction(1, 10**6):
        if not reported.excuses("speed", abs(found.speed - event.speed), *of):
            yield f"plays at {found.speed}, not {event.speed}"
        return
    if found.used is not None:
        # What plays at the moment at which it begins.
        used = event.used + (found.start - event.start) * event.speed
        near = HALF / rate * max(Fraction(1), abs(event.speed)) if reader.frames else SAMPLE
        near += SAMPLE * abs(event.speed)  # by which its place may be off
        near += HALF / rate if between else 0
        near += 1 / rate if reader.counts_back and event.speed < 0 else 0
        off = abs(found.used - used)
        if off > near and not reported.excuses("source", off, *of, *joints):
            yield f"plays from {float(found.used):.6f}, not {float(used):.6f}"
    if event.channel is None:
        return
    if one.around:  # a nest cuts what lies in it: levels count from heads that are not seen
        return
    yield from _heard(one, found, reported, of, joints)


def _heard(
    one: Wanted,
    found: Event,
    reported: Reported,
    of: tuple[Clip | Track | Timeline, ...],
    joints: list[Transition],
) -> Iterator[str]:
    event, clip = one.event, one.clip
    if found.level is not None:
        into = clip.start - event.start  # where a clip reaches under the transition at its head
        for at, db in one.levels:
            moved = reported.limit("level", *of)
            if moved is None:
                continue
            if event.speed and abs(event.speed) < 1:  # frames of the file last longer on the timeline
                moved /= abs(event.speed)
            near = [found.level(at + into + away) for away in (-moved, Fraction(0), moved)]
            if not min(near) - LEVEL_DB <= db <= max(near) + LEVEL_DB:
                yield f"{near[1]:.2f} dB at {at}, not {db:.2f}"
    if found.fades is not None and event.fades is not None:
        for way, is_, should in zip(("in", "out"), found.fades, event.fades, strict=True):
            # Where the other half of a cross fade is off it fades from, or to, nothing.
            edge = clip.start if way == "in" else clip.end
            alone = {each.before + each.after for each in joints if each.at == edge and _is_alone(each, one)}
            if (
                abs(is_ - should) > SAMPLE
                and all(abs(is_ - each) > SAMPLE for each in alone)
                and not reported.excuses(f"fade {way}", abs(is_ - should), *of, *joints)
            ):
                yield f"fades {way} for {is_}, not {should}"
    is_panned = found.pan is not None and abs(found.pan - (event.pan or 0)) > 1e-4
    if is_panned and not reported.excuses("pan", ANY, *of):
        yield f"lies at {found.pan}, not {event.pan}"


def _is_alone(crossing: Transition, one: Wanted) -> bool:
    """Whether one half of a transition is switched off."""
    halves = [clip for clip in one.track.clips if crossing.at in (clip.start, clip.end) and clip.enabled]
    return len(halves) < 2


def _others(timeline: Timeline, reader: Reader, reported: Reported, found: Found) -> Iterator[str]:
    """What is not of one clip: transitions, markers, timecode."""
    if found.crossings is not None:
        wanted = crossings_of(timeline)
        rest = set(found.crossings)
        for key, (crossing, track) in wanted.items():
            near = next((each for each in rest if _is_near(each, key)), None)
            if near is not None:
                rest.discard(near)
            elif not reported.excuses("crossing", crossing.before + crossing.after, crossing, track):
                yield f"{key}: no such transition"
    if found.markers is not None:
        here = {name: at for at, name in found.markers}
        tracks = {clip.name: (track,) for clip, track, _ in clips_of(timeline)}
        for name, (at, whose) in markers_of(timeline).items():
            off = abs(here.get(name, Fraction(-100)) - at)
            near = max(SAMPLE, Fraction(1, 100) / reported.rate if reader.hundredths else SAMPLE)
            if isinstance(whose, Clip):
                between = reader.grid and (whose.start * reported.rate).denominator > 1
                near += HALF / reported.rate if between else 0
            of = (whose, *tracks.get(whose.name, ()), timeline)
            if off >= near and not reported.of_marker(name).excuses("marker", off, *of):
                yield f"marker {name} of {type(whose).__name__}: at {here.get(name)}, not {at}"
    is_moved = found.start not in (None, timeline.start_frame)
    if is_moved and not reported.excuses("start", ANY, timeline):
        yield f"starts at {found.start}, not {timeline.start_frame}"
    is_other = found.drop not in (None, timeline.drop_frame)
    if is_other and not reported.excuses("drop", ANY, timeline):
        yield f"drop-frame {found.drop}, not {timeline.drop_frame}"


def _is_near(found: tuple[str, Fraction, Fraction], wanted: tuple[str, Fraction, Fraction]) -> bool:
    return found[0] == wanted[0] and all(
        abs(a - b) < SAMPLE for a, b in zip(found[1:], wanted[1:], strict=True)
    )
