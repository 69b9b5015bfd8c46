"""A timeline as a picture, for people who would rather look: ``-o cut.svg``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from avm_otio import services
from avm_otio.formats.format import Files, Target
from avm_otio.formats.xml import escaped
from avm_otio.text import one_line
from avm_otio.timeline.counted import counted
from avm_otio.timeline.features import Loss
from avm_otio.timeline.limits import refuse_empty
from avm_otio.timeline.model import Clip, Marker, Stem, Timeline, Track, TrackKind, Transition
from avm_otio.timeline.time import dropped_per_minute, nominal_rate

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
_FLAGS = {
    "RED": "#e0625a",
    "ORANGE": "#e8964a",
    "YELLOW": "#e8c84a",
    "GREEN": "#63c07a",
    "CYAN": "#5ac8d8",
    "BLUE": "#6a9af0",
    "PURPLE": "#a47ae0",
    "MAGENTA": "#e06ad0",
    "PINK": "#f0a0c0",
    "BLACK": "#60656e",
}
"""OTIO's colours of markers."""
_DISABLED = (
    "<defs><pattern id='off' width='6' height='6' patternUnits='userSpaceOnUse' "
    "patternTransform='rotate(45)'><rect width='6' height='6' fill='#3b4048'/>"
    "<rect width='2' height='6' fill='#565d68'/></pattern></defs>"
)
"""Hatching for what is there and not heard or seen."""

_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200)


_LETTER_OF_NAMES = 7
"""The same at 12 px."""
_RULER_LABEL = 66
"""Room that a timecode takes on the ruler."""

_LOUDEST_DB, _SOFTEST_DB = 12, -48
"""From the top to the foot of a clip, where its gain is drawn as a line."""


@dataclass(frozen=True, slots=True)
class _Block:
    """A clip as it is drawn: record seconds, and what stands on it."""

    start: Fraction
    end: Fraction
    name: str
    enabled: bool
    clip: Clip


def write(timeline: Timeline, target: Target) -> tuple[Files, tuple[Loss, ...]]:
    """A timeline as a picture, which leaves nothing to be reported.

    Raises:
        TimelineError: It is empty.
    """
    return {target.path: draw([(timeline.name, timeline)])}, ()


def numbered(track: Track, number: int, row: int) -> str:
    """A track as most editors call it: ``A2  Dialogue``.

    Args:
        track: The track.
        number: Its number among those of its kind.
        row: Its row, from 0 at the top.
    """
    label = f"{'V' if track.kind is TrackKind.VIDEO else 'A'}{number}"
    return track.name if track.name.startswith(label) else f"{label}  {track.name}".rstrip()


