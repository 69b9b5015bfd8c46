"""A timeline as a picture worth sending: pages of it below each other, and a legend."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby
from pathlib import Path

from avm_otio.formats.format import Files, Target
from avm_otio.formats.svg import clips, layout
from avm_otio.formats.svg.layout import FLAG, GAP, LEFT, MARGIN, WIDTH, Label, Page, Row, numbered
from avm_otio.formats.svg.legend import legend_drawn, legend_height
from avm_otio.formats.svg.theme import FONT, style
from avm_otio.formats.svg.words import fitted, shortened, text, title, width
from avm_otio.timeline.counted import counted
from avm_otio.timeline.drawings import Drawings
from avm_otio.timeline.features import Loss
from avm_otio.timeline.limits import refuse_empty
from avm_otio.timeline.model import Stem, Timeline, Track, TrackKind
from avm_otio.timeline.time import dropped_per_minute, format_rate, nominal_rate

_HEAD = 66
_HATCH = (
    "<defs><pattern id='off' width='6' height='6' patternUnits='userSpaceOnUse' "
    "patternTransform='rotate(45)'><rect width='6' height='6' class='p1'/>"
    "<rect width='2' height='6' class='p2'/></pattern></defs>"
)
"""Hatching for what is there and not heard or seen."""

_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200)
_RULER_LABEL = 66
"""Room that a timecode takes on the ruler."""
_LEAST_GAP = 6
"""Pixels from which on a hole in the music is shown."""


@dataclass(frozen=True, slots=True)
class Panel:
    """One timeline in a picture.

    Attributes:
        title: What stands above it.
        timeline: The timeline.
        drawings: What of its media is shown; ``None`` for plain boxes.
    """

    title: str
    timeline: Timeline
    drawings: Drawings | None = None


def write(timeline: Timeline, target: Target) -> tuple[Files, tuple[Loss, ...]]:
    """A timeline as a picture, which leaves nothing to be reported.

    Raises:
        TimelineError: It is empty.
    """
    panel = Panel(timeline.name or target.path.stem, timeline, target.drawings)
    is_image = target.path.suffix.lower() == ".png"
    theme = "light" if is_image and target.theme == "auto" else target.theme
    drawn = draw([panel], theme=theme, prices=target.prices)
    if not is_image:
        return {target.path: drawn}, ()

    def save(path: Path) -> None:
        from avm_otio.formats.svg.raster import as_png

        path.write_bytes(as_png(drawn))

    return {target.path: save}, ()


def draw(
    panels: Sequence[Panel], label_of: Label = numbered, *, theme: str = "auto", prices: bool = False
) -> str:
    """Timelines below one another on one scale, each with its title, as SVG text.

    Args:
        panels: The timelines.
        label_of: What a track is called; see ``layout.numbered``.
        theme: ``light``, ``dark``, or ``auto``: as whoever looks at it has it.
        prices: Whether prices are shown.

    Raises:
        TimelineError: One of them is empty.
    """
    for panel in panels:
        refuse_empty(panel.timeline)
    panels = [Panel(panel.title, counted(panel.timeline), panel.drawings) for panel in panels]
    length = layout.page_length(max(panel.timeline.duration for panel in panels))
    parts: list[str] = []
    legend: dict[str, str] = {}
    y = 0.0
    for panel in panels:
        drawing = _Drawing(panel, label_of, length, prices)
        parts += drawing.drawn(y)
        legend |= drawing.legend
        y += drawing.height
    parts += legend_drawn(legend, y)
    height = round(y + legend_height(legend) + 8)
    size = f"viewBox='0 0 {WIDTH} {height}' width='{WIDTH}' height='{height}'"
    names = "xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink'"
    ground = f"<rect width='{WIDTH}' height='{height}' rx='8' class='ground'/>"
    return f"<svg {names} {size} {FONT}><style>{style(theme)}</style>{_HATCH}{ground}{''.join(parts)}</svg>\n"


class _Drawing:
    """One timeline as it is drawn.

    Attributes:
        legend: What of the signs that are used is to be explained: sign and word.
    """

    def __init__(self, panel: Panel, label_of: Label, page_length: Fraction, prices: bool) -> None:
        self._panel, self._timeline, self._prices = panel, panel.timeline, prices
        self._rows = layout.rows(panel.timeline, label_of, is_tall=panel.drawings is not None)
        self._pages = list(layout.pages(panel.timeline.duration, page_length))
        self._gaps = _gaps(panel.timeline, self._rows)
        self.legend: dict[str, str] = {}

    @property
    def height(self) -> float:
        """How tall it is, in pixels."""
        return _HEAD + len(self._pages) * layout.page_height(self._timeline, self._rows)

    def drawn(self, y: float) -> Iterator[str]:
        """The whole of it, ``y`` pixels from the top."""
        head = fitted(self._panel.title or "Timeline", WIDTH - 2 * MARGIN, 19, bold=True)
        yield text(MARGIN, y + 34, head, 19, "t h")
        yield text(MARGIN, y + 54, self._about(), 11.5, "s")
        for number, page in enumerate(self._pages, 1):
            top = y + _HEAD + (number - 1) * layout.page_height(self._timeline, self._rows)
            yield from self._page(page, number, top)

    def _about(self) -> str:
        timeline = self._timeline
        first, last = timeline.timecode(Fraction(0)), timeline.timecode(timeline.duration)
        parts = [f"{first} to {last}", f"{format_rate(timeline.rate)} fps"]
        for stem, name in ((Stem.MUSIC, "music"), (Stem.EFFECTS, "effects"), (Stem.DIALOGUE, "dialogue")):
            laid = [row for row in self._rows if row.stem is stem and row.track.enabled]
            count = sum(_pieces(row.track, stem) for row in laid)
            if count:
                parts.append(f"{count} {name}")
        if any(row.stem is Stem.MUSIC and not row.is_spare for row in self._rows):
            start, end = _asked(timeline)
            silent = sum(((stop - begin) for begin, stop in self._gaps), Fraction(0))
            share = round(100 * (1 - silent / max(end - start, Fraction(1, 1000))))
            share = min(share, 99) if silent else share
            parts.append(f"music covers {share} %")
        return " · ".join(parts)

    def _page(self, page: Page, number: int, top: float) -> Iterator[str]:
        timeline, rows, drawings = self._timeline, self._rows, self._panel.drawings
        lanes = top + layout.head_height(timeline)
        tops = layout.tops(rows, lanes)
        if len(self._pages) > 1:
            yield text(MARGIN, top + 14, f"{number} of {len(self._pages)}", 11, "s h")
        right = page.x(page.end)
        for row, y in zip(rows, tops, strict=False):
            yield f"<rect x='{LEFT}' y='{y}' width='{right - LEFT:.1f}' height='{row.height}' class='lane'/>"
        for at, label in _ticks(timeline, page):
            x = page.x(at)
            yield f"<line x1='{x:.1f}' y1='{top + 5}' x2='{x:.1f}' y2='{tops[-1] - GAP}' class='tick'/>"
            if x + _RULER_LABEL < WIDTH:
                yield text(x + 4, top + 14, label, 10, "s")
        yield from self._marker_names(page, lanes - 15)
        laid = [clips.blocks(row, page, timeline.rate, drawings) for row in rows]
        for row, y, blocks in zip(rows, tops, laid, strict=False):
            yield from self._track_name(row, y)
            yield f"<g class='{row.style}'>"
            for block in blocks:
                yield clips.box(block, y, row, timeline, self._prices)
            yield "</g>"
        yield from self._speech(page, tops)
        yield from self._silence(page, tops)
        for row, y, blocks in zip(rows, tops, laid, strict=False):
            yield f"<g class='{row.style}'>"
            yield from self._inside(row, y, blocks, page)
            yield "</g>"

    def _inside(self, row: Row, y: float, blocks: list[clips.Block], page: Page) -> Iterator[str]:
        """What is drawn on the clips of a track."""
        drawings, is_video = self._panel.drawings, row.track.kind is TrackKind.VIDEO
        for block in blocks:
            if is_video:
                yield from clips.picture(block, page, y, row)
            else:
                yield from clips.sound(block, page, y, row, drawings)
            self._explain(row, block, page)
        for transition in row.track.transitions:
            crossed = clips.crossing(transition, page, y, row)
            if crossed:
                self.legend["cross"] = "crossfade"
                yield crossed
        yield from clips.names(blocks, page.x(page.end), y, row, self._prices)
        for block in blocks:
            yield from clips.markers(block, page, y - FLAG, row.track)
        yield from clips.flags([(marker.start, marker) for marker in row.track.markers], page, y - FLAG)

    def _explain(self, row: Row, block: clips.Block, page: Page) -> None:
        names = {"v": "picture", "a": "sound of the cut", "m": "music", "e": "effects", "d": "clean dialogue"}
        if block.look.is_missing:
            self.legend["gone"] = "media missing"
        elif not block.is_on:
            self.legend["off"] = "switched off"
        else:
            self.legend[row.style] = names[row.style]
        if row.track.kind is TrackKind.AUDIO and clips.has_line(block, page):
            self.legend["gain"] = "gain and fades"
            if block.look.peaks:
                self.legend["ghost"] = "pale: before gain and fades"

    def _track_name(self, row: Row, y: float) -> Iterator[str]:
        is_ours = row.stem is not None and not row.is_spare
        look = "t h" if is_ours else "s" if row.is_spare else "t"
        room = LEFT - MARGIN - 22
        shown = shortened(row.label, room, 11.5, bold=is_ours)
        base = y + (row.height / 2 if row.height < 40 else 20) + 4
        yield f"<g class='{row.style}'><rect x='{MARGIN}' y='{y}' width='3' height='{row.height}' rx='1.5' "
        yield f"class='{'p2' if row.is_spare else 'w'}'/></g>"
        yield text(MARGIN + 11, base, shown, 11.5, look)

    def _marker_names(self, page: Page, y: float) -> Iterator[str]:
        """The timeline's markers, each with its name where there is room before the next."""
        markers = sorted(
            (marker for marker in self._timeline.markers if page.start <= marker.start <= page.end),
            key=lambda marker: marker.start,
        )
        for number, marker in enumerate(markers):
            x = page.x(marker.start)
            after = page.x(markers[number + 1].start) - 8 if number + 1 < len(markers) else WIDTH - 4.0
            yield clips.flag(x, y, marker, clips.about_marker(marker))
            shown = fitted(marker.name, after - x - 7, 10)
            if shown:
                yield text(x + 7, y + 8, shown, 10, "t")

    def _speech(self, page: Page, tops: list[float]) -> Iterator[str]:
        """Where people speak, over the tracks on which they do; where there is none, over all sound."""
        sounds = [
            (row, y)
            for row, y in zip(self._rows, tops, strict=False)
            if row.track.kind is TrackKind.AUDIO and not row.is_spare
        ]
        spoken = [(row, y) for row, y in sounds if row.style in ("a", "d")]
        spans = () if self._panel.drawings is None else self._panel.drawings.speech
        for start, end in spans:
            edges = page.within(start, end)
            if edges is None:
                continue
            self.legend["speech"] = "speech"
            for row, y in spoken or sounds:
                wide = max(edges[1] - edges[0], 0.5)
                place = f"x='{edges[0]:.1f}' y='{y}' width='{wide:.1f}' height='{row.height}'"
                yield f"<rect {place} class='speech'/>"

    def _silence(self, page: Page, tops: list[float]) -> Iterator[str]:
        """Where there is no music, on the first track of it."""
        for row, y in zip(self._rows, tops, strict=False):
            if row.stem is not Stem.MUSIC or row.is_spare:
                continue
            for start, end in self._gaps:
                edges = page.within(start, end)
                if edges is None or edges[1] - edges[0] < _LEAST_GAP:
                    continue
                self.legend["none"] = "no music"
                left, wide = edges[0] + 1, edges[1] - edges[0] - 2
                place = f"x='{left:.1f}' y='{y + 1}' width='{wide:.1f}' height='{row.height - 2}' rx='3'"
                words = f"no music · {_spoken(end - start)}"
                yield f"<rect {place} class='none'>{title(words)}</rect>"
                for each in (words, "no music"):
                    if width(each, 10.5) < wide - 8:
                        yield text(left + wide / 2, y + row.height / 2 + 4, each, 10.5, "s", anchor="middle")
                        break
            return


