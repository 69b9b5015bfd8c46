"""What people spotted: places of a picture that want a sound, in their words. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from avm_otio.mix.music_markers import word_of
from avm_otio.timeline.model import Marker, Timeline
from avm_otio.timeline.time import RecordTime, nearest_frame


class SpotKind(StrEnum):
    """What a place wants."""

    EFFECT = "effects"
    AMBIENCE = "ambience"
    MUSIC = "music"


@dataclass(frozen=True, slots=True)
class Spot:
    """A place that wants a sound.

    Attributes:
        kind: What it wants.
        at: Record time, on a frame.
        until: Record time at which the sound is over; ``None`` where it is as long as it is.
        words: What is to be heard, in the words of whoever spotted it; of music what a marker says.
        where: What said so, for messages.
    """

    kind: SpotKind
    at: RecordTime
    until: RecordTime | None
    words: str
    where: str

    @property
    def as_marker(self) -> Marker:
        """The same as a marker of the timeline."""
        return Marker(self.words, self.at, Fraction(0) if self.until is None else self.until - self.at)


@dataclass(frozen=True, slots=True)
class Spotted:
    """All that was spotted.

    Attributes:
        spots: In the order of their places.
        notes: What was left out, one line each.
    """

    spots: tuple[Spot, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def sounds(self) -> tuple[Spot, ...]:
        """Effects and ambience."""
        return tuple(spot for spot in self.spots if spot.kind is not SpotKind.MUSIC)

    @property
    def music(self) -> tuple[Marker, ...]:
        """What is said of music, as markers of the timeline."""
        return tuple(spot.as_marker for spot in self.spots if spot.kind is SpotKind.MUSIC)


_SAID = (
    (
        SpotKind.AMBIENCE,
        re.compile(r"\W*(?:AMB|AMBIENCE|AMBIANCE|ATMOS?|BG|BGS|ROOM[ _-]?TONE)\s*[:：–—]", re.I),
    ),
    (SpotKind.AMBIENCE, re.compile(r"\W*AMB\s+(?=\S)")),
    (SpotKind.EFFECT, re.compile(r"\W*(?:SFX|FX|EFX|EFFECTS?|FOLEY|SOUND|SPOT|音效)\s*[:：–—]", re.I)),
    (SpotKind.EFFECT, re.compile(r"\W*SFX\b\s*-?\s*(?=\S|$)")),
)
"""How the words of a marker begin that is for a sound; without a colon only in capitals."""

_UNNAMED = re.compile(r"(marker|標記|标记)?\s*\d*", re.IGNORECASE)
"""What editors call a marker to which nobody gave a name."""


def kind_of(text: str) -> tuple[SpotKind, str] | None:
    """What a text wants, and in which words; ``None`` where it does not say."""
    if word_of(Marker(text, Fraction(0))) is not None:
        return SpotKind.MUSIC, text.strip()
    for kind, pattern in _SAID:
        if found := pattern.match(text):
            return kind, " ".join(text[found.end() :].split())
    return None


def spots_of(timeline: Timeline, colors: Mapping[str, SpotKind], where: str = "") -> Spotted:
    """What the markers of a timeline want: those on it, on its tracks and on its clips.

    Args:
        timeline: The timeline.
        colors: What a marker of a colour is for, whatever its name; colours as OTIO names them.
        where: What holds the markers, for messages; the timeline itself where it is empty.
    """
    spots: dict[tuple[SpotKind, int, str], Spot] = {}
    notes = []
    for marker in _markers(timeline):
        place = f"marker “{marker.name or marker.comment}” at {timeline.timecode(marker.start)}"
        place = f"{where}, {place}" if where else place
        named = _kind_and_words(marker, colors)
        if named is None:
            continue
        kind, words = named
        if not words or (kind is SpotKind.MUSIC and word_of(Marker(words, Fraction(0))) is None):
            what = "“MX in” or “MX out”" if kind is SpotKind.MUSIC else "words for what is to be heard"
            notes.append(f"Left out: {place} has no {what}.")
            continue
        spot = placed(kind, marker.start, marker.start + marker.duration, words, place, timeline.rate)
        spots.setdefault((kind, nearest_frame(marker.start, timeline.rate), words), spot)
    return Spotted(tuple(sorted(spots.values(), key=lambda spot: spot.at)), tuple(notes))


def placed(kind: SpotKind, start: Fraction, end: Fraction, words: str, where: str, rate: Fraction) -> Spot:
    """A spot on whole frames; a frame is no length: some editors give every marker one."""
    first, last = nearest_frame(start, rate), nearest_frame(end, rate)
    until = RecordTime(last / rate) if last - first > 1 else None
    return Spot(kind, RecordTime(first / rate), until, words, where)


def _kind_and_words(marker: Marker, colors: Mapping[str, SpotKind]) -> tuple[SpotKind, str] | None:
    for text in (marker.name, marker.comment):
        if found := kind_of(text):
            return found if found[1] or text is marker.comment else (found[0], marker.comment.strip())
    if (kind := colors.get(marker.color)) is None:
        return None
    text = marker.comment if _UNNAMED.fullmatch(marker.name.strip()) else marker.name
    return kind, " ".join(text.split())


def _markers(timeline: Timeline) -> Iterator[Marker]:
    """All markers, record time, in no order; of a clip those that it shows."""
    yield from timeline.markers
    for track in timeline.tracks:
        yield from track.markers
        for clip in track.clips:
            for marker in clip.markers:
                if 0 <= marker.start < clip.duration:
                    yield Marker(
                        marker.name, clip.start + marker.start, marker.duration, marker.comment, marker.color
                    )


def within(spots: Iterable[Spot], first: RecordTime, last: RecordTime) -> tuple[list[Spot], list[Spot]]:
    """Those that begin within a stretch, and the others."""
    inside: list[Spot] = []
    outside: list[Spot] = []
    for spot in spots:
        (inside if first <= spot.at < last else outside).append(spot)
    return inside, outside
