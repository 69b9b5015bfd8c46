"""What lies on a track, drawn: boxes, waveforms, thumbnails, gain lines, names, crossfades, markers."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from avm_otio.formats.svg.layout import BAR, FLAG, Page, Row, shown_markers
from avm_otio.formats.svg.levels import Levels, depth_of, height_of
from avm_otio.formats.svg.theme import FLAGS
from avm_otio.formats.svg.words import fitted, text, title, width
from avm_otio.timeline.drawings import Drawings, Look
from avm_otio.timeline.model import Clip, Marker, Stem, Timeline, Track, Transition
from avm_otio.words import priced

_NAME = 10.5
"""Size of a clip's name."""
_FINE = 10
"""Of a waveform: units a pixel."""
_SILENCE = 3
"""How tall silence is drawn, in those units: a thin line."""
_GHOST = 0.06
"""By which part of its amplitude a sound must be turned down for its file to be drawn behind it."""
_LEAST_BOX = 1.5
_ENOUGH = 14
"""Letters of a name that tell a clip from its neighbours: a longer rest may be cut off."""
_NEAR = 3
"""Pixels below which a fade cannot be seen."""
_NARROW = 4
"""Pixels below which a crossfade is a band and no cross."""
_ROOM = 32
"""Pixels of a clip that shows some of its name on itself."""
_LONGEST = 110
"""Pixels of a name that stands on its neighbours."""
_DOT = 9
"""Pixels of a clip for each key frame that is drawn as a dot."""
_MOST_FLAGS = 40
"""On one clip or track: of more, such as every bar of a piece, those are left out that would touch."""


@dataclass(frozen=True, slots=True)
class Block:
    """A clip as it is drawn on one page.

    Attributes:
        clip: The clip.
        look: What of its media is drawn.
        start: Where it begins, record time.
        end: Where it ends.
        left: Where it begins on this page, in pixels.
        right: Where it ends on this page.
        is_on: Whether it is seen or heard.
    """

    clip: Clip
    look: Look
    start: Fraction
    end: Fraction
    left: float
    right: float
    is_on: bool

    @property
    def room(self) -> float:
        """How wide it is on this page, in pixels."""
        return max(self.right - self.left - 1, _LEAST_BOX)


def blocks(row: Row, page: Page, rate: Fraction, drawings: Drawings | None) -> list[Block]:
    """The clips of a track that lie on a page, in order."""
    looks = {} if drawings is None else drawings.looks
    found = []
    for number, clip in enumerate(row.track.clips):
        start, end = lies(clip, rate)
        edges = page.within(start, end)
        if edges is not None:
            is_on = clip.enabled and row.track.enabled
            found.append(Block(clip, looks.get((row.index, number), Look()), start, end, *edges, is_on))
    return found


def lies(clip: Clip, rate: Fraction) -> tuple[Fraction, Fraction]:
    """From and to where a clip is shown: one of ours on whole frames, as editors get it."""
    if clip.stem:
        first, last = clip.frames(rate)
        return first / rate, last / rate
    return clip.laid or (clip.start, clip.end)


def box(block: Block, y: float, row: Row, timeline: Timeline, prices: bool) -> str:
    """The ground of a clip, with what the pointer is told of it."""
    style = "gone" if block.look.is_missing else "b" if block.is_on else "off"
    look = "fill='url(#off)'" if style == "off" else f"class='{style}'"
    place = f"x='{block.left:.1f}' y='{y:.1f}' width='{block.room:.1f}' height='{row.height}'"
    return f"<rect {place} rx='3' {look}>{title(_about(block, timeline, prices))}</rect>"


def picture(block: Block, page: Page, y: float, row: Row) -> Iterator[str]:
    """The thumbnails of a clip, from its head on."""
    top, tall = y + BAR, row.height - BAR - 1.5
    for each in block.look.thumbnails:
        edges = page.within(each.start, each.end)
        if edges is None:
            continue
        left, right = edges
        wide = max(right - left - 1.5, 1)
        data = base64.b64encode(each.jpeg).decode("ascii")
        yield (
            f"<rect x='{left + 0.5:.1f}' y='{top:.1f}' width='{wide:.1f}' height='{tall:.1f}' class='strip'/>"
            f"<image x='{left + 0.5:.1f}' y='{top:.1f}' width='{wide:.1f}' height='{tall:.1f}' "
            f"preserveAspectRatio='xMidYMid slice' xlink:href='data:image/jpeg;base64,{data}'/>"
        )