def _ticks(timeline: Timeline, page: Page) -> Iterator[tuple[Fraction, str]]:
    """Record seconds of whole seconds of timecode, as far apart as their labels need, with their labels."""
    rate, nominal = timeline.rate, nominal_rate(timeline.rate)
    dropped = dropped_per_minute(rate) if timeline.drop_frame else 0
    step = next((step for step in _STEPS_S if step * page.scale >= 84), _STEPS_S[-1])
    hours, minutes, seconds, _ = (int(part) for part in re.split("[:;]", timeline.timecode(page.start)))
    second = -(-((hours * 60 + minutes) * 60 + seconds) // step) * step
    while True:
        minute = second // 60
        skipped = dropped if second % 60 == 0 and minute % 10 else 0
        frame = second * nominal + skipped - dropped * (minute - minute // 10) - timeline.start_frame
        at = frame / rate
        if frame > timeline.frames or at > page.end:
            return
        if at >= page.start:
            yield at, timeline.timecode(at)
        second += step


def _asked(timeline: Timeline) -> tuple[Fraction, Fraction]:
    """The stretch of a timeline that was scored, as far as it says; else all of it."""
    origin = timeline.origin or {}
    try:
        start, end = Fraction(origin["record_start"]), Fraction(origin["record_end"])
    except (KeyError, ValueError, TypeError, ZeroDivisionError):
        return Fraction(0), timeline.duration
    return (start, end) if 0 <= start < end <= timeline.duration else (Fraction(0), timeline.duration)


def _gaps(timeline: Timeline, rows: Sequence[Row]) -> list[tuple[Fraction, Fraction]]:
    """Where there is no music, though there is some elsewhere, by a frame and more."""
    start, end = _asked(timeline)
    covered = sorted(
        clips.lies(clip, timeline.rate)
        for row in rows
        if row.stem is Stem.MUSIC and row.track.enabled
        for clip in row.track.clips
        if clip.enabled
    )
    if not covered:
        return []
    gaps = []
    reached = start
    for first, last in [*covered, (end, end)]:
        if first - reached >= 1 / timeline.rate:
            gaps.append((reached, min(first, end)))
        reached = max(reached, last)
    return [(first, last) for first, last in gaps if first < last]


def _spoken(seconds: Fraction) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return (
        f"{minutes} min {rest:02d} s"
        if minutes
        else f"{float(seconds):.1f} s"
        if seconds < 10
        else f"{rest} s"
    )


def _pieces(track: Track, stem: Stem) -> int:
    """How many sounds lie on a track; the clips of one piece of music, which follow each other, are one."""
    clips = [clip for clip in track.clips if clip.enabled]
    if stem is not Stem.MUSIC:
        return len(clips)
    return sum(1 for _ in groupby(clip.media and clip.media.path for clip in clips))
