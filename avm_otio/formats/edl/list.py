"""One CMX3600 list in the making: its edits, and the comments below them."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field
from fractions import Fraction

from avm_otio.formats.edl import FORMAT
from avm_otio.formats.edl.common import (
    BARS_REEL,
    BLACK_REELS,
    COLORS,
    DEFAULT_COLOR,
    FILE_REEL,
    day_frames,
    speed_frames,
    speed_of,
)
from avm_otio.formats.edl.plan import Piece, Plan, code_of
from avm_otio.timeline.features import Feature
from avm_otio.timeline.losses import Losses
from avm_otio.timeline.model import SAMPLE_RATE_HZ, Clip, Generator, Marker, Timeline, Track, TrackKind
from avm_otio.timeline.time import (
    dropped_per_minute,
    format_rate,
    format_timecode,
    nearest_frame,
    nominal_rate,
)

_MOST_EVENTS = 999
_MOST_CHANNELS = 4
"""CMX3600 knows four channels of sound: two in the edit's line, two in an ``AUD`` line below it."""

_NOT_ONE_LINE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_REEL = re.compile(r"\S{1,32}")
_BLACK = BLACK_REELS[0]


@dataclass(slots=True)
class ListWriter:
    """One list in the making."""

    timeline: Timeline
    track: Track
    label: str
    losses: Losses
    number: int = 0
    rate: Fraction = field(init=False)
    is_drop: bool = field(init=False)
    is_drop_now: bool = field(init=False)
    days: tuple[int, int] = field(init=False)
    """Frames a day without and with drop-frame."""
    lines: list[tuple[int, str]] = field(default_factory=list)
    """Number of the edit, 0 for lines without one; and the rest of the line."""

    def __post_init__(self) -> None:
        self.rate = self.timeline.rate
        self.is_drop = self.is_drop_now = self.timeline.drop_frame
        self.days = (day_frames(self.rate, False), day_frames(self.rate, True))

    def text(self, timeline_markers: tuple[Marker, ...]) -> str:
        """The whole list; empty where nothing of the track can be seen or heard."""
        if not self.track.enabled:
            self.losses.add(Feature.DISABLED, self.track, "switched off, left out")
            return ""
        pieces = Plan(self.timeline, self.track, self.losses).pieces()
        if not pieces:
            self.losses.add(Feature.TRACK, self.track, "nothing to see or hear on it, no list")
            return ""
        if self.track.name not in ("", self.label):
            message = "its name stands in its list's title alone"
            self.losses.add(Feature.NAME, self.track, message)
        if self.track.locked:
            self.losses.add(Feature.TRACK, self.track, "that it is locked not written")
        if self.track.channels > _MOST_CHANNELS:
            message = f"{self.track.channels} channels, of which a list says {_MOST_CHANNELS}"
            self.losses.add(Feature.CHANNELS, self.track, message)
        head = pieces[0].start
        if head > 0:
            self._edit(_BLACK, "C", 0, (0, head), (0, head))
        free = deque(sorted([*timeline_markers, *self.track.markers], key=lambda marker: marker.start))
        for index, piece in enumerate(pieces):
            inside = []
            while free and (index + 1 == len(pieces) or free[0].start * self.rate < pieces[index + 1].start):
                inside.append(free.popleft())
            self._write(piece, inside)
        digits = 3
        if self.number > _MOST_EVENTS:
            digits = 6
            message = f"{self.number} edits, numbered with six digits: CMX3600 itself ends at {_MOST_EVENTS}"
            self.losses.add(Feature.TRACK, self.track, message)
        title, _ = one_line(f"{self.timeline.name} - {self.track.name or self.label}")
        kept = [each.text for each in self.timeline.kept if each.format == FORMAT.name]
        body = [f"{number:0{digits}d}  {line}" if number else line for number, line in self.lines]
        mode = "DROP FRAME" if self.is_drop else "NON-DROP FRAME"
        return "\n".join([f"TITLE: {title}", f"FCM: {mode}", *kept, *body, ""])

    def _write(self, piece: Piece, free: list[Marker]) -> None:
        clip = piece.clip
        reel = self._reel(clip)
        span = self._source(piece, piece.start, piece.end)
        record = (piece.start, piece.end)
        is_drop = self._source_drops(clip)
        if piece.fade_in:
            origin = piece.origin
            if origin is None:
                self._edit(_BLACK, "C", 0, (0, 0), (piece.start, piece.start))
            else:
                out = self._leaves(origin)
                here = (piece.start, piece.start)
                self._edit(self._reel(origin.clip), "C", 0, (out, out), here, self._source_drops(origin.clip))
            kind = code_of(piece.joint)
            self._edit(reel, kind, piece.fade_in, span, record, is_drop, is_new=False)
        else:
            self._edit(reel, "C", 0, span, record, is_drop)
        self._comments(piece, reel, span, is_drop, free)
        if piece.fade_out:
            out = self._leaves(piece)
            self._edit(reel, "C", 0, (out, out), (piece.end, piece.end), is_drop)
            last = piece.end + piece.fade_out
            kind = code_of(piece.leaving)
            self._edit(_BLACK, kind, piece.fade_out, (0, piece.fade_out), (piece.end, last), is_new=False)
            if piece.leaving is not None:
                self._note(f"* EFFECT NAME: {self._line(piece.leaving.name, piece.clip)}")
            self._note(f"* FROM CLIP NAME:  {self._name(clip)}")

    def _edit(
        self,
        reel: str,
        kind: str,
        frames: int,
        source: tuple[int, int],
        record: tuple[int, int],
        is_drop: bool | None = None,
        is_new: bool = True,
    ) -> None:
        """One line of an edit; source in frames of its own timecode, record in frames of the timeline."""
        drops = self.is_drop if is_drop is None else is_drop
        if drops != self.is_drop_now:
            # An FCM line among the edits is of the sources below it [file: finalcut7/black_slug_fcp.edl].
            self.lines.append((0, f"FCM: {'DROP FRAME' if drops else 'NON-DROP FRAME'}"))
            self.is_drop_now = drops
        self.number += is_new
        length = f"{frames:03d}" if frames else "   "
        times = [self._timecode(frame, drops) for frame in source]
        times += [self._timecode(frame + self.timeline.start_frame, self.is_drop) for frame in record]
        line = f"{reel:<8} {self._channels():<5} {kind:<4} {length} {' '.join(times)}"
        self.lines.append((self.number, line))
        if self.track.channels > 2:
            self._note("AUD  3" if self.track.channels == 3 else "AUD  3    4")

    def _note(self, line: str) -> None:
        self.lines.append((0, line))

    def _timecode(self, frame: int, is_drop: bool) -> str:
        """Timecode begins again after 24 hours."""
        return format_timecode(frame % self.days[is_drop], self.rate, is_drop)

    def _channels(self) -> str:
        if self.track.kind is TrackKind.VIDEO:
            return "V"
        return "A" if self.track.channels == 1 else "AA"

    def _source_drops(self, clip: Clip) -> bool:
        """Whether a source's timecode drops frames: sound has none of its own and is counted as the list."""
        media = clip.media
        if media is None or media.rate is None or nominal_rate(media.rate) != nominal_rate(self.rate):
            return self.is_drop
        return media.drop_frame and dropped_per_minute(self.rate) > 0

    def _source(self, piece: Piece, start: int, end: int) -> tuple[int, int]:
        """First and last source frame, the lower first, of a stretch of a clip."""
        clip = piece.clip
        head = self._source_frame(piece, start)
        if clip.speed == 0:
            return head, head + 1
        used = nearest_frame((end - start) * abs(clip.speed), Fraction(1))
        span = (head - used, head) if clip.speed < 0 else (head, head + used)
        if span[0] < 0:
            self.losses.add(
                Feature.TIME, clip, "its source begins before timecode 0, written as of the day before"
            )
        if span[1] >= self.days[self._source_drops(clip)]:
            self.losses.add(Feature.TIME, clip, "its source passes 24 hours, where timecode begins again")
        return span

    def _source_frame(self, piece: Piece, record: int) -> int:
        clip = piece.clip
        return self._base(clip) + nearest_frame((record - piece.first) * clip.speed, Fraction(1))

    def _base(self, clip: Clip) -> int:
        """The source frame at a clip's head: in a list of 24 and a file of 23.976, the file's own."""
        media = clip.media
        if (
            media is not None
            and media.rate is not None
            and nominal_rate(media.rate) == nominal_rate(self.rate)
        ):
            return nearest_frame(clip.media_in, media.rate)
        return nearest_frame(clip.media_in, self.rate)

    def _leaves(self, piece: Piece) -> int:
        """The source frame at which a clip is left."""
        return max(0, self._source_frame(piece, piece.end))

    def _reel(self, clip: Clip) -> str:
        if isinstance(clip.content, Generator):
            kind = clip.content.kind.lower()
            return _BLACK if kind == "black" else BARS_REEL if "bars" in kind else FILE_REEL
        for kept in clip.kept:
            if kept.format == FORMAT.name and kept.label == "reel" and _REEL.fullmatch(kept.text):
                return kept.text
        return FILE_REEL

    def _line(self, text: str, clip: Clip) -> str:
        line, is_whole = one_line(text)
        if not is_whole:
            self.losses.add(Feature.NAME, clip, f"“{line}” written for {text!r}")
        return line

    def _name(self, clip: Clip) -> str:
        return one_line(clip.name or (clip.media.name if clip.media else clip.content.name))[0]

    def _comments(
        self, piece: Piece, reel: str, span: tuple[int, int], is_drop: bool, free: list[Marker]
    ) -> None:
        """Everything that stands below an edit."""
        clip = piece.clip
        way = "TO" if piece.fade_in else "FROM"
        if piece.joint is not None:
            self._note(f"* EFFECT NAME: {self._line(piece.joint.name, clip)}")
        if piece.origin is not None:
            self._note(f"* FROM CLIP NAME:  {self._name(piece.origin.clip)}")
        self._line(clip.name, clip)
        self._note(f"* {way} CLIP NAME:  {self._name(clip)}")
        if isinstance(clip.content, Generator):
            self.losses.add(
                Feature.GENERATOR, clip, f"{clip.content.kind or 'generator'} written by its name alone"
            )
            if reel == FILE_REEL:
                self._note(f"* {way} CLIP IS A GENERATOR")  # [file: finalcut7/trailer.edl]
        elif clip.media is not None:
            self._media(clip, way)
        if clip.speed != 1:
            self._speed(clip, reel, span, is_drop)
        self._sound(piece, reel, span, is_drop)
        here = [(piece.first + marker.start * self.rate, marker) for marker in clip.markers]
        for marker in free:
            self.losses.add(Feature.MARKER, clip, f"marker “{marker.name}” written on it, not above it")
            here.append((marker.start * self.rate, marker))
        for at, marker in here:
            self._marker(clip, at, marker)
        for kept in clip.kept + (piece.joint.kept if piece.joint else ()):
            if kept.format == FORMAT.name and kept.label == "comment":
                self._note(one_line(kept.text)[0])

    def _media(self, clip: Clip, way: str) -> None:
        media = clip.media
        assert media is not None
        if media.rate is not None and media.rate != self.rate:
            message = f"its source, at {format_rate(media.rate)} fps, counted at {format_rate(self.rate)}"
            self.losses.add(Feature.RATE, clip, message)
        end = clip.media_start + clip.duration * abs(clip.speed)
        frame = 1 / self.rate
        if clip.media_start < media.start - frame or (media.end is not None and end > media.end + frame):
            self.losses.add(Feature.MEDIA, clip, "uses more than its media has")
        if media.name:
            self._note(f"* SOURCE FILE: {self._line(media.name, clip)}")
        if media.sequence is not None:
            self.losses.add(Feature.MEDIA, clip, "numbers of its image sequence not written")
        if media.path:
            self._note(f"* {way} CLIP: {self._line(media.path, clip)}")

    def _speed(self, clip: Clip, reel: str, span: tuple[int, int], is_drop: bool) -> None:
        """``M2`` names the source frame at which the machine begins to play: backwards, the last."""
        frames = speed_frames(clip.speed, self.rate)
        if speed_of(frames, self.rate) != clip.speed:
            self.losses.add(Feature.SPEED, clip, f"speed of {float(clip.speed):g} written as {frames} fps")
        begins = self._timecode(span[1] if clip.speed < 0 else span[0], is_drop)
        self._note(f"M2   {reel:<8}       {frames}                {begins}")
        if clip.speed == 0:
            self._note("* * FREEZE FRAME")

    def _sound(self, piece: Piece, reel: str, span: tuple[int, int], is_drop: bool) -> None:
        """Gain and source channels."""
        clip, mix = piece.clip, piece.clip.mix
        if self.track.kind is TrackKind.VIDEO:
            if mix.gain_db or mix.keys:
                self.losses.add(Feature.GAIN, clip, "gain of its sound not written: the list is of picture")
            return
        if clip.channels and clip.channels != tuple(range(self.track.channels)):
            for to, channel in enumerate(clip.channels[:_MOST_CHANNELS], 1):
                self._note(f"* PATCH {reel}:  FROM SOURCE {channel + 1} TO RECORD {to}")
        if not mix.keys:
            if mix.gain_db:
                self._level(clip, span[0], mix.gain_db, reel, is_drop)
            return
        if clip.speed <= 0:
            self.losses.add(Feature.GAIN, clip, f"{len(mix.keys)} gain key frames not written")
            return
        base = self._base(clip)
        for key in mix.keys:
            frame = base + nearest_frame(key.at * clip.speed, self.rate)
            if abs((frame - base) / self.rate / clip.speed - key.at) * SAMPLE_RATE_HZ >= 1:
                self.losses.add(Feature.GAIN, clip, "gain key frame moved to the nearest frame")
            if frame < 0:
                self.losses.add(
                    Feature.GAIN, clip, "gain key frame before its source's first frame not written"
                )
            else:
                self._level(clip, frame, key.gain_db, reel, is_drop)

    def _level(self, clip: Clip, frame: int, gain_db: float, reel: str, is_drop: bool) -> None:
        level = f"{gain_db:+.2f}"
        if float(level) != gain_db:
            self.losses.add(Feature.GAIN, clip, f"gain of {gain_db:g} dB written as {level} dB")
        self._note(f"* AUDIO LEVEL AT {self._timecode(frame, is_drop)} IS {level} DB  (REEL {reel} A1)")

    def _marker(self, clip: Clip, at: Fraction, marker: Marker) -> None:
        """A locator, at record timecode [file: ``avid/SR_010-cr-lineends.edl``]."""
        text = marker.name
        frame = nearest_frame(at, Fraction(1))
        if marker.comment:
            text = f"{text}: {marker.comment}" if text else marker.comment
            self.losses.add(Feature.MARKER, clip, f"marker “{marker.name}”: name and comment written as one")
        if marker.duration:
            self.losses.add(Feature.MARKER, clip, f"marker “{marker.name}”: its length not written")
        if marker.color not in COLORS or abs(at - frame) / self.rate * SAMPLE_RATE_HZ >= 1:
            self.losses.add(
                Feature.MARKER, clip, f"marker “{marker.name}”: written in {DEFAULT_COLOR}, on a frame"
            )
        color = marker.color if marker.color in COLORS else DEFAULT_COLOR
        here = self._timecode(frame + self.timeline.start_frame, self.is_drop)
        self._note(f"* LOC: {here} {color:<7} {self._line(text, clip)}".rstrip())


def one_line(text: str) -> tuple[str, bool]:
    """A text that stays on its line, and whether it is the same."""
    line = _NOT_ONE_LINE.sub("\ufffd", text).strip()
    return line, line == text
