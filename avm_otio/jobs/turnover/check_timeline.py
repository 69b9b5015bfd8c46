"""A turnover's timeline read back: rate, start, tracks, clips, handles and pops against the manifest."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import cached_property
from typing import Any
from urllib.parse import unquote

from avm_otio.errors import AvmError
from avm_otio.formats import reading
from avm_otio.formats.table import reader_of, writer_of
from avm_otio.jobs.turnover.expected import Complaint, Expected
from avm_otio.media.broadcast_wav import Header
from avm_otio.media.pop import pop_offset
from avm_otio.timeline.model import SAMPLE_RATE_HZ, Clip, Timeline, Track
from avm_otio.timeline.playback import exact
from avm_otio.timeline.time import format_rate, nearest_frame
from avm_otio.timeline.urls import name_in

_RATE = Fraction(SAMPLE_RATE_HZ)


def check_timeline(expected: Expected, name: str) -> Iterator[Complaint]:
    """Compare one timeline of a turnover.

    What this program only writes is not looked into, nor a list that says neither its rate nor its tracks.
    """
    path = expected.folder / name
    reader = reader_of(path.suffix.lower())
    if not path.is_file() or reader is None or reader.rate_of is not None:
        return
    try:
        timeline = exact(reading.read(path).timeline)
    except AvmError as error:
        yield Complaint("timeline", name, error.what, error.hint)
        return
    yield from _Check(expected, name, timeline).complaints()


class _Check:
    """One timeline beside what is expected of it."""

    def __init__(self, expected: Expected, name: str, timeline: Timeline) -> None:
        self.expected, self.name, self.timeline = expected, name, timeline
        suffix = (expected.folder / name).suffix.lower()
        # A format that counts in frames lays a sound on the nearest; one of samples rounds to one of them.
        self.off = 1 if writer_of(suffix).between_frames else nearest_frame(1 / expected.rate, _RATE)

    def complaints(self) -> Iterator[Complaint]:
        """All of them, in order."""
        yield from self._head()
        yield from self._tracks()
        by_name: dict[str, Track] = {}
        for track in self.timeline.audio_tracks:
            by_name.setdefault(track.name, track)
        for each in self.expected.manifest["tracks"]:
            found = by_name.get(each["name"])
            if found is None:
                continue
            if each["from"]:
                yield from self._clips(found, each)
            else:
                yield from self._pops(found)

    def _head(self) -> Iterator[Complaint]:
        manifest, timeline = self.expected.manifest, self.timeline
        if timeline.rate != self.expected.rate:
            rates = format_rate(timeline.rate), format_rate(self.expected.rate)
            yield Complaint("rate", self.name, f"It runs at {rates[0]} fps, not at {rates[1]}.")
            return
        start = manifest["sequence"]["start_frame"]
        if (timeline.start_frame, timeline.drop_frame) != (start, manifest["drop_frame"]):
            yield Complaint(
                "start",
                self.name,
                f"It starts at {timeline.timecode(Fraction(0))}, not at {manifest['sequence']['start']}.",
            )
        if timeline.frames != manifest["sequence"]["frames"]:
            yield Complaint(
                "length",
                self.name,
                f"It has {timeline.frames} frames, not {manifest['sequence']['frames']}.",
            )

    def _tracks(self) -> Iterator[Complaint]:
        wanted = [each["name"] for each in self.expected.manifest["tracks"]]
        found = [track.name for track in self.timeline.audio_tracks]
        if found == wanted:
            return
        for name in wanted:
            if name not in found:
                yield Complaint(
                    "tracks", self.name, f"Track “{name}” is not there: it has {', '.join(found) or 'none'}."
                )
        for name in found:
            if name not in wanted:
                yield Complaint("tracks", self.name, f"Track “{name}” is none of the template's.")
        if sorted(found) == sorted(wanted):
            yield Complaint(
                "track order", self.name, f"Its tracks lie {', '.join(found)}; not {', '.join(wanted)}."
            )

    def _clips(self, track: Track, promised: Mapping[str, Any]) -> Iterator[Complaint]:
        where = f"{self.name}, {track.name}"
        if track.channels != promised["channels"]:
            yield Complaint(
                "channels",
                where,
                f"It is {_width(track.channels)}, not {_width(promised['channels'])}.",
            )
        wanted = [each for each in self.expected.manifest["clips"] if each["track"] == track.name]
        found = [*track.clips]
        places = [(nearest_frame(clip.start, _RATE), nearest_frame(clip.end, _RATE)) for clip in found]
        taken: set[int] = set()
        for each in wanted:
            at = self._clip_at(each, places, taken)
            if at is None:
                yield Complaint("clips", f"{where}, {each['in']}", self._why_missing(each, track))
                continue
            taken.add(at)
            clip = found[at]
            # Whether the track is switched off or all on it, one hears the same: formats differ in which.
            heard = replace(clip, enabled=clip.enabled and track.enabled)
            yield from self._clip(heard, each, f"{where}, {each['in']} “{each['name']}”")
        for number, clip in enumerate(found):
            if number not in taken:
                place = f"{where}, {self.timeline.timecode(clip.start)}"
                yield Complaint("clips", place, f"“{clip.name}” was not turned over there.")

    def _clip_at(
        self, promised: Mapping[str, Any], places: Sequence[tuple[int, int]], taken: Collection[int]
    ) -> int | None:
        """Which of a track's clips, by where they begin and end, lies where one was promised."""
        first = promised["sample"]
        last = first + promised["samples"]
        number = bisect_left(places, (first - self.off + 1, 0))
        while number < len(places) and places[number][0] < first + self.off:
            if number not in taken and abs(places[number][1] - last) < max(2, self.off + 1):
                return number
            number += 1
        return None

    def _why_missing(self, promised: Mapping[str, Any], track: Track) -> str:
        for clip in track.clips:
            if {*self._files(clip)} == {*promised["files"]}:
                moved = nearest_frame(clip.start, _RATE) - promised["sample"]
                return f"“{promised['name']}” is {moved:+d} samples from its place, or of another length."
        return f"“{promised['name']}” is not there."

    def _clip(self, clip: Clip, promised: Mapping[str, Any], where: str) -> Iterator[Complaint]:
        names = self._files(clip)
        if clip.media is None or not clip.media.is_online or not names:
            yield Complaint("offline clip", where, "It has no media.", "Relink it, or write it again.")
            return
        if set(names) != set(promised["files"]) and len(promised["files"]) == len(names):
            yield Complaint(
                "offline clip", where, f"It plays {', '.join(names)}, not {', '.join(promised['files'])}."
            )
        elif len(names) == 2 and list(names) != list(promised["files"]):
            yield Complaint("channels", where, "Its channels are not in their order: left and right differ.")
        if clip.enabled != promised["switched_on"]:
            yield Complaint("clips", where, f"It is switched {'on' if clip.enabled else 'off'}.")
        headers = [self._headers.get(name) for name in names]
        lost = [name for name, header in zip(names, headers, strict=True) if header is None]
        if lost:
            yield Complaint(
                "offline clip",
                where,
                f"Its media {', '.join(lost)} is not in the turnover.",
                "Copy it again, or write the turnover again.",
            )
        there = [header for header in headers if header is not None]
        if len(there) == len(headers):
            yield from self._handles(clip, promised, there, where)

    def _handles(
        self, clip: Clip, promised: Mapping[str, Any], headers: Sequence[Header], where: str
    ) -> Iterator[Complaint]:
        media = clip.media
        assert media is not None
        head = nearest_frame(clip.media_start - media.start, _RATE)
        used = nearest_frame(clip.duration * abs(clip.speed), _RATE)
        lengths = [
            nearest_frame(Fraction(header.samples, header.sample_rate_hz or 1), _RATE) for header in headers
        ]
        tail = min(lengths) - head - used
        if clip.speed != Fraction(promised["speed"]):
            return  # an AAF says no speed of sound: that stands among its losses
        wanted = [
            min(count, round(self.expected.manifest["handles_s"] * SAMPLE_RATE_HZ))
            for count in promised["handles"]
        ]
        if tail <= -max(2, self.off):
            yield Complaint(
                "handles", where, f"It plays {-tail / SAMPLE_RATE_HZ:.3f} s more than its media has."
            )
        elif abs(head - promised["handles"][0]) >= max(2, self.off) and head >= wanted[0]:
            yield Complaint(
                "clips",
                where,
                f"It plays {head - promised['handles'][0]:+d} samples from its place in its media.",
            )
        for side, has, least in (("before", head, wanted[0]), ("after", tail, wanted[1])):
            if has < least - max(1, self.off) and tail > -max(2, self.off):
                yield Complaint(
                    "handles",
                    where,
                    f"It has {has / SAMPLE_RATE_HZ:.2f} s of handle {side} it, not "
                    f"{least / SAMPLE_RATE_HZ:.2f} s.",
                )

    @cached_property
    def _headers(self) -> Mapping[str, Header]:
        """The heads of the media, by their names."""
        return {
            name_in(path): head for path, head in self.expected.headers.items() if path.startswith("media")
        }

    def _files(self, clip: Clip) -> tuple[str, ...]:
        """The names of the files that a clip plays; a relative URL may have them percent-encoded."""
        media = clip.media
        found = []
        for path in () if media is None else filter(None, media.mono or (media.path,)):
            names = (name_in(path), unquote(name_in(path)))
            found.append(next((name for name in names if name in self._headers), names[0]))
        return tuple(found)

    def _pops(self, track: Track) -> Iterator[Complaint]:
        where = f"{self.name}, {track.name}"
        for pop in self.expected.pops:
            at = self.expected.timecode(pop.frame)
            near = sorted(track.clips, key=lambda clip: abs(clip.start - Fraction(pop.sample) / _RATE))
            clip = near[0] if near else None
            off = None if clip is None else nearest_frame(clip.start, _RATE) - pop.sample
            if clip is None or off is None or abs(off) > _RATE:
                yield Complaint("pop", f"{where}, {at}", f"The {pop.name} is not there.")
                continue
            if off:
                yield Complaint(
                    "pop", f"{where}, {at}", f"The {pop.name} is {off:+d} samples from its place."
                )
            length = nearest_frame(clip.end, _RATE) - nearest_frame(clip.start, _RATE)
            if abs(length - pop.samples) > 1:
                yield Complaint(
                    "pop", f"{where}, {at}", f"The {pop.name} is {length} samples long, not a frame."
                )
            if not clip.enabled or not track.enabled:
                yield Complaint("pop", f"{where}, {at}", f"The {pop.name} is switched off.")
            yield from self._tone(clip, pop.samples, f"{where}, {at}", pop.name)

    def _tone(self, clip: Clip, count: int, where: str, name: str) -> Iterator[Complaint]:
        media = clip.media
        file = next(iter(self._files(clip)), "")
        paths = [each for each in self.expected.headers if name_in(each) == file]
        if media is None or not paths:
            yield Complaint("offline clip", where, f"The {name} has no media.")
            return
        into = nearest_frame(clip.media_in - media.start, _RATE)
        header = self.expected.headers[paths[0]]
        length = min(count, header.samples - into)
        if length < count - 1 or pop_offset(self.expected.folder / paths[0], into, length, alone=False) != 0:
            yield Complaint(
                "pop",
                where,
                f"The {name} is not one frame of 1 kHz at -20 dBFS: {paths[0]} holds another sound.",
            )


def _width(channels: int) -> str:
    return {1: "mono", 2: "stereo"}.get(channels, f"of {channels} channels")