def sound(block: Block, page: Page, y: float, row: Row, drawings: Drawings | None) -> Iterator[str]:
    """The waveform of a clip as it plays, what its file has behind it, and its gain as a line."""
    levels = Levels(block.clip.mix, block.end - block.start)
    top = y + BAR if row.is_tall else y
    tall = row.height - BAR - 2 if row.is_tall else row.height
    if drawings is not None and block.look.peaks and block.is_on:
        yield from _wave(block, page, top, tall, float(drawings.step), levels)
    if has_line(block, page):
        yield from _line(block, page, top, tall, levels)


def has_line(block: Block, page: Page) -> bool:
    """Whether the gain of a clip of sound is drawn."""
    levels = Levels(block.clip.mix, block.end - block.start)
    return block.is_on and levels.is_seen(_NEAR / page.scale)


def _wave(block: Block, page: Page, top: float, tall: float, step: float, levels: Levels) -> Iterator[str]:
    head = page.x(block.start)
    column = step * page.scale
    first = max(0, math.floor((block.left - head) / column + 1e-6))
    last = math.floor((block.left + block.room - head) / column + 1e-6)  # none reaches into the next clip
    last = min(len(block.look.peaks), max(last, first + 1))
    peaks = block.look.peaks[first:last]
    if not peaks:
        return
    heard = [peak * levels.factor((number + 0.5) * step) for number, peak in enumerate(peaks, first)]
    place = (
        f"transform='translate({head + first * column:.2f} {top + tall / 2:.1f}) "
        f"scale({column:.4g} {1 / _FINE:g})'"
    )
    if not levels.is_flat and any(peak - now > _GHOST * peak for peak, now in zip(peaks, heard, strict=True)):
        yield f"<path class='g' {place} d='{_outline(peaks, tall)}'/>"
    yield f"<path class='w' {place} d='{_outline(heard, tall)}'/>"


def _outline(amplitudes: tuple[float, ...] | list[float], tall: float) -> str:
    """A waveform around its middle line: along its top, and back along its foot."""
    half = tall / 2 * _FINE
    heights = [max(_SILENCE, round(height_of(amplitude) * half)) for amplitude in amplitudes]
    heights += heights[-1:]  # the last column is as wide as the others
    over = [f"1{now - before:+d}" for before, now in zip(heights[1:], heights, strict=False)]
    back = [f"-1{before - now:+d}" for before, now in zip(heights[-2::-1], heights[:0:-1], strict=True)]
    parts = [f"M0-{heights[0]}l", " ".join(over), f"V{heights[-1]}l", " ".join(back), "z"]
    return "".join(parts).replace("+", " ")


def _line(block: Block, page: Page, top: float, tall: float, levels: Levels) -> Iterator[str]:
    first = float(max(block.start, page.start) - block.start)
    last = float(min(block.end, page.end) - block.start)
    head = page.x(block.start)

    def place(point: tuple[float, float]) -> tuple[float, float]:
        time, gain_db = point
        return head + time * page.scale, top + 1 + depth_of(gain_db) * (tall - 2)

    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in map(place, levels.line(first, last)))
    yield f"<polyline class='l' points='{points}'/>"
    dots = [place(key) for key in levels.keys(first, last)]
    if len(dots) * _DOT <= block.room:  # more would be a smear, and the line bends where they are
        yield from (f"<circle class='k' cx='{x:.1f}' cy='{y:.1f}' r='2'/>" for x, y in dots)


def names(blocks: list[Block], end: float, y: float, row: Row, prices: bool) -> Iterator[str]:
    """The names of the clips of a track, each on its clip where it fits.

    Else beside it, where there is room, or over its neighbours: as many as do not touch, for where a page
    holds many short clips, some names say more than none. Of the cut's own sound the picture says them.

    Args:
        blocks: The clips, in order.
        end: Where the track ends on this page, in pixels.
        y: The top of the track.
        row: The track.
        prices: Whether prices are shown.
    """
    base = y + (11.5 if row.is_tall else row.height / 2 + 3.8)
    free = -math.inf
    for number, block in enumerate(blocks):
        after = blocks[number + 1].left if number + 1 < len(blocks) else end
        label, aside = f"{block.clip.name}{_speed(block.clip)}", _aside(block, prices)
        style = "lost" if block.look.is_missing else "n" if block.is_on else "s"
        room = block.room - 10
        shown = fitted(label, room - (width(aside, _NAME) + 8 if aside else 0), _NAME)
        if shown and aside and block.left >= free:
            yield text(block.left + block.room - 5, base, aside, _NAME, style, anchor="end")
        shown = shown or fitted(label, room, _NAME)
        if block.left < free:
            continue
        if shown == label or len(shown) >= _ENOUGH:
            yield text(block.left + 5, base, shown, _NAME, style)
            continue
        beside = "" if row.stem is Stem.MUSIC else fitted(label, after - block.right - 6, _NAME)
        if len(beside) > max(3, len(shown) + 3):
            yield text(block.right + 3, base, beside, _NAME, "s")
            free = block.right + 6 + width(beside, _NAME)
        elif len(shown) > 3:
            yield text(block.left + 5, base, shown, _NAME, style)
        elif row.is_tall and row.style != "a" and not block.look.is_missing:
            over = fitted(label, _free(blocks, number, end, row) - block.left - 6, _NAME)
            if len(over) > 3:
                yield text(block.left + 2, base, over, _NAME, style)
                free = block.left + 8 + width(over, _NAME)


