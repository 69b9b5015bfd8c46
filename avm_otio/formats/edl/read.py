"""CMX3600 edit decision lists, read: every channel form, sound alone, lists that disagree with themselves.

Record time is followed: an edit lies where the list puts it, whatever length its source claims. The timeline
starts at the earliest record timecode, black included.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from fractions import Fraction
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from avm_otio.errors import TimelineError
from avm_otio.formats.edl import FORMAT
from avm_otio.formats.edl.comments import Comments, Flag, comments_of
from avm_otio.formats.edl.common import (
    BARS_REEL,
    BLACK_REELS,
    COLORS,
    FILE_REEL,
    day_frames,
    speed_of,
)
from avm_otio.formats.edl.lanes import Key, Lane
from avm_otio.formats.edl.lines import Line, List, edits_of, frames_of, has_drop_sign, lists_of, text_of
from avm_otio.formats.edl.rates import evidence_of, guess_note
from avm_otio.timeline.model import (
    Clip,
    GainKey,
    Generator,
    Kept,
    Marker,
    Media,
    Mix,
    Timeline,
    TrackKind,
    Transition,
)
from avm_otio.timeline.time import (
    MediaTime,
    RecordTime,
    dropped_per_minute,
    format_rate,
    nominal_rate,
    to_micros,
)
from avm_otio.timeline.urls import plain_path

_CURVED = re.compile(r"EXPONENTIAL|LOGARITHM|(CONSTANT|EQUAL) POWER|\+3 ?DB|S.CURVE", re.IGNORECASE)
"""Effects of sound that do not run straight, as Premiere and Final Cut Pro 7 name them [off]."""

_MOST_NAMED = 10
"""Bad lines that are named one by one."""


def read(path: Path, rate: Fraction | None = None) -> tuple[list[Timeline], tuple[str, ...]]:
    """Read every list of a file.

    Args:
        path: The file.
        rate: Frames a second, which a list does not say; ``None`` to guess.

    Returns:
        The timelines, and what could not be read of them.

    Raises:
        TimelineError: It is no list, or has frames that the rate does not have.
    """
    notes = []
    all_lists = lists_of(text_of(path))
    lists = [each for each in all_lists if each.lines]
    if not lists:
        for place, line in (bad for each in all_lists for bad in each.bad):
            raise TimelineError(
                f"{path}, line {place}, is no edit of a CMX3600 list: {line[:80]!r}.",
                "Export it again as CMX3600, or as .otio, .xml or .aaf.",
            )
        raise TimelineError(f"{path} has no edit of a CMX3600 list.", "Export it again as CMX3600.")
    if rate is None:
        rate = evidence_of(lists).guess
        notes.append(guess_note(rate))
    found = []
    for each in lists:
        reader = _Reader(path, rate, each)
        found.append(reader.timeline())
        notes += reader.notes()
    return found, tuple(dict.fromkeys(notes))


class _Reader:
    def __init__(self, path: Path, rate: Fraction, found: List) -> None:
        self.path = path
        self.rate = rate
        self.list = found
        self.counts: Counter[str] = Counter()
        self.lanes: dict[Key, Lane] = {}
        self.markers: list[Marker] = []
        self.media: dict[Media, Media] = {}
        self.links = 0
        has_drop = dropped_per_minute(rate) > 0
        has_signs = any(has_drop_sign(time) for line in found.lines for time in line.times[2:])
        self.is_drop = has_drop and (bool(found.is_drop) or has_signs)
        self.uses_signs = found.uses_signs
        if (found.is_drop or has_signs) and not has_drop:
            self.counts[f"says DROP FRAME, which {format_rate(rate)} fps does not have"] += 1
        elif has_signs and found.is_drop is False and not any(line.is_drop for line in found.lines):
            self.counts["says NON-DROP FRAME and writes drop-frame timecode, which is followed"] += 1
        # Patches are written where a source's channel is not the record's [file: avid/DC7_R1_v8.2-audio.edl].
        self.has_patches = any(
            "PATCH" in comment.upper() for line in found.lines for comment in line.comments
        )
        self.edits = edits_of(found.lines)
        self.halves: dict[tuple[str, tuple[str, ...]], int] = {}
        for lines in self.edits:
            name = _name_in(lines)
            for line in lines:
                if len(line.audio) == 1:
                    key = f"{line.reel} {name}", line.times
                    self.halves[key] = min(*line.audio, self.halves.get(key, 99))
        self.records = {line.place: self._record(line) for line in found.lines}
        self.start = self._unwrapped()

    def notes(self) -> list[str]:
        notes = [
            f"{count} × {note}." if count > 1 else f"{note[:1].upper()}{note[1:]}."
            for note, count in self.counts.items()
        ]
        for place, line in self.list.bad[:_MOST_NAMED]:
            notes.append(f"Line {place} is no edit of a CMX3600 list and is left out: {line[:80]!r}.")
        if len(self.list.bad) > _MOST_NAMED:
            notes.append(f"{len(self.list.bad) - _MOST_NAMED} more lines are no edits and are left out.")
        for edit in (line for line in self.list.lines if not line.has_kind):
            way = f"a dissolve of {edit.frames} frames" if edit.kind == "D" else "a cut"
            notes.append(f"Line {edit.place} does not say how it comes in: read as {way}.")
        return notes

    def _source_frame(self, time: str, line: Line) -> int:
        is_drop = self._source_drops(time, line)
        return frames_of(time, self.rate, is_drop, f"{self.path}, line {line.place}")

    def _source_drops(self, time: str, line: Line) -> bool:
        return has_drop_sign(time) or (line.is_drop and not self.uses_signs)

    def _source_day(self, line: Line) -> int:
        return day_frames(self.rate, self._source_drops(line.times[0], line))

    def _record_frame(self, time: str, line: Line) -> int:
        return frames_of(time, self.rate, self.is_drop, f"{self.path}, line {line.place}")

    def _record(self, line: Line) -> tuple[int, int]:
        first, last = (self._record_frame(time, line) for time in line.times[2:])
        return first, last if last >= first else last + day_frames(self.rate, self.is_drop)

    def _unwrapped(self) -> int:
        """The earliest record frame; edits after midnight follow those before it."""
        day = day_frames(self.rate, self.is_drop)
        starts = [first for first, _ in self.records.values()]
        if max(starts) - min(starts) > day // 2:
            for place, (first, last) in self.records.items():
                if first < day // 2:
                    self.records[place] = (first + day, last + day)
        return min(first for first, _ in self.records.values())

    def timeline(self) -> Timeline:
        if all(_is_flag(line) for line in self.list.lines):
            return self._flagged()
        for lines in self.edits:
            self._edit(lines)
        tracks = [
            track
            for key in sorted(self.lanes, key=lambda key: (key[0] is TrackKind.AUDIO, key[1]))
            for track in self.lanes[key].tracks(key, self.rate, self.counts)
        ]
        end = max(last for _, last in self.records.values()) - self.start
        return Timeline(
            name=self.list.title,
            rate=self.rate,
            tracks=tuple(tracks),
            start_frame=self.start,
            drop_frame=self.is_drop,
            duration=end / self.rate,
            markers=tuple(self.markers),
            kept=tuple(Kept(FORMAT.name, "comment", text) for text in self.list.header),
        )

    def _flagged(self) -> Timeline:
        """A list of Resolve's markers alone: each edit of it is a marker, and a frame long."""
        day = 24 * 3600 * nominal_rate(self.rate)
        hour = frames_of("01:00:00:00", self.rate, self.is_drop, "")
        start = min(self.start // hour * hour, day)
        markers = [
            _marker_of(flag, self.records[line.place][0] - start, self.rate)
            for line in self.list.lines
            for flag in comments_of(line.comments).flags
        ]
        self.counts["a list of markers alone: it has no clips"] += 1
        return Timeline(
            name=self.list.title,
            rate=self.rate,
            start_frame=start,
            drop_frame=self.is_drop,
            markers=tuple(markers),
        )

    def _edit(self, lines: list[Line]) -> None:
        """Lay what the lines of one edit say."""
        comments = comments_of([comment for line in lines for comment in line.comments])
        if len(lines) == 1 and _is_flag(lines[0]):
            first = self.records[lines[0].place][0] - self.start
            self.markers += (_marker_of(flag, first, self.rate) for flag in comments.flags)
            return
        leads = any(line.kind != "C" for line in lines)
        laid: list[tuple[Line, Lane, int]] = []
        for at, line in enumerate(lines):
            first, last = self.records[line.place]
            keys = _keys(line)
            if not keys:
                self.counts["edit on no channel, not laid"] += 1
                continue
            is_from_black = at > 0 and lines[at - 1].reel.upper() in BLACK_REELS
            fade = 0 if line.kind == "C" else self._transition(line, keys, comments, is_from_black)
            if line.reel.upper() in BLACK_REELS:
                continue
            if last == first:
                if not (leads and line.kind == "C"):
                    self.counts["edit without length, not laid"] += 1
                continue
            way = "TO" if line.kind != "C" and (len(lines) > 1 or "TO" in comments.names) else "FROM"
            self._count_mismatch(line, comments)
            laid += self._clips(line, keys, comments, way, fade)
        self._rest(comments, lines, laid)

    def _transition(self, line: Line, keys: list[Key], comments: Comments, is_from_black: bool) -> int:
        """Lay a transition; returns frames of the fade in where it is one of sound from silence."""
        first, last = self.records[line.place]
        if line.kind.startswith("K"):
            self.counts["key, laid as picture over picture"] += 1
            return 0
        frames = line.frames
        if frames > last - first:
            self.counts["transition longer than what it leads to, shortened"] += 1
            frames = last - first
        if not frames:
            return 0
        at = first - self.start
        fade = 0
        is_wipe = line.kind.startswith("W")
        transition = Transition(
            name=comments.effect or ("Wipe" if is_wipe else "Dissolve"),
            at=RecordTime(at / self.rate),
            before=Fraction(0),
            after=frames / self.rate,
            kind="Custom_Transition" if is_wipe else "SMPTE_Dissolve",
            kept=(Kept(FORMAT.name, "wipe", line.kind),) if is_wipe else (),
        )
        if any(kind is TrackKind.AUDIO for kind, _ in keys) and (is_wipe or _CURVED.search(comments.effect)):
            way = "wipe" if is_wipe else "curve"
            self.counts[f"fade or cross fade of sound with a {way}, read as straight"] += 1
        for key in keys:
            lane = self.lanes.setdefault(key, Lane())
            if line.reel.upper() in BLACK_REELS:
                lane.fades_out[at] = transition
            elif key[0] is TrackKind.AUDIO and is_from_black:
                fade = frames
            else:
                lane.transitions.append(transition)
        return fade

    def _clips(
        self, line: Line, keys: list[Key], comments: Comments, way: str, fade: int
    ) -> list[tuple[Line, Lane, int]]:
        """Lay one line's clip on every track that it goes to."""
        first, last = (frame - self.start for frame in self.records[line.place])
        name = comments.names.get(way) or comments.names.get("TO", "") or line.reel
        speed, media_in, low = self._source(line, comments)
        content = self._content(line, comments, way, name)
        link = None
        if len(keys) > 1:
            self.links += 1
            link = self.links
        laid = []
        for key in keys:
            mix = Mix()
            channels: tuple[int, ...] = ()
            if key[0] is TrackKind.AUDIO:
                mix = replace(self._mix(line, comments, low, speed), fade_in_us=to_micros(fade / self.rate))
                channels = self._channels(line, key[1], comments)
            lane = self.lanes.setdefault(key, Lane())
            laid.append((line, lane, len(lane.clips)))
            lane.clips.append(
                Clip(
                    name=name,
                    start=RecordTime(first / self.rate),
                    end=RecordTime(last / self.rate),
                    content=content,
                    media_in=MediaTime(media_in / self.rate),
                    speed=speed,
                    mix=mix,
                    channels=channels,
                    link=link,
                    kept=(Kept(FORMAT.name, "reel", line.reel),) if line.reel != FILE_REEL else (),
                )
            )
        return laid

    def _channels(self, line: Line, numbers: tuple[int, ...], comments: Comments) -> tuple[int, ...]:
        """Which channels of its source a sound plays, from 0."""
        patched = {to: source - 1 for source, to in comments.patches if source}
        if any(number in patched for number in numbers):
            return tuple(patched.get(number, number - 1) for number in numbers)
        if patched:
            return tuple(patched.values())[: len(numbers)]
        name = comments.names.get("FROM", "")
        first = self.halves.get((f"{line.reel} {name}", line.times), numbers[0])
        if self.has_patches or (len(numbers) == 1 and first < numbers[0]):
            # Two edits of one source at one place play a channel each; what is not patched, its own.
            first = 1 if self.has_patches else first
            return tuple(number - first for number in numbers)
        return tuple(range(len(numbers)))

    def _span(self, line: Line) -> tuple[int, int]:
        """Source in and out; out is after midnight where they lie more than half a day apart."""
        low, high = (self._source_frame(time, line) for time in line.times[:2])
        day = self._source_day(line)
        return low, high + day if low - high > day // 2 else high

    def _count_mismatch(self, line: Line, comments: Comments) -> None:
        first, last = self.records[line.place]
        low, high = self._span(line)
        if high - low != last - first and not comments.speeds and not comments.is_frozen:
            self.counts["source longer or shorter than what it fills, record is followed"] += 1

    def _source(self, line: Line, comments: Comments) -> tuple[Fraction, Fraction, int]:
        """Speed, media time at the head in frames, and the source frame from which gains are counted."""
        low, high = self._span(line)
        of_reel = [row for row in comments.speeds if _same_reel(row[0], line.reel)]
        edges = low, high % self._source_day(line)
        here = [row for row in of_reel if not row[2] or self._source_frame(row[2], line) in edges]
        if not here and len(of_reel) == len(comments.speeds) == 1:
            here = of_reel  # the one speed of the edit, counted from elsewhere
        if here:
            speed = speed_of(here[0][1], self.rate)
            return speed, Fraction(max(low, high) if speed < 0 else low), low
        if comments.speeds and not of_reel:
            self.counts["M2 line of another reel than its edit's, not followed"] += 1
        return Fraction(0 if comments.is_frozen else 1), Fraction(low), low

    def _content(self, line: Line, comments: Comments, way: str, name: str) -> Media | Generator:
        if line.reel == BARS_REEL:
            return Generator(name, "SMPTEBars")
        if way in comments.generators:
            return Generator(name)
        path = plain_path(comments.paths.get(way, ""))
        # Two lines of files are of the two sources, in the order of the edit's lines.
        file = next(iter(comments.files if way == "FROM" else comments.files[::-1]), "")
        if re.search(r"[/\\]", file) and not path:
            path = plain_path(file)
        reel = comments.reels.get(line.reel) or comments.reels.get("") or line.reel
        reel = "" if reel.upper() == FILE_REEL else reel
        if not file or path:
            file = re.split(r"[/\\]", path)[-1] or comments.names.get(way, "") or reel or line.reel
        low = line.times[0]
        media = Media(
            name=file,
            path=path,
            channels=max(line.audio, default=0) and len(line.audio),
            has_picture=bool(line.video),
            is_online=bool(path),
            drop_frame=self._source_drops(low, line),
            reel=reel,
            counted_rate=self.rate,
        )
        return self.media.setdefault(media, media)

    def _mix(self, line: Line, comments: Comments, low: int, speed: Fraction) -> Mix:
        levels = [
            (self._source_frame(time, line) - low, gain)
            for time, gain, channel in comments.levels
            if channel == comments.levels[-1][2]  # each channel has its own; in our lists the first alone
        ]
        if len(levels) > 1 and speed > 0:
            levels = [
                level for level, _ in groupby(sorted(levels, key=itemgetter(0)))
            ]  # two at once are a jump
            return Mix(keys=tuple(GainKey(place / self.rate / speed, gain) for place, gain in levels))
        if levels:
            return Mix(levels[0][1])
        return Mix(comments.volume or 0.0)

    def _rest(self, comments: Comments, lines: list[Line], laid: list[tuple[Line, Lane, int]]) -> None:
        """Locators, and unknown comments: on the last clip of the edit."""
        here: list[Marker] = []
        if laid:
            line, lane, at = next(row for row in laid if row[0] is laid[-1][0])
            first, last = self.records[line.place]
        for time, text in comments.locators:
            color, _, rest = text.partition(" ")
            if color.upper() not in COLORS:
                color, rest = "", text
            frame = self._record_frame(time, lines[-1])
            if laid and frame < first and first >= day_frames(self.rate, self.is_drop):
                frame += day_frames(self.rate, self.is_drop)
            inside = laid and first <= frame < last
            origin = first if inside else self.start
            marker = Marker(rest.strip(), (frame - origin) / self.rate, color=color.upper())
            (here if inside else self.markers).append(marker)
        start = self.records[lines[-1].place][0] - (first if laid else self.start)
        (here if laid else self.markers).extend(_marker_of(flag, start, self.rate) for flag in comments.flags)
        kept = tuple(Kept(FORMAT.name, "comment", text) for text in comments.others)
        if laid:
            clip = lane.clips[at]
            lane.clips[at] = replace(clip, markers=tuple(here), kept=clip.kept + kept)
        elif kept:
            self.counts["comment below an edit that is not laid, left out"] += len(kept)


def _name_in(lines: list[Line]) -> str:
    """The clip that an edit is of, as far as it says."""
    return comments_of([comment for line in lines for comment in line.comments]).names.get("FROM", "")


def _is_flag(line: Line) -> bool:
    """Whether a line is a marker of Resolve's and no edit: it says one, and its source is its record."""
    return line.times[:2] == line.times[2:] and bool(comments_of(line.comments).flags)


def _marker_of(flag: Flag, frame: int, rate: Fraction) -> Marker:
    return Marker(
        flag.name, frame / rate, (flag.frames if flag.frames > 1 else 0) / rate, flag.note, flag.color
    )


def _same_reel(written: str, reel: str) -> bool:
    """Whether a speed's reel is an edit's: either may be cut off at eight letters."""
    short, long = sorted((written.upper(), reel.upper()), key=len)
    return short in ("", long) or (len(short) >= 8 and long.startswith(short))


def _keys(line: Line) -> list[Key]:
    """The tracks that a line goes to: each video track, and its sound channels, the first two as a pair."""
    keys: list[Key] = [(TrackKind.VIDEO, (number,)) for number in sorted(line.video)]
    if line.audio:
        keys.append((TrackKind.AUDIO, tuple(sorted(line.audio))))
    return keys
