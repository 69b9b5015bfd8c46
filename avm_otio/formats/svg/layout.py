"""Where everything of a picture lies: pages of the timeline below each other, tracks on each of them.

A timeline of up to 20 minutes is one page. A longer one is cut into pages of a quarter of an hour or so, all
on one scale, so that a feature film stays readable: one file, as tall as it needs to be.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from avm_otio import services
from avm_otio.timeline.drawings import Wanted
from avm_otio.timeline.model import Clip, Marker, Stem, Timeline, Track, TrackKind

WIDTH = 1280
LEFT = 226
"""Where the tracks begin; their names stand before."""
RIGHT = 24
MARGIN = 20
LANE = WIDTH - LEFT - RIGHT

BAR = 15
"""Height of the line with a clip's name, above its waveform or its thumbnails."""
GAP = 4
FLAG = 7
"""How tall a marker is."""
_RULER = 24
_MARKERS = 16
_BETWEEN = 22
"""Between two pages."""

_LONGEST_PAGE_S = 20 * 60
_PAGE_S = 15 * 60
_ROUND_S = 30
_MOST_PAGES = 12

_MOST_COLUMNS = 200_000
"""Of all waveforms: at about 8 bytes each, half of what a picture may weigh."""
_SLOT = 82
"""Pixels of a thumbnail of 16:9 on a track."""
_LEAST = 22
"""Pixels below which a clip has no thumbnail."""
_LINES = 96
"""Lines of a thumbnail: twice as many as are shown, for fine screens."""

Label = Callable[[Track, int, int], str]
"""A track, its number among those of its kind, and its row from 0 at the top → what it is called."""


def numbered(track: Track, number: int, row: int) -> str:
    """A track as most editors call it: ``A2  Dialogue``.

    Args:
        track: The track.
        number: Its number among those of its kind.
        row: Its row, from 0 at the top.
    """
    label = f"{'V' if track.kind is TrackKind.VIDEO else 'A'}{number}"
    return track.name if track.name.startswith(label) else f"{label}  {track.name}".rstrip()


@dataclass(frozen=True, slots=True)
class Row:
    """One track as it is drawn.

    Attributes:
        track: The track.
        index: Its index among all tracks of the timeline.
        label: What it is called.
        stem: What it holds, of our own tracks.
        height: In pixels.
        above: Pixels that are kept free above it, where markers point at what lies on it.
        is_spare: Whether all on it is switched off.
    """

    track: Track
    index: int
    label: str
    stem: Stem | None
    height: int
    above: int
    is_spare: bool

    @property
    def style(self) -> str:
        """The class of its colours."""
        if self.stem is not None:
            return {Stem.MUSIC: "m", Stem.EFFECTS: "e", Stem.DIALOGUE: "d"}[self.stem]
        return "v" if self.track.kind is TrackKind.VIDEO else "a"

    @property
    def is_tall(self) -> bool:
        """Whether a clip's name has a line of its own."""
        return self.height > 40


@dataclass(frozen=True, slots=True)
class Page:
    """A stretch of the timeline that lies side by side.

    Attributes:
        start: Record time of its left edge.
        end: Where it ends: with the page, or with the timeline.
        scale: Pixels a second.
    """

    start: Fraction
    end: Fraction
    scale: float

    def x(self, at: Fraction) -> float:
        """Where a record time lies, in pixels from the left; outside of the page, too."""
        return LEFT + float(at - self.start) * self.scale

    def within(self, start: Fraction, end: Fraction) -> tuple[float, float] | None:
        """From where to where a stretch lies on this page, in pixels; ``None`` where none of it does."""
        if end <= self.start or start >= self.end:
            return None
        return self.x(max(start, self.start)), self.x(min(end, self.end))


def page_length(duration: Fraction) -> Fraction:
    """Seconds of a page for timelines of a duration."""
    if duration <= _LONGEST_PAGE_S:
        return max(duration, Fraction(1, 1000))
    count = min(math.ceil(duration / _PAGE_S), _MOST_PAGES)
    return Fraction(math.ceil(duration / count / _ROUND_S) * _ROUND_S)


def pages(duration: Fraction, length: Fraction) -> Iterator[Page]:
    """The pages of a timeline, ``length`` seconds each."""
    scale = LANE / float(length)
    for number in range(max(1, math.ceil(duration / length))):
        start = number * length
        yield Page(start, min(start + length, max(duration, length / LANE)), scale)


def wanted(timeline: Timeline) -> Wanted:
    """What of a timeline's media there is room for."""
    length = page_length(timeline.duration)
    second = length / LANE
    sounds = max(1, len(timeline.audio_tracks))
    columns = math.ceil(timeline.duration / second) * sounds
    return Wanted(
        step=second * max(1, math.ceil(columns / _MOST_COLUMNS)),
        page=length,
        slot=second * _SLOT,
        least=second * _LEAST,
        height=_LINES,
    )


def rows(timeline: Timeline, label_of: Label, *, is_tall: bool) -> list[Row]:
    """The tracks as an editor shows them: pictures from the top, then sound.

    Args:
        timeline: The timeline.
        label_of: What a track is called.
        is_tall: Whether there are waveforms and thumbnails to show.
    """
    number_of = {id(track): index for index, track in enumerate(timeline.tracks)}
    made = []
    videos = len(timeline.video_tracks)
    for row, track in enumerate((*reversed(timeline.video_tracks), *timeline.audio_tracks)):
        is_video = track.kind is TrackKind.VIDEO
        number = videos - row if is_video else row - videos + 1
        owner = services.owner_of_track(track.name)
        stem = track.stem or (Stem(owner.stem) if owner else None)
        is_spare = not track.enabled or not any(clip.enabled for clip in track.clips)
        height = 22 if is_spare else 34 if not is_tall else 62 if is_video else 48
        has_markers = track.markers or any(shown_markers(clip, track) for clip in track.clips)
        above = FLAG if has_markers else 0
        label = label_of(track, number, row)
        made.append(Row(track, number_of[id(track)], label, stem, height, above, is_spare))
    return made


def shown_markers(clip: Clip, track: Track) -> list[Marker]:
    """The markers on a clip, but for the one at the head of ours, which only says what it is."""
    is_ours = track.is_ours or clip.stem is not None
    return [marker for marker in clip.markers if marker.start > 0 or (marker.start == 0 and not is_ours)]


def tops(rows: Sequence[Row], top: float) -> list[float]:
    """Where each row begins, and where the last one ends, below ``top``."""
    found = []
    for row in rows:
        found.append(top + row.above)
        top = found[-1] + row.height + GAP
    return [*found, top]


def page_height(timeline: Timeline, rows: Sequence[Row]) -> float:
    """How tall a page is, with its ruler and what stands between it and the next."""
    return head_height(timeline) + sum(row.above + row.height + GAP for row in rows) + _BETWEEN


def head_height(timeline: Timeline) -> float:
    """How tall the ruler of a page is, with the names of markers where there are any."""
    return _RULER + (_MARKERS if timeline.markers else 0)