def _free(blocks: list[Block], number: int, end: float, row: Row) -> float:
    """How far a clip's name may run over those after it, in pixels; no name runs into a hole in the music."""
    before = blocks[number]
    for block in blocks[number + 1 :]:
        if block.left > before.right + 1 and row.stem is Stem.MUSIC:
            end = before.right
        elif block.room > _ROOM:
            end = block.left
        else:
            before = block
            continue
        break
    return min(end, blocks[number].left + _LONGEST)


def _aside(block: Block, prices: bool) -> str:
    """What stands at the end of a clip."""
    if block.look.is_missing:
        return "missing"
    return " · ".join(filter(None, (_gain(block.clip), _price(block.clip) if prices else "")))


def flag(x: float, y: float, marker: Marker, words: str) -> str:
    """A marker: a triangle that points at its moment."""
    shape = f"M{x - 4:.1f} {y:.1f}L{x + 4:.1f} {y:.1f}L{x:.1f} {y + FLAG:.1f}Z"
    fill = FLAGS.get(marker.color)
    look = f"class='flag' fill='{fill}'" if fill else "class='flag s'"
    return f"<path d='{shape}' {look}>{title(words)}</path>"


def about_marker(marker: Marker) -> str:
    """What a marker says."""
    return ": ".join(filter(None, (marker.name, marker.comment)))


def markers(block: Block, page: Page, y: float, track: Track) -> Iterator[str]:
    """The markers on a clip that are shown."""
    placed = [(block.start + marker.start, marker) for marker in shown_markers(block.clip, track)]
    yield from flags([(at, marker) for at, marker in placed if at <= block.end], page, y)


def flags(placed: list[tuple[Fraction, Marker]], page: Page, y: float) -> Iterator[str]:
    """Markers at their record times; of many only so many as do not touch."""
    here = [(at, marker) for at, marker in placed if page.start <= at <= page.end]
    before = -math.inf
    for at, marker in here:
        x = page.x(at)
        if len(here) <= _MOST_FLAGS or x - before >= 9:
            yield flag(x, y, marker, about_marker(marker))
            before = x


def crossing(transition: Transition, page: Page, y: float, row: Row) -> str:
    """A transition: from where it begins to where it ends, crossed."""
    begin, stop = transition.at - transition.before, transition.at + transition.after
    if stop <= page.start or begin >= page.end:
        return ""
    x, end = max(page.x(begin), page.x(page.start)), min(page.x(stop), page.x(page.end))
    foot = y + row.height
    place = f"x='{x:.1f}' y='{y:.1f}' width='{max(end - x, 1):.1f}' height='{row.height}'"
    band = f"<rect {place} class='over'>{title(transition.name or 'Transition')}</rect>"
    if end - x < _NARROW:
        return band
    shape = f"M{x:.1f} {y:.1f}L{end:.1f} {foot:.1f}M{x:.1f} {foot:.1f}L{end:.1f} {y:.1f}"
    return f"{band}<path d='{shape}' class='cross'/>"


def _about(block: Block, timeline: Timeline, prices: bool) -> str:
    clip = block.clip
    parts = [
        f"{clip.name}{_speed(clip)}",
        f"{timeline.timecode(block.start)} to {timeline.timecode(block.end)}",
        _gain(clip),
        _price(clip) if prices else "",
        "missing" if block.look.is_missing else "" if block.is_on else "off",
    ]
    return " · ".join(filter(None, parts))


def _speed(clip: Clip) -> str:
    return "" if clip.speed == 1 else f" ({float(clip.speed) * 100:g} %)"


def _gain(clip: Clip) -> str:
    return f"{clip.mix.gain_db:+.3g} dB".replace("-", "\u2212") if clip.mix.gain_db else ""


def _price(clip: Clip) -> str:
    """What the item of a clip costs, as it was served."""
    offer = clip.offer
    if offer is None or not isinstance(offer.item, Mapping):
        return ""
    price = offer.item.get("price")
    return "" if price is None else priced(price, offer.currency)