def draw(
    timelines: Sequence[tuple[str, Timeline]], label_of: Callable[[Track, int, int], str] = numbered
) -> str:
    """Timelines below one another on one scale, each with its title, as SVG text.

    Args:
        timelines: Each with its title.
        label_of: What a track is called; see ``numbered``.

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
        parts += _panel(title, timeline, y, scale, label_of)
        y += _HEAD + (_ROW + _GAP) * len(timeline.tracks) + 18
    size = f"viewBox='0 0 {WIDTH} {y}' width='{WIDTH}' height='{y}'"
    ground = f"<rect width='{WIDTH}' height='{y}' rx='8' fill='#1e2127'/>"
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' {size} {_FONT}>{_DISABLED}{ground}{''.join(parts)}</svg>\n"
    )


def _panel(
    title: str, timeline: Timeline, top: int, scale: float, label_of: Callable[[Track, int, int], str]
) -> Iterator[str]:
    rate = timeline.rate
    yield _text(16, top + 24, title or "Timeline", 14, "#e8eaed", "600")
    height = _HEAD + (_ROW + _GAP) * len(timeline.tracks)
    for at, label in _ticks(timeline, scale):
        x = _LABELS + float(at) * scale
        yield f"<line x1='{x:.1f}' y1='{top + 38}' x2='{x:.1f}' y2='{top + height}' stroke='#343941'/>"
        if x + _RULER_LABEL < WIDTH:
            yield _text(x + 4, top + 46, label, 10, "#8a919c")
    for marker in timeline.markers:
        yield _flag(_LABELS + float(marker.start) * scale, top + 29, marker)
    for row, track in enumerate((*reversed(timeline.video_tracks), *timeline.audio_tracks)):
        y = top + _HEAD + row * (_ROW + _GAP)
        is_video, videos = track.kind is TrackKind.VIDEO, len(timeline.video_tracks)
        number = videos - row if is_video else row - videos + 1
        owner = services.owner_of_track(track.name)
        ours = track.stem or (owner and Stem(owner.stem))
        colour = _COLOURS[ours or track.kind]
        yield _text(
            16,
            y + 21,
            _shortened(label_of(track, number, row), _LABELS - 28),
            12,
            "#e8eaed" if ours else "#b4bac4",
            "600" if ours else "400",
        )
        room = f"width='{WIDTH - _LABELS - _RIGHT}' height='{_ROW}'"
        yield f"<rect x='{_LABELS}' y='{y}' {room} fill='#262a31'/>"
        for block in _blocks(track, rate):
            yield from _drawn(block, y, scale, colour)
        for transition in track.transitions:
            yield _crossing(transition, y, scale)
        for marker in track.markers:
            yield _flag(_LABELS + float(marker.start) * scale, y, marker)


def _ticks(timeline: Timeline, scale: float) -> Iterator[tuple[Fraction, str]]:
    """Record seconds of whole seconds of timecode, as far apart as their labels need, with their labels."""
    rate, nominal = timeline.rate, nominal_rate(timeline.rate)
    dropped = dropped_per_minute(rate) if timeline.drop_frame else 0
    step = next((step for step in _STEPS_S if step * scale >= 90), _STEPS_S[-1])
    hours, minutes, seconds, _ = (int(part) for part in re.split("[:;]", timeline.timecode(Fraction(0))))
    second = -(-((hours * 60 + minutes) * 60 + seconds) // step) * step
    while True:
        minute = second // 60
        skipped = dropped if second % 60 == 0 and minute % 10 else 0
        frame = second * nominal + skipped - dropped * (minute - minute // 10) - timeline.start_frame
        if frame > timeline.frames:
            return
        if frame >= 0:
            at = frame / rate
            yield at, timeline.timecode(at)
        second += step


def _blocks(track: Track, rate: Fraction) -> Iterator[_Block]:
    for clip in track.clips:
        first, last = clip.frames(rate)
        start, end = (first / rate, last / rate) if clip.stem else clip.laid or (clip.start, clip.end)
        note = "" if clip.speed == 1 else f" ({float(clip.speed) * 100:g} %)"
        yield _Block(start, end, f"{clip.name}{note}", clip.enabled and track.enabled, clip)


def _drawn(block: _Block, y: int, scale: float, colour: str) -> Iterator[str]:
    x = _LABELS + float(block.start) * scale
    width = max(float(block.end - block.start) * scale - 1, 1.5)
    fill = colour if block.enabled else "url(#off)"
    yield (
        f"<rect x='{x:.1f}' y='{y}' width='{width:.1f}' height='{_ROW}' rx='3' fill='{fill}'>"
        f"<title>{_words(block.name)}</title></rect>"
    )
    yield from _levels(block, x, y, width)
    mix = block.clip.mix
    gain = f"{mix.gain_db:+.3g} dB".replace("-", "\u2212") if mix.gain_db else ""
    room = width - 10 - (len(gain) + 1) * _LETTER if gain else width - 10
    name = _fit(block.name, room, _LETTER)
    if len(name) > 1:
        yield _text(x + 6, y + 21, name, 11, "#ffffff" if block.enabled else "#9aa1ac")
        if gain:
            yield _text(x + width - 4 - len(gain) * _LETTER, y + 21, gain, 10, "#ffffff")
    for marker in block.clip.markers:
        if 0 <= marker.start <= block.end - block.start:
            yield _flag(x + float(marker.start) * scale, y, marker)


def _levels(block: _Block, x: float, y: int, width: float) -> Iterator[str]:
    """Fades as corners cut off, key frames of the gain as a line."""
    mix, foot = block.clip.mix, y + _ROW
    seconds = max(float(block.end - block.start), 1e-9)
    for length_us, edge, way in ((mix.fade_in_us, x, 1), (mix.fade_out_us, x + width, -1)):
        inner = edge + way * min(length_us / 1e6 / seconds, 1) * width
        if length_us:
            yield (
                f"<path d='M{edge:.1f} {y}L{inner:.1f} {y}L{edge:.1f} {foot}Z' fill='#1e2127' "
                "fill-opacity='0.55'/>"
            )
    if mix.keys:
        keys = [key for key in mix.keys if 0 <= key.at <= seconds] or mix.keys[:1]
        inside = [(min(float(key.at) / seconds, 1), key.gain_db) for key in keys]
        inside = [(0, inside[0][1]), *inside, (1, inside[-1][1])]
        points = " ".join(f"{x + part * width:.1f},{_level(gain, y):.1f}" for part, gain in inside)
        yield f"<polyline points='{points}' fill='none' stroke='#ffffff' stroke-opacity='0.8'/>"


def _level(gain_db: float, y: int) -> float:
    part = (_LOUDEST_DB - gain_db) / (_LOUDEST_DB - _SOFTEST_DB)
    return y + 2 + min(max(part, 0), 1) * (_ROW - 4)


def _flag(x: float, y: int, marker: Marker) -> str:
    """A marker: a triangle that points at its moment."""
    words = _words(": ".join(filter(None, (marker.name, marker.comment))))
    shape = f"M{x - 4:.1f} {y}L{x + 4:.1f} {y}L{x:.1f} {y + 7}Z"
    fill = _FLAGS.get(marker.color, "#e8eaed")
    return f"<path d='{shape}' fill='{fill}' stroke='#1e2127'><title>{words}</title></path>"


def _crossing(transition: Transition, y: int, scale: float) -> str:
    """A transition: from where it begins to where it ends, crossed."""
    at = float(transition.at)
    x, end = (_LABELS + (at + float(reach)) * scale for reach in (-transition.before, transition.after))
    foot = y + _ROW
    shape = f"M{x:.1f} {y}H{end:.1f}V{foot}H{x:.1f}ZL{end:.1f} {foot}M{x:.1f} {foot}L{end:.1f} {y}"
    words = _words(transition.name or "Transition")
    return (
        f"<path d='{shape}' fill='#ffffff' fill-opacity='0.12' stroke='#e8eaed' stroke-opacity='0.6'>"
        f"<title>{words}</title></path>"
    )


def _shortened(label: str, width: float) -> str:
    """As much of a track's name as fits, with the number at its end, which tells it from its neighbours."""
    name, _, number = label.rpartition(" ")
    if not number.isdecimal() or _fit(label, width, _LETTER_OF_NAMES) == label:
        return _fit(label, width, _LETTER_OF_NAMES)
    return f"{_fit(name, width - (len(number) + 1) * _LETTER_OF_NAMES, _LETTER_OF_NAMES)} {number}"


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
    return (
        f"<text x='{x:.1f}' y='{y}' font-size='{size}' fill='{colour}' font-weight='{weight}' "
        f"xml:space='preserve'>{_words(text)}</text>"
    )


def _words(text: str) -> str:
    """A text as XML holds it, without what steers its direction or cannot be seen."""
    return escaped(one_line(text))
