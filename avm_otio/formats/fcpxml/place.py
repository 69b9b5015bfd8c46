"""Where the elements of FCPXML stand, and what is found there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from xml.etree.ElementTree import Element

from avm_otio.formats.fcpxml.elements import Volume, time_at
from avm_otio.timeline.model import Clip, GainKey, Mix, TrackKind, Transition
from avm_otio.timeline.time import to_micros


@dataclass(frozen=True, slots=True)
class Piece:
    """One clip that was found.

    Attributes:
        lane: How far above or below the spine.
        kind: Seen or heard.
        role: Its role; empty where none is said.
        clip: The clip.
    """

    lane: int
    kind: TrackKind
    role: str
    clip: Clip


@dataclass(frozen=True, slots=True)
class Crossing:
    """A transition, on the lane where it was found."""

    lane: int
    kind: TrackKind
    transition: Transition


@dataclass(frozen=True, slots=True)
class Place:
    """Where elements stand: their parent's local time, and what it does to them.

    Attributes:
        record: Record time at ``origin``.
        origin: A local time of the parent.
        stretch: Record seconds a local second, for places.
        pace: Record seconds a second, for lengths: what is connected to a stretched clip is not stretched.
        window: Record times at which what is contained ends.
        lane: The parent's.
        gain_db: What the clips around it add.
        enabled: Whether the clips around it are on.
        muted: Roles that are switched off.
        link: The clip that all of it belongs to.
        name: The name of the clip around it, for what it shows.
        depth: How many clips stand around it.
    """

    record: Fraction
    origin: Fraction
    stretch: Fraction = Fraction(1)
    pace: Fraction = Fraction(1)
    window: tuple[Fraction, Fraction] | None = None
    lane: int = 0
    gain_db: float = 0.0
    enabled: bool = True
    muted: frozenset[str] = frozenset()
    link: int | None = None
    name: str = ""
    depth: int = 0

    def at(self, local: Fraction) -> Fraction:
        """A local time as record time."""
        return self.record + (local - self.origin) * self.stretch


def mix_of(volume: Volume, own: Volume, local: Place, clip: Clip, gain_db: float) -> Mix:
    """What a clip, its component and the clips around it say together."""
    more = gain_db + (own.gain_db if volume.keys else volume.gain_db if own.keys else 0.0)
    keys = tuple(
        GainKey(local.at(key.at) - clip.start, key.gain_db + more) for key in volume.keys or own.keys
    )
    gain = 0.0 if keys else round(volume.gain_db + own.gain_db + gain_db, 6)
    return Mix(
        gain_db=gain,
        fade_in_us=to_micros(max(volume.fade_in, own.fade_in)),
        fade_out_us=to_micros(max(volume.fade_out, own.fade_out)),
        keys=keys,
    )


def within(place: Place, spine: Element) -> Place:
    """Where what stands in a storyline stands: it counts from the storyline's head [file]."""
    head = place.at(time_at(spine, "offset"))
    return replace(place, record=head, origin=Fraction(0), stretch=place.pace)


def lane_of(element: Element) -> int:
    """How far above or below its parent an element is connected; 0 for what it contains."""
    text = element.get("lane", "0")
    return int(text) if text.lstrip("-").isdecimal() and len(text) < 8 else 0


def overlap(
    first: tuple[Fraction, Fraction] | None, second: tuple[Fraction, Fraction]
) -> tuple[Fraction, Fraction] | None:
    """What two spans share; ``None`` for nothing."""
    if first is None:
        return second if second[0] < second[1] else None
    low, high = max(first[0], second[0]), min(first[1], second[1])
    return (low, high) if low < high else None
