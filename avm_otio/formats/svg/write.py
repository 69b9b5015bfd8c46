"""A timeline as a picture, for people who would rather look: ``-o cut.svg``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from xml.sax.saxutils import escape

from avm_otio import services
from avm_otio.formats.format import Files, Target
from avm_otio.timeline.counted import counted
from avm_otio.timeline.features import Loss
from avm_otio.timeline.limits import refuse_empty
from avm_otio.timeline.model import Stem, Timeline, Track, TrackKind

WIDTH = 1280
_LABELS = 220
_ROW = 34
_GAP = 5
_HEAD = 54
_RIGHT = 24
_FONT = "font-family='Inter,Segoe UI,Helvetica,Arial,Noto Sans,Noto Sans CJK TC,sans-serif'"
_LETTER = 6.7
"""Width of an average letter at 11 px, in pixels."""

_COLOURS = {
    TrackKind.VIDEO: "#5b7fb5",
    TrackKind.AUDIO: "#4f9d8b",
    Stem.MUSIC: "#9a6fc4",
    Stem.EFFECTS: "#d98a3d",
    Stem.DIALOGUE: "#3f9fbf",
}
_DISABLED = (
    "<defs><pattern id='off' width='6' height='6' patternUnits='userSpaceOnUse' "
    "patternTransform='rotate(45)'><rect width='6' height='6' fill='#3b4048'/>"
    "<rect width='2' height='6' fill='#565d68'/></pattern></defs>"
)
"""Hatching for what is there and not heard or seen."""

_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200)


@dataclass(frozen=True, slots=True)
class _Block:
    start: Fraction
    end: Fraction
    name: str
    enabled: bool


def write(timeline: Timeline, target: Target) -> tuple[Files, tuple[Loss, ...]]:
    """A timeline as a picture, which leaves nothing to be reported.

    Raises:
        TimelineError: It is empty.
    """
    return {target.path: draw([(timeline.name, timeline)])}, ()


def draw(timelines: Sequence[tuple[str, Timeline]]) -> str:
    """Timelines below one another on one scale, each with its title, as SVG text.

    Raises:
        TimelineError: One of them is empty.
    """
    for _, timeline in timelines:
        refuse_empty(timeline)
    timelines = [(title, counted(timeline)) for title, timeline in timelines]
    longest = max(timeline.duration for _, timeline in timelines)
    scale = (WIDTH - _LABELS - _RIGHT) / max(float(longest), 1e-6)
    parts: list[str] = []
    y = 0
    for title, timeline in timelines:
        parts += _panel(title, timeline, y, scale)
        y += _HEAD + (_ROW + _GAP) * len(timeline.tracks) + 18
    size = f"viewBox='0 0 {WIDTH} {y}' width='{WIDTH}' height='{y}'"
    ground = f"<rect width='{WIDTH}' height='{y}' rx='8' fill='#1e2127'/>"
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' {size} {_FONT}>{_DISABLED}{ground}{''.join(parts)}</svg>\n"
    )


def _panel(title: str, timeline: Timeline, top: int, scale: float) -> Iterator[str]:
    rate = timeline.rate
    yield _text(16, top + 24, title or "Timeline", 14, "#e8eaed", "600")
    height = _HEAD + (_ROW + _GAP) * len(timeline.tracks)
    step = next((step for step in _STEPS_S if step * scale >= 90), _STEPS_S[-1])
    for second in range(0, int(timeline.duration) + 1, step):
        x = _LABELS + second * scale
        yield f"<line x1='{x:.1f}' y1='{top + 38}' x2='{x:.1f}' y2='{top + height}' stroke='#343941'/>"
        yield _text(x + 4, top + 46, timeline.timecode(Fraction(second)), 10, "#8a919c")
    for row, track in enumerate((*reversed(timeline.video_tracks), *timeline.audio_tracks)):
        y = top + _HEAD + row * (_ROW + _GAP)
        is_video, videos = track.kind is TrackKind.VIDEO, len(timeline.video_tracks)
        number = videos - row if is_video else row - videos + 1
        owner = services.owner_of_track(track.name)
        ours = track.stem or (owner and Stem(owner.stem))
        colour = _COLOURS[ours or track.kind]
        label = f"{'V' if is_video else 'A'}{number}"
        label = track.name if track.name.startswith(label) else f"{label}  {track.name}".rstrip()
        yield _text(
            16,
            y + 21,
            _fit(label, _LABELS - 28, 7),
            12,
            "#e8eaed" if ours else "#b4bac4",
            "600" if ours else "400",
        )
        room = f"width='{WIDTH - _LABELS - _RIGHT}' height='{_ROW}'"
        yield f"<rect x='{_LABELS}' y='{y}' {room} fill='#262a31'/>"
        for block in _blocks(track, rate):
            yield from _drawn(block, y, scale, colour)


def _blocks(track: Track, rate: Fraction) -> Iterator[_Block]:
    for clip in track.clips:
        first, last = clip.frames(rate)
        start, end = (first / rate, last / rate) if clip.stem else clip.laid or (clip.start, clip.end)
        note = "" if clip.speed == 1 else f" ({float(clip.speed) * 100:g} %)"
        yield _Block(start, end, f"{clip.name}{note}", clip.enabled and track.enabled)


def _drawn(block: _Block, y: int, scale: float, colour: str) -> Iterator[str]:
    x = _LABELS + float(block.start) * scale
    width = max(float(block.end - block.start) * scale - 1, 1.5)
    fill = colour if block.enabled else "url(#off)"
    yield (
        f"<rect x='{x:.1f}' y='{y}' width='{width:.1f}' height='{_ROW}' rx='3' fill='{fill}'>"
        f"<title>{escape(block.name)}</title></rect>"
    )
    name = _fit(block.name, width - 10, _LETTER)
    if len(name) > 1:
        yield _text(x + 6, y + 21, name, 11, "#ffffff" if block.enabled else "#9aa1ac")


def _fit(text: str, width: float, letter: float) -> str:
    """As much of a text as fits; letters of East Asian scripts count double."""
    room = width / letter
    kept = ""
    for sign in text:
        room -= 2 if ord(sign) > 0x2E7F else 1
        if room < 0:
            return f"{kept[:-1]}…" if len(kept) > 1 else ""
        kept += sign
    return kept


def _text(x: float, y: float, text: str, size: int, colour: str, weight: str = "400") -> str:
    clean = "".join(sign for sign in text if sign.isprintable())
    return (
        f"<text x='{x:.1f}' y='{y}' font-size='{size}' fill='{colour}' font-weight='{weight}' "
        f"xml:space='preserve'>{escape(clean)}</text>"
    )
